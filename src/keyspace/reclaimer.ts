import type { Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";

interface ReclaimerOwner {
  readonly dict: Dict;
  readonly entries: Entries;
  releaseValue(e: Ptr): void;
}

/** A table that nobody can reach any more, and whether its entries are keys, whose values may be collections themselves. */
interface Remains {
  readonly table: Ptr;
  readonly keys: boolean;
}

/** Frees unreachable tables in slices, so that no command pays for what it deleted. */
export class Reclaimer {
  private readonly queue: Remains[] = [];
  /** Entries that are unreachable but not yet freed. */
  pending = 0;
  /** Entries freed so far. */
  freed = 0;

  constructor(private readonly owner: ReclaimerOwner) {}

  /** There is nothing left to free. */
  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  /** Takes over a table and all its entries. */
  addTable(table: Ptr, keys: boolean): void {
    this.pending += this.owner.dict.count(table);
    this.queue.push({ table, keys });
  }

  /** Frees until everything is freed (true) or `stop` says so. Values that are queued on the way are freed first. */
  run(stop: () => boolean): boolean {
    const { dict } = this.owner;
    for (let remains = this.queue.at(-1); remains !== undefined; remains = this.queue.at(-1)) {
      if (stop()) return false;
      if (dict.shed(remains.table, remains.keys ? this.freeKey : this.freeEntry)) continue;
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
