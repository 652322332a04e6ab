import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";

export const HEADER_BYTES = 24;
export const ROOT = 0;
export const LEVELS = 1;
export const COUNT = 2;
export const LEAVES = 3;
/** Blocks of nodes and leaves, in units of 8 bytes. */
export const UNITS = 4;

export const USED = 0;
export const SLOTS = 2;
/** With only four slots a node, so many levels would hold as many leaves as there are pointers. */
const LEVELS_MAX = 16;

export type LeafVisitor = (leaf: Ptr, bytes: number, count: number) => void;

/** Trees to be read: a path through one of them, and what is found there. The layout is described in tree.ts. */
export class TreeCursor {
  /** The key that goes with the next leaf, or that a seek wants; as doubles in `keyF64`. */
  readonly key: Int32Array;
  readonly keyF64: Float64Array;
  /** The cursor's leaf: its block, its bytes, the number of its elements. NULL when the tree is empty. */
  leaf: Ptr = NULL;
  leafBytes = 0;
  leafCount = 0;
  /** Where in its leaf `seekIndex` found the element: how many are before it there. */
  offset = 0;

  /** The doubles of the segment that `compare` is to look into. */
  protected view: Float64Array = new Float64Array(0);
  protected readonly i32: Int32Array[];
  protected readonly f64: Float64Array[];
  /** Words of a slot, and where in it the pointer, the count and the bytes are. */
  protected readonly stride: number;
  protected readonly pointerAt: number;
  protected readonly countAt: number;
  protected readonly bytesAt: number;
  /** The cursor's tree, its levels, and the path. */
  protected t: Ptr = NULL;
  protected levels = 0;
  protected readonly nodes = new Int32Array(LEVELS_MAX);
  protected readonly slots = new Int32Array(LEVELS_MAX);

