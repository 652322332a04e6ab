/**
 * A histogram of durations with a fixed size and a fixed relative error, for percentiles of command latency.
 *
 * Values are non-negative integers of one unit (Redis's figures come from nanoseconds, at most one second). Up to 255 each value has
 * its own counter; above, each power of two is divided into 128 equal steps, so a reported value is the top of its step
 * and less than 1/128 too high: two significant digits, and the same steps as the HdrHistogram that Redis uses.
 */

const EXACT_VALUES = 256;
const STEPS = 128;
const STEP_BITS = 7;

/** How many records were at most `upTo`. */
export type Cumulative = { readonly upTo: number; readonly count: number };

export class Histogram {
  /** Doubles, because 32-bit counters would overflow within hours. */
  readonly #counts: Float64Array;
  readonly #highest: number;
  #total = 0;

  /** `highest` (below 2^31) stands for all greater values. */
  constructor(highest: number) {
    this.#highest = highest;
    this.#counts = new Float64Array(indexOf(highest) + 1);
  }

  get count(): number {
    return this.#total;
  }

  /** Counts a value `times` times; a fraction is dropped. */
  record(value: number, times = 1): void {
    this.#counts[indexOf(Math.min(value, this.#highest))] += times;
    this.#total += times;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The value that `percent` (0 to 100) of the records do not exceed; 0 without records. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.floor((Math.min(percent, 100) / 100) * this.#total + 0.5));
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i];
      if (seen >= wanted) return topOf(i);
    }
    return 0;
  }

  /** How many records lie at or below `first`, 2 * `first`, 4 * `first`...: only the bounds at which the number grew. */
  doublings(first: number): Cumulative[] {
    const found: Cumulative[] = [];
    let count = 0;
    let reported = 0;
    let next = 0;
    for (let bound = first; reported < this.#total; bound *= 2) {
      const last = Math.min(indexOf(Math.min(bound, this.#highest)), this.#counts.length - 1);
      while (next <= last) count += this.#counts[next++];
      if (count > reported) found.push({ upTo: topOf(indexOf(bound)), count });
      reported = count;
    }
    return found;
  }
}

function indexOf(value: number): number {
  if (value < EXACT_VALUES) return value | 0;
  const exponent = 31 - Math.clz32(value);
  const shift = exponent - STEP_BITS;
  return shift * STEPS + (value >>> shift);
}

/** The greatest value that is counted at an index. */
function topOf(index: number): number {
  if (index < EXACT_VALUES) return index;
  const shift = Math.floor(index / STEPS) - 1;
  return ((index % STEPS) + STEPS + 1) * 2 ** shift - 1;
}
