import type { WaitingClients } from "./command/waiting.ts";
import type { ExpiryCycle } from "./keyspace/expiry.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import type { Clock } from "./lib/clock.ts";
import { BACKGROUND_SLICE_US } from "./limits.ts";
import { DELAYS, type LatencyMonitor } from "./observe/latency.ts";

/** Timers take whole milliseconds up to about 24 days. */
const TIMER_MS_MAX = 1_000_000_000;

/** Does what can wait between polls, in slices, and wakes the loop when a key's or a waiting client's time comes while nobody else does. */
export class Background {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private sliceEndUs = 0;

  /** `wake` makes a poll happen: the clock is read, and `run` called at its end. */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly expiry: ExpiryCycle,
    private readonly waiting: WaitingClients,
    private readonly clock: Clock,
    private readonly latency: LatencyMonitor,
    private readonly wake: () => void,
  ) {}

  /** One slice of each job that has something to do. */
  run(): void {
    const idle = this.expiry.run() && this.reclaim();
    if (!idle) {
      this.wake();
      return;
    }
    const expiryMs = this.expiry.isActive ? this.keyspace.nextDeadlineMs : Number.POSITIVE_INFINITY;
    const nextMs = Math.min(expiryMs, this.waiting.nextDeadlineMs);
    if (nextMs < this.timerAtMs) this.arm(nextMs);
  }

  private reclaim(): boolean {
    if (this.keyspace.reclaimer.isIdle) return true;
    const startUs = this.clock.monotonicUs();
    this.sliceEndUs = startUs + BACKGROUND_SLICE_US;
    const done = this.keyspace.reclaimer.run(this.stop);
    if (this.latency.isOn) {
      this.latency.add(DELAYS.freeCycle, this.clock.monotonicUs() - startUs, this.keyspace.nowMs);
    }
    return done;
  }

  private readonly stop = (): boolean => this.clock.monotonicUs() >= this.sliceEndUs;

  private arm(atMs: number): void {
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(1, atMs - this.keyspace.nowMs));
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
