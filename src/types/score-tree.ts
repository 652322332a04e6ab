import { EMPTY } from "../lib/bytes.ts";
import { compareBytes } from "../lib/compare-bytes.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Entries } from "../structures/entry.ts";
import { Tree } from "../structures/tree.ts";

/**
 * The order of a big sorted set: a counted B+ tree whose leaves hold scores and, for each, a pointer to the entry with the member.
 *
 * A leaf block is an array of `capacity` doubles followed by one of as many pointers. The capacity follows from the block's size, which is
 * that of the smallest size class that served when the leaf last grew: leaves of fixed size would be a third empty.
 *
 * Invariants
 * 1. Elements are in the order of their scores, and of their members' bytes where scores are equal. Members are looked at only then.
 * 2. A leaf's key in the tree is its first element, exactly: an entry may be freed once its element is out, and no key points at it then.
 * 3. A leaf has 1 to LEAF_MAX elements.
 */
const LEAF_MAX = 64;
const LEAF_HALF = LEAF_MAX >> 1;
/** Leaves that shrink to 16 elements, or 8, are merged with a neighbour if together they have no more than MERGE_MAX. */
const MERGED_BELOW = 16;
const MERGE_MASK = 7;
const MERGE_MAX = 56;
const ELEMENT_BYTES = 12;
const NEW_LEAF_BYTES = blockBytes(2 * ELEMENT_BYTES);
/** An int32 word of a key behind the score's two. */
export const POINTER_WORD = 2;
export const KEY_WORDS = 3;

/** How an element of the wanted score compares with the wanted place. */
const BY_MEMBER = 0;
const BEFORE_EQUALS = -1;
const BEHIND_EQUALS = 1;

export class ScoreTree extends Tree {
  /** Entries taken out by the last `removeRange`: so many from the start. */
  readonly removed = new Int32Array(LEAF_MAX);

  /** The wanted place. */
  private score = 0;
  private entry: Ptr = NULL;
  private ties: typeof BY_MEMBER | typeof BEFORE_EQUALS | typeof BEHIND_EQUALS = BY_MEMBER;
  private memberBuf: Uint8Array = EMPTY;
  private memberStart = 0;
  private memberLen = 0;

  constructor(
    arena: Arena,
    private readonly entries: Entries,
  ) {
    super(arena, KEY_WORDS);
  }

  protected override compare(words: Int32Array, at: number): number {
    const score = this.view[at >> 1];
    if (this.score < score) return -1;
    if (this.score > score) return 1;
    return this.compareTie(words[at + POINTER_WORD] as Ptr);
  }

  /** The wanted place against an element of the same score. */
  private compareTie(entry: Ptr): number {
    if (this.ties !== BY_MEMBER) return this.ties;
    if (entry === this.entry) return 0;
    const { entries } = this;
    const { memberBuf, memberStart, memberLen } = this;
    const bytes = entries.segment(entry);
    return compareBytes(memberBuf, memberStart, memberLen, bytes, entries.nameStart(entry), entries.nameLength(entry));
  }

  private want(score: number, entry: Ptr): void {
    const { entries } = this;
    this.score = score;
    this.entry = entry;
    this.ties = BY_MEMBER;
    this.memberBuf = entries.segment(entry);
    this.memberStart = entries.nameStart(entry);
    this.memberLen = entries.nameLength(entry);
  }

  /** Adds an element. */
  insert(t: Ptr, score: number, entry: Ptr): void {
    this.want(score, entry);
    if (!this.seekKey(t)) {
      this.addFirst(t, score, entry);
      return;
    }
    this.insertAt(this.placeInLeaf(), score, entry);
  }

  /** Adds an element that is behind all there are. */
  push(t: Ptr, score: number, entry: Ptr): void {
    if (this.seekLast(t)) this.insertAt(this.leafCount, score, entry);
    else this.addFirst(t, score, entry);
  }

  /** Takes out an element. */
  remove(t: Ptr, score: number, entry: Ptr): void {
    this.takeOut(this.locate(t, score, entry), 1);
  }

  /** Gives an element another score. */
  changeScore(t: Ptr, score: number, entry: Ptr, newScore: number): void {
    const from = this.locate(t, score, entry);
    this.score = newScore;
    if (this.belongsHere(from)) {
      this.moveInLeaf(from, newScore, entry);
      return;
    }
    this.takeOut(from, 1);
    this.insert(t, newScore, entry);
  }

