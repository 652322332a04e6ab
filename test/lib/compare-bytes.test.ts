import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareBytes } from "../../src/lib/compare-bytes.ts";

describe("compareBytes", () => {
  test("orders ranges as Buffer.compare does", () => {
    const bytes = fc.uint8Array({ maxLength: 6, max: 3 });
    fc.assert(
      fc.property(bytes, bytes, fc.nat(2), (a, b, start) => {
        const [from, to] = [Math.min(start, a.length), Math.min(start, b.length)];
        const order = compareBytes(a, from, a.length - from, b, to, b.length - to);
        expect(Math.sign(order)).toBe(Buffer.compare(a.subarray(from), b.subarray(to)));
      }),
    );
  });
});
