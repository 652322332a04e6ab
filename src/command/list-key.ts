import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

/** Argument i: LEFT (true) or RIGHT; else fails. */
export function readSide(c: Call, i: number): boolean {
  if (c.args.is(i, "LEFT")) return true;
  if (!c.args.is(i, "RIGHT")) c.fail(ERRORS.syntax);
  return false;
}

/** Adds an element to the list `e` in key argument `keyArg`; NULL: there is none yet. Returns the list's entry. */
export function push(
  c: Call,
  keyArg: number,
  e: Ptr,
  atHead: boolean,
  buf: Uint8Array,
  start: number,
  len: number,
): Ptr {
  const { lists } = c.keyspace;
  if (e === NULL) return c.putNew(keyArg, lists.create(buf, start, len), lists);
  lists.push(e, atHead, buf, start, len);
  return e;
}

/** Replies with the list's first or last element, and takes it out. */
export function popOne(c: Call, keyArg: number, e: Ptr, atHead: boolean): void {
  const { lists } = c.keyspace;
  lists.seekEnd(e, atHead);
  replyElement(c);
  lists.removeEnd();
  popped(c, keyArg, atHead, 1);
  if (lists.length(e) === 0) c.deleteEmptied(keyArg, e);
}

/** Replies with an array of the first or last `count` elements, the outermost first, and takes them out. */
export function popSome(c: Call, keyArg: number, e: Ptr, atHead: boolean, count: number): void {
  const { lists } = c.keyspace;
  c.reply.array(count);
  lists.seekEnd(e, atHead);
  for (let i = 0; i < count; i++) {
    replyElement(c);
    if (atHead) lists.next();
    else lists.previous();
  }
  const left = lists.length(e) - count;
  if (left > 0) lists.removeRange(e, atHead ? 0 : left, count);
  popped(c, keyArg, atHead, count);
  if (left === 0) c.deleteEmptied(keyArg, e);
}

/** Tells that elements were taken out. */
export function popped(c: Call, keyArg: number, atHead: boolean, count: number): void {
  c.changes += count - 1;
  c.changed(keyArg, EVENTS.list, atHead ? "lpop" : "rpop");
}

/** Replies with the element under the cursor. */
export function replyElement(c: Call): void {
  const { span } = c;
  c.keyspace.lists.read(span);
  c.reply.bulk(span.buf, span.start, span.len);
}