  /** Puts another block of the same entry in the place of `entry`; both are still there. */
  replaceEntry(t: Ptr, score: number, entry: Ptr, copy: Ptr): void {
    const at = this.locate(t, score, entry);
    this.i32[this.leaf >>> SEGMENT_SHIFT][pointersIndex(this.leaf, this.leafBytes) + at] = copy;
    if (at > 0) return;
    this.readKey();
    this.key[POINTER_WORD] = copy;
    this.setKey();
  }

  /** How many elements are before this one. */
  rankOf(t: Ptr, score: number, entry: Ptr): number {
    const at = this.locate(t, score, entry);
    return this.rank() + at;
  }

  /** How many elements have a lower score; with `inclusive` those of that score as well. */
  countBelow(t: Ptr, score: number, inclusive: boolean): number {
    this.score = score;
    this.ties = inclusive ? BEHIND_EQUALS : BEFORE_EQUALS;
    if (!this.seekKey(t)) return 0;
    const at = this.placeInLeaf();
    return this.rank() + at;
  }

  /**
   * Takes out elements from number `first` on, at most `count` and as many as are in one leaf. Their entries are in `removed`, and how many
   * they are is returned.
   */
  removeRange(t: Ptr, first: number, count: number): number {
    this.seekIndex(t, first);
    const { offset } = this;
    const taken = Math.min(count, this.leafCount - offset);
    const pointers = this.i32[this.leaf >>> SEGMENT_SHIFT];
    const at = pointersIndex(this.leaf, this.leafBytes) + offset;
    for (let i = 0; i < taken; i++) this.removed[i] = pointers[at + i];
    this.takeOut(offset, taken);
    return taken;
  }

  /** To the first or the last element; returns its entry. */
  seekEnd(t: Ptr, last: boolean): Ptr {
    if (last) this.seekLast(t);
    else this.seekFirst(t);
    this.offset = last ? this.leafCount - 1 : 0;
    return this.i32[this.leaf >>> SEGMENT_SHIFT][pointersIndex(this.leaf, this.leafBytes) + this.offset] as Ptr;
  }

  /** Takes out the element that `seekEnd` went to last. */
  removeEnd(): void {
    this.takeOut(this.offset, 1);
  }

  /** Frees a leaf's block. */
  readonly freeLeaf = (leaf: Ptr, bytes: number): void => this.arena.free(leaf, bytes);

  /** To the leaf with that element; returns its number in it. */
  private locate(t: Ptr, score: number, entry: Ptr): number {
    this.want(score, entry);
    this.seekKey(t);
    const pointers = this.i32[this.leaf >>> SEGMENT_SHIFT];
    const start = pointersIndex(this.leaf, this.leafBytes);
    const end = start + this.leafCount;
    let at = start;
    while (at < end && pointers[at] !== entry) at++;
    if (at === end) throw new Error("sorted set: the member is not where its score says");
    return at - start;
  }

