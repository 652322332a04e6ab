import { expect, test } from "bun:test";
import { systemClock } from "../../src/lib/clock.ts";

test("the system's clock tells microseconds within the milliseconds that it tells", () => {
  let last = 0;
  let fraction = 0;
  for (let i = 0; i < 1000 || fraction === 0; i++) {
    const before = systemClock.unixMs();
    const us = systemClock.unixUs();
    expect(us).toBeGreaterThanOrEqual(before * 1000);
    expect(us).toBeLessThan((systemClock.unixMs() + 1) * 1000);
    expect(us).toBeGreaterThanOrEqual(last);
    last = us;
    fraction ||= us % 1000;
  }
  expect(Number.isSafeInteger(last)).toBe(true);
});
