import { Span } from "../../lib/bytes.ts";
import { digitCount, formatBigInteger, formatInteger, INTEGER_TEXT_MAX } from "../../lib/integer.ts";

const TWO_32 = 2 ** 32;

/** An element of a packed form: a text, or an integer of 32 bits whose text is made only for those who ask for it. */
export class Item extends Span {
  /** Whether it is `integer`, and the span not its text yet. */
  isInteger = false;
  integer = 0;
  private readonly digits = new Uint8Array(INTEGER_TEXT_MAX);

  setText(buf: Uint8Array, start: number, len: number): void {
    this.isInteger = false;
    this.set(buf, start, len);
  }

  setInteger(value: number): void {
    this.isInteger = true;
    this.integer = value;
  }

  /** Bytes of the element's text. */
  textLength(): number {
    return this.isInteger ? digitCount(this.integer) : this.len;
  }

  /** The signed integer of 1 to 4 or 8 bytes at buf[at], the lowest byte first. */
  setSigned(buf: Uint8Array, at: number, bytes: number): void {
    if (bytes === 8) this.setWide(buf, at);
    else this.setInteger(readSigned(buf, at, bytes));
  }

  private setWide(buf: Uint8Array, at: number): void {
    const { digits } = this;
    const low = readSigned(buf, at, 4);
    const high = readSigned(buf, at + 4, 4);
    if (high === low >> 31) {
      this.setInteger(low);
      return;
    }
    const value = high * TWO_32 + (low >>> 0);
    const len = Number.isSafeInteger(value)
      ? formatInteger(value, digits, 0)
      : formatBigInteger((BigInt(high) << 32n) | BigInt(low >>> 0), digits, 0);
    this.setText(digits, 0, len);
  }

  /** Makes the span the element's text, whatever it is; valid until the next element is read into this. */
  toText(): void {
    if (this.isInteger) this.setText(this.digits, 0, formatInteger(this.integer, this.digits, 0));
  }
}

/** What elements must be to be taken into a packed list by many at once. */
export class PackLimits {
  /** How many elements belong together: all of them are taken, or none. */
  stride = 1;
  /** Of the packed list. */
  elementsMax = 0;
  bytesMax = 0;
  /** Of a text; INTEGER_TEXT_MAX at least. */
  textBytesMax = 0;

  set(stride: number, elementsMax: number, bytesMax: number, textBytesMax: number): void {
    this.stride = stride;
    this.elementsMax = elementsMax;
    this.bytesMax = bytesMax;
    this.textBytesMax = textBytesMax;
  }
}

/** Elements one after the other. */
export interface Texts {
  /** The next one. False behind the last. Throws RdbError when what is read is damaged. */
  next(out: Item): boolean;
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
