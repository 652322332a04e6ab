/**
 * Integers as text, by Redis's rules: decimal, no plus sign, no spaces, no leading zeros, no "-0", within 64 signed bits.
 * Such a text is exactly what printing the number gives back, so a value that parses may be stored as a number.
 *
 * Numbers up to 2^53 - 1 in magnitude travel as JS numbers and cost no allocation. The rest of the 64-bit range is told
 * apart from "not an integer" by an infinity of its sign, and is read exactly by `parseBigInteger`.
 */

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
/** The digits of 2^63 - 1 and of 2^63, the largest magnitude of either sign. */
const POSITIVE_MAX = digitsOf("9223372036854775807");
const NEGATIVE_MAX = digitsOf("9223372036854775808");
const INT64_DIGITS_MAX = 19;
/** Integers of so many digits are 32-bit integers. */
const SMALL_DIGITS = 9;
const UINT64_DIGITS_MAX = 20;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const BILLION = 1_000_000_000;
/** log10(2), times 2^LOG_2_SHIFT: so many decimal digits are in a bit. */
const LOG_2_FACTOR = 1233;
const LOG_2_SHIFT = 12;
/** From these numbers on one more digit than the index says is needed. */
const POWERS = Int32Array.of(0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9);
/** "-9223372036854775808", the longest 64-bit integer in text. */
export const INTEGER_TEXT_MAX = 20;

/**
 * The integer that the bytes spell. NaN when they spell none; +Infinity or -Infinity when it is a 64-bit integer beyond
 * +-(2^53 - 1), which `parseBigInteger` then reads.
 */
export function parseInteger(buf: Uint8Array, start: number, len: number): number {
  return len <= SMALL_DIGITS ? parseSmall(buf, start, len) : parseLarge(buf, start, len);
}

/** At most nine bytes: 32-bit arithmetic is enough, and twice as fast. */
function parseSmall(buf: Uint8Array, start: number, len: number): number {
  const end = start + len;
  const negative = len > 1 && buf[start] === MINUS;
  let at = negative ? start + 1 : start;
  let value = at < end ? buf[at++] - ZERO : -1;
  if (value <= 0 || value > 9) return value === 0 && len === 1 ? 0 : Number.NaN;
  while (at < end) {
    const digit = buf[at++] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return negative ? -value : value;
}

function parseLarge(buf: Uint8Array, start: number, len: number): number {
  const end = start + len;
  const negative = buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > INT64_DIGITS_MAX || buf[first] === ZERO) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return beyondSafe(buf, first, end - first, negative);
  return negative ? -value : value;
}

/** The exact 64-bit integer that the bytes spell, small ones too; undefined when they spell none. */
export function parseBigInteger(buf: Uint8Array, start: number, len: number): bigint | undefined {
  const value = parseInteger(buf, start, len);
  if (Number.isNaN(value)) return undefined;
  if (Number.isFinite(value)) return BigInt(value);
  const negative = value < 0;
  const magnitude = bigFromDigits(buf, negative ? start + 1 : start, negative ? len - 1 : len);
  return negative ? -magnitude : magnitude;
}

/** Whether the bytes are a 64-bit integer exactly as it would be printed, so that it can be kept as a number. */
export function isCanonicalInteger(buf: Uint8Array, start: number, len: number): boolean {
  return len <= INTEGER_TEXT_MAX && !Number.isNaN(parseInteger(buf, start, len));
}

/**
 * An unsigned 64-bit integer by the looser rules of C's strtoull, as SCAN cursors and stream IDs have them: a sign and leading
 * zeros are allowed, and a negative number counts back from 2^64. No spaces. Undefined when there is no such number.
 */
export function parseUnsigned(buf: Uint8Array, start: number, len: number): bigint | undefined {
  const sign = len > 0 ? buf[start] : 0;
  const end = start + len;
  let at = sign === MINUS || sign === PLUS ? start + 1 : start;
  if (at === end) return undefined;
  for (let i = at; i < end; i++) {
    if (buf[i] < ZERO || buf[i] > ZERO + 9) return undefined;
  }
  while (at < end && buf[at] === ZERO) at++;
  if (end - at > UINT64_DIGITS_MAX) return undefined;
  const magnitude = bigFromDigits(buf, at, end - at);
  if (magnitude > UINT64_MAX) return undefined;
  return sign === MINUS ? BigInt.asUintN(64, -magnitude) : magnitude;
}

/** How many bytes `formatInteger` writes for this safe integer, the sign included. */
export function digitCount(value: number): number {
  let rest = value < 0 ? -value : value;
  let count = value < 0 ? 1 : 0;
  for (; rest >= BILLION; count += SMALL_DIGITS) rest = Math.floor(rest / BILLION);
  return count + smallDigitCount(rest);
}

/** Writes a safe integer (|value| <= 2^53 - 1) in decimal at `at`; returns how many bytes that took. */
export function formatInteger(value: number, out: Uint8Array, at: number): number {
  if (value < 0) {
    out[at] = MINUS;
    return 1 + formatInteger(-value, out, at + 1);
  }
  if (value < BILLION) {
    const count = smallDigitCount(value);
    writeDigits(value, out, at, at + count);
    return count;
  }
  const high = Math.floor(value / BILLION);
  const end = at + formatInteger(high, out, at) + SMALL_DIGITS;
  writeDigits(value - high * BILLION, out, end - SMALL_DIGITS, end);
  return end - at;
}

/** Writes any 64-bit integer in decimal at `at`; returns how many bytes that took. */
export function formatBigInteger(value: bigint, out: Uint8Array, at: number): number {
  const text = value.toString();
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return text.length;
}

/** The digits of an integer from 0 to 10^9 - 1. */
function smallDigitCount(value: number): number {
  // Without branches, which are guessed wrong as often as not.
  const powers = Math.imul(32 - Math.clz32(value), LOG_2_FACTOR) >> LOG_2_SHIFT;
  return powers + (value >= POWERS[powers] ? 1 : 0);
}

/** Fills out[from, to) with the decimal digits of `value` (below 10^9), zeros in front. */
function writeDigits(value: number, out: Uint8Array, from: number, to: number): void {
  let rest = value | 0;
  for (let i = to - 1; i >= from; i--) {
    const next = (rest / 10) | 0;
    out[i] = ZERO + rest - Math.imul(next, 10);
    rest = next;
  }
}

/** The infinity that stands for an integer above 2^53 - 1, or NaN when it does not fit 64 bits. */
function beyondSafe(buf: Uint8Array, at: number, digits: number, negative: boolean): number {
  const max = negative ? NEGATIVE_MAX : POSITIVE_MAX;
  for (let i = 0; digits === INT64_DIGITS_MAX && i < digits; i++) {
    const difference = buf[at + i] - max[i];
    if (difference > 0) return Number.NaN;
    if (difference < 0) break;
  }
  return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function bigFromDigits(buf: Uint8Array, at: number, digits: number): bigint {
  let value = 0n;
  for (let i = at; i < at + digits; ) {
    const end = Math.min(i + 9, at + digits);
    const width = end - i;
    let chunk = 0;
    while (i < end) chunk = chunk * 10 + buf[i++] - ZERO;
    value = value * BigInt(10 ** width) + BigInt(chunk);
  }
  return value;
}

function digitsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (digit) => digit.charCodeAt(0));
}