  /** `keyWords`: words (32 bits) of a key; 0 when the order is only that in which leaves are put in. */
  constructor(
    readonly arena: Arena,
    protected readonly keyWords: number,
  ) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
    this.keyF64 = new Float64Array((keyWords + 1) >> 1);
    this.key = new Int32Array(this.keyF64.buffer);
    this.pointerAt = keyWords;
    this.countAt = keyWords + 1;
    this.bytesAt = keyWords + 2;
    this.stride = keyWords + 3;
  }

  /**
   * The wanted key against the one stored at words[at]: below 0, 0 or above, as the wanted one is smaller, equal or greater. Here:
   * `key`, its words unsigned, the first the most significant. A subclass may hold what is wanted in any form; when a key has three
   * words, its first two are the double view[at >> 1].
   */
  protected compare(words: Int32Array, at: number): number {
    const { key, keyWords } = this;
    for (let w = 0; w < keyWords; w++) {
      const wanted = key[w] >>> 0;
      const stored = words[at + w] >>> 0;
      if (wanted !== stored) return wanted < stored ? -1 : 1;
    }
    return 0;
  }

  /** Number of elements. */
  count(t: Ptr): number {
    return this.word(t, COUNT);
  }

  /** Number of leaves. */
  leaves(t: Ptr): number {
    return this.word(t, LEAVES);
  }

  /** Bytes of all blocks, the leaves' too. */
  bytes(t: Ptr): number {
    return HEADER_BYTES + (this.word(t, UNITS) >>> 0) * 8;
  }

  /** Calls `visit` for every leaf in order. It must not change the tree. */
  forEachLeaf(t: Ptr, visit: LeafVisitor): void {
    const levels = this.word(t, LEVELS);
    if (levels > 0) this.visitNode(this.word(t, ROOT) as Ptr, levels - 1, visit);
  }

  private visitNode(node: Ptr, level: number, visit: LeafVisitor): void {
    const used = this.word(node, USED);
    for (let slot = 0; slot < used; slot++) {
      const child = this.child(node, slot);
      if (level > 0) this.visitNode(child, level - 1, visit);
      else visit(child, this.slotWord(node, slot, this.bytesAt), this.slotWord(node, slot, this.countAt));
    }
  }

  /** To the first leaf. False when there is none; so with all seeks. */
  seekFirst(t: Ptr): boolean {
    if (!this.enter(t)) return false;
    for (let level = this.levels - 1; level > 0; level--) this.descend(level, 0);
    this.stand(0);
    return true;
  }

  seekLast(t: Ptr): boolean {
    if (!this.enter(t)) return false;
    const { nodes } = this;
    for (let level = this.levels - 1; level > 0; level--) {
      this.descend(level, this.word(nodes[level] as Ptr, USED) - 1);
    }
    this.stand(this.word(nodes[0] as Ptr, USED) - 1);
    return true;
  }

  /** To the leaf with that element; `offset` tells where in it. False when there is no such element. */
  seekIndex(t: Ptr, index: number): boolean {
    if (index < 0 || index >= this.word(t, COUNT)) return false;
    this.enter(t);
    const { nodes, stride, countAt } = this;
    let left = index;
    for (let level = this.levels - 1; level >= 0; level--) {
      const node = nodes[level];
      const words = this.i32[node >>> SEGMENT_SHIFT];
      let at = ((node & UNIT_MASK) << 1) + SLOTS + countAt;
      let slot = 0;
      for (; left >= words[at]; at += stride) {
        left -= words[at];
        slot++;
      }
      if (level > 0) this.descend(level, slot);
      else this.stand(slot);
    }
    this.offset = left;
    return true;
  }

  /** To the last leaf whose key is not above the wanted one; to the first leaf when there is none. */
  seekKey(t: Ptr): boolean {
    if (!this.enter(t)) return false;
    for (let level = this.levels - 1; level > 0; level--) this.descend(level, this.search(this.nodes[level] as Ptr));
    this.stand(this.search(this.nodes[0] as Ptr));
    return true;
  }

  private search(node: Ptr): number {
    const words = this.i32[node >>> SEGMENT_SHIFT];
    this.view = this.f64[node >>> SEGMENT_SHIFT];
    const start = ((node & UNIT_MASK) << 1) + SLOTS;
    let low = 0;
    let high = words[start - SLOTS + USED] - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.compare(words, start + middle * this.stride) >= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** To the leaf that follows. False when there is none: then the cursor stays. */
  next(): boolean {
    const { nodes, slots, levels } = this;
    let level = 0;
    while (level < levels && slots[level] + 1 === this.word(nodes[level] as Ptr, USED)) level++;
    if (level >= levels) return false;
    if (level === 0) {
      this.stand(slots[0] + 1);
      return true;
    }
    this.descend(level, slots[level] + 1);
    while (--level > 0) this.descend(level, 0);
    this.stand(0);
    return true;
  }

  previous(): boolean {
    const { nodes, slots, levels } = this;
    let level = 0;
    while (level < levels && slots[level] === 0) level++;
    if (level >= levels) return false;
    if (level === 0) {
      this.stand(slots[0] - 1);
      return true;
    }
    this.descend(level, slots[level] - 1);
    while (--level > 0) this.descend(level, this.word(nodes[level] as Ptr, USED) - 1);
    this.stand(this.word(nodes[0] as Ptr, USED) - 1);
    return true;
  }

  /** The cursor's leaf is the first one of its node. */
  get startsNode(): boolean {
    return this.slots[0] === 0;
  }

  /** Number of elements before the cursor's leaf. */
  rank(): number {
    const { nodes, slots, stride } = this;
    let rank = 0;
    for (let level = this.levels - 1; level >= 0; level--) {
      const node = nodes[level];
      const words = this.i32[node >>> SEGMENT_SHIFT];
      let at = ((node & UNIT_MASK) << 1) + SLOTS + this.countAt;
      for (let slot = slots[level]; slot > 0; slot--) {
        rank += words[at];
        at += stride;
      }
    }
    return rank;
  }

  /** Makes `key` the key of the cursor's leaf. */
  readKey(): void {
    const at = this.slotIndex(this.nodes[0] as Ptr, this.slots[0]);
    const words = this.i32[this.nodes[0] >>> SEGMENT_SHIFT];
    for (let w = 0; w < this.keyWords; w++) this.key[w] = words[at + w];
  }

  /** Starts a path at the root. False, with no leaf to stand on, when the tree is empty. */
  protected enter(t: Ptr): boolean {
    this.t = t;
    const at = (t & UNIT_MASK) << 1;
    const words = this.i32[t >>> SEGMENT_SHIFT];
    const levels = words[at + LEVELS];
    this.levels = levels;
    this.leaf = NULL;
    this.leafBytes = 0;
    this.leafCount = 0;
    if (levels === 0) return false;
    this.nodes[levels - 1] = words[at + ROOT];
    return true;
  }

  protected descend(level: number, slot: number): void {
    this.slots[level] = slot;
    this.nodes[level - 1] = this.child(this.nodes[level] as Ptr, slot);
  }

  /** Ends the path at that slot of the lowest level. */
  protected stand(slot: number): void {
    this.slots[0] = slot;
    const node = this.nodes[0];
    const at = this.slotIndex(node as Ptr, slot);
    const words = this.i32[node >>> SEGMENT_SHIFT];
    this.leaf = words[at + this.pointerAt] as Ptr;
    this.leafBytes = words[at + this.bytesAt];
    this.leafCount = words[at + this.countAt];
  }

  /** Index of a slot's first word in its node's segment. */
  protected slotIndex(node: Ptr, slot: number): number {
    return ((node & UNIT_MASK) << 1) + SLOTS + slot * this.stride;
  }

  protected slotWord(node: Ptr, slot: number, word: number): number {
    return this.i32[node >>> SEGMENT_SHIFT][this.slotIndex(node, slot) + word];
  }

  protected child(node: Ptr, slot: number): Ptr {
    return this.slotWord(node, slot, this.pointerAt) as Ptr;
  }

  protected word(p: Ptr, i: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i];
  }

  protected setWord(p: Ptr, i: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i] = value;
  }
}
