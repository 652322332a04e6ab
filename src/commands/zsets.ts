import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { replyScore } from "../command/zset-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { ZSET } from "../types/kinds.ts";

const NX_AND_XX = error("ERR XX and NX options at the same time are not compatible");
const GT_LT_NX = error("ERR GT, LT, and/or NX options at the same time are not compatible");
const MANY_INCREMENTS = error("ERR INCR option supports a single increment-element pair");
const RESULT_NAN = error("ERR resulting score is not a number (NaN)");

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const CH = 16;
const INCR = 32;

/** The scores of the request. */
let scores = new Float64Array(64);

export const zadd = command({
  name: "zadd",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW update")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Gives members of a sorted set scores, adding those that are new.",
  complexity: "O(log(N)) for each member, N being the number of members",
  syntax:
    "key:key [condition<nx=NX | xx=XX>@3.0.2] [comparison<gt=GT | lt=LT>@6.2.0] [change=CH@3.0.2] [increment=INCR@3.0.2] data(score:double member)...",
  run: (c) => add(c, 0),
});

export const zincrby = command({
  name: "zincrby",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW access update")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Adds to the score of a member of a sorted set.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key increment:integer member",
  run: (c) => add(c, INCR),
});

function add(c: Call, given: number): void {
  let first = 2;
  let options = given;
  for (let option = optionAt(c, first); option !== 0; option = optionAt(c, ++first)) options |= option;
  checkOptions(c, options, first);
  if (c.failed) return;
  readScores(c, first);
  if (c.failed) return;
  const e = c.writeAs(1, ZSET);
  if (c.failed) return;
  if (options & INCR) increment(c, e, first + 1, options);
  else addAll(c, e, first, options);
}

function optionAt(c: Call, i: number): number {
  const { args } = c;
  const length = i < args.count ? args.len[i] : 0;
  if (length === 2) {
    if (args.is(i, "NX")) return NX;
    if (args.is(i, "XX")) return XX;
    if (args.is(i, "GT")) return GT;
    if (args.is(i, "LT")) return LT;
    if (args.is(i, "CH")) return CH;
  }
  return length === 4 && args.is(i, "INCR") ? INCR : 0;
}

function checkOptions(c: Call, options: number, first: number): void {
  const rest = c.argc - first;
  if (rest === 0 || (rest & 1) !== 0) c.fail(ERRORS.syntax);
  else if ((options & (NX | XX)) === (NX | XX)) c.fail(NX_AND_XX);
  else if (((options & NX) !== 0 ? 1 : 0) + ((options & GT) !== 0 ? 1 : 0) + ((options & LT) !== 0 ? 1 : 0) > 1) {
    c.fail(GT_LT_NX);
  } else if ((options & INCR) !== 0 && rest > 2) c.fail(MANY_INCREMENTS);
}

function readScores(c: Call, first: number): void {
  const count = (c.argc - first) >> 1;
  if (scores.length < count) scores = new Float64Array(count * 2);
  for (let k = 0; k < count && !c.failed; k++) scores[k] = c.double(first + 2 * k);
}

/** ZINCRBY, and ZADD with INCR. */
function increment(c: Call, e: Ptr, memberArg: number, options: number): void {
  const { zsets } = c.keyspace;
  const { buf } = c.args;
  const start = c.args.start[memberArg];
  const len = c.args.len[memberArg];
  const exists = e !== NULL && zsets.find(e, buf, start, len);
  if (exists ? (options & NX) !== 0 : (options & XX) !== 0) {
    c.reply.nil();
    return;
  }
  const old = exists ? zsets.score : 0;
  const score = exists ? old + scores[0] : scores[0];
  if (Number.isNaN(score)) {
    c.fail(RESULT_NAN);
    return;
  }
  if (exists && isHeldBack(old, score, options)) {
    c.reply.nil();
    return;
  }
  if (!exists || score !== old) {
    put(c, e, score, memberArg);
    c.changed(1, EVENTS.zset, "zincr");
  }
  replyScore(c.reply, score);
}

/** Whether GT or LT keeps the old score. */
function isHeldBack(old: number, score: number, options: number): boolean {
  return ((options & GT) !== 0 && score <= old) || ((options & LT) !== 0 && score >= old);
}

