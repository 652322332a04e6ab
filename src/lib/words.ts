/** 64-bit integers as two 32-bit words in memory, the high one first. */

/** The signed integer at words[at]. */
export function readBig(words: Int32Array, at: number): bigint {
  return (BigInt(words[at]) << 32n) | BigInt(words[at + 1] >>> 0);
}

export function writeBig(words: Int32Array, at: number, value: bigint): void {
  words[at] = Number(BigInt.asIntN(32, value >> 32n));
  words[at + 1] = Number(BigInt.asIntN(32, value));
}

export function incrementBig(words: Int32Array, at: number): void {
  const low = (words[at + 1] + 1) | 0;
  words[at + 1] = low;
  if (low === 0) words[at]++;
}
