/**
 * What C's strtod and strtold accept as a whole text, and the correct rounding of such a text to a binary float of any
 * precision. Shared by the 64-bit doubles (float.ts) and the x87 80-bit long doubles (long-double.ts).
 *
 * Everything here is exact: a text is an integer times a power of ten or two, held as bigints, and is rounded once, to
 * nearest with ties to even.
 */

/** A finite numeral: the integer of `digits` in base `radix` (empty for zero, no leading zeros), times (10 or 2)^`power`. */
export type Numeral = {
  readonly kind: "finite";
  readonly negative: boolean;
  readonly radix: 10 | 16;
  readonly digits: string;
  readonly power: number;
};

/** "tooLarge" and "tooSmall" are finite numerals that every float here over- or underflows. */
export type Scanned =
  | Numeral
  | { readonly kind: "infinity" | "nan" | "tooSmall" | "tooLarge"; readonly negative: boolean };

/** What `readPlain` found: +-digits / 10^places, digits below 10^15. */
export class PlainDecimal {
  negative = false;
  digits = 0;
  places = 0;
}

/** A binary float: mantissa * 2^exponent. */
export type Binary = { readonly mantissa: bigint; readonly exponent: number };

const NUMERAL =
  /^([+-]?)(?:(inf(?:inity)?)|(nan(?:\([0-9a-z_]*\))?)|0x(?=\.?[0-9a-f])([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?|(?=\.?\d)(\d*)\.?(\d*)(?:e([+-]?\d+))?)$/i;

const ZERO = 0x30;
const DOT = 0x2e;
const MINUS = 0x2d;
/** So many digits make an integer that is exact as a double. */
export const PLAIN_DIGITS_MAX = 15;

const POWERS_OF_TEN = Array.from({ length: 40 }, (_, i) => 10n ** BigInt(i));

/** The bits of a double, to read its exponent (little-endian machines only, as the whole server). */
const double = new Float64Array(1);
const doubleHalves = new Uint32Array(double.buffer);
const EXPONENT_BIAS = 1023;
const INFINITE_EXPONENT = 0x7ff;

/** Exponents beyond this, in digits or bits from the leading one, over- or underflow the widest float here. */
const EXPONENT_MAX = 20_000;

/** Reads a numeral that fills the whole text; undefined when it is none. Spaces are never allowed. */
export function scanNumeral(text: string): Scanned | undefined {
  const match = NUMERAL.exec(text);
  if (match === null) return undefined;
  const negative = match[1] === "-";
  if (match[2] !== undefined) return { kind: "infinity", negative };
  if (match[3] !== undefined) return { kind: "nan", negative };
  if (match[4] !== undefined) return finite(negative, match[4], match[5] ?? "", Number(match[6] ?? 0), 16);
  return finite(negative, match[7] ?? "", match[8] ?? "", Number(match[9] ?? 0), 10);
}

function finite(negative: boolean, whole: string, fraction: string, exponent: number, radix: 10 | 16): Scanned {
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return { kind: "finite", negative, radix, digits, power: 0 };
  const perDigit = radix === 16 ? 4 : 1;
  const power = exponent - fraction.length * perDigit;
  const leading = power + digits.length * perDigit;
  if (leading > EXPONENT_MAX) return { kind: "tooLarge", negative };
  if (leading < -EXPONENT_MAX) return { kind: "tooSmall", negative };
  return { kind: "finite", negative, radix, digits, power };
}

/** The magnitude of a numeral, correctly rounded as by `roundToBinary`. */
export function roundNumeral(numeral: Numeral, precision: number, exponentMin: number): Binary {
  const { digits, power } = numeral;
  if (digits === "") return { mantissa: 0n, exponent: 0 };
  if (numeral.radix === 16) return roundToBinary(BigInt(`0x${digits}`), 1n, power, precision, exponentMin);
  if (power < 0) return roundToBinary(BigInt(digits), powerOfTen(-power), 0, precision, exponentMin);
  return roundToBinary(BigInt(digits) * powerOfTen(power), 1n, 0, precision, exponentMin);
}

/**
 * (numerator / denominator) * 2^scale, correctly rounded to `precision` bits with no exponent below `exponentMin`
 * (below that the mantissa gets shorter, down to zero). The numerator is not negative.
 */
export function roundToBinary(
  numerator: bigint,
  denominator: bigint,
  scale: number,
  precision: number,
  exponentMin: number,
): Binary {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const limit = 1n << BigInt(precision);
  // This exponent leaves a quotient of `precision` bits or one more; one more is one too many.
  const guess = scale + bitLength(numerator) - bitLength(denominator) - precision;
  let exponent = Math.max(guess, exponentMin);
  let parts = divideScaled(numerator, denominator, scale - exponent);
  if (parts.quotient >= limit) parts = divideScaled(numerator, denominator, scale - ++exponent);
  const { quotient, remainder, divisor } = parts;
  const half = 2n * remainder - divisor;
  const up = half > 0n || (half === 0n && (quotient & 1n) === 1n);
  return { mantissa: up ? quotient + 1n : quotient, exponent };
}

function divideScaled(numerator: bigint, denominator: bigint, shift: number) {
  const dividend = shift > 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator;
  const quotient = dividend / divisor;
  return { quotient, remainder: dividend - quotient * divisor, divisor };
}

/** How many bits a positive integer has. */
export function bitLength(value: bigint): number {
  double[0] = Number(value);
  const biased = doubleHalves[1] >>> 20;
  if (biased === INFINITE_EXPONENT) return longBitLength(value);
  const length = biased - EXPONENT_BIAS + 1;
  // The conversion may have rounded up to a power of two, and to nothing else that is a bit longer.
  const isPower = doubleHalves[0] === 0 && (doubleHalves[1] & 0xf_ffff) === 0;
  return isPower && value >> BigInt(length - 1) === 0n ? length - 1 : length;
}

function longBitLength(value: bigint): number {
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0], 16)) + 28;
}

export function powerOfTen(exponent: number): bigint {
  return exponent < POWERS_OF_TEN.length ? POWERS_OF_TEN[exponent] : 10n ** BigInt(exponent);
}

/**
 * Reads a plain short decimal ("-12.5": at most 15 digits, no exponent, no plus) without making a string: `into` becomes
 * digits / 10^places. False when it is anything else, which may still be a number.
 */
export function readPlain(buf: Uint8Array, start: number, len: number, into: PlainDecimal): boolean {
  into.negative = len > 1 && buf[start] === MINUS;
  const end = start + len;
  const first = into.negative ? start + 1 : start;
  let value = 0;
  let point = -1;
  for (let i = first; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (buf[i] === DOT && point < 0) point = i;
    else return false;
  }
  const digits = point < 0 ? end - first : end - first - 1;
  into.digits = value;
  into.places = point < 0 ? 0 : end - point - 1;
  return digits > 0 && digits <= PLAIN_DIGITS_MAX;
}
