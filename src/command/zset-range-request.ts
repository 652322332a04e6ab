import type { Ptr } from "../memory/arena.ts";
import type { ZsetValues } from "../types/zset.ts";
import { LexRange, ScoreRange } from "../types/zset-range.ts";
import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";
import { readLexRange, readScoreRange } from "./member-ranges.ts";

export const BY_RANK = 0;
export const BY_SCORE = 1;
export const BY_LEX = 2;
type By = typeof BY_RANK | typeof BY_SCORE | typeof BY_LEX;

const LIMITED_RANKS = error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const LEX_WITH_SCORES = error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
const NO_LIMIT = -1;

/** What part of a sorted set ZRANGE and its relatives ask for. One object serves every request. */
export class ZsetRange {
  reverse = false;
  withScores = false;
  /** What `resolve` found: the rank of the first member in the order asked for, and how many there are. */
  from = 0;
  count = 0;

  private keyArg = 1;
  private by: By | undefined;
  private direction: boolean | undefined;
  private kind: By = BY_RANK;
  private first = 0;
  private last = 0;
  private offset = 0;
  private limit = NO_LIMIT;
  private readonly scores = new ScoreRange();
  private readonly members = new LexRange();

  /** Begins a request for the sorted set in key argument `keyArg`. `by` and `direction` (true: from the end) undefined: options may tell. */
  start(keyArg: number, by: By | undefined, direction: boolean | undefined): void {
    this.keyArg = keyArg;
    this.by = by;
    this.direction = direction;
  }

  /** Reads the bounds and the options behind the key; fails as Redis does. `scoresAllowed`: WITHSCORES is an option. */
  read(c: Call, scoresAllowed: boolean): void {
    this.withScores = false;
    this.offset = 0;
    this.limit = NO_LIMIT;
    for (let i = this.keyArg + 3; i < c.argc && !c.failed; ) i += this.readOption(c, i, scoresAllowed);
    this.kind = this.by ?? BY_RANK;
    this.reverse = this.direction ?? false;
    if (this.limit !== NO_LIMIT && this.kind === BY_RANK) c.fail(LIMITED_RANKS);
    if (this.withScores && this.kind === BY_LEX) c.fail(LEX_WITH_SCORES);
    if (!c.failed) this.readBounds(c);
  }

  /** Reads the option at argument i; returns how many arguments it has. */
  private readOption(c: Call, i: number, scoresAllowed: boolean): number {
    const { args } = c;
    if (scoresAllowed && args.is(i, "WITHSCORES")) {
      this.withScores = true;
    } else if (i + 2 < c.argc && args.is(i, "LIMIT")) {
      this.offset = c.integer(i + 1);
      if (!c.failed) this.limit = c.integer(i + 2);
      return 3;
    } else if (this.direction === undefined && args.is(i, "REV")) {
      this.direction = true;
    } else if (this.by === undefined && args.is(i, "BYLEX")) {
      this.by = BY_LEX;
    } else if (this.by === undefined && args.is(i, "BYSCORE")) {
      this.by = BY_SCORE;
    } else {
      c.fail(ERRORS.syntax);
    }
    return 1;
  }

  private readBounds(c: Call): void {
    const startArg = this.keyArg + 1;
    if (this.kind === BY_RANK) {
      this.first = c.integer(startArg);
      this.last = c.failed ? 0 : c.integer(startArg + 1);
      return;
    }
    const minArg = this.reverse ? startArg + 1 : startArg;
    const maxArg = this.reverse ? startArg : startArg + 1;
    if (this.kind === BY_SCORE) readScoreRange(c, minArg, maxArg, this.scores);
    else readLexRange(c, minArg, maxArg, this.members);
  }

  /** Finds the members: `from` and `count`. False when there are none. */
  resolve(zsets: ZsetValues, e: Ptr): boolean {
    if (this.kind === BY_RANK) return this.resolveRanks(zsets.length(e));
    const isFound =
      this.kind === BY_SCORE ? zsets.scoreRange(e, this.scores) : zsets.lexRange(e, this.members, this.reverse);
    if (!isFound || this.offset < 0) return false;
    const { first, last } = zsets;
    this.count = last - first + 1 - this.offset;
    if (this.limit >= 0) this.count = Math.min(this.count, this.limit);
    this.from = this.reverse ? last - this.offset : first + this.offset;
    return this.count > 0;
  }

  private resolveRanks(length: number): boolean {
    const first = Math.max(0, this.first < 0 ? length + this.first : this.first);
    const last = Math.min(length - 1, this.last < 0 ? length + this.last : this.last);
    this.count = last - first + 1;
    this.from = this.reverse ? length - 1 - first : first;
    return this.count > 0;
  }
}
