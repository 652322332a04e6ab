import { copyBytes, type Span } from "../../lib/bytes.ts";
import { parseInteger } from "../../lib/integer.ts";
import { LzfCompressor } from "../../lib/lzf.ts";
import {
  COMPRESSED_BYTES_MIN,
  COMPRESSION_GAIN_MIN,
  INTEGER_TEXT_BYTES_MAX,
  LENGTH_6_BITS_MAX,
  LENGTH_14_BITS,
  LENGTH_14_BITS_MAX,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  SPECIAL,
  SPECIAL_INT_8,
  SPECIAL_LZF,
} from "./codes.ts";

/** What becomes of strings that are long enough to be compressed. */
export type Compression = "now" | "later" | "never";

/** "later": of each such string two numbers, where its length is written and how long it is. */
export const MARK_WORDS = 2;
/** A length has at most so many bytes. */
export const LENGTH_BYTES_MAX = 9;
/** What stands in front of a compressed string: a byte and two lengths. */
const COMPRESSED_HEADER_MAX = 1 + 2 * LENGTH_BYTES_MAX;
const INITIAL_BYTES = 65_536;
const TWO_32 = 4_294_967_296;

/**
 * Bytes of an RDB file or payload that are being written: `buf` up to `at`.
 *
 * Invariants
 * 1. `buf` may be another one after anything was written, or room was reserved: it is read anew from here each time.
 * 2. Marks are in the order of their places and do not overlap.
 */
export class RdbOutput {
  buf: Uint8Array;
  at = 0;
  /** Strings that are to be compressed later: the first `markCount` times MARK_WORDS numbers. */
  marks = new Int32Array(256 * MARK_WORDS);
  markCount = 0;

