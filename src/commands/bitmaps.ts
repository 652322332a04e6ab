import { readBitOffset } from "../command/bit-offset.ts";
import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { IndexRange, isBackwards } from "../command/index-range.ts";
import { deleteTarget } from "../command/store-target.ts";
import { growString } from "../command/string-values.ts";
import { type BitOperation, bitOperation } from "../lib/bit-op.ts";
import { countBitsBetween, findBit } from "../lib/bits.ts";
import { Span } from "../lib/bytes.ts";
import { NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { INLINE_VALUE_BYTES_MAX } from "../structures/entry.ts";
import { RAW_STRING } from "../types/string.ts";

const OPERATIONS = new Map<string, BitOperation>([
  ["AND", "and"],
  ["OR", "or"],
  ["XOR", "xor"],
  ["NOT", "not"],
  ["DIFF", "diff"],
  ["DIFF1", "diff1"],
  ["ANDOR", "andor"],
  ["ONE", "one"],
]);
const NEEDS_TWO_SOURCES = new Set(["DIFF", "DIFF1", "ANDOR"]);
const smallResult = new Uint8Array(INLINE_VALUE_BYTES_MAX);
const range = new IndexRange();

export const setbit = command({
  name: "setbit",
  arity: 4,
  flags: ["write", "denyoom"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RW access update")],
  group: "bitmap",
  since: "2.2.0",
  summary: "Sets or clears one bit of a key's value and gives the bit it was.",
  complexity: "O(1)",
  syntax: "key:key offset:integer value:integer",
  run(c) {
    const offset = readBitOffset(c, 2);
    const bit = c.integerBetween(3, 0, 1, ERRORS.bitValue);
    if (c.failed) return;
    const e = c.writeString(1);
    if (c.failed) return;
    const at = Math.floor(offset / 8);
    const grows = e === NULL || c.entries.valueLength(e) <= at;
    growString(c, 1, e, at + 1);
    const { buf, start } = c.span;
    const shift = 7 - (offset & 7);
    const old = (buf[start + at] >>> shift) & 1;
    buf[start + at] ^= (old ^ bit) << shift;
    if (grows || old !== bit) c.changed(1, EVENTS.string, "setbit");
    c.reply.integer(old);
  },
});

export const getbit = command({
  name: "getbit",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RO access")],
  group: "bitmap",
  since: "2.2.0",
  summary: "Gives one bit of a key's value.",
  complexity: "O(1)",
  syntax: "key:key offset:integer",
  run(c) {
    const offset = readBitOffset(c, 2);
    if (c.failed) return;
    const e = c.readString(1);
    if (c.failed) return;
    const at = Math.floor(offset / 8);
    if (e === NULL || at >= c.entries.valueLength(e)) {
      c.reply.integer(0);
      return;
    }
    c.entries.value(e, c.span);
    c.reply.integer((c.span.buf[c.span.start + at] >>> (7 - (offset & 7))) & 1);
  },
});

export const bitcount = command({
  name: "bitcount",
  arity: -2,
  flags: ["readonly"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RO access")],
  group: "bitmap",
  since: "2.6.0",
  summary: "Counts the set bits of a key's value or of a part of it.",
  complexity: "O(N) with the length of the part",
  syntax: "key:key [range(start:integer end:integer [unit<byte=BYTE | bit=BIT>@7.0.0])]",
  run(c) {
    const e = c.readString(1);
    if (c.failed) return;
    if (e === NULL) {
      c.reply.integer(0);
      return;
    }
    const whole = c.argc === 2;
    if (!whole && c.argc !== 4 && c.argc !== 5) c.fail(ERRORS.syntax);
    const first = whole ? 0 : c.integer(2);
    const last = whole ? -1 : c.integer(3);
    if (c.failed) return;
    // Redis answers before it looks at the unit.
    const empty = isBackwards(first, last);
    const bitwise = !empty && c.argc === 5 && readUnit(c, 4);
    if (!c.failed) c.reply.integer(empty ? 0 : countRange(c, e, first, last, bitwise));
  },
});

export const bitpos = command({
  name: "bitpos",
  arity: -3,
  flags: ["readonly"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RO access")],
  group: "bitmap",
  since: "2.8.7",
  summary: "Finds the first set or clear bit of a key's value or of a part of it.",
  complexity: "O(N) with the length of the part",
  syntax: "key:key bit:integer [range(start:integer [end-unit-block(end:integer [unit<byte=BYTE | bit=BIT>@7.0.0])])]",
  run(c) {
    const bit = c.integer(2);
    if (bit !== 0 && bit !== 1) c.failText("ERR The bit argument must be 1 or 0.");
    if (c.failed) return;
    const e = c.readString(1);
    if (c.failed) return;
    if (e === NULL) {
      c.reply.integer(bit === 1 ? -1 : 0);
      return;
    }
    if (c.argc > 6) c.fail(ERRORS.syntax);
    const first = c.argc > 3 ? c.integer(3) : 0;
    const bitwise = c.argc === 6 && readUnit(c, 5);
    const last = c.argc > 4 ? c.integer(4) : -1;
    if (!c.failed) c.reply.integer(findInRange(c, e, bit as 0 | 1, first, last, bitwise));
  },
});

export const bitop = command({
  name: "bitop",
  arity: -4,
  flags: ["write", "denyoom"],
  categories: ["bitmap"],
  keys: [keysAt(2, "OW update"), keysAt(3, "RO access", -1)],
  group: "bitmap",
  since: "2.6.0",
  summary: "Combines the values of several keys bit by bit and stores the result in another.",
  complexity: "O(N) with the length of all values",
  syntax:
    "operation<and=AND | or=OR | xor=XOR | not=NOT | diff=DIFF | diff1=DIFF1 | andor=ANDOR | one=ONE> destkey:key key:key#1...",
  run(c) {
    const word = c.args.text(1).toUpperCase();
    const operation = OPERATIONS.get(word);
    if (operation === undefined) c.fail(ERRORS.syntax);
    else if (word === "NOT" && c.argc !== 4) c.failText("ERR BITOP NOT must be called with a single source key.");
    else if (NEEDS_TWO_SOURCES.has(word) && c.argc < 5) {
      c.failText(`ERR BITOP ${word} must be called with at least two source keys.`);
    }
    if (c.failed) return;
    const sources = readSources(c);
    if (!c.failed) combine(c, operation!, sources);
  },
});

/** Whether argument i says BIT, and not BYTE; fails when it says neither. */
function readUnit(c: Call, i: number): boolean {
  if (c.args.is(i, "BIT")) return true;
  if (!c.args.is(i, "BYTE")) c.fail(ERRORS.syntax);
  return false;
}

/** Makes `range` the bits between two positions of an entry's value, in bytes or bits. False when there are none. */
function resolveBits(c: Call, e: Ptr, first: number, last: number, bitwise: boolean): boolean {
  const bytes = c.entries.valueLength(e);
  if (!range.resolve(first, last, bitwise ? bytes * 8 : bytes)) return false;
  if (!bitwise) {
    range.first *= 8;
    range.last = range.last * 8 + 7;
  }
  c.entries.value(e, c.span);
  return true;
}

function countRange(c: Call, e: Ptr, first: number, last: number, bitwise: boolean): number {
  if (!resolveBits(c, e, first, last, bitwise)) return 0;
  return countBitsBetween(c.span.buf, c.span.start, range.first, range.last);
}

function findInRange(c: Call, e: Ptr, bit: 0 | 1, first: number, last: number, bitwise: boolean): number {
  if (!resolveBits(c, e, first, last, bitwise)) return -1;
  const found = findBit(c.span.buf, c.span.start, bit, range.first, range.last);
  // Without an end the value counts as followed by clear bits.
  return found < 0 && bit === 0 && c.argc <= 4 ? range.last + 1 : found;
}

/** The bytes of all source keys; none for a missing one. */
function readSources(c: Call): Span[] {
  const sources: Span[] = [];
  for (let i = 3; i < c.argc && !c.failed; i++) {
    const e = c.readString(i);
    const span = new Span();
    if (e !== NULL) c.entries.value(e, span);
    sources.push(span);
  }
  return sources;
}

/** Stores the result in the key of argument 2. It is complete before that key, which may be a source, is touched. */
function combine(c: Call, operation: BitOperation, sources: readonly Span[]): void {
  const bytes = sources.reduce((most, source) => Math.max(most, source.len), 0);
  if (bytes === 0) deleteTarget(c, 2);
  else if (bytes <= INLINE_VALUE_BYTES_MAX) storeSmall(c, operation, sources, bytes);
  else storeLarge(c, operation, sources, bytes);
  c.reply.integer(bytes);
}

function storeSmall(c: Call, operation: BitOperation, sources: readonly Span[], bytes: number): void {
  bitOperation(operation, sources, smallResult, 0, bytes);
  const { buf, start, len } = c.args;
  const old = c.write(2);
  c.db.setString(old, buf, start[2], len[2], c.keyHash, RAW_STRING, smallResult, 0, bytes, 0);
  c.changed(2, EVENTS.string, "set");
}

/** The result is made in the block that the key will refer to. */
function storeLarge(c: Call, operation: BitOperation, sources: readonly Span[], bytes: number): void {
  const { arena } = c.entries;
  const block = arena.alloc(bytes);
  bitOperation(operation, sources, arena.u8[block >>> SEGMENT_SHIFT], (block & UNIT_MASK) << 3, bytes);
  const { buf, start, len } = c.args;
  const old = c.write(2);
  c.db.putReference(old, buf, start[2], len[2], c.keyHash, RAW_STRING, block, bytes, 0);
  c.changed(2, EVENTS.string, "set");
}
