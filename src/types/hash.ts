import { copyBytes, Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";
import { draftBytes, ELEMENTS_MAX, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";
import type { Collection, CollectionReclaimer } from "./collection.ts";
import { HASH, HASHTABLE, kind, LISTPACK, RAW, STRING } from "./kinds.ts";

export const PACKED_HASH = kind(HASH, LISTPACK);
export const TABLE_HASH = kind(HASH, HASHTABLE);
const FIELD = kind(STRING, RAW);
/** A table of no more fields is freed at once: less work than to queue it. */
const FREED_AT_ONCE_MAX = 64;
/** Larger drafts are not made: the pairs are set one by one. */
const DRAFT_BYTES_MAX = 65_536;
/** A table is sampled by picks instead of a walk when it has more than this times the fields that are wanted. */
const PICKING_FACTOR = 3;

export type FieldVisitor = (field: Span, value: Span) => void;

/**
 * Hashes: what the entry of a key refers to when its type is HASH.
 *
 * Invariants
 * 1. LISTPACK: the reference is a packed list, field and value in turn in the order in which the fields came, and its bytes. The hash
 *    had no more fields, and none of its fields and values more bytes, than the directives allowed when they were set.
 * 2. HASHTABLE: the reference is a Dict whose entries are fields with their values; its bytes are 0. A hash never goes back to LISTPACK.
 * 3. A hash has at least one field but while `delete` empties it; the caller then deletes the key.
 * 4. Fields change where they are: the key's entry stays, only its reference and encoding are rewritten.
 */
export class HashValues implements Collection {
  /** The directives of these names. */
  hashMaxListpackEntries = 512;
  hashMaxListpackValue = 64;
  /** The hash that `create` or `copy` made, for the entry that is to refer to it. */
  root: Ptr = NULL;
  rootBytes = 0;

  private readonly list: PackedList;
  private readonly field = new Span();
  private readonly value = new Span();

  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    readonly dict: Dict,
  ) {
    this.list = new PackedList(arena);
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
    this.setField(this.root, fieldBuf, fieldStart, fieldLen, buf, start, len);
    return TABLE_HASH;
  }

  /** Sets a field. True when the hash did not have it. */
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
    return this.setField(this.entries.reference(e), fieldBuf, fieldStart, fieldLen, buf, start, len);
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

  private setField(
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
    if (old !== NULL && entries.resizeValue(old, len)) {
      this.writeValue(old, buf, start, len);
      return false;
    }
    const f = entries.create(FIELD, false, fieldBuf, fieldStart, fieldLen, len);
    this.writeValue(f, buf, start, len);
    if (old === NULL) {
      dict.insert(table, f, hash);
      return true;
    }
    dict.replace(table, old, f);
    this.releaseField(old);
    return false;
  }

  private writeValue(f: Ptr, buf: Uint8Array, start: number, len: number): void {
    const { value } = this;
    this.entries.value(f, value);
    copyBytes(buf, start, len, value.buf, value.start);
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
    const f = dict.find(table, buf, start, len, dict.hash(buf, start, len));
    if (f === NULL) return false;
    dict.remove(table, f);
    this.releaseField(f);
    return true;
  }

  /** Number of fields. */
  length(e: Ptr): number {
    if (!this.isPacked(e)) return this.dict.count(this.entries.reference(e));
    this.open(e);
    return this.list.count >> 1;
  }

  /** Shows every field. `visit` must not call this object. */
  forEach(e: Ptr, visit: FieldVisitor): void {
    if (this.isPacked(e)) this.forEachPacked(e, visit);
    else this.dict.forEach(this.entries.reference(e), (f) => this.show(f, visit));
  }

  private forEachPacked(e: Ptr, visit: FieldVisitor): void {
    const { list } = this;
    for (this.open(e); list.index < list.count; list.next()) {
      this.readPair(this.field, this.value);
      visit(this.field, this.value);
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
    visit(this.field, this.value);
  }

  /**
   * Shows some of the fields and returns the cursor for the next ones; 0 starts and ends a walk. A packed hash is shown whole. What a
   * walk promises is what Dict.scan promises.
   */
  scan(e: Ptr, cursor: number, visit: FieldVisitor): number {
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
    const f = this.dict.random(this.entries.reference(e), random);
    this.entries.name(f, field);
    this.entries.value(f, value);
  }

  /** Shows `count` different fields by chance, every choice of them equally likely; `count` is at most the hash's length. */
  sample(e: Ptr, count: number, random: Random, visit: FieldVisitor): void {
    const length = this.length(e);
    if (!this.isPacked(e) && count * PICKING_FACTOR <= length) {
      this.samplePicks(this.entries.reference(e), count, random, visit);
      return;
    }
    let wanted = count;
    let left = length;
    this.forEach(e, (field, value) => {
      if (random.below(left--) >= wanted) return;
      wanted--;
      visit(field, value);
    });
  }

  private samplePicks(table: Ptr, count: number, random: Random, visit: FieldVisitor): void {
    const picked = new Set<Ptr>();
    while (picked.size < count) {
      const f = this.dict.random(table, random);
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
    const table = this.dict.create();
    this.forEach(e, (field, value) => this.addCopy(table, field, value));
    this.root = table;
    this.rootBytes = 0;
  }

  private addCopy(table: Ptr, field: Span, value: Span): void {
    const { buf, start, len } = value;
    this.setField(table, field.buf, field.start, field.len, buf, start, len);
  }

  /** Frees the hash. Of a big one that takes time, so the reclaimer does it. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.list.free();
      return;
    }
    const table = this.entries.reference(e);
    if (this.dict.count(table) > FREED_AT_ONCE_MAX) {
      // As the entries of keys: fields, too, may refer to values in blocks of their own.
      reclaimer.addTable(table, true);
      return;
    }
    this.dict.forEach(table, (f) => this.releaseField(f));
    this.dict.destroy(table);
  }

  /** Bytes of the hash's blocks. Fields of a table are taken to be as large as the first `samples` of them on average; 0: all are. */
  memoryBytes(e: Ptr, samples: number): number {
    const { dict, entries } = this;
    if (this.isPacked(e)) return blockBytes(entries.valueLength(e));
    const table = entries.reference(e);
    const count = dict.count(table);
    const wanted = samples === 0 ? count : Math.min(count, samples);
    let bytes = 0;
    let seen = 0;
    for (let home = 0; seen < wanted; home++) {
      dict.visitHome(table, home, (f) => {
        bytes += this.fieldBytes(f);
        seen++;
      });
    }
    return dict.tableBytes(table) + Math.round((bytes / Math.max(1, seen)) * count);
  }

  private fieldBytes(f: Ptr): number {
    const { entries } = this;
    const own = blockBytes(entries.bytesOf(f));
    return entries.head(f) & (REFERENCE << 8) ? own + blockBytes(entries.valueLength(f)) : own;
  }

  private releaseField(f: Ptr): void {
    const { entries } = this;
    if (entries.head(f) & (REFERENCE << 8)) this.arena.free(entries.reference(f), entries.valueLength(f));
    entries.release(f);
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

  private isPacked(e: Ptr): boolean {
    return this.entries.encoding(e) === LISTPACK;
  }

  private open(e: Ptr): void {
    this.list.open(this.entries.reference(e), this.entries.valueLength(e));
  }

  private fits(bytes: number): boolean {
    return bytes <= this.hashMaxListpackValue;
  }

  private maxFields(): number {
    return Math.min(this.hashMaxListpackEntries, ELEMENTS_MAX >> 1);
  }
}