  private readonly doubles = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.doubles.buffer);
  private lzf: LzfCompressor | undefined;

  /** `discard` is given what something larger takes the place of. */
  constructor(
    public compression: Compression = "now",
    private readonly discard: (before: Uint8Array | Int32Array) => void = () => {},
    initialBytes = INITIAL_BYTES,
  ) {
    this.buf = new Uint8Array(initialBytes);
  }

  /** Starts anew, in the same buffer or in one that takes its place. */
  reset(buf = this.buf): void {
    this.buf = buf;
    this.at = 0;
    this.markCount = 0;
  }

  /** Makes sure that so many bytes can be written at `at`. */
  reserve(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.buf.length) return;
    const before = this.buf;
    const buf = new Uint8Array(Math.max(needed, before.length * 2));
    copyBytes(before, 0, this.at, buf, 0);
    this.buf = buf;
    this.discard(before);
  }

  byte(value: number): void {
    if (this.at === this.buf.length) this.reserve(1);
    this.buf[this.at++] = value;
  }

  /** Little-endian; so with the other integers. */
  u32(value: number): void {
    this.reserve(4);
    const { buf, at } = this;
    buf[at] = value;
    buf[at + 1] = value >>> 8;
    buf[at + 2] = value >>> 16;
    buf[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  words(high: number, low: number): void {
    this.u32(low);
    this.u32(high);
  }

  /** Words of which the high one comes first, and the high byte of it: the IDs of streams. */
  wordBigEndian(value: number): void {
    this.reserve(4);
    const { buf, at } = this;
    buf[at] = value >>> 24;
    buf[at + 1] = value >>> 16;
    buf[at + 2] = value >>> 8;
    buf[at + 3] = value;
    this.at = at + 4;
  }

  /** A safe integer as 64 bits: times. */
  ms(value: number): void {
    this.words(Math.floor(value / TWO_32), value % TWO_32);
  }

  double(value: number): void {
    this.doubles[0] = value;
    this.bytes(this.doubleBytes, 0, 8);
  }

  bytes(buf: Uint8Array, start: number, len: number): void {
    this.reserve(len);
    copyBytes(buf, start, len, this.buf, this.at);
    this.at += len;
  }

  /** A length, or a number where there are often small ones. */
  length(value: number): void {
    this.reserve(LENGTH_BYTES_MAX);
    this.at = writeLength(this.buf, this.at, value);
  }

  /** A length of 64 bits. */
  lengthWords(high: number, low: number): void {
    if (high === 0) {
      this.length(low >>> 0);
      return;
    }
    this.byte(LENGTH_64_BITS);
    this.wordBigEndian(high);
    this.wordBigEndian(low);
  }

  /** A string: as an integer, compressed, or as it is. */
  string(buf: Uint8Array, start: number, len: number): void {
    if (len <= INTEGER_TEXT_BYTES_MAX && this.integerString(buf, start, len)) return;
    if (len >= COMPRESSED_BYTES_MIN && this.compression !== "never") {
      if (this.compression === "later") this.mark(this.at, len);
      else if (this.compressed(buf, start, len, this.at)) return;
    }
    this.reserve(LENGTH_BYTES_MAX + len);
    const at = writeLength(this.buf, this.at, len);
    copyBytes(buf, start, len, this.buf, at);
    this.at = at + len;
  }

  span({ buf, start, len }: Span): void {
    this.string(buf, start, len);
  }

  /** A string of one byte per character. */
  text(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.string(bytes, 0, bytes.length);
  }

  private integerString(buf: Uint8Array, start: number, len: number): boolean {
    const value = parseInteger(buf, start, len);
    if (value !== (value | 0)) return false;
    this.reserve(5);
    const out = this.buf;
    let { at } = this;
    const shift = (value << 24) >> 24 === value ? 0 : (value << 16) >> 16 === value ? 1 : 2;
    const width = 1 << shift;
    out[at++] = SPECIAL | (SPECIAL_INT_8 + shift);
    for (let i = 0; i < width; i++) out[at++] = value >> (i << 3);
    this.at = at;
    return true;
  }

  /** Notes a string, whose length is about to be written at `at`. */
  mark(at: number, len: number): void {
    if ((this.markCount + 1) * MARK_WORDS > this.marks.length) {
      const before = this.marks;
      this.marks = new Int32Array(before.length * 2);
      this.marks.set(before);
      this.discard(before);
    }
    const m = this.markCount++ * MARK_WORDS;
    this.marks[m] = at;
    this.marks[m + 1] = len;
  }

  /** Writes a string in its compressed form at `to`, which may be before `at`. False when it has none. */
  private compressed(buf: Uint8Array, start: number, len: number, to: number): boolean {
    this.reserve(COMPRESSED_HEADER_MAX + len);
    this.lzf ??= new LzfCompressor();
    const end = writeCompressed(this.lzf, buf, start, len, this.buf, to, this.at + COMPRESSED_HEADER_MAX);
    if (end > 0) this.at = end;
    return end > 0;
  }

  /**
   * Starts a string whose length is not known yet: room for a length of the size that goes with about `expected` bytes. Returns what
   * `endString` wants.
   */
  beginString(expected: number): number {
    const place = this.at;
    this.reserve(LENGTH_BYTES_MAX);
    this.at += lengthBytes(expected);
    return place;
  }

  /** Ends a string that started at `place`, with room for a length as `expected` has it. It is compressed as other strings. */
  endString(place: number, expected: number): void {
    const start = place + lengthBytes(expected);
    const len = this.at - start;
    const header = lengthBytes(len);
    if (len >= COMPRESSED_BYTES_MIN && this.compression === "now" && this.compressedHere(place, start, len)) return;
    if (header > start - place) this.reserve(header - (start - place));
    if (header !== start - place) this.buf.copyWithin(place + header, start, this.at);
    if (len >= COMPRESSED_BYTES_MIN && this.compression === "later") this.mark(place, len);
    writeLength(this.buf, place, len);
    this.at = place + header + len;
  }

  private compressedHere(place: number, start: number, len: number): boolean {
    this.reserve(COMPRESSED_HEADER_MAX + len);
    return this.compressed(this.buf, start, len, place);
  }

  /** Starts a number of parts that is not known yet. Returns what `endCount` wants. */
  beginCount(): number {
    this.byte(0);
    return this.at - 1;
  }

  /** Puts the number of parts where `beginCount` was called. What was written since moves if the number is large. */
  endCount(place: number, count: number): void {
    const more = lengthBytes(count) - 1;
    if (more > 0) {
      this.reserve(more);
      this.buf.copyWithin(place + 1 + more, place + 1, this.at);
      this.at += more;
      for (let m = this.markCount * MARK_WORDS - MARK_WORDS; m >= 0 && this.marks[m] > place; m -= MARK_WORDS) {
        this.marks[m] += more;
      }
    }
    writeLength(this.buf, place, count);
  }
}

export function lengthBytes(value: number): number {
  if (value <= LENGTH_6_BITS_MAX) return 1;
  if (value <= LENGTH_14_BITS_MAX) return 2;
  return value < TWO_32 ? 5 : LENGTH_BYTES_MAX;
}

/** Writes a length; returns the index after it. */
export function writeLength(out: Uint8Array, at: number, value: number): number {
  if (value <= LENGTH_6_BITS_MAX) {
    out[at] = value;
    return at + 1;
  }
  if (value <= LENGTH_14_BITS_MAX) {
    out[at] = LENGTH_14_BITS | (value >> 8);
    out[at + 1] = value;
    return at + 2;
  }
  let to = at;
  out[to++] = value < TWO_32 ? LENGTH_32_BITS : LENGTH_64_BITS;
  if (value >= TWO_32) to = writeWord(out, to, Math.floor(value / TWO_32));
  return writeWord(out, to, value % TWO_32);
}

function writeWord(out: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) out[at + i] = value >>> (24 - 8 * i);
  return at + 4;
}

/**
 * Writes the compressed form of a string at `to`, and on the way there behind `scratchAt`, where as many bytes as it has must be free;
 * returns the index after it. 0 when it has no compressed form that is small enough.
 */
export function writeCompressed(
  lzf: LzfCompressor,
  buf: Uint8Array,
  start: number,
  len: number,
  out: Uint8Array,
  to: number,
  scratchAt: number,
): number {
  const packed = lzf.compress(buf, start, len, out, scratchAt, len - COMPRESSION_GAIN_MIN);
  if (packed === 0) return 0;
  out[to] = SPECIAL | SPECIAL_LZF;
  const at = writeLength(out, writeLength(out, to + 1, packed), len);
  out.copyWithin(at, scratchAt, scratchAt + packed);
  return at + packed;
}