/** Gives the member that was looked for last a score; `e` NULL: there is no sorted set yet. Returns its entry. */
function put(c: Call, e: Ptr, score: number, memberArg: number): Ptr {
  const { zsets } = c.keyspace;
  const { buf, start, len } = c.args;
  if (e === NULL) return c.putNew(1, zsets.create(score, buf, start[memberArg], len[memberArg]), zsets);
  zsets.put(e, score, buf, start[memberArg], len[memberArg]);
  return e;
}

function addAll(c: Call, found: Ptr, first: number, options: number): void {
  const { zsets } = c.keyspace;
  const { buf, start, len, count } = c.args;
  let e = found;
  let added = 0;
  let updated = 0;
  for (let i = first; i < count; i += 2) {
    const score = scores[(i - first) >> 1];
    const exists = e !== NULL && zsets.find(e, buf, start[i + 1], len[i + 1]);
    if (exists ? (options & NX) !== 0 : (options & XX) !== 0) continue;
    if (exists && (zsets.score === score || isHeldBack(zsets.score, score, options))) continue;
    e = put(c, e, score, i + 1);
    if (exists) updated++;
    else added++;
  }
  const changes = added + updated;
  if (changes > 0) {
    c.changes += changes - 1;
    c.changed(1, EVENTS.zset, "zadd");
  }
  c.reply.integer((options & CH) !== 0 ? changes : added);
}

export const zrem = command({
  name: "zrem",
  arity: -3,
  flags: ["write", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW delete")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Takes members out of a sorted set and tells how many there were; without members the key is gone.",
  complexity: "O(M*log(N)), M being the number of members that are taken out and N that of all",
  syntax: "key:key member...",
  run(c) {
    const e = c.writeAs(1, ZSET);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : removeMembers(c, e));
  },
});

function removeMembers(c: Call, e: Ptr): number {
  const { zsets } = c.keyspace;
  const { buf, start, len, count } = c.args;
  let removed = 0;
  let left = zsets.length(e);
  for (let i = 2; i < count && left > 0; i++) {
    if (!zsets.remove(e, buf, start[i], len[i])) continue;
    removed++;
    left--;
  }
  if (removed === 0) return 0;
  c.changes += removed - 1;
  c.changed(1, EVENTS.zset, "zrem");
  if (left === 0) c.deleteEmptied(1, e);
  return removed;
}

export const zcard = command({
  name: "zcard",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Counts the members of a sorted set.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, ZSET);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : c.keyspace.zsets.length(e));
  },
});

export const zscore = command({
  name: "zscore",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Gives the score of a member of a sorted set.",
  complexity: "O(1)",
  syntax: "key:key member",
  run(c) {
    const e = c.readAs(1, ZSET);
    if (!c.failed) replyScoreOf(c, e, 2);
  },
});

export const zmscore = command({
  name: "zmscore",
  arity: -3,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Gives the scores of several members of a sorted set.",
  complexity: "O(N), N being the number of members that are asked for",
  syntax: "key:key member...",
  run(c) {
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) replyScoreOf(c, e, i);
  },
});

function replyScoreOf(c: Call, e: Ptr, memberArg: number): void {
  const { zsets } = c.keyspace;
  const { buf, start, len } = c.args;
  if (e !== NULL && zsets.find(e, buf, start[memberArg], len[memberArg])) replyScore(c.reply, zsets.score);
  else c.reply.nil();
}

export const zrank = command({
  name: "zrank",
  arity: -3,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Tells how many members of a sorted set are before one.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key member [withscore=WITHSCORE]",
  run: (c) => replyRank(c, false),
});

export const zrevrank = command({
  name: "zrevrank",
  arity: -3,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Tells how many members of a sorted set are behind one.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key member [withscore=WITHSCORE]",
  run: (c) => replyRank(c, true),
});

function replyRank(c: Call, fromEnd: boolean): void {
  const withScore = c.argc > 3;
  if (c.argc > 4) c.failArity();
  else if (withScore && !c.args.is(3, "WITHSCORE")) c.fail(ERRORS.syntax);
  if (c.failed) return;
  const e = c.readAs(1, ZSET);
  if (c.failed) return;
  const { zsets } = c.keyspace;
  const { reply } = c;
  const rank = e === NULL ? -1 : zsets.rank(e, c.args.buf, c.args.start[2], c.args.len[2]);
  if (rank < 0) {
    if (withScore) reply.nilArray();
    else reply.nil();
    return;
  }
  if (withScore) reply.array(2);
  reply.integer(fromEnd ? zsets.length(e) - 1 - rank : rank);
  if (withScore) replyScore(reply, zsets.score);
}
