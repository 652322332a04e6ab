/**
 * The only place that reads the machine's clocks. Everything else takes the time as an argument, so that tests can set it.
 */
export interface Clock {
  /** Unix time in whole milliseconds. */
  unixMs(): number;
  /** Unix time in whole microseconds: within the millisecond that `unixMs` tells, and never behind an earlier one unless the clock was set. */
  unixUs(): number;
  /** Monotonic time in microseconds, for durations only. */
  monotonicUs(): number;
}

/** The Unix time at which the process began as far as is known; made more exact where a millisecond begins earlier or later than that says. */
let originUs = performance.timeOrigin * 1000;

function systemUs(): number {
  const firstUs = Date.now() * 1000;
  const us = originUs + performance.now() * 1000;
  const within = Math.min(Math.max(us, firstUs), firstUs + 999);
  originUs += within - us;
  return Math.floor(within);
}

export const systemClock: Clock = {
  unixMs: () => Date.now(),
  unixUs: systemUs,
  monotonicUs: () => performance.now() * 1000,
};

/** A clock for tests: time passes only when it is told to. */
export class ManualClock implements Clock {
  constructor(private nowMs = 1_700_000_000_000) {}

  unixMs(): number {
    return Math.floor(this.nowMs);
  }

  unixUs(): number {
    return Math.floor(this.nowMs * 1000);
  }

  monotonicUs(): number {
    return this.nowMs * 1000;
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }
}
