import { copyBytes, Span } from "../lib/bytes.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";
import type { CollectionReclaimer } from "./collection.ts";
import { kind, RAW, STRING } from "./kinds.ts";

export const FIELD = kind(STRING, RAW);
/** A table of no more fields is freed at once: less work than to queue it. */
const FREED_AT_ONCE_MAX = 64;

/** Fields with their values as entries of a Dict: what the tables of big hashes have in common. */
export class FieldTable {
  private readonly span = new Span();

  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    readonly dict: Dict,
  ) {}

  find(table: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    return this.dict.find(table, buf, start, len, this.dict.hash(buf, start, len));
  }

  /** Sets a field of a table without deadlines. True when it did not have it. */
  set(
    table: Ptr,
    fieldBuf: Uint8Array,
    fieldStart: number,
    fieldLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): boolean {
    const { dict, entries } = this;
    const hash = dict.hash(fieldBuf, fieldStart, fieldLen);
    const old = dict.find(table, fieldBuf, fieldStart, fieldLen, hash);
    if (old !== NULL) dict.changingAt(table, hash);
    if (old !== NULL && entries.resizeValue(old, len)) {
      this.writeValue(old, buf, start, len);
      return false;
    }
    const { usedBytes } = this.arena;
    const f = entries.create(FIELD, false, fieldBuf, fieldStart, fieldLen, len);
    this.writeValue(f, buf, start, len);
    if (old === NULL) {
      dict.insert(table, f, hash);
    } else {
      dict.replace(table, old, f);
      this.releaseField(old);
    }
    dict.charge(table, usedBytes);
    return old === NULL;
  }

  /** Takes a field out, and frees it. */
  remove(table: Ptr, f: Ptr): void {
    const { usedBytes } = this.arena;
    this.dict.remove(table, f);
    this.releaseField(f);
    this.dict.charge(table, usedBytes);
  }

  writeValue(f: Ptr, buf: Uint8Array, start: number, len: number): void {
    const { span } = this;
    this.entries.value(f, span);
    copyBytes(buf, start, len, span.buf, span.start);
  }

  releaseField(f: Ptr): void {
    const { entries } = this;
    if (entries.head(f) & (REFERENCE << 8)) this.arena.free(entries.reference(f), entries.valueLength(f));
    entries.release(f);
  }

  /** Frees a table and its fields. Of a big one that takes time, so the reclaimer does it. */
  release(table: Ptr, reclaimer: CollectionReclaimer): void {
    if (this.dict.count(table) > FREED_AT_ONCE_MAX) {
      // As the entries of keys: fields, too, may refer to values in blocks of their own.
      reclaimer.addTable(table, true);
      return;
    }
    this.dict.dismantle(table, (f) => this.releaseField(f));
  }
}
