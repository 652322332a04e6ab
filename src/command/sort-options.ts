import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";
import { SortPattern } from "./sort-pattern.ts";

/** The options of SORT and SORT_RO, as the client wrote them. */
export class SortOptions {
  descending = false;
  /** By bytes, else by numbers. */
  alphabetic = false;
  offset = 0;
  /** Negative: all. */
  count = -1;
  /** What decides the order; undefined: the elements themselves. */
  by: SortPattern | undefined;
  /** A BY had no star: no order is wanted but the present one. */
  keepsOrder = false;
  /** What is wanted of each element; none: the element. */
  readonly gets: SortPattern[] = [];
  /** The argument with the key for the result; 0: none. */
  storeArg = 0;

  /** Reads the options from argument 2 on; fails as Redis does. */
  constructor(c: Call, mayStore: boolean) {
    for (let i = 2; i < c.argc && !c.failed; ) i += this.read(c, i, mayStore);
  }

  /** Orders by the elements' bytes, whatever was asked for: a set's own order is not the same everywhere. */
  orderByBytes(): void {
    this.keepsOrder = false;
    this.by = undefined;
    this.alphabetic = true;
  }

  /** Reads the option at argument i; returns how many arguments it has. */
  private read(c: Call, i: number, mayStore: boolean): number {
    const { args } = c;
    const values = c.argc - i - 1;
    if (args.is(i, "ASC")) this.descending = false;
    else if (args.is(i, "DESC")) this.descending = true;
    else if (args.is(i, "ALPHA")) this.alphabetic = true;
    else if (values < 1) c.fail(ERRORS.syntax);
    else return this.readValued(c, i, mayStore);
    return 1;
  }

  private readValued(c: Call, i: number, mayStore: boolean): number {
    const { args } = c;
    if (args.is(i, "LIMIT") && i + 2 < c.argc) {
      this.offset = c.integer(i + 1);
      this.count = c.integer(i + 2);
      return 3;
    }
    if (mayStore && args.is(i, "STORE")) this.storeArg = i + 1;
    else if (args.is(i, "BY")) this.readBy(new SortPattern(c, i + 1));
    else if (args.is(i, "GET")) this.gets.push(new SortPattern(c, i + 1));
    else c.fail(ERRORS.syntax);
    return 2;
  }

  private readBy(pattern: SortPattern): void {
    this.by = pattern;
    if (!pattern.hasStar) this.keepsOrder = true;
  }
}
