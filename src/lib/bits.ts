/**
 * Counting and finding bits in byte ranges, as BITCOUNT and BITPOS need it. Bit 0 is the most significant bit of the first byte.
 *
 * Long ranges are copied in blocks to an aligned scratch area and taken a word at a time: a copy costs a tenth of what byte-wise
 * work does, and a range may begin at any address.
 */
import { copyBytes } from "./bytes.ts";

const BLOCK_BYTES = 16_384;
const scratchWords = new Int32Array(BLOCK_BYTES / 4);
const scratch = new Uint8Array(scratchWords.buffer);
/** Shorter ranges are not worth the copy. */
const BLOCKWISE_BYTES_MIN = 64;
/** So many words add at most 8 * 31 = 248 to each byte of the running sums. */
const WORDS_PER_SUM = 31;
const COUNTS = Uint8Array.from({ length: 256 }, (_, byte) => countWord(byte));

/** How many bits are set in a byte range. */
export function countBits(buf: Uint8Array, start: number, len: number): number {
  const end = start + len;
  let count = 0;
  let at = start;
  while (end - at >= BLOCKWISE_BYTES_MIN) {
    const words = Math.min(end - at, BLOCK_BYTES) >>> 2;
    copyBytes(buf, at, words * 4, scratch, 0);
    count += countScratch(words);
    at += words * 4;
  }
  for (; at < end; at++) count += COUNTS[buf[at]];
  return count;
}

/** How many bits are set among the bits `first` to `last` (inclusive) of a string that starts at `start`. */
export function countBitsBetween(buf: Uint8Array, start: number, first: number, last: number): number {
  if (first > last) return 0;
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  const before = buf[start + firstByte] & ~(0xff >>> (first & 7));
  const after = buf[start + lastByte] & (0x7f >>> (last & 7));
  return countBits(buf, start + firstByte, lastByte - firstByte + 1) - COUNTS[before & 0xff] - COUNTS[after];
}

/** The position of the first bit equal to `bit` among `first` to `last` (inclusive), counted from `start`; -1 if none is. */
export function findBit(buf: Uint8Array, start: number, bit: 0 | 1, first: number, last: number): number {
  if (first > last) return -1;
  const unwanted = bit === 1 ? 0 : 0xff;
  const lastByte = Math.floor(last / 8);
  let at = Math.floor(first / 8);
  let wanted = (buf[start + at] ^ unwanted) & (0xff >>> (first & 7));
  if (wanted === 0) {
    at = skipBytes(buf, start + at + 1, start + lastByte + 1, unwanted) - start;
    if (at > lastByte) return -1;
    wanted = buf[start + at] ^ unwanted;
  }
  const position = at * 8 + Math.clz32(wanted) - 24;
  return position <= last ? position : -1;
}

/** The position of the first byte in [from, end) that is not `value`, or `end`. */
function skipBytes(buf: Uint8Array, from: number, end: number, value: number): number {
  const word = value === 0 ? 0 : -1;
  let at = from;
  while (end - at >= BLOCKWISE_BYTES_MIN && buf[at] === value) {
    const words = Math.min(end - at, BLOCK_BYTES) >>> 2;
    copyBytes(buf, at, words * 4, scratch, 0);
    let skipped = 0;
    while (skipped < words && scratchWords[skipped] === word) skipped++;
    at += skipped * 4;
    if (skipped < words) break;
  }
  while (at < end && buf[at] === value) at++;
  return at;
}

/** Counts the first words of the scratch area, adding up the bytes of many words before the bytes themselves are added. */
function countScratch(words: number): number {
  let count = 0;
  for (let i = 0; i < words; ) {
    const stop = Math.min(i + WORDS_PER_SUM, words);
    let sums = 0;
    while (i < stop) sums = (sums + countPerByte(scratchWords[i++])) | 0;
    const pairs = (sums & 0x00ff00ff) + ((sums >>> 8) & 0x00ff00ff);
    count += (pairs & 0xffff) + (pairs >>> 16);
  }
  return count;
}

/** A word whose bytes are the counts of the set bits in its bytes. */
function countPerByte(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
}

function countWord(word: number): number {
  return Math.imul(countPerByte(word), 0x01010101) >>> 24;
}
