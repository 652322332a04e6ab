import { globMatch } from "../lib/glob.ts";
import { parseUnsigned } from "../lib/integer.ts";
import { Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

const STAR = 42;
const COUNT_DEFAULT = 10;
/** How many empty pages in a row a walk may meet for each element that it was asked for, before the client gets its turn. */
const STEPS_PER_ELEMENT = 10;

/** What is scanned: keys may be chosen by type, and a hash may be shown without its values. */
export type Scanned = "keys" | "fields" | "elements";

/** The options of SCAN and its like, as the client wrote them. */
export class ScanOptions {
  /** About how many elements are wanted. */
  count = COUNT_DEFAULT;
  /** TYPE's argument in lower case. */
  typeName: string | undefined;
  noValues = false;
  private pattern: Uint8Array | undefined;
  private patternStart = 0;
  private patternLen = 0;

  /** Reads `[MATCH pattern] [COUNT count] [TYPE type] [NOVALUES]` from argument `first` on; fails as Redis does. */
  constructor(c: Call, first: number, scanned: Scanned) {
    for (let i = first; i < c.argc && !c.failed; ) i += this.read(c, i, scanned);
  }

  /** Reads the option at argument i; returns how many arguments it has. */
  private read(c: Call, i: number, scanned: Scanned): number {
    const { args } = c;
    const hasValue = i + 1 < c.argc;
    if (hasValue && args.is(i, "COUNT")) {
      this.count = c.integer(i + 1);
      if (this.count < 1) c.fail(ERRORS.syntax);
      return 2;
    }
    if (hasValue && args.is(i, "MATCH")) {
      this.readPattern(args.buf, args.start[i + 1], args.len[i + 1]);
      return 2;
    }
    if (hasValue && scanned === "keys" && args.is(i, "TYPE")) {
      this.typeName = args.text(i + 1).toLowerCase();
      return 2;
    }
    if (!args.is(i, "NOVALUES")) c.fail(ERRORS.syntax);
    else if (scanned !== "fields") c.failText("ERR NOVALUES option can only be used in HSCAN");
    this.noValues = true;
    return 1;
  }

  private readPattern(buf: Uint8Array, start: number, len: number): void {
    const matchesAll = len === 1 && buf[start] === STAR;
    this.pattern = matchesAll ? undefined : buf;
    this.patternStart = start;
    this.patternLen = len;
  }

  matches(buf: Uint8Array, start: number, len: number): boolean {
    const { pattern } = this;
    return pattern === undefined || globMatch(pattern, this.patternStart, this.patternLen, buf, start, len, false);
  }

  /**
   * Walks until about `count` elements were seen, or a number of steps that is in proportion. `step` takes a cursor and returns the
   * next one; `seen` tells how many elements were shown so far.
   */
  walk(cursor: number, step: (cursor: number) => number, seen: () => number): number {
    let next = cursor;
    let steps = this.count * STEPS_PER_ELEMENT;
    do next = step(next);
    while (next !== 0 && --steps > 0 && seen() < this.count);
    return next;
  }
}

/** Argument i as a cursor; fails when it is none. Its upper half is of no use to tables of fewer than 2^32 buckets. */
export function readCursor(c: Call, i: number): number {
  const { buf, start, len } = c.args;
  if (len[i] === 0) return 0;
  const cursor = parseUnsigned(buf, start[i], len[i]);
  if (cursor === undefined) c.fail(ERRORS.invalidCursor);
  return Number(BigInt.asUintN(32, cursor ?? 0n));
}

/** Gathers what one call of SCAN or its like returns, while the cursor that goes before it is not known. */
export class ScanPage {
  private readonly elements = new Reply(1024);
  private count = 0;

  add(buf: Uint8Array, start: number, len: number): void {
    this.elements.bulk(buf, start, len);
    this.count++;
  }

  send(c: Call, cursor: number): void {
    c.reply.array(2);
    c.reply.bulkText(String(cursor));
    c.reply.array(this.count);
    c.reply.raw(this.elements.buf, 0, this.elements.at);
  }
}
