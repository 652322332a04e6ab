import { copyBytes, Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { DeadlineHeap } from "../structures/deadline-heap.ts";
import { REFERENCE } from "../structures/entry.ts";
import type { CollectionReclaimer } from "./collection.ts";
import { FIELD, type FieldTable } from "./field-table.ts";
import {
  type EndedFields,
  FIELDS_PER_STEP,
  type FieldVisitor,
  type HashTimers,
  NO_DEADLINE,
  NO_FIELD,
  TIMER_BYTES,
  type Time,
  type TimedHash,
} from "./hash-deadlines.ts";
import type { TimedPackedHash } from "./timed-packed-hash.ts";

/** So many picks may meet fields that have ended; then a field is chosen by a walk. */
const PICKS_MAX = 64;

/**
 * Tables of fields with deadlines (HASHTABLE_EX): fields that end are TIMED entries of the table and in its heap. Those whose time is past
 * stay until their turn comes, and are hidden; setting one anew makes it a new field.
 */
export class TimedTableHash implements TimedHash {
  private readonly field = new Span();
  private readonly value = new Span();

  constructor(
    private readonly tables: FieldTable,
    private readonly heap: DeadlineHeap,
    private readonly timers: HashTimers,
    private readonly time: Time,
  ) {}

  /** A timer for the fields of a table without deadlines. */
  adopt(table: Ptr): Ptr {
    return this.timers.create(table, this.heap.create());
  }

  /** Makes the fields of a packed hash those of a table. */
  takeOver(t: Ptr, packed: TimedPackedHash): void {
    const copy = this.adopt(this.tables.dict.create());
    packed.forEach(t, (field, value, deadlineMs) => this.add(copy, field, value, deadlineMs));
    packed.freeFields(t);
    this.timers.setFields(t, this.table(copy), this.heapOf(copy));
    this.timers.free(copy);
  }

  private table(t: Ptr): Ptr {
    return this.timers.fields(t);
  }

  private heapOf(t: Ptr): Ptr {
    return this.timers.extra(t) as Ptr;
  }

  private hasEnded(f: Ptr): boolean {
    return this.tables.entries.deadline(f) <= this.time.nowMs;
  }

  /** The entry of a field that has not ended, or NULL. */
  private find(t: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    const f = this.tables.find(this.table(t), buf, start, len);
    return f === NULL || this.hasEnded(f) ? NULL : f;
  }

  get(t: Ptr, buf: Uint8Array, start: number, len: number, out: Span): boolean {
    const f = this.find(t, buf, start, len);
    if (f === NULL) return false;
    this.tables.entries.value(f, out);
    return true;
  }

  has(t: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    return this.find(t, buf, start, len) !== NULL;
  }

  /** Sets a field and takes its deadline away unless `keep`. True when the hash did not have it, or only hidden. */
  set(
    t: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
    keep: boolean,
  ): boolean {
    const { tables } = this;
    const { entries } = tables;
    const old = tables.find(this.table(t), fieldBuf, fieldStart, fieldLen);
    if (old === NULL || !entries.isTimed(old)) {
      return tables.set(this.table(t), fieldBuf, fieldStart, fieldLen, buf, start, len);
    }
    const ended = this.hasEnded(old);
    if (keep && !ended) this.setTimed(t, old, fieldBuf, fieldStart, fieldLen, buf, start, len);
    else {
      this.heap.remove(this.heapOf(t), old);
      const { usedBytes } = tables.arena;
      const f = entries.create(FIELD, false, fieldBuf, fieldStart, fieldLen, len);
      tables.writeValue(f, buf, start, len);
      this.putFor(t, old, f, usedBytes);
    }
    return ended;
  }

  /** Gives a field with a deadline another value. */
  private setTimed(
    t: Ptr,
    old: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): void {
    const { tables } = this;
    const { entries } = tables;
    tables.dict.changing(this.table(t), old);
    if (entries.resizeValue(old, len)) {
      tables.writeValue(old, buf, start, len);
      return;
    }
    const { usedBytes } = tables.arena;
    const f = entries.create(FIELD, true, fieldBuf, fieldStart, fieldLen, len);
    entries.setDeadline(f, entries.deadline(old));
    tables.writeValue(f, buf, start, len);
    this.heap.replace(this.heapOf(t), old, f);
    this.putFor(t, old, f, usedBytes);
  }

  /** Puts a field that was made when `usedBytes` were in use in the place of another one. */
  private putFor(t: Ptr, old: Ptr, f: Ptr, usedBytes: number): void {
    const { tables } = this;
    tables.dict.replace(this.table(t), old, f);
    tables.releaseField(old);
    tables.dict.charge(this.table(t), usedBytes);
  }

  delete(t: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const f = this.find(t, buf, start, len);
    if (f === NULL) return false;
    this.remove(t, f);
    return true;
  }

  private remove(t: Ptr, f: Ptr): void {
    const { tables } = this;
    if (tables.entries.isTimed(f)) this.heap.remove(this.heapOf(t), f);
    tables.remove(this.table(t), f);
  }

  deadline(t: Ptr, buf: Uint8Array, start: number, len: number): number {
    const f = this.find(t, buf, start, len);
    if (f === NULL) return NO_FIELD;
    return this.deadlineOf(f);
  }

  private deadlineOf(f: Ptr): number {
    const { entries } = this.tables;
    return entries.isTimed(f) ? entries.deadline(f) : NO_DEADLINE;
  }

  setDeadline(t: Ptr, buf: Uint8Array, start: number, len: number, deadlineMs: number): void {
    const { entries } = this.tables;
    const f = this.find(t, buf, start, len);
    if (f === NULL) throw new Error("hash: a deadline for a field that is not there");
    if (!entries.isTimed(f)) {
      if (deadlineMs !== NO_DEADLINE) this.startDeadline(t, f, deadlineMs);
    } else if (deadlineMs === NO_DEADLINE) {
      this.heap.remove(this.heapOf(t), f);
      this.reshape(t, f, false);
    } else if (entries.deadline(f) !== deadlineMs) {
      this.tables.dict.changing(this.table(t), f);
      entries.setDeadline(f, deadlineMs);
      this.heap.moved(this.heapOf(t), f);
    }
  }

  private startDeadline(t: Ptr, f: Ptr, deadlineMs: number): void {
    const timed = this.reshape(t, f, true);
    this.tables.entries.setDeadline(timed, deadlineMs);
    this.heap.add(this.heapOf(t), timed);
  }

  /** Puts an entry with or without a deadline in the place of `f`, which is freed. The heap is the caller's. */
  private reshape(t: Ptr, f: Ptr, timed: boolean): Ptr {
    const { arena, entries, dict } = this.tables;
    const { usedBytes } = arena;
    const { field, value } = this;
    entries.name(f, field);
    const bytes = entries.valueLength(f);
    let copy: Ptr;
    if (entries.head(f) & (REFERENCE << 8)) {
      copy = entries.createReference(FIELD, timed, field.buf, field.start, field.len, entries.reference(f), bytes);
    } else {
      copy = entries.create(FIELD, timed, field.buf, field.start, field.len, bytes);
      entries.value(f, field);
      entries.value(copy, value);
      copyBytes(field.buf, field.start, bytes, value.buf, value.start);
    }
    dict.replace(this.table(t), f, copy);
    entries.release(f);
    dict.charge(this.table(t), usedBytes);
    return copy;
  }

  nextDeadline(t: Ptr): number {
    return this.heap.firstDeadline(this.heapOf(t));
  }

  /** At most FIELDS_PER_STEP are taken out. */
  takeEnded(t: Ptr, nowMs: number, ended: EndedFields): void {
    const { heap, field } = this;
    const h = this.heapOf(t);
    while (ended.count < FIELDS_PER_STEP && heap.firstDeadline(h) <= nowMs) {
      const f = heap.first(h);
      this.tables.entries.name(f, field);
      ended.add(field, heap.firstDeadline(h));
      this.remove(t, f);
    }
  }

  isAlive(t: Ptr, nowMs: number): boolean {
    const h = this.heapOf(t);
    return this.fieldsHeld(t) > this.heap.count(h) || this.heap.hasAfter(h, nowMs);
  }

  fieldsHeld(t: Ptr): number {
    return this.tables.dict.count(this.table(t));
  }

  length(t: Ptr): number {
    const { heap } = this;
    const { nowMs } = this.time;
    const h = this.heapOf(t);
    if (!this.hidesSome(h)) return this.fieldsHeld(t);
    const hidden = heap.latest(h) <= nowMs ? heap.count(h) : heap.countUntil(h, nowMs);
    return this.fieldsHeld(t) - hidden;
  }

  private hidesSome(h: Ptr): boolean {
    return this.heap.firstDeadline(h) <= this.time.nowMs;
  }

  /** Calls `visit` with every entry that has not ended. */
  private show(f: Ptr, visit: FieldVisitor): void {
    if (this.hasEnded(f)) return;
    const { field, value } = this;
    this.tables.entries.name(f, field);
    this.tables.entries.value(f, value);
    visit(field, value, this.deadlineOf(f));
  }

  forEach(t: Ptr, visit: FieldVisitor): void {
    this.tables.dict.forEach(this.table(t), (f) => this.show(f, visit));
  }

  scan(t: Ptr, cursor: number, visit: FieldVisitor): number {
    return this.tables.dict.scan(this.table(t), cursor, (f) => this.show(f, visit));
  }

  random(t: Ptr, random: Random, field: Span, value: Span): void {
    const { entries } = this.tables;
    const f = this.pick(t, random);
    entries.name(f, field);
    entries.value(f, value);
  }

  /** A field that has not ended by chance, each equally likely; there must be one. */
  pick(t: Ptr, random: Random): Ptr {
    const { dict } = this.tables;
    const table = this.table(t);
    for (let picks = 0; picks < PICKS_MAX; picks++) {
      const f = dict.random(table, random);
      if (!this.hasEnded(f)) return f;
    }
    let picked = NULL;
    let seen = 0;
    dict.forEach(table, (f) => {
      if (!this.hasEnded(f) && random.below(++seen) === 0) picked = f;
    });
    return picked;
  }

  copy(t: Ptr): Ptr {
    const { dict } = this.tables;
    const table = dict.create();
    const copy = this.adopt(table);
    dict.forEach(this.table(t), (f) => this.addCopy(copy, f));
    return copy;
  }

  private addCopy(t: Ptr, f: Ptr): void {
    const { entries } = this.tables;
    const { field, value } = this;
    entries.name(f, field);
    entries.value(f, value);
    this.add(t, field, value, this.deadlineOf(f));
  }

  /** Adds a field that the table does not have yet. */
  add(t: Ptr, field: Span, value: Span, deadlineMs: number): void {
    const { tables } = this;
    const { entries, dict } = tables;
    const timed = deadlineMs !== NO_DEADLINE;
    const { usedBytes } = tables.arena;
    const f = entries.create(FIELD, timed, field.buf, field.start, field.len, value.len);
    tables.writeValue(f, value.buf, value.start, value.len);
    dict.insert(this.table(t), f, dict.hash(field.buf, field.start, field.len));
    dict.charge(this.table(t), usedBytes);
    if (!timed) return;
    entries.setDeadline(f, deadlineMs);
    this.heap.add(this.heapOf(t), f);
  }

  release(t: Ptr, reclaimer: CollectionReclaimer): void {
    this.heap.destroy(this.heapOf(t));
    this.tables.release(this.table(t), reclaimer);
    this.timers.free(t);
  }

  memoryBytes(t: Ptr): number {
    return TIMER_BYTES + this.heap.bytes(this.heapOf(t)) + this.tables.dict.heldBytes(this.table(t));
  }
}
