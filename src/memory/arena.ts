import { adviseHugePages, giveBack } from "./advice.ts";
import { CHUNK_BYTES, CHUNK_PAGES, CHUNKS, PageMap, SEGMENT_BYTES, SEGMENT_PAGES, SLAB_PAGES } from "./page-map.ts";
import type { PageToucher } from "./page-toucher.ts";
import { blockBytes, CLASS_BYTES, CLASS_COUNT, classOf, PAGE_BYTES, SLAB_BYTES_MAX } from "./size-classes.ts";

/**
 * All that clients store lives here, outside the JavaScript heap, so that the collector never sees it and worker threads can read it.
 *
 * Invariants
 * 1. A pointer counts units of 8 bytes in a signed 32-bit integer (an unsigned one above 2^31 would be a double and slow). 0 is null.
 *    Its high 9 bits pick the segment, the low 23 the unit in it: 512 slots of 64 MiB, 32 GiB in all.
 * 2. A block never crosses a segment. A block above `RUN_BYTES_MAX` has a slot, and a buffer of just its size, to itself.
 * 3. Segments never grow: growing buffers are slower to read, and no byte index reaches 2^31.
 * 4. Freeing takes the size that was asked for: blocks carry no header. `usedBytes` is the exact sum of the live blocks' sizes.
 * 5. A slab (64 KiB) holds blocks of one class. Slabs with room are in their class's list, full ones are in none; an empty slab
 *    goes back to its segment.
 * 6. Memory of a segment goes back to the system in chunks (2 MiB), when nothing is in them: see evacuation.ts. From a chunk that is being
 *    emptied (`leaving`) nothing is taken: its slabs are in no list, its free pages withheld.
 */
declare const pointer: unique symbol;
export type Ptr = number & { readonly [pointer]: true };
export const NULL = 0 as Ptr;

export const SEGMENT_SHIFT = 23;
export const UNIT_MASK = (1 << SEGMENT_SHIFT) - 1;
export const SLOT_COUNT = 512;
const SLAB_SHIFT = 13;
export const SLAB_BYTES = SLAB_PAGES * PAGE_BYTES;
/** Slabs of a chunk, as a shift; and chunks by pointer. */
const SLABS_SHIFT = 5;
const CHUNK_SHIFT = SLAB_SHIFT + SLABS_SHIFT;
const PAGE_UNITS = PAGE_BYTES >> 3;
const RUN_BYTES_MAX = SEGMENT_BYTES >> 1;
const NONE = -1;
/** So much more, as a shift and in bytes, is told to whoever wants to know which values are big. */
const GROWTH_SHIFT = 16;
const GROWTH_BYTES = 1 << GROWTH_SHIFT;
/** A shorter copy is made word by word. */
const COPIED_UNITS = 32;
/** Pages of the first segment that are touched by their use alone. */
const FIRST_PAGES = 512;

export class OutOfMemory extends Error {}

/**
 * Whoever reads the data bit by bit and wants it as it was at one moment (persistence/snapshot). It is told before anything changes, and
 * reads what it needs of it then. It must not change anything, nor use the cursors of those who do.
 */
export interface ChangeGuard {
  /** Entries are about to be put into this home of a Dict, taken out of it, or changed where they are. */
  homeChanging(table: Ptr, home: number): void;
  /** A leaf of a list or stream, or the block of a string, is about to be changed or freed. */
  blockChanging(p: Ptr): void;
}

export class Arena {
  /** Views of each segment: `u8[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 3) + i]` is byte i of block p. */
  readonly u8: Uint8Array[] = [];
  readonly i32: Int32Array[] = [];
  readonly f64: Float64Array[] = [];
  /** Bytes of all live blocks, their rounding included. */
  usedBytes = 0;
  /** Bytes of all segments and huge blocks that are mapped. */
  mappedBytes = 0;
  /** Pages of segments that slabs and runs of pages take, whatever is in them. */
  takenPages = 0;
  /** Above so many bytes in use a table rather has fuller buckets than more of them. */
  thriftBytes = Number.POSITIVE_INFINITY;
  /** Called when a value, or a table of keys, has got another GROWTH_BYTES, or a block of so many. */
  onGrowth: () => void = () => {};
  /** Absent, as mostly, when nobody needs to be told of changes. */
  guard: ChangeGuard | undefined;

