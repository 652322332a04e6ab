import { copyBytes, type Span } from "../lib/bytes.ts";
import { compareBytes } from "../lib/compare-bytes.ts";
import { OutOfMemory } from "../memory/arena.ts";

/** Byte indexes are 32-bit integers. */
const BYTES_MAX = 2 ** 31 - 1;
const INITIAL_BYTES = 1024;
const ABSENT = -1;

/** A number of texts, some of which may be absent, copied one after the other into one buffer. */
export class SortTexts {
  count = 0;
  private buf = new Uint8Array(INITIAL_BYTES);
  private used = 0;
  private readonly start: Int32Array;
  private readonly len: Int32Array;

  /** `room` texts at most. */
  constructor(room: number) {
    this.start = new Int32Array(room);
    this.len = new Int32Array(room);
  }

  add(buf: Uint8Array, start: number, len: number): void {
    if (this.used + len > this.buf.length) this.grow(len);
    copyBytes(buf, start, len, this.buf, this.used);
    this.start[this.count] = this.used;
    this.len[this.count++] = len;
    this.used += len;
  }

  addAbsent(): void {
    this.start[this.count] = 0;
    this.len[this.count++] = ABSENT;
  }

  private grow(bytes: number): void {
    const needed = this.used + bytes;
    if (needed > BYTES_MAX) throw new OutOfMemory("SORT: too much to sort");
    const buf = new Uint8Array(Math.min(BYTES_MAX, Math.max(needed, this.buf.length * 2)));
    copyBytes(this.buf, 0, this.used, buf, 0);
    this.buf = buf;
  }

  /** Text i, which is not absent; valid until the next is added. */
  read(i: number, out: Span): void {
    out.set(this.buf, this.start[i], this.len[i]);
  }

  /** The order of texts i and j: by their bytes, absent ones first. */
  compare(i: number, j: number): number {
    const { buf, start, len } = this;
    if (len[i] === ABSENT) return len[j] === ABSENT ? 0 : -1;
    if (len[j] === ABSENT) return 1;
    return compareBytes(buf, start[i], len[i], buf, start[j], len[j]);
  }
}
