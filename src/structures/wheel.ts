import type { Arena, Ptr } from "../memory/arena.ts";
import { SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";

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
 * 4. Every slot is a ring of entries closed by a sentinel. Sentinels lie 8 bytes apart in one block of the arena and have only the two
 *    link words, so that a sentinel's links are read at the same offsets as an entry's.
 * 5. A level-0 slot that is not empty has its bit in `occupied`; the bit of an empty one may linger until the wheel passes it.
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
/** The sentinels' block: a unit each, and the two units before the first one's links. */
const SENTINEL_BYTES = (SLOTS + 2) * 8;

export interface WheelOwner {
  /** The entry's deadline has passed; it is out of the wheel already. */
  expire(e: Ptr): void;
}

export class Wheel {
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];
  private readonly sentinels: Ptr;
  private readonly occupied = new Int32Array(LEVEL1 >> 5);
  private tick: number;
  private openWindow: number;
  private openEra: number;
  count = 0;

  constructor(
    private readonly arena: Arena,
    nowMs: number,
  ) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
    this.sentinels = arena.alloc(SENTINEL_BYTES);
    for (let slot = 0; slot < SLOTS; slot++) {
      const s = this.sentinel(slot);
      this.setLink(s, NEXT, s);
      this.setLink(s, PREVIOUS, s);
    }
    this.tick = Math.floor(nowMs / TICK_MS);
    this.openWindow = Math.floor(this.tick / WINDOW_TICKS) + 1;
    this.openEra = Math.floor(this.openWindow / ERA_WINDOWS) + 1;
  }

  /** Frees the wheel's own block. The entries in it must be gone or be forgotten by their owner. */
  destroy(): void {
    this.arena.free(this.sentinels, SENTINEL_BYTES);
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
      const slot = this.sentinel(this.tick % LEVEL1);
      for (let e = this.link(slot, NEXT); e !== slot; e = this.link(slot, NEXT)) {
        if (stop()) return false;
        this.remove(e);
        owner.expire(e);
      }
      this.occupied[(this.tick % LEVEL1) >> 5] &= ~(1 << (this.tick % 32));
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
    const s = this.sentinel(slot);
    for (let e = this.link(s, NEXT); e !== s; e = this.link(s, NEXT)) {
      if (stop()) return false;
      this.unlink(e);
      this.place(e);
    }
    return true;
  }

  private place(e: Ptr): void {
    const slot = this.slotOf(this.f64[e >>> SEGMENT_SHIFT][(e & UNIT_MASK) + 1]);
    if (slot < LEVEL1) this.occupied[slot >> 5] |= 1 << (slot & 31);
    const s = this.sentinel(slot);
    const last = this.link(s, PREVIOUS);
    this.setLink(e, NEXT, s);
    this.setLink(e, PREVIOUS, last);
    this.setLink(last, NEXT, e);
    this.setLink(s, PREVIOUS, e);
  }

  private unlink(e: Ptr): void {
    const next = this.link(e, NEXT);
    const previous = this.link(e, PREVIOUS);
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
    return (this.sentinels + slot) as Ptr;
  }

  private link(e: Ptr, word: number): Ptr {
    return this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + word] as Ptr;
  }

  private setLink(e: Ptr, word: number, to: Ptr): void {
    this.i32[e >>> SEGMENT_SHIFT][((e & UNIT_MASK) << 1) + word] = to;
  }
}
