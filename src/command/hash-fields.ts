import { parseBigInteger, parseInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import type { EncodedReply, Reply } from "../resp/reply.ts";
import { NO_DEADLINE, NO_FIELD } from "../types/hash-deadlines.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";

/** Fields that end later are refused, as in Redis. */
const DEADLINE_MS_MAX = 2 ** 46 - 1;
const NO_FIELDS = error("ERR Mandatory argument FIELDS is missing or not at the right position");
const MISMATCH = error("ERR The `numfields` parameter must match the number of arguments");
const NEGATIVE = error("ERR invalid expire time, must be >= 0");
/** What most commands say of a number of fields that is none. */
export const NOT_POSITIVE = error("ERR Number of fields must be a positive integer");

/**
 * Reads "FIELDS numfields field..." from argument i to the last. Returns the first field's argument; fails when that is not what stands
 * there, with `badCount` for a number that is none or not positive.
 */
export function readFields(c: Call, i: number, badCount: EncodedReply): number {
  const { args } = c;
  if (i >= args.count || !args.is(i, "FIELDS")) c.fail(NO_FIELDS);
  else if (i + 1 >= args.count) c.failArity();
  else {
    const count = parseInteger(args.buf, args.start[i + 1], args.len[i + 1]);
    if (!(count > 0) || isTooLarge(args, i + 1)) c.fail(badCount);
    else if (count !== args.count - i - 2) c.fail(MISMATCH);
  }
  return i + 2;
}

function isTooLarge({ buf, start, len }: Args, i: number): boolean {
  return parseBigInteger(buf, start[i], len[i]) === undefined;
}

/** Argument i as the time at which fields end, Unix ms: `unitMs` 1 or 1000, counted from now if `relative`. Fails as Redis does. */
export function readFieldDeadline(c: Call, i: number, unitMs: number, relative: boolean): number {
  const value = c.integer(i);
  if (c.failed) return 0;
  if (value < 0) c.fail(NEGATIVE);
  const deadlineMs = value * unitMs + (relative ? c.nowMs : 0);
  if (deadlineMs > DEADLINE_MS_MAX) c.failText(`ERR invalid expire time in '${c.entry.fullName}' command`);
  return deadlineMs;
}

/** The deadline of field argument i; NO_FIELD also where there is no hash. */
export function deadlineOf(c: Call, e: Ptr, i: number): number {
  if (e === NULL) return NO_FIELD;
  return c.keyspace.hashes.deadline(e, c.args.buf, c.args.start[i], c.args.len[i]);
}

/** Takes the deadline of field argument i away. */
export function persistField(c: Call, e: Ptr, i: number): void {
  const { buf, start, len } = c.args;
  c.keyspace.hashes.setDeadline(e, buf, start[i], len[i], NO_DEADLINE);
}

/** Tells of field arguments of key 1 that were given a deadline. */
export function fieldsTimed(c: Call, e: Ptr, indexes: readonly number[], deadlineMs: number): void {
  if (indexes.length === 0) return;
  c.db.hasten(e, deadlineMs);
  c.changes += indexes.length - 1;
  c.changed(1, EVENTS.hash, "hexpire");
  const out = c.effect(5 + indexes.length);
  out.bulkText("HPEXPIREAT");
  c.effectArg(1);
  out.bulkInteger(deadlineMs);
  effectFields(c, out, indexes);
}

/** Tells of field arguments of key 1 whose deadlines were taken away. */
export function fieldsPersisted(c: Call, e: Ptr, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  c.db.retime(e);
  c.changes += indexes.length - 1;
  c.changed(1, EVENTS.hash, "hpersist");
  const out = c.effect(4 + indexes.length);
  out.bulkText("HPERSIST");
  c.effectArg(1);
  effectFields(c, out, indexes);
}

/** Writes field arguments, their number first, as the end of an effect. */
function effectFields(c: Call, out: Reply, indexes: readonly number[]): void {
  out.bulkText("FIELDS");
  out.bulkInteger(indexes.length);
  for (const i of indexes) c.effectArg(i);
}

/** Tells of field arguments of key 1 that were deleted; without fields the key goes, too. */
export function fieldsDeleted(c: Call, e: Ptr, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  c.changes += indexes.length - 1;
  c.changed(1, EVENTS.hash, "hdel");
  c.effect(2 + indexes.length).bulkText("HDEL");
  c.effectArg(1);
  for (const i of indexes) c.effectArg(i);
  if (c.keyspace.hashes.length(e) === 0) c.deleteEmptied(1, e);
}
