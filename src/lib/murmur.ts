/**
 * MurmurHash64A (Appleby), the hash that HyperLogLog values are made with, as two 32-bit halves: numbers of 64 bits would have to be
 * BigInts, which are allocated. Not for tables of keys: those who choose the keys can make them collide.
 */
const M_LOW = 0x5bd1e995;
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW_LOW = M_LOW & 0xffff;
const M_LOW_HIGH = M_LOW >>> 16;

export class Murmur64 {
  /** The result: bits 0 to 31 and bits 32 to 63, as signed integers. */
  low = 0;
  high = 0;

  /** Hashes the bytes with a seed below 2^32. */
  hash(buf: Uint8Array, start: number, len: number, seed: number): void {
    // The length has fewer than 32 bits.
    let low = seed ^ Math.imul(len, M_LOW);
    let high = timesHigh(len, 0);
    const whole = start + (len & ~7);
    for (let i = start; i < whole; i += 8) {
      let wordLow = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24);
      let wordHigh = buf[i + 4] | (buf[i + 5] << 8) | (buf[i + 6] << 16) | (buf[i + 7] << 24);
      wordHigh = timesHigh(wordLow, wordHigh);
      wordLow = Math.imul(wordLow, M_LOW) ^ (wordHigh >>> 15);
      high ^= timesHigh(wordLow, wordHigh);
      low ^= Math.imul(wordLow, M_LOW);
      high = timesHigh(low, high);
      low = Math.imul(low, M_LOW);
    }
    const rest = len & 7;
    if (rest > 0) {
      for (let i = 0; i < rest; i++) {
        if (i < 4) low ^= buf[whole + i] << (i << 3);
        else high ^= buf[whole + i] << ((i - 4) << 3);
      }
      high = timesHigh(low, high);
      low = Math.imul(low, M_LOW);
    }
    low ^= high >>> 15;
    high = timesHigh(low, high);
    low = Math.imul(low, M_LOW);
    this.low = low ^ (high >>> 15);
    this.high = high;
  }
}

/** Bits 32 to 63 of a 64-bit number times the hash's multiplier. */
function timesHigh(low: number, high: number): number {
  const a = low & 0xffff;
  const b = low >>> 16;
  const crossA = Math.imul(a, M_LOW_HIGH);
  const crossB = Math.imul(b, M_LOW_LOW);
  const middle = (Math.imul(a, M_LOW_LOW) >>> 16) + (crossA & 0xffff) + (crossB & 0xffff);
  const carried = Math.imul(b, M_LOW_HIGH) + (crossA >>> 16) + (crossB >>> 16) + (middle >>> 16);
  return (carried + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0;
}
