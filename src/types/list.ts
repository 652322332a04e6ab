import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Entries } from "../structures/entry.ts";
import { draftBytes, ELEMENTS_MAX, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";
import type { Tree } from "../structures/tree.ts";
import type { Collection, CollectionReclaimer, Remains } from "./collection.ts";
import { kind, LIST, QUICKLIST } from "./kinds.ts";
import { ListCursor } from "./list-cursor.ts";

const LIST_KIND = kind(LIST, QUICKLIST);
/** Bytes of the greatest leaf for -1, -2 ... of the directive, and for a number of elements. */
const LEAF_BYTES = [1024, 2048, 4096, 8192, 16_384];
const COUNTED_LEAF_BYTES = 2048;
/** A leaf smaller than this part of the greatest is joined with a neighbour if both fit in JOINED_PART of it. */
const SMALL_PART = 1 / 4;
const JOINED_PART = 3 / 4;
/** An element that is replaced may make its leaf this much larger than an added one may, lest lists of full leaves fall apart. */
const REPLACED_PART = 9 / 8;
const OWN_LEAF_BYTES = 1024 ** 3;
/** A list of no more leaves is freed at once, and of a larger one so many at a time. */
const FREED_AT_ONCE_MAX = 16;
/** A list of more elements, of which more than this times those that are kept, is not trimmed but replaced. */
const REPLANTED_MIN = 65_536;
const REPLANTED_FACTOR = 4;

/**
 * Lists: what the entry of a key refers to when its type is LIST.
 *
 * Invariants
 * 1. The reference's bytes are not 0: it is a packed list of all elements. They are 0: it is a tree of packed lists, its leaves, two or more.
 * 2. A leaf of more than one element was at most `leafBytesMax` bytes long (REPLACED_PART of it) and had at most `leafElementsMax` elements
 *    when it last grew. That is a quarter of what Redis takes for the same directive: a push at the head moves a whole leaf.
 * 3. A list has at least one element but while a command empties it; the command then deletes the key.
 * 4. Elements change where they are: the key's entry stays, only its reference is rewritten.
 * 5. There is one cursor. After a change it is undefined.
 */
export class ListValues extends ListCursor implements Collection {
  /** Elements of so many bytes or more share no leaf with those that are there before them. */
  ownLeafBytes = OWN_LEAF_BYTES;
  /** The list that `create` or `copy` made, for the entry that is to refer to it. */
  root: Ptr = NULL;
  rootBytes = 0;

  /** The directive list-max-listpack-size. */
  listpackSize = -2;
  leafBytesMax = LEAF_BYTES[1];
  leafElementsMax = ELEMENTS_MAX;
  /** A second leaf: new, or beside the cursor's. */
  private readonly other: PackedList;

  constructor(arena: Arena, entries: Entries) {
    super(arena, entries);
    this.other = new PackedList(arena);
  }

  /** The directive list-max-listpack-size. */
  limitLeaves(size: number): void {
    this.listpackSize = size;
    this.leafBytesMax = size < 0 ? LEAF_BYTES[Math.min(-size, LEAF_BYTES.length) - 1] : COUNTED_LEAF_BYTES;
    this.leafElementsMax = size < 0 ? ELEMENTS_MAX : Math.max(1, Math.min(size, ELEMENTS_MAX));
  }

  /** Makes a list of one element: `root` and `rootBytes`. Returns its type and encoding. */
  create(buf: Uint8Array, start: number, len: number): number {
    this.makeLeaf(buf, start, len);
    this.root = this.other.p;
    this.rootBytes = this.other.bytes;
    return LIST_KIND;
  }

  /** Adds an element before the first or behind the last. */
  push(e: Ptr, atHead: boolean, buf: Uint8Array, start: number, len: number): void {
    this.openEnd(e, atHead);
    const { list } = this;
    if (this.fits(list.bytes, list.count, len)) {
      if (!atHead) list.toEnd();
      list.insert(buf, start, len);
      this.save();
    } else {
      this.addLeaf(!atHead, buf, start, len);
    }
  }

  /** Adds an element before the cursor's, or behind it. */
  insert(behind: boolean, buf: Uint8Array, start: number, len: number): void {
    const { list } = this;
    if (behind) list.next();
    if (this.fits(list.bytes, list.count, len)) {
      list.insert(buf, start, len);
      this.save();
    } else if (list.index === 0) {
      this.insertBetween(false, buf, start, len);
    } else if (list.index === list.count) {
      this.insertBetween(true, buf, start, len);
    } else {
      this.insertDivided(buf, start, len);
    }
  }

  /** Adds an element at a border of the cursor's leaf, which is full: to the neighbour if that has room. */
  private insertBetween(behind: boolean, buf: Uint8Array, start: number, len: number): void {
    const { list, tree } = this;
    if (this.inTree && (behind ? tree.next() : tree.previous())) {
      if (this.fits(tree.leafBytes, tree.leafCount, len)) {
        list.open(tree.leaf, tree.leafBytes);
        if (!behind) list.toEnd();
        list.insert(buf, start, len);
        this.save();
        return;
      }
      if (behind) tree.previous();
      else tree.next();
    }
    this.addLeaf(behind, buf, start, len);
  }

  /** Divides the cursor's leaf, which is full, at the cursor, and adds an element there. */
  private insertDivided(buf: Uint8Array, start: number, len: number): void {
    const { list, other, tree } = this;
    this.becomeTree();
    list.split(other);
    tree.setLeaf(list.p, list.bytes, list.count);
    tree.insertAfter(other.p, other.bytes, other.count);
    if (list.bytes > other.bytes) list.open(other.p, other.bytes);
    else tree.previous();
    if (this.fits(list.bytes, list.count, len)) {
      list.insert(buf, start, len);
      this.save();
    } else {
      this.addLeaf(list.index > 0, buf, start, len);
    }
  }

  /** Gives the cursor's element another text. */
  replace(buf: Uint8Array, start: number, len: number): void {
    const { list } = this;
    const bytes = list.bytes + draftBytes(len) - (list.length() >> 1);
    if (list.count === 1 || (bytes <= this.leafBytesMax * REPLACED_PART && len < this.ownLeafBytes)) {
      list.replace(buf, start, len);
      this.save();
      return;
    }
    list.remove(1);
    this.save();
    this.insert(false, buf, start, len);
  }

  /** Takes out the cursor's element, which is the list's first or last. */
  removeEnd(): void {
    this.list.remove(1);
    this.save();
    this.becomePacked();
  }

  /** Takes `count` elements out from number `index` on; there must be as many. */
  removeRange(e: Ptr, index: number, count: number): void {
    if (count === 0) return;
    const { list, tree } = this;
    this.seek(e, index);
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, list.count - list.index);
      left -= taken;
      if (taken === list.count) list.free();
      else list.remove(taken);
      const isGone = list.count === 0;
      this.save();
      if (left === 0) break;
      if (!isGone) tree.next();
      list.open(tree.leaf, tree.leafBytes);
    }
    if (index > 0) this.join();
    this.becomePacked();
  }

  /** Leaves only `count` elements, at least one, from number `index` on. */
  keepRange(e: Ptr, index: number, count: number, reclaimer: CollectionReclaimer): void {
    const length = this.length(e);
    const first =
      length > count * REPLANTED_FACTOR && length > REPLANTED_MIN ? this.replant(e, index, count, reclaimer) : 0;
    this.removeRange(e, index + count - first, this.length(e) - index - count + first);
    this.removeRange(e, 0, index - first);
  }

  /**
   * Copies the leaves with these elements of a large list and leaves the others to the reclaimer: to take them out would take too long.
   * Returns the number that the first element still there had.
   */
  private replant(e: Ptr, index: number, count: number, reclaimer: CollectionReclaimer): number {
    const { list, tree, entries } = this;
    const old = entries.reference(e);
    const t = tree.create();
    tree.seekIndex(old, index);
    const first = index - tree.offset;
    for (let at = first; at < index + count; at += list.count) {
      tree.seekIndex(old, at);
      list.open(tree.leaf, tree.leafBytes);
      tree.append(t, list.copy(), list.bytes, list.count);
    }
    this.release(e, reclaimer);
    entries.setReference(e, t, 0);
    this.seek(e, 0);
    this.becomePacked();
    return first;
  }

  /** Takes out the first `limit` elements of that text, or the last. Returns how many there were. */
  removeEqual(e: Ptr, backward: boolean, limit: number, buf: Uint8Array, start: number, len: number): number {
    const { list } = this;
    let removed = 0;
    // Elements before the part that is still to be searched; backward: elements that are.
    let from = backward ? this.length(e) : 0;
    while (removed < limit && this.seek(e, backward ? from - 1 : from)) {
      if (backward) list.next();
      const before = removed;
      while (removed < limit && (backward ? list.findBackward(buf, start, len) : list.find(0, buf, start, len))) {
        list.remove(1);
        removed++;
      }
      from = backward ? this.leafStart : this.leafStart + list.count;
      if (removed === before) continue;
      this.save();
      this.join();
    }
    this.becomePacked();
    return removed;
  }

  // ---- what ListBuilder makes lists of

  /** A tree without leaves. */
  plant(): Ptr {
    return this.tree.create();
  }

  /** Adds a leaf behind the last one of a tree. */
  grow(t: Ptr, p: Ptr, bytes: number, count: number): void {
    this.tree.append(t, p, bytes, count);
  }

  /** Frees a tree that is no list yet, and its leaves. */
  uproot(t: Ptr): void {
    const remains = new TreeRemains(this.arena, this.tree, t);
    while (remains.step());
  }

  /** Makes a tree of two leaves or more, or a single leaf, the list that is in `root` and `rootBytes`. Returns its type and encoding. */
  adopt(p: Ptr, bytes: number): number {
    this.root = p;
    this.rootBytes = bytes;
    return LIST_KIND;
  }

  /** Whether an element of `len` bytes may be added to a leaf. */
  fits(bytes: number, count: number, len: number): boolean {
    return bytes + draftBytes(len) <= this.leafBytesMax && count < this.leafElementsMax && len < this.ownLeafBytes;
  }

  /** Makes `other` a leaf of one element. */
  private makeLeaf(buf: Uint8Array, start: number, len: number): void {
    this.other.open(NULL, EMPTY_BYTES);
    this.other.insert(buf, start, len);
  }

  /** Adds a leaf of one element beside the cursor's. */
  private addLeaf(behind: boolean, buf: Uint8Array, start: number, len: number): void {
    const { other, tree } = this;
    this.makeLeaf(buf, start, len);
    this.becomeTree();
    if (behind) tree.insertAfter(other.p, other.bytes, 1);
    else tree.insertBefore(other.p, other.bytes, 1);
  }

  /** Tells the list of what has become of the cursor's leaf. If that is gone, the tree's cursor is on the leaf behind it. */
  private save(): void {
    const { list } = this;
    if (!this.inTree) this.entries.setReference(this.e, list.p, list.bytes);
    else if (list.count > 0) this.tree.setLeaf(list.p, list.bytes, list.count);
    else this.tree.removeLeaf();
  }

  private becomeTree(): void {
    if (this.inTree) return;
    const { list, tree } = this;
    const t = tree.create();
    tree.append(t, list.p, list.bytes, list.count);
    this.entries.setReference(this.e, t, 0);
    this.inTree = true;
  }

  /** A tree of one leaf, or none, is none. */
  private becomePacked(): void {
    if (!this.inTree) return;
    const { tree } = this;
    const t = this.entries.reference(this.e);
    if (tree.leaves(t) > 1) return;
    if (tree.seekFirst(t)) this.entries.setReference(this.e, tree.leaf, tree.leafBytes);
    else this.entries.setReference(this.e, NULL, EMPTY_BYTES);
    tree.destroy(t);
    this.inTree = false;
  }

  /** Joins the cursor's leaf with a neighbour if it has become small. */
  private join(): void {
    const { list, tree } = this;
    if (!this.inTree || list.count === 0 || list.bytes > this.leafBytesMax * SMALL_PART) return;
    if (this.joinNext() || !tree.previous()) return;
    list.open(tree.leaf, tree.leafBytes);
    this.joinNext();
  }

  private joinNext(): boolean {
    const { list, other, tree } = this;
    if (!tree.next()) return false;
    const { leafBytes, leafCount } = tree;
    const fit =
      list.bytes + leafBytes <= this.leafBytesMax * JOINED_PART && list.count + leafCount <= this.leafElementsMax;
    if (fit) other.open(tree.leaf, leafBytes);
    if (!fit || tree.removeLeaf()) tree.previous();
    if (!fit) return false;
    list.append(other);
    this.save();
    return true;
  }

  /** Makes a list with the same elements: `root` and `rootBytes`. */
  copy(e: Ptr): void {
    const { list, tree } = this;
    const p = this.entries.reference(e);
    this.rootBytes = this.entries.valueLength(e);
    if (this.rootBytes > 0) {
      list.open(p, this.rootBytes);
      this.root = list.copy();
      return;
    }
    const t = tree.create();
    tree.forEachLeaf(p, (leaf, bytes, count) => {
      list.open(leaf, bytes);
      tree.append(t, list.copy(), bytes, count);
    });
    this.root = t;
  }

  /** Frees the list. Of a big one that takes time, so the reclaimer does it. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    const bytes = this.entries.valueLength(e);
    const p = this.entries.reference(e);
    if (bytes > 0) {
      if (p === NULL) return;
      this.arena.guard?.blockChanging(p);
      this.arena.free(p, bytes);
      return;
    }
    const remains = new TreeRemains(this.arena, this.tree, p);
    if (this.tree.leaves(p) > FREED_AT_ONCE_MAX) reclaimer.add(remains);
    else while (remains.step());
  }

  memoryBytes(e: Ptr): number {
    const bytes = this.entries.valueLength(e);
    return bytes > 0 ? blockBytes(bytes) : this.tree.bytes(this.entries.reference(e));
  }
}

/** A tree of packed lists that nobody can reach any more. */
class TreeRemains implements Remains {
  left = 1;

  constructor(
    private readonly arena: Arena,
    private readonly tree: Tree,
    private readonly t: Ptr,
  ) {}

  step(): boolean {
    for (let i = 0; i < FREED_AT_ONCE_MAX; i++) {
      if (this.tree.shed(this.t, this.freeLeaf)) continue;
      this.tree.destroy(this.t);
      this.left = 0;
      return false;
    }
    return true;
  }

  private readonly freeLeaf = (leaf: Ptr, bytes: number): void => {
    this.arena.guard?.blockChanging(leaf);
    this.arena.free(leaf, bytes);
  };
}
