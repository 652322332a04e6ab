// At the limit of memory the same requests are refused as by redis-server, in the same words, and the same keys are spared.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import type { RawConnection } from "../support/raw.ts";
import { hold, say } from "./talk.ts";

/** Requests of all kinds, of which those that need memory are refused. */
const REQUESTS = [
  "GET text",
  "SET text new",
  "SET other new",
  "GETSET text new",
  "GETEX text EX 1000",
  "APPEND text x",
  "SETRANGE text 1 x",
  "SETBIT text 1 1",
  "INCR number",
  "DECR number",
  "MSET a 1 b 2",
  "PFADD hll a",
  "PFCOUNT hll",
  "EXPIRE text 1000",
  "PERSIST text",
  "RENAME text renamed",
  "RENAME renamed text",
  "COPY text copied",
  "SORT list ALPHA",
  "SORT list ALPHA STORE sorted",
  "LPUSH list x",
  "LPOP list",
  "LINSERT list BEFORE a x",
  "LSET list 0 x",
  "LMOVE list list LEFT RIGHT",
  "LTRIM list 0 1",
  "BLPOP nokey 0.01",
  "SADD set x",
  "SREM set x",
  "SPOP nokey",
  "SMOVE set other x",
  "SUNIONSTORE other set",
  "HSET hash f v",
  "HDEL hash f",
  "HINCRBY hash n 1",
  "ZADD zset 1 x",
  "ZREM zset x",
  "ZPOPMIN nokey",
  "GEOADD geo 1 1 x",
  "XADD stream 1-1 f v",
  "XTRIM stream MAXLEN 1",
  "XGROUP CREATE stream g $ MKSTREAM",
  "XACK stream g 1-1",
  "BITOP NOT other text",
  "BITFIELD text GET u8 0",
  "BITFIELD text SET u8 0 1",
  "PUBLISH channel x",
  "EXISTS text list",
  "DBSIZE",
  "PING",
  "SELECT 0",
  "MULTI",
  "GET text",
  "DISCARD",
  "MULTI",
  "SET text x",
  "EXEC",
  "WATCH text",
  "UNWATCH",
  "SCRIPT FLUSH",
  "EVAL return(redis.call('GET','text')) 0",
  "EVAL return(redis.call('SET','text','x')) 0",
  "EVAL return(redis.pcall('SET','text','x')) 0",
  "EVAL return(redis.call('DEL','nokey')) 0",
  "EVAL redis.call('DEL','nokey')return(redis.call('SET','text','x')) 0",
  "EVAL #!lua\nreturn(redis.call('GET','text')) 0",
  "EVAL #!lua\tflags=no-writes\nreturn(redis.call('GET','text')) 0",
  "EVAL #!lua\tflags=allow-oom\nreturn(redis.call('SET','text','x')) 0",
  "DEL text",
];

const DATA = [
  "FLUSHALL",
  "SET text hello",
  "SET number 5",
  "RPUSH list a b c",
  "SADD set a b",
  "HSET hash f v",
  "ZADD zset 1 a",
  "XADD stream 0-1 f v",
  "SET timed 1 EX 1000",
  "SET timed2 1 EX 2000",
];

/** Until the server has evicted what may go, which it may do a little later. */
async function settled(connection: RawConnection, keys: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if ((await connection.text("DBSIZE")) === `:${keys}\r\n`) return;
  }
  throw new Error(`there are not ${keys} keys left`);
}

describe.skipIf(requireRedisServer() === undefined)("at the limit of memory", () => {
  let servers: Server[];

  beforeAll(async () => {
    servers = [await startRedis(), await startOurs()];
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  async function compare(conversation: (connection: RawConnection) => Promise<string[]>): Promise<void> {
    const [theirs, ours] = await Promise.all(
      servers.map((server) => hold(server, async (open) => conversation(await open()))),
    );
    expect(ours).toEqual(theirs!);
  }

  for (const [policy, left] of [
    ["noeviction", 9],
    ["volatile-lru", 7],
    ["volatile-lfu", 7],
    ["volatile-random", 7],
    ["volatile-ttl", 7],
    ["allkeys-lru", 0],
    ["allkeys-lfu", 0],
    ["allkeys-random", 0],
  ] as const) {
    test(`by ${policy} the same is refused, and the same is left`, async () => {
      await compare(async (c) => {
        await say(c, "CONFIG SET maxmemory 0", ...DATA);
        await c.text("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", "1");
        await settled(c, left);
        return [...(await say(c, ...REQUESTS)), ...(await say(c, "DBSIZE", "CONFIG SET maxmemory 0"))];
      });
    });
  }

  test("by sizes with units and without", async () => {
    const sizes = ["100mb", "1gb", "1g", "123456789", "0", "1kb", "100000000000"];
    const requests = sizes.flatMap((size) => [`CONFIG SET maxmemory ${size}`, "CONFIG GET maxmemory"]);
    await compare((c) => say(c, "CONFIG SET maxmemory-policy noeviction", ...requests, "CONFIG SET maxmemory 0"));
  });

  test("counters of INFO add up", async () => {
    await compare(async (c) => {
      await say(c, "CONFIG SET maxmemory 0", ...DATA, "CONFIG RESETSTAT");
      await say(c, "CONFIG SET maxmemory-policy allkeys-lru maxmemory 1");
      await settled(c, 0);
      const info = await c.text("INFO", "stats");
      await say(c, "CONFIG SET maxmemory 0");
      return [...info.matchAll(/^(evicted_keys|expired_keys|evicted_clients):\d+/gm)].map(([line]) => line);
    });
  });
});
