import type { Span } from "../../lib/bytes.ts";
import type { SetValues } from "../../types/set.ts";
import { RdbError } from "./rdb-input.ts";
import { type Item, readSigned, readUnsigned, type Texts } from "./texts.ts";

const INTSET_HEADER_BYTES = 8;

/** An intset: bytes of an integer (4), number of integers (4), the integers from the least to the greatest, the lowest byte first. */
export class IntsetTexts implements Texts {
  /** Number of integers. */
  count = 0;
  private buf: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private width = 0;
  /** The two words of the integer before. */
  private high = 0;
  private low = 0;
  private isFirst = true;

  /** Opens the intset that `bytes` are. They must stay until it is read. */
  open({ buf, start, len }: Span): void {
    if (len < INTSET_HEADER_BYTES) damaged();
    this.width = readUnsigned(buf, start, 4);
    this.count = readUnsigned(buf, start + 4, 4);
    if (this.width !== 2 && this.width !== 4 && this.width !== 8) damaged();
    if (INTSET_HEADER_BYTES + this.count * this.width !== len) damaged();
    this.buf = buf;
    this.at = start + INTSET_HEADER_BYTES;
    this.end = start + len;
    this.isFirst = true;
  }

  /** Makes a set of all of them at once: `root` and `rootBytes` of the sets. */
  create(sets: SetValues): void {
    if (!sets.createOfIntegers(this.buf, this.at, 31 - Math.clz32(this.width), this.count)) damaged();
  }

  next(out: Item): boolean {
    const { buf, at, width } = this;
    if (at === this.end) return false;
    const low = readSigned(buf, at, Math.min(width, 4));
    const high = width === 8 ? readSigned(buf, at + 4, 4) : low >> 31;
    if (!this.isFirst && !(high > this.high || (high === this.high && low >>> 0 > this.low >>> 0))) damaged();
    this.isFirst = false;
    this.high = high;
    this.low = low;
    out.setSigned(buf, at, width);
    this.at = at + width;
    return true;
  }
}

function damaged(): never {
  throw new RdbError("Intset integrity check failed.");
}
