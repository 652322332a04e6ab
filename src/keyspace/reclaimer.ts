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
  /** Those in the queue that belong to a key which is counted already. */
  private readonly parts = new Set<Remains>();
  private isWithin = false;
  /** Values freed so far, since CONFIG RESETSTAT. */
  freed = 0;

  constructor(private readonly owner: ReclaimerOwner) {}

  isDue(): boolean {
    return this.queue.length > 0;
  }

  /** Values that are unreachable but not yet freed: keys, and collections that were a key's alone. */
  get pending(): number {
    return this.queue.reduce((sum, remains) => (this.parts.has(remains) ? sum : sum + remains.left), 0);
  }

  addTable(table: Ptr, keys: boolean): void {
    this.add(new TableRemains(this, this.owner, table, keys, 1));
  }

  /** Takes over the table of a database that was emptied. */
  addKeys(table: Ptr): void {
    this.add(new TableRemains(this, this.owner, table, true, this.owner.dict.count(table)));
  }

  add(remains: Remains): void {
    this.queue.push(remains);
    if (this.isWithin) this.parts.add(remains);
  }

  /** Frees the value of a key of an emptied database: what is put off of it is counted with the key. */
  releaseValue(e: Ptr): void {
    this.isWithin = true;
    this.owner.releaseValue(e);
    this.isWithin = false;
  }

  /** Frees until everything is freed (true) or the budget is spent. Values that are queued on the way are freed first. */
  run({ isSpent }: Pick<Budget, "isSpent">): boolean {
    for (let remains = this.queue.at(-1); remains !== undefined; remains = this.queue.at(-1)) {
      if (isSpent()) return false;
      const before = remains.left;
      const more = remains.step();
      if (!this.parts.has(remains)) this.freed += before - remains.left;
      if (more) continue;
      this.queue.splice(this.queue.indexOf(remains), 1);
      this.parts.delete(remains);
    }
    return true;
  }
}

/** A table, and whether its entries are keys, whose values may be collections themselves. */
class TableRemains implements Remains {
  constructor(
    private readonly reclaimer: Reclaimer,
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
    if (this.owner.entries.head(e) & (REFERENCE << 8)) this.reclaimer.releaseValue(e);
    this.freeEntry(e);
  };

  private readonly freeEntry = (e: Ptr): void => {
    this.owner.entries.release(e);
    if (this.left > 1) this.left--;
  };
}
