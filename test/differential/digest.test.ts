// DEBUG DIGEST of both servers after the same commands: one number that says whether their data are the same.
import { afterAll, beforeAll, describe, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { encodePipeline } from "../support/raw.ts";
import { checkProperty } from "./compare.ts";
import { expiry } from "./families/expiry.ts";
import { hashes } from "./families/hashes.ts";
import { strings } from "./families/strings.ts";
import { sequenceOf } from "./generate.ts";
import { Pair } from "./pair.ts";
import { show } from "./words.ts";

const RUNS = 100;

describe.skipIf(requireRedisServer() === undefined)("DEBUG DIGEST", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
  });
  afterAll(() => pair.stop());

  for (const family of [strings, hashes, expiry]) {
    test(`is redis-server's after any sequence of commands: ${family.name}`, () =>
      checkProperty(sequenceOf(family, 25), RUNS, async (commands) => {
        await pair.flush();
        for (const connection of [pair.redisAdmin, pair.oursAdmin]) connection.send(encodePipeline(commands));
        await Promise.all([pair.redisAdmin.read(commands.length), pair.oursAdmin.read(commands.length)]);
        await pair.sameAnswer(["DEBUG", "DIGEST"], commands.map(show));
      }));
  }
});
