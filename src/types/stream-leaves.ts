import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { TreeCursor } from "../structures/tree-cursor.ts";
import { ID_WORDS } from "./stream-id.ts";
import { TAIL, TAIL_KEY, TAIL_LIVE, TAIL_USED, TREE } from "./stream-layout.ts";

/**
 * Walks over the leaves of a stream: those of its tree, then the tail, to which entries are added. For whoever writes streams: the walk of
 * `StreamEntries` is that of the command that is being executed, and may be in the middle of something.
 */
export class StreamLeaves {
  /** The leaf that the walk stands on: its bytes, the entries in it that are not deleted, and where its key is. */
  leaf = NULL;
  bytes = 0;
  live = 0;
  words: Int32Array;
  keyAt = 0;
  isTail = false;
  private readonly tree: TreeCursor;
  private readonly i32: Int32Array[];
  private h: Ptr = NULL;

  constructor(arena: Arena) {
    this.tree = new TreeCursor(arena, ID_WORDS);
    this.words = this.tree.key;
    this.i32 = arena.i32;
  }

  /** Number of leaves of a stream. `h`: its header block. */
  count(h: Ptr): number {
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const t = words[at + TREE] as Ptr;
    return (t === NULL ? 0 : this.tree.leaves(t)) + (words[at + TAIL] === NULL ? 0 : 1);
  }

  /** To the first leaf. False when there is none. */
  seekFirst(h: Ptr): boolean {
    this.h = h;
    this.isTail = false;
    const t = this.i32[h >>> SEGMENT_SHIFT][((h & UNIT_MASK) << 1) + TREE] as Ptr;
    return t !== NULL && this.tree.seekFirst(t) ? this.enterLeaf() : this.enterTail();
  }

  next(): boolean {
    if (this.isTail) return false;
    return this.tree.next() ? this.enterLeaf() : this.enterTail();
  }

  private enterLeaf(): boolean {
    const { tree } = this;
    tree.readKey();
    this.leaf = tree.leaf;
    this.bytes = tree.leafBytes;
    this.live = tree.leafCount;
    this.words = tree.key;
    this.keyAt = 0;
    return true;
  }

  private enterTail(): boolean {
    const words = this.i32[this.h >>> SEGMENT_SHIFT];
    const at = (this.h & UNIT_MASK) << 1;
    this.isTail = true;
    this.leaf = words[at + TAIL] as Ptr;
    this.bytes = words[at + TAIL_USED];
    this.live = words[at + TAIL_LIVE];
    this.words = words;
    this.keyAt = at + TAIL_KEY;
    return this.leaf !== NULL;
  }
}
