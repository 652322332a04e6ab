import type { Arena, Ptr } from "../memory/arena.ts";
import type { Tree } from "../structures/tree.ts";
import { HEADER_BYTES } from "../structures/tree-cursor.ts";

/** So many leaves of a tree are looked at in one step. */
const LEAVES_PER_STEP = 16;
/** A step says so when there is nothing left to look at. */
export const ALL_MOVED = 0;

/** Moves blocks away from where they are not to stay (memory/evacuation.ts), and counts them. */
export class BlockMover {
  /** Blocks that were looked at, and those that were moved. */
  seen = 0;
  moved = 0;

  constructor(protected readonly arena: Arena) {}

  /** Moves one block. Returns where it is now; the caller's are all pointers to it. */
  readonly block = (p: Ptr, bytes: number): Ptr => {
    const now = this.arena.relocate(p, bytes);
    this.seen++;
    if (now !== p) this.moved++;
    return now;
  };

  /** Moves a tree's header block. Returns where the tree is now. */
  treeHeader(t: Ptr): Ptr {
    return this.block(t, HEADER_BYTES);
  }

  /**
   * Moves leaves of a tree, with the nodes above them, from the leaf with element `from` on. Returns the number of the element to go on with,
   * or ALL_MOVED.
   */
  leaves(tree: Tree, t: Ptr, from: number): number {
    if (!tree.seekIndex(t, from)) return ALL_MOVED;
    let next = from - tree.offset;
    for (let n = 0; n < LEAVES_PER_STEP; n++) {
      if (n === 0 || tree.startsNode) tree.movePath(this.block);
      const now = this.block(tree.leaf, tree.leafBytes);
      if (now !== tree.leaf) tree.setLeaf(now, tree.leafBytes, tree.leafCount);
      next += tree.leafCount;
      if (!tree.next()) return ALL_MOVED;
    }
    return next;
  }
}
