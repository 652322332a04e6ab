/** What is done to collections of many elements at once. */
import { COLLECTION_KINDS } from "../collections.ts";
import { type Argument, filler } from "../encode.ts";
import { type Event, type Scenario, type Stage, sends } from "./event.ts";

const ELEMENTS = 10_000_000;
/** Of collections that a command goes through as a whole. */
const READ_ELEMENTS = 1_000_000;
const FREEING_MS = 5000;
const ALL_MS = 3000;

type Add = (key: string) => readonly Argument[];

const KINDS: readonly { readonly name: string; readonly add: Add }[] = [
  ...COLLECTION_KINDS,
  { name: "stream", add: (key) => ["XADD", key, "*", "field", filler(8)] },
];
const WHOLE: Record<string, readonly (readonly string[])[]> = {
  hash: [["HGETALL", "key"]],
  list: [
    ["LRANGE", "key", "0", "-1"],
    ["LREM", "key", "0", "none"],
    ["LTRIM", "key", "-10", "-1"],
  ],
  set: [
    ["SMEMBERS", "key"],
    ["SUNIONSTORE", "other", "key"],
    ["SINTERSTORE", "other", "key", "key"],
    ["SORT", "key", "ALPHA", "LIMIT", "0", "10"],
    ["SPOP", "key", "900000"],
  ],
  zset: [
    ["ZRANGE", "key", "0", "-1", "WITHSCORES"],
    ["ZUNIONSTORE", "other", "1", "key"],
    ["ZRANGESTORE", "other", "key", "0", "-1"],
    ["SORT", "key", "ALPHA", "LIMIT", "0", "10"],
    ["ZREMRANGEBYRANK", "key", "10", "-1"],
  ],
  stream: [
    ["XRANGE", "key", "-", "+"],
    ["XTRIM", "key", "MAXLEN", "10"],
  ],
};

function filled(add: Add, elements: number): (stage: Stage) => Promise<void> {
  return async ({ bench, server, caller, scaled }) => {
    await caller.call("FLUSHALL");
    await bench.generator.fill(server, add("key"), scaled(elements));
  };
}

/** Deletes a collection in all the ways there are. */
function deletions(add: Add): Event[] {
  const ways = [
    ["DEL", "key"],
    ["UNLINK", "key"],
    ["PEXPIRE", "key", "1"],
    ["SET", "key", "value"],
  ];
  return ways.map((args) => ({ ...sends(args, FREEING_MS), prepare: filled(add, ELEMENTS) }));
}

function wholes(name: string, add: Add): Event[] {
  const ways = [["COPY", "key", "other"], ["DUMP", "key"], ...(WHOLE[name] ?? []), ["DEBUG", "DIGEST-VALUE", "key"]];
  return ways.map((args, i) => ({
    ...sends(args, ALL_MS),
    ...(i === 0 ? { prepare: filled(add, READ_ELEMENTS) } : {}),
  }));
}

export const DELETED_COLLECTIONS: readonly Scenario[] = KINDS.map(({ name, add }) => ({
  name: `${name} of 10,000,000`,
  settings: [],
  events: deletions(add),
}));

export const WHOLE_COLLECTIONS: readonly Scenario[] = KINDS.map(({ name, add }) => ({
  name: `${name} of 1,000,000`,
  settings: [],
  events: wholes(name, add),
}));
