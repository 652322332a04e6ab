import type { Ptr } from "../memory/arena.ts";
import { type Arena, NULL, SEGMENT_SHIFT } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import {
  COUNT,
  HEADER_BYTES,
  LEAVES,
  LEVELS,
  type LeafVisitor,
  ROOT,
  SLOTS,
  TreeCursor,
  UNITS,
  USED,
} from "./tree-cursor.ts";

/**
 * A counted B+ tree. Its leaves are blocks that belong to its user, who alone knows what is in them: the tree keeps them in order, and of
 * each the pointer, the bytes, the number of elements and, if it is made for keys, the smallest key. So big lists, sorted sets and
 * streams share it, the n-th element is found in O(log n), and a search reads no leaf but the one it is for.
 *
 * A node is a block: the number of its slots that are used, the number it has room for, and the slots. A slot, in words:
 *
 *     key        `keyWords` words: the smallest key below the slot
 *     pointer    the leaf or, above the lowest level, the node
 *     count      the elements below the slot
 *     bytes      of the leaf; nothing above the lowest level
 *
 * A header block (HEADER_BYTES) holds root, number of levels, count of elements, count of leaves, and the bytes of nodes and leaves.
 *
 * Invariants
 * 1. All leaves are on one level. A tree without leaves has no nodes. The root has two slots or more, unless it is the only level.
 * 2. A slot's count is the sum of the counts below it; each leaf's count is at least 1. A slot's key is the one of the first leaf below it.
 * 3. A node that loses a slot is merged with the one before or after it under its parent if both then fit in MERGED_MAX slots. So
 *    nodes stay about half full without borrowing from each other, and no node is empty.
 * 4. A node has room for 3, 7, 15, 31 or 63 slots: the tree of two leaves is small, and blocks are filled. A full node that gets a slot at
 *    its end, or at its start, keeps all others: what grows at one end has full nodes.
 * 5. The cursor is a path: node and slot of each level from the leaf's up. It holds until the tree is changed through another object.
 *    All of a tree but the cursor is in the arena.
 */
const ROOM = 1;
const FANOUT = 63;
const MERGED_MAX = 48;
const LEAST_ROOM = 3;

export class Tree extends TreeCursor {
  /** The slot that is put into a node next. */
  private readonly staged: Int32Array;

  /** `keyWords`: words (32 bits) of a key; 0 when the order is only that in which leaves are put in. */
  constructor(arena: Arena, keyWords: number) {
    super(arena, keyWords);
    this.staged = new Int32Array(this.stride);
  }

  create(): Ptr {
    const t = this.arena.alloc(HEADER_BYTES);
    this.arena.clear(t, HEADER_BYTES);
    return t;
  }

  /** Frees all but the leaves. */
  destroy(t: Ptr): void {
    const levels = this.word(t, LEVELS);
    if (levels > 0) this.destroyNode(this.word(t, ROOT) as Ptr, levels - 1);
    this.arena.free(t, HEADER_BYTES);
    this.t = NULL;
  }

  private destroyNode(node: Ptr, level: number): void {
    const used = this.word(node, USED);
    for (let slot = 0; level > 0 && slot < used; slot++) this.destroyNode(this.child(node, slot), level - 1);
    this.arena.free(node, this.bytesFor(this.word(node, ROOM)));
  }

  /**
   * Takes the last leaf off; `visit` gets it. True while there are others: when not, `destroy` is all that remains to be done. For taking
   * apart, in slices, a tree that nobody uses any more: its counts are not kept.
   */
  shed(t: Ptr, visit: LeafVisitor): boolean {
    const levels = this.word(t, LEVELS);
    if (levels === 0) return false;
    const { nodes } = this;
    this.t = NULL;
    nodes[levels - 1] = this.word(t, ROOT);
    for (let level = levels - 1; level > 0; level--) {
      const node = nodes[level] as Ptr;
      nodes[level - 1] = this.child(node, this.word(node, USED) - 1);
    }
    const last = this.word(nodes[0] as Ptr, USED) - 1;
    const bottom = nodes[0] as Ptr;
    visit(
      this.child(bottom, last),
      this.slotWord(bottom, last, this.bytesAt),
      this.slotWord(bottom, last, this.countAt),
    );
    for (let level = 0; level < levels; level++) {
      const node = nodes[level] as Ptr;
      const left = this.word(node, USED) - 1;
      this.setWord(node, USED, left);
      if (left > 0) return true;
      this.arena.free(node, this.bytesFor(this.word(node, ROOM)));
    }
    this.setWord(t, LEVELS, 0);
    return false;
  }

