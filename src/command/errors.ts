import { encode, latin1 } from "../lib/bytes.ts";
import type { EncodedReply, Reply } from "../resp/reply.ts";

const MINUS = 45;

/** An error as it goes out: `text` starts with the code. */
export function error(text: string): EncodedReply {
  return encode(`-${text}\r\n`);
}

/** The error in `reply`, without what frames it, if it is one. */
export function errorReplied({ buf, at }: Reply): string | undefined {
  return at > 0 && buf[0] === MINUS ? latin1(buf, 1, at - 3) : undefined;
}

/** Errors whose text is always the same, in Redis's words. Those that quote the request are made where they occur. */
export const ERRORS = {
  wrongType: error("WRONGTYPE Operation against a key holding the wrong kind of value"),
  syntax: error("ERR syntax error"),
  notInteger: error("ERR value is not an integer or out of range"),
  notFloat: error("ERR value is not a valid float"),
  outOfRange: error("ERR value is out of range"),
  noFileToSync: error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."),
  mustBePositive: error("ERR value is out of range, must be positive"),
  overflow: error("ERR increment or decrement would overflow"),
  decrementOverflow: error("ERR decrement would overflow"),
  incrementNanOrInfinity: error("ERR increment would produce NaN or Infinity"),
  noSuchKey: error("ERR no such key"),
  sameObject: error("ERR source and destination objects are the same"),
  invalidCursor: error("ERR invalid cursor"),
  dbIndexOutOfRange: error("ERR DB index is out of range"),
  offsetOutOfRange: error("ERR offset is out of range"),
  stringTooLong: error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
  bitOffset: error("ERR bit offset is not an integer or out of range"),
  bitValue: error("ERR bit is not an integer or out of range"),
  noAuth: error("NOAUTH Authentication required."),
  noProto: error("NOPROTO unsupported protocol version"),
  wrongPass: error("WRONGPASS invalid username-password pair or user is disabled."),
  outOfMemory: error("OOM command not allowed when used memory > 'maxmemory'."),
  notInTransaction: error("ERR Command not allowed inside a transaction"),
  timeoutNotFloat: error("ERR timeout is not a float or out of range"),
  timeoutNotInteger: error("ERR timeout is not an integer or out of range"),
  timeoutNegative: error("ERR timeout is negative"),
  notForMonitors: error("ERR Replica can't interact with the keyspace"),
  loading: error("LOADING Redis is loading the dataset in memory"),
} as const;
