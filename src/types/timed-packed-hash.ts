import { Span } from "../lib/bytes.ts";
import { formatInteger, INTEGER_TEXT_MAX, parseInteger } from "../lib/integer.ts";
import type { Random } from "../lib/random.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { ELEMENTS_MAX, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";
import {
  type EndedFields,
  type FieldVisitor,
  type HashTimers,
  NO_DEADLINE,
  NO_FIELD,
  TIMER_BYTES,
  type Time,
  type TimedHash,
} from "./hash-deadlines.ts";

/** More fields have no room in a packed list. */
export const TIMED_FIELDS_MAX = Math.floor(ELEMENTS_MAX / 3);
/** Deadline, field, value. */
const STRIDE = 3;
const NOTHING = new Uint8Array(0);

/**
 * Packed hashes with deadlines (LISTPACK_EX): a packed list of deadline, field and value in turn, in the order in which the fields came. A
 * deadline is its decimal digits, which the list holds in 8 bytes, or the empty text, which takes one. It stands in front of the field
 * because a list can be read two elements back at most.
 */
export class TimedPackedHash implements TimedHash {
  private readonly list: PackedList;
  private readonly other: PackedList;
  private readonly digits = new Uint8Array(INTEGER_TEXT_MAX);
  private readonly field = new Span();
  private readonly value = new Span();
  private readonly text = new Span();

  constructor(
    arena: Arena,
    private readonly timers: HashTimers,
    private readonly time: Time,
  ) {
    this.list = new PackedList(arena);
    this.other = new PackedList(arena);
  }

  /** A timer for the fields of a packed hash, whose list `p` of `bytes` bytes is freed. */
  adopt(p: Ptr, bytes: number): Ptr {
    const { list, other } = this;
    other.open(p, bytes);
    this.startDraft(bytes + other.count);
    while (other.index < other.count) {
      other.read(this.field);
      other.next();
      other.read(this.value);
      other.next();
      this.append(NO_DEADLINE);
    }
    list.settle();
    other.free();
    return this.timers.create(list.p, list.bytes);
  }

  /** Opens an empty list with room for so many bytes. */
  private startDraft(bytes: number): void {
    this.list.open(NULL, EMPTY_BYTES);
    this.list.draft(bytes);
  }

  /** Adds `field` and `value` to the list. The cursor must be behind the last element, and ends there. */
  private append(deadlineMs: number): void {
    const { list, digits, field, value } = this;
    list.insert(digits, 0, this.format(deadlineMs));
    list.next();
    list.insertPair(field.buf, field.start, field.len, value.buf, value.start, value.len);
    list.next();
    list.next();
  }

  /** Writes the text of a deadline to `digits` and returns its length. */
  private format(deadlineMs: number): number {
    return deadlineMs === NO_DEADLINE ? 0 : formatInteger(deadlineMs, this.digits, 0);
  }

  private open(t: Ptr): void {
    this.list.open(this.timers.fields(t), this.timers.extra(t));
  }

  private close(t: Ptr): void {
    this.timers.setFields(t, this.list.p, this.list.bytes);
  }

  /** To the field of that name. False when there is none; the cursor is then behind the last element. */
  private find(t: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { list } = this;
    this.open(t);
    if (list.count === 0) return false;
    list.next();
    return list.find(STRIDE - 1, buf, start, len);
  }

  /** The deadline under the cursor, which goes on to the field. */
  private readDeadline(): number {
    const { list, text } = this;
    list.read(text);
    list.next();
    return text.len === 0 ? NO_DEADLINE : parseInteger(text.buf, text.start, text.len);
  }

  /** The deadline in front of the cursor's field; the cursor ends on the deadline. */
  private deadlineBefore(): number {
    const { list, text } = this;
    list.previous();
    list.read(text);
    return text.len === 0 ? NO_DEADLINE : parseInteger(text.buf, text.start, text.len);
  }

  get(t: Ptr, buf: Uint8Array, start: number, len: number, out: Span): boolean {
    if (!this.find(t, buf, start, len)) return false;
    this.list.next();
    this.list.read(out);
    return true;
  }

  has(t: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    return this.find(t, buf, start, len);
  }

  /** Whether a field can be set here, given how many there may be. */
  hasRoom(t: Ptr, buf: Uint8Array, start: number, len: number, fieldsMax: number): boolean {
    if (this.find(t, buf, start, len)) return true;
    return this.list.count / STRIDE < Math.min(fieldsMax, TIMED_FIELDS_MAX);
  }

