/**
 * Redis's glob patterns over bytes, as KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET use them.
 *
 * `*` any run, `?` any one byte, `[ab]` `[a-z]` `[^x]` a class, `\x` the byte x. What users rely on beyond that, all of it
 * asked of redis-server 7.0.15:
 * - an unterminated class ends with the pattern (`a[bc` is `a[bc]`), and `[^` alone is any byte;
 * - the ends of a range may stand in either order; they compare as signed bytes, so 0x80..0xff lie below 0x00;
 * - when case is ignored, ranges are folded after they are put in order, and an escaped byte in a class is not folded;
 * - an empty text is matched by the empty pattern only, not even by `*` (SCAN and KEYS treat a lone `*` before they ask).
 *
 * Only the last `*` is ever retried: an earlier one cannot succeed where a later one has run out of text. That bounds the
 * work by pattern length times text length, whatever the pattern.
 */

const STAR = 0x2a;
const DASH = 0x2d;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const CARET = 0x5e;

/** Whether the pattern matches the whole text. `ignoreCase` folds ASCII letters only. */
export function globMatch(
  pattern: Uint8Array,
  pStart: number,
  pLen: number,
  text: Uint8Array,
  tStart: number,
  tLen: number,
  ignoreCase: boolean,
): boolean {
  if (tLen === 0) return pLen === 0;
  const pEnd = pStart + pLen;
  const tEnd = tStart + tLen;
  let p = pStart;
  let t = tStart;
  let retryPattern = -1;
  let retryText = 0;
  while (t < tEnd) {
    if (p < pEnd && pattern[p] === STAR) {
      p = skipStars(pattern, p, pEnd);
      if (p === pEnd) return true;
      retryPattern = p;
      retryText = t;
      continue;
    }
    const next = p < pEnd ? matchOne(pattern, p, pEnd, text[t], ignoreCase) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else if (retryPattern >= 0) {
      p = retryPattern;
      t = ++retryText;
    } else {
      return false;
    }
  }
  return skipStars(pattern, p, pEnd) === pEnd;
}

function skipStars(pattern: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && pattern[p] === STAR) p++;
  return p;
}

/** The position after the element at `at` when it matches `byte`, else -1. */
function matchOne(pattern: Uint8Array, at: number, end: number, byte: number, ignoreCase: boolean): number {
  const first = pattern[at];
  if (first === QUESTION) return at + 1;
  if (first === OPEN) return matchClass(pattern, at + 1, end, byte, ignoreCase);
  const literal = first === BACKSLASH && at + 1 < end ? at + 1 : at;
  return sameByte(pattern[literal], byte, ignoreCase) ? literal + 1 : -1;
}

/** As `matchOne`, for a class whose `[` stands just before `at`. */
function matchClass(pattern: Uint8Array, at: number, end: number, byte: number, ignoreCase: boolean): number {
  const negated = at < end && pattern[at] === CARET;
  let p = negated ? at + 1 : at;
  let found = false;
  while (p < end && pattern[p] !== CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      if (pattern[p + 1] === byte) found = true;
      p += 2;
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (inRange(pattern[p], pattern[p + 2], byte, ignoreCase)) found = true;
      p += 3;
    } else {
      if (sameByte(pattern[p], byte, ignoreCase)) found = true;
      p++;
    }
  }
  if (found === negated) return -1;
  return p < end ? p + 1 : end;
}

function inRange(a: number, b: number, byte: number, ignoreCase: boolean): boolean {
  const first = signed(a);
  const last = signed(b);
  const low = Math.min(first, last);
  const high = Math.max(first, last);
  if (!ignoreCase) return signed(byte) >= low && signed(byte) <= high;
  const folded = fold(signed(byte));
  return folded >= fold(low) && folded <= fold(high);
}

function sameByte(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && fold(a) === fold(b));
}

function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
