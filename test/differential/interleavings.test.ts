// Who gets what, and in which order, when several clients wait.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { Play } from "./play.ts";

const OPTIONS = ["--enable-debug-command", "yes", "--save", ""];
const PROTOCOLS = ["2", "3"];

const SCRIPTS: Record<string, string> = {
  "clients are served in the order in which they came": `
    A BLPOP l 0
    B BRPOP l 0
    C BLPOP l 0
    W RPUSH l 1 2
    W RPUSH l 3 4
    W LRANGE l 0 -1`,
  "a client that waits for several keys gets the first that is there": `
    A BLPOP a b c 0
    B BLPOP c b a 0
    W RPUSH c 1
    W RPUSH b 2
    A BLPOP x a b 0
    W MULTI
    W RPUSH b 3
    W RPUSH a 4
    W EXEC`,
  "a key named twice is one": `
    A BLPOP l l l 0
    W RPUSH l 1 2
    A BLPOP l l 0
    A LLEN l`,
  "what a transaction pushes and takes again is never seen": `
    A BLPOP l 0
    W MULTI
    W RPUSH l 1
    W DEL l
    W EXEC
    W RPUSH l 2`,
  "what a transaction pushes is served as it is at its end": `
    A BLPOP l 0
    W MULTI
    W RPUSH l 1
    W LPUSH l 2
    W RPUSH l 3
    W EXEC
    W LRANGE l 0 -1`,
  "a chain of moves runs to its end": `
    A BLMOVE l1 l2 LEFT RIGHT 0
    B BLMOVE l2 l3 LEFT RIGHT 0
    C BRPOPLPUSH l3 l4 0
    D BLPOP l4 0
    W RPUSH l1 x
    W EXISTS l1 l2 l3 l4`,
  "a ring of moves ends": `
    A BRPOPLPUSH l1 l2 0
    B BRPOPLPUSH l2 l1 0
    W RPUSH l1 x
    W LRANGE l1 0 -1
    W LRANGE l2 0 -1`,
  "a move to itself": `
    A BRPOPLPUSH l l 0
    W RPUSH l 1 2 3
    W LRANGE l 0 -1`,
  "a move to a key of another type gives an error and leaves the element": `
    W SET s x
    A BRPOPLPUSH l s 0
    B BLPOP l 0
    W RPUSH l 1
    W LRANGE l 0 -1`,
  "keys of another type do not wake anybody": `
    A BLPOP k 0
    B BZPOPMIN k 0
    W SET k x
    W DEL k
    W SADD k m
    W DEL k
    W ZADD k 1 m
    W RPUSH k x
    W DEL k
    W RPUSH k x`,
  "keys that come by another way are keys": `
    A BLPOP l 0
    W RPUSH other 1 2
    W RENAME other l
    A BLPOP l2 0
    W COPY l l2
    A BLPOP l3 0
    W SELECT 1
    W RPUSH l3 9
    W MOVE l3 0
    W SELECT 0
    A BLPOP l4 0
    W RPUSH src 3 1 2
    W SORT src STORE l4
    A BLPOP l5 0
    W SELECT 2
    W RPUSH l5 x
    W SWAPDB 0 2
    W SELECT 0
    W EXISTS l l2 l3 l4 l5`,
  "BLMPOP takes several from the first key that has any": `
    A BLMPOP 0 2 a b LEFT COUNT 2
    B BLMPOP 0 2 b a RIGHT COUNT 10
    W RPUSH b 1 2 3
    W RPUSH a 4 5
    W EXISTS a b`,
  "sorted sets are served from both ends": `
    A BZPOPMIN z 0
    B BZPOPMAX z y 0
    C BZMPOP 0 2 y z MAX COUNT 2
    W ZADD z 1 a 2 b 3 c 4 d
    W ZRANGE z 0 -1`,
  "lists and sorted sets with the same name wait side by side": `
    A BLPOP k 0
    B BZPOPMIN k 0
    C BLPOP k 0
    W ZADD k 1 a 2 b
    W DEL k
    W RPUSH k x
    W RPUSH k y`,
  "a client that leaves is not served": `
    A BLPOP l 0
    B BLPOP l 0
    A leaves
    W RPUSH l 1 2
    W LRANGE l 0 -1`,
  "a client that was freed is not served": `
    A BLPOP l 0
    B BLPOP l 0
    A is freed
    W RPUSH l 1
    A is freed
    A PING`,
  "a client that got its element goes on with what it sent": `
    A BLPOP l 0
    W RPUSH l 1
    A RPUSH l 2
    B BLPOP l 0
    A BLPOP l 0
    B BLPOP l 0
    W RPUSH l 3 4`,
  "nobody waits inside a transaction": `
    A MULTI
    A BLPOP l 0
    A BRPOPLPUSH l m 0
    A BLMPOP 0 1 l LEFT
    A BZPOPMIN z 0
    A BZMPOP 0 1 z MIN
    A XREAD BLOCK 0 STREAMS s $
    A EXEC`,
  "readers of a stream all get what is added": `
    A XREAD BLOCK 0 STREAMS s $
    B XREAD BLOCK 0 STREAMS s t 0-0 0-0
    C XREAD BLOCK 0 STREAMS s 5-0
    W XADD s 1-1 f v
    W XADD s 6-1 f w
    W XADD t 1-1 f v`,
  "consumers of a group share what is added": `
    W XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    B XREADGROUP GROUP g b BLOCK 0 STREAMS s >
    W XADD s 1-1 f v
    W XADD s 2-1 f v
    W XPENDING s g`,
  "consumers are told when their group or stream goes": `
    W XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    W XGROUP DESTROY s g
    W XGROUP CREATE s g $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    W DEL s
    W XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    W SET s x
    A PING`,
  "what waits is not in a hurry when databases are emptied": `
    A BLPOP l 0
    W FLUSHALL
    W RPUSH l 1`,
};

