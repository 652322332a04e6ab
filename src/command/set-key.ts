import { NULL, type Ptr } from "../memory/arena.ts";
import type { Call } from "./call.ts";

/** Makes argument `memberArg` the first of about `expected` members of a set in key argument `keyArg`, which is not there. Returns its entry. */
export function createSet(c: Call, keyArg: number, memberArg: number, expected: number): Ptr {
  const { sets } = c.keyspace;
  const { buf, start, len } = c.args;
  return c.putNew(keyArg, sets.create(buf, start[memberArg], len[memberArg], expected), sets);
}

/** Replies with all members of a set; NULL is an empty one. */
export function replySet(c: Call, e: Ptr): void {
  const { reply, keyspace } = c;
  reply.set(e === NULL ? 0 : keyspace.sets.length(e));
  if (e !== NULL) keyspace.sets.forEach(e, ({ buf, start, len }) => reply.bulk(buf, start, len));
}
