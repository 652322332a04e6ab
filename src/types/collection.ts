import type { Ptr } from "../memory/arena.ts";

/** What is left of a collection that nobody can reach any more. */
export interface Remains {
  /** Values that are still to be freed, as INFO counts them: keys of a database that was emptied, or 1 for a collection. */
  readonly left: number;
  /** Frees a bounded part. False when there is nothing left, the collection's own blocks included. */
  step(): boolean;
}

/** Where big collections go to be freed in slices. */
export interface CollectionReclaimer {
  /** Takes over a table and all its entries; `keys`: they may refer to values that must be freed with them. */
  addTable(table: Ptr, keys: boolean): void;
  add(remains: Remains): void;
}

/** One type of collection: what the keyspace needs to know of the values that entries of that type refer to. */
export interface Collection {
  /** What `copy`, and whatever makes a new value, leaves behind for the entry that is to refer to it: its block and that block's bytes. */
  readonly root: Ptr;
  readonly rootBytes: number;
  /** Number of elements. */
  length(e: Ptr): number;
  /** Makes a value with the same elements: `root` and `rootBytes`. Type and encoding are the same. */
  copy(e: Ptr): void;
  /** Frees the value; of a big one in slices, later. The entry is not touched. */
  release(e: Ptr, reclaimer: CollectionReclaimer): void;
  /** Bytes of the value's blocks, exact; known without a look at the elements. */
  memoryBytes(e: Ptr): number;
}
