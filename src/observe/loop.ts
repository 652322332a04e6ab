import { Histogram } from "../lib/histogram.ts";
import { JobFigures } from "./job.ts";

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

  job(name: string): JobFigures {
    let figures = this.jobs.get(name);
    if (figures === undefined) this.jobs.set(name, (figures = new JobFigures()));
    return figures;
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
