import { parseInteger } from "../lib/integer.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";
import { stringBytesMax } from "./string-values.ts";

const HASH = 35;

/** Argument i as the position of a bit in a string; fails when no string may be so long. */
export function readBitOffset(c: Call, i: number): number {
  return checked(c, c.integer(i, ERRORS.bitOffset));
}

/** The same, but `#n` means the n-th field of `width` bits. */
export function readFieldOffset(c: Call, i: number, width: number): number {
  const { buf, start, len } = c.args;
  if (len[i] === 0 || buf[start[i]] !== HASH) return readBitOffset(c, i);
  return checked(c, parseInteger(buf, start[i] + 1, len[i] - 1) * width);
}

function checked(c: Call, offset: number): number {
  if (!(offset >= 0 && offset < stringBytesMax(c) * 8)) c.fail(ERRORS.bitOffset);
  return offset;
}
