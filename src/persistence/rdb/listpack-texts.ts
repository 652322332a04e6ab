import type { Span } from "../../lib/bytes.ts";
import { RdbError } from "./rdb-input.ts";
import { type Item, readSigned, readUnsigned, type Texts } from "./texts.ts";

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

export class ListpackTexts implements Texts {
  private buf: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private counted = 0;
  private count = 0;
  /** Of the element that is read: its bytes without the length behind it. */
  private size = 0;

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
    if (bytes === 8) out.setWide(buf, at + 1);
    else out.setInteger(readSigned(buf, at + 1, bytes));
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
