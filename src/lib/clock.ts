/**
 * The only place that reads the machine's clocks. Everything else takes the time as an argument, so that tests can set it.
 */
export interface Clock {
  /** Unix time in whole milliseconds. */
  unixMs(): number;
  /** Monotonic time in microseconds, for durations only. */
  monotonicUs(): number;
}

export const systemClock: Clock = {
  unixMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
};

/** A clock for tests: time passes only when it is told to. */
export class ManualClock implements Clock {
  constructor(private nowMs = 1_700_000_000_000) {}

  unixMs(): number {
    return Math.floor(this.nowMs);
  }

  monotonicUs(): number {
    return this.nowMs * 1000;
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }
}
