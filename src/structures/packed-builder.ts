import { copyBytes, copyShort, equalBytes, type Span } from "../lib/bytes.ts";
import { areSymbols } from "../lib/symbols.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import {
  codeFor,
  codeForInteger,
  DECODED_BYTES_MAX,
  decode,
  encodeInteger,
  LENGTH_16,
  LENGTH_OF,
  lengthBytes,
  longSize,
  ONE_SYMBOL,
  SIZE_OF,
  sizeFor,
  writeContent,
} from "./text-codes.ts";

/** The number of elements, as in a block. */
const HEADER_BYTES = 2;
const ROOM_BYTES = 4096;
/** A buffer of more bytes is not kept. */
const KEPT_BYTES_MAX = 1 << 20;
/** An element takes at most so many bytes beside its text: a code, and the lengths of a long content. */
const FRAME_BYTES_MAX = 9;
const INTEGER_BYTES_MAX = 8;
/** Texts up to this length are copied by a loop. */
const LOOP_TEXT_MAX = 40;
/** Below this many bytes a loop over words is faster than a call into native code. */
const LOOP_BYTES_MAX = 256;
/** Bits of the filter that knows of most elements that they are new: so many for each. */
const FILTER_BITS_EACH = 64;
const FILTER_BITS_MIN = 512;
const HASH_FACTOR = 0x9e37_79b1 | 0;

/**
 * Makes a packed list (packed-list.ts) element by element, each behind the last, and then its block at once: what `insert` makes, without
 * moving a block for every element.
 *
 * Invariants
 * 1. The buffer is as a block is: header and contents from its start on, the codes at its end, the first element's last. Start and end are
 *    where words begin, as a block's are, so that whole words can be copied.
 * 2. The arena has nothing of the list before `finish`.
 */
export class PackedBuilder {
  /** Number of elements. */
  count = 0;
  private buffer = new Uint8Array(ROOM_BYTES);
  private words = new Int32Array(this.buffer.buffer);
  /** Where the last element's content begins and ends. */
  private last = HEADER_BYTES;
  private at = HEADER_BYTES;
  private view = new DataView(this.buffer.buffer);
  private filter = new Int32Array(FILTER_BITS_MIN >> 5);
  private readonly decoded = new Uint8Array(DECODED_BYTES_MAX);

  constructor(private readonly arena: Arena) {}

  /** Starts an empty list. */
  begin(): void {
    this.count = 0;
    this.last = this.at = HEADER_BYTES;
    if (this.buffer.length <= KEPT_BYTES_MAX) return;
    this.setRoom(ROOM_BYTES);
    this.filter = new Int32Array(FILTER_BITS_MIN >> 5);
  }

  /** Bytes of the list. */
  get bytes(): number {
    return this.at + this.count;
  }

  /** Adds a text, of which a list can have ELEMENTS_MAX. */
  text(buf: Uint8Array, start: number, len: number): void {
    if (len <= LOOP_TEXT_MAX && len > 0 && !areSymbols(buf, start, 1)) {
      this.shortText(buf, start, len);
      return;
    }
    const code = codeFor(buf, start, len);
    this.push(code, len + FRAME_BYTES_MAX);
    writeContent(code, buf, start, len, this.buffer, this.last);
    this.at = this.last + sizeFor(code, len);
  }

  /** Adds a text that is held as it is, as most are: `text` without asking for its form. */
  private shortText(buf: Uint8Array, start: number, len: number): void {
    this.push(len, len + FRAME_BYTES_MAX);
    const { buffer, last } = this;
    this.at = last + len;
    copyShort(buf, start, len, buffer, last);
  }

  /** Adds the text of an integer of 32 bits. */
  integer(value: number): void {
    const code = codeForInteger(value);
    this.push(code, INTEGER_BYTES_MAX);
    encodeInteger(code, value, this.buffer, this.last);
    this.at = this.last + SIZE_OF[code];
  }

  /** Adds the code of an element that may take so many bytes. */
  private push(code: number, room: number): void {
    const { at, count } = this;
    if (at + count + room > this.buffer.length) this.grow(room);
    this.last = at;
    this.count = count + 1;
    this.buffer[this.buffer.length - 1 - count] = code;
  }

  private grow(room: number): void {
    const { buffer, at, count } = this;
    this.setRoom(((at + count + room) * 2 + 7) & ~7);
    copyBytes(buffer, 0, at, this.buffer, 0);
    copyBytes(buffer, buffer.length - count, count, this.buffer, this.buffer.length - count);
  }

  private setRoom(bytes: number): void {
    this.buffer = new Uint8Array(bytes);
    this.words = new Int32Array(this.buffer.buffer);
    this.view = new DataView(this.buffer.buffer);
  }

  /** Takes out the last element, which must not have been taken out before. */
  removeLast(): void {
    this.at = this.last;
    this.count--;
  }

