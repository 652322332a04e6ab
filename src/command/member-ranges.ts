import { parseLooseDouble } from "../lib/loose-double.ts";
import type { LexBound, LexRange, ScoreRange } from "../types/zset-range.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";

const NOT_SCORES = error("ERR min or max is not a float");
const NOT_MEMBERS = error("ERR min or max not valid string range item");
const OPEN = 40;
const CLOSED = 91;
const PLUS = 43;
const MINUS = 45;

/** Reads a range of scores from two arguments: numbers, "(" in front of one that is left out itself. Fails as Redis does. */
export function readScoreRange(c: Call, minArg: number, maxArg: number, range: ScoreRange): void {
  const { buf, start, len } = c.args;
  range.minExclusive = isOpen(buf, start[minArg], len[minArg]);
  range.maxExclusive = isOpen(buf, start[maxArg], len[maxArg]);
  range.min = readBound(c, minArg, range.minExclusive ? 1 : 0);
  range.max = readBound(c, maxArg, range.maxExclusive ? 1 : 0);
}

function isOpen(buf: Uint8Array, start: number, len: number): boolean {
  return len > 0 && buf[start] === OPEN;
}

function readBound(c: Call, i: number, skipped: number): number {
  const { buf, start, len } = c.args;
  const value = parseLooseDouble(buf, start[i] + skipped, len[i] - skipped);
  if (Number.isNaN(value)) c.fail(NOT_SCORES);
  return value;
}

/** Reads a range of members: "[" or "(" and the bytes of one, "-" or "+". Fails as Redis does. */
export function readLexRange(c: Call, minArg: number, maxArg: number, range: LexRange): void {
  readLexBound(c, minArg, range.min);
  readLexBound(c, maxArg, range.max);
}

function readLexBound(c: Call, i: number, bound: LexBound): void {
  const { buf } = c.args;
  const start = c.args.start[i];
  const len = c.args.len[i];
  const first = len > 0 ? buf[start] : 0;
  const isAlone = len === 1 || buf[start + 1] === 0;
  if (first === OPEN || first === CLOSED) bound.set(buf, start + 1, len - 1, first === OPEN);
  else if (first === PLUS && isAlone) bound.setInfinity(1);
  else if (first === MINUS && isAlone) bound.setInfinity(-1);
  else c.fail(NOT_MEMBERS);
}
