/** Scripts: what a call from Lua costs, and what surrounds it. */
import { createHash } from "node:crypto";
import { type Argument, filler, random, sequence } from "./encode.ts";
import { define, type Fill, type KeyCounts, type Workload } from "./workload.ts";

const ONE_GET = "return redis.call('GET', KEYS[1])";
/** What a queue or a limiter does: some strings, a hash, a sorted set, a list. */
const TEN_CALLS = [
  "local value = redis.call('GET', KEYS[1])",
  "redis.call('SET', KEYS[2], value)",
  "redis.call('INCRBY', KEYS[3], ARGV[1])",
  "redis.call('EXPIRE', KEYS[3], 1000)",
  "redis.call('HSET', KEYS[4], 'field', value, 'other', ARGV[1])",
  "redis.call('HGET', KEYS[4], 'field')",
  "redis.call('ZADD', KEYS[5], ARGV[1], value)",
  "redis.call('ZSCORE', KEYS[5], value)",
  "redis.call('LPUSH', KEYS[6], value)",
  "return redis.call('RPOP', KEYS[6])",
].join("\n");
/** A script with a loop must be able to pause, which has its own price. */
const LOOP = "local value\nfor i = 1, 10 do value = redis.call('GET', KEYS[1]) end\nreturn value";

export function scriptWorkloads({ small }: KeyCounts): Workload[] {
  const fill: Fill = { args: ["SET", sequence("key:"), filler(16)], count: small };
  const key = random("key:", small);
  const others = ["string", "counter", "hash", "zset", "list"];
  return [
    evalsha("EVALSHA of GET", ONE_GET, ["1", key], { fill, writes: false }),
    evalsha("EVALSHA of 10 calls", TEN_CALLS, ["6", key, ...others, "7"], { fill }),
    evalsha("EVALSHA of 10 GETs in a loop", LOOP, ["1", key], { fill, writes: false }),
  ];
}

function evalsha(name: string, script: string, args: readonly Argument[], rest: Partial<Workload>): Workload {
  const sha = createHash("sha1").update(script).digest("hex");
  return define(name, ["EVALSHA", sha, ...args], { ...rest, pipelines: [16], prepare: ["SCRIPT", "LOAD", script] });
}
