/**
 * CRC-64/Jones, the checksum at the end of RDB files and DUMP payloads.
 *
 * It is reflected, polynomial 0xad93d23594c935a9, starts at zero and is not inverted at the end ("123456789" gives
 * e9c6d914c4b8d9ca). It takes eight bytes a step: table k holds what a byte contributes when k more bytes follow it in the step.
 * JavaScript has no 64-bit integers that are fast, so state and tables are kept as low and high 32-bit halves.
 */

/** The Jones polynomial, bits reversed, as halves. */
const CRC64_LOW = 0xac4b_c9b5 | 0;
const CRC64_HIGH = 0x95ac_9329 | 0;
const STEP_BYTES = 8;
const ENTRIES = 256;

const lows = new Int32Array(STEP_BYTES * ENTRIES);
const highs = new Int32Array(STEP_BYTES * ENTRIES);
fillCrc64Tables();

/** A running CRC-64. */
export class Crc64 {
  #low = 0;
  #high = 0;

  reset(): void {
    this.#low = 0;
    this.#high = 0;
  }

  update(buf: Uint8Array, start: number, len: number): void {
    const end = start + len;
    let low = this.#low;
    let high = this.#high;
    let at = start;
    for (; at + STEP_BYTES <= end; at += STEP_BYTES) {
      const a = low ^ (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24));
      const b = high ^ (buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24));
      const i0 = 0x700 | (a & 255);
      const i1 = 0x600 | ((a >>> 8) & 255);
      const i2 = 0x500 | ((a >>> 16) & 255);
      const i3 = 0x400 | (a >>> 24);
      const i4 = 0x300 | (b & 255);
      const i5 = 0x200 | ((b >>> 8) & 255);
      const i6 = 0x100 | ((b >>> 16) & 255);
      const i7 = b >>> 24;
      low = lows[i0] ^ lows[i1] ^ lows[i2] ^ lows[i3] ^ lows[i4] ^ lows[i5] ^ lows[i6] ^ lows[i7];
      high = highs[i0] ^ highs[i1] ^ highs[i2] ^ highs[i3] ^ highs[i4] ^ highs[i5] ^ highs[i6] ^ highs[i7];
    }
    for (; at < end; at++) {
      const index = (low ^ buf[at]) & 255;
      low = ((low >>> 8) | (high << 24)) ^ lows[index];
      high = (high >>> 8) ^ highs[index];
    }
    this.#low = low;
    this.#high = high;
  }

  /** The checksum so far, as an unsigned 64-bit integer. */
  value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** Writes the checksum so far as eight little-endian bytes, the form that files hold. */
  writeTo(out: Uint8Array, at: number): void {
    for (let i = 0; i < 4; i++) {
      out[at + i] = this.#low >>> (8 * i);
      out[at + 4 + i] = this.#high >>> (8 * i);
    }
  }

  /** Whether eight little-endian bytes are the checksum so far. */
  equals(buf: Uint8Array, start: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (buf[start + i] !== ((this.#low >>> (8 * i)) & 255)) return false;
      if (buf[start + 4 + i] !== ((this.#high >>> (8 * i)) & 255)) return false;
    }
    return true;
  }
}

function fillCrc64Tables(): void {
  for (let byte = 0; byte < ENTRIES; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry === 1) {
        low ^= CRC64_LOW;
        high ^= CRC64_HIGH;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let i = ENTRIES; i < lows.length; i++) {
    const low = lows[i - ENTRIES];
    const high = highs[i - ENTRIES];
    lows[i] = ((low >>> 8) | (high << 24)) ^ lows[low & 255];
    highs[i] = (high >>> 8) ^ highs[low & 255];
  }
}
