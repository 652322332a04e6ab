import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { DeadlineHeap } from "../structures/deadline-heap.ts";
import type { Dict } from "../structures/dict.ts";
import { DictMover } from "../structures/dict-mover.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";
import { Tree } from "../structures/tree.ts";
import { followLinks } from "../structures/wheel.ts";
import { ALL_MOVED, BlockMover } from "./block-mover.ts";
import { HashTimers, TIMER_BYTES } from "./hash-deadlines.ts";
import { HASH, HASHTABLE, HASHTABLE_EX, LIST, LISTPACK_EX, SET, SKIPLIST, STREAM, ZSET } from "./kinds.ts";
import { ScoreTree } from "./score-tree.ts";
import { StreamMover } from "./stream-mover.ts";
import { TableZset, HEADER_BYTES as ZSET_BYTES } from "./table-zset.ts";

/** So many cursors of a table are looked at in one step. */
const CURSORS_PER_STEP = 8;

/**
 * Moves the blocks of values away from where they are not to stay (memory/evacuation.ts): all but what the consumer groups and
 * producers of streams have beside their pending entries.
 *
 * Invariants
 * 1. No block moves to which somebody else than its owner in the arena points: the value is the key's, and nothing is kept of it between polls.
 * 2. A block's copy is complete and every pointer changed before the old one is freed, where somebody may look at both in between.
 */
export class ValueMover extends BlockMover {
  private readonly tables: DictMover;
  private readonly zsets: TableZset;
  private readonly timers: HashTimers;
  private readonly heap: DeadlineHeap;
  private readonly lists: Tree;
  private readonly scores: ScoreTree;
  private readonly streams: StreamMover;
  /** The tree of the sorted set, and the heap of the hash, whose entries are moved. */
  private tree: Ptr = NULL;
  private deadlines: Ptr = NULL;

  constructor(
    arena: Arena,
    private readonly entries: Entries,
    dict: Dict,
  ) {
    super(arena);
    this.tables = new DictMover(arena, dict);
    this.zsets = new TableZset(arena, entries, dict);
    this.timers = new HashTimers(arena);
    this.heap = new DeadlineHeap(arena, entries);
    this.lists = new Tree(arena, 0);
    this.scores = new ScoreTree(arena, entries);
    this.streams = new StreamMover(arena, entries, this);
  }

  /**
   * Moves blocks of the value that an entry refers to, a bounded number, beginning where the last call for it ended; the first has 0.
   * Returns where to go on, or ALL_MOVED. The value may have changed, but not been replaced, between two calls.
   */
  move(e: Ptr, from: number): number {
    const { entries } = this;
    if (entries.valueLength(e) > 0 && entries.encoding(e) !== SKIPLIST) {
      if (entries.type(e) === STREAM) return this.streams.move(e, from);
      this.moveRoot(e);
      return ALL_MOVED;
    }
    switch (entries.type(e)) {
      case HASH:
        return this.moveHash(e, from);
      case SET:
        return this.moveSet(e, from);
      case ZSET:
        return this.moveZset(e, from);
      case LIST:
        return this.moveList(e, from);
      default:
        return ALL_MOVED;
    }
  }

  /** A value that is one block: a string, or a packed collection. */
  private moveRoot(e: Ptr): void {
    const { entries } = this;
    const bytes = entries.valueLength(e);
    const p = entries.reference(e);
    const now = this.block(p, bytes);
    if (now !== p) entries.setReference(e, now, bytes);
  }

