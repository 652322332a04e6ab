import { PAGE_BYTES } from "./size-classes.ts";

/** Pages of one segment. */
export const SEGMENT_BYTES = 1 << 26;
export const SEGMENT_PAGES = SEGMENT_BYTES / PAGE_BYTES;
/** A slab is 16 pages at an address that is a multiple of its size. */
export const SLAB_PAGES = 16;
const WORDS = SEGMENT_PAGES / 32;

/** Which pages of a segment are free: one bit a page, 1 is free. */
export class PageMap {
  private readonly bits = new Int32Array(WORDS).fill(-1);
  freePages = SEGMENT_PAGES;
  /** No run longer than this is free: lets a full segment be skipped without a search. */
  private runPagesMax = SEGMENT_PAGES;
  private slabHint = 0;

  /** Takes an aligned slab; its first page, or -1 when there is none. */
  takeSlab(): number {
    const { bits } = this;
    for (let w = this.slabHint; w < WORDS; w++) {
      const word = bits[w];
      const half = (word & 0xffff) === 0xffff ? 0 : word >>> 16 === 0xffff ? 1 : -1;
      if (half < 0) continue;
      this.slabHint = w;
      bits[w] = word & ~(0xffff << (half << 4));
      this.freePages -= SLAB_PAGES;
      return w * 32 + half * SLAB_PAGES;
    }
    this.slabHint = WORDS;
    return -1;
  }

  /** Takes the first run of `count` pages from the top (slabs grow from the bottom); its first page, or -1. */
  takeRun(count: number): number {
    if (count > this.runPagesMax) return -1;
    const end = this.findRunEnd(count);
    if (end < 0) {
      this.runPagesMax = count - 1;
      return -1;
    }
    this.mark(end - count, count, false);
    return end - count;
  }

  /** One past the last page of the highest free run of `count` pages. */
  private findRunEnd(count: number): number {
    let run = 0;
    let page = SEGMENT_PAGES;
    while (page > 0) {
      const word = this.bits[(page >> 5) - 1];
      if (word === -1 && (page & 31) === 0 && run + 32 < count) {
        run += 32;
        page -= 32;
        continue;
      }
      if (word === 0 && (page & 31) === 0) {
        run = 0;
        page -= 32;
        continue;
      }
      for (let bit = 31; bit >= 0; bit--) {
        run = (word >>> bit) & 1 ? run + 1 : 0;
        page--;
        if (run === count) return page + count;
      }
    }
    return -1;
  }

  release(page: number, count: number): void {
    this.mark(page, count, true);
    this.runPagesMax = SEGMENT_PAGES;
    if (page >> 5 < this.slabHint) this.slabHint = page >> 5;
  }

  private mark(page: number, count: number, free: boolean): void {
    this.freePages += free ? count : -count;
    const end = page + count;
    while (page < end) {
      const bit = page & 31;
      const n = Math.min(32 - bit, end - page);
      const mask = n === 32 ? -1 : ((1 << n) - 1) << bit;
      if (free) this.bits[page >> 5] |= mask;
      else this.bits[page >> 5] &= ~mask;
      page += n;
    }
  }
}
