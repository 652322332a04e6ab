import { copyBytes, encode, type OwnedBytes } from "../lib/bytes.ts";
import { formatDouble } from "../lib/float.ts";
import { digitCount, formatInteger } from "../lib/integer.ts";

const CR = 13;
const LF = 10;
const DEFERRED_HEADER_BYTES = 16;
/** Up to this many characters are written one by one. */
const SHORT_TEXT_MAX = 24;
const ASCII_MAX = 127;

/** A reply encoded once and for all, for both protocols: an error, or a status. */
export type EncodedReply = OwnedBytes;

const OK = encode("+OK\r\n");
const QUEUED = encode("+QUEUED\r\n");
const NULL2 = encode("$-1\r\n");
const NULL_ARRAY2 = encode("*-1\r\n");
const NULL3 = encode("_\r\n");
const TRUE3 = encode("#t\r\n");
const FALSE3 = encode("#f\r\n");

/**
 * Writes replies in RESP2 or RESP3 into one growing buffer. Handlers say what they mean (`map`, `nil`, `double`); the protocol of the
 * present client decides how it looks. The same class encodes what goes into the journal and what MULTI or a script captures.
 */
export class Reply {
  buf: Uint8Array;
  /** Bytes written so far. */
  at = 0;
  resp3 = false;

