import { digitCount } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { PackedBuilder } from "../structures/packed-builder.ts";
import type { ListValues } from "./list.ts";

/** Makes a list of many elements, leaf by leaf: what `push` does, without moving a leaf for every element. */
export class ListBuilder {
  /** The leaf that grows. Whoever adds to it by itself asks `lists.fits` as `add` does. */
  readonly leaf: PackedBuilder;
  private t: Ptr = NULL;

  constructor(private readonly lists: ListValues) {
    this.leaf = new PackedBuilder(lists.arena);
  }

  /** Starts an empty list. */
  begin(): void {
    this.t = NULL;
    this.leaf.begin();
  }

  /** Adds an element behind the last. */
  add(buf: Uint8Array, start: number, len: number): void {
    this.makeRoom(len);
    this.leaf.text(buf, start, len);
  }

  /** Adds the text of an integer of 32 bits. */
  addInteger(value: number): void {
    this.makeRoom(digitCount(value));
    this.leaf.integer(value);
  }

  private makeRoom(len: number): void {
    const { leaf } = this;
    if (leaf.count > 0 && !this.lists.fits(leaf.bytes, leaf.count, len)) this.endLeaf();
  }

  private endLeaf(): void {
    const { leaf, lists } = this;
    if (this.t === NULL) this.t = lists.plant();
    lists.grow(this.t, leaf.finish(), leaf.bytes, leaf.count);
    leaf.begin();
  }

  /** Ends a list of at least one element: `root` and `rootBytes` of the lists. Returns its type and encoding. */
  finish(): number {
    const { leaf, lists } = this;
    if (this.t === NULL) return lists.adopt(leaf.finish(), leaf.bytes);
    this.endLeaf();
    const { t } = this;
    this.t = NULL;
    return lists.adopt(t, 0);
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.t === NULL && this.leaf.count === 0;
  }

  /** Frees what there is of the list. */
  discard(): void {
    if (this.t !== NULL) this.lists.uproot(this.t);
    this.begin();
  }
}