  /** Of each segment; huge blocks have none. */
  readonly maps: (PageMap | undefined)[] = [];
  /** 1 for each chunk that is being emptied, all segments' chunks in a row. */
  private readonly leaving = new Uint8Array(SLOT_COUNT * CHUNKS);
  /** The class of each slab, plus 1; 0: it is none. */
  private readonly slabClass = new Uint8Array(SLOT_COUNT << 10);
  private readonly slabFree = new Int32Array(SLOT_COUNT << 10);
  private readonly slabCarved = new Uint16Array(SLOT_COUNT << 10);
  private readonly slabUsed = new Uint16Array(SLOT_COUNT << 10);
  private readonly slabNext = new Int32Array(SLOT_COUNT << 10);
  private readonly slabPrev = new Int32Array(SLOT_COUNT << 10);
  private readonly roomy = new Int32Array(CLASS_COUNT).fill(NONE);

  /** The segment that `toucher` follows. */
  private newest = NONE;

  /** `toucher`: ask the system for huge pages, and have them touched ahead of their use. */
  constructor(private readonly toucher?: PageToucher) {}

  /** A block of at least `bytes` bytes, 8-byte aligned, its content undefined. Throws OutOfMemory when the address space is full. */
  alloc(bytes: number): Ptr {
    if (bytes > SLAB_BYTES_MAX) return this.allocRun(blockBytes(bytes));
    const cls = classOf(bytes);
    let slab = this.roomy[cls];
    if (slab === NONE) slab = this.addSlab(cls);
    const size = CLASS_BYTES[cls];
    let p = this.slabFree[slab];
    if (p !== 0) this.slabFree[slab] = this.i32[p >>> SEGMENT_SHIFT][(p & UNIT_MASK) << 1];
    else p = ((slab << SLAB_SHIFT) + ((this.slabCarved[slab]++ * size) >> 3)) | 0;
    if ((++this.slabUsed[slab] + 1) * size > SLAB_BYTES) this.unlinkSlab(cls, slab);
    this.usedBytes += size;
    return p as Ptr;
  }

  /** The blocks of something have become `units` units of 8 bytes, from `before`. */
  weighed(before: number, units: number): void {
    if (units >> (GROWTH_SHIFT - 3) > before >> (GROWTH_SHIFT - 3)) this.onGrowth();
  }

  /** Gives back a block; `bytes` as it was asked for (or any size of the same class). */
  free(p: Ptr, bytes: number): void {
    if (bytes > SLAB_BYTES_MAX) {
      this.freeRun(p, blockBytes(bytes));
      return;
    }
    const cls = classOf(bytes);
    const size = CLASS_BYTES[cls];
    const slab = p >>> SLAB_SHIFT;
    this.usedBytes -= size;
    this.i32[p >>> SEGMENT_SHIFT][(p & UNIT_MASK) << 1] = this.slabFree[slab];
    this.slabFree[slab] = p;
    const used = this.slabUsed[slab]--;
    if ((used + 1) * size > SLAB_BYTES) this.linkSlab(cls, slab);
    else if (used === 1) this.retireSlab(cls, slab);
  }

  /** Zeroes the first `bytes` (a multiple of 4) of a block. */
  clear(p: Ptr, bytes: number): void {
    const at = (p & UNIT_MASK) << 1;
    this.i32[p >>> SEGMENT_SHIFT].fill(0, at, at + (bytes >> 2));
  }

  /** Whether a block lies where all is to be moved away. */
  isLeaving(p: Ptr, bytes: number): boolean {
    if (this.leaving[p >>> CHUNK_SHIFT] !== 0) return true;
    return bytes > SLAB_BYTES_MAX && this.leaving[(p + ((bytes - 1) >> 3)) >>> CHUNK_SHIFT] !== 0;
  }

  /** Moves a block of `bytes` bytes if it lies where all is to be moved away. Returns where it is now; the caller's are all pointers to it. */
  relocate(p: Ptr, bytes: number): Ptr {
    if (!this.isLeaving(p, bytes)) return p;
    const copy = this.duplicate(p, bytes);
    this.free(p, bytes);
    return copy;
  }

