import { copyShort, Span } from "../../lib/bytes.ts";
import { compareBytes } from "../../lib/compare-bytes.ts";
import { parseDouble } from "../../lib/float.ts";
import { formatInteger } from "../../lib/integer.ts";
import type { PackedBuilder } from "../../structures/packed-builder.ts";
import type { ScoreCodec } from "../../types/packed-zset.ts";
import { RdbError } from "./rdb-input.ts";
import { type Item, type PackLimits, readUnsigned, type Texts } from "./texts.ts";

/**
 * A listpack: its bytes (4), the number of elements (2), the elements, END. An element starts with a code that says what it is:
 *
 *     0xxxxxxx            an integer of 7 bits          10xxxxxx            a string of so many bytes
 *     110xxxxx x          a signed one of 13 bits       1110xxxx x          a string, its length in 12 bits
 *     11110001 to ..0100  signed ones of 2, 3, 4 and 8 bytes                11110000 x x x x
 *
 * Behind an element stands how long it is, in groups of seven bits for one who comes from behind.
 */
const LISTPACK_HEADER_BYTES = 6;
const END = 0xff;
/** More elements are not counted in the header. */
const COUNT_UNKNOWN = 0xffff;
const LONG_STRING = 0xf0;
const INT_16 = 0xf1;
const INT_24 = 0xf2;
const INT_32 = 0xf3;
const INT_64 = 0xf4;
/** Of an element so long at most the length takes one byte behind it. */
const ONE_BYTE_MAX = 127;

/** Of an element by its code, if that is all it takes to tell it, and it is not INT_64. */
const SHORT_SIZES = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code < 0x80) return 1;
  if (code < 0xc0) return 1 + (code & 63);
  if (code < 0xe0) return 2;
  return code > LONG_STRING && code < INT_64 ? 1 + integerBytes(code) : 0;
});

/** No short element has more bytes, nor more text. */
const SHORT_BYTES_MAX = 64;
/** What `nextInteger` says when there is none that it reads. */
export const NO_INTEGER = 0x7fff_ffff;

const ZERO = 48;
const MINUS = 45;

export class ListpackTexts implements Texts {
  private buf: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private counted = 0;
  private count = 0;
  /** Of the element that is read: its bytes without the length behind it. */
  private size = 0;
  private readonly before = new Span();

  /** `name`: what it is called when it is damaged. */
  constructor(private readonly name = "Listpack") {}

  /** Opens the listpack that `bytes` are. They must stay until it is read. */
  open({ buf, start, len }: Span): void {
    if (len <= LISTPACK_HEADER_BYTES || readUnsigned(buf, start, 4) !== len || buf[start + len - 1] !== END)
      this.damaged();
    this.buf = buf;
    this.at = start + LISTPACK_HEADER_BYTES;
    this.end = start + len - 1;
    this.counted = readUnsigned(buf, start + 4, 2);
    this.count = 0;
  }

  next(out: Item): boolean {
    const { buf, at, end } = this;
    if (at === end) {
      if (this.counted !== COUNT_UNKNOWN && this.counted !== this.count) this.damaged();
      return false;
    }
    this.count++;
    const code = buf[at];
    if (code < 0x80) {
      this.size = 1;
      out.setInteger(code);
    } else if (code < 0xc0) {
      this.string(1, code & 63, out);
    } else {
      this.longer(code, out);
    }
    this.passLength();
    return true;
  }

  /** The next element when it is an integer of 32 bits; NO_INTEGER, and nothing is read, when it is something else, or the end. */
  nextInteger(): number {
    const { at, buf } = this;
    const size = this.shortSize(at);
    if (size === 0) return NO_INTEGER;
    const code = buf[at];
    if (isText(code)) return NO_INTEGER;
    const value = code < 0x80 ? code : this.shortInteger(at);
    if (value === NO_INTEGER) return NO_INTEGER;
    this.at = at + size + 1;
    this.count++;
    return value;
  }

  /** Copies the text of the next element to out[to]; returns its length. -1, and nothing is read, when it is not a short one, or `out` may be too small. */
  copyText(out: Uint8Array, to: number): number {
    const { at, buf } = this;
    const size = this.shortSize(at);
    if (size === 0 || to + SHORT_BYTES_MAX > out.length) return -1;
    const code = buf[at];
    let len = size - 1;
    if (isText(code)) copyShort(buf, at + 1, len, out, to);
    else len = formatInteger(code < 0x80 ? code : this.shortInteger(at), out, to);
    this.at = at + size + 1;
    this.count++;
    return len;
  }

  /**
   * Takes the next elements into a packed list for as long as they are short, whole and within the limits; what comes then is for `next`. True
   * when a text was among them that does not begin as an integer does.
   */
  pack(builder: PackedBuilder, { stride, elementsMax, bytesMax, textBytesMax }: PackLimits): boolean {
    const { buf } = this;
    let { at } = this;
    let groupAt = at;
    let taken = 0;
    let hasText = false;
    let size = this.shortSize(at);
    while (size > 0 && size <= textBytesMax && builder.count < elementsMax && builder.bytes + size <= bytesMax) {
      if (taken % stride === 0) groupAt = at;
      this.putShort(builder, at, size);
      hasText ||= isText(buf[at]) && size > 1 && !beginsInteger(buf[at + 1]);
      taken++;
      at += size + 1;
      size = this.shortSize(at);
    }
    if (taken % stride !== 0) {
      builder.removeLast();
      taken--;
      at = groupAt;
    }
    this.at = at;
    this.count += taken;
    return hasText;
  }

