/**
 * The workloads: each is one value. To measure a further command, add a value to the list; slots (`random`, `sequence`) are the
 * parts that change from command to command.
 */
import { type Argument, filler, random, sequence } from "./encode.ts";

export interface Workload {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Commands per batch; each is a row of the table. */
  readonly pipelines: readonly number[];
  /** Run once per server before measuring, with the running number from 0 to count - 1. */
  readonly fill: Fill | null;
  /** Written to the AOF, so its volume is bounded. */
  readonly writes: boolean;
  /** Connections subscribed to the channel `CHANNEL` while it runs. */
  readonly subscribers: number;
}

export interface Fill {
  readonly args: readonly Argument[];
  readonly count: number;
}

/** Number of keys: for values up to 1 KB, and for larger ones. */
export interface KeyCounts {
  readonly small: number;
  readonly large: number;
}

export const CHANNEL = "news";
const ALL = [1, 16, 64];
const SHALLOW = [1, 16];

function define(name: string, args: readonly Argument[], rest: Partial<Workload>): Workload {
  return { name, args, pipelines: SHALLOW, fill: null, writes: true, subscribers: 0, ...rest };
}

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

function tenPairs(keys: number): Argument[] {
  return Array.from({ length: 10 }, () => [random("key:", keys), filler(16)]).flat();
}

export function workloads({ small, large }: KeyCounts): Workload[] {
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
    define("PUBLISH to 100", ["PUBLISH", CHANNEL, filler(16)], { pipelines: [1], writes: false, subscribers: 100 }),
  ];
}
