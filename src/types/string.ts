import { isCanonicalInteger } from "../lib/integer.ts";
import { EMBSTR, INT, kind, RAW, STRING } from "./kinds.ts";

/**
 * Strings are always kept as their bytes, integers too: text of a counter is no larger than its 8 binary bytes in most cases and needs no
 * conversion to be read. The encoding only tells which of Redis's representations the value would have.
 */
export const EMBSTR_BYTES_MAX = 44;
const INT_BYTES_MAX = 20;

export const RAW_STRING = kind(STRING, RAW);
export const INT_STRING = kind(STRING, INT);
export const EMBSTR_STRING = kind(STRING, EMBSTR);

/** Type and encoding of a value that SET and its like store. */
export function stringKind(buf: Uint8Array, start: number, len: number): number {
  if (len <= INT_BYTES_MAX && isCanonicalInteger(buf, start, len)) return INT_STRING;
  return len <= EMBSTR_BYTES_MAX ? EMBSTR_STRING : RAW_STRING;
}

/** Encoding of a value that is stored as text even if it looks like a number. */
export function textEncoding(len: number): number {
  return len <= EMBSTR_BYTES_MAX ? EMBSTR : RAW;
}