  /** Number of the first element of the cursor's leaf that is behind the wanted place. */
  private placeInLeaf(): number {
    const { leaf } = this;
    const scores = this.f64[leaf >>> SEGMENT_SHIFT];
    const pointers = this.i32[leaf >>> SEGMENT_SHIFT];
    const from = leaf & UNIT_MASK;
    const pointersFrom = pointersIndex(leaf, this.leafBytes);
    let low = 0;
    let high = this.leafCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      const score = scores[from + middle];
      if (this.score > score || (this.score === score && this.compareTie(pointers[pointersFrom + middle] as Ptr) > 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private scoreAt(i: number): number {
    return this.f64[this.leaf >>> SEGMENT_SHIFT][(this.leaf & UNIT_MASK) + i];
  }

  private addFirst(t: Ptr, score: number, entry: Ptr): void {
    this.append(t, this.newLeaf(score, entry), NEW_LEAF_BYTES, 1);
  }

  /** A leaf of one element, which is the tree's `key` then. */
  private newLeaf(score: number, entry: Ptr): Ptr {
    const leaf = this.arena.alloc(NEW_LEAF_BYTES);
    this.f64[leaf >>> SEGMENT_SHIFT][leaf & UNIT_MASK] = score;
    this.i32[leaf >>> SEGMENT_SHIFT][pointersIndex(leaf, NEW_LEAF_BYTES)] = entry;
    this.keyF64[0] = score;
    this.key[POINTER_WORD] = entry;
    return leaf;
  }

  /** Adds an element as number `at` of the cursor's leaf. What grows at one end leaves full leaves behind. */
  private insertAt(at: number, score: number, entry: Ptr): void {
    if (this.leafCount < LEAF_MAX) this.insertHere(at, score, entry);
    else if (at === LEAF_MAX) this.insertAfter(this.newLeaf(score, entry), NEW_LEAF_BYTES, 1);
    else if (at === 0) this.insertBefore(this.newLeaf(score, entry), NEW_LEAF_BYTES, 1);
    else {
      this.splitLeaf();
      if (at >= LEAF_HALF) this.insertHere(at - LEAF_HALF, score, entry);
      else if (this.previous()) this.insertHere(at, score, entry);
    }
  }

  /** `insertAt` where there is room. */
  private insertHere(at: number, score: number, entry: Ptr): void {
    const count = this.leafCount;
    if (capacityOf(this.leafBytes) === count) this.resizeLeaf(count + 1);
    const { leaf, leafBytes } = this;
    this.shift(at, at + 1, count - at);
    this.f64[leaf >>> SEGMENT_SHIFT][(leaf & UNIT_MASK) + at] = score;
    this.i32[leaf >>> SEGMENT_SHIFT][pointersIndex(leaf, leafBytes) + at] = entry;
    this.setLeaf(leaf, leafBytes, count + 1);
    if (at === 0) this.setKeyToFirst();
  }

  /** Moves the upper half of the cursor's full leaf to a new one, to which the cursor goes. */
  private splitLeaf(): void {
    const { leaf, leafBytes } = this;
    const bytes = bytesFor(LEAF_HALF + 1);
    const right = this.arena.alloc(bytes);
    this.copyElements(leaf, leafBytes, LEAF_HALF, LEAF_HALF, right, bytes, 0);
    this.setLeaf(leaf, leafBytes, LEAF_HALF);
    this.resizeLeaf(LEAF_HALF + 1);
    this.keyF64[0] = this.f64[right >>> SEGMENT_SHIFT][right & UNIT_MASK];
    this.key[POINTER_WORD] = this.i32[right >>> SEGMENT_SHIFT][pointersIndex(right, bytes)];
    this.insertAfter(right, bytes, LEAF_HALF);
  }

  /** Takes `count` elements from number `at` on out of the cursor's leaf. */
  private takeOut(at: number, count: number): void {
    const left = this.leafCount - count;
    if (left === 0) {
      const { leaf, leafBytes } = this;
      this.removeLeaf();
      this.arena.free(leaf, leafBytes);
      return;
    }
    this.shift(at + count, at, left - at);
    this.setLeaf(this.leaf, this.leafBytes, left);
    if (bytesFor(left) < this.leafBytes - (this.leafBytes >> 2)) this.resizeLeaf(left);
    if (at === 0) this.setKeyToFirst();
    if (left <= MERGED_BELOW && (left & MERGE_MASK) === 0) this.merge();
  }

  /** Merges the cursor's leaf with the next one, or with the one before it, if the two fit in one. */
  private merge(): void {
    const { leaf, leafBytes, leafCount } = this;
    if (this.next()) {
      const fits = this.leafCount + leafCount <= MERGE_MAX;
      this.previous();
      if (fits) this.mergeLeafInto(leaf, leafBytes, leafCount, true);
    } else if (this.previous()) {
      const fits = this.leafCount + leafCount <= MERGE_MAX;
      this.next();
      if (fits) this.mergeLeafInto(leaf, leafBytes, leafCount, false);
    }
  }

  /** Takes the cursor's leaf away and puts its elements into its neighbour, in front of those there or behind them. */
  private mergeLeafInto(leaf: Ptr, leafBytes: number, leafCount: number, front: boolean): void {
    this.removeLeaf();
    const count = this.leafCount;
    const total = count + leafCount;
    if (capacityOf(this.leafBytes) < total) this.resizeLeaf(total);
    if (front) this.shift(0, leafCount, count);
    this.copyElements(leaf, leafBytes, 0, leafCount, this.leaf, this.leafBytes, front ? 0 : count);
    this.setLeaf(this.leaf, this.leafBytes, total);
    if (front) this.setKeyToFirst();
    this.arena.free(leaf, leafBytes);
  }

  /** Whether the wanted score, given to element `from` of the cursor's leaf, leaves it between others of the leaf. */
  private belongsHere(from: number): boolean {
    const last = this.leafCount - 1;
    if (last < 2) return false;
    return this.score > this.scoreAt(from === 0 ? 1 : 0) && this.score < this.scoreAt(from === last ? last - 1 : last);
  }

  /** Gives element `from` of the cursor's leaf the wanted score, and moves it to its place in the leaf. */
  private moveInLeaf(from: number, score: number, entry: Ptr): void {
    const { leaf } = this;
    const scores = this.f64[leaf >>> SEGMENT_SHIFT];
    const pointers = this.i32[leaf >>> SEGMENT_SHIFT];
    const scoresAt = leaf & UNIT_MASK;
    const pointersAt = pointersIndex(leaf, this.leafBytes);
    let to = from;
    for (; to > 0 && !this.isBefore(scores[scoresAt + to - 1], pointers[pointersAt + to - 1]); to--) {
      scores[scoresAt + to] = scores[scoresAt + to - 1];
      pointers[pointersAt + to] = pointers[pointersAt + to - 1];
    }
    const last = this.leafCount - 1;
    for (; to < last && this.isBefore(scores[scoresAt + to + 1], pointers[pointersAt + to + 1]); to++) {
      scores[scoresAt + to] = scores[scoresAt + to + 1];
      pointers[pointersAt + to] = pointers[pointersAt + to + 1];
    }
    scores[scoresAt + to] = score;
    pointers[pointersAt + to] = entry;
    if (from === 0) this.setKeyToFirst();
  }

  /** Whether an element is before the wanted place. */
  private isBefore(score: number, entry: number): boolean {
    return score < this.score || (score === this.score && this.compareTie(entry as Ptr) > 0);
  }

  private setKeyToFirst(): void {
    const { leaf } = this;
    this.keyF64[0] = this.f64[leaf >>> SEGMENT_SHIFT][leaf & UNIT_MASK];
    this.key[POINTER_WORD] = this.i32[leaf >>> SEGMENT_SHIFT][pointersIndex(leaf, this.leafBytes)];
    this.setKey();
  }

  /** Gives the cursor's leaf a block with room for `room` elements. */
  private resizeLeaf(room: number): void {
    const { leaf, leafBytes, leafCount } = this;
    const bytes = bytesFor(room);
    if (bytes === leafBytes) return;
    const block = this.arena.alloc(bytes);
    this.copyElements(leaf, leafBytes, 0, leafCount, block, bytes, 0);
    this.setLeaf(block, bytes, leafCount);
    this.arena.free(leaf, leafBytes);
  }

  /** Moves `count` elements of the cursor's leaf from number `from` to number `to`. */
  private shift(from: number, to: number, count: number): void {
    const { leaf } = this;
    if (count === 0) return;
    const scores = (leaf & UNIT_MASK) + from;
    this.f64[leaf >>> SEGMENT_SHIFT].copyWithin(scores - from + to, scores, scores + count);
    const pointers = pointersIndex(leaf, this.leafBytes) + from;
    this.i32[leaf >>> SEGMENT_SHIFT].copyWithin(pointers - from + to, pointers, pointers + count);
  }

  /** Copies elements to another leaf's block. */
  private copyElements(
    leaf: Ptr,
    leafBytes: number,
    from: number,
    count: number,
    block: Ptr,
    bytes: number,
    to: number,
  ): void {
    const scores = this.f64[leaf >>> SEGMENT_SHIFT];
    const pointers = this.i32[leaf >>> SEGMENT_SHIFT];
    const newScores = this.f64[block >>> SEGMENT_SHIFT];
    const newPointers = this.i32[block >>> SEGMENT_SHIFT];
    const scoresAt = (leaf & UNIT_MASK) + from;
    const pointersAt = pointersIndex(leaf, leafBytes) + from;
    const newScoresAt = (block & UNIT_MASK) + to;
    const newPointersAt = pointersIndex(block, bytes) + to;
    for (let i = 0; i < count; i++) {
      newScores[newScoresAt + i] = scores[scoresAt + i];
      newPointers[newPointersAt + i] = pointers[pointersAt + i];
    }
  }
}

/** Index in a segment's words of the first pointer of a leaf's block. */
export function pointersIndex(leaf: Ptr, bytes: number): number {
  return ((leaf & UNIT_MASK) << 1) + (capacityOf(bytes) << 1);
}

/** The elements that a leaf's block has room for. */
function capacityOf(bytes: number): number {
  return (bytes / ELEMENT_BYTES) | 0;
}

/** The size of the smallest block with room for so many elements. */
function bytesFor(count: number): number {
  return blockBytes(count * ELEMENT_BYTES);
}
