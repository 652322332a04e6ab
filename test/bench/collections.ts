/** The kinds of collections that memory and stalls are measured of, each made by commands that add one small element. */
import { type Argument, filler, randomNumber, type Slot, sequence } from "./encode.ts";

export interface CollectionKind {
  readonly name: string;
  /** Adds an element, a new one for every running number. */
  add(key: Argument): readonly Argument[];
  /** Change or read one element of a collection that has those of the numbers below `count`, a power of ten. */
  change(key: Argument, count: number): readonly (readonly Argument[])[];
  /** Takes away the element of the running number, or one at an end. */
  remove(key: Argument): readonly Argument[];
}

const ELEMENT = sequence("e:");
const VALUE = filler(8);
const SCORE: Slot = { ...sequence(""), draw: "random", count: 1_000_000 };

/** One of `count` elements by chance. */
function any(count: number): Slot {
  return { ...ELEMENT, draw: "random", count };
}

/** An index in the middle tenth of a list. */
function middle(count: number): Slot {
  return randomNumber(count / 2, count / 10);
}

export const COLLECTION_KINDS: readonly CollectionKind[] = [
  {
    name: "hash",
    add: (key) => ["HSET", key, ELEMENT, VALUE],
    change: (key, count) => [
      ["HSET", key, any(count), VALUE],
      ["HGET", key, any(count)],
    ],
    remove: (key) => ["HDEL", key, ELEMENT],
  },
  {
    name: "list",
    add: (key) => ["RPUSH", key, ELEMENT],
    change: (key, count) => [
      ["LSET", key, middle(count), VALUE],
      ["LINDEX", key, middle(count)],
    ],
    remove: (key) => ["LPOP", key],
  },
  {
    name: "set",
    add: (key) => ["SADD", key, ELEMENT],
    change: (key, count) => [
      ["SISMEMBER", key, any(count)],
      ["SRANDMEMBER", key],
    ],
    remove: (key) => ["SREM", key, ELEMENT],
  },
  {
    name: "zset",
    add: (key) => ["ZADD", key, SCORE, ELEMENT],
    change: (key, count) => [
      ["ZINCRBY", key, "1000", any(count)],
      ["ZRANK", key, any(count)],
    ],
    remove: (key) => ["ZREM", key, ELEMENT],
  },
];
