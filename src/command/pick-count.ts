import { INT64_MAX, parseBigInteger } from "../lib/integer.ts";
import { OutOfMemory } from "../memory/arena.ts";
import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";

const OUT_OF_RANGE = error(`ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`);
/** A reply of more picks is given up: the count was a slip, or meant to harm. */
const PICKED_BYTES_MAX = 512 * 1024 * 1024;

/** Argument i as how many elements are wanted: negative if the same one may be picked twice. Fails as Redis does. */
export function readPickCount(c: Call, i: number): number {
  return Number(readCount(c, i));
}

/** Reads `count [word]` from argument 2 on: `word` asks for pairs, of which the reply must be able to count the halves. */
export function readPairCount(c: Call, word: string): number {
  const count = readCount(c, 2);
  if (c.argc > 4 || (c.argc === 4 && !c.args.is(3, word))) c.fail(ERRORS.syntax);
  else if (c.argc === 4 && (count < -INT64_MAX / 2n || count > INT64_MAX / 2n)) c.fail(ERRORS.outOfRange);
  return Number(count);
}

function readCount(c: Call, i: number): bigint {
  const count = parseBigInteger(c.args.buf, c.args.start[i], c.args.len[i]);
  if (count === undefined) c.fail(ERRORS.notInteger);
  else if (count < -INT64_MAX) c.fail(OUT_OF_RANGE);
  return count ?? 0n;
}

/** Has `replyPick` write `count` picks; gives up when they become too large for a reply. */
export function replyPicks(c: Call, count: number, replyPick: () => void): void {
  const bytesMax = c.reply.at + PICKED_BYTES_MAX;
  for (let i = 0; i < count; i++) {
    if (c.reply.at > bytesMax) throw new OutOfMemory(`${c.entry.fullName}: the reply is too large`);
    replyPick();
  }
}
