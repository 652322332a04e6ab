import { type Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { Tree } from "../structures/tree.ts";
import { ID_WORDS, type StreamId } from "./stream-id.ts";

/** A full leaf has so many records. */
const RECORDS_MAX = 64;

/**
 * Sets of records of one size, each in the order of the stream IDs that its records begin with: the lists of pending entries. One object
 * serves all sets of that size; a set is a Tree's header block.
 *
 * Invariants
 * 1. A leaf is an array of records. The tree keeps its block's bytes, which may be more than its records take, and their number.
 * 2. A leaf's key is not after its first record's ID (it stays when that record is removed), and after the last one of the leaf before.
 * 3. The cursor is a record: `words[at]` is its first word. It holds until a record is inserted or removed through this object.
 */
export class IdRecords {
  readonly tree: Tree;
  /** The cursor's record. */
  words: Int32Array = new Int32Array(0);
  at = 0;

  private readonly i32: Int32Array[];
  /** Number of the cursor's record in its leaf. */
  private index = 0;
  /** 0 unless the last `search` did not find the ID. */
  private order = 0;

  /** `recordWords`: words of a record, its ID included. */
  constructor(
    readonly arena: Arena,
    private readonly recordWords: number,
  ) {
    this.i32 = arena.i32;
    this.tree = new Tree(arena, ID_WORDS);
  }

  create(): Ptr {
    return this.tree.create();
  }

  /** Number of records. */
  count(t: Ptr): number {
    return this.tree.count(t);
  }

  /** To the record of that ID. False when there is none. */
  find(t: Ptr, id: StreamId): boolean {
    if (!this.openLeafOf(t, id)) return false;
    this.search(id);
    return this.order === 0;
  }

  /** To the first record whose ID is not before `id`. False when there is none. */
  seek(t: Ptr, id: StreamId): boolean {
    if (!this.openLeafOf(t, id)) return false;
    this.search(id);
    if (this.index < this.tree.leafCount) return true;
    this.index--;
    return this.next();
  }

  /** To the record after the cursor's. False when there is none. */
  next(): boolean {
    if (this.index + 1 < this.tree.leafCount) {
      this.stand(this.index + 1);
      return true;
    }
    if (!this.tree.next()) return false;
    this.stand(0);
    return true;
  }

  seekFirst(t: Ptr): boolean {
    if (!this.tree.seekFirst(t)) return false;
    this.stand(0);
    return true;
  }

  seekLast(t: Ptr): boolean {
    if (!this.tree.seekLast(t)) return false;
    this.stand(this.tree.leafCount - 1);
    return true;
  }

  /** To the record of that ID; true when it had to be added: then all but its ID is undefined. */
  insert(t: Ptr, id: StreamId): boolean {
    if (!this.openLeafOf(t, id)) {
      this.addLeaf(t, id);
      return true;
    }
    this.search(id);
    if (this.order === 0) return false;
    if (this.tree.leafCount === RECORDS_MAX) this.split(t, id);
    else this.insertHere(id);
    return true;
  }

  /** Removes the cursor's record. */
  remove(): void {
    const { tree, recordWords } = this;
    const { leaf, leafBytes } = tree;
    const left = tree.leafCount - 1;
    if (left === 0) {
      tree.removeLeaf();
      this.arena.free(leaf, leafBytes);
      return;
    }
    const start = (leaf & UNIT_MASK) << 1;
    this.words.copyWithin(this.at, this.at + recordWords, start + (left + 1) * recordWords);
    const room = blockBytes(left * recordWords * 4);
    if (room * 2 > leafBytes) tree.setLeaf(leaf, leafBytes, left);
    else this.resize(left, room, left);
  }

  /** The bytes of all of a set's blocks. */
  bytes(t: Ptr): number {
    return this.tree.bytes(t);
  }

  /** A set with the same records. */
  copy(t: Ptr): Ptr {
    const { tree, arena, i32 } = this;
    const copy = tree.create();
    tree.forEachLeaf(t, (leaf, bytes, count) => {
      const from = (leaf & UNIT_MASK) << 1;
      const block = arena.alloc(bytes);
      const to = (block & UNIT_MASK) << 1;
      const source = i32[leaf >>> SEGMENT_SHIFT];
      const target = i32[block >>> SEGMENT_SHIFT];
      for (let w = 0; w < count * this.recordWords; w++) target[to + w] = source[from + w];
      for (let w = 0; w < ID_WORDS; w++) tree.key[w] = source[from + w];
      tree.append(copy, block, bytes, count);
    });
    return copy;
  }

  /** Frees a leaf of a set that nobody uses any more, or the set itself: false when it is gone. */
  shed(t: Ptr): boolean {
    if (this.tree.shed(t, this.freeLeaf)) return true;
    this.tree.destroy(t);
    return false;
  }

  private readonly freeLeaf = (leaf: Ptr, bytes: number): void => this.arena.free(leaf, bytes);

  /** To the leaf in which the record would be. What is greater than all comes last, and comes often. */
  private openLeafOf(t: Ptr, id: StreamId): boolean {
    const { tree } = this;
    id.store(tree.key, 0);
    return tree.seekKey(t);
  }

  /** To the leaf's first record that is not before `id`; `index` is the number of records when there is none. */
  private search(id: StreamId): void {
    const { recordWords } = this;
    const { leaf, leafCount } = this.tree;
    const words = this.i32[leaf >>> SEGMENT_SHIFT];
    const start = (leaf & UNIT_MASK) << 1;
    this.words = words;
    let low = 0;
    let high = leafCount;
    if (id.compareWords(words, start + (leafCount - 1) * recordWords) > 0) low = leafCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (id.compareWords(words, start + middle * recordWords) > 0) low = middle + 1;
      else high = middle;
    }
    this.index = low;
    this.at = start + low * recordWords;
    this.order = low < leafCount ? id.compareWords(words, this.at) : 1;
  }

  private stand(index: number): void {
    const { leaf } = this.tree;
    this.index = index;
    this.words = this.i32[leaf >>> SEGMENT_SHIFT];
    this.at = ((leaf & UNIT_MASK) << 1) + index * this.recordWords;
  }

  /** The first leaf, with one record. */
  private addLeaf(t: Ptr, id: StreamId): void {
    const bytes = blockBytes(this.recordWords * 4);
    this.tree.append(t, this.arena.alloc(bytes), bytes, 1);
    this.stand(0);
    id.store(this.words, this.at);
  }

  /** Puts a record in front of the cursor's, or behind the leaf's last one. */
  private insertHere(id: StreamId): void {
    const { tree, index, recordWords } = this;
    const count = tree.leafCount;
    const bytes = (count + 1) * recordWords * 4;
    if (bytes > tree.leafBytes)
      this.resize(count, blockBytes(Math.min(2 * bytes, RECORDS_MAX * recordWords * 4)), count + 1);
    else tree.setLeaf(tree.leaf, tree.leafBytes, count + 1);
    this.stand(index);
    const { words, at } = this;
    if (index < count) words.copyWithin(at + recordWords, at, at + (count - index) * recordWords);
    id.store(words, at);
    if (index > 0) return;
    id.store(tree.key, 0);
    tree.setKey();
  }

  /** Moves the leaf's first `kept` records into a block of `bytes` bytes. */
  private resize(kept: number, bytes: number, count: number): void {
    const { tree, arena } = this;
    const { leaf, leafBytes } = tree;
    const block = arena.alloc(bytes);
    const source = this.i32[leaf >>> SEGMENT_SHIFT];
    const target = this.i32[block >>> SEGMENT_SHIFT];
    const from = (leaf & UNIT_MASK) << 1;
    const to = (block & UNIT_MASK) << 1;
    for (let w = kept * this.recordWords - 1; w >= 0; w--) target[to + w] = source[from + w];
    arena.free(leaf, leafBytes);
    tree.setLeaf(block, bytes, count);
  }

  /** Makes room for a record in a full leaf: half of it goes into a new one, or nothing if the record comes behind all. */
  private split(t: Ptr, id: StreamId): void {
    const { tree, arena, recordWords } = this;
    const kept = this.index === RECORDS_MAX ? RECORDS_MAX : RECORDS_MAX >> 1;
    const moved = RECORDS_MAX - kept;
    const bytes = blockBytes(Math.max(moved, 1) * recordWords * 4);
    const block = arena.alloc(bytes);
    const from = ((tree.leaf & UNIT_MASK) << 1) + kept * recordWords;
    const source = this.i32[tree.leaf >>> SEGMENT_SHIFT];
    const target = this.i32[block >>> SEGMENT_SHIFT];
    const to = (block & UNIT_MASK) << 1;
    if (moved === 0) {
      id.store(target, to);
      id.store(tree.key, 0);
      tree.insertAfter(block, bytes, 1);
      this.stand(0);
      return;
    }
    for (let w = 0; w < moved * recordWords; w++) target[to + w] = source[from + w];
    for (let w = 0; w < ID_WORDS; w++) tree.key[w] = target[to + w];
    tree.setLeaf(tree.leaf, tree.leafBytes, kept);
    tree.insertAfter(block, bytes, moved);
    this.insert(t, id);
  }
}
