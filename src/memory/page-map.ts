import { PAGE_BYTES } from "./size-classes.ts";

/** Pages of one segment. */
export const SEGMENT_BYTES = 1 << 26;
export const SEGMENT_PAGES = SEGMENT_BYTES / PAGE_BYTES;
/** A slab is 16 pages at an address that is a multiple of its size. */
export const SLAB_PAGES = 16;
const WORDS = SEGMENT_PAGES / 32;
/** A chunk is a part of a segment whose memory goes back to the system together: the size of a huge page. */
export const CHUNK_PAGES = 512;
export const CHUNK_BYTES = CHUNK_PAGES * PAGE_BYTES;
export const CHUNKS = SEGMENT_PAGES / CHUNK_PAGES;
const CHUNK_WORDS = CHUNK_PAGES / 32;

/**
 * Which pages of a segment are free: one bit a page, 1 is free. The free pages of a chunk that is withheld are nobody's to take; what is
 * released there is withheld as well.
 */
export class PageMap {
  private readonly bits = new Int32Array(WORDS).fill(-1);
  /** The free pages of withheld chunks. Absent until there is one. */
  private held: Int32Array | undefined;
  private withheld = 0;
  /** One bit for each chunk that may be in main memory: it has been in use since its memory was last given back. */
  resident = 0;
  /** One bit for each chunk whose memory was given back and has not been in use since. */
  returned = 0;
  /** One bit for each resident chunk that nothing was in when it was last looked at. */
  idle = 0;
  /** Pages that may be taken. */
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

  isWithheld(chunk: number): boolean {
    return (this.withheld & (1 << chunk)) !== 0;
  }

  withhold(chunk: number): void {
    const held = (this.held ??= new Int32Array(WORDS));
    this.freePages -= this.freeIn(chunk);
    for (let w = chunk * CHUNK_WORDS; w < (chunk + 1) * CHUNK_WORDS; w++) {
      held[w] = this.bits[w];
      this.bits[w] = 0;
    }
    this.withheld |= 1 << chunk;
  }

  /** The free pages of a withheld chunk may be taken again. */
  restore(chunk: number): void {
    for (let w = chunk * CHUNK_WORDS; w < (chunk + 1) * CHUNK_WORDS; w++) this.bits[w] = this.held![w];
    this.withheld &= ~(1 << chunk);
    this.freePages += this.freeIn(chunk);
    this.runPagesMax = SEGMENT_PAGES;
    this.slabHint = Math.min(this.slabHint, chunk * CHUNK_WORDS);
  }

  /** Free pages of a chunk, withheld or not. */
  freeIn(chunk: number): number {
    const words = this.isWithheld(chunk) ? this.held! : this.bits;
    let pages = 0;
    for (let w = chunk * CHUNK_WORDS; w < (chunk + 1) * CHUNK_WORDS; w++) pages += countBits(words[w]);
    return pages;
  }

  /** Calls `visit` for the halves of words of a chunk, 16 pages each, that are free, neighbours together. */
  forEachFree(chunk: number, visit: (page: number, count: number) => void): void {
    const words = this.isWithheld(chunk) ? this.held! : this.bits;
    let from = 0;
    let count = 0;
    for (let page = chunk * CHUNK_PAGES; page < (chunk + 1) * CHUNK_PAGES; page += SLAB_PAGES) {
      const isFree = ((words[page >> 5] >>> (page & 31)) & 0xffff) === 0xffff;
      if (isFree && count === 0) from = page;
      if (isFree) count += SLAB_PAGES;
      else if (count > 0) {
        visit(from, count);
        count = 0;
      }
    }
    if (count > 0) visit(from, count);
  }

  private mark(page: number, count: number, free: boolean): void {
    const end = page + count;
    while (page < end) {
      const bit = page & 31;
      const n = Math.min(32 - bit, end - page);
      const mask = n === 32 ? -1 : ((1 << n) - 1) << bit;
      if (this.isWithheld(Math.floor(page / CHUNK_PAGES))) {
        this.held![page >> 5] |= mask;
      } else if (free) {
        this.bits[page >> 5] |= mask;
        this.freePages += n;
      } else {
        this.bits[page >> 5] &= ~mask;
        this.freePages -= n;
      }
      page += n;
    }
  }
}

function countBits(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
