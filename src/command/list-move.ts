import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { LIST } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import { ElementBuffer } from "./element-buffer.ts";
import { ERRORS, error } from "./errors.ts";
import { popped, push } from "./list-key.ts";
import { readSource } from "./popping.ts";

const COUNT_TOO_SMALL = error("ERR count should be greater than 0");

const moved = new ElementBuffer();

/** What moves from the list in key argument 1 to the one in key argument 2. */
export interface Move {
  /** From the head of the source, to the head of the destination; else the tail. */
  fromHead: boolean;
  toHead: boolean;
  /** How many elements at most. */
  count: number;
  /** Fewer than `count` are not moved. */
  exactly: boolean;
  /** Each is put behind the others, so that those that come from one end and go to the same are in the opposite order. */
  oneByOne: boolean;
  /** The reply is the element itself. */
  single: boolean;
}

/** A move of one element. */
export function singleMove(fromHead: boolean, toHead: boolean): Move {
  return { fromHead, toHead, count: 1, exactly: false, oneByOne: true, single: true };
}

/** Reads [COUNT n | EXACTLY n] [OBO | BULK] from argument i on into a move of several elements. */
export function readHowMany(c: Call, i: number, move: Move): void {
  move.single = false;
  if (c.argc === i) return;
  move.exactly = c.args.is(i, "EXACTLY");
  move.oneByOne = c.argc === i + 3 && c.args.is(i + 2, "OBO");
  if (c.argc !== i + 3 || !(move.exactly || c.args.is(i, "COUNT")) || !(move.oneByOne || c.args.is(i + 2, "BULK"))) {
    c.fail(ERRORS.syntax);
  } else {
    move.count = c.integerBetween(i + 1, 1, Number.POSITIVE_INFINITY, COUNT_TOO_SMALL);
  }
}

/** Moves and replies; false, without a reply, when the source has nothing (or not enough). May fail. */
export function moveElements(c: Call, move: Move): boolean {
  const { lists } = c.keyspace;
  const source = readSource(c, 1, LIST);
  if (c.failed || source === NULL) return false;
  const length = lists.length(source);
  if (move.exactly && length < move.count) return false;
  c.writeAs(2, LIST);
  if (c.failed) return false;
  const { fromHead, toHead } = move;
  const count = Math.min(length, move.count);
  take(c, source, fromHead ? 0 : length - count, count);
  const reversed = move.oneByOne && fromHead === toHead;
  put(c, toHead, reversed);
  reply(c, move.single, reversed);
  moved.clear();
  c.notify(2, EVENTS.list, toHead ? "lpush" : "rpush");
  popped(c, 1, fromHead, count);
  const left = c.peek(1);
  if (lists.length(left) === 0) c.deleteEmptied(1, left);
  return true;
}

function take(c: Call, source: Ptr, index: number, count: number): void {
  const { lists } = c.keyspace;
  lists.seek(source, index);
  for (let i = 0; i < count; i++) {
    lists.read(c.span);
    moved.add(c.span);
    lists.next();
  }
  lists.removeRange(source, index, count);
}

/** Adds the elements to the destination, in the order of the source or the opposite one. */
function put(c: Call, toHead: boolean, reversed: boolean): void {
  const { buf, start, len, count } = moved;
  const fromLast = toHead !== reversed;
  let e = c.peek(2);
  for (let i = 0; i < count; i++) {
    const n = fromLast ? count - 1 - i : i;
    e = push(c, 2, e, toHead, buf, start[n], len[n]);
  }
}

function reply(c: Call, single: boolean, reversed: boolean): void {
  const { buf, start, len, count } = moved;
  if (!single) c.reply.array(count);
  for (let i = 0; i < count; i++) {
    const n = reversed ? count - 1 - i : i;
    c.reply.bulk(buf, start[n], len[n]);
  }
}
