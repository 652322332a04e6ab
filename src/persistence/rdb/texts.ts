import type { Span } from "../../lib/bytes.ts";
import { formatBigInteger, formatInteger, INTEGER_TEXT_MAX } from "../../lib/integer.ts";

const TWO_32 = 2 ** 32;

/** Texts one after the other. */
export interface Texts {
  /** The next one, valid until the second call after this. False behind the last. Throws RdbError when what is read is damaged. */
  next(out: Span): boolean;
}

/** Integers as text, in two places in turn. */
export class IntegerTexts {
  private text = new Uint8Array(INTEGER_TEXT_MAX);
  private other = new Uint8Array(INTEGER_TEXT_MAX);

  /** A safe integer. */
  write(value: number, out: Span): void {
    const { text } = this;
    this.text = this.other;
    this.other = text;
    out.set(text, 0, formatInteger(value, text, 0));
  }

  /** The signed integer of 64 bits at buf[at], the lowest byte first. */
  writeWide(buf: Uint8Array, at: number, out: Span): void {
    const low = readSigned(buf, at, 4) >>> 0;
    const high = readSigned(buf, at + 4, 4);
    const value = high * TWO_32 + low;
    if (Number.isSafeInteger(value)) {
      this.write(value, out);
      return;
    }
    const { text } = this;
    this.text = this.other;
    this.other = text;
    out.set(text, 0, formatBigInteger((BigInt(high) << 32n) | BigInt(low), text, 0));
  }
}

/** The signed integer of one to four bytes, the lowest first. */
export function readSigned(buf: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value |= buf[at + i] << (8 * i);
  const unused = 32 - 8 * bytes;
  return (value << unused) >> unused;
}

/** The unsigned integer of one to four bytes, the lowest first. */
export function readUnsigned(buf: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + buf[at + i];
  return value;
}
