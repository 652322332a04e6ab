import type { Span } from "../../lib/bytes.ts";
import { RdbError } from "./rdb-input.ts";
import { type Item, readUnsigned, type Texts } from "./texts.ts";

/**
 * A ziplist, which Redis wrote before listpacks: its bytes (4), where its last element is (4), the number of elements (2), the elements, END.
 * An element starts with the size of the one before it, in one byte or in LONG_SIZE and four; then a code says what it is:
 *
 *     00xxxxxx            a string of so many bytes     11000000, 11010000, 11100000   signed integers of 2, 4 and 8 bytes
 *     01xxxxxx x          a string, length in 14 bits   11110000, 11111110             signed ones of 3 bytes and 1
 *     10000000 x x x x    a string, length in 32 bits   1111xxxx                       1 to 13 for 0 to 12
 */
const ZIPLIST_HEADER_BYTES = 10;
const END = 0xff;
const LONG_SIZE = 254;
const COUNT_UNKNOWN = 0xffff;
const STRING_32 = 0x80;
const INT_16 = 0xc0;
const INT_32 = 0xd0;
const INT_64 = 0xe0;
const INT_24 = 0xf0;
const INT_8 = 0xfe;
const SMALL_FIRST = 0xf1;
const SMALL_LAST = 0xfd;

export class ZiplistTexts implements Texts {
  private buf: Uint8Array = new Uint8Array(0);
  private start = 0;
  private at = 0;
  private end = 0;
  private counted = 0;
  private count = 0;
  /** Where the element before is, and its size; the element that is read ends at `following`. */
  private last = 0;
  private sizeBefore = 0;
  private following = 0;
  private name = "";

  /** Opens the ziplist that `bytes` are. They must stay until it is read. `name`: what it is called when it is damaged. */
  open({ buf, start, len }: Span, name = "Ziplist"): void {
    this.name = name;
    if (len <= ZIPLIST_HEADER_BYTES || readUnsigned(buf, start, 4) !== len || buf[start + len - 1] !== END)
      this.damaged();
    this.buf = buf;
    this.start = start;
    this.at = this.last = start + ZIPLIST_HEADER_BYTES;
    this.end = start + len - 1;
    this.counted = readUnsigned(buf, start + 8, 2);
    this.count = 0;
    this.sizeBefore = 0;
  }

  next(out: Item): boolean {
    const { at, end } = this;
    if (at === end) {
      if (this.counted !== COUNT_UNKNOWN && this.counted !== this.count) this.damaged();
      if (readUnsigned(this.buf, this.start + 4, 4) !== this.last - this.start) this.damaged();
      return false;
    }
    this.count++;
    this.read(this.afterSize(at), out);
    this.last = at;
    this.sizeBefore = this.following - at;
    this.at = this.following;
    return true;
  }

  /** Index after the size of the element before, which must be that. */
  private afterSize(at: number): number {
    const { buf } = this;
    const isLong = buf[at] === LONG_SIZE;
    if (buf[at] > LONG_SIZE || (isLong && at + 5 >= this.end)) this.damaged();
    if ((isLong ? readUnsigned(buf, at + 1, 4) : buf[at]) !== this.sizeBefore) this.damaged();
    const after = at + (isLong ? 5 : 1);
    if (after >= this.end) this.damaged();
    return after;
  }

  private read(at: number, out: Item): void {
    const { buf } = this;
    const code = buf[at];
    if (code < 0x40) {
      this.string(at + 1, code, out);
    } else if (code < STRING_32) {
      this.string(at + 2, ((code & 63) << 8) | buf[at + 1], out);
    } else if (code < INT_16) {
      if (code !== STRING_32 || at + 5 > this.end) this.damaged();
      this.string(at + 5, buf[at + 1] * 2 ** 24 + ((buf[at + 2] << 16) | (buf[at + 3] << 8) | buf[at + 4]), out);
    } else if (code >= SMALL_FIRST && code <= SMALL_LAST) {
      this.following = at + 1;
      out.setInteger(code - SMALL_FIRST);
    } else {
      this.integer(at + 1, integerBytes(code), out);
    }
  }

  private string(at: number, len: number, out: Item): void {
    this.following = at + len;
    if (this.following > this.end) this.damaged();
    out.setText(this.buf, at, len);
  }

  private integer(at: number, bytes: number, out: Item): void {
    this.following = at + bytes;
    if (bytes === 0 || this.following > this.end) this.damaged();
    out.setSigned(this.buf, at, bytes);
  }

  private damaged(): never {
    throw new RdbError(`${this.name} integrity check failed.`);
  }
}

/** Bytes of an integer by its code; 0 when there is no such code. */
function integerBytes(code: number): number {
  switch (code) {
    case INT_8:
      return 1;
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
