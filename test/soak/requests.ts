import type { Random } from "../../src/lib/random.ts";
import type { Arg } from "../support/raw.ts";

/** The channel that messages are published to. */
export const CHANNEL = "soak";
const KEYS = 4000;
const ELEMENTS = 400;
const SCRIPT = "return redis.call('APPEND', KEYS[1], ARGV[1])";

const text = (random: Random): string => "v".repeat(random.below(random.below(20) === 0 ? 3000 : 60));
const key = (random: Random, type: string): string => `${type}:${random.below(KEYS)}`;
const element = (random: Random): string => `element:${random.below(ELEMENTS)}`;

type Make = (random: Random) => Arg[];

/** Requests that never fail: each type has its own keys. */
const REQUESTS: readonly Make[] = [
  (r) => ["SET", key(r, "string"), text(r)],
  (r) => ["SET", key(r, "timed"), text(r), "PX", 1 + r.below(5000)],
  (r) => ["GET", key(r, "string")],
  (r) => ["GET", key(r, "timed")],
  (r) => ["MGET", key(r, "string"), key(r, "string"), key(r, "timed")],
  (r) => ["DEL", key(r, "string"), key(r, "list")],
  (r) => ["INCR", key(r, "counter")],
  (r) => ["SETRANGE", key(r, "string"), r.below(200), "changed"],
  (r) => ["PEXPIRE", key(r, "hash"), 1 + r.below(20_000)],
  (r) => ["HSET", key(r, "hash"), element(r), text(r), element(r), text(r)],
  (r) => ["HPEXPIRE", key(r, "hash"), 1 + r.below(5000), "FIELDS", 1, element(r)],
  (r) => ["HDEL", key(r, "hash"), element(r)],
  (r) => ["HGETALL", key(r, "hash")],
  (r) => ["LPUSH", key(r, "list"), text(r), text(r)],
  (r) => ["RPUSH", key(r, "list"), text(r)],
  (r) => ["LTRIM", key(r, "list"), 0, 200],
  (r) => ["LPOP", key(r, "list")],
  (r) => ["SADD", key(r, "set"), element(r), element(r), r.below(1000)],
  (r) => ["SPOP", key(r, "set")],
  (r) => ["SINTERSTORE", key(r, "set"), key(r, "set"), key(r, "set")],
  (r) => ["ZADD", key(r, "zset"), r.below(1000), element(r), r.below(1000), element(r)],
  (r) => ["ZRANGEBYSCORE", key(r, "zset"), 100, 300, "LIMIT", 0, 10],
  (r) => ["ZPOPMIN", key(r, "zset")],
  (r) => ["XADD", key(r, "stream"), "MAXLEN", "~", 200, "*", "field", text(r)],
  (r) => ["XRANGE", key(r, "stream"), "-", "+", "COUNT", 5],
  (r) => ["PFADD", key(r, "sketch"), element(r), element(r)],
  (r) => ["SETBIT", key(r, "bits"), r.below(50_000), 1],
  (r) => ["PUBLISH", CHANNEL, text(r)],
  (r) => ["EVAL", SCRIPT, 1, key(r, "script"), text(r)],
  (r) => ["UNLINK", key(r, "script"), key(r, "stream"), key(r, "zset"), key(r, "hash")],
  (r) => ["SCAN", r.below(1 << 16), "COUNT", 20],
];

export function makeRequest(random: Random): Arg[] {
  return REQUESTS[random.below(REQUESTS.length)]!(random);
}
