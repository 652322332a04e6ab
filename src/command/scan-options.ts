import { globMatch } from "../lib/glob.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

const STAR = 42;
const COUNT_DEFAULT = 10;

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
}
