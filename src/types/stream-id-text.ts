import { parseUnsigned } from "../lib/integer.ts";
import type { StreamId } from "./stream-id.ts";

const NUL = 0;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const STAR = 42;
const ZERO = 48;
/** Numbers of so many digits are exact doubles. */
const SAFE_DIGITS = 15;
const WORD = 0x1_0000_0000;
/** Longer texts are no IDs, by Redis's rules. */
const ID_BYTES_MAX = 127;

/** What a text that should be an ID is. */
export const INVALID = 0;
export const COMPLETE = 1;
/** Milliseconds alone: the sequence number is the one that the caller gave. */
export const INCOMPLETE = 2;
/** "<ms>-*": the sequence number is to be made up; 0 meanwhile. */
export const OPEN = 3;

/** The two numbers of the last text that was parsed. */
let high = 0;
let low = 0;

/**
 * Reads "<ms>-<seq>" or "<ms>", which gets 0 as its sequence number or, with `lastOfMs`, the greatest. Returns what it was (INVALID,
 * COMPLETE, INCOMPLETE, OPEN); `id` is only changed when it was one. Numbers are read as Redis does, which takes what C's strtoull takes.
 */
export function parseId(buf: Uint8Array, start: number, len: number, lastOfMs: boolean, id: StreamId): number {
  if (len > ID_BYTES_MAX) return INVALID;
  const end = start + textLength(buf, start, len);
  const dash = dashOf(buf, start, end);
  if (!parseNumber(buf, start, dash)) return INVALID;
  const msHigh = high;
  const msLow = low;
  if (dash === end) {
    const seq = lastOfMs ? -1 : 0;
    id.setWords(msHigh, msLow, seq, seq);
    return INCOMPLETE;
  }
  if (end - dash === 2 && buf[dash + 1] === STAR) {
    id.setWords(msHigh, msLow, 0, 0);
    return OPEN;
  }
  if (!parseNumber(buf, dash + 1, end)) return INVALID;
  id.setWords(msHigh, msLow, high, low);
  return COMPLETE;
}

/** Whether the text is "-" or "+", the smallest and the greatest ID; `id` is set to it. */
export function parseExtreme(buf: Uint8Array, start: number, len: number, id: StreamId): boolean {
  if (len !== 1) return false;
  if (buf[start] === MINUS) id.setMin();
  else if (buf[start] === PLUS) id.setMax();
  else return false;
  return true;
}

/** Redis reads IDs as C's strings. */
function textLength(buf: Uint8Array, start: number, len: number): number {
  for (let i = 0; i < len; i++) if (buf[start + i] === NUL) return i;
  return len;
}

function dashOf(buf: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (buf[at] === MINUS) return at;
  return end;
}

/** Sets `high` and `low` to the number that the bytes spell. */
function parseNumber(buf: Uint8Array, start: number, end: number): boolean {
  const digits = end - start;
  if (digits === 0 || digits > SAFE_DIGITS) return parseLong(buf, start, end);
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return parseLong(buf, start, end);
    value = value * 10 + digit;
  }
  high = Math.floor(value / WORD) | 0;
  low = (value % WORD) | 0;
  return true;
}

function parseLong(buf: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (buf[at] === SPACE || (buf[at] >= 9 && buf[at] <= 13))) at++;
  const isPlainNegative = buf[at] === MINUS && at === start && buf[at + 1] !== ZERO;
  const value = isPlainNegative ? undefined : parseUnsigned(buf, at, end - at);
  if (value === undefined) return false;
  high = Number(value >> 32n) | 0;
  low = Number(value & 0xffff_ffffn) | 0;
  return true;
}
