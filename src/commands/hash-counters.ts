import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { getField, hasDeadline, journalField, journalNewField, setField } from "../command/hash-key.ts";
import { encode } from "../lib/bytes.ts";
import {
  formatBigInteger,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  INTEGER_TEXT_MAX,
  parseBigInteger,
  parseInteger,
} from "../lib/integer.ts";
import { addLongDoubles, type LongDouble, longDoubleOf, parseLongDouble } from "../lib/long-double.ts";
import type { Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { HASH } from "../types/kinds.ts";

const NOT_INTEGER = error("ERR hash value is not an integer");
const NOT_FLOAT = error("ERR hash value is not a float");
const NAN_OR_INFINITY = error("ERR value is NaN or Infinity");
const digits = new Uint8Array(INTEGER_TEXT_MAX);

export const hincrby = command({
  name: "hincrby",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW access update")],
  group: "hash",
  since: "2.0.0",
  summary: "Adds to the integer in a hash's field; a missing field counts as 0.",
  complexity: "O(1)",
  syntax: "key:key field increment:integer",
  run(c) {
    const by = c.integer(3);
    if (c.failed) return;
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const { span } = c;
    const isNew = !getField(c, e, 2);
    const old = isNew ? 0 : parseInteger(span.buf, span.start, span.len);
    if (Number.isNaN(old)) return c.fail(NOT_INTEGER);
    const sum = old + by;
    // Also false for NaN, the sum of two different infinities.
    if (!(Math.abs(sum) <= Number.MAX_SAFE_INTEGER)) return addExactly(c, e, old, isNew);
    store(c, e, isNew, formatInteger(sum, digits, 0));
    c.reply.integer(sum);
  },
});

/** The same beyond 2^53. Unless `old` is 0, its text is in the span. */
function addExactly(c: Call, e: Ptr, old: number, isNew: boolean): void {
  const { args, span } = c;
  const before = old === 0 ? 0n : parseBigInteger(span.buf, span.start, span.len)!;
  const sum = before + parseBigInteger(args.buf, args.start[3], args.len[3])!;
  if (sum < INT64_MIN || sum > INT64_MAX) {
    c.fail(ERRORS.overflow);
    return;
  }
  store(c, e, isNew, formatBigInteger(sum, digits, 0));
  c.reply.bigInteger(sum);
}

/** Makes the first `len` digits the field's value. */
function store(c: Call, e: Ptr, isNew: boolean, len: number): void {
  if (isNew) journalNewField(c, e, 2, digits, 0, len);
  setField(c, e, 2, digits, 0, len);
  c.changed(1, EVENTS.hash, "hincrby");
}

export const hincrbyfloat = command({
  name: "hincrbyfloat",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW access update")],
  group: "hash",
  since: "2.6.0",
  summary: "Adds to the number in a hash's field; a missing field counts as 0.",
  complexity: "O(1)",
  syntax: "key:key field increment:double",
  run(c) {
    const by = parseLongDouble(c.args.buf, c.args.start[3], c.args.len[3]);
    if (by === undefined) return c.fail(ERRORS.notFloat);
    if (by.kind === "infinite") return c.fail(NAN_OR_INFINITY);
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const old = getField(c, e, 2) ? parseLongDouble(c.span.buf, c.span.start, c.span.len) : longDoubleOf(0);
    if (old === undefined) return c.fail(NOT_FLOAT);
    addFloat(c, e, old, by);
  },
});

function addFloat(c: Call, e: Ptr, old: LongDouble, by: LongDouble): void {
  const text = addLongDoubles(old, by);
  if (text === undefined) {
    c.fail(ERRORS.incrementNanOrInfinity);
    return;
  }
  const bytes = encode(text);
  // A sum of floats may come out differently elsewhere: the result is journalled.
  journalField(c, 2, hasDeadline(c, e, 2), bytes, 0, bytes.length);
  setField(c, e, 2, bytes, 0, bytes.length);
  c.changed(1, EVENTS.hash, "hincrbyfloat");
  c.reply.bulk(bytes, 0, bytes.length);
}
