// Who gets which entries when clients wait for streams, in scripts by chance.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { Play } from "./play.ts";

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);
const STEPS = 60;
const WAITING = [
  "XREAD BLOCK 0 STREAMS s $",
  "XREAD BLOCK 0 COUNT 1 STREAMS s 15-0",
  "XREAD BLOCK 0 STREAMS t 0",
  "XREADGROUP GROUP g a BLOCK 0 STREAMS s >",
  "XREADGROUP GROUP g b BLOCK 0 COUNT 1 STREAMS s >",
  "XREADGROUP GROUP g a BLOCK 0 NOACK STREAMS t >",
  "BLPOP s 0",
];
/** # stands for an ID that was not used before. */
const CHANGING = [
  "XADD s # f v",
  "XADD s # f v",
  "XADD s # f v",
  "XADD t # f v",
  "DEL s",
  "XGROUP CREATE s g $ MKSTREAM",
  "XGROUP CREATE s g 0 MKSTREAM",
  "XGROUP CREATE t g 0 MKSTREAM",
  "XGROUP DESTROY s g",
  "XTRIM s MAXLEN 0",
  "SET s x",
  "LPUSH s x",
  "RENAME t s",
  "RENAME s t",
  "COPY t s REPLACE",
  "MULTI",
  "EXEC",
  "FLUSHALL",
  "XPENDING s g",
  "XINFO GROUPS s",
];

function script(seed: number): string[] {
  const random = new Random(seed);
  const pick = (list: readonly string[]): string => list[random.below(list.length)]!;
  return Array.from({ length: STEPS }, (_, i) => {
    const request = pick(random.below(3) === 0 ? WAITING : CHANGING);
    return `${pick(["A", "B", "C", "D", "E"])} ${request.replace("#", `${10 + i}-0`)}`;
  });
}

describe.skipIf(requireRedisServer() === undefined)(
  "clients that wait for streams are served as by redis-server",
  () => {
    let redis: Server;
    let ours: Server;
    beforeAll(async () => {
      [redis, ours] = await Promise.all([startRedis(["--save", ""]), startOurs(["--save", ""])]);
    });
    afterAll(() => Promise.all([redis.stop(), ours.stop()]));

    for (const seed of SEEDS) {
      test(`in a script by chance, seed ${seed}`, async () => {
        const lines = script(seed);
        const protocol = seed % 2 === 0 ? "2" : "3";
        expect(await Play.run(ours.port, protocol, lines)).toEqual(await Play.run(redis.port, protocol, lines));
      });
    }
  },
);
