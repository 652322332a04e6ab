import { copyBytes, Span } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, INLINE_VALUE_BYTES_MAX, REFERENCE } from "../structures/entry.ts";
import { Wheel, type WheelOwner } from "../structures/wheel.ts";
import type { HashValues } from "../types/hash.ts";
import { HASH, HASHTABLE_EX, kind, LISTPACK_EX, STRING } from "../types/kinds.ts";

const TIMED_KINDS = [kind(HASH, LISTPACK_EX), kind(HASH, HASHTABLE_EX)];

/** What a database needs from the keyspace it belongs to. */
export interface DatabaseOwner {
  readonly arena: Arena;
  readonly entries: Entries;
  readonly dict: Dict;
  readonly hashes: HashValues;
  readonly clock: Clock;
  /** The time of this poll in Unix ms; 0 while a file is loaded, so that nothing expires. */
  nowMs: number;
  /** No key ends before this, as far as is known; lowered when one is given an earlier deadline. */
  nextDeadlineMs: number;
  /** The access clock that a new entry starts with. */
  initialAccess(): number;
  /** Frees what an entry's value refers to, now or bit by bit. The entry's own block is not touched. */
  releaseValue(e: Ptr): void;
  /** What looks keys up now may be about to change them: then whoever guards the table is told. */
  readonly mayChange: boolean;
  /** Somebody is to be told of new keys. */
  readonly announcesKeys: boolean;
  /** A key has got its first value. */
  created(db: Database, e: Ptr): void;
  /** A key's time has come; it is still there. */
  expired(db: Database, e: Ptr): void;
  /** Fields of a hash may have ended: takes some of them out. False when the key went with the last of them. */
  fieldsExpired(db: Database, e: Ptr): boolean;
}

/**
 * One numbered database: names to entries, and the wheel of those that end.
 *
 * Invariants
 * 1. An entry is TIMED exactly when it is in the wheel; the deadline in the entry is the one the wheel has it under.
 * 2. Every way to change an entry's layout goes through `swap`, which keeps table and wheel pointing at the live block.
 * 3. An `e` that was looked up is valid until the next call that creates, changes the layout of, or deletes an entry.
 * 4. A value that is changed where it is was looked up with `find` before; whatever else changes an entry tells Dict. So `arena.guard`
 *    hears of every change before it happens.
 * 5. The wheel also holds timers of hashes with fields that end (hash-deadlines.ts); `retime` keeps them where they belong.
 */
export class Database implements WheelOwner {
  private readonly arena: Arena;
  private readonly entries: Entries;
  private readonly dict: Dict;
  private readonly scratch = new Span();
  table: Ptr;
  wheel: Wheel | undefined;
  /** Hashes with fields that end: their timers in the wheel. */
  timers = 0;

  constructor(
    readonly owner: DatabaseOwner,
    readonly id: number,
  ) {
    this.arena = owner.arena;
    this.entries = owner.entries;
    this.dict = owner.dict;
    this.table = this.dict.create();
  }

  get size(): number {
    return this.dict.count(this.table);
  }

  /** Keys with a deadline. */
  get timedSize(): number {
    return this.wheel === undefined ? 0 : this.wheel.count - this.timers;
  }

  /** The entry of that key, or NULL; a key whose time is past is deleted on the way. */
  find(buf: Uint8Array, start: number, len: number, hash: number): Ptr {
    const e = this.dict.find(this.table, buf, start, len, hash);
    if (e === NULL) return NULL;
    if (this.arena.guard !== undefined && this.owner.mayChange) this.changing(e, hash);
    return this.entries.mayEnd(e) ? this.present(e) : e;
  }

  /** Who has found that entry may change its value where it is. */
  private changing(e: Ptr, hash: number): void {
    const { dict, entries, arena } = this;
    dict.changingAt(this.table, hash);
    if (entries.head(e) & (REFERENCE << 8) && entries.type(e) === STRING) {
      arena.guard!.blockChanging(entries.reference(e));
    }
  }

  /** The entry of that key, or NULL, even if its time is past. */
  inspect(buf: Uint8Array, start: number, len: number, hash: number): Ptr {
    return this.dict.find(this.table, buf, start, len, hash);
  }

