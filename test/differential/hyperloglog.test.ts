// HyperLogLog values go from one server to the other as strings: after the same commands they must be the same to the last byte.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { requireRedisServer } from "../support/oracle.ts";
import type { Arg } from "../support/raw.ts";
import { seed } from "../support/seed.ts";
import { Pair } from "./pair.ts";

describe.skipIf(requireRedisServer() === undefined)("HyperLogLog values are those of redis-server", () => {
  let pair: Pair;
  let random: Random;
  beforeAll(async () => {
    pair = await Pair.start([]);
  });
  beforeEach(async () => {
    random = new Random(seed);
    await pair.flush();
  });
  afterAll(() => pair.stop());

  /** Sends a command to both; the replies must be the same. */
  async function both(...args: Arg[]): Promise<string> {
    const [theirs, ours] = await Promise.all([pair.redisAdmin.command(...args), pair.oursAdmin.command(...args)]);
    const reply = Buffer.from(theirs).toString("latin1");
    expect({ args: args.slice(0, 3), reply: Buffer.from(ours).toString("latin1") }).toEqual({
      args: args.slice(0, 3),
      reply,
    });
    return reply;
  }

  function elements(count: number, range: number): string[] {
    return Array.from({ length: count }, () => `element ${random.below(range)}`);
  }

  for (const limit of [0, 100, 1000, 3000, 20_000]) {
    test(`while they grow from sparse to dense at ${limit} bytes`, async () => {
      await both("CONFIG", "SET", "hll-sparse-max-bytes", limit);
      for (let step = 0; step < 120; step++) {
        await both("PFADD", "k", ...elements(1 + random.below(60), 5_000));
        if (step % 3 === 0) await both("PFCOUNT", "k");
        await both("GET", "k");
      }
      for (let step = 0; step < 20; step++) {
        await both("PFADD", "k", ...elements(500, 10_000_000));
        await both("PFCOUNT", "k");
        await both("GET", "k");
      }
    });
  }

  test("after merging values of all sizes and both forms", async () => {
    await both("CONFIG", "SET", "hll-sparse-max-bytes", 3000);
    for (let step = 0; step < 60; step++) {
      const names = ["a", "b", "c", "d"];
      for (const name of names) {
        await both("DEL", name);
        if (random.below(5) > 0) await both("PFADD", name, ...elements(1 + random.below(step * 15 + 1), 100_000));
        if (random.below(8) === 0) await both("PFDEBUG", "TODENSE", name);
      }
      const chosen = names.slice(random.below(4));
      await both("PFCOUNT", ...chosen);
      await both("PFMERGE", "a", ...chosen);
      await both("GET", "a");
      await both("PFMERGE", "sum", ...chosen);
      await both("GET", "sum");
    }
  });

  test("with elements of every length", async () => {
    for (let length = 0; length < 100; length++) {
      await both("PFADD", "k", Buffer.from(Array.from({ length }, () => random.below(256))));
      await both("GET", "k");
    }
  });

  test("after random damage", async () => {
    for (let step = 0; step < 400; step++) {
      await both("DEL", "k");
      await both("PFADD", "k", ...elements(1 + random.below(step * 3 + 1), 100_000));
      const length = Number((await both("STRLEN", "k")).slice(1));
      for (let hit = random.below(4); hit >= 0; hit--) {
        const at = hit === 0 && random.below(2) === 0 ? 15 + random.below(20) : random.below(length + 2);
        await both("SETRANGE", "k", at, Buffer.of(random.below(256)));
      }
      await both("PFCOUNT", "k");
      await both("PFCOUNT", "k", "missing");
      await both("PFADD", "k", ...elements(10, 100_000));
      await both("PFDEBUG", "DECODE", "k");
      await both("PFMERGE", "sum", "k");
      await both("PFDEBUG", "TODENSE", "k");
      await both("GET", "k");
      await both("GET", "sum");
    }
  });

  test("with runs of more registers than 32 bits can count", async () => {
    const header = Buffer.from("HYLL\x01".padEnd(16, "\0"), "latin1");
    for (const run of [[0x7f, 0xff], [0x3f]]) {
      const runs = Buffer.alloc((2 ** 32 / 16_384) * 2, Buffer.from(run));
      for (const rest of [[], [0x7f, 0xff], [0xff]]) {
        await both("SET", "k", Buffer.concat([header, runs, Buffer.from(rest)]));
        await both("PFCOUNT", "k", "k");
        await both("PFMERGE", "k2", "k");
        await both("PFDEBUG", "GETREG", "k");
        await both("PFDEBUG", "TODENSE", "k");
        await both("PFADD", "k", ...elements(5, 1000));
      }
    }
  });
});