  constructor(initialBytes = 16 * 1024) {
    this.buf = new Uint8Array(initialBytes);
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.buf.length) this.grow(bytes);
  }

  private grow(bytes: number): void {
    const bigger = new Uint8Array(Math.max(this.buf.length * 2, this.at + bytes));
    copyBytes(this.buf, 0, this.at, bigger, 0);
    this.buf = bigger;
  }

  /** Bytes that are a complete reply, or part of one, already. */
  raw(buf: Uint8Array, start = 0, len = buf.length - start): void {
    this.reserve(len);
    copyBytes(buf, start, len, this.buf, this.at);
    this.at += len;
  }

  /** Many writes answer this: no call for five bytes. */
  ok(): void {
    this.reserve(OK.length);
    const { buf, at } = this;
    for (let i = 0; i < OK.length; i++) buf[at + i] = OK[i];
    this.at = at + OK.length;
  }

  queued(): void {
    this.raw(QUEUED);
  }

  /** A status: a short text without line breaks. */
  status(text: string): void {
    this.line(43, text);
  }

  /** An error of the table in command/errors.ts. */
  error(reply: EncodedReply): void {
    this.raw(reply);
  }

  /** An error whose text depends on the request. Line breaks in it become spaces, as in Redis. */
  errorText(text: string): void {
    this.line(45, text.replace(/[\r\n]/g, " "));
  }

  /** A whole number that a double holds exactly. */
  integer(value: number): void {
    this.header(58, value);
  }

  bigInteger(value: bigint): void {
    this.line(58, value.toString());
  }

  bulk(buf: Uint8Array, start: number, len: number): void {
    this.reserve(len + 24);
    this.header(36, len);
    const out = this.buf;
    const { at } = this;
    copyBytes(buf, start, len, out, at);
    out[at + len] = CR;
    out[at + len + 1] = LF;
    this.at = at + len + 2;
  }

  /** A bulk string of text, in UTF-8. */
  bulkText(text: string): void {
    if (text.length <= SHORT_TEXT_MAX && this.bulkAscii(text)) return;
    const bytes = Buffer.from(text);
    this.bulk(bytes, 0, bytes.length);
  }

  /** Names of commands and the like, without making a buffer for each. False: the text is not ASCII, and nothing is written. */
  private bulkAscii(text: string): boolean {
    const mark = this.at;
    this.reserve(text.length + 24);
    this.header(36, text.length);
    const { buf, at } = this;
    let all = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      all |= code;
      buf[at + i] = code;
    }
    if (all > ASCII_MAX) {
      this.at = mark;
      return false;
    }
    this.at += text.length;
    this.crlf();
    return true;
  }

  /** A whole number that a double holds exactly, as a bulk string. */
  bulkInteger(value: number): void {
    const digits = digitCount(value);
    this.reserve(digits + 24);
    this.header(36, digits);
    this.at += formatInteger(value, this.buf, this.at);
    this.crlf();
  }

  /** The absence of a value. */
  nil(): void {
    this.raw(this.resp3 ? NULL3 : NULL2);
  }

  /** The absence of an array; RESP3 has one null for everything. */
  nilArray(): void {
    this.raw(this.resp3 ? NULL3 : NULL_ARRAY2);
  }

  array(length: number): void {
    this.header(42, length);
  }

  /** `pairs` keys with their values follow. RESP2: an array of twice as many. */
  map(pairs: number): void {
    if (this.resp3) this.header(37, pairs);
    else this.header(42, pairs * 2);
  }

  set(length: number): void {
    this.header(this.resp3 ? 126 : 42, length);
  }

  push(length: number): void {
    this.header(this.resp3 ? 62 : 42, length);
  }

  double(value: number): void {
    const text = formatDouble(value);
    if (this.resp3) this.line(44, text);
    else this.bulkText(text);
  }

  boolean(value: boolean): void {
    if (this.resp3) this.raw(value ? TRUE3 : FALSE3);
    else this.integer(value ? 1 : 0);
  }

  /** Text for people; RESP3 clients are told its format ("txt", "mkd"). */
  verbatim(format: string, text: string): void {
    if (!this.resp3) {
      this.bulkText(text);
      return;
    }
    const bytes = Buffer.from(text);
    this.header(61, bytes.length + 4);
    this.raw(encode(`${format}:`));
    this.raw(bytes);
    this.crlf();
  }

  bigNumber(decimal: string): void {
    if (this.resp3) this.line(40, decimal);
    else this.bulkText(decimal);
  }

  /** Starts an aggregate whose length is not known yet; give the result to `endDeferred`. */
  beginDeferred(): number {
    this.reserve(DEFERRED_HEADER_BYTES);
    this.at += DEFERRED_HEADER_BYTES;
    return this.at - DEFERRED_HEADER_BYTES;
  }

  /** Ends it as an array of `length` elements. */
  endDeferred(mark: number, length: number): void {
    this.endDeferredAs(mark, 42, length);
  }

  endDeferredSet(mark: number, length: number): void {
    this.endDeferredAs(mark, this.resp3 ? 126 : 42, length);
  }

  endDeferredMap(mark: number, pairs: number): void {
    this.endDeferredAs(mark, this.resp3 ? 37 : 42, this.resp3 ? pairs : pairs * 2);
  }

  /** Writes the header at the mark and closes the gap behind it. */
  private endDeferredAs(mark: number, type: number, length: number): void {
    const end = this.at;
    this.at = mark;
    this.header(type, length);
    const bodyStart = mark + DEFERRED_HEADER_BYTES;
    copyBytes(this.buf, bodyStart, end - bodyStart, this.buf, this.at);
    this.at += end - bodyStart;
  }

  /** Takes back all that was written after `mark` (an earlier `at`). */
  truncate(mark: number): void {
    this.at = mark;
  }

  private header(type: number, value: number): void {
    this.reserve(24);
    const { buf } = this;
    let { at } = this;
    buf[at++] = type;
    // The common cases by hand.
    if (value >= 0 && value < 10) {
      buf[at++] = 48 + value;
    } else if (value >= 10 && value < 100) {
      const tens = (value / 10) | 0;
      buf[at++] = 48 + tens;
      buf[at++] = 48 + value - tens * 10;
    } else {
      at += formatInteger(value, buf, at);
    }
    buf[at] = CR;
    buf[at + 1] = LF;
    this.at = at + 2;
  }

  /** One character is one byte: errors quote arguments. */
  private line(type: number, text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.reserve(bytes.length + 3);
    this.buf[this.at++] = type;
    copyBytes(bytes, 0, bytes.length, this.buf, this.at);
    this.at += bytes.length;
    this.crlf();
  }

  private crlf(): void {
    this.reserve(2);
    this.buf[this.at] = CR;
    this.buf[this.at + 1] = LF;
    this.at += 2;
  }
}
