/**
 * Bytes are passed as (buffer, start, length): a view object costs more than the whole look-up of a small key.
 * A `Span` is such a triple kept in one reused object, for functions that must return one.
 */
export class Span {
  buf: Uint8Array = EMPTY;
  start = 0;
  len = 0;

  set(buf: Uint8Array, start: number, len: number): void {
    // Most are in the buffer that was set before, and storing a reference costs more than comparing it.
    if (this.buf !== buf) this.buf = buf;
    this.start = start;
    this.len = len;
  }
}

export const EMPTY = new Uint8Array(0);

declare const owned: unique symbol;
/**
 * Bytes that nobody else will change or reuse. Socket chunks, reply buffers and arena segments are borrowed: they are valid only
 * until the command ends. What is kept on the JavaScript heap must be owned, and only `own` and `encode` make that.
 */
export type OwnedBytes = Uint8Array & { readonly [owned]: true };

/** Copies a borrowed range. */
export function own(buf: Uint8Array, start = 0, len = buf.length - start): OwnedBytes {
  const copy = new Uint8Array(len);
  copyBytes(buf, start, len, copy, 0);
  return copy as OwnedBytes;
}

/**
 * Gives back the memory of bytes that nothing will look at again; their length is 0 from now on. The collector, which sees only the object,
 * would be in no hurry. Takes a microsecond.
 */
export function freeBytes({ buffer }: Uint8Array | Int32Array): void {
  (buffer as ArrayBuffer).transfer(0);
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of a string. */
export function encode(text: string): OwnedBytes {
  return encoder.encode(text) as OwnedBytes;
}

const bufferCopy = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  start: number,
  end: number,
) => number;

/** Below this many bytes a loop is faster than a call into native code (measured with Bun 1.4.5). */
const LOOP_COPY_BYTES_MAX = 24;

/** Copies `len` bytes; the ranges may overlap when both are in one buffer. */
export function copyBytes(from: Uint8Array, start: number, len: number, to: Uint8Array, at: number): void {
  if (len > LOOP_COPY_BYTES_MAX || from === to) {
    bufferCopy.call(from, to, at, start, start + len);
    return;
  }
  for (let i = 0; i < len; i++) to[at + i] = from[start + i];
}

/**
 * Copies few bytes between two buffers. Where there is room it copies four at a time and up to three too many, as the compiled code then looks once
 * at whether they are within the buffers: what is behind them in `to` must not matter yet.
 */
export function copyShort(from: Uint8Array, start: number, len: number, to: Uint8Array, at: number): void {
  const shift = start - at;
  const end = at + len;
  let i = at;
  if (end <= to.length - 3 && end + shift <= from.length - 3) {
    for (; i < end; i += 4) {
      to[i] = from[i + shift];
      to[i + 1] = from[i + shift + 1];
      to[i + 2] = from[i + shift + 2];
      to[i + 3] = from[i + shift + 3];
    }
    return;
  }
  for (; i < end; i++) to[i] = from[i + shift];
}

export function equalBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, len: number): boolean {
  for (let i = 0; i < len; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Whether the bytes that begin with word `at` are those of the range. The words are read whole, the last one too. */
export function equalsWords(words: Int32Array, at: number, buf: Uint8Array, start: number, len: number): boolean {
  const end = start + len;
  let i = start;
  let w = at;
  for (; i + 4 <= end; i += 4) {
    if (words[w++] !== (buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24))) return false;
  }
  for (let shift = 0; i < end; shift += 8) if (((words[w] >>> shift) & 0xff) !== buf[i++]) return false;
  return true;
}

/** ASCII case-insensitive comparison of a range with upper-case text of the same length. */
export function equalsIgnoreCase(buf: Uint8Array, start: number, len: number, upper: string): boolean {
  if (len !== upper.length) return false;
  for (let i = 0; i < len; i++) {
    let c = buf[start + i];
    if (c >= 97 && c <= 122) c -= 32;
    if (c !== upper.charCodeAt(i)) return false;
  }
  return true;
}

/** A range as text, one character per byte: for logs, names and configuration, never for data. */
export function latin1(buf: Uint8Array, start = 0, len = buf.length - start): string {
  return Buffer.from(buf.buffer, buf.byteOffset + start, len).toString("latin1");
}

/** A range as UTF-8 text. */
export function utf8(buf: Uint8Array, start = 0, len = buf.length - start): string {
  return Buffer.from(buf.buffer, buf.byteOffset + start, len).toString("utf8");
}
