import { splitArgs } from "../lib/split-args.ts";
import {
  REQUEST_ARGS_MAX,
  REQUEST_LINE_BYTES_MAX,
  UNAUTHENTICATED_ARGS_MAX,
  UNAUTHENTICATED_BULK_BYTES_MAX,
} from "../limits.ts";
import { type Args, argsOf } from "./args.ts";

/**
 * Parses requests in place: an argument is a (start, length) pair into the bytes received.
 *
 * Invariants
 * 1. `parse` goes on from `args.pos` with what `args` already holds; bytes before that are never looked at again, so a request that
 *    arrives in a thousand pieces is still parsed once.
 * 2. INCOMPLETE leaves `args` as it must be to go on when more bytes stand behind `end`; COMPLETE leaves `pos` after the request.
 * 3. A malformed request leaves its message in `error`; nothing after it on that connection means anything.
 */
export const INCOMPLETE = 0;
export const COMPLETE = 1;
export const MALFORMED = 2;
export type ParseResult = typeof INCOMPLETE | typeof COMPLETE | typeof MALFORMED;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const MINUS = 45;
/** What a length that is no number reads as. */
const BAD = -2;

export class Parser {
  /** The client's mistake, as Redis words it after "Protocol error: ". */
  error = "";
  /** The largest argument: proto-max-bulk-len. */
  bulkBytesMax = 512 * 1024 * 1024;

  /** Reads one request. A request without arguments (an empty line, `*0`) completes with `args.count` 0. */
  parse(args: Args, end: number, authenticated: boolean): ParseResult {
    if (args.remaining === 0) {
      if (args.pos >= end) return INCOMPLETE;
      if (args.buf[args.pos] !== STAR) return this.parseInline(args, end);
      const result = this.parseCount(args, end, authenticated);
      if (result !== COMPLETE || args.remaining === 0) return result;
    }
    return this.parseBulks(args, end, authenticated);
  }

  private parseCount(args: Args, end: number, authenticated: boolean): ParseResult {
    const { buf, pos } = args;
    // The common case by hand: `*`, one digit, CRLF.
    const digit = buf[pos + 1] - 48;
    if (pos + 4 <= end && digit > 0 && digit <= 9 && buf[pos + 2] === CR && buf[pos + 3] === LF) {
      args.pos = pos + 4;
      args.remaining = digit;
      return COMPLETE;
    }
    const eol = lineEnd(buf, pos, end);
    if (eol < 0) return this.unfinishedLine(args, end, "too big mbulk count string");
    const count = readInteger(buf, pos + 1, eol);
    if (count === BAD || count > REQUEST_ARGS_MAX) return this.fail("invalid multibulk length");
    if (count > UNAUTHENTICATED_ARGS_MAX && !authenticated) return this.fail("unauthenticated multibulk length");
    if (buf[eol + 1] !== LF) args.regular = false;
    args.pos = eol + 2;
    args.frameEnd = args.pos;
    args.remaining = Math.max(0, count);
    return COMPLETE;
  }

  private parseBulks(args: Args, end: number, authenticated: boolean): ParseResult {
    const { buf } = args;
    while (args.remaining > 0) {
      if (args.bulkBytes < 0) {
        const result = this.parseBulkHeader(args, end, authenticated);
        if (result !== COMPLETE) return result;
      }
      const start = args.pos;
      const len = args.bulkBytes;
      if (end - start < len + 2) return INCOMPLETE;
      args.push(start, len);
      if (buf[start + len] !== CR || buf[start + len + 1] !== LF) args.regular = false;
      args.pos = start + len + 2;
      args.bulkBytes = -1;
      args.remaining--;
    }
    args.frameEnd = args.pos;
    return COMPLETE;
  }

  private parseBulkHeader(args: Args, end: number, authenticated: boolean): ParseResult {
    const { buf, pos } = args;
    // The common case by hand: `$`, one or two digits, CRLF.
    if (pos + 5 <= end && buf[pos] === DOLLAR) {
      const a = buf[pos + 1] - 48;
      const b = buf[pos + 2] - 48;
      if (a >= 0 && a <= 9 && buf[pos + 2] === CR && buf[pos + 3] === LF) return this.startBulk(args, pos + 4, a);
      const crlf = buf[pos + 3] === CR && buf[pos + 4] === LF;
      if (crlf && a > 0 && a <= 9 && b >= 0 && b <= 9) return this.startBulk(args, pos + 5, a * 10 + b);
    }
    const eol = lineEnd(buf, pos, end);
    if (eol < 0) return this.unfinishedLine(args, end, "too big bulk count string");
    if (buf[pos] !== DOLLAR) return this.fail(`expected '$', got '${String.fromCharCode(buf[pos])}'`);
    const len = readInteger(buf, pos + 1, eol);
    if (len < 0 || len > this.bulkBytesMax) return this.fail("invalid bulk length");
    if (len > UNAUTHENTICATED_BULK_BYTES_MAX && !authenticated) return this.fail("unauthenticated bulk length");
    if (buf[eol + 1] !== LF) args.regular = false;
    return this.startBulk(args, eol + 2, len);
  }

  private startBulk(args: Args, pos: number, len: number): ParseResult {
    args.pos = pos;
    args.bulkBytes = len;
    return COMPLETE;
  }

  private parseInline(args: Args, end: number): ParseResult {
    const { buf, pos } = args;
    const lf = buf.indexOf(LF, pos);
    if (lf < 0 || lf >= end) return this.unfinishedLine(args, end, "too big inline request");
    const words = splitArgs(buf.subarray(pos, lf > pos && buf[lf - 1] === CR ? lf - 1 : lf));
    if (words === undefined) return this.fail("unbalanced quotes in request");
    args.pos = args.frameEnd = lf + 1;
    if (words.length > 0) adopt(args, argsOf(...words), lf + 1);
    return COMPLETE;
  }

  private unfinishedLine(args: Args, end: number, message: string): ParseResult {
    return end - args.pos > REQUEST_LINE_BYTES_MAX ? this.fail(message) : INCOMPLETE;
  }

  private fail(message: string): ParseResult {
    this.error = message;
    return MALFORMED;
  }
}

/** Gives `args` the words of an inline request in the form of a framed one; `next` is where the next request starts in the real input. */
function adopt(args: Args, words: Args, next: number): void {
  args.buf = words.buf;
  args.frameStart = 0;
  args.frameEnd = words.frameEnd;
  for (let i = 0; i < words.count; i++) args.push(words.start[i], words.len[i]);
  args.pos = next;
}

/** Index of the CR that ends the line, once the byte after it is there too; -1 otherwise. As in Redis that byte is not looked at. */
function lineEnd(buf: Uint8Array, pos: number, end: number): number {
  for (let i = pos; i < end - 1; i++) if (buf[i] === CR) return i;
  return -1;
}

/** A decimal integer as strictly as Redis reads it: no spaces, plus sign or leading zeros. BAD when it is none. */
function readInteger(buf: Uint8Array, pos: number, end: number): number {
  const negative = buf[pos] === MINUS;
  let i = negative ? pos + 1 : pos;
  const digits = end - i;
  if (digits < 1 || digits > 15) return BAD;
  if (buf[i] === 48) return digits === 1 && !negative ? 0 : BAD;
  let value = 0;
  for (; i < end; i++) {
    const d = buf[i] - 48;
    if (d < 0 || d > 9) return BAD;
    value = value * 10 + d;
  }
  return negative ? -1 : value;
}
