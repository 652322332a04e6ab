import { parseBigInteger } from "../lib/integer.ts";
import type { Call } from "./call.ts";

/** Argument i as any 64-bit integer; 0 when it is none, which fails. */
export function bigInteger(c: Call, i: number): bigint {
  c.integer(i);
  const { buf, start, len } = c.args;
  return parseBigInteger(buf, start[i], len[i]) ?? 0n;
}
