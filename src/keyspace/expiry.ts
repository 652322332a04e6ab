import type { BackgroundJob, Budget } from "../observe/job.ts";
import { DELAYS } from "../observe/latency.ts";
import type { Keyspace } from "./keyspace.ts";

/** How many entries are handed out between two looks at the clock, which costs as much as one of them. */
const ENTRIES_PER_LOOK = 8;

/** Removes keys when their time has come, all databases', in slices. */
export class ExpiryCycle implements BackgroundJob {
  readonly name = "expiry";
  readonly delay = DELAYS.expireCycle;
  readonly weight = 2;
  /** Off only by DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  private budget: Budget | undefined;
  private untilLook = 0;
  private firstDatabase = 0;

  constructor(private readonly keyspace: Keyspace) {}

  private get isActive(): boolean {
    return this.enabled && !this.keyspace.holdsEnded;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.keyspace.nextDeadlineMs && this.isActive;
  }

  get nextMs(): number {
    return this.isActive ? this.keyspace.nextDeadlineMs : Number.POSITIVE_INFINITY;
  }

  /** True when nothing is overdue. */
  run(budget: Budget): boolean {
    const { nowMs } = this.keyspace;
    if (!this.isDue(nowMs)) return true;
    this.budget = budget;
    this.untilLook = ENTRIES_PER_LOOK;
    const done = this.advanceAll(nowMs);
    if (done) this.planNext(nowMs);
    return done;
  }

  private advanceAll(nowMs: number): boolean {
    const { databases } = this.keyspace;
    for (let i = 0; i < databases.length; i++) {
      // The next slice goes on with the database this one ended in, so that none has to wait for the others for ever.
      const db = databases[(this.firstDatabase + i) % databases.length];
      if (db.wheel?.advance(nowMs, db, this.stop) === false) {
        this.firstDatabase = (this.firstDatabase + i) % databases.length;
        return false;
      }
    }
    return true;
  }

  private readonly stop = (): boolean => {
    if (--this.untilLook > 0) return false;
    this.untilLook = ENTRIES_PER_LOOK;
    return this.budget!.isSpent();
  };

  private planNext(nowMs: number): void {
    let dueInMs = Number.POSITIVE_INFINITY;
    for (const db of this.keyspace.databases) {
      db.dropIdleWheel();
      if (db.wheel !== undefined) dueInMs = Math.min(dueInMs, db.wheel.dueInMs(nowMs));
    }
    this.keyspace.nextDeadlineMs = nowMs + Math.max(1, dueInMs);
  }
}
