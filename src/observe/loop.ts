import { Histogram } from "../lib/histogram.ts";
import { type BackgroundJob, JobFigures } from "./job.ts";
import { DELAYS } from "./latency.ts";

/** Longer durations are counted as these. */
const US_MAX = 100_000_000;

/**
 * How the event loop fares. A turn serves all ready sockets and does background work; what arrives just after its beginning waits for
 * its end. What happens between turns (the collector, the runtime, other processes) is not in it, but it makes the periodic timer late: that
 * is the lag.
 */
export class LoopFigures {
  /** Turns, and the microseconds that they took. */
  turns = 0;
  turnsUs = 0;
  turnUsMax = 0;
  lagUsMax = 0;
  readonly turnLengths = new Histogram(US_MAX);
  readonly lags = new Histogram(US_MAX);
  /** Microseconds that the last turn had for background work. */
  budgetUs = 0;
  readonly jobs = new Map<string, JobFigures>();

  job({ name, delay }: Pick<BackgroundJob, "name" | "delay">): JobFigures {
    let figures = this.jobs.get(name);
    if (figures === undefined) this.jobs.set(name, (figures = new JobFigures(delay)));
    return figures;
  }

  /** How long turns, lags or the slices of a job took, in microseconds; of jobs by what the latency monitor calls them. */
  histogram(event: string): Histogram | undefined {
    if (event === DELAYS.turn) return this.turnLengths;
    if (event === DELAYS.lag) return this.lags;
    for (const { delay, lengths } of this.jobs.values()) if (delay === event) return lengths;
    return undefined;
  }

  recordTurn(us: number): void {
    this.turns++;
    this.turnsUs += us;
    if (us > this.turnUsMax) this.turnUsMax = us;
    this.turnLengths.record(us);
  }

  /** The periodic timer was so late. */
  recordLag(us: number): void {
    if (us > this.lagUsMax) this.lagUsMax = us;
    this.lags.record(us);
  }
}
