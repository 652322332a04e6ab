import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { EX, EXAT, KEEPTTL, kindAt, PERSIST, PX, TIMES } from "../command/expiry-options.ts";
import {
  fieldsDeleted,
  fieldsPersisted,
  fieldsTimed,
  NOT_POSITIVE,
  persistField,
  readFieldDeadline,
  readFields,
} from "../command/hash-fields.ts";
import { createHash, getField } from "../command/hash-key.ts";
import { parseInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { NO_DEADLINE } from "../types/hash-deadlines.ts";
import { HASH } from "../types/kinds.ts";

const BAD_COUNT = error("ERR invalid number of fields");
const TWO_CONDITIONS = error("ERR Only one of FXX or FNX arguments can be specified");
const TWO_TIMES = error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
const NO_TIME = error("ERR missing expire time");
const NO_FIELDS = error("ERR missing FIELDS argument");

/** Replies with the values of the field arguments from `first` on and returns those that are there. */
function replyValues(c: Call, e: Ptr, first: number): number[] {
  const found: number[] = [];
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) {
    if (getField(c, e, i)) {
      c.reply.bulk(c.span.buf, c.span.start, c.span.len);
      found.push(i);
    } else {
      c.reply.nil();
    }
  }
  return found;
}

/** The deadline that the time option `kind` with its time in argument i asks for, Unix ms. */
function readTime(c: Call, kind: number, i: number): number {
  return readFieldDeadline(c, i, kind & (EX | EXAT) ? 1000 : 1, (kind & (EX | PX)) !== 0);
}

