import { describe, expect, test } from "bun:test";
import { bestHitRatio, traces, zipf } from "./traces.ts";

describe("traces", () => {
  test("ask for few keys often, and are the same every time", () => {
    const size = { keys: 1000, requests: 20_000 };
    const keys = zipf(size, 1);
    expect(zipf(size, 1)).toEqual(keys);
    const first = keys.filter((key) => key === 0).length;
    const tenth = keys.filter((key) => key === 9).length;
    expect(first / tenth).toBeGreaterThan(7);
    expect(first / tenth).toBeLessThan(14);
  });

  test("have scans of keys that nobody else asks for, and hot keys that change", () => {
    const size = { keys: 1000, requests: 20_000 };
    const [, plain, , scans, shifts] = traces(size);
    expect(new Set(scans!.keys.filter((key) => key >= 1000)).size).toBe(5000);
    expect(shifts!.keys.slice(0, 2500)).toEqual(plain!.keys.slice(0, 2500));
    expect(shifts!.keys.slice(2500, 5000)).toEqual(plain!.keys.slice(2500, 5000).map((key) => (key + 100) % 1000));
  });
});

describe("the optimum", () => {
  test("is what a cache finds that knows the future", () => {
    // With room for two of these: 1 and 2 are kept, 3 lets 2 go, 1 is found, 2 lets 3 go, 1 is found.
    expect(bestHitRatio(Int32Array.of(1, 2, 3, 1, 2, 1), 2, 0)).toBeCloseTo(2 / 6);
    expect(bestHitRatio(Int32Array.of(1, 2, 1, 2, 1, 2), 2, 2)).toBe(1);
    expect(bestHitRatio(Int32Array.of(1, 2, 3, 1, 2, 3), 3, 3)).toBe(1);
  });
});
