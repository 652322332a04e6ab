import { EMPTY, Span } from "../lib/bytes.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import { ELEMENTS_MAX, EMPTY_BYTES } from "../structures/packed-list.ts";
import type { Collection, CollectionReclaimer } from "./collection.ts";
import { kind, LISTPACK, SKIPLIST, ZSET } from "./kinds.ts";
import { PackedZset } from "./packed-zset.ts";
import { HEADER_BYTES, TableZset } from "./table-zset.ts";
import { ZsetCursor } from "./zset-cursor.ts";
import type { LexRange, ScoreRange } from "./zset-range.ts";

export const PACKED_ZSET = kind(ZSET, LISTPACK);
const TABLE_ZSET = kind(ZSET, SKIPLIST);

export type ScoredVisitor = (member: Span, score: number) => void;

/**
 * Sorted sets: what the entry of a key refers to when its type is ZSET. Members are in the order of their scores, and of their bytes where
 * scores are equal; a member's number in this order, from 0, is its rank. Every range, of scores or of bytes, is first made a range of ranks.
 *
 * Invariants
 * 1. LISTPACK: the reference is a PackedZset's list and its bytes. The set had no more members, and none of them more bytes, than the
 *    directives allowed when they were added.
 * 2. SKIPLIST (Redis's name; there is none): the reference is a TableZset's header. A set never goes back to LISTPACK.
 * 3. A set has at least one member but while it is drafted or emptied; the caller then deletes the key.
 * 4. The bytes given to a change are not the set's own.
 */
export class ZsetValues implements Collection {
  /** The directives of these names. */
  zsetMaxListpackEntries = 128;
  zsetMaxListpackValue = 64;
  /** The set that `create`, `finish` or `copy` made, for the entry that is to refer to it. */
  root: Ptr = NULL;
  rootBytes = 0;
  /** The score of the member that was found last. */
  score = 0;
  /** The ranks that a range was found to be. */
  first = 0;
  last = 0;
  /** The member that `seekEnd` or `scan` shows. */
  readonly member = new Span();
  /** For a command's own use. */
  readonly cursor: ZsetCursor;