  /** The cursor's leaf has another block, or other bytes or elements in it. */
  setLeaf(p: Ptr, bytes: number, count: number): void {
    const node = this.nodes[0];
    const at = this.slotIndex(node as Ptr, this.slots[0]);
    const words = this.i32[node >>> SEGMENT_SHIFT];
    words[at + this.pointerAt] = p;
    words[at + this.bytesAt] = bytes;
    this.leaf = p;
    if (bytes !== this.leafBytes) this.weigh(blockBytes(bytes) - blockBytes(this.leafBytes));
    this.leafBytes = bytes;
    if (count === this.leafCount) return;
    words[at + this.countAt] = count;
    this.addAbove(0, count - this.leafCount);
    this.leafCount = count;
  }

  /** `key` is now the smallest key of the cursor's leaf. */
  setKey(): void {
    const at = this.slotIndex(this.nodes[0] as Ptr, this.slots[0]);
    const words = this.i32[this.nodes[0] >>> SEGMENT_SHIFT];
    for (let w = 0; w < this.keyWords; w++) words[at + w] = this.key[w];
    if (this.slots[0] === 0) this.lift(0);
  }

  /** A new leaf behind the cursor's, with the key `key`. The cursor goes to it. */
  insertAfter(p: Ptr, bytes: number, count: number): void {
    this.insertLeaf(this.slots[0] + 1, p, bytes, count);
  }

  insertBefore(p: Ptr, bytes: number, count: number): void {
    this.insertLeaf(this.slots[0], p, bytes, count);
  }

  /** A new last leaf, with the key `key`. The cursor goes to it. An empty tree gets its first one so. */
  append(t: Ptr, p: Ptr, bytes: number, count: number): void {
    if (!this.seekLast(t)) this.addRoot(NULL);
    this.insertLeaf(this.word(this.nodes[0] as Ptr, USED), p, bytes, count);
  }

  private insertLeaf(slot: number, p: Ptr, bytes: number, count: number): void {
    const { t, staged } = this;
    const rank = slot === this.slots[0] ? this.rank() : this.rank() + this.leafCount;
    for (let w = 0; w < this.keyWords; w++) staged[w] = this.key[w];
    staged[this.pointerAt] = p;
    staged[this.countAt] = count;
    staged[this.bytesAt] = bytes;
    this.addAbove(0, count);
    this.weigh(blockBytes(bytes));
    this.setWord(t, LEAVES, this.word(t, LEAVES) + 1);
    if (this.insertStaged(0, slot)) this.seekIndex(t, rank);
    else this.stand(slot);
  }

  /**
   * Takes the cursor's leaf out; its block is the caller's. The cursor goes to the leaf that followed it: true. When it was the last, the
   * cursor goes to the one before it, and when that was all, `leaf` is NULL: false.
   */
  removeLeaf(): boolean {
    const { t } = this;
    const rank = this.rank();
    this.addAbove(0, -this.leafCount);
    this.weigh(-blockBytes(this.leafBytes));
    this.setWord(t, LEAVES, this.word(t, LEAVES) - 1);
    this.removeSlot(0);
    if (this.seekIndex(t, rank)) return true;
    this.seekLast(t);
    return false;
  }

  /** Adds to the counts of the path above a level. */
  private addAbove(level: number, delta: number): void {
    for (let above = level + 1; above < this.levels; above++) this.addCount(above, delta);
    this.setWord(this.t, COUNT, this.word(this.t, COUNT) + delta);
  }

  private addCount(level: number, delta: number): void {
    const node = this.nodes[level];
    this.i32[node >>> SEGMENT_SHIFT][this.slotIndex(node as Ptr, this.slots[level]) + this.countAt] += delta;
  }

  /** Copies the key of a level's first slot to the slots above for which it is the first, too. */
  private lift(level: number): void {
    const { nodes, slots, keyWords } = this;
    const source = this.slotIndex(nodes[level] as Ptr, 0);
    const from = this.i32[nodes[level] >>> SEGMENT_SHIFT];
    for (let above = level + 1; above < this.levels; above++) {
      const at = this.slotIndex(nodes[above] as Ptr, slots[above]);
      const words = this.i32[nodes[above] >>> SEGMENT_SHIFT];
      for (let w = 0; w < keyWords; w++) words[at + w] = from[source + w];
      if (slots[above] !== 0) return;
    }
  }

