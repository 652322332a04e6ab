/**
 * HyperLogLog values as Redis stores them in strings, so that they can be moved between the servers byte for byte.
 *
 *     0   "HYLL"
 *     4   encoding: 0 dense, 1 sparse; three zero bytes
 *     8   the cardinality counted last, 64 bits, little-endian; its highest bit is set when it is stale
 *     16  the registers
 *
 * There are 2^14 registers of 6 bits. The dense form has them one after the other, least significant bit first; the sparse form is in
 * hyperloglog-sparse.ts. Functions take the buffer and the place where the value begins in it.
 *
 * An element's hash gives the register (14 bits) and its count: one more than the zeros at the end of the other 50 bits. Cardinalities
 * are estimated as in Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), without bias correction.
 */
import { Murmur64 } from "./murmur.ts";

export const HEADER_BYTES = 16;
export const REGISTERS = 1 << 14;
export const DENSE = 0;
export const SPARSE = 1;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;

const MAGIC = Buffer.from("HYLL");
const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
const STALE_AT = 15;
const STALE = 0x80;
const HASH_SEED = 0xadc83b19;
const INDEX_BITS = 14;
const HASH_BITS = 64 - INDEX_BITS;
const ALPHA = 1 / (2 * Math.LN2);
/** What a cardinality that no signed 64-bit integer holds becomes; only damaged values have one. */
const OVERFLOW = -(2 ** 63);

const hash = new Murmur64();

/** Where an element is counted. */
export class Element {
  index = 0;
  count = 0;

  locate(buf: Uint8Array, start: number, len: number): void {
    hash.hash(buf, start, len, HASH_SEED);
    const { low, high } = hash;
    this.index = low & (REGISTERS - 1);
    const restLow = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS));
    if (restLow !== 0) this.count = 32 - Math.clz32(restLow & -restLow);
    else {
      // A bit above the last one ends a row of nothing but zeros.
      const restHigh = (high >>> INDEX_BITS) | (1 << (HASH_BITS - 32));
      this.count = 64 - Math.clz32(restHigh & -restHigh);
    }
  }
}

/** Whether a string has the header, and in the dense form the length, of a HyperLogLog value. */
export function isHyperLogLog(buf: Uint8Array, start: number, len: number): boolean {
  if (len < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (buf[start + i] !== MAGIC[i]) return false;
  const encoding = encodingOf(buf, start);
  return encoding === SPARSE || (encoding === DENSE && len === DENSE_BYTES);
}

export function encodingOf(buf: Uint8Array, start: number): number {
  return buf[start + ENCODING_AT];
}

export function setEncoding(buf: Uint8Array, start: number, encoding: number): void {
  buf[start + ENCODING_AT] = encoding;
}

export function writeHeader(buf: Uint8Array, start: number, encoding: number): void {
  buf.fill(0, start, start + HEADER_BYTES);
  buf.set(MAGIC, start);
  setEncoding(buf, start, encoding);
}

export function isStale(buf: Uint8Array, start: number): boolean {
  return (buf[start + STALE_AT] & STALE) !== 0;
}

/** The registers changed: the cardinality counted last is no longer that of the value. */
export function makeStale(buf: Uint8Array, start: number): void {
  buf[start + STALE_AT] |= STALE;
}

/** The cardinality counted last: bits 32 to 63, and bits 0 to 31. */
export function cachedHigh(buf: Uint8Array, start: number): number {
  return word(buf, start + CARDINALITY_AT + 4);
}

export function cachedLow(buf: Uint8Array, start: number): number {
  return word(buf, start + CARDINALITY_AT);
}

/** Stores a cardinality that was counted, which makes it fresh. */
export function cache(buf: Uint8Array, start: number, cardinality: number): void {
  const high = Math.floor(cardinality / 2 ** 32);
  writeWord(buf, start + CARDINALITY_AT, cardinality - high * 2 ** 32);
  writeWord(buf, start + CARDINALITY_AT + 4, high);
}

function word(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}

function writeWord(buf: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) buf[at + i] = value >>> (i << 3);
}

export function denseRegister(buf: Uint8Array, start: number, index: number): number {
  const bit = index * 6;
  const at = start + HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  return shift <= 2 ? (buf[at] >>> shift) & 63 : ((buf[at] >>> shift) | (buf[at + 1] << (8 - shift))) & 63;
}

/** Raises a register of the dense form to `count`. False when it was as high already. */
export function raiseDense(buf: Uint8Array, start: number, index: number, count: number): boolean {
  if (denseRegister(buf, start, index) >= count) return false;
  const bit = index * 6;
  const at = start + HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  buf[at] = (buf[at] & ~(63 << shift)) | (count << shift);
  if (shift > 2) buf[at + 1] = (buf[at + 1] & ~(63 >>> (8 - shift))) | (count >>> (8 - shift));
  return true;
}

/** Raises the registers in `most`, a byte each, to those of a value in the dense form. */
export function mergeDense(buf: Uint8Array, start: number, most: Uint8Array): void {
  let at = start + HEADER_BYTES;
  for (let i = 0; i < REGISTERS; i += 4, at += 3) {
    const four = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16);
    if (four === 0) continue;
    for (let j = 0; j < 4; j++) {
      const count = (four >>> (j * 6)) & 63;
      if (count > most[i + j]) most[i + j] = count;
    }
  }
}

/** How many registers have each count: what a cardinality is estimated from. */
export class Census {
  readonly counts = new Int32Array(64);

  takeDense(buf: Uint8Array, start: number): void {
    const { counts } = this;
    counts.fill(0);
    const end = start + DENSE_BYTES;
    for (let at = start + HEADER_BYTES; at < end; at += 3) {
      const four = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16);
      counts[four & 63]++;
      counts[(four >>> 6) & 63]++;
      counts[(four >>> 12) & 63]++;
      counts[four >>> 18]++;
    }
  }

  /** Of registers in a byte each. */
  takeBytes(registers: Uint8Array): void {
    const { counts } = this;
    counts.fill(0);
    for (let i = 0; i < REGISTERS; i++) counts[registers[i]]++;
  }

  /** The number of different elements that the registers tell of. */
  estimate(): number {
    const { counts } = this;
    let z = REGISTERS * tau((REGISTERS - counts[HASH_BITS + 1]) / REGISTERS);
    for (let i = HASH_BITS; i >= 1; i--) z = (z + counts[i]) * 0.5;
    z += REGISTERS * sigma(counts[0] / REGISTERS);
    const elements = Math.round((ALPHA * REGISTERS * REGISTERS) / z);
    return elements < -OVERFLOW ? elements : OVERFLOW;
  }
}

/** Ertl's correction for registers that are zero. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let weight = 1;
  let sum = x;
  for (let before = -1; before !== sum; ) {
    before = sum;
    x *= x;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

/** Ertl's correction for registers that are full. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let weight = 1;
  let sum = 1 - x;
  for (let before = -1; before !== sum; ) {
    before = sum;
    x = Math.sqrt(x);
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}
