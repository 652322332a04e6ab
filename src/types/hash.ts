import type { Arena, Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";

/** Where a big value's table goes to be freed in slices. */
export interface TableReclaimer {
  addTable(table: Ptr, keys: boolean): void;
}

export class HashValues {
  constructor(
    readonly arena: Arena,
    readonly entries: Entries,
    readonly dict: Dict,
  ) {}

  release(_e: Ptr, _reclaimer: TableReclaimer): void {}
}
