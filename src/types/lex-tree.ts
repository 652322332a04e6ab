import type { Arena } from "../memory/arena.ts";
import { type Ptr, SEGMENT_SHIFT } from "../memory/arena.ts";
import type { Entries } from "../structures/entry.ts";
import { TreeCursor } from "../structures/tree-cursor.ts";
import { KEY_WORDS, POINTER_WORD, pointersIndex } from "./score-tree.ts";
import { LexBound } from "./zset-range.ts";

/** Searches in the trees of score-tree.ts by the members' bytes alone: for sorted sets whose scores are all equal. */
export class LexTree extends TreeCursor {
  private bound = new LexBound();
  private inclusive = false;

  constructor(
    arena: Arena,
    private readonly entries: Entries,
  ) {
    super(arena, KEY_WORDS);
  }

  /** How many elements are before the bound; with `inclusive` an element that is the bound counts, too. */
  countBelow(t: Ptr, bound: LexBound, inclusive: boolean): number {
    this.bound = bound;
    this.inclusive = inclusive;
    if (!this.seekKey(t)) return 0;
    const pointers = this.i32[this.leaf >>> SEGMENT_SHIFT];
    const from = pointersIndex(this.leaf, this.leafBytes);
    let low = 0;
    let high = this.leafCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBehind(pointers[from + middle] as Ptr)) low = middle + 1;
      else high = middle;
    }
    return this.rank() + low;
  }

  protected override compare(words: Int32Array, at: number): number {
    return this.isBehind(words[at + POINTER_WORD] as Ptr) ? 1 : -1;
  }

  /** Whether the bound is behind that element. */
  private isBehind(entry: Ptr): boolean {
    const { entries } = this;
    const order = this.bound.compare(entries.segment(entry), entries.nameStart(entry), entries.nameLength(entry));
    return order > 0 || (order === 0 && this.inclusive);
  }
}
