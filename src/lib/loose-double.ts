import { latin1 } from "./bytes.ts";
import { parseDouble } from "./float.ts";
import { roundNumeral, scanNumeral } from "./numeral.ts";

const DOUBLE_BITS = 53;
const DOUBLE_EXPONENT_MIN = -1074;

/**
 * The double that the bytes spell by the rules of C's strtod alone, as Redis reads the bounds of ranges: space in front is skipped, the text
 * ends at a NUL, an empty text is 0, and what is too large or too small becomes an infinity or 0. NaN when there is no such number.
 */
export function parseLooseDouble(buf: Uint8Array, start: number, len: number): number {
  return parseDouble(buf, start, len) ?? parseText(latin1(buf, start, len));
}

function parseText(whole: string): number {
  const nul = whole.indexOf("\0");
  const text = nul < 0 ? whole : whole.slice(0, nul);
  if (text === "") return 0;
  const numeral = scanNumeral(text.replace(/^[ \t\n\v\f\r]+/, ""));
  if (numeral === undefined || numeral.kind === "nan") return Number.NaN;
  const sign = numeral.negative ? -1 : 1;
  if (numeral.kind === "tooSmall") return sign * 0;
  if (numeral.kind !== "finite") return sign * Number.POSITIVE_INFINITY;
  if (numeral.digits === "") return sign * 0;
  if (numeral.radix === 10) return Number(text);
  const { mantissa, exponent } = roundNumeral(numeral, DOUBLE_BITS, DOUBLE_EXPONENT_MIN);
  // 2^exponent itself may be out of range, so it is applied in two exact steps.
  const half = exponent >> 1;
  return sign * Number(mantissa) * 2 ** half * 2 ** (exponent - half);
}
