/**
 * Cursors of walks over a table's homes in bit-reversed order (Pieter Noordhuis's method for Redis): they survive any number of splits and
 * merges. With `half` as the highest power of two that is not above the number of buckets, a cursor stands on the home `cursor % half` and on
 * the one that was split off from it, `half` after it, if there is one.
 */
export function nextCursor(cursor: number, half: number): number {
  return reverseBits((reverseBits(cursor | -half) + 1) | 0) >>> 0;
}

export function highestBit(v: number): number {
  return 1 << (31 - Math.clz32(v));
}

function reverseBits(v: number): number {
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return (v >>> 16) | (v << 16);
}
