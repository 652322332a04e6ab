import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";

const NO_GROUP = error("ERR Missing GROUP option for XREADGROUP");
const UNBALANCED = error("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
const NOT_FOR_XREAD = (option: string) =>
  error(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
const GROUP_IN_XREAD = NOT_FOR_XREAD("GROUP");
const NOACK_IN_XREAD = NOT_FOR_XREAD("NOACK");
const CLAIM_IN_XREAD = NOT_FOR_XREAD("CLAIM");
const INVALID_CLAIM = error("ERR min-idle-time is not an integer or out of range");
const NEGATIVE_CLAIM = error("ERR min-idle-time must be a positive integer");
const UNLIMITED = Number.POSITIVE_INFINITY;

/** What XREAD and XREADGROUP are told. One object is used for every command in turn. */
export class ReadOptions {
  /** Entries of each stream. */
  count = UNLIMITED;
  /** Entries, and bytes of their fields and values, of all streams together. */
  maxCount = UNLIMITED;
  maxBytes = UNLIMITED;
  /** ms to wait when there is nothing; 0: for ever; -1: not at all. */
  blockMs = -1;
  /** Arguments of the first key, and the number of keys; as many IDs follow them. */
  firstKey = 0;
  keyCount = 0;
  /** Argument of the group, the consumer's follows; 0 for XREAD. */
  groupArg = 0;
  noAck = false;
  /** Entries that are pending for so many ms are taken over; -1: none. */
  claimMs = -1;

  read(c: Call, isGroup: boolean): void {
    this.count = UNLIMITED;
    this.maxCount = UNLIMITED;
    this.maxBytes = UNLIMITED;
    this.blockMs = -1;
    this.firstKey = 0;
    this.groupArg = 0;
    this.noAck = false;
    this.claimMs = -1;
    for (let i = 1; i < c.argc && this.firstKey === 0 && !c.failed; ) i = this.readOption(c, i, isGroup);
    if (this.firstKey === 0) c.fail(ERRORS.syntax);
    if (isGroup && this.groupArg === 0) c.fail(NO_GROUP);
  }

  /** Reads the option at argument i; returns the argument after it. */
  private readOption(c: Call, i: number, isGroup: boolean): number {
    const { args } = c;
    const left = c.argc - i - 1;
    if (args.is(i, "NOACK")) {
      if (!isGroup) c.fail(NOACK_IN_XREAD);
      this.noAck = true;
      return i + 1;
    }
    if (left >= 1 && args.is(i, "STREAMS")) return this.readStreams(c, i + 1);
    if (left >= 2 && args.is(i, "GROUP")) {
      if (!isGroup) c.fail(GROUP_IN_XREAD);
      this.groupArg = i + 1;
      return i + 3;
    }
    if (left >= 1) return this.readNumber(c, i, isGroup);
    c.fail(ERRORS.syntax);
    return i;
  }

  private readNumber(c: Call, i: number, isGroup: boolean): number {
    const { args } = c;
    if (args.is(i, "BLOCK")) {
      if (c.server.scripting.running !== undefined) {
        c.failText(`ERR ${args.quoted(0)} command is not allowed with BLOCK option from scripts`);
      }
      this.blockMs = c.timeoutWholeMs(i + 1);
    } else if (args.is(i, "COUNT")) {
      const count = c.integer(i + 1);
      this.count = count > 0 ? count : UNLIMITED;
    } else if (args.is(i, "MAXCOUNT")) {
      this.maxCount = c.integerBetween(i + 1, 1, UNLIMITED, ERRORS.mustBePositive);
    } else if (args.is(i, "MAXSIZE")) {
      this.maxBytes = c.integerBetween(i + 1, 1, UNLIMITED, ERRORS.mustBePositive);
    } else if (args.is(i, "CLAIM")) {
      if (!isGroup) c.fail(CLAIM_IN_XREAD);
      this.claimMs = c.integer(i + 1, INVALID_CLAIM);
      if (this.claimMs < 0) c.fail(NEGATIVE_CLAIM);
    } else {
      c.fail(ERRORS.syntax);
    }
    return i + 2;
  }

  private readStreams(c: Call, first: number): number {
    const count = c.argc - first;
    if (count % 2 !== 0) c.fail(UNBALANCED);
    this.firstKey = first;
    this.keyCount = count / 2;
    return c.argc;
  }
}
