/**
 * Lists, sets, sorted sets and streams: the commands of redis-benchmark, with its arguments (`-r` as large as the number of keys), and
 * those that are slow where a structure does not fit them.
 */
import { filler, random, randomNumber, sameNumber, sequence } from "./encode.ts";
import { define, type Fill, type KeyCounts, type Restore, type Workload } from "./workload.ts";

/** redis-benchmark's default size of values. */
const VALUE = filler(3);
/** What redis-benchmark leaves in a list by default. */
const LIST_ELEMENTS = 100_000;

/** Names of commands are theirs, with the size of the collection where it is not redis-benchmark's. */
export function collectionWorkloads({ small, deep }: KeyCounts): Workload[] {
  return [...lists(deep), ...ranges(), ...sets(small, deep), ...sortedSets(small, deep), stream(), ...large(small)];
}

function lists(deep: number): Workload[] {
  const push: Fill = { args: ["RPUSH", "list", VALUE], count: LIST_ELEMENTS };
  const cut: Restore = { args: ["LTRIM", "list", "0", String(LIST_ELEMENTS - 1)], run: "once" };
  const fill: Fill = { args: push.args, count: deep };
  return [
    define("LPUSH", ["LPUSH", "list", VALUE], { fill: push, restore: cut }),
    define("RPUSH", ["RPUSH", "list", VALUE], { fill: push, restore: cut }),
    define("LPOP", ["LPOP", "list"], { fill, restore: { args: push.args, run: "again" } }),
    define("RPOP", ["RPOP", "list"], { fill, restore: { args: push.args, run: "again" } }),
  ];
}

function ranges(): Workload[] {
  const fill: Fill = { args: ["LPUSH", "list", VALUE], count: LIST_ELEMENTS };
  return [100, 300, 600].map((length) =>
    define(`LRANGE_${length}`, ["LRANGE", "list", "0", String(length - 1)], { fill, writes: false }),
  );
}

function sets(small: number, deep: number): Workload[] {
  const add = ["SADD", "set", sequence("element:")];
  return [
    define("SADD", ["SADD", "set", random("element:", small)], {}),
    define("SPOP", ["SPOP", "set"], { fill: { args: add, count: deep }, restore: { args: add, run: "on" } }),
  ];
}

function sortedSets(small: number, deep: number): Workload[] {
  const add = ["ZADD", "zset", random("", small), sequence("element:")];
  return [
    define("ZADD", ["ZADD", "zset", random("", small), random("element:", small)], {}),
    define("ZPOPMIN", ["ZPOPMIN", "zset"], { fill: { args: add, count: deep }, restore: { args: add, run: "on" } }),
  ];
}

function stream(): Workload {
  const add = ["XADD", "stream", "*", "myfield", VALUE];
  const cut: Restore = { args: ["XTRIM", "stream", "MAXLEN", String(LIST_ELEMENTS)], run: "once" };
  return define("XADD", add, { fill: { args: add, count: LIST_ELEMENTS }, restore: cut });
}

/** On collections of `count` elements; 10 must divide it. */
function large(count: number): Workload[] {
  const add = ["ZADD", "zset", random("", count), sequence("element:")];
  const fill: Fill = { args: add, count };
  const list: Fill = { args: ["RPUSH", "list", sequence("element:")], count };
  const long: Fill = { args: ["RPUSH", "list", filler(100)], count };
  const middle = count / 2;
  const size = count === 1_000_000 ? "1M" : String(count);
  const pivot = `element:${String(middle).padStart(12, "0")}`;
  return [
    define(`ZADD on ${size}`, ["ZADD", "zset", random("", count), random("element:", count)], { fill }),
    define(`ZRANK on ${size}`, ["ZRANK", "zset", random("element:", count)], { fill, writes: false }),
    define(
      `ZRANGE of 10 on ${size}`,
      ["ZRANGE", "zset", randomNumber(count / 10, (count / 10) * 9 - 10), sameNumber(count / 10 + 9)],
      { fill, writes: false },
    ),
    define(`ZREM on ${size}`, ["ZREM", "zset", sequence("element:")], { fill, restore: { args: add, run: "again" } }),
    define(`LINDEX in ${size}`, ["LINDEX", "list", randomNumber(middle, count / 10)], { fill: list, writes: false }),
    define(`LINDEX in ${size} of 100 B`, ["LINDEX", "list", randomNumber(middle, count / 10)], {
      fill: long,
      writes: false,
    }),
    define(`LINSERT in ${size}`, ["LINSERT", "list", "BEFORE", pivot, VALUE], {
      fill: list,
      pipelines: [1],
      connectionsMax: 2,
    }),
  ];
}
