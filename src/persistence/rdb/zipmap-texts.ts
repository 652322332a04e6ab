import type { Span } from "../../lib/bytes.ts";
import { RdbError } from "./rdb-input.ts";
import { type Item, readUnsigned, type Texts } from "./texts.ts";

/**
 * A zipmap, which Redis 2.4 had for small hashes: the number of fields (1 byte), fields and values in turn, END. Each starts with its length in
 * one byte, or in LONG and four; a value's is followed by a byte that says how many unused ones are behind the value.
 */
const END = 0xff;
const LONG = 254;

export class ZipmapTexts implements Texts {
  private buf: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private counted = 0;
  private count = 0;

  /** Opens the zipmap that `bytes` are. They must stay until it is read. */
  open({ buf, start, len }: Span): void {
    if (len < 2 || buf[start + len - 1] !== END) damaged();
    this.buf = buf;
    this.at = start + 1;
    this.end = start + len - 1;
    this.counted = buf[start];
    this.count = 0;
  }

  next(out: Item): boolean {
    if (this.at === this.end) {
      if (this.count === 0 || this.count % 2 !== 0 || (this.counted < LONG && this.counted !== this.count >> 1))
        damaged();
      return false;
    }
    const isValue = this.count++ % 2 === 1;
    const len = this.length();
    const from = isValue ? this.at + 1 : this.at;
    const unused = isValue && this.at < this.end ? this.buf[this.at] : 0;
    if (from + len + unused > this.end) damaged();
    out.setText(this.buf, from, len);
    this.at = from + len + unused;
    return true;
  }

  private length(): number {
    const { buf, at } = this;
    const first = buf[at];
    if (first < LONG) {
      this.at = at + 1;
      return first;
    }
    if (first !== LONG || at + 5 > this.end) damaged();
    this.at = at + 5;
    return readUnsigned(buf, at + 1, 4);
  }
}

function damaged(): never {
  throw new RdbError("Zipmap integrity check failed.");
}
