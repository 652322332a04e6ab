import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { replyElement } from "../command/list-key.ts";
import { INT64_MIN, parseBigInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { LIST } from "../types/kinds.ts";

const RANK_ZERO = error(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
    "or use negative to start from the end of the list",
);
const COUNT_NEGATIVE = error("ERR COUNT can't be negative");
const LENGTH_NEGATIVE = error("ERR MAXLEN can't be negative");

export const lrange = command({
  name: "lrange",
  arity: 4,
  flags: ["readonly"],
  categories: ["list"],
  keys: [keysAt(1, "RO access")],
  group: "list",
  since: "1.0.0",
  summary: "Gives the elements from one index to another.",
  complexity: "O(log N + M), N being the number of elements and M that of those wanted",
  syntax: "key:key start:integer stop:integer",
  run(c) {
    const first = c.integer(2);
    const last = c.integer(3);
    if (c.failed) return;
    const e = c.readAs(1, LIST);
    if (c.failed) return;
    if (e === NULL) return c.reply.array(0);
    const length = c.keyspace.lists.length(e);
    const from = startOf(first, length);
    const count = endOf(last, length) - from;
    if (count <= 0) c.reply.array(0);
    else replyRange(c, e, from, count);
  },
});

function replyRange(c: Call, e: Ptr, from: number, count: number): void {
  const { lists } = c.keyspace;
  c.reply.array(count);
  lists.seek(e, from);
  for (let left = count; left > 0; left--) {
    replyElement(c);
    lists.next();
  }
}

/** Index of the first element of a range, at least 0, which may be beyond the list. */
function startOf(first: number, length: number): number {
  return first < 0 ? Math.max(0, first + length) : first;
}

/** Index behind the last element of a range, which may be before its first. */
function endOf(last: number, length: number): number {
  return Math.min(length, (last < 0 ? last + length : last) + 1);
}

export const ltrim = command({
  name: "ltrim",
  arity: 4,
  flags: ["write"],
  categories: ["list"],
  keys: [keysAt(1, "RW delete")],
  group: "list",
  since: "1.0.0",
  summary: "Leaves only the elements from one index to another in a list.",
  complexity: "O(N), N being the number of elements taken out",
  syntax: "key:key start:integer stop:integer",
  run(c) {
    const first = c.integer(2);
    const last = c.integer(3);
    if (c.failed) return;
    const e = c.writeAs(1, LIST);
    if (c.failed) return;
    if (e !== NULL) trim(c, e, first, last);
    c.reply.ok();
  },
});

function trim(c: Call, e: Ptr, first: number, last: number): void {
  const { lists } = c.keyspace;
  const length = lists.length(e);
  const from = startOf(first, length);
  const end = endOf(last, length);
  const kept = Math.max(0, end - from);
  if (kept > 0) lists.keepRange(e, from, kept, c.keyspace.reclaimer);
  c.changes += length - kept;
  c.notify(1, EVENTS.list, "ltrim");
  if (kept === 0) c.deleteEmptied(1, e);
}

export const lrem = command({
  name: "lrem",
  arity: 4,
  flags: ["write"],
  categories: ["list"],
  keys: [keysAt(1, "RW delete")],
  group: "list",
  since: "1.0.0",
  summary:
    "Takes the first elements that equal another out of a list, the last if their number is negative, or all if it is 0.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key count:integer element",
  run(c) {
    const count = c.integer(2);
    if (c.failed) return;
    const e = c.writeAs(1, LIST);
    if (c.failed) return;
    if (e === NULL) return c.reply.integer(0);
    const { lists } = c.keyspace;
    const { buf, start, len } = c.args;
    const limit = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    const removed = lists.removeEqual(e, count < 0, limit, buf, start[3], len[3]);
    if (removed > 0) {
      c.changes += removed - 1;
      c.changed(1, EVENTS.list, "lrem");
      if (lists.length(e) === 0) c.deleteEmptied(1, e);
    }
    c.reply.integer(removed);
  },
});

interface Search {
  /** Which match is the first wanted; negative: from the end. */
  rank: number;
  /** How many matches are wanted; 0 is all. undefined: one, and not in an array. */
  count: number | undefined;
  /** How many elements may be looked at; 0 is all. */
  length: number;
}

export const lpos = command({
  name: "lpos",
  arity: -3,
  flags: ["readonly"],
  categories: ["list"],
  keys: [keysAt(1, "RO access")],
  group: "list",
  since: "6.0.6",
  summary: "Tells where in a list an element is.",
  complexity: "O(N), N being the number of elements",
  syntax: "key:key element [rank:integer=RANK] [num-matches:integer=COUNT] [len:integer=MAXLEN]",
  run(c) {
    const search: Search = { rank: 1, count: undefined, length: 0 };
    for (let i = 3; i < c.argc && !c.failed; i += 2) readOption(c, i, search);
    if (c.failed) return;
    const e = c.readAs(1, LIST);
    if (c.failed) return;
    if (search.count === undefined) replyFirst(c, e, search);
    else replyMatches(c, e, search, search.count === 0 ? Number.POSITIVE_INFINITY : search.count);
  },
});

function readOption(c: Call, i: number, search: Search): void {
  if (i + 1 === c.argc) {
    c.fail(ERRORS.syntax);
  } else if (c.args.is(i, "RANK")) {
    search.rank = readRank(c, i + 1);
    if (search.rank === 0) c.fail(RANK_ZERO);
  } else if (c.args.is(i, "COUNT")) {
    search.count = c.integerBetween(i + 1, 0, Number.POSITIVE_INFINITY, COUNT_NEGATIVE);
  } else if (c.args.is(i, "MAXLEN")) {
    search.length = c.integerBetween(i + 1, 0, Number.POSITIVE_INFINITY, LENGTH_NEGATIVE);
  } else {
    c.fail(ERRORS.syntax);
  }
}

/** The least of all integers has no opposite, so that Redis takes any match for one of that rank. */
function readRank(c: Call, i: number): number {
  const rank = c.integer(i);
  const { buf, start, len } = c.args;
  return rank === Number.NEGATIVE_INFINITY && parseBigInteger(buf, start[i], len[i]) === INT64_MIN ? -1 : rank;
}

function replyFirst(c: Call, e: Ptr, search: Search): void {
  const mark = c.reply.at;
  if (e === NULL || writeMatches(c, e, search, 1) === 0) {
    c.reply.truncate(mark);
    c.reply.nil();
  }
}

function replyMatches(c: Call, e: Ptr, search: Search, wanted: number): void {
  const mark = c.reply.beginDeferred();
  c.reply.endDeferred(mark, e === NULL ? 0 : writeMatches(c, e, search, wanted));
}

/** Writes the indexes of the matches; returns their number. */
function writeMatches(c: Call, e: Ptr, { rank, length: limit }: Search, wanted: number): number {
  const { lists } = c.keyspace;
  const { buf, start, len } = c.args;
  const backward = rank < 0;
  const length = lists.length(e);
  const first = backward && limit > 0 ? length - limit : 0;
  const end = !backward && limit > 0 ? limit : length;
  lists.seek(e, backward ? length - 1 : 0);
  if (backward) lists.next();
  let skipped = 1;
  let written = 0;
  while (backward ? lists.findBackward(first, buf, start[2], len[2]) : lists.find(end, buf, start[2], len[2])) {
    const { index } = lists;
    if (index < first || index >= end) break;
    if (skipped++ >= Math.abs(rank)) {
      c.reply.integer(index);
      if (++written === wanted) break;
    }
    if (!backward && !lists.next()) break;
  }
  return written;
}
