import { copyBytes } from "../../lib/bytes.ts";
import { formatDouble } from "../../lib/float.ts";
import { Int64 } from "../../lib/int64.ts";
import type { RdbOutput } from "./output.ts";

/**
 * Listpacks, Redis's short lists as one string: bytes in all (32 bits), number of elements (16; COUNT_UNKNOWN when there are more), the
 * elements, END. An element is how it is written (1 to 5 bytes), its content, and the length of both in seven bits a byte, the last byte the
 * lowest, so that it can be read backward. Texts that are integers are written as such.
 */
const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const INTEGER_TEXT_MAX = 20;
/** Greater scores are written as text, even if they are integers. */
const SCORE_INTEGER_MAX = 2 ** 62;
/** A double as text has fewer bytes. */
const DOUBLE_TEXT_MAX = 32;
/** How an element is written: the top bits, or the whole byte, of its first one. */
const UINT_7_MAX = 127;
const INT_13 = 0xc0;
const INT_13_END = 4096;
const INT_16 = 0xf1;
const INT_24 = 0xf2;
const INT_32 = 0xf3;
const INT_64 = 0xf4;
const TEXT_6 = 0x80;
const TEXT_6_END = 64;
const TEXT_12 = 0xe0;
const TEXT_12_END = 4096;
const TEXT_32 = 0xf0;
/** An element has at most so many bytes beside its text. */
const FRAME_BYTES_MAX = 10;
/** From these lengths on it takes one byte more to say them backward. */
const BACK_2 = 128;
const BACK_3 = 16_383;
const BACK_4 = 2_097_151;
const BACK_5 = 268_435_455;

/** Writes listpacks into an RdbOutput, one at a time. */
export class ListpackWriter {
  /** Elements so far. */
  count = 0;
  private out!: RdbOutput;
  private place = 0;
  private start = 0;
  private expected = 0;
  private readonly integer64 = new Int64();
  private readonly digits = new Uint8Array(DOUBLE_TEXT_MAX);

  /** Starts a listpack of about `expected` bytes. */
  begin(out: RdbOutput, expected: number): void {
    this.out = out;
    this.expected = expected;
    this.place = out.beginString(expected);
    out.reserve(HEADER_BYTES);
    this.start = out.at;
    out.at += HEADER_BYTES;
    this.count = 0;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.out.at - this.start + 1;
  }

  end(): void {
    const { out, start } = this;
    out.byte(END);
    const bytes = out.at - start;
    for (let i = 0; i < 4; i++) out.buf[start + i] = bytes >>> (8 * i);
    const count = Math.min(this.count, COUNT_UNKNOWN);
    out.buf[start + 4] = count;
    out.buf[start + 5] = count >> 8;
    out.endString(this.place, this.expected);
  }

  text(buf: Uint8Array, start: number, len: number): void {
    if (len > 0 && len <= INTEGER_TEXT_MAX) {
      const first = buf[start];
      if ((first === MINUS || (first >= DIGIT_0 && first <= DIGIT_9)) && this.integer64.parse(buf, start, len)) {
        this.words(this.integer64.high, this.integer64.low);
        return;
      }
    }
    this.count++;
    const { out } = this;
    out.reserve(len + FRAME_BYTES_MAX);
    const from = out.at;
    const at = writeTextHead(out.buf, from, len);
    copyBytes(buf, start, len, out.buf, at);
    out.at = writeBack(out.buf, at + len, at + len - from);
  }

  /** A score: as an integer if it is one, else as text. */
  score(value: number): void {
    if (Math.abs(value) <= SCORE_INTEGER_MAX && Number.isInteger(value)) {
      this.integer(value);
      return;
    }
    const { digits } = this;
    const text = formatDouble(value);
    for (let i = 0; i < text.length; i++) digits[i] = text.charCodeAt(i);
    this.text(digits, 0, text.length);
  }

  /** An integer that a double holds exactly, less than 2^63. */
  integer(value: number): void {
    this.integer64.set(value);
    this.words(this.integer64.high, this.integer64.low);
  }

  /** A 64-bit integer. */
  words(high: number, low: number): void {
    this.count++;
    const { out } = this;
    out.reserve(FRAME_BYTES_MAX);
    const { buf, at } = out;
    out.at = high === low >> 31 ? writeWord(buf, at, low) : writeLong(buf, at, high, low);
  }
}

function writeTextHead(buf: Uint8Array, at: number, len: number): number {
  if (len < TEXT_6_END) {
    buf[at] = TEXT_6 | len;
    return at + 1;
  }
  if (len < TEXT_12_END) {
    buf[at] = TEXT_12 | (len >> 8);
    buf[at + 1] = len;
    return at + 2;
  }
  buf[at] = TEXT_32;
  return writeBytes(buf, at + 1, len, 4);
}

function writeWord(buf: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value <= UINT_7_MAX) {
    buf[at] = value;
    buf[at + 1] = 1;
    return at + 2;
  }
  if (value >= -INT_13_END && value < INT_13_END) {
    buf[at] = INT_13 | ((value >> 8) & 31);
    buf[at + 1] = value;
    buf[at + 2] = 2;
    return at + 3;
  }
  const width = (value << 16) >> 16 === value ? 2 : (value << 8) >> 8 === value ? 3 : 4;
  buf[at] = width === 2 ? INT_16 : width === 3 ? INT_24 : INT_32;
  const end = writeBytes(buf, at + 1, value, width);
  buf[end] = width + 1;
  return end + 1;
}

function writeLong(buf: Uint8Array, at: number, high: number, low: number): number {
  buf[at] = INT_64;
  const end = writeBytes(buf, writeBytes(buf, at + 1, low, 4), high, 4);
  buf[end] = 9;
  return end + 1;
}

function writeBytes(buf: Uint8Array, at: number, value: number, width: number): number {
  for (let i = 0; i < width; i++) buf[at + i] = value >>> (8 * i);
  return at + width;
}

/** Writes an element's length so that it can be read backward; returns the index after it. */
function writeBack(buf: Uint8Array, at: number, length: number): number {
  if (length < BACK_2) {
    buf[at] = length;
    return at + 1;
  }
  const bytes = length < BACK_3 ? 2 : length < BACK_4 ? 3 : length < BACK_5 ? 4 : 5;
  for (let i = 0; i < bytes; i++) {
    const part = (length >>> (7 * i)) & 127;
    buf[at + bytes - 1 - i] = part | (i === bytes - 1 ? 0 : 128);
  }
  return at + bytes;
}
