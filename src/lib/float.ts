/**
 * 64-bit doubles as text, by the rules and in the form of Redis 7.0.
 *
 * Reading: all that C's strtod takes (decimal, hexadecimal, "inf", "infinity", in any case), if it is the whole text, has no
 * leading space, is not NaN, and neither overflows to infinity nor vanishes to zero. Writing: C's "%.17g". Redis 7.2 began to
 * print the shortest text that reads back; only `formatDouble` would have to change for that.
 */
import { latin1 } from "./bytes.ts";
import { parseDecimal } from "./decimal.ts";
import { type Numeral, PLAIN_DIGITS_MAX, PlainDecimal, readPlain, roundNumeral, scanNumeral } from "./numeral.ts";

const POWERS_OF_TEN = Float64Array.from({ length: PLAIN_DIGITS_MAX + 1 }, (_, i) => 10 ** i);
const plain = new PlainDecimal();
const DOUBLE_BITS = 53;
const DOUBLE_EXPONENT_MIN = -1074;
/** Below this, `String` prints an integer with all its digits, as "%.17g" does. */
const EXACT_INTEGER_MAX = 2 ** 53;
const SIGNIFICANT_DIGITS = 17;
/** A double that ends within 15 digits is printed whole by `String` as well, without an exponent from this magnitude on. */
const SHORT_DIGITS_END = 1e15;
const SHORT_MAGNITUDE_MIN = 1e-4;
/** A double halfway between two texts of 17 digits has 18 digits, so at most 25 places: m / 2^p has as many digits as m * 5^p. */
const TIE_PLACES_MAX = 25;
const TIE_MIN = 10n ** 17n;
const TIE_END = 10n ** 18n;

/** The double that the bytes spell, the infinities included; undefined when Redis would answer "not a valid float". */
export function parseDouble(buf: Uint8Array, start: number, len: number): number | undefined {
  if (!readPlain(buf, start, len, plain)) {
    const decimal = parseDecimal(buf, start, len);
    return Number.isNaN(decimal) ? parseAny(latin1(buf, start, len)) : decimal;
  }
  // Both operands are exact, so that the one division rounds correctly.
  const value = plain.digits / POWERS_OF_TEN[plain.places];
  return plain.negative ? -value : value;
}

/** The double as "%.17g" prints it; infinities are "inf" and "-inf", NaN is "nan". */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= EXACT_INTEGER_MAX)
    return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const places = binaryPlaces(value);
  const magnitude = Math.abs(value);
  if (magnitude * 10 ** places < SHORT_DIGITS_END && magnitude >= SHORT_MAGNITUDE_MIN) return String(value);
  const text = exponential(magnitude, places);
  const e = text.indexOf("e");
  const digits = text[0] + text.slice(2, e).replace(/0+$/, "");
  return (value < 0 ? "-" : "") + layOut(digits, Number(text.slice(e + 1)));
}

/** How many places the number has after the binary point, no more than 26 counted. */
function binaryPlaces(value: number): number {
  let places = 0;
  for (let rest = value; places <= TIE_PLACES_MAX && !Number.isInteger(rest); rest *= 2) places++;
  return places;
}

/** Seventeen digits as d.ddde+x. On an exact tie JavaScript rounds away from zero, C to even. */
function exponential(magnitude: number, places: number): string {
  const text = magnitude.toExponential(SIGNIFICANT_DIGITS - 1);
  if (places === 0 || places > TIE_PLACES_MAX) return text;
  const digits = BigInt(magnitude * 2 ** places) * 5n ** BigInt(places);
  if (digits < TIE_MIN || digits >= TIE_END || (digits / 10n) % 2n === 1n) return text;
  const whole = magnitude.toExponential(SIGNIFICANT_DIGITS);
  const e = whole.indexOf("e");
  return whole.slice(0, e - 1) + whole.slice(e);
}

/** Digits d1 d2 d3... meaning d1.d2d3... * 10^exponent, without trailing zeros. */
function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= SIGNIFICANT_DIGITS) {
    const power = String(Math.abs(exponent)).padStart(2, "0");
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return digits.length > exponent + 1 ? `${whole}.${digits.slice(exponent + 1)}` : whole;
}

function parseAny(text: string): number | undefined {
  const scanned = scanNumeral(text);
  if (scanned === undefined) return undefined;
  const sign = scanned.negative ? -1 : 1;
  if (scanned.kind === "infinity") return sign * Number.POSITIVE_INFINITY;
  if (scanned.kind !== "finite") return undefined;
  if (scanned.digits === "") return sign * 0;
  const value = scanned.radix === 10 ? Number(text) : sign * hexadecimal(scanned);
  return value === 0 || !Number.isFinite(value) ? undefined : value;
}

function hexadecimal(numeral: Numeral): number {
  const { mantissa, exponent } = roundNumeral(numeral, DOUBLE_BITS, DOUBLE_EXPONENT_MIN);
  // 2^exponent itself may be out of range at either end, so it is applied in two exact steps.
  const half = exponent >> 1;
  return Number(mantissa) * 2 ** half * 2 ** (exponent - half);
}
