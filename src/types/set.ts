import { EMPTY, Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import { INTEGERS_MAX, IntSet, EMPTY_BYTES as NO_INTEGERS_BYTES } from "../structures/int-set.ts";
import { draftBytes, ELEMENTS_MAX, EMPTY_BYTES as EMPTY_LIST_BYTES, PackedList } from "../structures/packed-list.ts";
import type { Collection, CollectionReclaimer } from "./collection.ts";
import { HASHTABLE, INTSET, kind, LISTPACK, SET } from "./kinds.ts";
import { MemberTable, type MemberVisitor } from "./member-table.ts";

export const INTEGER_SET = kind(SET, INTSET);
export const PACKED_SET = kind(SET, LISTPACK);
const TABLE_SET = kind(SET, HASHTABLE);
/** A table is sampled by picks instead of a walk when it has more than this times the members that are wanted. */
const PICKING_FACTOR = 3;
const INTEGER_TEXT_BYTES = 20;

/**
 * Sets: what the entry of a key refers to when its type is SET.
 *
 * Invariants
 * 1. INTSET: the reference is an IntSet and its bytes. The set had no more members than the directive allowed when they were added.
 * 2. LISTPACK: the reference is a packed list of the members in the order in which they came, and its bytes. Number and lengths of the
 *    members were within the directives.
 * 3. HASHTABLE: the reference is a Dict whose entries are members, without values; its bytes are 0.
 * 4. A set goes from INTSET to LISTPACK or HASHTABLE and from LISTPACK to HASHTABLE, and never back. Too many integers make a table even
 *    if a packed list could hold them, as in Redis.
 * 5. A set has at least one member but while it is drafted or emptied; the caller then deletes the key.
 * 6. While `forEach` shows a set, other sets may be asked and changed: walks have a list and an IntSet of their own.
 */
export class SetValues implements Collection {
  /** The directives of these names. */
  setMaxIntsetEntries = 512;
  setMaxListpackEntries = 128;
  setMaxListpackValue = 64;
  /** The set that `create`, `finish` or `copy` made, for the entry that is to refer to it. */
  root: Ptr = NULL;
  rootBytes = 0;

  private readonly ints: IntSet;
  private readonly list: PackedList;
  private readonly walkedInts: IntSet;
  private readonly walkedList: PackedList;
  private readonly table: MemberTable;
  private readonly member = new Span();
  private readonly text = new Span();
  /** The member of a table that was picked. */
  private picked: Ptr = NULL;

  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    readonly dict: Dict,
  ) {
    this.ints = new IntSet(arena);
    this.list = new PackedList(arena);
    this.walkedInts = new IntSet(arena);
    this.walkedList = new PackedList(arena);
    this.table = new MemberTable(entries, dict);
  }

  /** Makes a set of one member, to which about `expected` - 1 more will be added: `root` and `rootBytes`. Returns its type and encoding. */
  create(buf: Uint8Array, start: number, len: number, expected: number): number {
    const { ints, list } = this;
    if (this.maxIntegers() > 0 && ints.want(buf, start, len)) {
      ints.open(NULL, NO_INTEGERS_BYTES);
      ints.find();
      ints.insert();
      this.root = ints.p;
      this.rootBytes = ints.bytes;
      return INTEGER_SET;
    }
    if (expected <= this.maxListed() && len <= this.setMaxListpackValue) {
      list.open(NULL, EMPTY_LIST_BYTES);
      list.insert(buf, start, len);
      this.root = list.p;
      this.rootBytes = list.bytes;
      return PACKED_SET;
    }
    this.root = this.dict.create();
    this.rootBytes = 0;
    this.table.add(this.root, buf, start, len);
    return TABLE_SET;
  }

  /**
   * An entry without a name in no database that refers to an empty set, for a result that is still to be found: `finish` or `discard` it.
   * `table`: in the encoding in which members are found fastest, else in the one that takes the least memory.
   */
  draft(table: boolean): Ptr {
    if (table) return this.entries.createReference(TABLE_SET, false, EMPTY, 0, 0, this.dict.create(), 0);
    return this.entries.createReference(INTEGER_SET, false, EMPTY, 0, 0, NULL, NO_INTEGERS_BYTES);
  }

  /**
   * Makes a set of the integers at buf[start], as IntSet.load takes them, `maxIntegers` at most: `root` and `rootBytes`. False when they are not
   * from the least to the greatest.
   */
  createOfIntegers(buf: Uint8Array, start: number, shift: number, count: number): boolean {
    const { ints } = this;
    if (!ints.load(buf, start, shift, count)) return false;
    this.root = ints.p;
    this.rootBytes = ints.bytes;
    return true;
  }

  /** Leaves a drafted set of at least one member for a key: `root` and `rootBytes`. Returns its type and encoding. */
  finish(draft: Ptr): number {
    const { entries } = this;
    this.root = entries.reference(draft);
    this.rootBytes = entries.valueLength(draft);
    const kind = entries.head(draft) & 0xff;
    entries.release(draft);
    return kind;
  }

  discard(draft: Ptr, reclaimer: CollectionReclaimer): void {
    this.release(draft, reclaimer);
    this.entries.release(draft);
  }

  /** Adds a member. False when the set has it already. */
  add(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const encoding = this.entries.encoding(e);
    if (encoding === HASHTABLE) return this.table.add(this.entries.reference(e), buf, start, len);
    return encoding === INTSET ? this.addToIntegers(e, buf, start, len) : this.addToList(e, buf, start, len);
  }

  private addToIntegers(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { ints } = this;
    this.openInts(ints, e);
    if (!ints.want(buf, start, len)) {
      if (this.mayBeListed(ints.count, len)) this.toList(e);
      else this.toTable(e);
      return this.add(e, buf, start, len);
    }
    if (ints.find()) return false;
    ints.insert();
    this.entries.setReference(e, ints.p, ints.bytes);
    if (ints.count > this.maxIntegers()) this.toTable(e);
    return true;
  }

  /** Whether the `count` integers of the open set, and one more member of `len` bytes, may be a packed list. */
  private mayBeListed(count: number, len: number): boolean {
    const { ints, text } = this;
    if (count >= this.maxListed() || len > this.setMaxListpackValue) return false;
    if (count === 0 || this.setMaxListpackValue >= INTEGER_TEXT_BYTES) return true;
    ints.read(0, text);
    const bytes = text.len;
    ints.read(count - 1, text);
    return Math.max(bytes, text.len) <= this.setMaxListpackValue;
  }

  private addToList(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { list } = this;
    this.openList(list, e);
    if (list.find(0, buf, start, len)) return false;
    if (list.count < this.maxListed() && len <= this.setMaxListpackValue) {
      list.insert(buf, start, len);
      this.entries.setReference(e, list.p, list.bytes);
      return true;
    }
    this.toTable(e);
    return this.table.add(this.entries.reference(e), buf, start, len);
  }

  has(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { ints, list, entries } = this;
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) return this.table.find(entries.reference(e), buf, start, len) !== NULL;
    if (encoding === INTSET) {
      this.openInts(ints, e);
      return ints.want(buf, start, len) && ints.find();
    }
    this.openList(list, e);
    return list.find(0, buf, start, len);
  }

  /** Takes out a member. False when the set does not have it. */
  delete(e: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { entries, ints, list } = this;
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) {
      const table = entries.reference(e);
      const found = this.table.find(table, buf, start, len);
      if (found !== NULL) this.table.remove(table, found);
      return found !== NULL;
    }
    if (encoding === INTSET) {
      this.openInts(ints, e);
      const found = ints.want(buf, start, len) && ints.find();
      if (found) this.removeInteger(e, ints.index);
      return found;
    }
    this.openList(list, e);
    const found = list.find(0, buf, start, len);
    if (found) this.removeListed(e);
    return found;
  }

  private removeInteger(e: Ptr, i: number): void {
    const { ints } = this;
    ints.remove(i);
    this.entries.setReference(e, ints.p, ints.bytes);
  }

  /** Removes the member under the list's cursor. */
  private removeListed(e: Ptr): void {
    const { list } = this;
    list.remove(1);
    this.entries.setReference(e, list.p, list.bytes);
  }

  /** Number of members. */
  length(e: Ptr): number {
    const { entries, ints, list } = this;
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) return this.dict.count(entries.reference(e));
    if (encoding === INTSET) {
      this.openInts(ints, e);
      return ints.count;
    }
    this.openList(list, e);
    return list.count;
  }

  /** Shows every member. `visit` must not change this set, nor show another one; what it gets is valid while it runs. */
  forEach(e: Ptr, visit: MemberVisitor): void {
    const { entries } = this;
    if (entries.encoding(e) === HASHTABLE) {
      this.table.forEach(entries.reference(e), visit);
      return;
    }
    this.forEachUntil(e, (member) => {
      visit(member);
      return false;
    });
  }

  /** `forEach` until `visit` says that it has enough. */
  forEachUntil(e: Ptr, visit: (member: Span) => boolean): void {
    const { entries, walkedInts, walkedList, member } = this;
    const encoding = entries.encoding(e);
    let enough = false;
    if (encoding === HASHTABLE) {
      this.table.forEachUntil(entries.reference(e), visit);
    } else if (encoding === INTSET) {
      this.openInts(walkedInts, e);
      for (let i = 0; i < walkedInts.count && !enough; i++) {
        walkedInts.read(i, member);
        enough = visit(member);
      }
    } else {
      for (this.openList(walkedList, e); walkedList.index < walkedList.count && !enough; walkedList.next()) {
        walkedList.read(member);
        enough = visit(member);
      }
    }
  }

  /**
   * Shows some of the members and returns the cursor for the next ones; 0 starts and ends a walk. A set that is no table is shown
   * whole. What a walk promises is what Dict.scan promises.
   */
  scan(e: Ptr, cursor: number, visit: MemberVisitor): number {
    const { entries } = this;
    if (entries.encoding(e) === HASHTABLE) return this.table.scan(entries.reference(e), cursor, visit);
    this.forEach(e, visit);
    return 0;
  }

  /** Picks a member by chance, each equally likely. It is valid until the set changes or the next call; `removePicked` takes it out. */
  pick(e: Ptr, random: Random, out: Span): void {
    const { entries, ints, list } = this;
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) {
      this.picked = this.dict.random(entries.reference(e), random);
      entries.name(this.picked, out);
    } else if (encoding === INTSET) {
      this.openInts(ints, e);
      ints.index = random.below(ints.count);
      ints.read(ints.index, out);
    } else {
      this.openList(list, e);
      list.seek(random.below(list.count));
      list.read(out);
    }
  }

  /** Takes out the member that was picked; nothing was asked in between. */
  removePicked(e: Ptr): void {
    const encoding = this.entries.encoding(e);
    if (encoding === HASHTABLE) this.table.remove(this.entries.reference(e), this.picked);
    else if (encoding === INTSET) this.removeInteger(e, this.ints.index);
    else this.removeListed(e);
  }

  /** Shows `count` different members by chance, every choice of them equally likely; `count` is at most the set's length. */
  sample(e: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const length = this.length(e);
    if (this.entries.encoding(e) === HASHTABLE && count * PICKING_FACTOR <= length) {
      this.table.samplePicks(this.entries.reference(e), count, random, visit);
      return;
    }
    let wanted = count;
    let left = length;
    this.forEachUntil(e, (member) => {
      if (random.below(left--) < wanted) {
        wanted--;
        visit(member);
      }
      return wanted === 0;
    });
  }

  /** Shows `count` members by chance, as `sample` does, and takes out each after it was shown. */
  pop(e: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const encoding = this.entries.encoding(e);
    if (encoding === INTSET) this.popIntegers(e, count, random, visit);
    else if (encoding === LISTPACK) this.popListed(e, count, random, visit);
    else this.popEntries(e, count, random, visit);
  }

  private popEntries(e: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const { member } = this;
    for (let i = 0; i < count; i++) {
      this.pick(e, random, member);
      visit(member);
      this.removePicked(e);
    }
  }

  private popIntegers(e: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const { ints, member } = this;
    let wanted = count;
    this.openInts(ints, e);
    for (let i = 0, left = ints.count; wanted > 0; left--) {
      if (random.below(left) >= wanted) {
        i++;
        continue;
      }
      wanted--;
      ints.read(i, member);
      visit(member);
      this.removeInteger(e, i);
    }
  }

  private popListed(e: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const { list, member } = this;
    let wanted = count;
    this.openList(list, e);
    for (let left = list.count; wanted > 0; left--) {
      if (random.below(left) >= wanted) {
        list.next();
        continue;
      }
      wanted--;
      list.read(member);
      visit(member);
      this.removeListed(e);
    }
  }

  /** Makes a set with the same members: `root` and `rootBytes`. Type and encoding are the same. */
  copy(e: Ptr): void {
    const { entries, ints, list } = this;
    const encoding = entries.encoding(e);
    this.rootBytes = entries.valueLength(e);
    if (encoding === HASHTABLE) {
      this.root = this.table.copy(entries.reference(e));
    } else if (encoding === INTSET) {
      this.openInts(ints, e);
      this.root = ints.copy();
    } else {
      this.openList(list, e);
      this.root = list.copy();
    }
  }

  /** Frees the set. Of a big one that takes time, so the reclaimer does it. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    const { entries } = this;
    if (entries.encoding(e) === HASHTABLE) this.table.release(entries.reference(e), reclaimer);
    else this.freeBlock(e);
  }

  /** Frees the block of a set that is no table. */
  private freeBlock(e: Ptr): void {
    const block = this.entries.reference(e);
    if (block !== NULL) this.arena.free(block, this.entries.valueLength(e));
  }

  memoryBytes(e: Ptr): number {
    const { entries } = this;
    if (entries.encoding(e) === HASHTABLE) return this.dict.heldBytes(entries.reference(e));
    return blockBytes(entries.valueLength(e));
  }

  // Conversions do not use what `forEach` walks with: they happen to a set that gets the members of another one that is walked.

  private toTable(e: Ptr): void {
    const { ints, list, text, entries } = this;
    const table = this.dict.create();
    if (entries.encoding(e) === INTSET) {
      this.openInts(ints, e);
      for (let i = 0; i < ints.count; i++) {
        ints.read(i, text);
        this.table.addNew(table, text.buf, text.start, text.len);
      }
    } else {
      for (this.openList(list, e); list.index < list.count; list.next()) {
        list.read(text);
        this.table.addNew(table, text.buf, text.start, text.len);
      }
    }
    this.freeBlock(e);
    entries.setEncoding(e, HASHTABLE);
    entries.setReference(e, table, 0);
  }

  /** From INTSET to LISTPACK. */
  private toList(e: Ptr): void {
    const { ints, list, text, entries } = this;
    this.openInts(ints, e);
    list.open(NULL, EMPTY_LIST_BYTES);
    list.draft(ints.count * draftBytes(INTEGER_TEXT_BYTES));
    for (let i = 0; i < ints.count; i++) {
      ints.read(i, text);
      list.insert(text.buf, text.start, text.len);
      list.next();
    }
    list.settle();
    this.freeBlock(e);
    entries.setEncoding(e, LISTPACK);
    entries.setReference(e, list.p, list.bytes);
  }

  private openInts(ints: IntSet, e: Ptr): void {
    ints.open(this.entries.reference(e), this.entries.valueLength(e));
  }

  private openList(list: PackedList, e: Ptr): void {
    list.open(this.entries.reference(e), this.entries.valueLength(e));
  }

  /** How many members a set of integers may have. */
  maxIntegers(): number {
    return Math.min(this.setMaxIntsetEntries, INTEGERS_MAX);
  }

  /** How many members a packed set may have. */
  maxListed(): number {
    return Math.min(this.setMaxListpackEntries, ELEMENTS_MAX);
  }
}
