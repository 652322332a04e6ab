import { INT64_MAX, parseBigInteger } from "../lib/integer.ts";
import type { Args } from "../resp/args.ts";
import type { Call } from "./call.ts";

/** What an option says of a key's deadline; one bit each, so that a command can name those it takes. */
export const EX = 1;
export const PX = 2;
export const EXAT = 4;
export const PXAT = 8;
export const KEEPTTL = 16;
export const PERSIST = 32;
/** Those that are followed by a time. */
export const TIMES = EX | PX | EXAT | PXAT;

/** Deadlines are doubles: the last one they hold exactly, in the year 287396, stands for all that Redis allows beyond it. */
const DEADLINE_MS_MAX = Number.MAX_SAFE_INTEGER;

/** The deadline option of one request: EX, PX, EXAT, PXAT, KEEPTTL or PERSIST. Options are taken first, the time is read later. */
export class ExpiryOption {
  /** The option's bit; 0 when there is none. */
  kind = 0;
  /** Index of the argument with the time. */
  timeArg = 0;

  reset(): void {
    this.kind = 0;
    this.timeArg = 0;
  }

  /** Whether the time counts from now. */
  get isRelative(): boolean {
    return (this.kind & (EX | PX)) !== 0;
  }

  /**
   * Takes the option at argument i if it is one of `allowed` and the same as any taken before: of two the last one counts. Returns how
   * many arguments it has, 0 if it was not taken.
   */
  take(args: Args, i: number, allowed: number): number {
    const kind = kindAt(args, i) & allowed;
    if (kind === 0 || (this.kind !== 0 && this.kind !== kind)) return 0;
    if ((kind & TIMES) === 0) {
      this.kind = kind;
      return 1;
    }
    if (i + 1 >= args.count) return 0;
    this.kind = kind;
    this.timeArg = i + 1;
    return 2;
  }

  /** The deadline that the option sets, Unix ms; 0 when it sets none. Fails as `readDeadline`. */
  deadline(c: Call): number {
    if ((this.kind & TIMES) === 0) return 0;
    return readDeadline(c, this.timeArg, this.kind & (EX | EXAT) ? 1000 : 1, this.isRelative);
  }
}

/**
 * Argument i as a deadline, Unix ms: `unitMs` 1 or 1000, counted from now if `relative`. Fails when it is no integer, not positive, or
 * when the sum in ms does not fit 64 bits.
 */
export function readDeadline(c: Call, i: number, unitMs: number, relative: boolean): number {
  const value = c.integer(i);
  if (c.failed) return 0;
  const baseMs = relative ? c.nowMs : 0;
  if (value > 0 && (Number.isFinite(value) || fitsInt64(c.args, i, unitMs, baseMs))) {
    return Math.min(value * unitMs + baseMs, DEADLINE_MS_MAX);
  }
  c.failText(`ERR invalid expire time in '${c.entry.fullName}' command`);
  return 0;
}

function fitsInt64(args: Args, i: number, unitMs: number, baseMs: number): boolean {
  const value = parseBigInteger(args.buf, args.start[i], args.len[i])!;
  return value * BigInt(unitMs) + BigInt(baseMs) <= INT64_MAX;
}

/** The option at argument i, 0 if it is none. */
export function kindAt(args: Args, i: number): number {
  switch (args.len[i]) {
    case 2:
      return args.is(i, "EX") ? EX : args.is(i, "PX") ? PX : 0;
    case 4:
      return args.is(i, "EXAT") ? EXAT : args.is(i, "PXAT") ? PXAT : 0;
    case 7:
      return args.is(i, "KEEPTTL") ? KEEPTTL : args.is(i, "PERSIST") ? PERSIST : 0;
    default:
      return 0;
  }
}
