/**
 * The longest common subsequence of two byte ranges, and of the many that there may be the one that Redis's LCS finds.
 *
 * Redis fills a table of 32-bit lengths L[i][j] and walks it back from the end: on equal bytes both indexes step, else i does
 * when L[i-1][j] > L[i][j-1], else j does. Here a row of that table is bits: bit j is clear where L[i][j] is one more than
 * L[i][j-1] (Crochemore and others, 2001: one addition moves a whole word of columns to the next row). That is all that the walk
 * needs: where the bytes differ, L[i][j] is the greater of the two neighbours, so L[i-1][j] > L[i][j-1] just when L[i][j] is
 * greater than L[i][j-1], that is, when bit j of row i is clear. It takes a thirtieth of the time and of the memory.
 */

/** Bits in a word: the sum of two words and a carry must stay a 32-bit integer. */
const WORD_BITS = 30;
const WORD_MASK = 2 ** WORD_BITS - 1;
/** Our own memory for one LCS stays below a gigabyte. */
const WORDS_MAX = 2 ** 28;
const SYMBOLS = 256;

/** The bytes of transient memory that Redis would need, which it compares with proto-max-bulk-len. */
export function lcsTransientBytes(aLen: number, bLen: number): number {
  return (aLen + 1) * (bLen + 1) * 4;
}

/** Whether `lcs` can be computed at all; only a raised proto-max-bulk-len lets it come to that. */
export function lcsFits(aLen: number, bLen: number): boolean {
  return (aLen + SYMBOLS) * wordsFor(bLen) <= WORDS_MAX;
}

export type LcsResult = {
  readonly length: number;
  /** The subsequence itself. */
  readonly text: Uint8Array;
  /** Runs that match in one piece, last first, as aFirst, aLast, bFirst, bLast (zero-based, inclusive). */
  readonly ranges: readonly number[];
};

/** The length alone, without memory for the walk. */
export function lcsLength(
  a: Uint8Array,
  aStart: number,
  aLen: number,
  b: Uint8Array,
  bStart: number,
  bLen: number,
): number {
  const words = wordsFor(bLen);
  const slots = symbolSlots(a, aStart, aLen);
  const masks = matchMasks(slots, b, bStart, bLen);
  const row = new Int32Array(words).fill(WORD_MASK);
  for (let i = 0; i < aLen; i++) nextRow(row, 0, row, 0, masks, slots[a[aStart + i]] * words, words);
  let length = 0;
  for (let j = 0; j < bLen; j++) length += isClear(row, 0, j) ? 1 : 0;
  return length;
}

/** The subsequence and its ranges. */
export function lcs(
  a: Uint8Array,
  aStart: number,
  aLen: number,
  b: Uint8Array,
  bStart: number,
  bLen: number,
): LcsResult {
  const words = wordsFor(bLen);
  const slots = symbolSlots(a, aStart, aLen);
  const masks = matchMasks(slots, b, bStart, bLen);
  const rows = new Int32Array((aLen + 1) * words).fill(WORD_MASK, 0, words);
  for (let i = 0; i < aLen; i++) {
    nextRow(rows, i * words, rows, (i + 1) * words, masks, slots[a[aStart + i]] * words, words);
  }
  return walk(a, aStart, aLen, b, bStart, bLen, rows, words);
}

/** Walks back from the end; `text` is filled from its end too. */
function walk(
  a: Uint8Array,
  aStart: number,
  aLen: number,
  b: Uint8Array,
  bStart: number,
  bLen: number,
  rows: Int32Array,
  words: number,
): LcsResult {
  const reversed = new Uint8Array(Math.min(aLen, bLen));
  const ranges: number[] = [];
  let length = 0;
  let run = 0;
  let i = aLen;
  let j = bLen;
  while (i > 0 && j > 0) {
    const byte = a[aStart + i - 1];
    if (byte === b[bStart + j - 1]) {
      reversed[length++] = byte;
      run++;
      i--;
      j--;
      continue;
    }
    if (run > 0) ranges.push(i, i + run - 1, j, j + run - 1);
    run = 0;
    if (isClear(rows, i * words, j - 1)) i--;
    else j--;
  }
  if (run > 0) ranges.push(i, i + run - 1, j, j + run - 1);
  return { length, text: reversed.slice(0, length).reverse(), ranges };
}

/** One row of the table from the one before: add the matching open bits, so that each run's lowest one closes. */
function nextRow(
  from: Int32Array,
  fromAt: number,
  to: Int32Array,
  toAt: number,
  masks: Int32Array,
  maskAt: number,
  words: number,
): void {
  let carry = 0;
  for (let w = 0; w < words; w++) {
    const open = from[fromAt + w];
    const matching = open & masks[maskAt + w];
    const sum = open + matching + carry;
    carry = sum >>> WORD_BITS;
    to[toAt + w] = (sum & WORD_MASK) | (open - matching);
  }
}

/** Numbers the distinct bytes of `a` from 0; bytes it lacks have -1. */
function symbolSlots(a: Uint8Array, start: number, len: number): Int16Array {
  const slots = new Int16Array(SYMBOLS).fill(-1);
  let next = 0;
  for (let i = start; i < start + len; i++) {
    if (slots[a[i]] < 0) slots[a[i]] = next++;
  }
  return slots;
}

/** For each numbered byte the columns of `b` that hold it, as a row of bits. */
function matchMasks(slots: Int16Array, b: Uint8Array, start: number, len: number): Int32Array {
  const words = wordsFor(len);
  const masks = new Int32Array(slots.reduce((most, slot) => Math.max(most, slot + 1), 0) * words);
  for (let j = 0; j < len; j++) {
    const slot = slots[b[start + j]];
    if (slot >= 0) masks[slot * words + Math.floor(j / WORD_BITS)] |= 1 << (j % WORD_BITS);
  }
  return masks;
}

function isClear(rows: Int32Array, rowAt: number, column: number): boolean {
  return ((rows[rowAt + Math.floor(column / WORD_BITS)] >>> (column % WORD_BITS)) & 1) === 0;
}

function wordsFor(columns: number): number {
  return Math.ceil(columns / WORD_BITS);
}
