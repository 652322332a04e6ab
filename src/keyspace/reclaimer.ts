import type { Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";

interface ReclaimerOwner {
  readonly dict: Dict;
  readonly entries: Entries;
  releaseValue(e: Ptr): void;
}

/** A table that nobody can reach any more, and how many of its homes are still to be freed. */
interface Remains {
  table: Ptr;
  home: number;
  /** Whether its entries are keys, whose values may be collections themselves. */
  keys: boolean;
}

/** Frees unreachable tables in slices, so that no command pays for what it deleted. */
export class Reclaimer {
  private readonly queue: Remains[] = [];
  /** Entries that are unreachable but not yet freed. */
  pending = 0;
  /** Entries freed so far. */
  freed = 0;

  constructor(private readonly owner: ReclaimerOwner) {}

  /** Takes over a table and all its entries. */
  addTable(table: Ptr, keys: boolean): void {
    this.pending += this.owner.dict.count(table);
    this.queue.push({ table, home: this.owner.dict.buckets(table) - 1, keys });
  }

  /** Frees until everything is freed (true) or `stop` says so. Values queued on the way are freed too. */
  run(stop: () => boolean): boolean {
    const { dict } = this.owner;
    for (let remains = this.queue.at(-1); remains !== undefined; remains = this.queue.at(-1)) {
      if (stop()) return false;
      if (remains.home >= 0) {
        dict.visitHome(remains.table, remains.home--, remains.keys ? this.freeKey : this.freeEntry);
        continue;
      }
      // Values of its last home may have been queued behind it.
      this.queue.splice(this.queue.indexOf(remains), 1);
      dict.destroy(remains.table);
    }
    return true;
  }

  private readonly freeKey = (e: Ptr): void => {
    if (this.owner.entries.head(e) & (REFERENCE << 8)) this.owner.releaseValue(e);
    this.freeEntry(e);
  };

  private readonly freeEntry = (e: Ptr): void => {
    this.owner.entries.release(e);
    this.pending--;
    this.freed++;
  };
}
