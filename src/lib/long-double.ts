/**
 * The arithmetic of INCRBYFLOAT and HINCRBYFLOAT. Redis computes them in x87 long doubles and prints "%.17Lf" without trailing
 * zeros, and clients see the digits, so both are reproduced to the last one.
 *
 * Invariants:
 * - A binary value is mantissa * 2^exponent with |mantissa| <= 2^64 and exponent >= -16445, rounded to nearest even: all that
 *   the 80-bit format can hold, except that a zero has no sign (it is printed without one and vanishes in sums).
 * - A sum is computed exactly and then rounded once.
 * - A decimal value stands for the long double nearest to digits / 10^places. Where the three roundings of a sum stay below
 *   half a unit of the seventeenth place together, the exact decimal sum is what would be printed, and no binary is made.
 */
import { latin1 } from "./bytes.ts";
import {
  type Binary,
  bitLength,
  PlainDecimal,
  powerOfTen,
  readPlain,
  roundNumeral,
  roundToBinary,
  scanNumeral,
} from "./numeral.ts";

const PRECISION = 64;
const EXPONENT_MIN = -16_445;
const EXPONENT_END = 16_384;
const PLACES = 17;
const TEN_TO_PLACES = powerOfTen(PLACES);
/** Redis takes no longer text for a number. */
const TEXT_BYTES_MAX = 5 * 1024 - 1;
/** Below 32 one rounding costs at most 2^-60, and three of them less than 0.5e-17. */
const EXACT_DECIMAL_END = 32;
const ZERO = 0x30;
const plain = new PlainDecimal();

type Decimal = { readonly kind: "decimal"; readonly digits: number; readonly places: number };

/** A parsed long double, never NaN. */
export type LongDouble =
  | Decimal
  | ({ readonly kind: "binary" } & Binary)
  | { readonly kind: "infinite"; readonly negative: boolean };

/** The long double that the bytes spell; undefined when Redis would answer "not a valid float". */
export function parseLongDouble(buf: Uint8Array, start: number, len: number): LongDouble | undefined {
  if (len === 0 || len > TEXT_BYTES_MAX) return undefined;
  if (!readPlain(buf, start, len, plain)) return parseBinary(latin1(buf, start, len));
  return { kind: "decimal", digits: plain.negative ? -plain.digits : plain.digits, places: plain.places };
}

/** A safe integer as a long double. */
export function longDoubleOf(value: number): LongDouble {
  return { kind: "decimal", digits: value, places: 0 };
}

/** The largest finite long double. */
export const LONG_DOUBLE_MAX: LongDouble = {
  kind: "binary",
  mantissa: 2n ** BigInt(PRECISION) - 1n,
  exponent: EXPONENT_END - PRECISION,
};

export function negateLongDouble(value: LongDouble): LongDouble {
  if (value.kind === "infinite") return { kind: "infinite", negative: !value.negative };
  if (value.kind === "decimal") return { ...value, digits: -value.digits };
  return { ...value, mantissa: -value.mantissa };
}

/** The sum as Redis prints it; undefined when it is NaN or infinite, which Redis refuses. */
export function addLongDoubles(a: LongDouble, b: LongDouble): string | undefined {
  const short = a.kind === "decimal" && b.kind === "decimal" ? addDecimals(a, b) : undefined;
  if (short !== undefined) return short;
  const sum = sumOfLongDoubles(a, b);
  return sum === undefined ? undefined : formatLongDouble(sum);
}

