import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { journalSet, reshapeString, SAME_DEADLINE } from "../command/string-values.ts";
import { copyBytes, encode } from "../lib/bytes.ts";
import {
  digitCount,
  formatBigInteger,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  parseBigInteger,
  parseInteger,
} from "../lib/integer.ts";
import { addLongDoubles, type LongDouble, longDoubleOf, parseLongDouble } from "../lib/long-double.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { INT } from "../types/kinds.ts";
import { textEncoding } from "../types/string.ts";

export const incr = command({
  name: "incr",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "1.0.0",
  summary: "Adds one to the integer in a key; a missing key counts as 0.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    increment(c, 1);
  },
});

export const decr = command({
  name: "decr",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "1.0.0",
  summary: "Takes one from the integer in a key; a missing key counts as 0.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    increment(c, -1);
  },
});

export const incrby = command({
  name: "incrby",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "1.0.0",
  summary: "Adds to the integer in a key; a missing key counts as 0.",
  complexity: "O(1)",
  syntax: "key:key increment:integer",
  run(c) {
    const by = c.integer(2);
    if (!c.failed) increment(c, by);
  },
});

export const decrby = command({
  name: "decrby",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "1.0.0",
  summary: "Subtracts from the integer in a key; a missing key counts as 0.",
  complexity: "O(1)",
  syntax: "key:key decrement:integer",
  run(c) {
    const by = c.integer(2);
    if (by === Number.NEGATIVE_INFINITY && exactly(c, by) === INT64_MIN) c.fail(ERRORS.decrementOverflow);
    if (!c.failed) increment(c, -by);
  },
});

export const incrbyfloat = command({
  name: "incrbyfloat",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "2.6.0",
  summary: "Adds to the number in a key; a missing key counts as 0.",
  complexity: "O(1)",
  syntax: "key:key increment:double",
  run(c) {
    const e = c.writeString(1);
    if (c.failed) return;
    const old = e === NULL ? longDoubleOf(0) : parseValue(c, e);
    const by = parseLongDouble(c.args.buf, c.args.start[2], c.args.len[2]);
    if (old === undefined || by === undefined) {
      c.fail(ERRORS.notFloat);
      return;
    }
    const sum = addLongDoubles(old, by);
    if (sum === undefined) c.fail(ERRORS.incrementNanOrInfinity);
    else storeFloat(c, e, sum);
  },
});

/** Adds to the integer in key 1. An infinite `by` stands for argument 2 or its negative, whichever has that sign. */
function increment(c: Call, by: number): void {
  const e = c.writeString(1);
  if (c.failed) return;
  const { span } = c;
  let old = 0;
  if (e !== NULL) {
    c.entries.value(e, span);
    old = parseInteger(span.buf, span.start, span.len);
    if (Number.isNaN(old)) {
      c.fail(ERRORS.notInteger);
      return;
    }
  }
  const sum = old + by;
  // Also false for NaN, the sum of two different infinities.
  if (!(Math.abs(sum) <= Number.MAX_SAFE_INTEGER)) {
    incrementExactly(c, e, by);
    return;
  }
  reshapeString(c, e, INT, digitCount(sum));
  formatInteger(sum, span.buf, span.start);
  c.changed(1, EVENTS.string, "incrby");
  c.reply.integer(sum);
}

/** The same beyond 2^53. The old value is in the span. */
function incrementExactly(c: Call, e: Ptr, by: number): void {
  const { span } = c;
  const old = e === NULL ? 0n : parseBigInteger(span.buf, span.start, span.len)!;
  const sum = old + exactly(c, by);
  if (sum < INT64_MIN || sum > INT64_MAX) {
    c.fail(ERRORS.overflow);
    return;
  }
  reshapeString(c, e, INT, sum.toString().length);
  formatBigInteger(sum, span.buf, span.start);
  c.changed(1, EVENTS.string, "incrby");
  c.reply.bigInteger(sum);
}

function exactly(c: Call, by: number): bigint {
  if (Number.isFinite(by)) return BigInt(by);
  const argument = parseBigInteger(c.args.buf, c.args.start[2], c.args.len[2])!;
  return by > 0 === argument > 0n ? argument : -argument;
}

function parseValue(c: Call, e: Ptr): LongDouble | undefined {
  c.entries.value(e, c.span);
  return parseLongDouble(c.span.buf, c.span.start, c.span.len);
}

function storeFloat(c: Call, e: Ptr, text: string): void {
  const bytes = encode(text);
  reshapeString(c, e, textEncoding(bytes.length), bytes.length);
  copyBytes(bytes, 0, bytes.length, c.span.buf, c.span.start);
  c.changed(1, EVENTS.string, "incrbyfloat");
  journalSet(c, bytes, 0, bytes.length, SAME_DEADLINE);
  c.reply.bulk(bytes, 0, bytes.length);
}
