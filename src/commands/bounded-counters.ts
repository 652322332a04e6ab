import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { ExpiryOption, PERSIST, TIMES } from "../command/expiry-options.ts";
import { journalDelete, journalSet, reshapeString, SAME_DEADLINE } from "../command/string-values.ts";
import { copyBytes, encode } from "../lib/bytes.ts";
import {
  formatBigInteger,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  INTEGER_TEXT_MAX,
  parseBigInteger,
  parseInteger,
} from "../lib/integer.ts";
import {
  addLongDoubles,
  compareLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_MAX,
  type LongDouble,
  longDoubleOf,
  negateLongDouble,
  parseLongDouble,
  sumOfLongDoubles,
} from "../lib/long-double.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { INT } from "../types/kinds.ts";
import { textEncoding } from "../types/string.ts";

/**
 * INCREX computes three times over: in numbers while everything stays below 2^53, in 64 bits beyond, and in long doubles. Each way ends in
 * `settle`: the value that the key gets, or a refusal, which changes nothing at all.
 */
const ZERO = longDoubleOf(0);
const LONG_DOUBLE_MIN = negateLongDouble(LONG_DOUBLE_MAX);
const BOUNDS_CROSSED = "ERR LBOUND can't be greater than UBOUND";

/** The options of the request; arguments by index, 0 when absent. */
const options = {
  integerArg: 0,
  floatArg: 0,
  lowerArg: 0,
  upperArg: 0,
  saturate: false,
  /** Leave a deadline as it is. */
  onlyNewDeadline: false,
  expiry: new ExpiryOption(),
  deadlineMs: 0,
};
const digits = new Uint8Array(INTEGER_TEXT_MAX);

export const increx = command({
  name: "increx",
  arity: -2,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "8.8.0",
  summary: "Adds to the number in a key within bounds, and sets or takes away its deadline.",
  complexity: "O(1)",
  syntax:
    "key:key [increment<float:double=BYFLOAT | integer:integer=BYINT>] [saturate=SATURATE] [lowerbound:string=LBOUND] " +
    "[upperbound:string=UBOUND] [expiration<seconds:integer=EX | milliseconds:integer=PX | unix-time-seconds:unix-time=EXAT | " +
    "unix-time-milliseconds:unix-time=PXAT | persist=PERSIST>] [enx=ENX]",
  run(c) {
    readOptions(c);
    if (c.failed) return;
    if (options.floatArg > 0) incrementFloat(c);
    else incrementInteger(c);
  },
});

function readOptions(c: Call): void {
  options.integerArg = options.floatArg = options.lowerArg = options.upperArg = 0;
  options.saturate = options.onlyNewDeadline = false;
  options.expiry.reset();
  for (let i = 2; i < c.argc && !c.failed; ) {
    const taken = takeOption(c, i);
    if (taken === 0 || i + taken > c.argc) c.fail(ERRORS.syntax);
    i += taken;
  }
  if (!options.onlyNewDeadline) return;
  if (options.expiry.kind === PERSIST) c.fail(ERRORS.syntax);
  if (options.expiry.kind === 0) c.failText("ERR ENX flag requires an expiration");
}

/** How many arguments the option at i has; 0 when it is none, comes twice, or contradicts another. */
function takeOption(c: Call, i: number): number {
  const { args } = c;
  if (args.is(i, "SATURATE")) {
    if (options.saturate) return 0;
    options.saturate = true;
    return 1;
  }
  if (args.is(i, "ENX")) {
    if (options.onlyNewDeadline) return 0;
    options.onlyNewDeadline = true;
    return 1;
  }
  if (args.is(i, "LBOUND")) return options.lowerArg > 0 ? 0 : takeArgument("lowerArg", i);
  if (args.is(i, "UBOUND")) return options.upperArg > 0 ? 0 : takeArgument("upperArg", i);
  const hasIncrement = options.integerArg > 0 || options.floatArg > 0;
  if (args.is(i, "BYINT")) return hasIncrement ? 0 : takeArgument("integerArg", i);
  if (args.is(i, "BYFLOAT")) return hasIncrement ? 0 : takeArgument("floatArg", i);
  return options.expiry.kind === 0 ? options.expiry.take(args, i, TIMES | PERSIST) : 0;
}