/** The sum itself, infinite when it overflows; undefined when it is NaN. */
export function sumOfLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.kind !== "infinite" && b.kind !== "infinite") return addBinaries(toBinary(a), toBinary(b));
  if (a.kind === "infinite" && b.kind === "infinite" && a.negative !== b.negative) return undefined;
  return a.kind === "infinite" ? a : b;
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareLongDoubles(a: LongDouble, b: LongDouble): number {
  if (a.kind === "infinite" || b.kind === "infinite") return infiniteSign(a) - infiniteSign(b);
  const first = toBinary(a);
  const second = toBinary(b);
  const base = Math.min(first.exponent, second.exponent);
  const difference = scaled(first, base) - scaled(second, base);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** As Redis prints it; undefined when it is infinite. */
export function formatLongDouble(value: LongDouble): string | undefined {
  if (value.kind === "infinite") return undefined;
  const { mantissa, exponent } = toBinary(value);
  return mantissa < 0n ? format({ mantissa: -mantissa, exponent }, true) : format({ mantissa, exponent }, false);
}

function infiniteSign(value: LongDouble): number {
  return value.kind !== "infinite" ? 0 : value.negative ? -1 : 1;
}

/** The value in units of 2^base. */
function scaled(value: Binary, base: number): bigint {
  return value.mantissa << BigInt(value.exponent - base);
}

function parseBinary(text: string): LongDouble | undefined {
  const scanned = scanNumeral(text);
  if (scanned === undefined) return undefined;
  if (scanned.kind === "infinity") return { kind: "infinite", negative: scanned.negative };
  if (scanned.kind !== "finite") return undefined;
  const { mantissa, exponent } = roundNumeral(scanned, PRECISION, EXPONENT_MIN);
  if (mantissa === 0n && scanned.digits !== "") return undefined;
  if (overflows(mantissa, exponent)) return undefined;
  return { kind: "binary", mantissa: scanned.negative ? -mantissa : mantissa, exponent };
}

/** The printed sum by decimal arithmetic alone; undefined where that is not certain to be what long doubles give. */
function addDecimals(a: Decimal, b: Decimal): string | undefined {
  const places = Math.max(a.places, b.places);
  const unit = 10 ** places;
  const first = a.digits * 10 ** (places - a.places);
  const second = b.digits * 10 ** (places - b.places);
  const largest = Math.max(Math.abs(first), Math.abs(second), Math.abs(first + second));
  if (largest > Number.MAX_SAFE_INTEGER) return undefined;
  if (places > 0 && largest >= EXACT_DECIMAL_END * unit) return undefined;
  const sum = first + second;
  return pointed(String(Math.abs(sum)), places, sum < 0);
}

function toBinary(value: Decimal | Binary): Binary {
  if ("mantissa" in value) return value;
  const { digits, places } = value;
  const magnitude = BigInt(Math.abs(digits));
  const { mantissa, exponent } = roundToBinary(magnitude, powerOfTen(places), 0, PRECISION, EXPONENT_MIN);
  return { mantissa: digits < 0 ? -mantissa : mantissa, exponent };
}

function addBinaries(a: Binary, b: Binary): LongDouble {
  const base = Math.min(a.exponent, b.exponent);
  const exact = scaled(a, base) + scaled(b, base);
  const negative = exact < 0n;
  const sum = roundToBinary(negative ? -exact : exact, 1n, base, PRECISION, EXPONENT_MIN);
  if (overflows(sum.mantissa, sum.exponent)) return { kind: "infinite", negative };
  return { kind: "binary", mantissa: negative ? -sum.mantissa : sum.mantissa, exponent: sum.exponent };
}

function overflows(mantissa: bigint, exponent: number): boolean {
  return mantissa !== 0n && bitLength(mantissa) + exponent > EXPONENT_END;
}

/** "%.17Lf" without trailing zeros. */
function format(magnitude: Binary, negative: boolean): string {
  const { mantissa, exponent } = magnitude;
  if (exponent >= 0) return pointed((mantissa << BigInt(exponent)).toString(), 0, negative);
  const scaled = mantissa * TEN_TO_PLACES;
  const shift = BigInt(-exponent);
  const whole = scaled >> shift;
  const twice = (scaled - (whole << shift)) << 1n;
  const unit = 1n << shift;
  const up = twice > unit || (twice === unit && (whole & 1n) === 1n);
  return pointed((up ? whole + 1n : whole).toString(), PLACES, negative);
}

/** Digits with the point `places` from the right, without trailing zeros after it; zero has no sign. */
function pointed(digits: string, places: number, negative: boolean): string {
  const padded = digits.padStart(places + 1, "0");
  const point = padded.length - places;
  let end = padded.length;
  while (end > point && padded.charCodeAt(end - 1) === ZERO) end--;
  const whole = padded.slice(0, point);
  const text = end === point ? whole : `${whole}.${padded.slice(point, end)}`;
  return negative && text !== "0" ? `-${text}` : text;
}
