import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  digitCount,
  formatBigInteger,
  formatInteger,
  INTEGER_TEXT_MAX,
  isCanonicalInteger,
  parseBigInteger,
  parseInteger,
  parseUnsigned,
} from "../../src/lib/integer.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** A text is an integer when printing the number that it spells gives it back. */
function model(text: string): bigint | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  return String(value) === text && value >= MIN && value <= MAX ? value : undefined;
}

function on<T>(text: string, run: (buf: Uint8Array, start: number, len: number) => T): T {
  const { buf, start, len } = placed(text);
  return run(buf, start, len);
}

const nearEdges = fc
  .tuple(
    fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n), MIN, MAX, 10n ** 18n, 10n ** 9n),
    fc.integer({ min: -99, max: 99 }),
  )
  .map(([edge, distance]) => String(edge + BigInt(distance)));
const texts = fc.oneof(
  nearEdges,
  fc.bigInt({ min: MIN * 2n, max: MAX * 2n }).map(String),
  fc.string({ unit: fc.constantFrom(..."0123456789+- ."), maxLength: 22 }),
);

describe("parseInteger", () => {
  test("answers as redis-server does", () => {
    for (const [text, isInteger] of readAnswers<[string, boolean]>("integers")) {
      expect(`${text} ${!Number.isNaN(on(text, parseInteger))}`).toBe(`${text} ${isInteger}`);
      expect(on(text, isCanonicalInteger)).toBe(isInteger);
    }
  });

  test("gives safe integers, infinities for larger ones, NaN for other texts", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const wanted = model(text);
        const got = on(text, parseInteger);
        if (wanted === undefined) return Number.isNaN(got);
        if (Number.isSafeInteger(Number(wanted)) && BigInt(Number(wanted)) === wanted)
          return Object.is(got, Number(wanted));
        return got === (wanted < 0n ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
      }),
      { numRuns: 2_000 },
    );
  });

  test("refuses the empty range, signs alone, leading zeros and minus zero", () => {
    for (const text of ["", "-", "+1", "00", "01", "-0", "-01", " 1", "1 ", "1.0", "0x1", "9223372036854775808"]) {
      expect(on(text, parseInteger)).toBeNaN();
    }
  });
});

describe("parseBigInteger", () => {
  test("reads all of the 64-bit range exactly", () => {
    fc.assert(
      fc.property(texts, (text) => on(text, parseBigInteger) === model(text)),
      { numRuns: 2_000 },
    );
  });
});

describe("parseUnsigned", () => {
  test("allows signs and leading zeros, and counts negative numbers back from 2^64", () => {
    expect(on("+0018446744073709551615", parseUnsigned)).toBe(2n ** 64n - 1n);
    expect(on("-1", parseUnsigned)).toBe(2n ** 64n - 1n);
    expect(on("-0", parseUnsigned)).toBe(0n);
    expect(on("0".repeat(1_000), parseUnsigned)).toBe(0n);
  });

  test("refuses what does not fit 64 bits or is no number", () => {
    for (const text of [
      "",
      "-",
      "+",
      " 1",
      "1 ",
      "1a",
      "18446744073709551616",
      "-18446744073709551616",
      "9".repeat(1_000),
    ]) {
      expect(on(text, parseUnsigned)).toBeUndefined();
    }
  });
});

describe("formatInteger", () => {
  test("writes what String writes, and digitCount foretells its length", () => {
    const values = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.tuple(fc.nat(15), fc.integer({ min: -1, max: 1 })).map(([power, distance]) => 10 ** power + distance),
      fc.constantFrom(0, -0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, -(2 ** 31)),
    );
    fc.assert(
      fc.property(values, (value) => {
        const out = new Uint8Array(INTEGER_TEXT_MAX + 4).fill(0x23);
        const written = formatInteger(value, out, 2);
        expect(Buffer.from(out).toString("latin1")).toBe(`##${String(value)}`.padEnd(out.length, "#"));
        return written === String(value).length && digitCount(value) === written;
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("formatBigInteger", () => {
  test("writes any 64-bit integer", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: MIN, max: MAX }), (value) => {
        const out = new Uint8Array(INTEGER_TEXT_MAX + 1);
        const written = formatBigInteger(value, out, 1);
        return Buffer.from(out).toString("latin1", 1, 1 + written) === String(value);
      }),
    );
  });
});
