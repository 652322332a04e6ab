import { copyBytes, equalBytes, type Span } from "../lib/bytes.ts";
import { areSymbols, packSymbols, symbolsEqual, unpackSymbols } from "../lib/symbols.ts";

/**
 * Field names and values as a stream's leaf holds them: a code, and the content.
 *
 *     0 to 127     so many bytes
 *     128 to 252   code - 126 symbols, two to a byte
 *     253, 254     a length of 2 or 4 bytes (little-endian), and so many bytes
 */
const SHORT_BYTES_MAX = 127;
const SYMBOLS = 126;
const SYMBOLS_MAX = 252 - SYMBOLS;
const LENGTH_16 = 253;
const LENGTH_32 = 254;
const LENGTH_16_MAX = 0xffff;

/** So many bytes does a text take at most. */
export function textBytesMax(len: number): number {
  return len <= SHORT_BYTES_MAX ? len + 1 : len + 5;
}

/** Writes a text at `at`; returns the index after it. */
export function writeText(buf: Uint8Array, start: number, len: number, out: Uint8Array, at: number): number {
  if (len > 1 && len <= SYMBOLS_MAX && areSymbols(buf, start, len)) {
    out[at] = len + SYMBOLS;
    return packSymbols(buf, start, len, out, at + 1);
  }
  const content = writeLength(len, out, at);
  copyBytes(buf, start, len, out, content);
  return content + len;
}

function writeLength(len: number, out: Uint8Array, at: number): number {
  if (len <= SHORT_BYTES_MAX) {
    out[at] = len;
    return at + 1;
  }
  out[at + 1] = len;
  out[at + 2] = len >> 8;
  if (len <= LENGTH_16_MAX) {
    out[at] = LENGTH_16;
    return at + 3;
  }
  out[at] = LENGTH_32;
  out[at + 3] = len >> 16;
  out[at + 4] = len >> 24;
  return at + 5;
}

/** The index after the text at `at`. */
export function skipText(u8: Uint8Array, at: number): number {
  const code = u8[at];
  if (code <= SHORT_BYTES_MAX) return at + 1 + code;
  if (code < LENGTH_16) return at + 1 + ((code - SYMBOLS + 1) >> 1);
  return at + (code === LENGTH_16 ? 3 : 5) + longLength(u8, at);
}

function longLength(u8: Uint8Array, at: number): number {
  const short = u8[at + 1] | (u8[at + 2] << 8);
  return u8[at] === LENGTH_16 ? short : short | (u8[at + 3] << 16) | (u8[at + 4] << 24);
}

/** Whether the text at `at` is these bytes. */
export function textEquals(u8: Uint8Array, at: number, buf: Uint8Array, start: number, len: number): boolean {
  const code = u8[at];
  if (code <= SHORT_BYTES_MAX) return code === len && equalBytes(u8, at + 1, buf, start, len);
  if (code < LENGTH_16) return code - SYMBOLS === len && symbolsEqual(u8, at + 1, buf, start, len);
  return longLength(u8, at) === len && equalBytes(u8, at + (code === LENGTH_16 ? 3 : 5), buf, start, len);
}

const scratch = new Uint8Array(SYMBOLS_MAX);

/** The bytes of the text at `at`: where they are, or decoded, until the next call. */
export function readText(u8: Uint8Array, at: number, out: Span): void {
  const code = u8[at];
  if (code <= SHORT_BYTES_MAX) {
    out.set(u8, at + 1, code);
  } else if (code < LENGTH_16) {
    unpackSymbols(u8, at + 1, code - SYMBOLS, scratch, 0);
    out.set(scratch, 0, code - SYMBOLS);
  } else {
    out.set(u8, at + (code === LENGTH_16 ? 3 : 5), longLength(u8, at));
  }
}
