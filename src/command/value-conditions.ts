import { equalBytes, Span } from "../lib/bytes.ts";
import { DIGEST_TEXT_BYTES, writeDigest } from "../lib/xxh3.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { Args } from "../resp/args.ts";
import { STRING } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

/** Conditions on the present value of a key. */
export const NO_CONDITION = 0;
export const IF_MISSING = 1;
export const IF_EXISTS = 2;
export const IF_EQUAL = 3;
export const IF_NOT_EQUAL = 4;
export const IF_DIGEST_EQUAL = 5;
export const IF_DIGEST_NOT_EQUAL = 6;

const value = new Span();
const digest = new Uint8Array(DIGEST_TEXT_BYTES);

/** The condition that argument i names (NX, XX, IFEQ, IFNE, IFDEQ, IFDNE). */
export function conditionAt(args: Args, i: number): number {
  switch (args.len[i]) {
    case 2:
      return args.is(i, "NX") ? IF_MISSING : args.is(i, "XX") ? IF_EXISTS : NO_CONDITION;
    case 4:
      return args.is(i, "IFEQ") ? IF_EQUAL : args.is(i, "IFNE") ? IF_NOT_EQUAL : NO_CONDITION;
    case 5:
      return args.is(i, "IFDEQ") ? IF_DIGEST_EQUAL : args.is(i, "IFDNE") ? IF_DIGEST_NOT_EQUAL : NO_CONDITION;
    default:
      return NO_CONDITION;
  }
}

/** Whether the condition has a value or digest to compare with, in the next argument. */
export function comparesValue(condition: number): boolean {
  return condition >= IF_EQUAL;
}

/**
 * Whether the condition holds for a key's entry (NULL: no such key). `i` is the argument to compare with. Fails when an existing value is no
 * string, or a digest has not 16 characters; as in Redis, nobody looks whether they are hexadecimal digits.
 */
export function conditionHolds(c: Call, e: Ptr, condition: number, i: number): boolean {
  if (e === NULL) return condition !== IF_EXISTS && condition !== IF_EQUAL && condition !== IF_DIGEST_EQUAL;
  if (!comparesValue(condition)) return condition !== IF_MISSING;
  if (c.entries.type(e) !== STRING) {
    c.fail(ERRORS.wrongType);
    return false;
  }
  c.entries.value(e, value);
  if (condition === IF_EQUAL || condition === IF_NOT_EQUAL) {
    return isSame(c.args, i, value) === (condition === IF_EQUAL);
  }
  if (c.args.len[i] !== DIGEST_TEXT_BYTES) {
    c.failText("ERR must be exactly 16 hexadecimal characters");
    return false;
  }
  return hasDigest(c.args, i, value) === (condition === IF_DIGEST_EQUAL);
}

function isSame(args: Args, i: number, span: Span): boolean {
  return args.len[i] === span.len && equalBytes(args.buf, args.start[i], span.buf, span.start, span.len);
}

function hasDigest(args: Args, i: number, span: Span): boolean {
  writeDigest(span.buf, span.start, span.len, digest, 0);
  for (let k = 0; k < DIGEST_TEXT_BYTES; k++) {
    const character = args.buf[args.start[i] + k];
    const isCapital = character >= 65 && character <= 70;
    if ((isCapital ? character + 32 : character) !== digest[k]) return false;
  }
  return true;
}