  /** A new block of `bytes` bytes with the content of another one, all of it: some keep something at the block's end. */
  duplicate(p: Ptr, bytes: number): Ptr {
    const copy = this.alloc(bytes);
    const units = blockBytes(bytes) >> 3;
    const source = this.f64[p >>> SEGMENT_SHIFT];
    const target = this.f64[copy >>> SEGMENT_SHIFT];
    const from = p & UNIT_MASK;
    if (source === target) target.copyWithin(copy & UNIT_MASK, from, from + units);
    else if (units > COPIED_UNITS) target.set(source.subarray(from, from + units), copy & UNIT_MASK);
    else this.copyWords(p, copy, units << 1);
    return copy;
  }

  /** As words, not doubles: a copied NaN need not keep its bits. */
  private copyWords(p: Ptr, copy: Ptr, words: number): void {
    const source = this.i32[p >>> SEGMENT_SHIFT];
    const target = this.i32[copy >>> SEGMENT_SHIFT];
    const from = (p & UNIT_MASK) << 1;
    const to = (copy & UNIT_MASK) << 1;
    for (let i = 0; i < words; i++) target[to + i] = source[from + i];
  }

  /** Nothing is taken from a chunk any more, and what is in it is to be moved away. */
  withdraw(slot: number, chunk: number): void {
    this.leaving[slot * CHUNKS + chunk] = 1;
    this.maps[slot]!.withhold(chunk);
    this.forEachSlab(slot, chunk, (slab, cls) => {
      const used = this.slabUsed[slab];
      if ((used + 1) * CLASS_BYTES[cls] <= SLAB_BYTES) this.unlinkSlab(cls, slab);
      if (used === 0) this.dropSlab(slab);
    });
  }

  /** Ends `withdraw`. Returns whether all has left, and the chunk's memory was given back. */
  readmit(slot: number, chunk: number): boolean {
    const map = this.maps[slot]!;
    const isEmpty = map.freeIn(chunk) === CHUNK_PAGES;
    if (isEmpty) this.giveBackChunk(slot, chunk);
    else map.forEachFree(chunk, (page, count) => giveBack(this.u8[slot], page * PAGE_BYTES, count * PAGE_BYTES, false));
    this.leaving[slot * CHUNKS + chunk] = 0;
    map.restore(chunk);
    this.forEachSlab(slot, chunk, (slab, cls) => {
      if ((this.slabUsed[slab] + 1) * CLASS_BYTES[cls] <= SLAB_BYTES) this.linkSlab(cls, slab);
    });
    return isEmpty;
  }

  /** Empty slabs of a chunk are not kept any longer. */
  dropEmptySlabs(slot: number, chunk: number): void {
    this.forEachSlab(slot, chunk, (slab, cls) => {
      if (this.slabUsed[slab] > 0) return;
      this.unlinkSlab(cls, slab);
      this.dropSlab(slab);
    });
  }

  /** Gives the memory of a chunk with nothing in it back to the system. */
  giveBackChunk(slot: number, chunk: number): void {
    const map = this.maps[slot]!;
    map.resident &= ~(1 << chunk);
    map.returned |= 1 << chunk;
    giveBack(this.u8[slot], chunk * CHUNK_BYTES, CHUNK_BYTES, true);
  }

  /** Bytes of the blocks in a chunk. */
  bytesIn(slot: number, chunk: number): number {
    let bytes = (CHUNK_PAGES - this.maps[slot]!.freeIn(chunk)) * PAGE_BYTES;
    this.forEachSlab(slot, chunk, (slab, cls) => {
      bytes -= SLAB_BYTES - this.slabUsed[slab] * CLASS_BYTES[cls];
    });
    return bytes;
  }

