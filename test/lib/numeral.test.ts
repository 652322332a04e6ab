import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bitLength, PlainDecimal, powerOfTen, readPlain, roundToBinary, scanNumeral } from "../../src/lib/numeral.ts";
import { placed } from "./fixtures/answers.ts";

describe("bitLength", () => {
  test("is the length of the binary text, at powers of two and beyond the doubles", () => {
    const edges = fc
      .tuple(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: -1, max: 1 }))
      .map(([power, distance]) => {
        return (1n << BigInt(power)) + BigInt(distance);
      });
    fc.assert(
      fc.property(fc.oneof(edges, fc.bigInt({ min: 1n, max: 2n ** 200n })), (value) => {
        return bitLength(value) === value.toString(2).length;
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("roundToBinary", () => {
  test("rounds a fraction to the nearest, ties to even", () => {
    const positive = fc.bigInt({ min: 1n, max: 2n ** 90n });
    const arguments_ = [
      positive,
      positive,
      fc.integer({ min: -60, max: 60 }),
      fc.integer({ min: 1, max: 64 }),
    ] as const;
    fc.assert(
      fc.property(...arguments_, (numerator, denominator, scale, precision) => {
        const { mantissa, exponent } = roundToBinary(numerator, denominator, scale, precision, -40);
        expect(exponent).toBeGreaterThanOrEqual(-40);
        expect(mantissa).toBeLessThanOrEqual(1n << BigInt(precision));
        if (exponent > -40) expect(mantissa).toBeGreaterThanOrEqual(1n << BigInt(precision - 1));
        // Twice the distance from the true value, in units of the last place times the denominator.
        const up = BigInt(Math.max(0, exponent - scale));
        const down = BigInt(Math.max(0, scale - exponent));
        const distance = 2n * ((numerator << down) - ((mantissa * denominator) << up));
        const unit = denominator << up;
        expect(distance <= unit && -distance <= unit).toBe(true);
        if (distance === unit || -distance === unit) expect(mantissa % 2n).toBe(0n);
      }),
      { numRuns: 2_000 },
    );
  });

  test("vanishes below half of the smallest value", () => {
    expect(roundToBinary(1n, 1n, -11, 64, -10).mantissa).toBe(0n);
    expect(roundToBinary(3n, 2n, -11, 64, -10).mantissa).toBe(1n);
    expect(roundToBinary(0n, 1n, 5, 64, -10)).toEqual({ mantissa: 0n, exponent: 0 });
  });
});

describe("scanNumeral", () => {
  test("takes apart decimal and hexadecimal texts", () => {
    expect(scanNumeral("-00.50e+3")).toEqual({ kind: "finite", negative: true, radix: 10, digits: "50", power: 1 });
    expect(scanNumeral("0xA.8p1")).toEqual({ kind: "finite", negative: false, radix: 16, digits: "A8", power: -3 });
    expect(scanNumeral("0e999999999999")).toEqual({ kind: "finite", negative: false, radix: 10, digits: "", power: 0 });
  });

  test("names what is no finite number", () => {
    expect(scanNumeral("-Infinity")).toEqual({ kind: "infinity", negative: true });
    expect(scanNumeral("nan(x_1)")?.kind).toBe("nan");
    expect(scanNumeral("1e20001")?.kind).toBe("tooLarge");
    expect(scanNumeral("1e-20002")?.kind).toBe("tooSmall");
    expect(scanNumeral("nan(")).toBeUndefined();
  });
});

describe("readPlain", () => {
  test("reads short decimals and leaves all else alone", () => {
    const into = new PlainDecimal();
    const read = (text: string) => {
      const { buf, start, len } = placed(text);
      return readPlain(buf, start, len, into) && `${into.negative ? "-" : ""}${into.digits}/${into.places}`;
    };
    expect([read("-12.50"), read("7"), read("7."), read(".5"), read("-0")]).toEqual([
      "-1250/2",
      "7/0",
      "7/0",
      "5/1",
      "-0/0",
    ]);
    for (const text of ["", "-", ".", "-.", "1.2.3", "+1", "1e1", "1234567890123456"]) expect(read(text)).toBe(false);
  });
});

describe("powerOfTen", () => {
  test("is exact in and beyond its table", () => {
    for (const exponent of [0, 1, 39, 40, 5_000]) expect(powerOfTen(exponent)).toBe(BigInt(`1${"0".repeat(exponent)}`));
  });
});
