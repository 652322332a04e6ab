import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countBits, countBitsBetween, findBit } from "../../src/lib/bits.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
}

/** Long runs of one byte with others in between, so that every way through the blocks is taken. */
const bytes = fc
  .array(fc.tuple(fc.constantFrom(0, 0xff, 0x10, 0xaa), fc.integer({ min: 1, max: 150 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((runs) => Uint8Array.from(runs.flatMap(([byte, times]) => new Array<number>(times).fill(byte))));

describe("countBits", () => {
  test("counts the set bits of any range", () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(), (buf, one, other) => {
        const [start, end] = [one % (buf.length + 1), other % (buf.length + 1)].sort((a, b) => a - b);
        return countBits(buf, start, end - start) === bitsOf(buf.subarray(start, end)).replaceAll("0", "").length;
      }),
    );
  });

  test("counts ranges longer than a block", () => {
    const buf = new Uint8Array(100_003).fill(0xff);
    expect(countBits(buf, 1, 100_001)).toBe(800_008);
  });
});

describe("bits between bounds", () => {
  test("are counted and found as redis-server does", () => {
    type Row = [string, 0 | 1, number, number, number, number];
    for (const [text, bit, first, last, position, count] of readAnswers<Row>("bits")) {
      const { buf, start } = placed(text);
      expect(findBit(buf, start, bit, first, last)).toBe(position);
      expect(countBitsBetween(buf, start, first, last)).toBe(count);
    }
  });

  test("agree with a text of zeros and ones", () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(), fc.constantFrom(0 as const, 1 as const), (buf, one, other, bit) => {
        const [first, last] = [one % (buf.length * 8), other % (buf.length * 8)].sort((a, b) => a - b);
        const part = bitsOf(buf).slice(first, last + 1);
        const at = part.indexOf(String(bit));
        expect(findBit(buf, 0, bit, first, last)).toBe(at < 0 ? -1 : first + at);
        expect(countBitsBetween(buf, 0, first, last)).toBe(part.replaceAll("0", "").length);
      }),
    );
  });

  test("are none when the bounds are crossed", () => {
    expect(findBit(Uint8Array.of(255), 0, 1, 5, 4)).toBe(-1);
    expect(countBitsBetween(Uint8Array.of(255), 0, 5, 4)).toBe(0);
  });

  test("are found behind long stretches of other bits", () => {
    const buf = new Uint8Array(200_000);
    buf[199_999] = 1;
    expect(findBit(buf, 0, 1, 3, 1_599_999)).toBe(1_599_999);
    expect(findBit(buf, 0, 1, 3, 1_599_998)).toBe(-1);
  });
});
