import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addLongDoubles,
  compareLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_MAX,
  type LongDouble,
  longDoubleOf,
  negateLongDouble,
  parseLongDouble,
  sumOfLongDoubles,
} from "../../src/lib/long-double.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

function parse(text: string): LongDouble | undefined {
  const { buf, start, len } = placed(text);
  return parseLongDouble(buf, start, len);
}

/** What INCRBYFLOAT answers. */
function add(a: string, b: string): string | { error: string } {
  const first = parse(a);
  const second = parse(b);
  if (first === undefined || second === undefined) return { error: "ERR value is not a valid float" };
  return addLongDoubles(first, second) ?? { error: "ERR increment would produce NaN or Infinity" };
}

describe("addLongDoubles", () => {
  test("answers as INCRBYFLOAT of redis-server does", () => {
    for (const [a, b, answer] of readAnswers<[string, string, string | { error: string }]>("long-doubles")) {
      expect([a, b, add(a, b)]).toEqual([a, b, answer]);
    }
  });

  test("gives short decimals the digits that long arithmetic gives them", () => {
    const decimal = fc.tuple(fc.integer({ min: -40, max: 40 }), fc.nat(9_999_999), fc.integer({ min: 7, max: 12 }));
    const text = decimal.map(([whole, fraction, places]) => `${whole}.${String(fraction).padStart(places, "0")}`);
    // A plus sign is no plain decimal, so the same values take the way through binary.
    const signed = (value: string) => (value.startsWith("-") ? `${value}e0` : `+${value}`);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(add(a, b)).toBe(add(signed(a), signed(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("shows the rounding of larger numbers to the last digit", () => {
    expect(add("3000", "0.1")).toBe("3000.10000000000000009");
    expect(add("10.5", "0.1")).toBe("10.6");
    expect(add("-6e-18", "0")).toBe("-0.00000000000000001");
    expect(add("1e20", "1")).toBe("100000000000000000000");
    expect(add("18446744073709551615", "0")).toBe("18446744073709551615");
    expect(add("18446744073709551615", "1")).toBe("18446744073709551616");
    expect(add("18446744073709551615", "2")).toBe("18446744073709551616");
  });

  test("prints zero without a sign", () => {
    expect(add("-0", "-0")).toBe("0");
    expect(add("-1e-18", "0")).toBe("0");
    expect(add("1e400", "-1e400")).toBe("0");
    expect(add("-1.5", "1.5")).toBe("0");
  });

  test("adds integers exactly", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        const sum = addLongDoubles(longDoubleOf(a), longDoubleOf(b));
        return sum === String(BigInt(a) + BigInt(b));
      }),
    );
  });

  test("is undefined for infinite and indeterminate sums", () => {
    expect(add("inf", "1")).toEqual({ error: "ERR increment would produce NaN or Infinity" });
    expect(add("inf", "-inf")).toEqual({ error: "ERR increment would produce NaN or Infinity" });
    expect(add("1.1e4932", "1.1e4932")).toEqual({ error: "ERR increment would produce NaN or Infinity" });
  });
});

describe("parseLongDouble", () => {
  test("refuses NaN, overflow, underflow to zero, spaces and texts beyond 5119 bytes", () => {
    const refused = [
      "",
      "nan",
      "1e4933",
      "1e-4960",
      "0x1p16384",
      "0x1p-16446",
      " 1",
      "1 ",
      "1e",
      "0x",
      "1".repeat(5_120),
    ];
    for (const text of refused) expect(parse(text)).toBeUndefined();
  });

  test("takes the smallest and the largest values and the infinities", () => {
    expect(parse("0x1p-16445")).toEqual({ kind: "binary", mantissa: 1n, exponent: -16_445 });
    expect(parse("0x1.fffffffffffffffep16383")).toEqual({ kind: "binary", mantissa: 2n ** 64n - 1n, exponent: 16_320 });
    expect(parse("-inf")).toEqual({ kind: "infinite", negative: true });
    expect(parse(`${"0".repeat(5_118)}7`)).toBeDefined();
  });
});

describe("compareLongDoubles", () => {
  const sign = (a: string, b: string) => Math.sign(compareLongDoubles(parse(a)!, parse(b)!));

  test("orders decimals, binaries and infinities among each other", () => {
    expect([sign("1.5", "1.25"), sign("-2", "1e-30"), sign("0.5", "0x1p-1")]).toEqual([1, -1, 0]);
    expect([sign("inf", "1e4000"), sign("-inf", "-1e4000"), sign("-inf", "inf"), sign("inf", "inf")]).toEqual([
      1, -1, -1, 0,
    ]);
  });
  test("sees a difference in the last of 64 bits, and none beyond", () => {
    expect(sign("9223372036854775809", "9223372036854775808")).toBe(1);
    expect(sign("18446744073709551617", "18446744073709551616")).toBe(0);
  });
});

describe("sumOfLongDoubles", () => {
  test("is infinite when it overflows and undefined when it is no number", () => {
    expect(sumOfLongDoubles(LONG_DOUBLE_MAX, LONG_DOUBLE_MAX)).toEqual({ kind: "infinite", negative: false });
    expect(sumOfLongDoubles(parse("-inf")!, longDoubleOf(5))).toEqual({ kind: "infinite", negative: true });
    expect(sumOfLongDoubles(parse("inf")!, parse("-inf")!)).toBeUndefined();
  });
  test("prints as the sum does that is printed at once", () => {
    const numbers = ["0.1", "-0.1", "3", "1e300", "-1e300", "123456789.25"];
    for (const a of numbers) {
      for (const b of numbers) {
        expect(formatLongDouble(sumOfLongDoubles(parse(a)!, parse(b)!)!)).toBe(add(a, b) as string);
        expect(formatLongDouble(sumOfLongDoubles(parse(a)!, negateLongDouble(parse(a)!))!)).toBe("0");
      }
    }
  });
});
