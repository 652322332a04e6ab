import { copyBytes, equalsWords, type Span } from "../lib/bytes.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";

/**
 * An entry is a name with what belongs to it: a key of the keyspace, a field of a big hash, a member of a big set. One block holds
 *
 *     word 0   type (4 bits) | encoding (4) | flags (8) | name length (16; all ones: LONG_NAME)
 *     word 1   access clock (24) | value length (8), used when the value has no length word
 *     TIMED      16 bytes: deadline in ms (double), next and previous entry of its wheel slot
 *     LENGTH      4 bytes: length of the value that follows the name
 *     REFERENCE   8 bytes: pointer to the value's own block, and its length in bytes
 *     LONG_NAME   4 bytes: length of the name
 *     name, then the value unless REFERENCE
 *
 * Invariants
 * 1. At most one of LENGTH and REFERENCE is set. Without both the value is in the block and at most 255 bytes long.
 * 2. `bytesOf` follows from the words alone: that is how a block is freed without a header of the allocator.
 * 3. Flags and lengths never change in place in a way that moves the name: a different layout is a new block.
 */
export const TIMED = 1;
export const LENGTH = 2;
export const REFERENCE = 4;
export const LONG_NAME = 8;
/** The value is a collection with elements that end: see hash-deadlines.ts. */
export const TIMED_FIELDS = 16;
const MAY_END = (TIMED | TIMED_FIELDS) << 8;

const LONG_NAME_BYTES = 0xffff;
const SHORT_VALUE_BYTES_MAX = 255;
/** Larger values get their own block, so that a new deadline or a grown value does not copy them. */
export const INLINE_VALUE_BYTES_MAX = 4096;
const TIMED_BYTES = 16;

/** Offset of the name for each combination of flags. */
const NAME_OFFSET = Uint8Array.from({ length: 16 }, (_, flags) => {
  const timed = flags & TIMED ? TIMED_BYTES : 0;
  const length = flags & LENGTH ? 4 : 0;
  const reference = flags & REFERENCE ? 8 : 0;
  return 8 + timed + length + reference + (flags & LONG_NAME ? 4 : 0);
});

