import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { popOne, popSome, push, replyElement } from "../command/list-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { LIST } from "../types/kinds.ts";

const INDEX_OUT_OF_RANGE = error("ERR index out of range");

export const lpush = command({
  name: "lpush",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW insert")],
  group: "list",
  since: "1.0.0",
  summary: "Adds elements before the first of a list, one after the other, and tells its length.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key element...",
  run: (c) => pushAll(c, true, true),
});

export const rpush = command({
  name: "rpush",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW insert")],
  group: "list",
  since: "1.0.0",
  summary: "Adds elements behind the last of a list and tells its length.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key element...",
  run: (c) => pushAll(c, false, true),
});

export const lpushx = command({
  name: "lpushx",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW insert")],
  group: "list",
  since: "2.2.0",
  summary: "Adds elements before the first of a list, if there is one, and tells its length.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key element...",
  run: (c) => pushAll(c, true, false),
});

export const rpushx = command({
  name: "rpushx",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW insert")],
  group: "list",
  since: "2.2.0",
  summary: "Adds elements behind the last of a list, if there is one, and tells its length.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key element...",
  run: (c) => pushAll(c, false, false),
});

/** Adds all elements of the request; `create`: also if there is no list yet. */
function pushAll(c: Call, atHead: boolean, create: boolean): void {
  let e = c.writeAs(1, LIST);
  if (c.failed) return;
  if (e === NULL && !create) {
    c.reply.integer(0);
    return;
  }
  const { buf, start, len, count } = c.args;
  for (let i = 2; i < count; i++) e = push(c, 1, e, atHead, buf, start[i], len[i]);
  c.changes += count - 3;
  c.changed(1, EVENTS.list, atHead ? "lpush" : "rpush");
  c.reply.integer(c.keyspace.lists.length(e));
}

export const lpop = command({
  name: "lpop",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete")],
  group: "list",
  since: "1.0.0",
  summary: "Takes the first element out of a list, or as many as are wanted.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key [count:integer@6.2.0]",
  run: (c) => pop(c, true),
});

export const rpop = command({
  name: "rpop",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete")],
  group: "list",
  since: "1.0.0",
  summary: "Takes the last element out of a list, or as many as are wanted.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key [count:integer@6.2.0]",
  run: (c) => pop(c, false),
});

function pop(c: Call, atHead: boolean): void {
  if (c.argc > 3) c.failArity();
  const isCounted = c.argc === 3;
  const wanted = isCounted ? c.integerBetween(2, 0, Number.POSITIVE_INFINITY, ERRORS.mustBePositive) : 1;
  if (c.failed) return;
  const e = c.writeAs(1, LIST);
  if (c.failed) return;
  if (!isCounted) {
    if (e === NULL) c.reply.nil();
    else popOne(c, 1, e, atHead);
    return;
  }
  if (e === NULL) c.reply.nilArray();
  else if (wanted === 0) c.reply.array(0);
  else popSome(c, 1, e, atHead, Math.min(wanted, c.keyspace.lists.length(e)));
}

export const llen = command({
  name: "llen",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["list"],
  keys: [keysAt(1, "RO")],
  group: "list",
  since: "1.0.0",
  summary: "Tells the number of elements of a list.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, LIST);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : c.keyspace.lists.length(e));
  },
});

export const lindex = command({
  name: "lindex",
  arity: 3,
  flags: ["readonly"],
  categories: ["list"],
  keys: [keysAt(1, "RO access")],
  group: "list",
  since: "1.0.0",
  summary: "Gives the element at an index; -1 is the last.",
  complexity: "O(log N), N being the number of elements",
  syntax: "key:key index:integer",
  run(c) {
    const e = c.readAs(1, LIST);
    if (c.failed) return;
    if (e === NULL) return c.reply.nil();
    const index = c.integer(2);
    if (c.failed) return;
    if (seek(c, e, index)) replyElement(c);
    else c.reply.nil();
  },
});

export const lset = command({
  name: "lset",
  arity: 4,
  flags: ["write", "denyoom"],
  categories: ["list"],
  keys: [keysAt(1, "RW update")],
  group: "list",
  since: "1.0.0",
  summary: "Replaces the element at an index.",
  complexity: "O(log N), N being the number of elements",
  syntax: "key:key index:integer element",
  run(c) {
    const e = c.writeAs(1, LIST);
    if (e === NULL) c.fail(ERRORS.noSuchKey);
    const index = c.integer(2);
    if (c.failed) return;
    if (!seek(c, e, index)) return c.fail(INDEX_OUT_OF_RANGE);
    const { buf, start, len } = c.args;
    c.keyspace.lists.replace(buf, start[3], len[3]);
    c.changed(1, EVENTS.list, "lset");
    c.reply.ok();
  },
});

/** To the element at an index, which counts from the end when it is negative. */
function seek(c: Call, e: Ptr, index: number): boolean {
  const { lists } = c.keyspace;
  return lists.seek(e, index < 0 ? index + lists.length(e) : index);
}

export const linsert = command({
  name: "linsert",
  arity: 5,
  flags: ["write", "denyoom"],
  categories: ["list"],
  keys: [keysAt(1, "RW insert")],
  group: "list",
  since: "2.2.0",
  summary:
    "Adds an element before or behind the first one that equals another; tells the length, or -1 if there is none.",
  complexity: "O(N), N being the number of elements before that one",
  syntax: "key:key where<before=BEFORE | after=AFTER> pivot element",
  run(c) {
    const behind = c.args.is(2, "AFTER");
    if (!behind && !c.args.is(2, "BEFORE")) return c.fail(ERRORS.syntax);
    const e = c.writeAs(1, LIST);
    if (c.failed) return;
    if (e === NULL) return c.reply.integer(0);
    const { lists } = c.keyspace;
    const { buf, start, len } = c.args;
    lists.seek(e, 0);
    if (!lists.find(Number.POSITIVE_INFINITY, buf, start[3], len[3])) return c.reply.integer(-1);
    lists.insert(behind, buf, start[4], len[4]);
    c.changed(1, EVENTS.list, "linsert");
    c.reply.integer(lists.length(e));
  },
});
