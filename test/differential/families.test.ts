import { afterAll, beforeAll, describe, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { compareArities, compareCases, compareRandom, compareRandomSteps } from "./compare.ts";
import { FAMILIES } from "./families/all.ts";
import { pubsub } from "./families/pubsub.ts";
import { Pair, type Protocol } from "./pair.ts";

const PROTOCOLS: Protocol[] = ["RESP2", "RESP3"];
const RUNS = 250;
const STEP_RUNS = 100;

describe.skipIf(requireRedisServer() === undefined)("the same replies as from redis-server", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
  });
  afterAll(() => pair.stop());

  for (const family of FAMILIES) {
    describe(family.name, () => {
      for (const protocol of PROTOCOLS) {
        test(`for the example cases over ${protocol}`, () => compareCases(pair, family, protocol));
        test(`for random sequences over ${protocol}`, () => compareRandom(pair, family, protocol, RUNS));
      }
      test("for wrong numbers of arguments", () => compareArities(pair, family));
    });
  }

  describe("three connections with messages between them", () => {
    for (const protocol of PROTOCOLS) {
      test(`for random sequences over ${protocol}`, () => compareRandomSteps(pair, pubsub, protocol, 3, STEP_RUNS));
    }
  });
});
