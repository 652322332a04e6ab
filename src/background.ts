import type { WaitingClients } from "./command/waiting.ts";
import type { Clock } from "./lib/clock.ts";
import { BACKGROUND_SHARE, BACKGROUND_US_MAX, BACKGROUND_US_MIN } from "./limits.ts";
import { type BackgroundJob, Slice } from "./observe/job.ts";
import type { LatencyMonitor } from "./observe/latency.ts";
import type { ServerStats } from "./observe/stats.ts";

/** Timers take whole milliseconds up to about 24 days. */
const TIMER_MS_MAX = 1_000_000_000;
/** How long to wait for more requests. */
const PAUSE_MS = 1;

/**
 * Does what can wait between polls, in slices, and wakes the loop when a job's or a waiting client's time comes while nobody else does.
 *
 * All jobs together have a budget for each poll: a share of the time that the requests of the poll took, so that many clients are slowed
 * down by no more than that share, and within bounds, so that there is always some progress and no single request waits long; and the upper
 * bound when nobody asked for anything. The jobs that have something to do share it by their weights. After a poll with requests the work goes
 * on with the next ones, or when none have come for a moment: whoever sends one after the other does not meet a slice each time.
 */
export class Background {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private readonly jobs: BackgroundJob[] = [];
  private readonly due: BackgroundJob[] = [];
  private readonly slice: Slice;
  private commandsBefore = 0;

  /** `wake` makes a poll happen: the clock is read, and `run` called at its end. */
  constructor(
    private readonly waiting: WaitingClients,
    private readonly clock: Clock,
    private readonly stats: ServerStats,
    private readonly latency: LatencyMonitor,
    private readonly wake: () => void,
  ) {
    this.slice = new Slice(clock);
  }

  /** From now on there is this work, too. Jobs run in the order in which they were added. */
  add(job: BackgroundJob): void {
    this.jobs.push(job);
  }

  /** One slice of each job that has something to do. The requests of this poll began at `startUs`, its time is `nowMs`. */
  run(startUs: number, nowMs: number): void {
    const { due } = this;
    let weights = 0;
    // A job that threw, a bug, has left them.
    due.length = 0;
    for (const job of this.jobs) {
      if (!job.isDue(nowMs)) continue;
      weights += job.weight;
      due.push(job);
    }
    const idle = due.length === 0 || this.runDue(startUs, nowMs, weights);
    const quiet = !this.isAsked;
    this.commandsBefore = this.stats.commandsProcessed;
    this.stats.loop.recordTurn(this.clock.monotonicUs() - startUs);
    if (!idle) {
      if (quiet) this.wake();
      else if (nowMs + PAUSE_MS < this.timerAtMs) this.arm(nowMs + PAUSE_MS, nowMs);
      return;
    }
    let nextMs = this.waiting.nextDeadlineMs;
    for (const job of this.jobs) nextMs = Math.min(nextMs, job.nextMs);
    if (nextMs < this.timerAtMs) this.arm(nextMs, nowMs);
  }

  /** True when all that was due is done. */
  private runDue(startUs: number, nowMs: number, weights: number): boolean {
    const { due, slice, stats } = this;
    const us = this.budgetUs(startUs);
    stats.loop.budgetUs = us;
    let idle = true;
    for (const job of due) {
      const jobStartUs = slice.start((us * job.weight) / weights);
      const done = job.run(slice);
      const tookUs = this.clock.monotonicUs() - jobStartUs;
      stats.loop.job(job).record(tookUs, done);
      this.latency.add(job.delay, tookUs, nowMs);
      idle &&= done;
    }
    return idle;
  }

  private budgetUs(startUs: number): number {
    if (!this.isAsked) return BACKGROUND_US_MAX;
    const requestsUs = this.clock.monotonicUs() - startUs;
    return Math.min(BACKGROUND_US_MAX, Math.max(BACKGROUND_US_MIN, requestsUs * BACKGROUND_SHARE));
  }

  /** There were requests in this poll. */
  private get isAsked(): boolean {
    return this.stats.commandsProcessed !== this.commandsBefore;
  }

  private arm(atMs: number, nowMs: number): void {
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(1, atMs - nowMs));
    this.timer = setTimeout(this.onTimer, delayMs);
  }

  private readonly onTimer = (): void => {
    this.timerAtMs = Number.POSITIVE_INFINITY;
    this.wake();
  };

  stopTimers(): void {
    clearTimeout(this.timer);
  }
}
