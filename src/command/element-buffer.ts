import { copyBytes, type Span } from "../lib/bytes.ts";

const BYTES_KEPT_MAX = 64 * 1024;
const ELEMENTS_KEPT_MAX = 1024;

/** Byte strings that are on their way from one collection to another: copies, since where they come from changes meanwhile. */
export class ElementBuffer {
  buf = new Uint8Array(1024);
  start = new Int32Array(16);
  len = new Int32Array(16);
  count = 0;
  private bytes = 0;

  /** Forgets the elements, and room that is not often needed. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
    if (this.buf.length > BYTES_KEPT_MAX) this.buf = new Uint8Array(1024);
    if (this.start.length <= ELEMENTS_KEPT_MAX) return;
    this.start = new Int32Array(16);
    this.len = new Int32Array(16);
  }

  add({ buf, start, len }: Span): void {
    if (this.bytes + len > this.buf.length) this.growBytes(len);
    if (this.count === this.start.length) this.growElements();
    copyBytes(buf, start, len, this.buf, this.bytes);
    this.start[this.count] = this.bytes;
    this.len[this.count++] = len;
    this.bytes += len;
  }

  private growBytes(len: number): void {
    const larger = new Uint8Array(Math.max(this.buf.length * 2, this.bytes + len));
    copyBytes(this.buf, 0, this.bytes, larger, 0);
    this.buf = larger;
  }

  private growElements(): void {
    const start = new Int32Array(this.count * 2);
    const len = new Int32Array(this.count * 2);
    start.set(this.start);
    len.set(this.len);
    this.start = start;
    this.len = len;
  }
}
