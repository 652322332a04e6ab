/**
 * Plain decimals of up to 19 digits ("37.560000000000002", as doubles are printed with 17) as doubles, without a string or a bigint.
 *
 * A decimal is D / 10^places. D is kept exactly as the sum of two doubles, its quotient as a double and a small correction, which is off by
 * less than 2^-52 of itself. So the sum of the two is the nearest double for certain, unless a correction that is off by more would give
 * another sum: then, about once in 2^50 times and on ties, there is no answer here.
 */
const ZERO = 0x30;
const DOT = 0x2e;
const MINUS = 0x2d;
/** The digits of the head, and of what may follow it. */
const HEAD_DIGITS = 10;
const DIGITS_MAX = 19;
/** Powers of ten up to this are exact doubles. */
const PLACES_MAX = 22;
const POWERS_OF_TEN = Float64Array.from({ length: PLACES_MAX + 1 }, (_, i) => 10 ** i);
/** The head is cut in two, so that products with a power of ten up to 10^9 are exact. */
const HALF = 2 ** 17;
/** Cuts a double into halves of 26 bits. */
const SPLITTER = 2 ** 27 + 1;
const SLACK = 2 ** -50;

/** The double that the bytes spell; NaN when they are no such decimal, or 0, or when this can't tell. */
export function parseDecimal(buf: Uint8Array, start: number, len: number): number {
  const end = start + len;
  const isNegative = len > 0 && buf[start] === MINUS;
  let head = 0;
  let tail = 0;
  let digits = 0;
  let point = -1;
  for (let i = isNegative ? start + 1 : start; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) {
      if (buf[i] !== DOT || point >= 0) return Number.NaN;
      point = i;
    } else if (digits > 0 || digit > 0) {
      if (digits++ < HEAD_DIGITS) head = head * 10 + digit;
      else tail = tail * 10 + digit;
    }
  }
  const places = point < 0 ? 0 : end - point - 1;
  if (digits === 0 || digits > DIGITS_MAX || places > PLACES_MAX) return Number.NaN;
  const value = quotient(head, POWERS_OF_TEN[Math.max(0, digits - HEAD_DIGITS)], tail, POWERS_OF_TEN[places]);
  return isNegative ? -value : value;
}

/** (head * scale + tail) / divisor, rounded correctly; NaN when that is not certain. */
function quotient(head: number, scale: number, tail: number, divisor: number): number {
  const upper = Math.floor(head / HALF);
  const large = upper * scale * HALF;
  const small = (head - upper * HALF) * scale + tail;
  const high = large + small;
  const low = small - (high - large);
  const guess = high / divisor;
  const correction = (high - guess * divisor - productError(guess, divisor) + low) / divisor;
  const slack = Math.abs(correction) * SLACK;
  const value = guess + (correction - slack);
  return value === guess + (correction + slack) ? value : Number.NaN;
}

/** a * b less what is computed for it, exactly. */
function productError(a: number, b: number): number {
  const aCut = a * SPLITTER;
  const aHigh = aCut - (aCut - a);
  const aLow = a - aHigh;
  const bCut = b * SPLITTER;
  const bHigh = bCut - (bCut - b);
  const bLow = b - bHigh;
  return aLow * bLow - (a * b - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