  /** Calls `visit` for every size class that has slabs: the bytes of its blocks, its slabs, and its live blocks. */
  forEachClass(visit: (bytes: number, slabs: number, blocks: number) => void): void {
    const slabs = new Int32Array(CLASS_COUNT);
    const blocks = new Int32Array(CLASS_COUNT);
    for (let slab = 0; slab < this.maps.length << 10; slab++) {
      const cls = this.slabClass[slab] - 1;
      if (cls < 0) continue;
      slabs[cls]++;
      blocks[cls] += this.slabUsed[slab];
    }
    for (let cls = 0; cls < CLASS_COUNT; cls++) if (slabs[cls] > 0) visit(CLASS_BYTES[cls], slabs[cls], blocks[cls]);
  }

  private forEachSlab(slot: number, chunk: number, visit: (slab: number, cls: number) => void): void {
    const first = (slot * CHUNKS + chunk) << SLABS_SHIFT;
    for (let slab = first; slab < first + (1 << SLABS_SHIFT); slab++) {
      if (this.slabClass[slab] !== 0) visit(slab, this.slabClass[slab] - 1);
    }
  }

  private addSlab(cls: number): number {
    let page = NONE;
    let slot = 0;
    for (; slot < this.maps.length; slot++) {
      const map = this.maps[slot];
      if (map === undefined || map.freePages < SLAB_PAGES) continue;
      page = map.takeSlab();
      if (page >= 0) break;
    }
    if (page < 0) {
      slot = this.addSegment();
      page = this.maps[slot]!.takeSlab();
    }
    this.occupy(slot, page, SLAB_PAGES, 1);
    if (slot === this.newest) this.touchAhead(page + SLAB_PAGES, SEGMENT_PAGES);
    const slab = (slot << 10) + page / SLAB_PAGES;
    this.slabClass[slab] = cls + 1;
    this.slabFree[slab] = 0;
    this.slabCarved[slab] = 0;
    this.slabUsed[slab] = 0;
    this.linkSlab(cls, slab);
    return slab;
  }

  private linkSlab(cls: number, slab: number): void {
    if (this.leaving[slab >>> SLABS_SHIFT] !== 0) return;
    const head = this.roomy[cls];
    this.slabNext[slab] = head;
    this.slabPrev[slab] = NONE;
    if (head !== NONE) this.slabPrev[head] = slab;
    this.roomy[cls] = slab;
  }

  private unlinkSlab(cls: number, slab: number): void {
    const next = this.slabNext[slab];
    const prev = this.slabPrev[slab];
    if (prev === NONE) this.roomy[cls] = next;
    else this.slabNext[prev] = next;
    if (next !== NONE) this.slabPrev[next] = prev;
  }

  /** An empty slab is kept while it is the class's only one with room: a client that adds and deletes must not map and unmap. */
  private retireSlab(cls: number, slab: number): void {
    if (this.leaving[slab >>> SLABS_SHIFT] === 0) {
      if (this.roomy[cls] === slab && this.slabNext[slab] === NONE) return;
      this.unlinkSlab(cls, slab);
    }
    this.dropSlab(slab);
  }

  private dropSlab(slab: number): void {
    this.slabClass[slab] = 0;
    this.releasePages(slab >>> 10, (slab & 1023) * SLAB_PAGES, SLAB_PAGES);
  }

  /**
   * Pages of a segment have been taken. If that was the first use of a chunk whose memory had been given back, the one that comes next in the
   * direction of growth is made resident ahead of its use.
   */
  private occupy(slot: number, page: number, count: number, direction: 1 | -1): void {
    const map = this.maps[slot]!;
    this.takenPages += count;
    const last = Math.floor((page + count - 1) / CHUNK_PAGES);
    for (let chunk = Math.floor(page / CHUNK_PAGES); chunk <= last; chunk++) {
      map.resident |= 1 << chunk;
      if ((map.returned & (1 << chunk)) === 0) continue;
      map.returned &= ~(1 << chunk);
      const next = chunk + direction;
      if (this.toucher === undefined || next < 0 || next >= CHUNKS) continue;
      if ((map.returned & ~map.resident & (1 << next)) === 0) continue;
      map.resident |= 1 << next;
      this.toucher.prepare(this.u8[slot], next * CHUNK_BYTES, CHUNK_BYTES);
    }
  }

