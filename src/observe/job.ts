import type { Clock } from "../lib/clock.ts";
import { Histogram } from "../lib/histogram.ts";

/** Longer slices are counted as these. */
const SLICE_US_MAX = 10_000_000;

/** How long a slice of background work may last. */
export interface Budget {
  /** Microseconds of the whole slice. */
  readonly us: number;
  /** Whether the time is up. Reads the clock, which costs as much as a small command: ask after a few microseconds of work, not less. */
  readonly isSpent: () => boolean;
}

/** For whoever waits until all is done. */
export const UNBOUNDED: Budget = { us: Number.POSITIVE_INFINITY, isSpent: () => false };

/** The slice that begins now. */
export class Slice implements Budget {
  us = 0;
  private endUs = 0;

  constructor(private readonly clock: Clock) {}

  /** Begins another one. Returns the present time. */
  start(us: number): number {
    const nowUs = this.clock.monotonicUs();
    this.us = us;
    this.endUs = nowUs + us;
    return nowUs;
  }

  readonly isSpent = (): boolean => this.clock.monotonicUs() >= this.endUs;
}

/**
 * Work that is done bit by bit between polls, when requests have been answered. Each poll has some time for all of it, which those
 * that have work share by their weights (src/background.ts).
 */
export interface BackgroundJob {
  /** In lower-case letters, for INFO. */
  readonly name: string;
  /** What a slice is called by the latency monitor: one of DELAYS. */
  readonly delay: string;
  /** Its share of the time, beside the other jobs'. */
  readonly weight: number;
  /** Whether there is something to do. Asked at every poll: no more than some comparisons. */
  isDue(nowMs: number): boolean;
  /** Works until the budget is spent or all is done for now: true. What follows its return waits for it, so it looks at the budget often. */
  run(budget: Budget): boolean;
  /** When, in Unix ms, it will be due even if nothing happens until then; Infinity: only something that happens makes it due. */
  readonly nextMs: number;
}

/** What the slices of a job have taken, since the start or CONFIG RESETSTAT. */
export class JobFigures {
  /** `delay`: as in BackgroundJob. */
  constructor(readonly delay: string) {}

  slices = 0;
  /** Slices that ended because their time was up. */
  cut = 0;
  totalUs = 0;
  maxUs = 0;
  /** In microseconds. */
  readonly lengths = new Histogram(SLICE_US_MAX);

  record(us: number, done: boolean): void {
    this.slices++;
    if (!done) this.cut++;
    this.totalUs += us;
    if (us > this.maxUs) this.maxUs = us;
    this.lengths.record(us);
  }
}
