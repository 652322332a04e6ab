import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import type { Entries } from "../structures/entry.ts";
import { Tree } from "../structures/tree.ts";
import { ALL_MOVED, type BlockMover } from "./block-mover.ts";
import { StreamGroups } from "./stream-groups.ts";
import { ID_WORDS } from "./stream-id.ts";
import { HEADER_BYTES, TAIL, TAIL_BYTES, TREE } from "./stream-layout.ts";

/** Steps through sets of pending entries are numbered so: the set's number times this, and the record's in it. */
const SET_STRIDE = 2 ** 32;

/**
 * Moves the blocks of streams: header, leaves, and the sets of pending entries. Those of groups, consumers and producers stay where they are: they
 * point to each other, and are few.
 */
export class StreamMover {
  private readonly groups: StreamGroups;
  /** For the entries, and for pending ones. */
  private readonly tree: Tree;
  private readonly i32: Int32Array[];

  constructor(
    arena: Arena,
    private readonly entries: Entries,
    private readonly blocks: BlockMover,
  ) {
    this.groups = new StreamGroups(arena);
    this.tree = new Tree(arena, ID_WORDS);
    this.i32 = arena.i32;
  }

  /** ValueMover.move for a stream: the entries first, by their numbers, then the sets, whose numbers are below 0. */
  move(e: Ptr, from: number): number {
    if (from === 0) this.moveHeader(e);
    const h = this.entries.reference(e);
    if (from < 0) return this.moveSets(h, -from - 1);
    const tree = this.word(h, TREE);
    return (tree === NULL ? ALL_MOVED : this.blocks.leaves(this.tree, tree, from)) || -1;
  }

  private moveHeader(e: Ptr): void {
    const { entries, blocks } = this;
    const h = blocks.block(entries.reference(e), HEADER_BYTES);
    entries.setReference(e, h, HEADER_BYTES);
    if (this.word(h, TREE) !== NULL) this.setWord(h, TREE, blocks.treeHeader(this.word(h, TREE)));
    if (this.word(h, TAIL) !== NULL) this.setWord(h, TAIL, blocks.block(this.word(h, TAIL), this.word(h, TAIL_BYTES)));
  }

  private moveSets(h: Ptr, step: number): number {
    const { groups, blocks } = this;
    const set = Math.floor(step / SET_STRIDE);
    const from = step % SET_STRIDE;
    let next = ALL_MOVED;
    const isThere = groups.updateSet(h, set, (old) => {
      const now = from === 0 ? blocks.treeHeader(old) : old;
      next = blocks.leaves(this.tree, now, from);
      return now;
    });
    if (!isThere) return ALL_MOVED;
    return -1 - (next === ALL_MOVED ? (set + 1) * SET_STRIDE : set * SET_STRIDE + next);
  }

  private word(h: Ptr, word: number): Ptr {
    return this.i32[h >>> SEGMENT_SHIFT][((h & UNIT_MASK) << 1) + word] as Ptr;
  }

  private setWord(h: Ptr, word: number, p: Ptr): void {
    this.i32[h >>> SEGMENT_SHIFT][((h & UNIT_MASK) << 1) + word] = p;
  }
}
