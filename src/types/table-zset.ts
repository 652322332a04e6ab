import type { Span } from "../lib/bytes.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import type { CollectionReclaimer, Remains } from "./collection.ts";
import { kind, RAW, STRING } from "./kinds.ts";
import { LexTree } from "./lex-tree.ts";
import { ScoreTree } from "./score-tree.ts";
import type { LexBound } from "./zset-range.ts";

/** A big sorted set is a header block of two words: its dict and its tree. */
export const HEADER_BYTES = 8;
const DICT = 0;
const TREE = 1;
const MEMBER = kind(STRING, RAW);
/** A set of no more members is freed at once: less work than to queue it. */
const FREED_AT_ONCE_MAX = 64;

/**
 * Big sorted sets: a Dict that finds members, and a ScoreTree that has them in order.
 *
 * Invariants
 * 1. A member is an entry of the dict and an element of the tree; both know its score. In the entry it stands, as a double, where REFERENCE
 *    entries have pointer and length of their value, because there it is aligned; so these entries are freed as ones without a value.
 * 2. An entry is taken out of the tree before it is freed: the tree compares members through their entries.
 */
export class TableZset {
  readonly tree: ScoreTree;
  private readonly lex: LexTree;
  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];
  /** What `find` looked for. */
  private hash = 0;
  private found: Ptr = NULL;

  constructor(
    private readonly arena: Arena,
    private readonly entries: Entries,
    private readonly dict: Dict,
  ) {
    this.tree = new ScoreTree(arena, entries);
    this.lex = new LexTree(arena, entries);
    this.i32 = arena.i32;
    this.f64 = arena.f64;
  }

  /** An empty set, to which about `expected` members will be added. */
  create(expected = 0): Ptr {
    const z = this.arena.alloc(HEADER_BYTES);
    const at = (z & UNIT_MASK) << 1;
    const words = this.i32[z >>> SEGMENT_SHIFT];
    const table = this.dict.create();
    this.dict.reserve(table, expected);
    words[at + DICT] = table;
    words[at + TREE] = this.tree.create();
    return z;
  }

  dictOf(z: Ptr): Ptr {
    return this.i32[z >>> SEGMENT_SHIFT][((z & UNIT_MASK) << 1) + DICT] as Ptr;
  }

  treeOf(z: Ptr): Ptr {
    return this.i32[z >>> SEGMENT_SHIFT][((z & UNIT_MASK) << 1) + TREE] as Ptr;
  }

  /** Dict and tree are in other blocks. */
  setParts(z: Ptr, dict: Ptr, tree: Ptr): void {
    const at = (z & UNIT_MASK) << 1;
    const words = this.i32[z >>> SEGMENT_SHIFT];
    words[at + DICT] = dict;
    words[at + TREE] = tree;
  }

  length(z: Ptr): number {
    return this.dict.count(this.dictOf(z));
  }

  /** The entry of a member, or NULL. */
  find(z: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    this.hash = this.dict.hash(buf, start, len);
    this.found = this.dict.find(this.dictOf(z), buf, start, len, this.hash);
    return this.found;
  }

  score(m: Ptr): number {
    return this.f64[m >>> SEGMENT_SHIFT][(m & UNIT_MASK) + 1];
  }

  private setScore(m: Ptr, score: number): void {
    this.f64[m >>> SEGMENT_SHIFT][(m & UNIT_MASK) + 1] = score;
  }

  /** Gives the member that `find` looked for last a score. True when it is new. */
  put(z: Ptr, score: number, buf: Uint8Array, start: number, len: number): boolean {
    const m = this.found;
    if (m === NULL) {
      const added = this.add(this.dictOf(z), score, buf, start, len, this.hash);
      this.tree.insert(this.treeOf(z), score, added);
      return true;
    }
    this.dict.changingAt(this.dictOf(z), this.hash);
    this.tree.changeScore(this.treeOf(z), this.score(m), m, score);
    this.setScore(m, score);
    return false;
  }

  /** Adds a member that is behind all there are. */
  push(z: Ptr, score: number, buf: Uint8Array, start: number, len: number): void {
    const m = this.add(this.dictOf(z), score, buf, start, len, this.dict.hash(buf, start, len));
    this.tree.push(this.treeOf(z), score, m);
  }

  private add(table: Ptr, score: number, buf: Uint8Array, start: number, len: number, hash: number): Ptr {
    const { usedBytes } = this.arena;
    const m = this.entries.createReference(MEMBER, false, buf, start, len, NULL, 0);
    this.setScore(m, score);
    this.dict.insert(table, m, hash);
    this.dict.charge(table, usedBytes);
    return m;
  }

  /** Takes a member that the tree does not have any more out of the table. */
  private drop(table: Ptr, m: Ptr): void {
    const { dict, arena } = this;
    const { usedBytes } = arena;
    dict.remove(table, m);
    this.entries.release(m);
    dict.charge(table, usedBytes);
  }

  /** Takes out the member that `find` found last. */
  removeFound(z: Ptr): void {
    const m = this.found;
    this.tree.remove(this.treeOf(z), this.score(m), m);
    this.drop(this.dictOf(z), m);
  }

  /** The first or the last member, which `removeEnd` takes out. */
  seekEnd(z: Ptr, last: boolean): Ptr {
    this.found = this.tree.seekEnd(this.treeOf(z), last);
    return this.found;
  }

  removeEnd(z: Ptr): void {
    this.tree.removeEnd();
    this.drop(this.dictOf(z), this.found);
  }

  /** Takes out the members of those numbers; the last one may be any. */
  removeRange(z: Ptr, first: number, last: number): void {
    const { tree } = this;
    const t = this.treeOf(z);
    const table = this.dictOf(z);
    for (let left = last - first + 1; left > 0; ) {
      const taken = tree.removeRange(t, first, left);
      for (let i = 0; i < taken; i++) this.drop(table, tree.removed[i] as Ptr);
      left -= taken;
    }
  }

  rank(z: Ptr, m: Ptr): number {
    return this.tree.rankOf(this.treeOf(z), this.score(m), m);
  }

  countBelow(z: Ptr, score: number, inclusive: boolean): number {
    return this.tree.countBelow(this.treeOf(z), score, inclusive);
  }

  /** How many members are before the bound, or with `inclusive` are it. The scores are all equal. */
  countBelowLex(z: Ptr, bound: LexBound, inclusive: boolean): number {
    return this.lex.countBelow(this.treeOf(z), bound, inclusive);
  }

  scan(z: Ptr, cursor: number, visit: (m: Ptr) => void): number {
    return this.dict.scan(this.dictOf(z), cursor, visit);
  }

  memberOf(m: Ptr, out: Span): void {
    this.entries.name(m, out);
  }

  /** Frees everything, of a big one later. */
  release(z: Ptr, reclaimer: CollectionReclaimer): void {
    const table = this.dictOf(z);
    const t = this.treeOf(z);
    this.arena.free(z, HEADER_BYTES);
    if (this.dict.count(table) > FREED_AT_ONCE_MAX) {
      reclaimer.add(new TreeRemains(this.tree, t));
      reclaimer.addTable(table, false);
      return;
    }
    this.tree.forEachLeaf(t, this.tree.freeLeaf);
    this.tree.destroy(t);
    this.dict.dismantle(table, (m) => this.entries.release(m));
  }

  memoryBytes(z: Ptr): number {
    return HEADER_BYTES + this.dict.heldBytes(this.dictOf(z)) + this.tree.bytes(this.treeOf(z));
  }
}

/** The tree of a big sorted set that is gone. Its elements are those of the table, which is freed by itself. */
class TreeRemains implements Remains {
  readonly left = 0;

  constructor(
    private readonly tree: ScoreTree,
    private readonly t: Ptr,
  ) {}

  step(): boolean {
    if (this.tree.shed(this.t, this.tree.freeLeaf)) return true;
    this.tree.destroy(this.t);
    return false;
  }
}
