import type { Arena } from "./arena.ts";
import { CHUNK_BYTES, CHUNK_PAGES, CHUNKS } from "./page-map.ts";
import { PAGE_BYTES } from "./size-classes.ts";

/** Chunks are not to be filled further, as not all of the right sizes fits in. */
const FILLED_PART_MAX = 0.98;
/** Fuller chunks than this part of how full the others are to be are not worth it. */
const EMPTIED_PART_MAX = 0.9;
/** So many chunks with nothing in them are kept: what is freed now may be needed again soon. */
const KEPT_CHUNKS = 2;

/** A chunk, and the bytes of the blocks in it. */
interface Filling {
  readonly slot: number;
  readonly chunk: number;
  readonly bytes: number;
}

/**
 * Gives the memory of an arena's chunks back to the system: of those with nothing in them at once, and of those with little in them when
 * somebody who knows all pointers has moved the blocks away.
 *
 * Invariants
 * 1. Between `begin` and `end` the chosen chunks are `leaving` in the arena: `relocate` moves what is in them to others, never into them.
 * 2. A chunk that was not empty at the end has blocks that nobody moves. Free parts of it are given back all the same, and it is not chosen
 *    again before `forgive`.
 */
export class Evacuation {
  private chosen: Filling[] = [];
  /** Chunks that were empty, by their numbers in the arena. */
  private readonly found: number[] = [];
  private readonly stubborn = new Set<number>();

  constructor(private readonly arena: Arena) {}

  /** Chunks are being emptied. */
  get isGoingOn(): boolean {
    return this.chosen.length > 0;
  }

  /** Bytes of main memory that segments take; huge blocks, which are as large as what is in them, left out. */
  residentBytes(): number {
    let bytes = 0;
    this.forEachResident((slot, chunk) => {
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

  /**
   * Chooses the chunks with the least in them, as many as the others have room for if they are to be filled to the part `filled`. False when
   * there are none.
   */
  begin(filled: number): boolean {
    const part = Math.min(FILLED_PART_MAX, filled);
    const fillings: Filling[] = [];
    let total = 0;
    this.forEachResident((slot, chunk) => {
      if (slot + chunk === 0 || this.stubborn.has(slot * CHUNKS + chunk)) return;
      const bytes = this.arena.bytesIn(slot, chunk);
      // Those with nothing in them are given back anyway, not filled.
      if (bytes === 0) return;
      total += bytes;
      fillings.push({ slot, chunk, bytes });
    });
    fillings.sort((a, b) => a.bytes - b.bytes);
    const spare = fillings.length - Math.ceil(total / (CHUNK_BYTES * part));
    this.chosen = fillings
      .slice(0, Math.max(0, spare))
      .filter(({ bytes }) => bytes < CHUNK_BYTES * part * EMPTIED_PART_MAX);
    for (const { slot, chunk } of this.chosen) this.arena.withdraw(slot, chunk);
    return this.isGoingOn;
  }

  /** All blocks that can be moved have been: gives back what is free now. Bit by bit: true when that was the last of it. */
  end(isSpent: () => boolean): boolean {
    for (let last = this.chosen.at(-1); last !== undefined; last = this.chosen.at(-1)) {
      if (isSpent()) return false;
      this.chosen.pop();
      if (!this.arena.readmit(last.slot, last.chunk)) this.stubborn.add(last.slot * CHUNKS + last.chunk);
    }
    return true;
  }

  /** Chunks whose blocks could not be moved may be chosen again: others may be in them by now. */
  forgive(): void {
    this.stubborn.clear();
  }

  /**
   * Looks for chunks with nothing in them, for `giveBackFound`; with `patience` for all but a few, and only those that were empty when it
   * was last looked for them.
   */
  findEmpty(patience: boolean): void {
    let kept = patience ? 0 : KEPT_CHUNKS;
    this.found.length = 0;
    this.forEachResident((slot, chunk) => {
      const map = this.arena.maps[slot]!;
      const bit = 1 << chunk;
      const wasIdle = (map.idle & bit) !== 0;
      map.idle &= ~bit;
      if (map.isWithheld(chunk) || !this.isEmpty(slot, chunk)) return;
      this.stubborn.delete(slot * CHUNKS + chunk);
      map.idle |= bit;
      if (!patience || (wasIdle && kept++ >= KEPT_CHUNKS)) this.found.push(slot * CHUNKS + chunk);
    });
  }

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

  /** There are chunks to be given back. */
  get hasFound(): boolean {
    return this.found.length > 0;
  }

  /** Nothing is in a chunk, but empty slabs that are kept for their classes. Most chunks are told apart by their free pages alone. */
  private isEmpty(slot: number, chunk: number): boolean {
    return this.arena.maps[slot]!.freeIn(chunk) > CHUNK_PAGES / 4 && this.arena.bytesIn(slot, chunk) === 0;
  }

  private forEachResident(visit: (slot: number, chunk: number) => void): void {
    const { maps } = this.arena;
    for (let slot = 0; slot < maps.length; slot++) {
      const map = maps[slot];
      if (map === undefined) continue;
      const { resident } = map;
      for (let chunk = 0; resident !== 0 && chunk < CHUNKS; chunk++) {
        if (resident & (1 << chunk)) visit(slot, chunk);
      }
    }
  }
}
