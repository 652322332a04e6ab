/**
 * Log-linear histogram of whole, non-negative numbers below 2^31: 64 buckets for every power of two, so that a quantile is
 * at most 1.6% too high. Recording allocates nothing.
 */
const SUB_BITS = 6;
const SUB = 1 << SUB_BITS;
const BUCKETS = (31 - SUB_BITS) * SUB + SUB;
const VALUE_MAX = 2 ** 31 - 1;

/** What crosses the process border: pairs of (bucket, count), flat, and the exact maximum. */
export interface HistogramData {
  pairs: number[];
  max: number;
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #max = 0;

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  record(value: number): void {
    const whole = value > VALUE_MAX ? VALUE_MAX : value < 0 ? 0 : value | 0;
    this.#counts[bucketOf(whole)]! += 1;
    this.#total += 1;
    if (whole > this.#max) this.#max = whole;
  }

  /** The smallest recorded value (rounded up to its bucket's end) that `share` (0 to 1) of all values do not exceed. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(bucketEnd(bucket), this.#max);
    }
    return this.#max;
  }

  add(data: HistogramData): void {
    for (let i = 0; i < data.pairs.length; i += 2) {
      this.#counts[data.pairs[i]!]! += data.pairs[i + 1]!;
      this.#total += data.pairs[i + 1]!;
    }
    this.#max = Math.max(this.#max, data.max);
  }

  toData(): HistogramData {
    const pairs: number[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#counts[bucket]! > 0) pairs.push(bucket, this.#counts[bucket]!);
    }
    return { pairs, max: this.#max };
  }

  static of(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.add(data);
    return histogram;
  }
}

function bucketOf(value: number): number {
  if (value < SUB) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return shift * SUB + (value >>> shift);
}

function bucketEnd(bucket: number): number {
  if (bucket < 2 * SUB) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return (SUB + (bucket & (SUB - 1)) + 1) * 2 ** shift - 1;
}

/** The middle value; the mean of the two middle ones when their number is even. NaN when empty. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Standard error of a figure, from its values with each observation left out in turn. NaN for fewer than two. */
export function jackknifeError(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((n - 1) / n) * squares);
}