  /** The text of the last element; valid until another one is added or read. */
  readLast(out: Span): void {
    const { buffer, last } = this;
    const code = buffer[buffer.length - this.count];
    if (code < ONE_SYMBOL) {
      out.set(buffer, last, code);
    } else if (code < LENGTH_16) {
      decode(code, buffer, last, this.decoded, 0);
      out.set(this.decoded, 0, LENGTH_OF[code]);
    } else {
      out.set(buffer, last + lengthBytes(code), this.lengthAt(last, code));
    }
  }

  /** Whether one of the elements `first`, `first` + `stride` and so on is there twice. */
  hasRepeated(stride: number, first: number): boolean {
    const { buffer, count } = this;
    const codesEnd = buffer.length;
    const shift = this.clearFilter(count);
    const { filter } = this;
    let at = HEADER_BYTES;
    let next = first;
    for (let i = 0; i < count; i++) {
      const code = buffer[codesEnd - 1 - i];
      const size = code < LENGTH_16 ? SIZE_OF[code] : longSize(code, this.lengthAt(at, code));
      if (i === next) {
        const bits = this.hashOf(code, at, size) >>> shift;
        const bit = 1 << (bits & 31);
        if ((filter[bits >> 5] & bit) !== 0 && this.isBefore(i, at, size, stride, first)) return true;
        filter[bits >> 5] |= bit;
        next += stride;
      }
      at += size;
    }
    return false;
  }

  /** Makes the filter one for so many elements; returns by how much a hash is to be shifted for it. */
  private clearFilter(elements: number): number {
    const shift = Math.clz32(Math.max(FILTER_BITS_MIN, elements * FILTER_BITS_EACH) - 1);
    const words = 1 << (27 - shift);
    if (this.filter.length < words) this.filter = new Int32Array(words);
    const { filter } = this;
    for (let i = 0; i < words; i++) filter[i] = 0;
    return shift;
  }

  private hashOf(code: number, at: number, size: number): number {
    const { view, buffer } = this;
    const end = at + size;
    let hash = code;
    let i = at;
    for (; i + 4 <= end; i += 4) {
      hash = Math.imul(hash ^ view.getInt32(i, true), HASH_FACTOR);
      hash ^= hash >>> 15;
    }
    for (; i < end; i++) hash = Math.imul(hash ^ buffer[i], HASH_FACTOR);
    return Math.imul(hash ^ (hash >>> 15), HASH_FACTOR);
  }

  /** Whether an element before number `index` is as that, whose content is at `from`. */
  private isBefore(index: number, from: number, size: number, stride: number, first: number): boolean {
    const { buffer } = this;
    const codesEnd = buffer.length;
    const wanted = buffer[codesEnd - 1 - index];
    let at = HEADER_BYTES;
    for (let i = 0; i < index; i++) {
      const code = buffer[codesEnd - 1 - i];
      const isAsked = (i - first) % stride === 0;
      if (code === wanted && isAsked && equalBytes(buffer, at, buffer, from, size)) return true;
      at += code < LENGTH_16 ? SIZE_OF[code] : longSize(code, this.lengthAt(at, code));
    }
    return false;
  }

  /** The length that a long content begins with. */
  private lengthAt(at: number, code: number): number {
    let len = 0;
    for (let i = lengthBytes(code) - 1; i >= 0; i--) len = (len << 8) | this.buffer[at + i];
    return len;
  }

  /** The block of the list, which is the caller's, and has `bytes` bytes; NULL when there are no elements. Begin again after it. */
  finish(): Ptr {
    const { count, bytes, buffer } = this;
    if (count === 0) return NULL;
    buffer[0] = count;
    buffer[1] = count >> 8;
    const p = this.arena.alloc(bytes);
    const start = (p & UNIT_MASK) << 3;
    const end = start + blockBytes(bytes);
    if (bytes <= LOOP_BYTES_MAX) this.copyWords(p >>> SEGMENT_SHIFT, start, end);
    else this.copyRanges(this.arena.u8[p >>> SEGMENT_SHIFT], start, end);
    return p;
  }

  private copyRanges(u8: Uint8Array, start: number, end: number): void {
    const { buffer, at, count } = this;
    copyBytes(buffer, 0, at, u8, start);
    copyBytes(buffer, buffer.length - count, count, u8, end - count);
  }

  private copyWords(segment: number, start: number, end: number): void {
    const { buffer, words, at, count } = this;
    const u8 = this.arena.u8[segment];
    const i32 = this.arena.i32[segment];
    const contentWords = at >> 2;
    for (let i = 0, to = start >> 2; i < contentWords; i++) i32[to + i] = words[i];
    for (let i = contentWords << 2; i < at; i++) u8[start + i] = buffer[i];
    const codeWords = count >> 2;
    for (let i = 1; i <= codeWords; i++) i32[(end >> 2) - i] = words[words.length - i];
    for (let i = (codeWords << 2) + 1; i <= count; i++) u8[end - i] = buffer[buffer.length - i];
  }
}
