import { encode, type OwnedBytes } from "../lib/bytes.ts";
import { formatInteger, INTEGER_TEXT_MAX } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { kind, RAW, STRING } from "../types/kinds.ts";
import { RAW_STRING } from "../types/string.ts";
import type { Call } from "./call.ts";
import { GATE_LOADING } from "./context.ts";

/** What string commands share: growing values, and the requests that stand for them in the journal. */

/** No block of the arena reaches 2^31 bytes, and those near it are rounded up by steps of 2^27. */
const BLOCK_BYTES_MAX = 2 ** 31 - 2 ** 27;
const WORDS = {
  SET: bulk("SET"),
  DEL: bulk("DEL"),
  PXAT: bulk("PXAT"),
  KEEPTTL: bulk("KEEPTTL"),
  PERSIST: bulk("PERSIST"),
  PEXPIREAT: bulk("PEXPIREAT"),
} as const;
const digits = new Uint8Array(INTEGER_TEXT_MAX);

function bulk(word: string): OwnedBytes {
  return encode(`$${word.length}\r\n${word}\r\n`);
}

/** How long a string may become: proto-max-bulk-len, but for what is read from a file. */
export function stringBytesMax(c: Call): number {
  if (c.server.gate & GATE_LOADING) return BLOCK_BYTES_MAX;
  return Math.min(c.server.config.values["proto-max-bulk-len"], BLOCK_BYTES_MAX);
}

/**
 * Makes the string of argument `keyArg` (`e`, NULL if there is none yet; looked up last) at least `bytes` long, with zeros behind what it
 * was, and raw: it is about to be written into. Leaves its bytes in `c.span` and returns the entry.
 */
export function growString(c: Call, keyArg: number, e: Ptr, bytes: number): Ptr {
  const { entries, span } = c;
  const oldBytes = e === NULL ? 0 : entries.valueLength(e);
  let grown = e;
  if (e === NULL) {
    const { buf, start, len } = c.args;
    grown = c.db.putString(NULL, buf, start[keyArg], len[keyArg], c.keyHash, RAW_STRING, bytes, 0);
  } else {
    if (bytes > oldBytes) grown = c.db.resize(e, bytes);
    entries.setEncoding(grown, RAW);
  }
  entries.value(grown, span);
  if (bytes > oldBytes) span.buf.fill(0, span.start + oldBytes, span.start + bytes);
  return grown;
}

/**
 * Makes the string of argument 1 (`e`, NULL if there is none yet; looked up last) exactly `bytes` long, its deadline kept, and leaves its
 * bytes, whatever they are, in `c.span` to be written. Returns the entry.
 */
export function reshapeString(c: Call, e: Ptr, encoding: number, bytes: number): Ptr {
  const { entries, span } = c;
  let shaped = e;
  if (e === NULL) {
    const { buf, start, len } = c.args;
    shaped = c.db.putString(NULL, buf, start[1], len[1], c.keyHash, kind(STRING, encoding), bytes, 0);
  } else {
    if (entries.valueLength(e) !== bytes) shaped = c.db.resize(e, bytes);
    entries.setEncoding(shaped, encoding);
  }
  entries.value(shaped, span);
  return shaped;
}

/** Journal: the key of argument `keyArg` is deleted. */
export function journalDelete(c: Call, keyArg: number): void {
  c.effect(2).raw(WORDS.DEL);
  c.effectArg(keyArg);
}

/** In the place of a deadline: the one that the key has. */
export const SAME_DEADLINE = -1;

/** Journal: the key of argument 1 has this value until then; 0: for ever. */
export function journalSet(c: Call, buf: Uint8Array, start: number, len: number, deadlineMs: number): void {
  const out = c.effect(deadlineMs > 0 ? 5 : deadlineMs === 0 ? 3 : 4);
  out.raw(WORDS.SET);
  c.effectArg(1);
  out.bulk(buf, start, len);
  if (deadlineMs > 0) journalPxat(c, deadlineMs);
  else if (deadlineMs === SAME_DEADLINE) out.raw(WORDS.KEEPTTL);
}

/** Journal: the last two arguments of a request, a deadline. */
export function journalPxat(c: Call, deadlineMs: number): void {
  c.effects.raw(WORDS.PXAT);
  journalInteger(c, deadlineMs);
}

/** Journal: the key of argument 1 ends then; 0: never. */
export function journalDeadline(c: Call, deadlineMs: number): void {
  c.effect(deadlineMs > 0 ? 3 : 2).raw(deadlineMs > 0 ? WORDS.PEXPIREAT : WORDS.PERSIST);
  c.effectArg(1);
  if (deadlineMs > 0) journalInteger(c, deadlineMs);
}

function journalInteger(c: Call, value: number): void {
  c.effects.bulk(digits, 0, formatInteger(value, digits, 0));
}