  /** An entry that may have ended, or elements of it, as it is now; NULL when it is no more. */
  private present(e: Ptr): Ptr {
    const { entries, owner } = this;
    if (entries.deadline(e) <= owner.nowMs) {
      owner.expired(this, e);
      return NULL;
    }
    if (!entries.hasTimedFields(e) || owner.hashes.timers.deadline(entries.reference(e)) > owner.nowMs) return e;
    return owner.fieldsExpired(this, e) ? e : NULL;
  }

  /** What the wheel holds is a key, and not a hash's timer. */
  isKey(e: Ptr): boolean {
    return !this.owner.hashes.timers.isTimer(e);
  }

  /** The home in the table of a key's entry. */
  homeOf(e: Ptr): number {
    const { entries, dict } = this;
    return dict.homeOf(this.table, this.hash(entries.segment(e), entries.nameStart(e), entries.nameLength(e)));
  }

  hash(buf: Uint8Array, start: number, len: number): number {
    return this.dict.hash(buf, start, len);
  }

  /** Whether the key, or the last of its fields, has ended. */
  isPast(e: Ptr): boolean {
    const { entries, owner } = this;
    if (!entries.mayEnd(e)) return false;
    return entries.deadline(e) <= owner.nowMs || (entries.hasTimedFields(e) && !owner.hashes.isAlive(e));
  }

  expire(e: Ptr): void {
    // The wheel has taken it out already; put it back so that invariant 1 holds for what looks at the key now.
    this.wheel!.add(e);
    const { timers } = this.owner.hashes;
    if (timers.isTimer(e)) this.owner.fieldsExpired(this, timers.owner(e));
    else this.owner.expired(this, e);
  }

  /** Fields of a hash have no deadlines any more, or others: puts its timer where the wheel hands it out with the first of them. */
  retime(e: Ptr): void {
    if (this.entries.hasTimedFields(e)) this.moveTimer(e, this.owner.hashes.nextDeadline(e));
  }

  /** Fields of a hash were given this deadline. Takes less time than `retime`, but the timer may be early afterwards. */
  hasten(e: Ptr, deadlineMs: number): void {
    if (deadlineMs < this.owner.hashes.timers.deadline(this.entries.reference(e))) this.moveTimer(e, deadlineMs);
  }

  private moveTimer(e: Ptr, deadlineMs: number): void {
    const { owner } = this;
    const { hashes } = owner;
    const timer = this.entries.reference(e);
    if (hashes.timers.deadline(timer) === deadlineMs) return;
    this.stopTimer(e);
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.timers++;
    hashes.timers.setDeadline(timer, deadlineMs);
    this.wheel ??= new Wheel(this.arena, owner.clock.unixMs());
    this.wheel.add(timer);
    if (deadlineMs < owner.nextDeadlineMs) owner.nextDeadlineMs = deadlineMs;
  }

  /** Takes a hash's timer out of the wheel. */
  private stopTimer(e: Ptr): void {
    const { timers } = this.owner.hashes;
    const timer = this.entries.reference(e);
    if (timers.deadline(timer) === Number.POSITIVE_INFINITY) return;
    this.timers--;
    this.wheel!.remove(timer);
    timers.setDeadline(timer, Number.POSITIVE_INFINITY);
  }

  /** Makes an entry that refers to a timer that timer's owner. */
  private ownTimer(e: Ptr): void {
    this.entries.setTimedFields(e);
    this.owner.hashes.timers.setOwner(this.entries.reference(e), e);
  }

  delete(e: Ptr): void {
    this.dict.remove(this.table, e);
    this.forget(e);
  }

