import { parseDouble } from "./float.ts";

const SPACE = 32;
const NORMAL_MIN = 2.2250738585072014e-308;

/**
 * The number that SORT takes the bytes for, by the rules of C's strtod on a text that ends at the first NUL: leading white space is
 * skipped, and an empty text is 0. Undefined when there is more than a number, or one that a double does not hold well.
 */
export function parseSortNumber(buf: Uint8Array, start: number, len: number): number | undefined {
  const value = parseDouble(buf, start, len);
  if (value !== undefined) return isSubnormal(value) ? undefined : value;
  const end = textEnd(buf, start, start + len);
  if (end === start) return 0;
  let at = start;
  while (at < end && isSpace(buf[at])) at++;
  if (at === start && end === start + len) return undefined;
  const trimmed = parseDouble(buf, at, end - at);
  return trimmed === undefined || isSubnormal(trimmed) ? undefined : trimmed;
}

/** strtod reports these as out of range. */
function isSubnormal(value: number): boolean {
  return value !== 0 && Math.abs(value) < NORMAL_MIN;
}

function textEnd(buf: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (buf[i] === 0) return i;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13);
}
