import { describe, expect, test } from "bun:test";
import { highestBit, reverseBits } from "../../src/lib/bit-order.ts";

describe("the order of bits", () => {
  test("is turned round", () => {
    expect(reverseBits(1) >>> 0).toBe(2 ** 31);
    expect(reverseBits(0x00f0_0000)).toBe(0x0f00);
    expect(reverseBits(reverseBits(123_456_789))).toBe(123_456_789);
  });

  test("has a highest one", () => {
    expect([1, 2, 3, 4, 1023, 1024].map(highestBit)).toEqual([1, 2, 2, 4, 512, 1024]);
  });
});