  private readonly packed: PackedZset;
  private readonly tables: TableZset;
  private readonly walker: ZsetCursor;
  private readonly copier: ZsetCursor;
  /** Whether `find` found. */
  private found = false;

  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    dict: Dict,
  ) {
    this.packed = new PackedZset(arena);
    this.tables = new TableZset(arena, entries, dict);
    this.cursor = this.newCursor();
    this.walker = this.newCursor();
    this.copier = this.newCursor();
  }

  newCursor(): ZsetCursor {
    return new ZsetCursor(this.arena, this.entries, this.tables);
  }

  /** Makes a set of one member: `root` and `rootBytes`. Returns its type and encoding. */
  create(score: number, buf: Uint8Array, start: number, len: number): number {
    const { packed, tables } = this;
    if (this.maxPacked() > 0 && len <= this.zsetMaxListpackValue) {
      packed.open(NULL, EMPTY_BYTES);
      packed.insert(score, buf, start, len);
      this.root = packed.list.p;
      this.rootBytes = packed.list.bytes;
      return PACKED_ZSET;
    }
    this.root = tables.create();
    this.rootBytes = HEADER_BYTES;
    tables.push(this.root, score, buf, start, len);
    return TABLE_ZSET;
  }

  /**
   * An entry without a name in no database that refers to an empty set, for a result that is still to be found: `finish` or `abandon` it. About
   * `expected` members will be added.
   */
  begin(expected = 0): Ptr {
    if (expected > this.maxPacked()) {
      return this.entries.createReference(TABLE_ZSET, false, EMPTY, 0, 0, this.tables.create(expected), HEADER_BYTES);
    }
    return this.entries.createReference(PACKED_ZSET, false, EMPTY, 0, 0, NULL, EMPTY_BYTES);
  }

  /** Leaves a drafted set of at least one member for a key: `root` and `rootBytes`. Returns its type and encoding. */
  finish(draft: Ptr): number {
    const { entries } = this;
    this.root = entries.reference(draft);
    this.rootBytes = entries.valueLength(draft);
    const typeAndEncoding = entries.head(draft) & 0xff;
    entries.release(draft);
    return typeAndEncoding;
  }

  /** Frees a drafted set. */
  abandon(draft: Ptr, reclaimer: CollectionReclaimer): void {
    this.release(draft, reclaimer);
    this.entries.release(draft);
  }

  /** Number of members. */
  length(e: Ptr): number {
    if (!this.isPacked(e)) return this.tables.length(this.entries.reference(e));
    this.open(e);
    return this.packed.length;
  }

  /** Looks for a member; its score is in `score` then. */
  find(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    if (this.isPacked(e)) {
      const { packed } = this;
      this.open(e);
      this.found = packed.find(buf, start, len);
      if (this.found) this.score = packed.score;
      return this.found;
    }
    const m = this.tables.find(this.entries.reference(e), buf, start, len);
    this.found = m !== NULL;
    if (this.found) this.score = this.tables.score(m);
    return this.found;
  }

  /** The score of a member of a big set, which is an entry of its table. */
  scoreOf(m: Ptr): number {
    return this.tables.score(m);
  }

  /** The table of a big set's members. */
  members(e: Ptr): Ptr {
    return this.tables.dictOf(this.entries.reference(e));
  }

  /** Gives the member that `find` looked for right before a score. True when it is new. */
  put(e: Ptr, score: number, buf: Uint8Array, start: number, len: number): boolean {
    const { packed, tables } = this;
    if (this.isPacked(e)) {
      if (this.found) packed.update(score, buf, start, len);
      else if (packed.length < this.maxPacked() && len <= this.zsetMaxListpackValue)
        packed.insert(score, buf, start, len);
      else {
        this.convert(e);
        return this.set(e, score, buf, start, len);
      }
      this.close(e);
      return !this.found;
    }
    return tables.put(this.entries.reference(e), score, buf, start, len);
  }

  /** Gives a member a score. True when it is new. */
  set(e: Ptr, score: number, buf: Uint8Array, start: number, len: number): boolean {
    if (this.find(e, buf, start, len) && this.score === score) return false;
    return this.put(e, score, buf, start, len);
  }

  /** Takes out a member. False when there is no such member. */
  remove(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    if (!this.find(e, buf, start, len)) return false;
    if (this.isPacked(e)) {
      this.packed.remove(1);
      this.close(e);
    } else {
      this.tables.removeFound(this.entries.reference(e));
    }
    return true;
  }

  /** Shows the first or the last member in `member` and `score`; `removeEnd` takes it out. */
  seekEnd(e: Ptr, last: boolean): void {
    const { packed, tables, member } = this;
    if (this.isPacked(e)) {
      this.open(e);
      packed.seek(last ? packed.length - 1 : 0);
      packed.read(member);
      this.score = packed.score;
      return;
    }
    const m = tables.seekEnd(this.entries.reference(e), last);
    tables.memberOf(m, member);
    this.score = tables.score(m);
  }

  /** Takes out the member that `seekEnd` showed right before. */
  removeEnd(e: Ptr): void {
    if (this.isPacked(e)) {
      this.packed.remove(1);
      this.close(e);
    } else {
      this.tables.removeEnd(this.entries.reference(e));
    }
  }

  /** The rank of a member, and its score in `score`; -1 when there is no such member. */
  rank(e: Ptr, buf: Uint8Array, start: number, len: number): number {
    const { packed, tables, entries } = this;
    if (this.isPacked(e)) return this.find(e, buf, start, len) ? packed.rank : -1;
    const z = entries.reference(e);
    const m = tables.find(z, buf, start, len);
    if (m === NULL) return -1;
    this.score = tables.score(m);
    return tables.rank(z, m);
  }

  /** How many members have a lower score; with `inclusive` those of that score, too. */
  private count(e: Ptr, score: number, inclusive: boolean): number {
    if (!this.isPacked(e)) return this.tables.countBelow(this.entries.reference(e), score, inclusive);
    this.open(e);
    return this.packed.countBelow(score, inclusive);
  }

  /** Finds the members of a range of scores: `first` and `last`. False when there are none. */
  scoreRange(e: Ptr, { min, max, minExclusive, maxExclusive }: ScoreRange): boolean {
    if (min > max || (min === max && (minExclusive || maxExclusive))) return false;
    this.first = this.count(e, min, minExclusive);
    this.last = this.count(e, max, !maxExclusive) - 1;
    return this.first <= this.last;
  }

  /**
   * Finds the members of a range of bytes: `first` and `last`. False when there are none. The scores should all be equal; `fromEnd` tells the
   * direction of a walk through the range, which matters if they are not.
   */
  lexRange(e: Ptr, range: LexRange, fromEnd: boolean): boolean {
    const { packed, tables } = this;
    if (this.isPacked(e)) {
      this.open(e);
      if (!packed.lexRange(range, fromEnd)) return false;
      this.first = packed.first;
      this.last = packed.last;
      return true;
    }
    if (range.isEmpty) return false;
    const z = this.entries.reference(e);
    this.first = tables.countBelowLex(z, range.min, range.min.exclusive);
    this.last = tables.countBelowLex(z, range.max, !range.max.exclusive) - 1;
    return this.first <= this.last;
  }

  /** Takes out the members of those ranks, `last` included. */
  removeRange(e: Ptr, first: number, last: number): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.packed.seek(first);
      this.packed.remove(last - first + 1);
      this.close(e);
    } else {
      this.tables.removeRange(this.entries.reference(e), first, last);
    }
  }

  /** Shows every member in order. `visit` may change other sorted sets, and must not walk through one. */
  forEach(e: Ptr, visit: ScoredVisitor): void {
    const { walker } = this;
    for (let more = walker.seek(e, 0); more; more = walker.next()) visit(walker.member, walker.score);
  }

  /** Shows the members under a cursor and returns the next one; 0 starts and ends a walk. A packed set is shown at once. */
  scan(e: Ptr, cursor: number, visit: ScoredVisitor): number {
    if (this.isPacked(e)) {
      this.forEach(e, visit);
      return 0;
    }
    return this.tables.scan(this.entries.reference(e), cursor, (m) => {
      this.tables.memberOf(m, this.member);
      visit(this.member, this.tables.score(m));
    });
  }

  /** Makes a set with the same members: `root` and `rootBytes`. Type and encoding are the same. */
  copy(e: Ptr): void {
    const { packed } = this;
    if (this.isPacked(e)) {
      this.open(e);
      this.root = packed.list.copy();
      this.rootBytes = packed.list.bytes;
      return;
    }
    this.root = this.tableOf(e);
    this.rootBytes = HEADER_BYTES;
  }

  /** Frees the set. Of a big one that takes time, so the reclaimer does it. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    if (this.isPacked(e)) {
      this.open(e);
      this.packed.list.free();
    } else {
      this.tables.release(this.entries.reference(e), reclaimer);
    }
  }

  memoryBytes(e: Ptr): number {
    if (this.isPacked(e)) return blockBytes(this.entries.valueLength(e));
    return this.tables.memoryBytes(this.entries.reference(e));
  }

  /** From LISTPACK to SKIPLIST. */
  private convert(e: Ptr): void {
    const { entries } = this;
    const z = this.tableOf(e);
    this.open(e);
    this.packed.list.free();
    entries.setEncoding(e, SKIPLIST);
    entries.setReference(e, z, HEADER_BYTES);
  }

  /** A new table with the members of a set. */
  private tableOf(e: Ptr): Ptr {
    const { tables, copier } = this;
    const { member } = copier;
    const z = tables.create();
    for (let more = copier.seek(e, 0); more; more = copier.next()) {
      tables.push(z, copier.score, member.buf, member.start, member.len);
    }
    return z;
  }

  private isPacked(e: Ptr): boolean {
    return this.entries.encoding(e) === LISTPACK;
  }

  private open(e: Ptr): void {
    this.packed.open(this.entries.reference(e), this.entries.valueLength(e));
  }

  /** Takes over what became of the open list. */
  private close(e: Ptr): void {
    const { list } = this.packed;
    this.entries.setReference(e, list.p, list.bytes);
  }

  /** How many members a packed sorted set may have. */
  maxPacked(): number {
    return Math.min(this.zsetMaxListpackEntries, ELEMENTS_MAX >> 1);
  }
}