export class Entries {
  private readonly u8: Uint8Array[];
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];

  constructor(readonly arena: Arena) {
    this.u8 = arena.u8;
    this.i32 = arena.i32;
    this.f64 = arena.f64;
  }

  /** Word 0 whole: type, encoding, flags and name length. */
  head(e: Ptr): number {
    return this.i32[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) << 1];
  }

  type(e: Ptr): number {
    return this.head(e) & 15;
  }

  encoding(e: Ptr): number {
    return (this.head(e) >>> 4) & 15;
  }

  setEncoding(e: Ptr, encoding: number): void {
    const at = (e & UNIT_MASK) << 1;
    const words = this.i32[e >>> SEGMENT_SHIFT];
    words[at] = (words[at] & ~0xf0) | (encoding << 4);
  }

  isTimed(e: Ptr): boolean {
    return (this.head(e) & (TIMED << 8)) !== 0;
  }

  hasTimedFields(e: Ptr): boolean {
    return (this.head(e) & (TIMED_FIELDS << 8)) !== 0;
  }

  setTimedFields(e: Ptr): void {
    this.i32[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) << 1] |= TIMED_FIELDS << 8;
  }

  /** Whether the entry, or elements of its value, may have ended. */
  mayEnd(e: Ptr): boolean {
    return (this.head(e) & MAY_END) !== 0;
  }

  /** The 24 bits of the access clock. */
  access(e: Ptr): number {
    return this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + 1] & 0xffffff;
  }

  setAccess(e: Ptr, access: number): void {
    const at = ((e & UNIT_MASK) << 1) + 1;
    const words = this.i32[e >>> SEGMENT_SHIFT];
    words[at] = (words[at] & ~0xffffff) | access;
  }

  /** Unix time in ms at which the entry ends; Infinity when it has none. */
  deadline(e: Ptr): number {
    if (!this.isTimed(e)) return Number.POSITIVE_INFINITY;
    return this.f64[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) + 1];
  }

  setDeadline(e: Ptr, deadlineMs: number): void {
    this.f64[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) + 1] = deadlineMs;
  }

  nameLength(e: Ptr): number {
    const head = this.head(e);
    const short = head >>> 16;
    if (short !== LONG_NAME_BYTES) return short;
    return this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + (NAME_OFFSET[(head >>> 8) & 15] >> 2) - 1];
  }

  /** Byte index of the name in its segment. */
  nameStart(e: Ptr): number {
    return ((e & UNIT_MASK) << 3) + NAME_OFFSET[(this.head(e) >>> 8) & 15];
  }

  segment(e: Ptr): Uint8Array {
    return this.u8[e >>> SEGMENT_SHIFT];
  }

  nameEquals(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = (e & UNIT_MASK) << 1;
    const head = words[at];
    if (head >>> 16 !== Math.min(len, LONG_NAME_BYTES)) return false;
    if (len >= LONG_NAME_BYTES && this.nameLength(e) !== len) return false;
    return equalsWords(words, at + (NAME_OFFSET[(head >>> 8) & 15] >> 2), buf, start, len);
  }

  name(e: Ptr, out: Span): void {
    out.set(this.segment(e), this.nameStart(e), this.nameLength(e));
  }

  valueLength(e: Ptr): number {
    const head = this.head(e);
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = (e & UNIT_MASK) << 1;
    const flags = (head >>> 8) & 15;
    if ((flags & (LENGTH | REFERENCE)) === 0) return words[at + 1] >>> 24;
    const word = at + 2 + (flags & TIMED ? 4 : 0);
    return flags & LENGTH ? words[word] : words[word + 1];
  }

  /** The bytes of the value, wherever they are. */
  value(e: Ptr, out: Span): void {
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = (e & UNIT_MASK) << 1;
    const head = words[at];
    const flags = (head >>> 8) & 15;
    if (flags & (LENGTH | REFERENCE | LONG_NAME)) this.largeValue(e, out);
    else out.set(this.u8[e >>> SEGMENT_SHIFT], (at << 2) + NAME_OFFSET[flags] + (head >>> 16), words[at + 1] >>> 24);
  }

  private largeValue(e: Ptr, out: Span): void {
    const head = this.head(e);
    if (head & (REFERENCE << 8)) {
      const p = this.reference(e);
      out.set(this.u8[p >>> SEGMENT_SHIFT], (p & UNIT_MASK) << 3, this.valueLength(e));
      return;
    }
    out.set(this.segment(e), this.nameStart(e) + this.nameLength(e), this.valueLength(e));
  }

  /** The block that a REFERENCE entry points to. */
  reference(e: Ptr): Ptr {
    return this.i32[e >>> SEGMENT_SHIFT][this.referenceIndex(e)] as Ptr;
  }

  /** Points a REFERENCE entry at another block of `bytes` bytes; the caller owns the old one. */
  setReference(e: Ptr, p: Ptr, bytes: number): void {
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = this.referenceIndex(e);
    words[at] = p;
    words[at + 1] = bytes;
  }

  private referenceIndex(e: Ptr): number {
    return ((e & UNIT_MASK) << 1) + 2 + (this.isTimed(e) ? 4 : 0);
  }

  /** The bytes of the entry's own block. */
  bytesOf(e: Ptr): number {
    const head = this.head(e);
    const own = NAME_OFFSET[(head >>> 8) & 15] + this.nameLength(e);
    return head & (REFERENCE << 8) ? own : own + this.valueLength(e);
  }

  /**
   * A new entry whose value is in its block or, above INLINE_VALUE_BYTES_MAX, in a block of its own. The value's bytes are left for the
   * caller to write. The name is copied.
   */
  create(
    typeAndEncoding: number,
    timed: boolean,
    buf: Uint8Array,
    start: number,
    len: number,
    valueBytes: number,
  ): Ptr {
    if (valueBytes > INLINE_VALUE_BYTES_MAX) {
      const e = this.allocate(typeAndEncoding, REFERENCE | (timed ? TIMED : 0), buf, start, len, 0);
      this.setReference(e, this.arena.alloc(valueBytes), valueBytes);
      return e;
    }
    const flags = (valueBytes > SHORT_VALUE_BYTES_MAX ? LENGTH : 0) | (timed ? TIMED : 0);
    const e = this.allocate(typeAndEncoding, flags, buf, start, len, valueBytes);
    this.setInlineLength(e, flags, valueBytes);
    return e;
  }

  /** A new entry that refers to a value in another block: a collection's root. */
  createReference(
    typeAndEncoding: number,
    timed: boolean,
    buf: Uint8Array,
    start: number,
    len: number,
    value: Ptr,
    bytes: number,
  ): Ptr {
    const e = this.allocate(typeAndEncoding, REFERENCE | (timed ? TIMED : 0), buf, start, len, 0);
    this.setReference(e, value, bytes);
    return e;
  }

  private allocate(
    typeAndEncoding: number,
    shape: number,
    buf: Uint8Array,
    start: number,
    len: number,
    valueBytes: number,
  ): Ptr {
    const flags = len < LONG_NAME_BYTES ? shape : shape | LONG_NAME;
    const offset = NAME_OFFSET[flags];
    const e = this.arena.alloc(offset + len + valueBytes);
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = (e & UNIT_MASK) << 1;
    words[at] = typeAndEncoding | (flags << 8) | ((flags & LONG_NAME ? LONG_NAME_BYTES : len) << 16);
    words[at + 1] = 0;
    if (flags & LONG_NAME) words[at + (offset >> 2) - 1] = len;
    copyBytes(buf, start, len, this.u8[e >>> SEGMENT_SHIFT], ((e & UNIT_MASK) << 3) + offset);
    return e;
  }

  private setInlineLength(e: Ptr, flags: number, valueBytes: number): void {
    const words = this.i32[e >>> SEGMENT_SHIFT];
    const at = (e & UNIT_MASK) << 1;
    if (flags & LENGTH) words[at + 2 + (flags & TIMED ? 4 : 0)] = valueBytes;
    else words[at + 1] = (words[at + 1] & 0xffffff) | (valueBytes << 24);
  }

  /**
   * Makes room for a value of `valueBytes` in the present block, or its value block, if the same layout and size class serve; the bytes
   * beyond the old length are undefined. False when a new entry is needed.
   */
  resizeValue(e: Ptr, valueBytes: number): boolean {
    const flags = (this.head(e) >>> 8) & 15;
    const oldLength = this.valueLength(e);
    if (oldLength === valueBytes) return true;
    if (flags & REFERENCE) {
      if (valueBytes <= INLINE_VALUE_BYTES_MAX || blockBytes(oldLength) !== blockBytes(valueBytes)) return false;
      this.setReference(e, this.reference(e), valueBytes);
      return true;
    }
    const needs = valueBytes > SHORT_VALUE_BYTES_MAX ? LENGTH : 0;
    if (valueBytes > INLINE_VALUE_BYTES_MAX || needs !== (flags & LENGTH)) return false;
    const bytes = this.bytesOf(e);
    if (blockBytes(bytes) !== blockBytes(bytes - oldLength + valueBytes)) return false;
    this.setInlineLength(e, flags, valueBytes);
    return true;
  }

  /** Frees the entry's own block; the caller has freed what a REFERENCE points to. */
  release(e: Ptr): void {
    this.arena.free(e, this.bytesOf(e));
  }
}
