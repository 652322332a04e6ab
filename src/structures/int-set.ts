import { copyBytes, type Span } from "../lib/bytes.ts";
import { formatBigInteger, formatInteger, INTEGER_TEXT_MAX, parseBigInteger, parseInteger } from "../lib/integer.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";

/**
 * A set of 64-bit integers as one block: a word with the binary logarithm of their width in bytes (1, 2 or 3), then the integers, from
 * the least to the greatest.
 *
 * Invariants
 * 1. A set is a pointer and its length in bytes, from which the number of integers follows. Who has a set keeps both, and takes them
 *    over from `p` and `bytes` after every mutation. There is no capacity: a block is always of the size class that its length asks for.
 * 2. An empty set has no block: it is NULL and EMPTY_BYTES.
 * 3. All integers have the width of the widest that ever was in the set: sets do not become narrower while they exist.
 * 4. An integer travels as two words, the high and the low one, so that all 64 bits are exact.
 */
export const EMPTY_BYTES = 4;
/** The largest block stays well below what an index of bytes may be. */
export const INTEGERS_MAX = 1 << 26;

const TWO_32 = 4_294_967_296;
const SHORT = 1;
const WORD = 2;
const DOUBLE_WORD = 3;

/** One set of integers at a time, and the integer that is looked for in it. */
export class IntSet {
  /** The open set: its block, and its length in bytes. */
  p: Ptr = NULL;
  bytes = EMPTY_BYTES;
  /** Its number of integers. */
  count = 0;
  /** Where the integer that `find` was asked for is, or would be. */
  index = 0;

  private readonly bytesOf: Uint8Array[];
  private readonly wordsOf: Int32Array[];
  private u8: Uint8Array = new Uint8Array(0);
  private i32: Int32Array = new Int32Array(0);
  /** The index of the first integer, in words of its segment. */
  private first = 0;
  private shift = SHORT;
  /** The integer that is looked for, and the one that was read. */
  private high = 0;
  private low = 0;
  private readHigh = 0;
  private readLow = 0;
  private readonly text = new Uint8Array(INTEGER_TEXT_MAX);

  constructor(private readonly arena: Arena) {
    this.bytesOf = arena.u8;
    this.wordsOf = arena.i32;
  }

  open(p: Ptr, bytes: number): void {
    this.p = p;
    this.bytes = bytes;
    if (p === NULL) {
      this.count = 0;
      this.shift = SHORT;
      return;
    }
    this.u8 = this.bytesOf[p >>> SEGMENT_SHIFT];
    this.i32 = this.wordsOf[p >>> SEGMENT_SHIFT];
    const word = (p & UNIT_MASK) << 1;
    this.first = word + 1;
    this.shift = this.i32[word];
    this.count = (bytes - EMPTY_BYTES) >> this.shift;
  }

  /** Frees the open set. */
  free(): void {
    if (this.p !== NULL) this.arena.free(this.p, this.bytes);
    this.open(NULL, EMPTY_BYTES);
  }

  /** A new block of `bytes` bytes with the same integers; NULL when there are none. */
  copy(): Ptr {
    if (this.p === NULL) return NULL;
    const copy = this.arena.alloc(this.bytes);
    copyBytes(
      this.u8,
      (this.first - 1) << 2,
      this.bytes,
      this.bytesOf[copy >>> SEGMENT_SHIFT],
      (copy & UNIT_MASK) << 3,
    );
    return copy;
  }

  /**
   * Opens a new set of the integers at buf[start], one at least, each of 2^`shift` bytes (1 to 3), the lowest first. False when they are not
   * from the least to the greatest; no set is open then.
   */
  load(buf: Uint8Array, start: number, shift: number, count: number): boolean {
    this.openNew(EMPTY_BYTES + (count << shift), shift);
    copyBytes(buf, start, count << shift, this.u8, this.first << 2);
    for (let i = 1; i < count; i++) {
      this.wantAt(i - 1);
      if (this.compare(i) > 0) continue;
      this.free();
      return false;
    }
    return true;
  }

  /** Makes integer i the one that is looked for. */
  private wantAt(i: number): void {
    this.fetch(i, this.shift);
    this.high = this.readHigh;
    this.low = this.readLow;
  }

  /** Makes the integer that the bytes spell the one that is looked for. False when they spell none. */
  want(buf: Uint8Array, start: number, len: number): boolean {
    const value = parseInteger(buf, start, len);
    if (Number.isNaN(value)) return false;
    if (value === (value | 0)) {
      this.low = value | 0;
      this.high = this.low >> 31;
    } else if (Number.isFinite(value)) {
      this.low = value | 0;
      this.high = Math.floor(value / TWO_32);
    } else {
      const exact = parseBigInteger(buf, start, len)!;
      this.low = Number(BigInt.asIntN(32, exact));
      this.high = Number(exact >> 32n);
    }
    return true;
  }

  /** Whether the integer that is looked for is in the set. */
  find(): boolean {
    const { count, high, low } = this;
    if (count === 0 || widthShift(high, low) > this.shift) {
      this.index = high < 0 ? 0 : count;
      return false;
    }
    // Integers often come in ascending order.
    const last = this.compare(count - 1);
    if (last <= 0) {
      this.index = last === 0 ? count - 1 : count;
      return last === 0;
    }
    return this.search(count - 1);
  }