  /**
   * Makes the key's value a string of `valueBytes` bytes, all undefined, and returns its entry. `old` is what `find` said. `deadlineMs` is 0
   * for none. Nothing is copied from the old value.
   */
  putString(
    old: Ptr,
    buf: Uint8Array,
    start: number,
    len: number,
    hash: number,
    typeAndEncoding: number,
    valueBytes: number,
    deadlineMs: number,
  ): Ptr {
    const { entries } = this;
    if (old !== NULL && entries.type(old) === (typeAndEncoding & 15) && entries.isTimed(old) === deadlineMs > 0) {
      if (entries.resizeValue(old, valueBytes)) {
        entries.setEncoding(old, typeAndEncoding >>> 4);
        if (deadlineMs > 0) this.moveDeadline(old, deadlineMs);
        return old;
      }
    }
    const e = entries.create(typeAndEncoding, deadlineMs > 0, buf, start, len, valueBytes);
    this.place(old, e, hash, deadlineMs);
    return e;
  }

  /** Makes the key refer to a value block that the caller made: a collection's root. */
  putReference(
    old: Ptr,
    buf: Uint8Array,
    start: number,
    len: number,
    hash: number,
    typeAndEncoding: number,
    value: Ptr,
    bytes: number,
    deadlineMs: number,
  ): Ptr {
    const e = this.entries.createReference(typeAndEncoding, deadlineMs > 0, buf, start, len, value, bytes);
    this.place(old, e, hash, deadlineMs);
    if (TIMED_KINDS.includes(typeAndEncoding)) {
      this.ownTimer(e);
      this.retime(e);
    }
    return e;
  }

  private place(old: Ptr, e: Ptr, hash: number, deadlineMs: number): void {
    const { entries } = this;
    entries.setAccess(e, old === NULL ? this.owner.initialAccess() : entries.access(old));
    if (deadlineMs > 0) this.startDeadline(e, deadlineMs);
    if (old === NULL) {
      this.dict.insert(this.table, e, hash);
      if (this.owner.announcesKeys) this.owner.created(this, e);
    } else {
      this.dict.replace(this.table, old, e);
      this.forget(old);
    }
  }

  /** Sets, moves or (0) takes away a key's deadline. Returns the entry, which may have moved. */
  setDeadline(e: Ptr, deadlineMs: number): Ptr {
    const timed = this.entries.isTimed(e);
    if (timed && deadlineMs > 0) {
      this.moveDeadline(e, deadlineMs);
      return e;
    }
    if (!timed && deadlineMs === 0) return e;
    const { entries } = this;
    const copy = this.copyEntry(e, entries.segment(e), entries.nameStart(e), entries.nameLength(e), deadlineMs > 0);
    this.swap(e, copy);
    if (deadlineMs > 0) this.startDeadline(copy, deadlineMs);
    return copy;
  }

  /** Gives a string value another length; what was there stays, up to the shorter length. Returns the entry, which may have moved. */
  resize(e: Ptr, valueBytes: number): Ptr {
    const { entries, scratch } = this;
    if (entries.resizeValue(e, valueBytes)) return e;
    const oldBytes = entries.valueLength(e);
    const timed = entries.isTimed(e);
    const name = entries.segment(e);
    const copy = entries.create(
      entries.head(e) & 0xff,
      timed,
      name,
      entries.nameStart(e),
      entries.nameLength(e),
      valueBytes,
    );
    entries.setAccess(copy, entries.access(e));
    entries.value(e, scratch);
    const { buf, start } = scratch;
    entries.value(copy, scratch);
    copyBytes(buf, start, Math.min(oldBytes, valueBytes), scratch.buf, scratch.start);
    const deadlineMs = timed ? entries.deadline(e) : 0;
    this.dict.replace(this.table, e, copy);
    this.forget(e);
    if (timed) this.startDeadline(copy, deadlineMs);
    return copy;
  }

  /** Moves an entry, its value and deadline untouched, to another name in `to`; `old` is what that name has there. */
  rename(e: Ptr, to: Database, old: Ptr, buf: Uint8Array, start: number, len: number, hash: number): Ptr {
    const { entries } = this;
    const timed = entries.isTimed(e);
    const deadlineMs = timed ? entries.deadline(e) : 0;
    if (entries.hasTimedFields(e)) this.stopTimer(e);
    const copy = this.copyEntry(e, buf, start, len, timed);
    if (entries.head(copy) & (REFERENCE << 8)) this.arena.onGrowth();
    this.dict.remove(this.table, e);
    if (timed) this.wheel!.remove(e);
    entries.release(e);
    to.place(old, copy, hash, deadlineMs);
    to.retime(copy);
    return copy;
  }

