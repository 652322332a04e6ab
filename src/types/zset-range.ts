import { EMPTY } from "../lib/bytes.ts";
import { compareBytes } from "../lib/compare-bytes.ts";

/** Scores from `min` to `max`, either of which may itself be left out. */
export class ScoreRange {
  min = 0;
  max = 0;
  minExclusive = false;
  maxExclusive = false;

  set(min: number, max: number): void {
    this.min = min;
    this.max = max;
    this.minExclusive = false;
    this.maxExclusive = false;
  }
}

/** One end of a range of members: some bytes, or before all members (-1) or behind all of them (1). */
export class LexBound {
  buf: Uint8Array = EMPTY;
  start = 0;
  len = 0;
  exclusive = false;
  infinity: -1 | 0 | 1 = 0;

  setInfinity(infinity: -1 | 1): void {
    this.infinity = infinity;
    this.exclusive = true;
  }

  set(buf: Uint8Array, start: number, len: number, exclusive: boolean): void {
    this.buf = buf;
    this.start = start;
    this.len = len;
    this.exclusive = exclusive;
    this.infinity = 0;
  }

  /** Negative when the bound is before those bytes, 0 when it is they. */
  compare(buf: Uint8Array, start: number, len: number): number {
    return this.infinity !== 0 ? this.infinity : compareBytes(this.buf, this.start, this.len, buf, start, len);
  }
}

/** Members from `min` to `max` in the order of their bytes. */
export class LexRange {
  readonly min = new LexBound();
  readonly max = new LexBound();

  /** No member can be in it. */
  get isEmpty(): boolean {
    const { min, max } = this;
    const order =
      min.infinity !== 0 || max.infinity !== 0 ? min.infinity - max.infinity : min.compare(max.buf, max.start, max.len);
    return order > 0 || (order === 0 && (min.exclusive || max.exclusive));
  }

  isBehindMin(buf: Uint8Array, start: number, len: number): boolean {
    const order = this.min.compare(buf, start, len);
    return order < 0 || (order === 0 && !this.min.exclusive);
  }

  isBeforeMax(buf: Uint8Array, start: number, len: number): boolean {
    const order = this.max.compare(buf, start, len);
    return order > 0 || (order === 0 && !this.max.exclusive);
  }
}
