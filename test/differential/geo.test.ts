// Many places and searches of all sizes, everywhere on Earth: the same members in the same order, with the same digits.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { requireRedisServer } from "../support/oracle.ts";
import type { Arg } from "../support/raw.ts";
import { seed } from "../support/seed.ts";
import { Pair } from "./pair.ts";

const LATITUDE_MAX = 85.05;

describe.skipIf(requireRedisServer() === undefined)("geo searches find what redis-server finds", () => {
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
  async function both(...args: Arg[]): Promise<void> {
    const [theirs, ours] = await Promise.all([pair.redisAdmin.command(...args), pair.oursAdmin.command(...args)]);
    const shown = args.slice(0, 16);
    const [reply, ourReply] = [theirs, ours].map((bytes) => Buffer.from(bytes).toString("latin1"));
    expect({ shown, reply: ourReply! }).toEqual({ shown, reply: reply! });
  }

  const between = (low: number, high: number): number => low + random.unit() * (high - low);
  const chance = (n: number): boolean => random.below(n) === 0;

  /** Anywhere; now and then near the date line or a pole. */
  function place(): [longitude: number, latitude: number] {
    const longitude = chance(6) ? between(179, 180) * (chance(2) ? 1 : -1) : between(-180, 180);
    const latitude = chance(6)
      ? between(75, LATITUDE_MAX) * (chance(2) ? 1 : -1)
      : between(-LATITUDE_MAX, LATITUDE_MAX);
    return [longitude, latitude];
  }

  async function addPlaces(key: string, count: number, makePlace = place): Promise<void> {
    for (let i = 0; i < count; i += 500) {
      const chunk = Array.from({ length: Math.min(500, count - i) }, (_none, k) => [...makePlace(), `member ${i + k}`]);
      await both("GEOADD", key, ...chunk.flat());
    }
  }

  function area(): Arg[] {
    const size = chance(8) ? between(1000, 40_000) : between(0.1, 1500);
    const [unit, perKilometer] = [
      ["m", 1000],
      ["km", 1],
      ["mi", 0.62],
      ["ft", 3280],
    ][random.below(4)] as [string, number];
    const length = size * perKilometer;
    return chance(2) ? ["BYRADIUS", length, unit] : ["BYBOX", length, length * between(0.05, 2), unit];
  }

  function options(): Arg[] {
    const order = [[], ["ASC"], ["DESC"]][random.below(3)]!;
    const count = [[], ["COUNT", 1 + random.below(50)], ["COUNT", 1 + random.below(10), "ANY"]][random.below(3)]!;
    return [...order, ...count];
  }

  for (const count of [100, 5000]) {
    test(`among ${count} places`, async () => {
      await addPlaces("places", count);
      for (let i = 0; i < 300; i++) {
        const from = chance(4)
          ? ["FROMMEMBER", `member ${random.below(count)}`]
          : (["FROMLONLAT", ...place()] as Arg[]);
        const search = [...from, ...area(), ...options()];
        await both("GEOSEARCH", "places", ...search, "WITHDIST", "WITHCOORD", "WITHHASH");
        await both("GEOSEARCHSTORE", "found", "places", ...search, "STOREDIST");
        await both("ZRANGE", "found", 0, -1, "WITHSCORES");
      }
    });
  }

  test("in the same order when many are equally far away", async () => {
    const few: [number, number][] = Array.from({ length: 5 }, () => [between(0, 3), between(0, 3)]);
    await addPlaces("places", 400, () => few[random.below(few.length)]!);
    for (let i = 0; i < 200; i++) {
      const order = chance(2) ? "ASC" : "DESC";
      const circle = ["FROMLONLAT", 1, 1, "BYRADIUS", between(50, 600), "km"];
      await both("GEOSEARCH", "places", ...circle, order, "COUNT", 1 + random.below(420));
    }
  });

  test("with distances to the last digit", async () => {
    await addPlaces("places", 3000);
    for (let i = 0; i < 3000; i++) {
      const unit = ["m", "km", "mi", "ft"][random.below(4)]!;
      await both("GEODIST", "places", `member ${random.below(3000)}`, `member ${random.below(3000)}`, unit);
    }
  });
});