  /** A new block with the same value (moved, if referred to) under a name. Links and table are the caller's. */
  private copyEntry(e: Ptr, buf: Uint8Array, start: number, len: number, timed: boolean): Ptr {
    const { entries, scratch } = this;
    const head = entries.head(e);
    if (head & (REFERENCE << 8)) {
      const bytes = entries.valueLength(e);
      const copy = entries.createReference(head & 0xff, timed, buf, start, len, entries.reference(e), bytes);
      entries.setAccess(copy, entries.access(e));
      if (entries.hasTimedFields(e)) this.ownTimer(copy);
      return copy;
    }
    const bytes = entries.valueLength(e);
    const copy = entries.create(head & 0xff, timed, buf, start, len, bytes);
    entries.setAccess(copy, entries.access(e));
    entries.value(e, scratch);
    const from = scratch.start;
    const source = scratch.buf;
    entries.value(copy, scratch);
    copyBytes(source, from, bytes, scratch.buf, scratch.start);
    return copy;
  }

  /** Puts the block `copy`, which has taken over the value, in the place of `e`. */
  private swap(e: Ptr, copy: Ptr): void {
    this.dict.replace(this.table, e, copy);
    if (this.entries.isTimed(e)) this.wheel!.remove(e);
    this.entries.release(e);
  }

  /** Frees an entry that is no longer in the table. */
  private forget(e: Ptr): void {
    if (this.entries.isTimed(e)) this.wheel!.remove(e);
    if (this.entries.hasTimedFields(e)) this.stopTimer(e);
    if (this.entries.head(e) & (REFERENCE << 8)) this.owner.releaseValue(e);
    this.entries.release(e);
  }

  private startDeadline(e: Ptr, deadlineMs: number): void {
    this.wheel ??= new Wheel(this.arena, this.owner.clock.unixMs());
    this.addDeadline(this.wheel, e, deadlineMs);
  }

  private moveDeadline(e: Ptr, deadlineMs: number): void {
    if (this.entries.deadline(e) === deadlineMs) return;
    this.wheel!.remove(e);
    this.addDeadline(this.wheel!, e, deadlineMs);
  }

  private addDeadline(wheel: Wheel, e: Ptr, deadlineMs: number): void {
    this.entries.setDeadline(e, deadlineMs);
    wheel.add(e);
    if (deadlineMs < this.owner.nextDeadlineMs) this.owner.nextDeadlineMs = deadlineMs;
  }

  /** Writes a whole string value: `putString` and the bytes. */
  setString(
    old: Ptr,
    keyBuf: Uint8Array,
    keyStart: number,
    keyLen: number,
    hash: number,
    typeAndEncoding: number,
    buf: Uint8Array,
    start: number,
    len: number,
    deadlineMs: number,
  ): Ptr {
    const e = this.putString(old, keyBuf, keyStart, keyLen, hash, typeAndEncoding, len, deadlineMs);
    if (len <= INLINE_VALUE_BYTES_MAX) {
      const at = this.entries.nameStart(e) + keyLen;
      copyBytes(buf, start, len, this.arena.u8[e >>> SEGMENT_SHIFT], at);
    } else {
      const p = this.entries.reference(e);
      copyBytes(buf, start, len, this.arena.u8[p >>> SEGMENT_SHIFT], (p & UNIT_MASK) << 3);
    }
    return e;
  }

  /** Gives the wheel's memory back when nothing has a deadline. */
  dropIdleWheel(): void {
    if (this.wheel === undefined || this.wheel.count > 0) return;
    this.wheel.destroy();
    this.wheel = undefined;
  }

  /** Takes everything out at once and returns the old table, whose entries the caller frees; undefined when there was nothing. */
  detach(): Ptr {
    const table = this.table;
    this.wheel?.destroy();
    this.wheel = undefined;
    this.timers = 0;
    this.table = this.dict.create();
    return table;
  }
}
