import { ptr } from "bun:ffi";

/** A range of memory to be made resident: its address and length in bytes. */
export type PageRange = readonly [address: number, bytes: number];

const PAGE_BYTES = 4096;
/** Of these sizes huge pages are, so that one request makes one of them resident. */
const STEP_BYTES = 1 << 21;
/** So much is resident beyond what is in use, while more is being taken into use. */
const AHEAD_BYTES = 2 << 20;

/**
 * Has the pages of the arena's newest segment touched before they are used. The first access to a huge page takes milliseconds, because the
 * system must find and clear it (3.7 ms on the virtual machine where this was measured), and no request should wait for that. It is
 * done by another thread, which `touch` passes a range to; what is not ready in time is touched by its first use, as ever.
 *
 * Blocks of small classes fill a segment from the bottom, large ones from the top: there are two fronts, and `low` and `high` are how far from
 * both ends of the segment the pages have been asked for.
 */
export class PageToucher {
  private address = 0;
  private low = 0;
  private high = 0;

  constructor(private readonly touch: (range: PageRange) => void) {}

  /** There is a new segment: from now on it is the one that grows. */
  follow(buffer: SharedArrayBuffer): void {
    const start = ptr(new Uint8Array(buffer));
    this.address = Math.ceil(start / PAGE_BYTES) * PAGE_BYTES;
    this.low = 0;
    this.high = buffer.byteLength - (buffer.byteLength % STEP_BYTES) - (this.address === start ? 0 : STEP_BYTES);
  }

  /** Part of an older segment is about to be used again. */
  prepare(segment: Uint8Array, start: number, bytes: number): void {
    this.touch([Math.ceil(ptr(segment) / PAGE_BYTES) * PAGE_BYTES + start, bytes]);
  }

  /** The range up to `end` (bytes from the segment's start) has been taken at the bottom. */
  grownTo(end: number): void {
    while (this.low < this.high && end + AHEAD_BYTES > this.low) {
      this.touch([this.address + this.low, STEP_BYTES]);
      this.low += STEP_BYTES;
    }
  }

  /** The range from `start` on has been taken at the top. */
  grownDownTo(start: number): void {
    while (this.low < this.high && start - AHEAD_BYTES < this.high) {
      this.high -= STEP_BYTES;
      this.touch([this.address + this.high, STEP_BYTES]);
    }
  }

  /** All of the segment is resident, or will be soon. */
  get isDone(): boolean {
    return this.low >= this.high;
  }
}
