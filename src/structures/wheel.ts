import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";

/**
 * A hierarchical timing wheel (Varghese and Lauck 1987): entries ordered by deadline, O(1) to add, move and remove, with the links in the
 * entries' own TIMED bytes.
 *
 * Level 0 has slots of 4 ms, level 1 of one window (4,096 of those, 16.4 s), level 2 of one era (4,096 windows, 18.6 h).
 *
 * Invariants
 * 1. `tick` is the next level-0 slot to fire: every deadline before `tick * TICK_MS` has been handed out.
 * 2. `openWindow` is the window after the present one, `openEra` the era after that of `openWindow`. Levels 0 and 1 are rings of two
 *    turns, so the slot of the open window is emptied into level 0, and that of the open era into level 1, bit by bit while the
 *    present one runs: no cascade is ever due at once.
 * 3. An entry of window w is added to level 0 if w <= openWindow, else to level 1 if its era is <= openEra, else to level 2, whose
 *    farthest slot also takes what lies beyond it and goes round again.
 * 4. Every slot is a ring of entries closed by a sentinel. Sentinels lie 8 bytes apart in blocks of the arena, made when the first of them
 *    is needed, and have only the two link words, so that a sentinel's links are read at the same offsets as an entry's.
 * 5. A slot that is not empty has its bit in `occupied`; the bit of an empty one may linger until somebody looks for entries there. A word
 *    of `occupied` has its bit in `groups` exactly if it is not 0, so that those who look for the first entry need not read all of it.
 * 6. Entries of a slot are in no order. While `sweepMark` is in slot `sweepSlot`, it and those behind it have been visited. It may be lost
 *    when its entry is moved to another block: then no more entries are visited there than there are in the wheel.
 */
const TICK_MS = 4;
const WINDOW_TICKS = 4096;
const ERA_WINDOWS = 4096;
const ERA_TICKS = ERA_WINDOWS * WINDOW_TICKS;
const LEVEL1 = WINDOW_TICKS * 2;
const LEVEL2 = LEVEL1 + ERA_WINDOWS * 2;
const ERAS = 4096;
const SLOTS = LEVEL2 + ERAS;

/** Words of an entry's TIMED part, after the deadline. */
const NEXT = 4;
const PREVIOUS = 5;
const CHUNK_SHIFT = 8;
const CHUNK_SENTINELS = 1 << CHUNK_SHIFT;
/** A block of sentinels: a unit each, and the two units before the first one's links. */
const CHUNK_BYTES = (CHUNK_SENTINELS + 2) * 8;
/** Slots whose words of `occupied` have their bits in the same word of `groups`; each level's ring is a multiple of so many. */
const GROUP_SHIFT = 10;
const GROUP_SLOTS = 1 << GROUP_SHIFT;
const NONE = -1;

/** An entry has been moved to another block: makes its neighbours in its wheel's slot point there. */
export function followLinks(i32: Int32Array[], e: Ptr): void {
  const at = (e & UNIT_MASK) << 1;
  const words = i32[e >>> SEGMENT_SHIFT];
  const next = words[at + NEXT];
  const previous = words[at + PREVIOUS];
  i32[next >>> SEGMENT_SHIFT][((next & UNIT_MASK) << 1) + PREVIOUS] = e;
  i32[previous >>> SEGMENT_SHIFT][((previous & UNIT_MASK) << 1) + NEXT] = e;
}

export interface WheelOwner {
  /** The entry's deadline has passed; it is out of the wheel already. */
  expire(e: Ptr): void;
}

