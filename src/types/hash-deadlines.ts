import type { Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { type Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import type { CollectionReclaimer } from "./collection.ts";

/**
 * Fields of hashes that end. A hash that never had one is untouched by all this. The first deadline gives a hash a timer, a block of
 * TIMER_BYTES that its key's entry refers to from then on, and that refers to the fields:
 *
 *     word 0   TIMER, where entries have their type
 *     word 1   the fields: a packed list (LISTPACK_EX) or a Dict (HASHTABLE_EX)
 *     16 bytes as the TIMED part of entries: deadline, links in the wheel
 *     word 6   the key's entry
 *     word 7   bytes of the packed list; the DeadlineHeap of the table
 *
 * The database's wheel holds the timer, among its keys, at the deadline of the field that ends first. So the wheel needs no more than a
 * look at word 0 to tell timers from keys; a hash takes its fields' deadlines with it wherever it goes, with one step for all of
 * them; and one that is deleted leaves nothing behind in the wheel. The order of a hash's own fields is the hash's affair: a packed hash is
 * searched, it is small, and a table has a heap beside it.
 *
 * Invariants
 * 1. An entry's TIMED_FIELDS flag is set exactly when its encoding is LISTPACK_EX or HASHTABLE_EX, and its timer then points back to it.
 * 2. A timer is in the wheel of its key's database exactly when its deadline is finite, and under that deadline. No field ends before it.
 *    It may be too early, when the field that ended first was deleted, overwritten or given more time: the wheel then hands it out once
 *    in vain.
 * 3. Looking a key up removes fields whose time is past, all of a packed hash and `FIELDS_PER_STEP` of a table, and the key when it has
 *    no field left that lives. What remains of a table's past fields is hidden from whoever asks: nothing that is past is ever seen.
 * 4. A hash keeps its timer to its end, even without deadlines.
 */
const TIMER = 15;
export const TIMER_BYTES = 32;
const FIELDS = 1;
const DEADLINE = 1;
const OWNER = 6;
const EXTRA = 7;

/** So many fields of a table are removed in one step. */
export const FIELDS_PER_STEP = 8;

/** What `deadline` says of a field that has none, and of one that is not there. */
export const NO_DEADLINE = 0;
export const NO_FIELD = -1;

/** Sees a field; `deadlineMs` is NO_DEADLINE or when it ends. */
export type FieldVisitor = (field: Span, value: Span, deadlineMs: number) => void;

/** Tells the time of this poll, Unix ms. */
export interface Time {
  readonly nowMs: number;
}

/** The blocks that tie a hash with deadlines to the wheel. */
export class HashTimers {
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];

  constructor(private readonly arena: Arena) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
  }

  /** A timer that stands still, for fields of nobody yet. */
  create(fields: Ptr, extra: number): Ptr {
    const t = this.arena.alloc(TIMER_BYTES);
    this.setWord(t, 0, TIMER);
    this.setFields(t, fields, extra);
    this.setDeadline(t, Number.POSITIVE_INFINITY);
    return t;
  }

  free(t: Ptr): void {
    this.arena.free(t, TIMER_BYTES);
  }

  /** Whether what a wheel holds is a timer. */
  isTimer(p: Ptr): boolean {
    return (this.word(p, 0) & 15) === TIMER;
  }

  /** When the wheel hands the timer out; Infinity when it is in none. */
  deadline(t: Ptr): number {
    return this.f64[t >>> SEGMENT_SHIFT][(t & UNIT_MASK) + DEADLINE];
  }

  setDeadline(t: Ptr, deadlineMs: number): void {
    this.f64[t >>> SEGMENT_SHIFT][(t & UNIT_MASK) + DEADLINE] = deadlineMs;
  }

  /** The key's entry. */
  owner(t: Ptr): Ptr {
    return this.word(t, OWNER) as Ptr;
  }

  setOwner(t: Ptr, e: Ptr): void {
    this.setWord(t, OWNER, e);
  }

  fields(t: Ptr): Ptr {
    return this.word(t, FIELDS) as Ptr;
  }

  extra(t: Ptr): number {
    return this.word(t, EXTRA);
  }

  setFields(t: Ptr, fields: Ptr, extra: number): void {
    this.setWord(t, FIELDS, fields);
    this.setWord(t, EXTRA, extra);
  }

  private word(p: Ptr, i: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i];
  }

  private setWord(p: Ptr, i: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i] = value;
  }
}

/** The two forms of a hash with a timer. Ranges name a field; `t` is the hash's timer. */
export interface TimedHash {
  get(t: Ptr, buf: Uint8Array, start: number, len: number, out: Span): boolean;
  has(t: Ptr, buf: Uint8Array, start: number, len: number): boolean;
  delete(t: Ptr, buf: Uint8Array, start: number, len: number): boolean;
  /** NO_FIELD, NO_DEADLINE, or the field's deadline. */
  deadline(t: Ptr, buf: Uint8Array, start: number, len: number): number;
  /** Gives a field that is there a deadline, or NO_DEADLINE. The timer is the caller's. */
  setDeadline(t: Ptr, buf: Uint8Array, start: number, len: number, deadlineMs: number): void;
  /** When the first field ends; Infinity when none does. */
  nextDeadline(t: Ptr): number;
  /** Takes out fields that have ended, and tells their names. */
  takeEnded(t: Ptr, nowMs: number, ended: EndedFields): void;
  /** Whether there is a field that has not ended. */
  isAlive(t: Ptr, nowMs: number): boolean;
  /** Number of all fields, hidden ones too. */
  fieldsHeld(t: Ptr): number;
  length(t: Ptr): number;
  forEach(t: Ptr, visit: FieldVisitor): void;
  scan(t: Ptr, cursor: number, visit: FieldVisitor): number;
  random(t: Ptr, random: Random, field: Span, value: Span): void;
  /** A timer that stands still, with a copy of the fields. */
  copy(t: Ptr): Ptr;
  release(t: Ptr, reclaimer: CollectionReclaimer): void;
  memoryBytes(t: Ptr): number;
}

/** Fields of one hash that have been removed because they ended. */
export class EndedFields {
  /** Number of fields whose names are here. */
  count = 0;
  /** Number of fields that go with the key without being named. */
  unnamed = 0;
  /** The key has no other fields: it is about to be deleted. */
  keyGoes = false;
  private bytes = new Uint8Array(1024);
  private readonly ends: number[] = [];
  private readonly deadlines: number[] = [];

  clear(): void {
    this.count = 0;
    this.unnamed = 0;
    this.keyGoes = false;
  }

  add(field: Span, deadlineMs: number): void {
    const from = this.count === 0 ? 0 : this.ends[this.count - 1];
    const end = from + field.len;
    if (end > this.bytes.length) {
      const bytes = new Uint8Array(end * 2);
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    for (let i = 0; i < field.len; i++) this.bytes[from + i] = field.buf[field.start + i];
    this.ends[this.count] = end;
    this.deadlines[this.count++] = deadlineMs;
  }

  /** The name of number i, until the next `clear`. */
  name(i: number, out: Span): void {
    const from = i === 0 ? 0 : this.ends[i - 1];
    out.set(this.bytes, from, this.ends[i] - from);
  }

  deadline(i: number): number {
    return this.deadlines[i];
  }
}
