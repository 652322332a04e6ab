import { parseInteger } from "./integer.ts";

const TWO_32 = 4_294_967_296;
const ZERO = 0x30;
const MINUS = 0x2d;
const TAIL_DIGITS = 9;
/** 10^9 as two numbers of which each times ten digits is exact. */
const BILLION_HIGH = 15_258;
const BILLION_LOW = 51_712;
const TWO_16 = 65_536;

/** A signed 64-bit integer as two words, without allocation. */
export class Int64 {
  high = 0;
  low = 0;

  /** Becomes a safe integer. */
  set(value: number): void {
    this.low = value | 0;
    this.high = value === (value | 0) ? this.low >> 31 : Math.floor(value / TWO_32) | 0;
  }

  /** Becomes the integer that the bytes spell, by the rules of integer.ts. False when they spell none. */
  parse(buf: Uint8Array, start: number, len: number): boolean {
    const value = parseInteger(buf, start, len);
    if (Number.isNaN(value)) return false;
    if (Number.isFinite(value)) this.set(value);
    else this.setDigits(buf, start, len);
    return true;
  }

  /** More digits than a double holds: the last nine apart from those before. */
  private setDigits(buf: Uint8Array, start: number, len: number): void {
    const negative = buf[start] === MINUS;
    let at = negative ? start + 1 : start;
    const end = start + len;
    let head = 0;
    while (at < end - TAIL_DIGITS) head = head * 10 + buf[at++] - ZERO;
    let tail = 0;
    while (at < end) tail = tail * 10 + buf[at++] - ZERO;
    const upper = head * BILLION_HIGH;
    const lower = head * BILLION_LOW + tail;
    const upperWord = Math.floor(upper / TWO_16);
    const lowerWord = Math.floor(lower / TWO_32);
    const sum = (upper - upperWord * TWO_16) * TWO_16 + (lower - lowerWord * TWO_32);
    const carry = sum >= TWO_32 ? 1 : 0;
    this.low = sum | 0;
    this.high = (upperWord + lowerWord + carry) | 0;
    if (negative) this.negate();
  }

  private negate(): void {
    this.low = -this.low | 0;
    this.high = (this.low === 0 ? -this.high : ~this.high) | 0;
  }
}