function takeArgument(name: "lowerArg" | "upperArg" | "integerArg" | "floatArg", i: number): number {
  options[name] = i + 1;
  return 2;
}

function incrementInteger(c: Call): void {
  const by = readInteger(c, options.integerArg, "Increment", 1);
  const lower = readInteger(c, options.lowerArg, "LBOUND", Number.NEGATIVE_INFINITY);
  const upper = readInteger(c, options.upperArg, "UBOUND", Number.POSITIVE_INFINITY);
  if (!c.failed && areCrossed(c, lower, upper)) c.failText(BOUNDS_CROSSED);
  options.deadlineMs = options.expiry.deadline(c);
  if (c.failed) return;
  const e = c.writeString(1);
  if (c.failed) return;
  const old = e === NULL ? 0 : parseValue(c, e);
  if (Number.isNaN(old)) c.fail(ERRORS.notInteger);
  if (c.failed) return;
  const sum = old + by;
  const value = Math.min(Math.max(sum, lower), upper);
  if (Number.isSafeInteger(sum) && Number.isSafeInteger(value) && Number.isSafeInteger(value - old)) {
    const bytes = formatInteger(value, digits, 0);
    if (settle(c, e, value === sum, INT, digits, bytes)) replyIntegers(c, value, value - old);
    else replyIntegers(c, old, 0);
  } else {
    incrementExactly(c, e);
  }
}

/** The same in 64 bits. The old value is in the span. */
function incrementExactly(c: Call, e: Ptr): void {
  const { span } = c;
  const old = e === NULL ? 0n : parseBigInteger(span.buf, span.start, span.len)!;
  const lower = exactly(c, options.lowerArg, INT64_MIN);
  const upper = exactly(c, options.upperArg, INT64_MAX);
  const sum = old + exactly(c, options.integerArg, 1n);
  const value = sum > upper ? upper : sum < lower ? lower : sum;
  const applied = value - old;
  if (options.saturate && BigInt.asIntN(64, applied) !== applied) {
    c.failText("ERR applied increment would overflow");
    return;
  }
  const bytes = formatBigInteger(value, digits, 0);
  if (settle(c, e, value === sum, INT, digits, bytes)) replyBigIntegers(c, value, applied);
  else replyBigIntegers(c, old, 0n);
}

function incrementFloat(c: Call): void {
  const by = readFloat(c, options.floatArg, "Increment", ZERO);
  if (by.kind === "infinite") c.failText("ERR BYFLOAT increment cannot be Infinity");
  const lower = readFloat(c, options.lowerArg, "LBOUND", LONG_DOUBLE_MIN);
  const upper = readFloat(c, options.upperArg, "UBOUND", LONG_DOUBLE_MAX);
  if (compareLongDoubles(lower, upper) > 0) c.failText(BOUNDS_CROSSED);
  options.deadlineMs = options.expiry.deadline(c);
  if (c.failed) return;
  const e = c.writeString(1);
  if (c.failed) return;
  const old = e === NULL ? ZERO : parseFloatValue(c, e);
  if (old === undefined) c.fail(ERRORS.notFloat);
  else if (old.kind === "infinite") c.failText("ERR value cannot be Infinity");
  else addFloat(c, e, old, by, lower, upper);
}

/** `old` and `by` are finite. */
function addFloat(c: Call, e: Ptr, old: LongDouble, by: LongDouble, lower: LongDouble, upper: LongDouble): void {
  const sum = sumOfLongDoubles(old, by)!;
  const bound = compareLongDoubles(sum, upper) > 0 ? upper : compareLongDoubles(sum, lower) < 0 ? lower : undefined;
  const value = bound === undefined ? addLongDoubles(old, by) : formatLongDouble(bound);
  const applied = bound === undefined ? formatLongDouble(by) : addLongDoubles(bound, negateLongDouble(old));
  if (bound !== undefined && !options.saturate) {
    replyFloats(c, formatLongDouble(old)!, "0");
    return;
  }
  if (value === undefined || applied === undefined) {
    c.failText("ERR applied increment would be Infinity");
    return;
  }
  const text = encode(value);
  settle(c, e, bound === undefined, textEncoding(text.length), text, text.length);
  replyFloats(c, value, applied);
}