  /**
   * Puts the staged slot into the path's node of that level; the counts above hold it already. True when that node had to be split: then
   * the path is no longer one.
   */
  private insertStaged(level: number, slot: number): boolean {
    let node = this.nodes[level] as Ptr;
    const used = this.word(node, USED);
    if (used === FANOUT) {
      this.split(level, slot);
      return true;
    }
    if (used === this.word(node, ROOM)) node = this.resize(level, used * 2 + 1);
    this.putStaged(node, slot, used);
    if (slot === 0) this.lift(level);
    return false;
  }

  /** Divides a full node, and puts the staged slot where it belongs. */
  private split(level: number, slot: number): void {
    const node = this.nodes[level] as Ptr;
    let keep = FANOUT >> 1;
    if (slot === FANOUT) keep = FANOUT;
    else if (slot === 0) keep = 0;
    const right = this.addNode(roomFor(FANOUT - keep + (slot > keep || keep === FANOUT ? 1 : 0)));
    this.move(node, keep, right, 0, FANOUT - keep);
    this.setWord(node, USED, keep);
    this.setWord(right, USED, FANOUT - keep);
    if (slot > keep || keep === FANOUT) this.putStaged(right, slot - keep, FANOUT - keep);
    else this.putStaged(node, slot, keep);
    if (slot === 0) this.lift(level);
    this.linkRight(level, right);
  }

  /** Puts a node that was split off into the level above. */
  private linkRight(level: number, right: Ptr): void {
    const { staged } = this;
    const above = level + 1;
    if (above === this.levels) this.addRoot(this.nodes[level] as Ptr);
    const words = this.i32[right >>> SEGMENT_SHIFT];
    const first = this.slotIndex(right, 0);
    const count = this.sum(right);
    for (let w = 0; w < this.keyWords; w++) staged[w] = words[first + w];
    staged[this.pointerAt] = right;
    staged[this.countAt] = count;
    staged[this.bytesAt] = 0;
    this.addCount(above, -count);
    this.insertStaged(above, this.slots[above] + 1);
  }

  /** Puts one more level on top, above `child` or, in an empty tree, for its first leaf. */
  private addRoot(child: Ptr): void {
    const { t, levels } = this;
    const root = this.addNode(LEAST_ROOM);
    this.nodes[levels] = root;
    this.slots[levels] = 0;
    this.levels = levels + 1;
    this.setWord(t, ROOT, root);
    this.setWord(t, LEVELS, levels + 1);
    if (child === NULL) return;
    const at = this.slotIndex(root, 0);
    const words = this.i32[root >>> SEGMENT_SHIFT];
    const source = this.i32[child >>> SEGMENT_SHIFT];
    const first = this.slotIndex(child, 0);
    for (let w = 0; w < this.keyWords; w++) words[at + w] = source[first + w];
    words[at + this.pointerAt] = child;
    words[at + this.countAt] = this.word(t, COUNT);
    words[at + this.bytesAt] = 0;
    this.setWord(root, USED, 1);
  }

  /** Takes the path's slot of that level out; the counts above have done without it already. */
  private removeSlot(level: number): void {
    const node = this.nodes[level] as Ptr;
    const slot = this.slots[level];
    const used = this.word(node, USED) - 1;
    this.move(node, slot + 1, node, slot, used - slot);
    this.setWord(node, USED, used);
    const isRoot = level + 1 === this.levels;
    if (used === 0) {
      this.freeNode(node);
      if (!isRoot) this.removeSlot(level + 1);
      else this.setRoot(NULL, 0);
      return;
    }
    if (slot === 0) this.lift(level);
    if (isRoot) this.lowerRoot(level);
    else if (this.mergeInto(level, this.slots[level + 1]) || this.mergeInto(level, this.slots[level + 1] - 1)) return;
    this.tighten(level, used);
  }

  /** Merges the nodes under slot `left` of the level above and the slot after it, if they fit in one. */
  private mergeInto(level: number, left: number): boolean {
    const parent = this.nodes[level + 1] as Ptr;
    if (left < 0 || left + 1 >= this.word(parent, USED)) return false;
    const to = this.child(parent, left);
    const from = this.child(parent, left + 1);
    const kept = this.word(to, USED);
    const moved = this.word(from, USED);
    if (kept + moved > MERGED_MAX) return false;
    this.nodes[level] = to;
    this.slots[level + 1] = left;
    const node = kept + moved > this.word(to, ROOM) ? this.resize(level, roomFor(kept + moved)) : to;
    this.move(from, 0, node, kept, moved);
    this.setWord(node, USED, kept + moved);
    this.addCount(level + 1, this.slotWord(parent, left + 1, this.countAt));
    this.freeNode(from);
    this.slots[level + 1] = left + 1;
    this.removeSlot(level + 1);
    return true;
  }

