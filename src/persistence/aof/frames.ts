import type { Args } from "../../resp/args.ts";

/** What the parser leaves unchecked in requests of clients, because Redis does, is checked in files: there it is a sign of damage. */

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/** Whether all line breaks of the request parsed so far are line breaks. */
export function isRegular(args: Args): boolean {
  const { buf, start, len, count } = args;
  for (let i = 0; i < count; i++) {
    const end = start[i] + len[i];
    if (buf[start[i] - 1] !== LF || buf[end] !== CR || buf[end + 1] !== LF) return false;
  }
  let eol = args.frameStart;
  while (buf[eol] !== CR) eol++;
  return buf[eol + 1] === LF;
}

/** Whether a request that the parser found incomplete at `end` is the beginning of a regular one: what a torn write leaves. */
export function isBeginning(args: Args, end: number): boolean {
  const { buf, pos, bulkBytes } = args;
  if (args.count > 0 && !isRegular(args)) return false;
  if (bulkBytes < 0) return isHeaderBeginning(args, end);
  const bulkEnd = pos + bulkBytes;
  return buf[pos - 1] === LF && (end <= bulkEnd || buf[bulkEnd] === CR);
}

function isHeaderBeginning(args: Args, end: number): boolean {
  const { buf, pos } = args;
  if (pos >= end) return true;
  if (buf[pos] !== (args.remaining === 0 ? STAR : DOLLAR)) return false;
  let i = pos + 1;
  while (i < end && buf[i] >= 48 && buf[i] <= 57) i++;
  return i === end || (buf[i] === CR && i + 1 === end);
}
