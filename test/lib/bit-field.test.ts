import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  fitBigField,
  fitField,
  NARROW_BITS_MAX,
  NARROW_OPERAND_MAX,
  type Overflow,
  readBigField,
  readField,
  writeBigField,
  writeField,
} from "../../src/lib/bit-field.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

const OVERFLOWS: Record<string, Overflow> = { WRAP: "wrap", SAT: "saturate", FAIL: "fail" };
type Row = [string, string, number, "SET" | "INCRBY", string, string, string, boolean, string, string];

/** The bytes as one number, so that a field is a shift and a mask. */
function asNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
}

const places = fc.record({
  bytes: fc.uint8Array({ minLength: 18, maxLength: 18 }),
  offset: fc.nat(79),
  width: fc.integer({ min: 1, max: 64 }),
  signed: fc.boolean(),
});

describe("bit fields", () => {
  test("are read, changed and written as redis-server does", () => {
    for (const row of readAnswers<Row>("bit-fields")) {
      const [text, type, offset, verb, operand, overflow, old, failed, stored, after] = row;
      const signed = type.startsWith("i");
      const width = Number(type.slice(1));
      const { buf, start, len } = placed(text);
      const before = readBigField(buf, start, len, offset, width, signed);
      expect([row, String(before)]).toEqual([row, old]);
      const [value, increment] = verb === "SET" ? [BigInt(operand), 0n] : [before, BigInt(operand)];
      const fitted = fitBigField(value, increment, width, signed, OVERFLOWS[overflow]);
      expect([row, fitted === undefined]).toEqual([row, failed]);
      const changed = new Uint8Array(after.length);
      changed.set(Buffer.from(text, "latin1"));
      if (fitted !== undefined) writeBigField(changed, 0, offset, width, fitted);
      expect([row, Buffer.from(changed).toString("latin1")]).toEqual([row, after]);
      expect([row, String(readBigField(changed, 0, changed.length, offset, width, signed))]).toEqual([row, stored]);
    }
  });

  test("are shifts and masks of the bytes as one number", () => {
    fc.assert(
      fc.property(places, ({ bytes, offset, width, signed }) => {
        const bits = asNumber(bytes) >> BigInt(18 * 8 - offset - width);
        const wanted = signed ? BigInt.asIntN(width, bits) : BigInt.asUintN(width, bits);
        expect(readBigField(bytes, 0, bytes.length, offset, width, signed)).toBe(wanted);
        if (width <= NARROW_BITS_MAX)
          expect(BigInt(readField(bytes, 0, bytes.length, offset, width, signed))).toBe(wanted);
      }),
    );
  });

  test("are written without touching their neighbours", () => {
    fc.assert(
      fc.property(places, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), ({ bytes, offset, width }, wide) => {
        const value = BigInt.asIntN(width, wide);
        const shift = BigInt(18 * 8 - offset - width);
        const mask = (2n ** BigInt(width) - 1n) << shift;
        const wanted = (asNumber(bytes) & ~mask) | (BigInt.asUintN(width, value) << shift);
        const other = bytes.slice();
        writeBigField(bytes, 0, offset, width, value);
        expect(asNumber(bytes)).toBe(wanted);
        if (width > NARROW_BITS_MAX) return;
        writeField(other, 0, offset, width, Number(value));
        expect(asNumber(other)).toBe(wanted);
      }),
    );
  });

  test("read as zeros beyond the end of the string", () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0xff);
    expect(readField(bytes, 0, 1, 4, 12, false)).toBe(0xf00);
    expect(readField(bytes, 0, 1, 400, 12, true)).toBe(0);
    expect(readBigField(bytes, 0, 2, 8, 64, true)).toBe(-(2n ** 56n));
  });
});

describe("fitField", () => {
  test("does in numbers what fitBigField does in bigints", () => {
    const width = fc.integer({ min: 1, max: NARROW_BITS_MAX });
    const operand = fc.oneof(
      fc.integer({ min: -NARROW_OPERAND_MAX, max: NARROW_OPERAND_MAX }),
      fc
        .tuple(width, fc.integer({ min: -2, max: 2 }))
        .map(([bits, distance]) => Math.min(2 ** bits + distance, NARROW_OPERAND_MAX)),
      fc.integer({ min: -300, max: 300 }),
    );
    const overflow = fc.constantFrom<Overflow>("wrap", "saturate", "fail");
    fc.assert(
      fc.property(
        width,
        operand,
        operand,
        fc.boolean(),
        overflow,
        fc.boolean(),
        (bits, first, operand, signed, mode, set) => {
          const [value, increment] = set ? [first, 0] : [fitField(first, 0, bits, signed, "wrap"), operand];
          const wanted = fitBigField(BigInt(value), BigInt(increment), bits, signed, mode);
          const got = fitField(value, increment, bits, signed, mode);
          expect(Number.isNaN(got) ? undefined : BigInt(got)).toBe(wanted);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("saturates a negative value in an unsigned field upwards", () => {
    expect(fitField(-1, 0, 8, false, "saturate")).toBe(255);
    expect(fitField(3, -4, 8, false, "saturate")).toBe(0);
  });
});
