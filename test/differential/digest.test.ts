// DEBUG DIGEST of both servers after the same commands: one number that says whether their data are the same.
import { afterAll, beforeAll, describe, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { encodePipeline } from "../support/raw.ts";
import { checkProperty } from "./compare.ts";
import { expiry } from "./families/expiry.ts";
import { geo } from "./families/geo.ts";
import { hashes } from "./families/hashes.ts";
import { lists } from "./families/lists.ts";
import { sets } from "./families/sets.ts";
import { streams } from "./families/streams.ts";
import { strings } from "./families/strings.ts";
import { sequenceOf } from "./generate.ts";
import { Pair } from "./pair.ts";
import { show, type Words } from "./words.ts";

const RUNS = 100;

/** Whether chance and time have no part in what the command leaves, and it waits for nothing. */
function isCertain([name, ...args]: Words): boolean {
  if (/^(SPOP|B[LRZ].*)$/i.test(name!)) return false;
  return !/^X/i.test(name!) || !args.some((arg) => arg.endsWith("*") || /^block$/i.test(arg));
}

describe.skipIf(requireRedisServer() === undefined)("DEBUG DIGEST", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
  });
  afterAll(() => pair.stop());

  for (const family of [strings, lists, sets, geo, hashes, streams, expiry]) {
    test(`is redis-server's after any sequence of commands: ${family.name}`, () =>
      checkProperty(sequenceOf(family, 25), RUNS, async (sequence) => {
        const commands = sequence.filter(isCertain);
        await pair.flush();
        for (const connection of [pair.redisAdmin, pair.oursAdmin]) connection.send(encodePipeline(commands));
        await Promise.all([pair.redisAdmin.read(commands.length), pair.oursAdmin.read(commands.length)]);
        await pair.sameAnswer(["DEBUG", "DIGEST"], commands.map(show));
      }));
  }
});
