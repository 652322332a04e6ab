import type { Span } from "../../lib/bytes.ts";
import { formatBigInteger, formatInteger, INTEGER_TEXT_MAX } from "../../lib/integer.ts";

const TWO_32 = 2 ** 32;

/** Texts one after the other. */
export interface Texts {
  /** The next one; those of packed forms are valid until the third call after this. False behind the last. Throws RdbError when what is read is damaged. */
  next(out: Span): boolean;
}

/** Integers as text, in three places in turn: deadline, field and value are needed together. */
export class IntegerTexts {
  private texts = [0, 1, 2].map(() => new Uint8Array(INTEGER_TEXT_MAX));
  private turn = 0;

  private nextText(): Uint8Array {
    this.turn = this.turn === 2 ? 0 : this.turn + 1;
    return this.texts[this.turn];
  }

  /** A safe integer. */
  write(value: number, out: Span): void {
    const text = this.nextText();
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
    const text = this.nextText();
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
