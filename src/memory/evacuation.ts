import type { Arena } from "./arena.ts";
import { CHUNK_BYTES, CHUNK_PAGES, CHUNKS } from "./page-map.ts";
import { PAGE_BYTES } from "./size-classes.ts";

/** Chunks are not to be filled further, as not all of the right sizes fits in. */
const FILLED_PART_MAX = 0.98;
/** Fuller chunks than this part of how full the others are to be are not worth it. */
const EMPTIED_PART_MAX = 0.9;
/** So many chunks with nothing in them are kept: what is freed now may be needed again soon. */
const KEPT_CHUNKS = 2;

/** Chunks that are looked at between two looks at the clock. */
const CHUNKS_PER_LOOK = 4;
/** Chunks are sorted as numbers: the bytes in them times this, and their own number. */
const INDEX_RANGE = 2 ** 20;
const NONE = -1;

/**
 * Gives the memory of an arena's chunks back to the system: of those with nothing in them at once, and of those with little in them when
 * somebody who knows all pointers has moved the blocks away.
 *
 * A chunk takes microseconds to look at, and there may be thousands: all that goes over them does so bit by bit.
 *
 * Invariants
 * 1. Between `choose` and `end` the chosen chunks are `leaving` in the arena: `relocate` moves what is in them to others, never into them.
 * 2. A chunk that was not empty at the end has blocks that nobody moves. Free parts of it are given back all the same, and it is not chosen
 *    again before `forgive`.
 */
export class Evacuation {
  /** Chunks by their numbers in the arena, here and below: those that are being emptied. */
  private readonly chosen: number[] = [];
  /** Those that will be chosen if there is something in them still, when they have been looked at. */
  private candidates: number[] | undefined;
  private readonly fillings: number[] = [];
  private isChoosing = false;
  private filled = 0;
  private nextToChoose = 0;
  private totalBytes = 0;
  /** Those that were empty. */
  private readonly found: number[] = [];
  private isFinding = false;
  private isPatient = false;
  private nextToFind = 0;
  private kept = 0;
  private readonly stubborn = new Set<number>();

  constructor(private readonly arena: Arena) {}

  /** Chunks are being chosen or emptied. */
  get isGoingOn(): boolean {
    return this.isChoosing || this.chosen.length > 0;
  }

  /** Bytes of main memory that segments take; huge blocks, which are as large as what is in them, left out. */
  residentBytes(): number {
    let bytes = 0;
    this.forEachResident(0, Number.POSITIVE_INFINITY, (slot, chunk) => {
      const isPart = this.stubborn.has(slot * CHUNKS + chunk);
      bytes += isPart ? (CHUNK_PAGES - this.arena.maps[slot]!.freeIn(chunk)) * PAGE_BYTES : CHUNK_BYTES;
    });
    return bytes;
  }

  /** Bytes of the blocks that are in segments. */
  usedBytes(): number {
    const { arena } = this;
    let bytes = arena.usedBytes;
    for (let slot = 0; slot < arena.u8.length; slot++) {
      if (arena.maps[slot] === undefined) bytes -= arena.u8[slot].length;
    }
    return bytes;
  }

  /** Begins to `choose`: the chunks that stay are to be filled to the part `filled`. */
  begin(filled: number): void {
    this.filled = Math.min(FILLED_PART_MAX, filled);
    this.isChoosing = true;
    this.nextToChoose = 0;
    this.totalBytes = 0;
    this.fillings.length = 0;
    this.candidates = undefined;
  }

  /** Chooses the chunks with the least in them, as many as the others have room for; maybe none. Bit by bit: true when that is done. */
  choose(isSpent: () => boolean): boolean {
    if (!this.isChoosing) return true;
    while (this.candidates === undefined) {
      if (isSpent()) return false;
      this.nextToChoose = this.forEachResident(this.nextToChoose, CHUNKS_PER_LOOK, this.measure);
      if (this.nextToChoose < 0) this.candidates = this.leastFilled();
    }
    while (this.candidates.length > 0) {
      if (isSpent()) return false;
      for (const index of this.candidates.splice(-CHUNKS_PER_LOOK)) this.withdraw(index);
    }
    this.isChoosing = false;
    return true;
  }

  private readonly measure = (slot: number, chunk: number): void => {
    const index = slot * CHUNKS + chunk;
    if (index === 0 || this.stubborn.has(index)) return;
    const bytes = this.arena.bytesIn(slot, chunk);
    // Those with nothing in them are given back anyway, not filled.
    if (bytes === 0) return;
    this.totalBytes += bytes;
    this.fillings.push(bytes * INDEX_RANGE + index);
  };