  private allocRun(size: number): Ptr {
    if (size >= GROWTH_BYTES) this.onGrowth();
    if (size > RUN_BYTES_MAX) return this.allocHuge(size);
    const count = size / PAGE_BYTES;
    this.usedBytes += size;
    for (let slot = 0; slot < this.maps.length; slot++) {
      const map = this.maps[slot];
      if (map === undefined || map.freePages < count) continue;
      const page = map.takeRun(count);
      if (page < 0) continue;
      this.occupy(slot, page, count, -1);
      if (slot === this.newest) this.touchAhead(0, page);
      return ((slot << SEGMENT_SHIFT) + page * PAGE_UNITS) as Ptr;
    }
    const slot = this.addSegment();
    const page = this.maps[slot]!.takeRun(count);
    this.occupy(slot, page, count, -1);
    return ((slot << SEGMENT_SHIFT) + page * PAGE_UNITS) as Ptr;
  }

  private freeRun(p: Ptr, size: number): void {
    this.usedBytes -= size;
    const slot = p >>> SEGMENT_SHIFT;
    if (size > RUN_BYTES_MAX) this.unmap(slot);
    else this.releasePages(slot, (p & UNIT_MASK) / PAGE_UNITS, size / PAGE_BYTES);
  }

  private allocHuge(size: number): Ptr {
    const slot = this.map(size);
    this.usedBytes += size;
    return (slot << SEGMENT_SHIFT) as Ptr;
  }

  private releasePages(slot: number, page: number, count: number): void {
    this.maps[slot]!.release(page, count);
    this.takenPages -= count;
  }

  /** Unmaps segments with nothing in them whose memory was given back. That alone frees only addresses. */
  unmapEmpty(): void {
    // The first segment stays: its first page is the home of the null pointer.
    for (let slot = 1; slot < this.maps.length; slot++) {
      const map = this.maps[slot];
      if (map !== undefined && map.freePages === SEGMENT_PAGES && map.resident === 0) this.unmap(slot);
    }
  }

  private addSegment(): number {
    const slot = this.map(SEGMENT_BYTES);
    const map = new PageMap();
    this.maps[slot] = map;
    if (slot === 0) map.takeSlab();
    if (this.toucher !== undefined) {
      this.newest = slot;
      this.toucher.follow(this.u8[slot].buffer as SharedArrayBuffer);
    }
    return slot;
  }

  /** The newest segment is in use up to page `bottom`, and from page `top` on. */
  private touchAhead(bottom: number, top: number): void {
    // A server that is hardly used needs none of this.
    if (this.newest === 0 && bottom < FIRST_PAGES && top === SEGMENT_PAGES) return;
    const { toucher } = this;
    if (toucher === undefined) return;
    if (top < SEGMENT_PAGES) toucher.grownDownTo(top * PAGE_BYTES);
    else toucher.grownTo(bottom * PAGE_BYTES);
    // The next segment is made while this one still has room, and its first pages touched.
    if (toucher.isDone) {
      this.addSegment();
      toucher.grownTo(0);
      if (top < SEGMENT_PAGES) toucher.grownDownTo(SEGMENT_BYTES);
    }
  }

  private map(bytes: number): number {
    let slot = this.i32.findIndex((view) => view.length === 0);
    if (slot < 0) slot = this.i32.length;
    // Slot 0 is reserved for a segment, so that no huge block is ever the null pointer.
    if (slot === 0 && bytes !== SEGMENT_BYTES) {
      this.addSegment();
      slot = 1;
    }
    if (slot >= SLOT_COUNT) throw new OutOfMemory("the arena's address space of 32 GiB is full");
    const buffer = new SharedArrayBuffer(bytes);
    if (this.toucher !== undefined) adviseHugePages(buffer);
    this.u8[slot] = new Uint8Array(buffer);
    this.i32[slot] = new Int32Array(buffer);
    this.f64[slot] = new Float64Array(buffer);
    this.mappedBytes += bytes;
    return slot;
  }

  private unmap(slot: number): void {
    this.mappedBytes -= this.u8[slot].length;
    const none = new SharedArrayBuffer(0);
    this.u8[slot] = new Uint8Array(none);
    this.i32[slot] = new Int32Array(none);
    this.f64[slot] = new Float64Array(none);
    this.maps[slot] = undefined;
    if (slot === this.newest) this.newest = NONE;
  }
}