export class Wheel {
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];
  /** Blocks of sentinels; NULL: not needed yet. */
  private readonly chunks = new Int32Array(SLOTS >> CHUNK_SHIFT);
  private readonly occupied = new Int32Array(SLOTS >> 5);
  private readonly groups = new Int32Array(SLOTS >> GROUP_SHIFT);
  private tick: number;
  private openWindow: number;
  private openEra: number;
  private sweepSlot = 0;
  private sweepMark = NULL;
  private sweepLeft = 0;
  count = 0;

  constructor(
    private readonly arena: Arena,
    nowMs: number,
  ) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
    this.tick = Math.floor(nowMs / TICK_MS);
    this.openWindow = Math.floor(this.tick / WINDOW_TICKS) + 1;
    this.openEra = Math.floor(this.openWindow / ERA_WINDOWS) + 1;
  }

  /** Frees the wheel's own blocks. The entries in it must be gone or be forgotten by their owner. */
  destroy(): void {
    for (const chunk of this.chunks) if (chunk !== NULL) this.arena.free(chunk as Ptr, CHUNK_BYTES);
  }

  /** Bytes of the wheel's own blocks. */
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => (chunk === NULL ? sum : sum + blockBytes(CHUNK_BYTES)), 0);
  }

  /** Adds an entry by the deadline that stands in it. */
  add(e: Ptr): void {
    this.count++;
    this.place(e);
  }

  remove(e: Ptr): void {
    this.count--;
    this.unlink(e);
  }

  /**
   * Hands out the entries whose deadline is past, slot by slot, then prepares the next window. Ends early, with false, when `stop` says so:
   * the next call goes on from there.
   */
  advance(nowMs: number, owner: WheelOwner, stop: () => boolean): boolean {
    const end = Math.floor(nowMs / TICK_MS);
    if (this.count === 0 && this.tick < end) this.jump(end);
    while (this.tick < end) {
      this.tick = this.nextOccupied(Math.min(end, this.openWindow * WINDOW_TICKS - 1));
      if (this.tick === end) break;
      const slot = this.tick % LEVEL1;
      for (let e = this.first(slot); e !== NULL; e = this.first(slot)) {
        if (stop()) return false;
        this.remove(e);
        owner.expire(e);
      }
      this.vacate(slot);
      if (!this.step(stop)) return false;
    }
    return this.prepare(stop);
  }

  /** Milliseconds until `advance` has something to hand out or to prepare; Infinity when the wheel is empty. */
  dueInMs(nowMs: number): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    const tick = this.nextOccupied(this.openWindow * WINDOW_TICKS - 1);
    return Math.max(0, (tick + 1) * TICK_MS - nowMs);
  }

  /** The first tick from the present one whose slot may hold something, at most `end`. */
  private nextOccupied(end: number): number {
    let tick = this.tick;
    while (tick < end) {
      const bits = this.occupied[(tick % LEVEL1) >> 5] >>> (tick % 32);
      if (bits !== 0) return Math.min(end, tick + 31 - Math.clz32(bits & -bits));
      tick += 32 - (tick % 32);
    }
    return end;
  }

  private jump(tick: number): void {
    this.tick = tick;
    this.openWindow = Math.floor(tick / WINDOW_TICKS) + 1;
    this.openEra = Math.floor(this.openWindow / ERA_WINDOWS) + 1;
  }

  /** Goes one tick on; into a new window only when all that belongs to it has come down. */
  private step(stop: () => boolean): boolean {
    if (this.tick + 1 === this.openWindow * WINDOW_TICKS) {
      if (!this.prepare(stop)) return false;
      this.jump(this.tick + 1);
      return true;
    }
    this.tick++;
    return true;
  }

  /** Empties the slots of the open window and the open era into the levels below. */
  private prepare(stop: () => boolean): boolean {
    const window = LEVEL1 + (this.openWindow % (ERA_WINDOWS * 2));
    return this.lower(window, stop) && this.lower(LEVEL2 + (this.openEra % ERAS), stop);
  }

  private lower(slot: number, stop: () => boolean): boolean {
    for (let e = this.first(slot); e !== NULL; e = this.first(slot)) {
      if (stop()) return false;
      this.unlink(e);
      this.place(e);
    }
    return true;
  }

  /**
   * Visits up to `count` entries, others at every call: all entries in turn, slot by slot. `visit` must not change the wheel.
   */
  sweep(count: number, visit: (e: Ptr) => boolean): void {
    for (let n = 0; n < count; ) {
      const slot = this.nextSlot(0, SLOTS, this.sweepSlot, SLOTS);
      if (slot === NONE) return;
      const e = this.first(slot);
      if (slot !== this.sweepSlot) this.sweepMark = NULL;
      this.sweepSlot = slot;
      if (e === this.sweepMark || (this.sweepMark !== NULL && this.sweepLeft === 0)) {
        this.sweepSlot = (slot + 1) % SLOTS;
        this.sweepMark = NULL;
        continue;
      }
      if (this.sweepMark === NULL) {
        this.sweepMark = e;
        this.sweepLeft = this.count;
      }
      this.sweepLeft--;
      this.turn(slot, e);
      visit(e);
      n++;
    }
  }

  /**
   * Visits up to `count` entries of those that end first, in no order: all of the same slot, whose other entries come at the next calls. Goes
   * on to later slots until `visit`, which must not change the wheel, says that an entry was what it is looking for.
   */
  visitFirst(count: number, visit: (e: Ptr) => boolean): void {
    const inWindows = (this.openWindow + 1) * WINDOW_TICKS - this.tick;
    const inEras = (this.openEra + 1) * ERA_WINDOWS - this.openWindow;
    let left = this.visitLevel(0, LEVEL1, this.tick, inWindows, count, visit);
    if (left > 0) left = this.visitLevel(LEVEL1, ERA_WINDOWS * 2, this.openWindow, inEras, left, visit);
    if (left > 0) this.visitLevel(LEVEL2, ERAS, this.openEra, ERAS, left, visit);
  }

  /** Returns how many entries may still be visited. */
  private visitLevel(
    base: number,
    size: number,
    from: number,
    slots: number,
    count: number,
    visit: (e: Ptr) => boolean,
  ): number {
    let left = count;
    let slot = this.nextSlot(base, size, from, slots);
    for (let i = 0; slot !== NONE && left > 0; slot = this.nextSlot(base, size, from + i, slots - i)) {
      let found = false;
      const first = this.first(slot);
      for (let e = first; left > 0; left--) {
        this.turn(slot, e);
        if (visit(e)) found = true;
        e = this.first(slot);
        if (e === first) break;
      }
      if (found) return 0;
      i = ((slot - base - (from % size) + size) % size) + 1;
    }
    return left;
  }

  /** The first slot with an entry among `count` of the ring of `size` slots from `base` on, starting at `from`; NONE when all are empty. */
  private nextSlot(base: number, size: number, from: number, count: number): number {
    for (let i = 0; i < count; ) {
      const slot = base + ((from + i) % size);
      const bits = this.occupied[slot >> 5] >>> (slot & 31);
      if (bits === 0) {
        i += this.gap(slot);
      } else if ((bits & 1) === 0) {
        i += 31 - Math.clz32(bits & -bits);
      } else {
        if (this.first(slot) !== NULL) return slot;
        this.vacate(slot);
        i++;
      }
    }
    return NONE;
  }

  /** Slots from this one on, after which there is none in its word, to the next word of its group that may have some, or to the next group. */
  private gap(slot: number): number {
    const word = (slot >> 5) & 31;
    const later = word === 31 ? 0 : this.groups[slot >> GROUP_SHIFT] >>> (word + 1);
    if (later === 0) return GROUP_SLOTS - (slot & (GROUP_SLOTS - 1));
    return 32 - (slot & 31) + 32 * (31 - Math.clz32(later & -later));
  }

  /** Puts the first entry of a slot behind the last one. */
  private turn(slot: number, e: Ptr): void {
    const next = this.link(e, NEXT);
    const s = this.sentinel(slot);
    if (next === s) return;
    this.setLink(s, NEXT, next);
    this.setLink(next, PREVIOUS, s);
    this.append(s, e);
  }

  /** The slot is empty. */
  private vacate(slot: number): void {
    const word = slot >> 5;
    this.occupied[word] &= ~(1 << (slot & 31));
    if (this.occupied[word] === 0) this.groups[slot >> GROUP_SHIFT] &= ~(1 << (word & 31));
  }

  private first(slot: number): Ptr {
    if (this.chunks[slot >> CHUNK_SHIFT] === NULL) return NULL;
    const s = this.sentinel(slot);
    const e = this.link(s, NEXT);
    return e === s ? NULL : e;
  }

  private place(e: Ptr): void {
    const slot = this.slotOf(this.f64[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) + 1]);
    this.occupied[slot >> 5] |= 1 << (slot & 31);
    this.groups[slot >> GROUP_SHIFT] |= 1 << ((slot >> 5) & 31);
    if (this.chunks[slot >> CHUNK_SHIFT] === NULL) this.addChunk(slot >> CHUNK_SHIFT);
    this.append(this.sentinel(slot), e);
  }

  private addChunk(index: number): void {
    const chunk = this.arena.alloc(CHUNK_BYTES);
    this.chunks[index] = chunk;
    for (let i = 0; i < CHUNK_SENTINELS; i++) {
      const s = (chunk + i) as Ptr;
      this.setLink(s, NEXT, s);
      this.setLink(s, PREVIOUS, s);
    }
  }

  private append(s: Ptr, e: Ptr): void {
    const last = this.link(s, PREVIOUS);
    this.setLink(e, NEXT, s);
    this.setLink(e, PREVIOUS, last);
    this.setLink(last, NEXT, e);
    this.setLink(s, PREVIOUS, e);
  }

  private unlink(e: Ptr): void {
    const next = this.link(e, NEXT);
    const previous = this.link(e, PREVIOUS);
    if (e === this.sweepMark) this.sweepMark = next === this.sentinel(this.sweepSlot) ? NULL : next;
    this.setLink(next, PREVIOUS, previous);
    this.setLink(previous, NEXT, next);
  }

  private slotOf(deadlineMs: number): number {
    const tick = Math.max(this.tick, Math.floor(deadlineMs / TICK_MS));
    const window = Math.floor(tick / WINDOW_TICKS);
    if (window <= this.openWindow) return tick % LEVEL1;
    const era = Math.floor(tick / ERA_TICKS);
    if (era <= this.openEra) return LEVEL1 + (window % (ERA_WINDOWS * 2));
    return LEVEL2 + (Math.min(era, this.openEra + ERAS - 1) % ERAS);
  }

  private sentinel(slot: number): Ptr {
    return (this.chunks[slot >> CHUNK_SHIFT] + (slot & (CHUNK_SENTINELS - 1))) as Ptr;
  }

  private link(e: Ptr, word: number): Ptr {
    return this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + word] as Ptr;
  }

  private setLink(e: Ptr, word: number, to: Ptr): void {
    this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + word] = to;
  }
}
