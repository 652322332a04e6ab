import { parseBigInteger } from "../lib/integer.ts";
import type { EncodedReply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

/** Argument i as any 64-bit integer; 0 when it is none, which fails. */
export function bigInteger(c: Call, i: number, error: EncodedReply = ERRORS.notInteger): bigint {
  const { buf, start, len } = c.args;
  const value = parseBigInteger(buf, start[i], len[i]);
  if (value === undefined) c.fail(error);
  return value ?? 0n;
}
