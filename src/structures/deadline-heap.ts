import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Entries } from "./entry.ts";

/**
 * Entries of one collection in the order of their deadlines: a heap with four children to a node, in chunks of the arena, so that it grows
 * without ever being copied whole. It answers which entry ends first, and an entry's place in it is found without a search.
 *
 * A slot is a deadline (double) and the entry's pointer. They lie apart within a chunk, all deadlines first, so that the four children that are
 * compared share a cache line. A header block (HEADER_BYTES) holds the count, the slots of the first chunk, the directory of chunks,
 * and a bound on the deadlines.
 *
 * Invariants
 * 1. A slot's deadline is its entry's, and not earlier than that of the slot above it.
 * 2. An entry in the heap is TIMED and not in a wheel: the word that would link it to the next entry there holds its slot's number.
 * 3. No entry's deadline is later than the bound, `latest`; it goes down only when the heap becomes empty.
 * 4. The first chunk has a power of two of slots up to CHUNK_SLOTS; all later ones are full size.
 */
const HEADER_BYTES = 24;
const COUNT = 0;
const DIRECTORY = 1;
const DIRECTORY_SLOTS = 2;
const FIRST_SLOTS = 3;
/** In units of 8 bytes. */
const LATEST = 2;

const CHUNK_SHIFT = 10;
const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
const FIRST_SLOTS_MIN = 4;
const SLOT_BYTES = 12;
/** Word of a TIMED entry that holds its slot. */
const SLOT = 4;

