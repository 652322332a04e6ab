import { parseBigInteger } from "../lib/integer.ts";
import type { Call } from "./call.ts";
import { ERRORS, error } from "./errors.ts";

const COUNT_MAX = 2n ** 63n - 1n;
const OUT_OF_RANGE = error(`ERR value is out of range, value must between -${COUNT_MAX} and ${COUNT_MAX}`);
/** A reply of more picks is given up: the count was a slip, or meant to harm. */
export const PICKED_BYTES_MAX = 512 * 1024 * 1024;

/** Argument i as how many elements are wanted: negative if the same one may be picked twice. Fails as Redis does. */
export function readPickCount(c: Call, i: number): number {
  const count = parseBigInteger(c.args.buf, c.args.start[i], c.args.len[i]);
  if (count === undefined) c.fail(ERRORS.notInteger);
  else if (count < -COUNT_MAX) c.fail(OUT_OF_RANGE);
  return Number(count ?? 0n);
}