  private moveHash(e: Ptr, from: number): number {
    const { entries } = this;
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) {
      if (from === 0) entries.setReference(e, this.tables.header(entries.reference(e)), 0);
      return this.moveTable(entries.reference(e), from, this.moveField);
    }
    if (from === 0) this.moveTimer(e);
    const t = entries.reference(e);
    if (encoding === LISTPACK_EX) {
      const bytes = this.timers.extra(t);
      this.timers.setFields(t, this.block(this.timers.fields(t), bytes), bytes);
      return ALL_MOVED;
    }
    if (encoding !== HASHTABLE_EX) return ALL_MOVED;
    this.deadlines = this.timers.extra(t) as Ptr;
    if (from === 0) {
      this.deadlines = this.heap.moveHeader(this.deadlines, this.block);
      this.timers.setFields(t, this.tables.header(this.timers.fields(t)), this.deadlines);
    }
    if (from >= 0) return this.moveTable(this.timers.fields(t), from, this.moveTimedField) || -1;
    return this.heap.moveChunk(this.deadlines, -from - 1, this.block) ? from - 1 : ALL_MOVED;
  }

  private moveTimer(e: Ptr): void {
    const t = this.entries.reference(e);
    const now = this.block(t, TIMER_BYTES);
    if (now === t) return;
    this.entries.setReference(e, now, 0);
    if (this.timers.deadline(now) !== Number.POSITIVE_INFINITY) followLinks(this.arena.i32, now);
  }

  private moveSet(e: Ptr, from: number): number {
    const { entries } = this;
    if (entries.encoding(e) !== HASHTABLE) return ALL_MOVED;
    if (from === 0) entries.setReference(e, this.tables.header(entries.reference(e)), 0);
    return this.moveTable(entries.reference(e), from, this.moveField);
  }

  /** The members first, by cursors, then the leaves, whose numbers are below 0. */
  private moveZset(e: Ptr, from: number): number {
    const { entries, zsets } = this;
    if (from === 0) {
      const now = this.block(entries.reference(e), ZSET_BYTES);
      entries.setReference(e, now, ZSET_BYTES);
      zsets.setParts(now, this.tables.header(zsets.dictOf(now)), this.treeHeader(zsets.treeOf(now)));
    }
    const z = entries.reference(e);
    this.tree = zsets.treeOf(z);
    if (from >= 0) return this.moveTable(zsets.dictOf(z), from, this.moveMember) || -1;
    const next = this.leaves(this.scores, this.tree, -from - 1);
    return next === ALL_MOVED ? ALL_MOVED : -1 - next;
  }

  private moveList(e: Ptr, from: number): number {
    const { entries } = this;
    if (from === 0) entries.setReference(e, this.treeHeader(entries.reference(e)), 0);
    return this.leaves(this.lists, entries.reference(e), from);
  }

  private moveTable(d: Ptr, from: number, move: (e: Ptr) => Ptr): number {
    let cursor = Math.max(0, from);
    for (let n = 0; n < CURSORS_PER_STEP; n++) {
      cursor = this.tables.scan(d, cursor, move);
      if (cursor === 0) break;
    }
    return cursor;
  }

  /** An entry of a table: a field with its value, or a member of a set. */
  private readonly moveField = (f: Ptr): Ptr => {
    const { entries } = this;
    const now = this.block(f, entries.bytesOf(f));
    if (entries.head(now) & (REFERENCE << 8)) this.moveRoot(now);
    return now;
  };

  private readonly moveTimedField = (f: Ptr): Ptr => {
    const now = this.moveField(f);
    if (now !== f && this.entries.isTimed(now)) this.heap.replace(this.deadlines, now, now);
    return now;
  };

  private readonly moveMember = (m: Ptr): Ptr => {
    const { arena, entries } = this;
    const bytes = entries.bytesOf(m);
    this.seen++;
    if (!arena.isLeaving(m, bytes)) return m;
    const copy = arena.duplicate(m, bytes);
    this.scores.replaceEntry(this.tree, this.zsets.score(m), m, copy);
    arena.free(m, bytes);
    this.moved++;
    return copy;
  };

  /** A table of keys. Returns where it is now. */
  header(table: Ptr): Ptr {
    return this.tables.header(table);
  }

  /** A few keys of a table, and what else is moved of it. Returns the next cursor; 0 starts and ends a walk. */
  scan(table: Ptr, cursor: number, move: (e: Ptr) => Ptr): number {
    return this.tables.scan(table, cursor, move);
  }

  /** A key's entry, with the pointers to it that are not its table's. */
  entry(e: Ptr): Ptr {
    const { entries } = this;
    const now = this.block(e, entries.bytesOf(e));
    if (now === e) return e;
    if (entries.isTimed(now)) followLinks(this.arena.i32, now);
    if (entries.hasTimedFields(now)) this.timers.setOwner(entries.reference(now), now);
    return now;
  }

  /** Whether a key's value is in other blocks than its entry. */
  isApart(e: Ptr): boolean {
    return (this.entries.head(e) & (REFERENCE << 8)) !== 0;
  }
}
