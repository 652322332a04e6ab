import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDouble, parseDouble } from "../../src/lib/float.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

function parse(text: string): number | undefined {
  const { buf, start, len } = placed(text);
  return parseDouble(buf, start, len);
}

/** A double as the hexadecimal text that spells it exactly. */
function hexadecimal(value: number): string {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0];
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0");
  return `${bits >> 63n === 1n ? "-" : ""}0x${exponent === 0 ? 0 : 1}.${fraction}p${Math.max(exponent, 1) - 1023}`;
}

const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("parseDouble", () => {
  test("reads back every text that formatDouble writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => Object.is(parse(formatDouble(value)), value)),
      { numRuns: 2_000 },
    );
  });

  test("reads short decimals as JavaScript does", () => {
    const decimals = fc.tuple(fc.boolean(), fc.nat(999_999_999), fc.nat(99_999)).map(([negative, whole, fraction]) => {
      return `${negative ? "-" : ""}${whole}.${fraction}`;
    });
    fc.assert(fc.property(decimals, (text) => Object.is(parse(text), Number(text))));
  });

  test("reads hexadecimal floats exactly", () => {
    fc.assert(fc.property(doubles, (value) => Object.is(parse(hexadecimal(value)), value)));
    expect(parse("0x1.8P+1")).toBe(3);
    expect(parse("-0X.8")).toBe(-0.5);
    expect(parse("0x1.00000000000008p0")).toBe(1);
    expect(parse("0x1.000000000000080001p0")).toBe(1 + Number.EPSILON);
  });

  test("reads the infinities in any case", () => {
    for (const text of ["inf", "+INF", "Infinity", "iNfInItY"]) expect(parse(text)).toBe(Number.POSITIVE_INFINITY);
    expect(parse("-inf")).toBe(Number.NEGATIVE_INFINITY);
  });

  test("refuses NaN, overflow to infinity and underflow to zero", () => {
    const refused = [
      "nan",
      "-nan",
      "nan(1)",
      "1e309",
      "-1e309",
      "1e-400",
      "0x1p1024",
      "0x1p-1075",
      "1e99999999999",
      "1e-99999999999",
    ];
    for (const text of refused) expect(parse(text)).toBeUndefined();
    expect(parse("0e99999999999")).toBe(0);
    expect(parse("4e-324")).toBe(5e-324);
  });

  test("refuses spaces and half-finished numerals", () => {
    for (const text of [
      "",
      " 1",
      "1 ",
      "1\n",
      ".",
      "-",
      "+-1",
      "1e",
      "1e+",
      "0x",
      "0x.",
      "0x1p",
      "1_0",
      "1,5",
      "infinit",
      "1\x00",
    ]) {
      expect(parse(text)).toBeUndefined();
    }
  });
});

describe("formatDouble", () => {
  test("accepts and prints as redis-server does", () => {
    for (const [text, printed] of readAnswers<[string, string | null]>("doubles")) {
      const value = parse(text);
      expect(`${text} => ${value === undefined ? null : formatDouble(value)}`).toBe(`${text} => ${printed}`);
    }
  });

  test("prints seventeen significant digits, exponents below -4 and from 17 on", () => {
    const known: [number, string][] = [
      [0.1, "0.10000000000000001"],
      [0.5, "0.5"],
      [-1.5, "-1.5"],
      [1e16, "10000000000000000"],
      [1e17, "1e+17"],
      [1e-4, "0.0001"],
      [1e-5, "1.0000000000000001e-05"],
      [2 ** -20, "9.5367431640625e-07"],
      [5e-324, "4.9406564584124654e-324"],
      [-0, "-0"],
      [Number.NEGATIVE_INFINITY, "-inf"],
      [Number.NaN, "nan"],
    ];
    for (const [value, text] of known) expect(formatDouble(value)).toBe(text);
  });

  test("rounds exact ties to even", () => {
    expect(formatDouble(2 ** -25)).toBe("2.9802322387695312e-08");
    expect(formatDouble(3 * 2 ** -25)).toBe("8.9406967163085938e-08");
    expect(formatDouble(-1000000000000000.5 / 8)).toBe("-125000000000000.06");
    expect(formatDouble(1000000000000001.5 / 8)).toBe("125000000000000.19");
  });

  test("prints a text that spells the same double", () => {
    fc.assert(fc.property(doubles, (value) => Object.is(Number(formatDouble(value)), value)));
  });
});