/** Gives the key the text as its value, and does with its deadline what was asked for; false when the value is out of bounds. */
function settle(c: Call, e: Ptr, within: boolean, encoding: number, text: Uint8Array, bytes: number): boolean {
  if (!within && !options.saturate) return false;
  const keepsDeadline = options.onlyNewDeadline && e !== NULL && c.entries.isTimed(e);
  const deadlineMs = keepsDeadline ? 0 : options.deadlineMs;
  if (deadlineMs === 0 || deadlineMs > c.nowMs) {
    store(c, e, encoding, text, bytes, deadlineMs);
  } else if (e !== NULL) {
    c.db.delete(e);
    c.changed(1, EVENTS.generic, "del");
    journalDelete(c, 1);
  }
  return true;
}

function store(c: Call, e: Ptr, encoding: number, text: Uint8Array, bytes: number, deadlineMs: number): void {
  const stored = reshapeString(c, e, encoding, bytes);
  copyBytes(text, 0, bytes, c.span.buf, c.span.start);
  c.changed(1, EVENTS.string, options.floatArg > 0 ? "incrbyfloat" : "incrby");
  const forGood = options.expiry.kind === PERSIST;
  if (deadlineMs > 0) {
    c.db.setDeadline(stored, deadlineMs);
    c.notify(1, EVENTS.generic, "expire");
  } else if (forGood && c.entries.isTimed(stored)) {
    c.db.setDeadline(stored, 0);
    c.notify(1, EVENTS.generic, "persist");
  }
  journalSet(c, text, 0, bytes, deadlineMs > 0 || forGood ? deadlineMs : SAME_DEADLINE);
}

/** Argument i as an integer, an infinity beyond 2^53, `absent` when there is no such option; fails in the name of the option. */
function readInteger(c: Call, i: number, name: string, absent: number): number {
  if (i === 0) return absent;
  const value = parseInteger(c.args.buf, c.args.start[i], c.args.len[i]);
  if (Number.isNaN(value)) c.failText(`ERR ${name} is not an integer or out of range`);
  return value;
}

function exactly(c: Call, i: number, absent: bigint): bigint {
  return i === 0 ? absent : parseBigInteger(c.args.buf, c.args.start[i], c.args.len[i])!;
}

function areCrossed(c: Call, lower: number, upper: number): boolean {
  if (options.lowerArg === 0 || options.upperArg === 0 || lower !== upper) return lower > upper;
  return exactly(c, options.lowerArg, INT64_MIN) > exactly(c, options.upperArg, INT64_MAX);
}

function readFloat(c: Call, i: number, name: string, absent: LongDouble): LongDouble {
  const value = i === 0 ? absent : parseLongDouble(c.args.buf, c.args.start[i], c.args.len[i]);
  if (value === undefined) c.failText(`ERR ${name} is not a valid float`);
  return value ?? absent;
}

function parseValue(c: Call, e: Ptr): number {
  c.entries.value(e, c.span);
  return parseInteger(c.span.buf, c.span.start, c.span.len);
}

function parseFloatValue(c: Call, e: Ptr): LongDouble | undefined {
  c.entries.value(e, c.span);
  return parseLongDouble(c.span.buf, c.span.start, c.span.len);
}

function replyIntegers(c: Call, value: number, applied: number): void {
  c.reply.array(2);
  c.reply.integer(value);
  c.reply.integer(applied);
}

function replyBigIntegers(c: Call, value: bigint, applied: bigint): void {
  c.reply.array(2);
  c.reply.bigInteger(value);
  c.reply.bigInteger(applied);
}

/** Doubles with all their digits, which RESP3 allows and a JavaScript number has not. */
function replyFloats(c: Call, value: string, applied: string): void {
  const { reply } = c;
  reply.array(2);
  for (const text of [value, applied]) {
    if (reply.resp3) reply.raw(encode(`,${text}\r\n`));
    else reply.bulkText(text);
  }
}
