import type { Ptr } from "../memory/arena.ts";
import type { EncodedReply, Reply } from "../resp/reply.ts";
import { StreamId } from "../types/stream-id.ts";
import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";
import { idArg, isReplayed, replyId } from "./stream-key.ts";
import {
  DELETE_REFERENCES,
  isReferenced,
  KEEP_REFERENCES,
  ONLY_ACKNOWLEDGED,
  readReferences,
} from "./stream-references.ts";

const TWO_STRATEGIES = error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
const NEGATIVE_LENGTH = error("ERR The MAXLEN argument must be >= 0.");
const NEGATIVE_LIMIT = error("ERR The LIMIT argument must be >= 0.");
const LIMIT_ALONE = error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
const LIMIT_EXACT = error("ERR syntax error, LIMIT cannot be used without the special ~ option");
const APPROXIMATELY = 126;
const EXACTLY = 61;
/** The default limit: so many leaves, and its bounds. */
const LEAVES_MAX = 100;
const DEFAULT_LIMIT = 10_000;
const LIMIT_MAX = 1_000_000;

/** How a stream is to be shortened: what XADD and XTRIM are told. One object is used for every command in turn. */
export class TrimOptions {
  /** None was asked for. */
  isAbsent = true;
  approximate = false;
  /** References of groups to what is trimmed; see stream-references.ts. */
  references = KEEP_REFERENCES;
  private maxLength = -1;
  private limit = 0;
  private hasLimit = false;
  private hasReferences = false;
  private readonly minId = new StreamId();
  private readonly first = new StreamId();

  reset(): void {
    this.isAbsent = true;
    this.approximate = false;
    this.references = KEEP_REFERENCES;
    this.maxLength = -1;
    this.limit = 0;
    this.hasLimit = false;
    this.hasReferences = false;
  }

  /** Reads the option at argument i; returns the argument after it, or i when it is none of these. May fail. */
  read(c: Call, i: number): number {
    const { args } = c;
    const hasMore = i + 1 < c.argc;
    if (hasMore && args.is(i, "MAXLEN")) return this.readThreshold(c, i, true);
    if (hasMore && args.is(i, "MINID")) return this.readThreshold(c, i, false);
    if (hasMore && args.is(i, "LIMIT")) {
      this.limit = c.integer(i + 1);
      this.hasLimit = true;
      if (this.limit < 0) c.fail(NEGATIVE_LIMIT);
      return i + 2;
    }
    const references = readReferences(c, i);
    if (references === undefined) return i;
    if (this.hasReferences) c.fail(ERRORS.syntax);
    this.references = references;
    this.hasReferences = true;
    return i + 1;
  }

  private readThreshold(c: Call, i: number, isLength: boolean): number {
    const { buf, start, len } = c.args;
    if (!this.isAbsent) c.fail(TWO_STRATEGIES);
    const operator = len[i + 1] === 1 ? buf[start[i + 1]] : 0;
    const hasOperator = i + 2 < c.argc && (operator === APPROXIMATELY || operator === EXACTLY);
    const at = hasOperator ? i + 2 : i + 1;
    this.isAbsent = false;
    this.approximate = hasOperator && operator === APPROXIMATELY;
    this.maxLength = -1;
    if (isLength) {
      this.maxLength = c.integer(at);
      if (this.maxLength < 0) c.fail(NEGATIVE_LENGTH);
    } else {
      idArg(c, at, this.minId);
    }
    return at + 1;
  }

  /** Checks the options against each other, once all are read. `absent`: what to say when there is none, if that is an error. */
  check(c: Call, absent?: EncodedReply): void {
    if (this.limit > 0 && this.isAbsent) c.fail(LIMIT_ALONE);
    if (absent !== undefined && this.isAbsent) c.fail(absent);
    if (isReplayed(c)) this.limit = this.approximate ? this.limit : 0;
    else if (this.hasLimit && !this.approximate) c.fail(LIMIT_EXACT);
    else if (!this.hasLimit && this.approximate) this.limit = defaultLimit(c.keyspace.streams.entries.maxEntries);
  }

  /** Trims the stream; returns the number of entries deleted. */
  trim(c: Call, h: Ptr): number {
    const { streams } = c.keyspace;
    const { maxLength, approximate, limit, references } = this;
    const minId = maxLength < 0 ? this.minId : undefined;
    if (!this.asksGroups(c, h)) {
      return streams.trim(h, maxLength, minId, approximate, limit);
    }
    return streams.trimSome(h, maxLength, minId, approximate, limit, (id) => {
      if (references === ONLY_ACKNOWLEDGED) return !isReferenced(streams.groups, h, id);
      streams.groups.forgetEverywhere(h, id);
      return true;
    });
  }

  /** Number of arguments that `writeExact` writes. */
  exactCount(c: Call, h: Ptr): number {
    if (this.isAbsent) return 0;
    if (!this.asksGroups(c, h)) return 3;
    return this.approximate ? 6 : 4;
  }

  /** Whether the references of groups matter. */
  private asksGroups(c: Call, h: Ptr): boolean {
    return this.references !== KEEP_REFERENCES && c.keyspace.streams.groups.count(h) > 0;
  }

  /**
   * Writes options with which the trimming that was just done gives the same result everywhere, whatever the settings: the length or the first
   * ID that it left. What depends on groups can only be done again.
   */
  writeExact(c: Call, h: Ptr, out: Reply): void {
    if (this.isAbsent) return;
    const { streams } = c.keyspace;
    const isLength = this.maxLength >= 0;
    const again = this.asksGroups(c, h);
    out.bulkText(isLength ? "MAXLEN" : "MINID");
    out.bulkText(again && this.approximate ? "~" : "=");
    if (!again && !isLength && streams.size(h) > 0) streams.firstId(h, this.first);
    else this.first.set(this.minId);
    if (isLength) out.bulkInteger(again ? this.maxLength : streams.size(h));
    else replyId(out, this.first);
    if (!again) return;
    if (this.approximate) {
      out.bulkText("LIMIT");
      out.bulkInteger(this.limit);
    }
    out.bulkText(this.references === DELETE_REFERENCES ? "DELREF" : "ACKED");
  }
}

function defaultLimit(maxEntries: number): number {
  const limit = LEAVES_MAX * maxEntries;
  return limit <= 0 ? DEFAULT_LIMIT : Math.min(limit, LIMIT_MAX);
}