  /**
   * `pack` for pairs of a member and its score, of which each is to be behind the one before, and the first behind `score`: a score that is not
   * less, and where it is the same a member that is greater. Returns the score of the last one.
   */
  packScored(builder: PackedBuilder, codec: ScoreCodec, limits: PackLimits, score: number): number {
    const { elementsMax, textBytesMax } = limits;
    let { at } = this;
    let last = score;
    while (builder.count < elementsMax) {
      const size = this.shortSize(at);
      if (size === 0 || size > textBytesMax) break;
      const scoreAt = at + size + 1;
      const scoreSize = this.shortSize(scoreAt);
      if (scoreSize === 0) break;
      const next = this.shortScore(scoreAt, scoreSize);
      if (!(next > last) && !(next === last && this.isBehind(builder, at, size))) break;
      builder.text(codec.bytes, 0, codec.encode(next));
      this.putShort(builder, at, size);
      last = next;
      at = scoreAt + scoreSize + 1;
      this.count += 2;
    }
    this.at = at;
    return last;
  }

  private shortScore(at: number, size: number): number {
    const { buf } = this;
    const code = buf[at];
    if (code < 0x80) return code;
    return code < 0xc0 ? (parseDouble(buf, at + 1, size - 1) ?? Number.NaN) : this.shortInteger(at);
  }

  /** Whether the text at `at` is greater than the element that was added last. False for an integer. */
  private isBehind(builder: PackedBuilder, at: number, size: number): boolean {
    const { buf, before } = this;
    if (builder.count === 0 || !isText(buf[at])) return false;
    builder.readLast(before);
    return compareBytes(before.buf, before.start, before.len, buf, at + 1, size - 1) < 0;
  }

  private putShort(builder: PackedBuilder, at: number, size: number): void {
    const { buf } = this;
    const code = buf[at];
    if (code < 0x80) builder.integer(code);
    else if (code < 0xc0) builder.text(buf, at + 1, size - 1);
    else builder.integer(this.shortInteger(at));
  }

  /** Bytes of the element at `at`, without the length behind it; 0 when it is no text or integer that is short and whole, or the end. */
  private shortSize(at: number): number {
    const { buf, end } = this;
    if (at >= end) return 0;
    const size = SHORT_SIZES[buf[at]];
    const lengthAt = at + size;
    return lengthAt < end && buf[lengthAt] === size ? size : 0;
  }

  /** The integer of 13 to 32 bits at `at`. */
  private shortInteger(at: number): number {
    const { buf } = this;
    const code = buf[at];
    const low = buf[at + 1] | (buf[at + 2] << 8);
    if (code < 0xe0) return ((((code & 31) << 8) | buf[at + 1]) << 19) >> 19;
    if (code === INT_16) return (low << 16) >> 16;
    if (code === INT_24) return ((low | (buf[at + 3] << 16)) << 8) >> 8;
    return low | (buf[at + 3] << 16) | (buf[at + 4] << 24);
  }

  private longer(code: number, out: Item): void {
    const { buf, at, end } = this;
    if (code < 0xe0) {
      this.size = 2;
      if (at + 2 > end) this.damaged();
      const value = ((code & 31) << 8) | buf[at + 1];
      out.setInteger((value << 19) >> 19);
    } else if (code < LONG_STRING) {
      if (at + 2 > end) this.damaged();
      this.string(2, ((code & 15) << 8) | buf[at + 1], out);
    } else if (code === LONG_STRING) {
      if (at + 5 > end) this.damaged();
      this.string(5, readUnsigned(buf, at + 1, 4), out);
    } else {
      this.integer(code, out);
    }
  }

  private string(head: number, len: number, out: Item): void {
    this.size = head + len;
    if (this.at + this.size > this.end) this.damaged();
    out.setText(this.buf, this.at + head, len);
  }

  private integer(code: number, out: Item): void {
    const { buf, at } = this;
    const bytes = integerBytes(code);
    this.size = 1 + bytes;
    if (bytes === 0 || at + this.size > this.end) this.damaged();
    out.setSigned(buf, at + 1, bytes);
  }

  /** Goes to the next element; what stands between must be the length of this one. */
  private passLength(): void {
    const { buf, size } = this;
    const from = this.at + size;
    if (size <= ONE_BYTE_MAX) {
      if (from >= this.end || buf[from] !== size) this.damaged();
      this.at = from + 1;
      return;
    }
    const bytes = lengthBytes(size);
    if (from + bytes > this.end) this.damaged();
    for (let i = 0, rest = size; i < bytes; i++) {
      const isLast = i === bytes - 1;
      if (buf[from + bytes - 1 - i] !== ((rest & 127) | (isLast ? 0 : 128))) this.damaged();
      rest >>>= 7;
    }
    this.at = from + bytes;
  }

  private damaged(): never {
    throw new RdbError(`${this.name} integrity check failed.`);
  }
}

/** Whether that is the code of a short text. */
function isText(code: number): boolean {
  return code >= 0x80 && code < 0xc0;
}

function beginsInteger(character: number): boolean {
  return (character >= ZERO && character <= ZERO + 9) || character === MINUS;
}

function integerBytes(code: number): number {
  switch (code) {
    case INT_16:
      return 2;
    case INT_24:
      return 3;
    case INT_32:
      return 4;
    case INT_64:
      return 8;
    default:
      return 0;
  }
}

/** How many bytes the length of an element of more than ONE_BYTE_MAX bytes takes behind it. Redis does not use the largest number of each size. */
function lengthBytes(size: number): number {
  if (size < 16_383) return 2;
  if (size < 2_097_151) return 3;
  return size < 268_435_455 ? 4 : 5;
}