export const hgetdel = command({
  name: "hgetdel",
  arity: -5,
  flags: ["write", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW access delete")],
  group: "hash",
  since: "8.0.0",
  summary: "Gives the values of fields of a hash and deletes them.",
  complexity: "O(N), N being the number of fields that are named",
  syntax: "key:key fields(numfields:integer field...)=FIELDS",
  run(c) {
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const first = readFields(c, 2, NOT_POSITIVE);
    if (c.failed) return;
    const { buf, start, len, count } = c.args;
    const deleted: number[] = [];
    c.reply.array(count - first);
    for (let i = first; i < count; i++) {
      if (getField(c, e, i)) {
        c.reply.bulk(c.span.buf, c.span.start, c.span.len);
        c.keyspace.hashes.delete(e, buf, start[i], len[i]);
        deleted.push(i);
      } else {
        c.reply.nil();
      }
    }
    fieldsDeleted(c, e, deleted);
  },
});

export const hgetex = command({
  name: "hgetex",
  arity: -5,
  flags: ["write", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW access update")],
  group: "hash",
  since: "8.0.0",
  summary: "Gives the values of fields of a hash and sets or takes away their deadlines.",
  complexity: "O(N), N being the number of fields that are named",
  syntax:
    "key:key [expiration<seconds:integer=EX | milliseconds:integer=PX | unix-time-seconds:unix-time=EXAT | " +
    "unix-time-milliseconds:unix-time=PXAT | persist=PERSIST>] fields(numfields:integer field...)=FIELDS",
  run(c) {
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const kind = kindAt(c.args, 2) & (TIMES | PERSIST);
    const deadlineMs = kind & TIMES ? readTime(c, kind, 3) : 0;
    if (c.failed) return;
    const first = readFields(c, kind & TIMES ? 4 : kind & PERSIST ? 3 : 2, NOT_POSITIVE);
    if (c.failed) return;
    const found = replyValues(c, e, first);
    if (kind & PERSIST) persistFields(c, e, found);
    else if (kind !== 0) endFields(c, e, found, deadlineMs);
  },
});

function persistFields(c: Call, e: Ptr, indexes: readonly number[]): void {
  const { buf, start, len } = c.args;
  const timed = indexes.filter((i) => c.keyspace.hashes.deadline(e, buf, start[i], len[i]) !== NO_DEADLINE);
  for (const i of timed) persistField(c, e, i);
  fieldsPersisted(c, e, timed);
}

/** Gives fields that are there a deadline; those whose deadline is past are deleted. */
function endFields(c: Call, e: Ptr, indexes: readonly number[], deadlineMs: number): void {
  const { hashes } = c.keyspace;
  const { buf, start, len } = c.args;
  if (deadlineMs > c.nowMs) {
    for (const i of indexes) hashes.setDeadline(e, buf, start[i], len[i], deadlineMs);
    fieldsTimed(c, e, indexes, deadlineMs);
    return;
  }
  fieldsDeleted(
    c,
    e,
    indexes.filter((i) => hashes.delete(e, buf, start[i], len[i])),
  );
}

/** The options of HSETEX, and where its pairs start. */
interface SetOptions {
  condition: "" | "FNX" | "FXX";
  /** A bit of expiry-options.ts; 0 for none. */
  time: number;
  deadlineMs: number;
  first: number;
}

export const hsetex = command({
  name: "hsetex",
  arity: -6,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW update")],
  group: "hash",
  since: "8.0.0",
  summary: "Sets fields of a hash, together with their deadlines, if none or all of them are there already.",
  complexity: "O(N), N being the number of fields",
  syntax:
    "key:key [condition<fnx=FNX | fxx=FXX>] [expiration<seconds:integer=EX | milliseconds:integer=PX | " +
    "unix-time-seconds:unix-time=EXAT | unix-time-milliseconds:unix-time=PXAT | keepttl=KEEPTTL>] " +
    "fields(numfields:integer data(field value)...)=FIELDS",
  run(c) {
    const options = readSetOptions(c);
    if (c.failed) return;
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    if (!isMet(c, e, options)) return c.reply.integer(0);
    if (options.time & TIMES && options.deadlineMs <= c.nowMs) deletePairs(c, e, options);
    else setPairs(c, e, options);
    c.reply.integer(1);
  },
});

function readSetOptions(c: Call): SetOptions {
  const { args } = c;
  const options: SetOptions = { condition: "", time: 0, deadlineMs: 0, first: 0 };
  let i = 2;
  for (; i < args.count && !args.is(i, "FIELDS") && !c.failed; i++) {
    const time = kindAt(args, i) & (TIMES | KEEPTTL);
    if (time !== 0) {
      if (options.time !== 0) c.fail(TWO_TIMES);
      options.time = time;
      if (time !== KEEPTTL) readSetTime(c, ++i, options);
    } else if (args.is(i, "FNX") || args.is(i, "FXX")) {
      if (options.condition !== "") c.fail(TWO_CONDITIONS);
      options.condition = args.is(i, "FNX") ? "FNX" : "FXX";
    } else {
      c.failText(`ERR unknown argument: ${args.text(i)}`);
    }
  }
  options.first = readPairs(c, i);
  return options;
}

function readSetTime(c: Call, i: number, options: SetOptions): void {
  if (i >= c.argc) c.fail(NO_TIME);
  else options.deadlineMs = readTime(c, options.time, i);
}

/** Reads "FIELDS numfields field value..." from argument i to the last. Returns the first field's argument. */
function readPairs(c: Call, i: number): number {
  const { args } = c;
  if (i >= args.count) c.fail(NO_FIELDS);
  else if (i + 1 >= args.count) c.failArity();
  else {
    const count = parseInteger(args.buf, args.start[i + 1], args.len[i + 1]);
    if (!(count > 0)) c.fail(BAD_COUNT);
    else if (count * 2 !== args.count - i - 2) c.failArity();
  }
  return i + 2;
}

/** Whether the hash has none, or all, of the fields, as the condition wants. */
function isMet(c: Call, e: Ptr, { condition, first }: SetOptions): boolean {
  if (condition === "") return true;
  const { buf, start, len, count } = c.args;
  const wanted = condition === "FXX";
  for (let i = first; i < count; i += 2) {
    if ((e !== NULL && c.keyspace.hashes.has(e, buf, start[i], len[i])) !== wanted) return false;
  }
  return true;
}

function setPairs(c: Call, found: Ptr, options: SetOptions): void {
  const { hashes } = c.keyspace;
  const { buf, start, len, count } = c.args;
  const { first, time, deadlineMs } = options;
  const e = found === NULL ? createHash(c, first, buf, start[first + 1], len[first + 1]) : found;
  for (let i = first; i < count; i += 2) {
    if (time === KEEPTTL) hashes.update(e, buf, start[i], len[i], buf, start[i + 1], len[i + 1]);
    else hashes.set(e, buf, start[i], len[i], buf, start[i + 1], len[i + 1]);
    if (time & TIMES) hashes.setDeadline(e, buf, start[i], len[i], deadlineMs);
  }
  if (time & TIMES) c.db.hasten(e, deadlineMs);
  c.changes += (count - first) / 2 - 1;
  c.changed(1, EVENTS.hash, "hset");
  if (time & TIMES) c.notify(1, EVENTS.hash, "hexpire");
  journalPairs(c, options);
}

/** Journals what was done: the time as it is, the condition, which was met, not at all. */
function journalPairs(c: Call, { first, time, deadlineMs }: SetOptions): void {
  const timeWords = time === 0 ? [] : time === KEEPTTL ? ["KEEPTTL"] : ["PXAT", String(deadlineMs)];
  const out = c.effect(4 + timeWords.length + c.argc - first);
  out.bulkText("HSETEX");
  c.effectArg(1);
  for (const word of timeWords) out.bulkText(word);
  out.bulkText("FIELDS");
  for (let i = first - 1; i < c.argc; i++) c.effectArg(i);
}

/** The fields would have ended before they are set: those that are there are deleted. */
function deletePairs(c: Call, e: Ptr, { first }: SetOptions): void {
  const { buf, start, len, count } = c.args;
  const deleted: number[] = [];
  for (let i = first; i < count; i += 2) {
    if (e !== NULL && c.keyspace.hashes.delete(e, buf, start[i], len[i])) deleted.push(i);
  }
  fieldsDeleted(c, e, deleted);
}
