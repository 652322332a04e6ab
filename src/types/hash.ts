import { Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { DeadlineHeap } from "../structures/deadline-heap.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import { draftBytes, ELEMENTS_MAX, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";
import type { Collection, CollectionReclaimer } from "./collection.ts";
import { FieldTable } from "./field-table.ts";
import { type EndedFields, type FieldVisitor, HashTimers, NO_DEADLINE, NO_FIELD, type Time } from "./hash-deadlines.ts";
import { HASH, HASHTABLE, HASHTABLE_EX, kind, LISTPACK, LISTPACK_EX } from "./kinds.ts";
import { TIMED_FIELDS_MAX, TimedPackedHash } from "./timed-packed-hash.ts";
import { TimedTableHash } from "./timed-table-hash.ts";

export const PACKED_HASH = kind(HASH, LISTPACK);
export const TABLE_HASH = kind(HASH, HASHTABLE);
/** Larger drafts are not made: the pairs are set one by one. */
const DRAFT_BYTES_MAX = 65_536;
/** A table is sampled by picks instead of a walk when it has more than this times the fields that are wanted. */
const PICKING_FACTOR = 3;

/**
 * Hashes: what the entry of a key refers to when its type is HASH.
 *
 * Invariants
 * 1. LISTPACK: the reference is a packed list, field and value in turn in the order in which the fields came, and its bytes. The hash
 *    had no more fields, and none of its fields and values more bytes, than the directives allowed when they were set.
 * 2. HASHTABLE: the reference is a Dict whose entries are fields with their values; its bytes are 0. A hash never goes back to LISTPACK.
 * 3. LISTPACK_EX and HASHTABLE_EX: the reference is a timer, its bytes are 0: see hash-deadlines.ts. These are what a hash becomes with
 *    its first deadline. The two plain forms know nothing of deadlines.
 * 4. A hash has at least one field but while `delete` empties it; the caller then deletes the key.
 * 5. Fields change where they are: the key's entry stays, only its reference and encoding are rewritten.
 */
export class HashValues implements Collection {
  /** The directives of these names. */
  hashMaxListpackEntries = 512;
  hashMaxListpackValue = 64;
  /** The hash that `create` or `copy` made, for the entry that is to refer to it. */
  root: Ptr = NULL;
  rootBytes = 0;

  readonly timers: HashTimers;
  private readonly list: PackedList;
  private readonly tables: FieldTable;
  private readonly timedPacked: TimedPackedHash;
  private readonly timedTable: TimedTableHash;
  private readonly field = new Span();
  private readonly value = new Span();

  /** `time` tells which fields have ended. */
  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    readonly dict: Dict,
    private readonly time: Time = { nowMs: 0 },
  ) {
    this.list = new PackedList(arena);
    this.timers = new HashTimers(arena);
    this.tables = new FieldTable(arena, entries, dict);
    this.timedPacked = new TimedPackedHash(arena, this.timers, time);
    this.timedTable = new TimedTableHash(this.tables, new DeadlineHeap(arena, entries), this.timers, time);
  }

  /** The form of a hash with a timer, whose encoding is neither LISTPACK nor HASHTABLE. */
  private timed(e: Ptr): TimedPackedHash | TimedTableHash {
    return this.entries.encoding(e) === LISTPACK_EX ? this.timedPacked : this.timedTable;
  }

  /** Makes a hash of one field: `root` and `rootBytes`. Returns its type and encoding. */
  create(
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): number {
    if (this.maxFields() > 0 && this.fits(fieldLen) && this.fits(len)) {
      this.list.open(NULL, EMPTY_BYTES);
      this.list.insertPair(fieldBuf, fieldStart, fieldLen, buf, start, len);
      this.root = this.list.p;
      this.rootBytes = this.list.bytes;
      return PACKED_HASH;
    }
    this.root = this.dict.create();
    this.rootBytes = 0;
    this.tables.set(this.root, fieldBuf, fieldStart, fieldLen, buf, start, len);
    return TABLE_HASH;
  }

  /** Sets a field, which then has no deadline. True when the hash did not have it. */
  set(
    e: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): boolean {
    if (this.isPacked(e)) {
      if (this.fits(fieldLen) && this.fits(len)) {
        const { list } = this;
        this.open(e);
        const isNew = !list.find(1, fieldBuf, fieldStart, fieldLen);
        if ((list.count >> 1) + (isNew ? 1 : 0) <= this.maxFields()) {
          if (isNew) list.insertPair(fieldBuf, fieldStart, fieldLen, buf, start, len);
          else this.replaceValue(buf, start, len);
          this.entries.setReference(e, list.p, list.bytes);
          return isNew;
        }
      }
      this.convert(e);
    }
    if (this.entries.encoding(e) !== HASHTABLE) {
      return this.setTimed(e, fieldBuf, fieldStart, fieldLen, buf, start, len, false);
    }
    return this.tables.set(this.entries.reference(e), fieldBuf, fieldStart, fieldLen, buf, start, len);
  }

  /** Sets a field and leaves it its deadline, if it has one. True when the hash did not have the field. */
  update(
    e: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): boolean {
    if (!this.hasTimer(e)) return this.set(e, fieldBuf, fieldStart, fieldLen, buf, start, len);
    return this.setTimed(e, fieldBuf, fieldStart, fieldLen, buf, start, len, true);
  }

  private setTimed(
    e: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
    keep: boolean,
  ): boolean {
    const t = this.entries.reference(e);
    if (this.entries.encoding(e) === LISTPACK_EX) {
      const { timedPacked } = this;
      const fits = this.fits(fieldLen) && this.fits(len);
      if (fits && timedPacked.hasRoom(t, fieldBuf, fieldStart, fieldLen, this.hashMaxListpackEntries)) {
        return timedPacked.set(t, fieldBuf, fieldStart, fieldLen, buf, start, len, keep);
      }
      this.convertTimed(e);
    }
    return this.timedTable.set(t, fieldBuf, fieldStart, fieldLen, buf, start, len, keep);
  }

  /**
   * Sets fields: in each pair of the ranges (start, len) of `buf`, from number `from` to before `end`, a field and its value. Returns how
   * many the hash did not have.
   */
  setPairs(e: Ptr, buf: Uint8Array, start: Int32Array, len: Int32Array, from: number, end: number): number {
    if (end - from > 2 && this.isPacked(e) && this.draft(e, len, from, end)) {
      return this.setDrafted(e, buf, start, len, from, end);
    }
    let added = 0;
    for (let i = from; i < end; i += 2) {
      if (this.set(e, buf, start[i], len[i], buf, start[i + 1], len[i + 1])) added++;
    }
    return added;
  }

  /**
   * Opens a draft of a packed hash that has room for these pairs. False when they might not fit, and when they are few beside what is there
   * already: then it is less work to set them one by one.
   */
  private draft(e: Ptr, len: Int32Array, from: number, end: number): boolean {
    let bytes = 0;
    for (let i = from; i < end; i++) {
      if (!this.fits(len[i])) return false;
      bytes += draftBytes(len[i]);
    }
    this.open(e);
    const { list } = this;
    if (bytes < list.bytes >> 1 || bytes + list.bytes > DRAFT_BYTES_MAX) return false;
    if ((list.count + end - from) >> 1 > this.maxFields()) return false;
    list.draft(bytes);
    return true;
  }

  private setDrafted(e: Ptr, buf: Uint8Array, start: Int32Array, len: Int32Array, from: number, end: number): number {
    const { list } = this;
    const before = list.count;
    for (let i = from; i < end; i += 2) {
      list.toStart();
      if (list.find(1, buf, start[i], len[i])) this.replaceValue(buf, start[i + 1], len[i + 1]);
      else list.insertPair(buf, start[i], len[i], buf, start[i + 1], len[i + 1]);
    }
    const added = (list.count - before) >> 1;
    list.settle();
    this.entries.setReference(e, list.p, list.bytes);
    return added;
  }

  /** Gives the field under the list's cursor another value. */
  private replaceValue(buf: Uint8Array, start: number, len: number): void {
    this.list.next();
    this.list.replace(buf, start, len);
  }

  /** The value of a field. False when there is no such field. */
  get(e: Ptr, buf: Uint8Array, start: number, len: number, out: Span): boolean {
    if (this.isPacked(e)) {
      this.open(e);
      if (!this.list.find(1, buf, start, len)) return false;
      this.list.next();
      this.list.read(out);
      return true;
    }
    if (this.entries.encoding(e) !== HASHTABLE) {
      return this.timed(e).get(this.entries.reference(e), buf, start, len, out);
    }
    const { dict } = this;
    const f = dict.find(this.entries.reference(e), buf, start, len, dict.hash(buf, start, len));
    if (f === NULL) return false;
    this.entries.value(f, out);
    return true;
  }

  has(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    if (this.isPacked(e)) {
      this.open(e);
      return this.list.find(1, buf, start, len);
    }
    if (this.hasTimer(e)) return this.timed(e).has(this.entries.reference(e), buf, start, len);
    const { dict } = this;
    return dict.find(this.entries.reference(e), buf, start, len, dict.hash(buf, start, len)) !== NULL;
  }

  /** Takes out a field. False when there is no such field. */
  delete(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { dict, entries, list } = this;
    if (this.isPacked(e)) {
      this.open(e);
      if (!list.find(1, buf, start, len)) return false;
      list.remove(2);
      entries.setReference(e, list.p, list.bytes);
      return true;
    }
    const table = entries.reference(e);
    if (this.hasTimer(e)) return this.timed(e).delete(table, buf, start, len);
    const f = dict.find(table, buf, start, len, dict.hash(buf, start, len));
    if (f === NULL) return false;
    this.tables.remove(table, f);
    return true;
  }

  /** Number of fields. */
  length(e: Ptr): number {
    if (this.hasTimer(e)) return this.timed(e).length(this.entries.reference(e));
    if (!this.isPacked(e)) return this.dict.count(this.entries.reference(e));
    this.open(e);
    return this.list.count >> 1;
  }

  /** Shows every field. `visit` must not call this object. */
  forEach(e: Ptr, visit: FieldVisitor): void {
    if (this.isPacked(e)) this.forEachPacked(e, visit);
    else if (this.hasTimer(e)) this.timed(e).forEach(this.entries.reference(e), visit);
    else this.dict.forEach(this.entries.reference(e), (f) => this.show(f, visit));
  }

  private forEachPacked(e: Ptr, visit: FieldVisitor): void {
    const { list } = this;
    for (this.open(e); list.index < list.count; list.next()) {
      this.readPair(this.field, this.value);
      visit(this.field, this.value, NO_DEADLINE);
    }
  }

  /** Reads the field under the list's cursor and its value; the cursor ends on the value. */
  private readPair(field: Span, value: Span): void {
    const { list } = this;
    list.read(field);
    list.next();
    list.read(value);
  }

  private show(f: Ptr, visit: FieldVisitor): void {
    this.entries.name(f, this.field);
    this.entries.value(f, this.value);
    visit(this.field, this.value, NO_DEADLINE);
  }

  /**
   * Shows some of the fields and returns the cursor for the next ones; 0 starts and ends a walk. A packed hash is shown whole. What a
   * walk promises is what Dict.scan promises.
   */
  scan(e: Ptr, cursor: number, visit: FieldVisitor): number {
    if (this.hasTimer(e)) return this.timed(e).scan(this.entries.reference(e), cursor, visit);
    if (!this.isPacked(e)) return this.dict.scan(this.entries.reference(e), cursor, (f) => this.show(f, visit));
    this.forEachPacked(e, visit);
    return 0;
  }

  /** A field by chance, each equally likely. */
  random(e: Ptr, random: Random, field: Span, value: Span): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.list.seek(2 * random.below(this.list.count >> 1));
      this.readPair(field, value);
      return;
    }
    if (this.hasTimer(e)) {
      this.timed(e).random(this.entries.reference(e), random, field, value);
      return;
    }
    const f = this.dict.random(this.entries.reference(e), random);
    this.entries.name(f, field);
    this.entries.value(f, value);
  }

  /** Shows `count` different fields by chance, every choice of them equally likely; `count` is at most the hash's length. */
  sample(e: Ptr, count: number, random: Random, visit: FieldVisitor): void {
    const length = this.length(e);
    const encoding = this.entries.encoding(e);
    if ((encoding === HASHTABLE || encoding === HASHTABLE_EX) && count * PICKING_FACTOR <= length) {
      this.samplePicks(e, count, random, visit);
      return;
    }
    let wanted = count;
    let left = length;
    this.forEach(e, (field, value, deadlineMs) => {
      if (random.below(left--) >= wanted) return;
      wanted--;
      visit(field, value, deadlineMs);
    });
  }

  private samplePicks(e: Ptr, count: number, random: Random, visit: FieldVisitor): void {
    const root = this.entries.reference(e);
    const timed = this.hasTimer(e);
    const picked = new Set<Ptr>();
    while (picked.size < count) {
      const f = timed ? this.timedTable.pick(root, random) : this.dict.random(root, random);
      if (picked.has(f)) continue;
      picked.add(f);
      this.show(f, visit);
    }
  }

  /** Makes a hash with the same fields: `root` and `rootBytes`. Type and encoding are the same. */
  copy(e: Ptr): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.root = this.list.copy();
      this.rootBytes = this.list.bytes;
      return;
    }
    this.rootBytes = 0;
    if (this.hasTimer(e)) {
      this.root = this.timed(e).copy(this.entries.reference(e));
      return;
    }
    const table = this.dict.create();
    this.forEach(e, (field, value) => this.addCopy(table, field, value));
    this.root = table;
  }

  private addCopy(table: Ptr, field: Span, value: Span): void {
    const { buf, start, len } = value;
    this.tables.set(table, field.buf, field.start, field.len, buf, start, len);
  }

  /** Frees the hash. Of a big one that takes time, so the reclaimer does it. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.list.free();
      return;
    }
    const root = this.entries.reference(e);
    if (this.hasTimer(e)) this.timed(e).release(root, reclaimer);
    else this.tables.release(root, reclaimer);
  }

  memoryBytes(e: Ptr): number {
    const root = this.entries.reference(e);
    if (this.isPacked(e)) return blockBytes(this.entries.valueLength(e));
    return this.hasTimer(e) ? this.timed(e).memoryBytes(root) : this.dict.heldBytes(root);
  }

  /** NO_FIELD, NO_DEADLINE, or when the field ends, Unix ms. */
  deadline(e: Ptr, buf: Uint8Array, start: number, len: number): number {
    if (this.hasTimer(e)) return this.timed(e).deadline(this.entries.reference(e), buf, start, len);
    return this.has(e, buf, start, len) ? NO_DEADLINE : NO_FIELD;
  }

  /**
   * Gives a field that is there a deadline, or takes it away (NO_DEADLINE). After the last of such calls the key's database must be told
   * (`Database.hasten` or `retime`): it has the timer.
   */
  setDeadline(e: Ptr, buf: Uint8Array, start: number, len: number, deadlineMs: number): void {
    if (!this.hasTimer(e)) {
      if (deadlineMs === NO_DEADLINE) return;
      this.giveTimer(e);
    }
    this.timed(e).setDeadline(this.entries.reference(e), buf, start, len, deadlineMs);
  }

  /** When the first field ends; Infinity when none does. */
  nextDeadline(e: Ptr): number {
    return this.hasTimer(e) ? this.timed(e).nextDeadline(this.entries.reference(e)) : Number.POSITIVE_INFINITY;
  }

  /** Takes out fields that have ended, a bounded number, of a hash that has a timer. */
  takeEnded(e: Ptr, ended: EndedFields): void {
    const t = this.entries.reference(e);
    const form = this.timed(e);
    ended.clear();
    form.takeEnded(t, this.time.nowMs, ended);
    if (form.isAlive(t, this.time.nowMs)) return;
    ended.keyGoes = true;
    ended.unnamed = form.fieldsHeld(t);
  }

  /** Whether a hash that has a timer has a field that has not ended. */
  isAlive(e: Ptr): boolean {
    const { nowMs } = this.time;
    const t = this.entries.reference(e);
    return this.timers.deadline(t) > nowMs || this.timed(e).isAlive(t, nowMs);
  }

  /** From a plain form to that with a timer. */
  private giveTimer(e: Ptr): void {
    const { entries } = this;
    if (this.isPacked(e) && this.length(e) > TIMED_FIELDS_MAX) this.convert(e);
    const root = entries.reference(e);
    if (this.isPacked(e)) {
      const t = this.timedPacked.adopt(root, entries.valueLength(e));
      entries.setEncoding(e, LISTPACK_EX);
      entries.setReference(e, t, 0);
    } else {
      entries.setReference(e, this.timedTable.adopt(root), 0);
      entries.setEncoding(e, HASHTABLE_EX);
    }
    entries.setTimedFields(e);
    this.timers.setOwner(entries.reference(e), e);
  }

  /** From LISTPACK_EX to HASHTABLE_EX: the timer stays. */
  private convertTimed(e: Ptr): void {
    const t = this.entries.reference(e);
    this.timedTable.takeOver(t, this.timedPacked);
    this.entries.setEncoding(e, HASHTABLE_EX);
  }

  /** From LISTPACK to HASHTABLE. */
  private convert(e: Ptr): void {
    const { entries, list } = this;
    const table = this.dict.create();
    this.forEachPacked(e, (field, value) => this.addCopy(table, field, value));
    list.free();
    entries.setEncoding(e, HASHTABLE);
    entries.setReference(e, table, 0);
  }

  private hasTimer(e: Ptr): boolean {
    return this.entries.hasTimedFields(e);
  }

  private isPacked(e: Ptr): boolean {
    return this.entries.encoding(e) === LISTPACK;
  }

  private open(e: Ptr): void {
    this.list.open(this.entries.reference(e), this.entries.valueLength(e));
  }

  /** Whether a packed hash may have a field or value of that length. */
  fits(bytes: number): boolean {
    return bytes <= this.hashMaxListpackValue;
  }

  /** How many fields a packed hash may have. */
  maxFields(): number {
    return Math.min(this.hashMaxListpackEntries, ELEMENTS_MAX >> 1);
  }
}
