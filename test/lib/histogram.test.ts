import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../src/lib/histogram.ts";

const HIGHEST = 1_000_000_000;

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram(HIGHEST);
  for (const value of values) histogram.record(value);
  return histogram;
}

const values = fc.array(fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(HIGHEST)), { minLength: 1, maxLength: 200 });

describe("Histogram", () => {
  test("gives percentiles that are less than one part in 128 too high", () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 50, 90, 99, 99.9, 100), (recorded, percent) => {
        const sorted = recorded.toSorted((a, b) => a - b);
        const rank = Math.max(1, Math.floor((percent / 100) * sorted.length + 0.5));
        const exact = sorted[rank - 1];
        const got = filled(recorded).percentile(percent);
        expect(got).toBeGreaterThanOrEqual(exact);
        expect(got - exact).toBeLessThanOrEqual(exact / 128);
      }),
    );
  });

  test("counts every record", () => {
    fc.assert(fc.property(values, (recorded) => filled(recorded).count === recorded.length));
  });

  test("reports the steps that redis-server reports", () => {
    // In nanoseconds, the keys of LATENCY HISTOGRAM are these values in microseconds: 1, 2, 4, 8, 16, 33, 66, 132...
    const bounds = filled([1_000, 2_000, 4_000, 8_000, 16_000, 33_000, 66_000, 132_000]).doublings(1_024);
    expect(bounds.map(({ upTo }) => Math.floor(upTo / 1_000))).toEqual([1, 2, 4, 8, 16, 33, 66, 132]);
    expect(bounds.map(({ count }) => count)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(filled([47_000]).percentile(50)).toBe(47_103);
    expect(filled([3_120_000]).percentile(50)).toBe(3_129_343);
  });

  test("leaves out bounds that add no records", () => {
    expect(filled([0, 5, 5, 100]).doublings(1)).toEqual([
      { upTo: 1, count: 1 },
      { upTo: 8, count: 3 },
      { upTo: 128, count: 4 },
    ]);
  });

  test("counts values above the highest as the highest", () => {
    const histogram = new Histogram(1_000);
    histogram.record(5_000_000_000);
    expect(histogram.percentile(50)).toBe(1_003);
    expect(histogram.doublings(1)).toEqual([{ upTo: 1_031, count: 1 }]);
  });

  test("is empty at first and after a reset", () => {
    const histogram = filled([7, 8]);
    histogram.reset();
    expect([histogram.count, histogram.percentile(99), histogram.doublings(1)]).toEqual([0, 0, []]);
    histogram.record(9);
    expect(histogram.percentile(99)).toBe(9);
  });
});
