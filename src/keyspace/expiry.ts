import type { Clock } from "../lib/clock.ts";
import { DELAYS, type LatencyMonitor } from "../observe/latency.ts";
import type { ServerStats } from "../observe/stats.ts";
import type { Keyspace } from "./keyspace.ts";

/** A slice of expiry work ends after this long, so that no client waits for it longer. */
const SLICE_US = 500;
/** How many entries are handed out between two looks at the clock, which costs as much as one of them. */
const ENTRIES_PER_LOOK = 8;

/** Removes keys when their time has come, all databases', in slices. */
export class ExpiryCycle {
  /** Off only by DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  private sliceEndUs = 0;
  private untilLook = 0;
  private firstDatabase = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly clock: Clock,
    private readonly stats: ServerStats,
    private readonly latency: LatencyMonitor,
  ) {}

  get isActive(): boolean {
    return this.enabled && !this.keyspace.holdsEnded;
  }

  /** Works for at most a slice. True when nothing is overdue; `keyspace.nextDeadlineMs` is then when to call again. */
  run(): boolean {
    const { keyspace } = this;
    const nowMs = keyspace.nowMs;
    if (!this.isActive || nowMs < keyspace.nextDeadlineMs) return true;
    const startUs = this.clock.monotonicUs();
    this.sliceEndUs = startUs + SLICE_US;
    this.untilLook = ENTRIES_PER_LOOK;
    const done = this.advanceAll(nowMs);
    const us = this.clock.monotonicUs() - startUs;
    this.stats.expirySlices++;
    this.stats.expiryUs += us;
    if (!done) this.stats.expirySlicesCut++;
    if (us > this.stats.expirySliceUsMax) this.stats.expirySliceUsMax = us;
    this.latency.add(DELAYS.expireCycle, us, nowMs);
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
    return this.clock.monotonicUs() >= this.sliceEndUs;
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