export class DeadlineHeap {
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];

  constructor(
    private readonly arena: Arena,
    private readonly entries: Entries,
  ) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
  }

  create(): Ptr {
    const h = this.arena.alloc(HEADER_BYTES);
    const directory = this.arena.alloc(8);
    this.setWord(directory, 0, this.arena.alloc(FIRST_SLOTS_MIN * SLOT_BYTES));
    this.setWord(h, COUNT, 0);
    this.setWord(h, DIRECTORY, directory);
    this.setWord(h, DIRECTORY_SLOTS, 2);
    this.setWord(h, FIRST_SLOTS, FIRST_SLOTS_MIN);
    this.setLatest(h, Number.NEGATIVE_INFINITY);
    return h;
  }

  /** Frees the heap's own blocks: the entries are someone else's. */
  destroy(h: Ptr): void {
    const directory = this.word(h, DIRECTORY) as Ptr;
    for (let c = this.chunks(h) - 1; c >= 0; c--) this.freeChunk(h, directory, c);
    this.arena.free(directory, this.word(h, DIRECTORY_SLOTS) << 2);
    this.arena.free(h, HEADER_BYTES);
  }

  count(h: Ptr): number {
    return this.word(h, COUNT);
  }

  /** The entry that ends first; NULL when there is none. */
  first(h: Ptr): Ptr {
    return this.count(h) === 0 ? NULL : this.entryAt(h, 0);
  }

  /** The first deadline; Infinity when there is none. */
  firstDeadline(h: Ptr): number {
    return this.count(h) === 0 ? Number.POSITIVE_INFINITY : this.deadlineAt(h, 0);
  }

  /** No deadline is later than this. */
  latest(h: Ptr): number {
    return this.f64[h >>> SEGMENT_SHIFT][(h & UNIT_MASK) + LATEST];
  }

  /** Adds an entry by the deadline that stands in it. */
  add(h: Ptr, e: Ptr): void {
    const count = this.count(h);
    this.makeRoom(h, count);
    this.setWord(h, COUNT, count + 1);
    const deadlineMs = this.entries.deadline(e);
    if (deadlineMs > this.latest(h)) this.setLatest(h, deadlineMs);
    this.rise(h, count, e, deadlineMs);
  }

  remove(h: Ptr, e: Ptr): void {
    const slot = this.word(e, SLOT);
    const last = this.count(h) - 1;
    this.setWord(h, COUNT, last);
    if (slot !== last) this.settle(h, slot, this.entryAt(h, last), this.deadlineAt(h, last));
    this.giveRoomBack(h, last);
    if (last === 0) this.setLatest(h, Number.NEGATIVE_INFINITY);
  }

  /** Finds an entry's place again after its deadline was changed. */
  moved(h: Ptr, e: Ptr): void {
    const deadlineMs = this.entries.deadline(e);
    if (deadlineMs > this.latest(h)) this.setLatest(h, deadlineMs);
    this.settle(h, this.word(e, SLOT), e, deadlineMs);
  }

  /** Puts `e`, with the same deadline, in the place of the entry `old`. */
  replace(h: Ptr, old: Ptr, e: Ptr): void {
    const slot = this.word(old, SLOT);
    this.setSlot(h, slot, e, this.deadlineAt(h, slot));
  }

  /** Moves header and directory; `relocate` tells where a block is now. Returns where the heap is. */
  moveHeader(h: Ptr, relocate: (p: Ptr, bytes: number) => Ptr): Ptr {
    this.setWord(h, DIRECTORY, relocate(this.word(h, DIRECTORY) as Ptr, this.word(h, DIRECTORY_SLOTS) << 2));
    return relocate(h, HEADER_BYTES);
  }

  /** Moves a chunk. False when there is none of that number. */
  moveChunk(h: Ptr, index: number, relocate: (p: Ptr, bytes: number) => Ptr): boolean {
    if (index >= this.chunks(h)) return false;
    const directory = this.word(h, DIRECTORY) as Ptr;
    const slots = index === 0 ? this.word(h, FIRST_SLOTS) : CHUNK_SLOTS;
    this.setWord(directory, index, relocate(this.word(directory, index) as Ptr, slots * SLOT_BYTES));
    return true;
  }

  /** How many entries have ended by that time. Looks at every slot. */
  countUntil(h: Ptr, nowMs: number): number {
    let ended = 0;
    for (let c = this.chunks(h) - 1; c >= 0; c--) {
      const { at, end, deadlines } = this.openChunk(h, c);
      for (let i = at; i < end; i++) if (deadlines[i] <= nowMs) ended++;
    }
    return ended;
  }

  /** Whether an entry ends after that time. Late ones are mostly among the last slots, so it starts there. */
  hasAfter(h: Ptr, nowMs: number): boolean {
    if (this.latest(h) <= nowMs) return false;
    for (let c = this.chunks(h) - 1; c >= 0; c--) {
      const { at, end, deadlines } = this.openChunk(h, c);
      for (let i = end - 1; i >= at; i--) if (deadlines[i] > nowMs) return true;
    }
    return false;
  }

  /** Where the deadlines of a chunk's slots in use are. */
  private openChunk(h: Ptr, index: number): { at: number; end: number; deadlines: Float64Array } {
    const chunk = this.word(this.word(h, DIRECTORY) as Ptr, index) as Ptr;
    const at = chunk & UNIT_MASK;
    const slots = Math.min(CHUNK_SLOTS, this.count(h) - (index << CHUNK_SHIFT));
    return { at, end: at + slots, deadlines: this.f64[chunk >>> SEGMENT_SHIFT] };
  }

  /** Bytes of the heap's blocks. */
  bytes(h: Ptr): number {
    const later = (this.chunks(h) - 1) * blockBytes(CHUNK_SLOTS * SLOT_BYTES);
    const directory = blockBytes(this.word(h, DIRECTORY_SLOTS) << 2);
    return HEADER_BYTES + directory + blockBytes(this.word(h, FIRST_SLOTS) * SLOT_BYTES) + later;
  }

  /** Places an entry in a slot, or as far above or below it as its deadline asks for. */
  private settle(h: Ptr, slot: number, e: Ptr, deadlineMs: number): void {
    if (slot > 0 && this.deadlineAt(h, (slot - 1) >> 2) > deadlineMs) this.rise(h, slot, e, deadlineMs);
    else this.sink(h, slot, e, deadlineMs);
  }

  private rise(h: Ptr, slot: number, e: Ptr, deadlineMs: number): void {
    while (slot > 0) {
      const above = (slot - 1) >> 2;
      const other = this.deadlineAt(h, above);
      if (other <= deadlineMs) break;
      this.setSlot(h, slot, this.entryAt(h, above), other);
      slot = above;
    }
    this.setSlot(h, slot, e, deadlineMs);
  }

  private sink(h: Ptr, slot: number, e: Ptr, deadlineMs: number): void {
    const count = this.count(h);
    for (;;) {
      const child = this.firstChild(h, slot, count);
      if (child < 0) break;
      const other = this.deadlineAt(h, child);
      if (other >= deadlineMs) break;
      this.setSlot(h, slot, this.entryAt(h, child), other);
      slot = child;
    }
    this.setSlot(h, slot, e, deadlineMs);
  }

  /** The child that ends first; -1 when there is none. */
  private firstChild(h: Ptr, slot: number, count: number): number {
    const from = (slot << 2) + 1;
    const end = Math.min(count, from + 4);
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let child = from; child < end; child++) {
      const deadlineMs = this.deadlineAt(h, child);
      if (deadlineMs >= bestMs) continue;
      best = child;
      bestMs = deadlineMs;
    }
    return best;
  }

  private deadlineAt(h: Ptr, slot: number): number {
    const chunk = this.chunkOf(h, slot);
    return this.f64[chunk >>> SEGMENT_SHIFT][(chunk & UNIT_MASK) + (slot & (CHUNK_SLOTS - 1))];
  }

  private entryAt(h: Ptr, slot: number): Ptr {
    return this.word(this.chunkOf(h, slot), this.entryWord(h, slot)) as Ptr;
  }

  private setSlot(h: Ptr, slot: number, e: Ptr, deadlineMs: number): void {
    const chunk = this.chunkOf(h, slot);
    this.f64[chunk >>> SEGMENT_SHIFT][(chunk & UNIT_MASK) + (slot & (CHUNK_SLOTS - 1))] = deadlineMs;
    this.setWord(chunk, this.entryWord(h, slot), e);
    this.setWord(e, SLOT, slot);
  }

  private chunkOf(h: Ptr, slot: number): Ptr {
    return this.word(this.word(h, DIRECTORY) as Ptr, slot >> CHUNK_SHIFT) as Ptr;
  }

  /** Word of the slot's pointer in its chunk: behind all the chunk's deadlines. */
  private entryWord(h: Ptr, slot: number): number {
    const slots = slot < CHUNK_SLOTS ? this.word(h, FIRST_SLOTS) : CHUNK_SLOTS;
    return (slots << 1) + (slot & (CHUNK_SLOTS - 1));
  }

  private chunks(h: Ptr): number {
    return Math.max(1, (this.count(h) + CHUNK_SLOTS - 1) >> CHUNK_SHIFT);
  }

  /** Makes sure that there is a slot of that number, the one behind the last. */
  private makeRoom(h: Ptr, slot: number): void {
    if (slot < CHUNK_SLOTS) {
      const slots = this.word(h, FIRST_SLOTS);
      if (slot >= slots) this.resizeFirst(h, slots << 1, slot);
    } else if ((slot & (CHUNK_SLOTS - 1)) === 0) {
      this.addChunk(h, slot >> CHUNK_SHIFT);
    }
  }

  /** The heap has `count` entries now, one fewer than before. */
  private giveRoomBack(h: Ptr, count: number): void {
    if (count >= CHUNK_SLOTS) {
      if ((count & (CHUNK_SLOTS - 1)) === 0) this.freeChunk(h, this.word(h, DIRECTORY) as Ptr, count >> CHUNK_SHIFT);
      return;
    }
    const slots = this.word(h, FIRST_SLOTS);
    if (slots > FIRST_SLOTS_MIN && count <= slots >> 2) this.resizeFirst(h, slots >> 1, count);
  }

  private resizeFirst(h: Ptr, slots: number, count: number): void {
    const directory = this.word(h, DIRECTORY) as Ptr;
    const old = this.word(directory, 0) as Ptr;
    const before = this.word(h, FIRST_SLOTS);
    const chunk = this.arena.alloc(slots * SLOT_BYTES);
    const to = chunk & UNIT_MASK;
    const from = old & UNIT_MASK;
    const deadlines = this.f64[old >>> SEGMENT_SHIFT];
    this.f64[chunk >>> SEGMENT_SHIFT].set(deadlines.subarray(from, from + count), to);
    for (let slot = 0; slot < count; slot++) {
      this.setWord(chunk, (slots << 1) + slot, this.word(old, (before << 1) + slot));
    }
    this.arena.free(old, before * SLOT_BYTES);
    this.setWord(directory, 0, chunk);
    this.setWord(h, FIRST_SLOTS, slots);
  }

  private addChunk(h: Ptr, index: number): void {
    const slots = this.word(h, DIRECTORY_SLOTS);
    if (index >= slots) {
      const directory = this.arena.alloc(slots << 3);
      const old = this.word(h, DIRECTORY) as Ptr;
      for (let i = 0; i < slots; i++) this.setWord(directory, i, this.word(old, i));
      this.arena.free(old, slots << 2);
      this.setWord(h, DIRECTORY, directory);
      this.setWord(h, DIRECTORY_SLOTS, slots << 1);
    }
    this.setWord(this.word(h, DIRECTORY) as Ptr, index, this.arena.alloc(CHUNK_SLOTS * SLOT_BYTES));
  }

  private freeChunk(h: Ptr, directory: Ptr, index: number): void {
    const slots = index === 0 ? this.word(h, FIRST_SLOTS) : CHUNK_SLOTS;
    this.arena.free(this.word(directory, index) as Ptr, slots * SLOT_BYTES);
  }

  private setLatest(h: Ptr, deadlineMs: number): void {
    this.f64[h >>> SEGMENT_SHIFT][(h & UNIT_MASK) + LATEST] = deadlineMs;
  }

  private word(p: Ptr, i: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i];
  }

  private setWord(p: Ptr, i: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i] = value;
  }
}