const WAITING = [
  "BLPOP l1 l2 0",
  "BRPOP l2 l3 0",
  "BLPOP z1 l1 0",
  "BLMOVE l1 l2 LEFT RIGHT 0",
  "BRPOPLPUSH l2 l3 0",
  "BLMOVE l3 l3 LEFT RIGHT 0",
  "BLMPOP 0 2 l1 l3 RIGHT COUNT 2",
  "BZPOPMIN z1 z2 0",
  "BZPOPMAX z2 l1 0",
  "BZMPOP 0 2 z1 z2 MAX COUNT 2",
  "XREAD BLOCK 0 STREAMS s1 $",
];
const CHANGING = [
  "RPUSH l1 a",
  "LPUSH l2 b c",
  "RPUSH l3 d e f",
  "LINSERT l1 BEFORE a z",
  "ZADD z1 1 a",
  "ZADD z2 2 b 3 c",
  "XADD s1 * f v",
  "DEL l1 l2",
  "DEL z1 s1",
  "SET l3 x",
  "RENAME l2 l1",
  "RENAME z1 z2",
  "COPY l1 l3 REPLACE",
  "LPOP l1",
  "ZPOPMIN z2",
  "MULTI",
  "EXEC",
  "is freed",
  "FLUSHALL",
  "SORT l3 ALPHA STORE l1",
  "ZUNIONSTORE z1 1 z2",
];

function randomScript(seed: number): string[] {
  const random = new Random(seed);
  const pick = (list: readonly string[]): string => list[random.below(list.length)]!;
  return Array.from(
    { length: 80 },
    () => `${pick(["A", "B", "C", "D", "E"])} ${pick(random.below(3) === 0 ? WAITING : CHANGING)}`,
  );
}

/** IDs that a stream makes of the time differ. */
function comparable(transcript: readonly string[]): string[] {
  return transcript.filter((line) => !line.startsWith("data: ")).map((line) => line.replace(/\d{13}-\d+/g, "<id>"));
}

describe.skipIf(requireRedisServer() === undefined)("clients that wait are served as by redis-server", () => {
  let redis: Server;
  let ours: Server;
  beforeAll(async () => {
    [redis, ours] = await Promise.all([startRedis(OPTIONS), startOurs(OPTIONS)]);
  });
  afterAll(() => Promise.all([redis.stop(), ours.stop()]));

  describe.each(PROTOCOLS)("in RESP%s", (protocol) => {
    test.each(Object.entries(SCRIPTS))("%s", async (_, script) => {
      const lines = script.trim().split("\n");
      const [theirs, mine] = await Promise.all([
        Play.run(redis.port, protocol, lines),
        Play.run(ours.port, protocol, lines),
      ]);
      expect(mine).toEqual(theirs);
    });

    test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))("in a script by chance, seed %d", async (seed) => {
      const lines = randomScript(seed);
      const [theirs, mine] = await Promise.all([
        Play.run(redis.port, protocol, lines),
        Play.run(ours.port, protocol, lines),
      ]);
      expect(comparable(mine)).toEqual(comparable(theirs));
    });
  });
});
