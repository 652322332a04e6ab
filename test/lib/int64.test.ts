import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Int64 } from "../../src/lib/int64.ts";

function parsed(text: string): bigint | undefined {
  const value = new Int64();
  const bytes = Buffer.from(`x${text}x`);
  if (!value.parse(bytes, 1, text.length)) return undefined;
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

describe("a 64-bit integer in two words", () => {
  test("is what its text spells", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => parsed(String(n)) === n));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 62 }),
        fc.integer({ min: -2, max: 2 }),
        fc.boolean(),
        (bits, near, negative) => {
          const n = (2n ** BigInt(bits) + BigInt(near)) * (negative ? -1n : 1n);
          return parsed(String(n)) === n;
        },
      ),
    );
  });

  test("is none of a text that is no integer, or too large a one", () => {
    for (const text of ["", "-", "-0", "01", "1.0", "9223372036854775808", "-9223372036854775809"]) {
      expect(parsed(text)).toBeUndefined();
    }
  });
});
