import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { incrementBig, readBig, writeBig } from "../../src/lib/words.ts";

describe("64-bit integers in words", () => {
  test("are read as they were written", () => {
    const words = new Int32Array(4);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        writeBig(words, 1, value);
        expect(readBig(words, 1)).toBe(value);
        incrementBig(words, 1);
        expect(readBig(words, 1)).toBe(BigInt.asIntN(64, value + 1n));
        expect([words[0], words[3]]).toEqual([0, 0]);
      }),
    );
  });

  test("carry from the low word to the high one", () => {
    const words = new Int32Array(2);
    writeBig(words, 0, 2n ** 32n - 1n);
    incrementBig(words, 0);
    expect([...words]).toEqual([1, 0]);
  });
});
