import { NULL, type Ptr } from "../memory/arena.ts";
import { draftBytes, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";
import type { ListValues } from "./list.ts";

/** A leaf is drafted with room for so much more than its elements may take when the first of them comes. */
const ROOM_BYTES = 1024;

/** Makes a list of many elements, leaf by leaf: what `push` does, without moving a leaf for every element. */
export class ListBuilder {
  private readonly list: PackedList;
  private t: Ptr = NULL;
  private room = 0;

  constructor(private readonly lists: ListValues) {
    this.list = new PackedList(lists.arena);
  }

  /** Starts an empty list. */
  begin(): void {
    this.t = NULL;
    this.startLeaf(0);
  }

  private startLeaf(bytes: number): void {
    this.room = bytes + ROOM_BYTES;
    this.list.open(NULL, EMPTY_BYTES);
    this.list.draft(this.room);
  }

  /** Adds an element behind the last. */
  add(buf: Uint8Array, start: number, len: number): void {
    const { list } = this;
    const bytes = draftBytes(len);
    if (list.count > 0 && !this.lists.fits(list.bytes, list.count, len)) this.endLeaf();
    if (list.bytes + bytes > this.room) this.makeRoom(bytes);
    list.insert(buf, start, len);
    list.next();
  }

  private makeRoom(bytes: number): void {
    const { list } = this;
    if (list.count === 0) {
      this.startLeaf(bytes);
      return;
    }
    list.settle();
    this.room = list.bytes * 2 + bytes + ROOM_BYTES;
    list.draft(this.room - list.bytes);
    list.toEnd();
  }

  private endLeaf(): void {
    const { list, lists } = this;
    list.settle();
    if (this.t === NULL) this.t = lists.plant();
    lists.grow(this.t, list);
    this.startLeaf(0);
  }

  /** Ends a list of at least one element: `root` and `rootBytes` of the lists. Returns its type and encoding. */
  finish(): number {
    const { list, lists } = this;
    if (this.t === NULL) {
      list.settle();
      return lists.adopt(list.p, list.bytes);
    }
    this.endLeaf();
    const { t } = this;
    this.t = NULL;
    return lists.adopt(t, 0);
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.t === NULL && this.list.count === 0;
  }

  /** Frees what there is of the list. */
  discard(): void {
    if (this.t !== NULL) this.lists.uproot(this.t);
    this.begin();
  }
}
