import { copyBytes } from "../lib/bytes.ts";
import { digitCount } from "../lib/integer.ts";
import { areSymbols, characterOf, packInteger, packSymbols, symbolOf, unpackSymbols } from "../lib/symbols.ts";

/**
 * How a packed list holds a text: a code of one byte, and a content.
 *
 *     0 to 127     so many bytes
 *     128 to 143   one symbol, the code's low four bits; no content
 *     144 to 252   code - 142 symbols, two to a byte, the first in the high half
 *     253          19 digits, as large identifiers have them: 8 bytes; the first ten digits are a number of 34 bits, the others one of 30
 *     254, 255     a length of 2 or 4 bytes (little-endian), so many bytes, and the length again
 *
 * Symbols are the digits and what stands between them in numbers, times and addresses. Data is full of such texts, and they take half
 * their bytes. Symbols are numbered in the order of their characters. A text has one form only, the shortest.
 */
export const ONE_SYMBOL = 128;
export const LENGTH_16 = 254;
const SHORT_BYTES_MAX = 127;
/** Code of n symbols, n from 2 on, minus n. */
const SYMBOLS = 142;
const SYMBOLS_MAX = 252 - SYMBOLS;
const DIGITS = 253;
const DIGITS_COUNT = 19;
const HEAD_DIGITS = 10;
const LENGTH_32 = 255;
const LENGTH_16_MAX = 0xffff;
const TWO_32 = 2 ** 32;
const ZERO = 48;

/** No text that is not held as bytes is longer. */
export const DECODED_BYTES_MAX = 128;

/** Bytes of the content by its code; not for codes with a length of its own. */
export const SIZE_OF = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code < ONE_SYMBOL) return code;
  if (code === DIGITS) return 8;
  return code < SYMBOLS + 2 ? 0 : (code - SYMBOLS + 1) >> 1;
});

/** Bytes of the text by its code; not for codes with a length of its own. */
export const LENGTH_OF = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code < ONE_SYMBOL) return code;
  if (code === DIGITS) return DIGITS_COUNT;
  return code < SYMBOLS + 2 ? 1 : code - SYMBOLS;
});

/** The code of a text. */
export function codeFor(buf: Uint8Array, start: number, len: number): number {
  if (len <= SYMBOLS_MAX && len > 0 && areSymbols(buf, start, len)) {
    if (len === 1) return ONE_SYMBOL | symbolOf(buf[start]);
    return len === DIGITS_COUNT && areDigits(buf, start, len) ? DIGITS : SYMBOLS + len;
  }
  if (len <= SHORT_BYTES_MAX) return len;
  return len <= LENGTH_16_MAX ? LENGTH_16 : LENGTH_32;
}

/** The code of the text of an integer of 32 bits. */
export function codeForInteger(value: number): number {
  if (value >= 0 && value <= 9) return ONE_SYMBOL | symbolOf(ZERO + value);
  return SYMBOLS + digitCount(value);
}

function areDigits(buf: Uint8Array, start: number, len: number): boolean {
  for (let i = start; i < start + len; i++) if (buf[i] < ZERO || buf[i] > ZERO + 9) return false;
  return true;
}

/** Bytes of the content of a text with that code. */
export function sizeFor(code: number, len: number): number {
  return code < LENGTH_16 ? SIZE_OF[code] : longSize(code, len);
}

export function longSize(code: number, len: number): number {
  return len + 2 * lengthBytes(code);
}

/** Bytes of the length before and behind a long content. */
export function lengthBytes(code: number): number {
  return code === LENGTH_16 ? 2 : 4;
}

/** Writes the content of a text with that code. */
export function writeContent(
  code: number,
  buf: Uint8Array,
  start: number,
  len: number,
  out: Uint8Array,
  at: number,
): void {
  if (code < ONE_SYMBOL) copyBytes(buf, start, len, out, at);
  else if (code < LENGTH_16) encode(code, buf, start, len, out, at);
  else {
    const header = lengthBytes(code);
    writeLength(out, at, header, len);
    copyBytes(buf, start, len, out, at + header);
    writeLength(out, at + header + len, header, len);
  }
}

function writeLength(u8: Uint8Array, at: number, bytes: number, len: number): void {
  for (let i = 0; i < bytes; i++) u8[at + i] = len >>> (8 * i);
}

/** Writes the content of a text that is not held as bytes. A single symbol has none: it is in the code. */
export function encode(code: number, buf: Uint8Array, start: number, len: number, out: Uint8Array, at: number): void {
  if (code === DIGITS) encodeDigits(buf, start, out, at);
  else if (code >= SYMBOLS + 2) packSymbols(buf, start, len, out, at);
}

/** `encode` of the text of an integer of 32 bits. */
export function encodeInteger(code: number, value: number, out: Uint8Array, at: number): void {
  if (code >= SYMBOLS + 2) packInteger(value, code - SYMBOLS, out, at);
}

/** Writes the text of a content that is not held as bytes. */
export function decode(code: number, u8: Uint8Array, at: number, out: Uint8Array, to: number): void {
  if (code < SYMBOLS + 2) out[to] = characterOf(code & 15);
  else if (code === DIGITS) decodeDigits(u8, at, out, to);
  else unpackSymbols(u8, at, code - SYMBOLS, out, to);
}

function encodeDigits(buf: Uint8Array, start: number, out: Uint8Array, at: number): void {
  let head = 0;
  for (let i = 0; i < HEAD_DIGITS; i++) head = head * 10 + buf[start + i] - ZERO;
  let tail = 0;
  for (let i = HEAD_DIGITS; i < DIGITS_COUNT; i++) tail = tail * 10 + buf[start + i] - ZERO;
  const high = (Math.floor(head / TWO_32) << 30) | tail;
  writeLength(out, at, 4, head >>> 0);
  writeLength(out, at + 4, 4, high);
}

function decodeDigits(u8: Uint8Array, at: number, out: Uint8Array, to: number): void {
  const high = readWord(u8, at + 4);
  const head = (high >>> 30) * TWO_32 + (readWord(u8, at) >>> 0);
  const first = Math.floor(head / 100_000);
  writeDigits(first, 5, out, to);
  writeDigits(head - first * 100_000, 5, out, to + 5);
  writeDigits(high & 0x3fffffff, 9, out, to + 10);
}

function readWord(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
}

function writeDigits(value: number, count: number, out: Uint8Array, to: number): void {
  let left = value;
  for (let i = to + count - 1; i >= to; i--) {
    const rest = (left / 10) | 0;
    out[i] = ZERO + left - rest * 10;
    left = rest;
  }
}
