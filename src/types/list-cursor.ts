import type { Span } from "../lib/bytes.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import type { Entries } from "../structures/entry.ts";
import { PackedList } from "../structures/packed-list.ts";
import { Tree } from "../structures/tree.ts";

/** Lists to be read: a place in one of them. What a list is made of is described in list.ts. */
export class ListCursor {
  /** The list that the cursor is in: its entry, and whether it is a tree. */
  protected e!: Ptr;
  protected inTree = false;
  /** The cursor's leaf, and the place in it; and how many elements are before that leaf, as the last seek and the steps since know it. */
  protected readonly list: PackedList;
  protected leafStart = 0;
  protected readonly tree: Tree;

  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
  ) {
    this.list = new PackedList(arena);
    this.tree = new Tree(arena, 0);
  }

  /** Number of elements. */
  length(e: Ptr): number {
    const bytes = this.entries.valueLength(e);
    const p = this.entries.reference(e);
    if (bytes === 0) return this.tree.count(p);
    this.list.open(p, bytes);
    return this.list.count;
  }

  /** Number of the cursor's element. */
  get index(): number {
    return this.leafStart + this.list.index;
  }

  /** To element `index`, from 0 on. False when there is none. */
  seek(e: Ptr, index: number): boolean {
    this.enter(e);
    const { list, tree } = this;
    if (this.inTree) {
      if (!tree.seekIndex(this.entries.reference(e), index)) return false;
      list.open(tree.leaf, tree.leafBytes);
      list.seek(tree.offset);
      this.leafStart = index - tree.offset;
      return true;
    }
    if (index < 0 || index >= list.count) return false;
    list.seek(index);
    return true;
  }

  /** To the first element, or the last; there must be one. */
  seekEnd(e: Ptr, atHead: boolean): void {
    this.openEnd(e, atHead);
    if (atHead) return;
    this.list.toEnd();
    this.list.previous();
  }

  /** Opens the first leaf, or the last, with the cursor on its first element. Of what is before the last leaf nothing is known. */
  protected openEnd(e: Ptr, atHead: boolean): void {
    this.enter(e);
    if (!this.inTree) return;
    const { tree } = this;
    const t = this.entries.reference(e);
    if (atHead) tree.seekFirst(t);
    else tree.seekLast(t);
    this.list.open(tree.leaf, tree.leafBytes);
  }

  private enter(e: Ptr): void {
    const bytes = this.entries.valueLength(e);
    this.e = e;
    this.leafStart = 0;
    this.inTree = bytes === 0;
    if (bytes !== 0) this.list.open(this.entries.reference(e), bytes);
  }

  /** The text of the cursor's element: until the list changes, or until the second `read` after it. */
  read(out: Span): void {
    this.list.read(out);
  }

  /** To the next element. False when there is none: then the cursor is behind the last. */
  next(): boolean {
    const { list } = this;
    list.next();
    return list.index < list.count || this.nextLeaf();
  }

  /** To the element before. False when there is none. */
  previous(): boolean {
    const { list } = this;
    if (list.index === 0 && !this.previousLeaf()) return false;
    list.previous();
    return true;
  }

  /** To the first element of the next leaf. */
  private nextLeaf(): boolean {
    const { list, tree } = this;
    if (!this.inTree || !tree.next()) return false;
    this.leafStart += list.count;
    list.open(tree.leaf, tree.leafBytes);
    return true;
  }

  /** Behind the last element of the leaf before. */
  private previousLeaf(): boolean {
    const { list, tree } = this;
    if (!this.inTree || !tree.previous()) return false;
    list.open(tree.leaf, tree.leafBytes);
    this.leafStart -= list.count;
    list.toEnd();
    return true;
  }

  /** To the first element of that text from the cursor on. False when there is none before number `end` (or not much farther). */
  find(end: number, buf: Uint8Array, start: number, len: number): boolean {
    while (!this.list.find(0, buf, start, len)) {
      if (this.leafStart + this.list.count >= end || !this.nextLeaf()) return false;
    }
    return true;
  }

  /** To the last element of that text before the cursor. False when there is none from number `first` on (or not much farther). */
  findBackward(first: number, buf: Uint8Array, start: number, len: number): boolean {
    while (!this.list.findBackward(buf, start, len)) {
      if (this.leafStart <= first || !this.previousLeaf()) return false;
    }
    return true;
  }
}
