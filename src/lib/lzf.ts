// LZF, in which Redis packs long strings in RDB files: runs of literal bytes, and references to bytes that were there before.

/** Control bytes below this announce literal bytes, one more than they say. */
const LITERALS = 32;
/** References of this length have another byte that says how much longer they are. */
const LONG = 7;
const LENGTH_MIN = 2;

/** Unpacks to exactly `length` bytes; undefined when that is not what `packed` holds. */
export function decompressLzf(packed: Uint8Array, length: number): Uint8Array | undefined {
  // A byte of a reference brings at most 264 bytes: more is a lie, for which no memory is to be taken.
  if (length > packed.length * 264) return undefined;
  const out = new Uint8Array(length);
  let at = 0;
  let i = 0;
  while (i < packed.length) {
    const control = packed[i++];
    if (control < LITERALS) {
      const count = control + 1;
      if (i + count > packed.length || at + count > length) return undefined;
      for (let k = 0; k < count; k++) out[at++] = packed[i++];
      continue;
    }
    let count = control >> 5;
    if (count === LONG) count += packed[i++];
    count += LENGTH_MIN;
    let from = at - ((control & 31) << 8) - 1 - packed[i++];
    // A reference that is cut off makes the numbers NaN.
    if (!(from >= 0 && at + count <= length)) return undefined;
    for (let k = 0; k < count; k++) out[at++] = out[from++];
  }
  return at === length ? out : undefined;
}
