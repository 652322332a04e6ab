import { NULL, type Ptr } from "../memory/arena.ts";
import type { Call } from "./call.ts";

/** Makes a hash of key argument 1, which was looked up last and is not there, with field argument `fieldArg` and these bytes as its value. */
export function createHash(c: Call, fieldArg: number, buf: Uint8Array, start: number, len: number): Ptr {
  const { args } = c;
  const { hashes } = c.keyspace;
  const kind = hashes.create(args.buf, args.start[fieldArg], args.len[fieldArg], buf, start, len);
  const { root, rootBytes } = hashes;
  return c.db.putReference(NULL, args.buf, args.start[1], args.len[1], c.keyHash, kind, root, rootBytes, 0);
}

/** Gives field argument `fieldArg` of the hash in key 1 (`e`, NULL if there is none yet; looked up last) these bytes as its value. */
export function setField(c: Call, e: Ptr, fieldArg: number, buf: Uint8Array, start: number, len: number): void {
  const { args } = c;
  if (e === NULL) createHash(c, fieldArg, buf, start, len);
  else c.keyspace.hashes.set(e, args.buf, args.start[fieldArg], args.len[fieldArg], buf, start, len);
}

/** Reads field argument `fieldArg` of the hash `e` into `c.span`. False when there is no such field, or no hash (NULL). */
export function getField(c: Call, e: Ptr, fieldArg: number): boolean {
  if (e === NULL) return false;
  const { buf, start, len } = c.args;
  return c.keyspace.hashes.get(e, buf, start[fieldArg], len[fieldArg], c.span);
}