  /** Sets a field and takes its deadline away unless `keep`. True when the hash did not have it. `hasRoom` must have said yes. */
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
    const { list } = this;
    const isNew = !this.find(t, fieldBuf, fieldStart, fieldLen);
    if (isNew) {
      list.insert(NOTHING, 0, 0);
      list.next();
      list.insertPair(fieldBuf, fieldStart, fieldLen, buf, start, len);
    } else {
      list.next();
      list.replace(buf, start, len);
      if (!keep) {
        list.previous();
        if (this.deadlineBefore() !== NO_DEADLINE) list.replace(NOTHING, 0, 0);
      }
    }
    this.close(t);
    return isNew;
  }

  delete(t: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    if (!this.find(t, buf, start, len)) return false;
    this.list.previous();
    this.list.remove(STRIDE);
    this.close(t);
    return true;
  }

  deadline(t: Ptr, buf: Uint8Array, start: number, len: number): number {
    return this.find(t, buf, start, len) ? this.deadlineBefore() : NO_FIELD;
  }

  setDeadline(t: Ptr, buf: Uint8Array, start: number, len: number, deadlineMs: number): void {
    if (!this.find(t, buf, start, len)) throw new Error("hash: a deadline for a field that is not there");
    this.list.previous();
    this.list.replace(this.digits, 0, this.format(deadlineMs));
    this.close(t);
  }

  nextDeadline(t: Ptr): number {
    const { list } = this;
    let next = Number.POSITIVE_INFINITY;
    for (this.open(t); list.index < list.count; ) {
      const deadlineMs = this.readDeadline();
      if (deadlineMs !== NO_DEADLINE && deadlineMs < next) next = deadlineMs;
      list.next();
      list.next();
    }
    return next;
  }

  /** All of them are taken out. */
  takeEnded(t: Ptr, nowMs: number, ended: EndedFields): void {
    if (this.nextDeadline(t) > nowMs) return;
    const { list, other, field } = this;
    other.open(this.timers.fields(t), this.timers.extra(t));
    this.startDraft(other.bytes);
    while (other.index < other.count) {
      other.read(this.text);
      const { buf, start, len } = this.text;
      const deadlineMs = len === 0 ? NO_DEADLINE : parseInteger(buf, start, len);
      other.next();
      other.read(field);
      other.next();
      if (deadlineMs !== NO_DEADLINE && deadlineMs <= nowMs) {
        ended.add(field, deadlineMs);
      } else {
        other.read(this.value);
        this.append(deadlineMs);
      }
      other.next();
    }
    list.settle();
    other.free();
    this.close(t);
  }

  isAlive(t: Ptr): boolean {
    return this.length(t) > 0;
  }

  fieldsHeld(t: Ptr): number {
    this.open(t);
    return this.list.count / STRIDE;
  }

  length(t: Ptr): number {
    const { nowMs } = this.time;
    if (this.timers.deadline(t) > nowMs) return this.fieldsHeld(t);
    let alive = 0;
    this.forEach(t, () => alive++);
    return alive;
  }

  forEach(t: Ptr, visit: FieldVisitor): void {
    const { list, field, value } = this;
    const { nowMs } = this.time;
    for (this.open(t); list.index < list.count; list.next()) {
      const deadlineMs = this.readDeadline();
      list.read(field);
      list.next();
      list.read(value);
      if (deadlineMs === NO_DEADLINE || deadlineMs > nowMs) visit(field, value, deadlineMs);
    }
  }

  scan(t: Ptr, _cursor: number, visit: FieldVisitor): number {
    this.forEach(t, visit);
    return 0;
  }

  random(t: Ptr, random: Random, field: Span, value: Span): void {
    const { list } = this;
    this.open(t);
    list.seek(STRIDE * random.below(list.count / STRIDE) + 1);
    list.read(field);
    list.next();
    list.read(value);
  }

  copy(t: Ptr): Ptr {
    this.open(t);
    return this.timers.create(this.list.copy(), this.list.bytes);
  }

  release(t: Ptr): void {
    this.freeFields(t);
    this.timers.free(t);
  }

  freeFields(t: Ptr): void {
    this.open(t);
    this.list.free();
  }

  memoryBytes(t: Ptr): number {
    return TIMER_BYTES + blockBytes(this.timers.extra(t));
  }
}
