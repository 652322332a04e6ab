import { NULL, type Ptr } from "../memory/arena.ts";
import { NO_DEADLINE } from "../types/hash-deadlines.ts";
import type { Call } from "./call.ts";

/** Makes a hash of key argument 1, which was looked up last and is not there, with field argument `fieldArg` and these bytes as its value. */
export function createHash(c: Call, fieldArg: number, buf: Uint8Array, start: number, len: number): Ptr {
  const { args } = c;
  const { hashes } = c.keyspace;
  const kind = hashes.create(args.buf, args.start[fieldArg], args.len[fieldArg], buf, start, len);
  const { root, rootBytes } = hashes;
  return c.db.putReference(NULL, args.buf, args.start[1], args.len[1], c.keyHash, kind, root, rootBytes, 0);
}

/**
 * Gives field argument `fieldArg` of the hash in key 1 (`e`, NULL if there is none yet; looked up last) these bytes as its value. A deadline
 * that the field has stays.
 */
export function setField(c: Call, e: Ptr, fieldArg: number, buf: Uint8Array, start: number, len: number): void {
  const { args } = c;
  if (e === NULL) createHash(c, fieldArg, buf, start, len);
  else c.keyspace.hashes.update(e, args.buf, args.start[fieldArg], args.len[fieldArg], buf, start, len);
}

/** Reads field argument `fieldArg` of the hash `e` into `c.span`. False when there is no such field, or no hash (NULL). */
export function getField(c: Call, e: Ptr, fieldArg: number): boolean {
  if (e === NULL) return false;
  const { buf, start, len } = c.args;
  return c.keyspace.hashes.get(e, buf, start[fieldArg], len[fieldArg], c.span);
}

/** Whether field argument `fieldArg` of the hash `e` (or NULL) has a deadline. */
export function hasDeadline(c: Call, e: Ptr, fieldArg: number): boolean {
  if (e === NULL || !c.entries.hasTimedFields(e)) return false;
  const { buf, start, len } = c.args;
  return c.keyspace.hashes.deadline(e, buf, start[fieldArg], len[fieldArg]) > NO_DEADLINE;
}

/**
 * Journals that field argument `fieldArg` of key 1 has these bytes as its value: as HSET, or, of a field that keeps a deadline, in the form
 * that keeps it there, too.
 */
export function journalField(
  c: Call,
  fieldArg: number,
  keepsDeadline: boolean,
  buf: Uint8Array,
  start: number,
  len: number,
): void {
  const out = c.effect(keepsDeadline ? 7 : 4);
  out.bulkText(keepsDeadline ? "HSETEX" : "HSET");
  c.effectArg(1);
  if (keepsDeadline) for (const word of ["KEEPTTL", "FIELDS", "1"]) out.bulkText(word);
  c.effectArg(fieldArg);
  out.bulk(buf, start, len);
}

/**
 * Journals a field that is new, as HSET: of a hash with deadlines the request itself would not do, for when it is replayed a field of that
 * name that has ended may still be there.
 */
export function journalNewField(c: Call, e: Ptr, fieldArg: number, buf: Uint8Array, start: number, len: number): void {
  if (e !== NULL && c.entries.hasTimedFields(e)) journalField(c, fieldArg, false, buf, start, len);
}
