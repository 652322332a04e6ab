import { beforeAll, describe, expect, test } from "bun:test";
import type { LuaEngine } from "../../src/script/engine.ts";
import { BesideRedis } from "../support/beside-redis.ts";
import { requireRedisServer } from "../support/oracle.ts";
import { escapeBytes } from "../support/raw.ts";
import { CORPUS } from "./corpus.ts";
import { DATA, evaluate, newEngine, TestHost } from "./engine-host.ts";

const KEYS = ["key"];
const ARGV = [Uint8Array.from({ length: 256 }, (_, i) => i)];

describe.skipIf(requireRedisServer() === undefined)("scripts", () => {
  const host = new TestHost();
  const redis = new BesideRedis();
  let engine: LuaEngine;

  beforeAll(async () => {
    for (const command of DATA) await redis.connection.command(...command);
    engine = newEngine(host);
  });

  for (const protocol of [2, 3]) {
    test(`reply what they reply in Redis, with RESP${protocol}`, async () => {
      await redis.connection.command("HELLO", protocol);
      const different: string[] = [];
      for (const script of CORPUS) {
        const theirs = await redis.connection.text("EVAL", script, 1, ...KEYS, ...ARGV);
        host.scriptName = new Bun.CryptoHasher("sha1").update(Buffer.from(script, "latin1")).digest("hex");
        const ours = evaluate(engine, script, { keys: KEYS, argv: ARGV, resp3: protocol === 3 });
        if (ours !== theirs)
          different.push(`${script}\n  redis ${escapeBytes(theirs, 300)}\n  ours  ${escapeBytes(ours, 300)}`);
      }
      expect(different.join("\n")).toBe("");
    });
  }
});