  /** Looks among the first `count` integers. */
  private search(count: number): boolean {
    let from = 0;
    let end = count;
    while (from < end) {
      const middle = (from + end) >>> 1;
      const order = this.compare(middle);
      if (order === 0) {
        this.index = middle;
        return true;
      }
      if (order < 0) from = middle + 1;
      else end = middle;
    }
    this.index = from;
    return false;
  }

  /** The order of integer i and the one that is looked for, which is no wider. */
  private compare(i: number): number {
    const { shift, first, low } = this;
    if (shift === WORD) return orderOf(this.i32[first + i], low);
    if (shift === SHORT) return this.shortAt(i) - low;
    const high = this.i32[first + 2 * i + 1];
    return high === this.high ? orderOf(this.i32[first + 2 * i] >>> 0, low >>> 0) : orderOf(high, this.high);
  }

  private shortAt(i: number): number {
    const at = (this.first << 2) + 2 * i;
    return ((this.u8[at] | (this.u8[at + 1] << 8)) << 16) >> 16;
  }

  /** Adds the integer that was looked for and not found. */
  insert(): void {
    const width = widthShift(this.high, this.low);
    if (width > this.shift || this.p === NULL) this.widen(Math.max(width, this.shift));
    else this.splice(0, 1);
    this.store(this.index, this.high, this.low);
  }

  /** Takes out integer i. */
  remove(i: number): void {
    if (this.count === 1) {
      this.free();
      return;
    }
    this.index = i;
    this.splice(1, 0);
  }

  /** Makes room for `added` integers in the place of `removed` at the index. */
  private splice(removed: number, added: number): void {
    const { u8, shift, index } = this;
    const bytes = this.bytes + ((added - removed) << shift);
    const start = this.first << 2;
    const before = index << shift;
    const from = start + ((index + removed) << shift);
    const after = (this.count - index - removed) << shift;
    if (blockBytes(bytes) === blockBytes(this.bytes)) {
      if (after > 0) copyBytes(u8, from, after, u8, start + before + (added << shift));
      this.bytes = bytes;
      this.count += added - removed;
      return;
    }
    const { p, bytes: oldBytes } = this;
    this.openNew(bytes, shift);
    const to = this.first << 2;
    copyBytes(u8, start, before, this.u8, to);
    copyBytes(u8, from, after, this.u8, to + before + (added << shift));
    this.arena.free(p, oldBytes);
  }

  /** Makes room for one more integer at the index, with all integers of that width. */
  private widen(shift: number): void {
    const { p, bytes, count, first, shift: oldShift, u8, index } = this;
    this.openNew(EMPTY_BYTES + ((count + 1) << shift), shift);
    if (p === NULL) return;
    // From the last on, so that no integer is written over before it was read.
    copyBytes(u8, first << 2, count << oldShift, this.u8, this.first << 2);
    for (let i = count - 1; i >= 0; i--) {
      this.fetch(i, oldShift);
      this.store(i < index ? i : i + 1, this.readHigh, this.readLow);
    }
    this.arena.free(p, bytes);
  }

  /** Opens a new block whose integers are yet to be written. */
  private openNew(bytes: number, shift: number): void {
    const block = this.arena.alloc(bytes);
    this.wordsOf[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) << 1] = shift;
    this.open(block, bytes);
  }

  /** Reads integer i of a block of integers of that width. */
  private fetch(i: number, shift: number): void {
    const { first } = this;
    if (shift === DOUBLE_WORD) {
      this.readLow = this.i32[first + 2 * i];
      this.readHigh = this.i32[first + 2 * i + 1];
      return;
    }
    this.readLow = shift === WORD ? this.i32[first + i] : this.shortAt(i);
    this.readHigh = this.readLow >> 31;
  }

  private store(i: number, high: number, low: number): void {
    const { shift, first } = this;
    if (shift === SHORT) {
      const at = (first << 2) + 2 * i;
      this.u8[at] = low;
      this.u8[at + 1] = low >> 8;
    } else if (shift === WORD) {
      this.i32[first + i] = low;
    } else {
      this.i32[first + 2 * i] = low;
      this.i32[first + 2 * i + 1] = high;
    }
  }

  /** The text of integer i; valid until the next read. */
  read(i: number, out: Span): void {
    this.fetch(i, this.shift);
    const { readHigh, readLow, text } = this;
    out.set(text, 0, this.format(readHigh, readLow));
  }

  private format(high: number, low: number): number {
    const { text } = this;
    if (high === low >> 31) return formatInteger(low, text, 0);
    const value = high * TWO_32 + (low >>> 0);
    if (Number.isSafeInteger(value)) return formatInteger(value, text, 0);
    return formatBigInteger((BigInt(high) << 32n) | BigInt(low >>> 0), text, 0);
  }
}

/** The width that an integer needs. */
function widthShift(high: number, low: number): number {
  if (high !== low >> 31) return DOUBLE_WORD;
  return low === (low << 16) >> 16 ? SHORT : WORD;
}

function orderOf(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
