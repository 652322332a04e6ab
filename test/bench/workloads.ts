/**
 * The workloads: each is one value. To measure a further command, add a value to a list; slots (`random`, `sequence`) are the
 * parts that change from command to command.
 */
import { collectionWorkloads } from "./collection-workloads.ts";
import { type Argument, filler, random, sequence } from "./encode.ts";
import { scriptWorkloads } from "./script-workloads.ts";
import { define, type Fill, type KeyCounts, type Workload } from "./workload.ts";

export const CHANNEL = "news";
const ALL = [1, 16, 64];

function setFill(count: number, valueBytes: number): Fill {
  return { args: ["SET", sequence("key:"), filler(valueBytes)], count };
}

function setAndGet(size: string, valueBytes: number, keys: number): Workload[] {
  const fill = setFill(keys, valueBytes);
  const key = random("key:", keys);
  return [
    define(`SET ${size}`, ["SET", key, filler(valueBytes)], { pipelines: ALL, fill }),
    define(`GET ${size}`, ["GET", key], { pipelines: ALL, fill, writes: false }),
  ];
}

/** New keys where there is no room for any. */
function setAtTheLimit(keys: number): Workload[] {
  const key = random("new:", 1_000_000_000);
  return ["allkeys-lru", "allkeys-lfu", "allkeys-random"].map((evicts) =>
    define(`SET 16 B at the limit, ${evicts}`, ["SET", key, filler(16)], { fill: setFill(keys, 16), evicts }),
  );
}

function tenPairs(keys: number): Argument[] {
  return Array.from({ length: 10 }, () => [random("key:", keys), filler(16)]).flat();
}

export function workloads(counts: KeyCounts): Workload[] {
  const { small, large } = counts;
  return [
    define("PING", ["PING"], { writes: false }),
    ...setAndGet("16 B", 16, small),
    ...setAndGet("1 KB", 1024, small),
    ...setAndGet("64 KB", 65536, large),
    define("INCR", ["INCR", random("key:", small)], {
      fill: { args: ["INCR", sequence("key:")], count: small },
    }),
    define("MSET of 10", ["MSET", ...tenPairs(small)], { fill: setFill(small, 16) }),
    define("HSET", ["HSET", "hash", random("field:", small), filler(16)], {
      fill: { args: ["HSET", "hash", sequence("field:"), filler(16)], count: small },
    }),
    ...setAtTheLimit(small),
    ...collectionWorkloads(counts),
    ...scriptWorkloads(counts),
    define("PUBLISH to 100", ["PUBLISH", CHANNEL, filler(16)], { pipelines: [1], writes: false, subscribers: 100 }),
  ];
}