  /** Takes the root away while it has but one node below it. */
  private lowerRoot(level: number): void {
    let root = this.nodes[level] as Ptr;
    let levels = level + 1;
    while (levels > 1 && this.word(root, USED) === 1) {
      const child = this.child(root, 0);
      this.freeNode(root);
      root = child;
      levels--;
    }
    if (levels <= level) this.setRoot(root, levels);
  }

  private setRoot(root: Ptr, levels: number): void {
    this.setWord(this.t, ROOT, root);
    this.setWord(this.t, LEVELS, levels);
    this.levels = levels;
  }

  /** Halves the room of a node when no more than a quarter of it is used. */
  private tighten(level: number, used: number): void {
    if (level >= this.levels) return;
    const room = this.word(this.nodes[level] as Ptr, ROOM);
    if (room > LEAST_ROOM && used <= room >> 2) this.resize(level, room >> 1);
  }

  /** Moves the path's node of that level into a block with another room. */
  private resize(level: number, room: number): Ptr {
    const old = this.nodes[level] as Ptr;
    const node = this.addNode(room);
    const used = this.word(old, USED);
    this.move(old, 0, node, 0, used);
    this.setWord(node, USED, used);
    this.freeNode(old);
    this.setNode(level, node);
    return node;
  }

  /** The path's node of that level is in another block. */
  private setNode(level: number, node: Ptr): void {
    this.nodes[level] = node;
    if (level + 1 === this.levels) {
      this.setWord(this.t, ROOT, node);
    } else {
      const parent = this.nodes[level + 1];
      const at = this.slotIndex(parent as Ptr, this.slots[level + 1]);
      this.i32[parent >>> SEGMENT_SHIFT][at + this.pointerAt] = node;
    }
  }

  /** Moves the nodes of the cursor's path; `relocate` tells where a block is now. */
  movePath(relocate: (p: Ptr, bytes: number) => Ptr): void {
    for (let level = this.levels - 1; level >= 0; level--) {
      const node = this.nodes[level] as Ptr;
      const now = relocate(node, this.bytesFor(this.word(node, ROOM)));
      if (now !== node) this.setNode(level, now);
    }
  }

  private addNode(room: number): Ptr {
    const bytes = this.bytesFor(room);
    const node = this.arena.alloc(bytes);
    this.setWord(node, USED, 0);
    this.setWord(node, ROOM, room);
    this.weigh(blockBytes(bytes));
    return node;
  }

  private freeNode(node: Ptr): void {
    const bytes = this.bytesFor(this.word(node, ROOM));
    this.arena.free(node, bytes);
    this.weigh(-blockBytes(bytes));
  }

  /** So many bytes of blocks, a multiple of 8, have become the tree's, or are no longer. */
  private weigh(bytes: number): void {
    const before = this.word(this.t, UNITS);
    const units = before + (bytes >> 3);
    this.setWord(this.t, UNITS, units);
    this.arena.weighed(before, units);
  }

  private bytesFor(room: number): number {
    return (SLOTS + room * this.stride) << 2;
  }

  /** Makes room for the staged slot among the `used` ones of a node, and writes it. */
  private putStaged(node: Ptr, slot: number, used: number): void {
    this.move(node, slot, node, slot + 1, used - slot);
    this.setWord(node, USED, used + 1);
    const at = this.slotIndex(node, slot);
    const words = this.i32[node >>> SEGMENT_SHIFT];
    for (let w = 0; w < this.stride; w++) words[at + w] = this.staged[w];
  }

  private move(from: Ptr, fromSlot: number, to: Ptr, toSlot: number, count: number): void {
    const source = this.i32[from >>> SEGMENT_SHIFT];
    const target = this.i32[to >>> SEGMENT_SHIFT];
    const start = this.slotIndex(from, fromSlot);
    const at = this.slotIndex(to, toSlot);
    const words = count * this.stride;
    if (source === target) {
      target.copyWithin(at, start, start + words);
      return;
    }
    for (let w = 0; w < words; w++) target[at + w] = source[start + w];
  }

  private sum(node: Ptr): number {
    let sum = 0;
    for (let slot = this.word(node, USED) - 1; slot >= 0; slot--) sum += this.slotWord(node, slot, this.countAt);
    return sum;
  }
}

/** The room of a node for so many slots. */
function roomFor(slots: number): number {
  return Math.max(LEAST_ROOM, (1 << (32 - Math.clz32(slots))) - 1);
}