  private leastFilled(): number[] {
    const sorted = Float64Array.from(this.fillings).sort();
    const spare = sorted.length - Math.ceil(this.totalBytes / (CHUNK_BYTES * this.filled));
    const least = sorted.subarray(0, Math.max(0, spare));
    const end = CHUNK_BYTES * this.filled * EMPTIED_PART_MAX * INDEX_RANGE;
    return Array.from(
      least.filter((one) => one < end),
      (one) => one % INDEX_RANGE,
    );
  }

  /** Something may have changed since the chunk was looked at. */
  private withdraw(index: number): void {
    const slot = Math.floor(index / CHUNKS);
    const chunk = index % CHUNKS;
    const map = this.arena.maps[slot];
    if (map === undefined || (map.resident & (1 << chunk)) === 0) return;
    this.arena.withdraw(slot, chunk);
    this.chosen.push(index);
  }

  /** All blocks that can be moved have been: gives back what is free now. Bit by bit: true when that was the last of it. */
  end(isSpent: () => boolean): boolean {
    for (let last = this.chosen.at(-1); last !== undefined; last = this.chosen.at(-1)) {
      if (isSpent()) return false;
      this.chosen.pop();
      if (!this.arena.readmit(Math.floor(last / CHUNKS), last % CHUNKS)) this.stubborn.add(last);
    }
    return true;
  }

  /** Chunks whose blocks could not be moved may be chosen again: others may be in them by now. */
  forgive(): void {
    this.stubborn.clear();
  }

  /**
   * Begins to `find` chunks with nothing in them; with `patience` all but a few, and only those that were empty when it was last looked for
   * them.
   */
  beginToFind(patience: boolean): void {
    this.isFinding = true;
    this.isPatient = patience;
    this.nextToFind = 0;
    this.kept = patience ? 0 : KEPT_CHUNKS;
    this.found.length = 0;
  }

  /** Looks for chunks for `giveBackFound`. Bit by bit: true when that is done. */
  find(isSpent: () => boolean): boolean {
    while (this.isFinding) {
      if (isSpent()) return false;
      this.nextToFind = this.forEachResident(this.nextToFind, CHUNKS_PER_LOOK, this.lookInto);
      this.isFinding = this.nextToFind >= 0;
    }
    return true;
  }

  private readonly lookInto = (slot: number, chunk: number): void => {
    const map = this.arena.maps[slot]!;
    const bit = 1 << chunk;
    const wasIdle = (map.idle & bit) !== 0;
    map.idle &= ~bit;
    if (map.isWithheld(chunk) || !this.isEmpty(slot, chunk)) return;
    this.stubborn.delete(slot * CHUNKS + chunk);
    map.idle |= bit;
    if (!this.isPatient || (wasIdle && this.kept++ >= KEPT_CHUNKS)) this.found.push(slot * CHUNKS + chunk);
  };

  /** Gives back the chunks that were found, if nothing is in them still. Returns how many, as many as the time was enough for. */
  giveBackFound(isSpent: () => boolean): number {
    let given = 0;
    while (this.found.length > 0 && !isSpent()) {
      const index = this.found.pop()!;
      const slot = Math.floor(index / CHUNKS);
      const chunk = index % CHUNKS;
      if (this.arena.maps[slot]?.isWithheld(chunk) !== false || !this.isEmpty(slot, chunk)) continue;
      this.arena.giveBackChunk(slot, chunk);
      this.arena.dropEmptySlabs(slot, chunk);
      given++;
    }
    if (given > 0) this.arena.unmapEmpty();
    return given;
  }

  /** There are chunks to be given back, or may be. */
  get hasFound(): boolean {
    return this.isFinding || this.found.length > 0;
  }

  /** Nothing is in a chunk, but empty slabs that are kept for their classes. Most chunks are told apart by their free pages alone. */
  private isEmpty(slot: number, chunk: number): boolean {
    return this.arena.maps[slot]!.freeIn(chunk) > CHUNK_PAGES / 4 && this.arena.bytesIn(slot, chunk) === 0;
  }

  /** Visits up to `count` chunks from the one with that number on. Returns the number to go on with; below 0: there are no more. */
  private forEachResident(from: number, count: number, visit: (slot: number, chunk: number) => void): number {
    const { maps } = this.arena;
    const end = maps.length * CHUNKS;
    let left = count;
    for (let index = from; index < end; index++) {
      const slot = Math.floor(index / CHUNKS);
      const resident = maps[slot]?.resident ?? 0;
      if ((resident & (1 << (index % CHUNKS))) === 0) continue;
      if (left-- === 0) return index;
      visit(slot, index % CHUNKS);
    }
    return NONE;
  }
}
