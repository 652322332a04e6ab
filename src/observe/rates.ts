import type { ServerStats } from "./stats.ts";

const SAMPLES = 16;

/** A figure per second as the mean of the last samples. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private next = 0;
  private lastValue = 0;

  sample(value: number, elapsedMs: number): void {
    this.samples[this.next] = Math.max(0, ((value - this.lastValue) * 1000) / elapsedMs);
    this.next = (this.next + 1) % SAMPLES;
    this.lastValue = value;
  }

  get perSecond(): number {
    return this.samples.reduce((sum, x) => sum + x, 0) / SAMPLES;
  }
}

/** The present rates that INFO shows, sampled by the server's periodic work. */
export class Rates {
  readonly commands = new Rate();
  readonly input = new Rate();
  readonly output = new Rate();
  private lastMs = 0;

  /** Takes a sample if at least 100 ms have passed since the last one. */
  sample(nowMs: number, stats: ServerStats): void {
    const elapsedMs = nowMs - this.lastMs;
    if (elapsedMs < 100) return;
    this.lastMs = nowMs;
    this.commands.sample(stats.commandsProcessed, elapsedMs);
    this.input.sample(stats.inputBytes, elapsedMs);
    this.output.sample(stats.outputBytes, elapsedMs);
  }
}
