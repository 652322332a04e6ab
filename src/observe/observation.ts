import { HotKeys } from "./hot-keys.ts";
import { LatencyMonitor } from "./latency.ts";
import { Monitors } from "./monitor.ts";
import { SlowLog } from "./slowlog.ts";

/** Below this, measuring several commands together would blame the wrong ones. */
const MEASURED_TOGETHER_US_MIN = 1000;

/** What is remembered and told of single commands and delays. */
export class Observation {
  readonly slowlog = new SlowLog();
  readonly latency = new LatencyMonitor();
  readonly monitors = new Monitors();
  readonly hotKeys = new HotKeys();
  /** A command that took less is of no interest to any of them. */
  limitUs = Number.POSITIVE_INFINITY;
  /** The distribution of the time that each command takes is kept. */
  keepsLatency = true;
  /** Every command must be measured alone. */
  measuresEach = false;

  setSlowerThan(us: number): void {
    this.slowlog.slowerThanUs = us;
    this.setLimits();
  }

  setLatencyThreshold(ms: number): void {
    this.latency.thresholdMs = ms;
    this.setLimits();
  }

  private setLimits(): void {
    const { slowlog, latency } = this;
    const slowUs = slowlog.slowerThanUs < 0 ? Number.POSITIVE_INFINITY : slowlog.slowerThanUs;
    this.measuresEach = slowUs < MEASURED_TOGETHER_US_MIN;
    this.limitUs = Math.min(slowUs, latency.isOn ? latency.thresholdMs * 1000 : Number.POSITIVE_INFINITY);
  }
}
