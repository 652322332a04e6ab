/** The order of two ranges by their bytes, the shorter first if one begins with the other: negative, 0 or positive. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLen: number,
  b: Uint8Array,
  bStart: number,
  bLen: number,
): number {
  const len = Math.min(aLen, bLen);
  for (let i = 0; i < len; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aLen - bLen;
}
