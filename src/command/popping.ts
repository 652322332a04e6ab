import { NULL, type Ptr } from "../memory/arena.ts";
import type { Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";

/** What pops from the first list or sorted set of several, and may wait for one, whichever of the two it is. */

const KEYS_TOO_FEW = error("ERR numkeys should be greater than 0");
const COUNT_TOO_SMALL = error("ERR count should be greater than 0");

/** What LMPOP, ZMPOP and their like are asked for. */
export interface Pops {
  readonly keyCount: number;
  /** From which end: the one that the first of the two words names. */
  readonly atFirst: boolean;
  readonly count: number;
}

/** Has the value `e` of key argument `keyArg` popped from, and replies. */
type Pop = (keyArg: number, e: Ptr) => void;

/** Reads `numkeys key... first|second [COUNT count]`, numkeys being argument i. Fails as Redis does. */
export function readPops(c: Call, i: number, first: string, second: string): Pops {
  const keyCount = c.integerBetween(i, 1, Number.POSITIVE_INFINITY, KEYS_TOO_FEW);
  const endArg = i + keyCount + 1;
  if (endArg >= c.argc) c.fail(ERRORS.syntax);
  const atFirst = !c.failed && c.args.is(endArg, first);
  if (!c.failed && !atFirst && !c.args.is(endArg, second)) c.fail(ERRORS.syntax);
  return { keyCount, atFirst, count: c.failed ? 0 : readCount(c, endArg + 1) };
}

function readCount(c: Call, i: number): number {
  if (c.argc === i) return 1;
  if (c.argc < i + 2 || !c.args.is(i, "COUNT")) c.fail(ERRORS.syntax);
  const count = c.integerBetween(i + 1, 1, Number.POSITIVE_INFINITY, COUNT_TOO_SMALL);
  if (c.argc > i + 2) c.fail(ERRORS.syntax);
  return count;
}

/** Pops from the first of the keys that has a value of that type. False when none has, or one is of another type, which fails. */
export function popFirst(c: Call, type: number, firstKey: number, keyCount: number, pop: Pop): boolean {
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const e = readSource(c, i, type);
    if (c.failed) return false;
    if (e === NULL) continue;
    pop(i, e);
    return true;
  }
  return false;
}

/** Runs BLPOP and its like: `key... timeout`. */
export function popOrWait(c: Call, type: number, pop: Pop): void {
  const keyCount = c.argc - 2;
  const timeoutMs = c.timeoutMs(c.argc - 1);
  if (c.failed || popFirst(c, type, 1, keyCount, pop) || c.failed) return;
  c.block(type, 1, keyCount, timeoutMs, replyNilArray);
}

/**
 * The value of key argument `keyArg` that may be popped from; NULL when there is none. Another type fails; but when the client has waited
 * for several keys, those that have become something else meanwhile just have nothing for it.
 */
export function readSource(c: Call, keyArg: number, type: number): Ptr {
  if (c.waited === undefined) return c.writeAs(keyArg, type);
  const e = c.write(keyArg);
  return e === NULL || c.entries.type(e) === type ? e : NULL;
}

/** Replies with the name of the key that was popped from. */
export function replyKey({ reply, args }: Call, keyArg: number): void {
  reply.bulk(args.buf, args.start[keyArg], args.len[keyArg]);
}

export function replyNilArray(reply: Reply): void {
  reply.nilArray();
}
