import type { Ptr } from "../memory/arena.ts";
import type { BackgroundJob, Budget } from "../observe/job.ts";
import { DELAYS } from "../observe/latency.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";
import type { CollectionReclaimer, Remains } from "../types/collection.ts";

interface ReclaimerOwner {
  readonly dict: Dict;
  readonly entries: Entries;
  releaseValue(e: Ptr): void;
}

/** Frees what is unreachable in slices, so that no command pays for what it deleted. */
export class Reclaimer implements CollectionReclaimer, BackgroundJob {
  readonly name = "reclaiming";
  readonly delay = DELAYS.freeCycle;
  readonly weight = 1;
  readonly nextMs = Number.POSITIVE_INFINITY;
  private readonly queue: Remains[] = [];
  /** Values freed so far, since CONFIG RESETSTAT. */
  freed = 0;

  constructor(private readonly owner: ReclaimerOwner) {}

  isDue(): boolean {
    return this.queue.length > 0;
  }

  /** Values that are unreachable but not yet freed: keys, and collections that were a key's alone. */
  get pending(): number {
    return this.queue.reduce((sum, { left }) => sum + left, 0);
  }

  addTable(table: Ptr, keys: boolean): void {
    this.queue.push(new TableRemains(this.owner, table, keys, 1));
  }

  /** Takes over the table of a database that was emptied. */
  addKeys(table: Ptr): void {
    this.queue.push(new TableRemains(this.owner, table, true, this.owner.dict.count(table)));
  }

  add(remains: Remains): void {
    this.queue.push(remains);
  }

  /** Frees until everything is freed (true) or the budget is spent. Values that are queued on the way are freed first. */
  run({ isSpent }: Pick<Budget, "isSpent">): boolean {
    for (let remains = this.queue.at(-1); remains !== undefined; remains = this.queue.at(-1)) {
      if (isSpent()) return false;
      const before = remains.left;
      const more = remains.step();
      this.freed += before - remains.left;
      if (!more) this.queue.splice(this.queue.indexOf(remains), 1);
    }
    return true;
  }
}

/** A table, and whether its entries are keys, whose values may be collections themselves. */
class TableRemains implements Remains {
  constructor(
    private readonly owner: ReclaimerOwner,
    private readonly table: Ptr,
    private readonly keys: boolean,
    public left: number,
  ) {}

  step(): boolean {
    const { dict } = this.owner;
    if (dict.shed(this.table, this.keys ? this.freeKey : this.freeEntry)) return true;
    dict.destroy(this.table);
    this.left = 0;
    return false;
  }

  private readonly freeKey = (e: Ptr): void => {
    if (this.owner.entries.head(e) & (REFERENCE << 8)) this.owner.releaseValue(e);
    this.freeEntry(e);
  };

  private readonly freeEntry = (e: Ptr): void => {
    this.owner.entries.release(e);
    if (this.left > 1) this.left--;
  };
}
