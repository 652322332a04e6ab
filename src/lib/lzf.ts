// LZF, in which Redis packs long strings in RDB files: runs of literal bytes, and references to bytes that were there before.

/** Control bytes below this announce literal bytes, one more than they say. */
const LITERALS = 32;
/** References of this length have another byte that says how much longer they are. */
const LONG = 7;
const LENGTH_MIN = 2;
/** The bounds of what a reference can say: how long, and how far back. */
const LENGTH_MAX = LENGTH_MIN + LONG + 255;
const DISTANCE_MAX = 1 << 13;
/** A shorter match is not looked for. */
const MATCH_MIN = 3;
const HASH_BITS = 14;
const HASH_SHIFT = 32 - HASH_BITS;
/** A prime near 2^32 times the golden section. */
const HASH_FACTOR = 0x9e37_79b1 | 0;
/** Positions are counted on from text to text up to this, and then anew. */
const ORIGIN_MAX = 1 << 30;
/** After so many bytes without a match, and again after as many, one more of those that follow is passed over at each step. */
const PATIENCE_SHIFT = 6;
const SKIPPED_MAX = 16;
const REFERENCE_BYTES_MAX = 3;

/**
 * Packs byte strings. Of all places with the same three bytes it remembers the last one, in a table that is not emptied between the strings:
 * what is too far back is no match.
 */
export class LzfCompressor {
  private readonly table = new Int32Array(1 << HASH_BITS);
  /** What the string's first byte counts as in the table. */
  private origin = DISTANCE_MAX + 1;

  /**
   * Writes a packed form of at most `max` bytes to `out`; returns its length, 0 when there is none. Of what is behind these bytes some
   * may be written, too.
   */
  compress(buf: Uint8Array, start: number, len: number, out: Uint8Array, to: number, max: number): number {
    const { table } = this;
    const end = start + len;
    const last = end - MATCH_MIN;
    const limit = to + max;
    const shift = this.begin(len) - start;
    let o = to;
    let literals = start;
    let at = start;
    let three = (buf[at] << 8) | buf[at + 1];
    while (at <= last) {
      three = ((three << 8) | buf[at + 2]) & 0xff_ffff;
      const slot = Math.imul(three, HASH_FACTOR) >>> HASH_SHIFT;
      const from = table[slot] - shift;
      table[slot] = at + shift;
      // What follows is all in one function: in several it takes half as long again.
      const isFar = from < start || at - from > DISTANCE_MAX;
      if (isFar || ((buf[from] << 16) | (buf[from + 1] << 8) | buf[from + 2]) !== three) {
        const skipped = Math.min((at - literals) >> PATIENCE_SHIFT, SKIPPED_MAX);
        at += 1 + skipped;
        if (skipped > 0) three = (buf[at] << 8) | buf[at + 1];
        continue;
      }
      const longest = Math.min(LENGTH_MAX, end - at);
      let length = MATCH_MIN;
      while (length < longest && buf[from + length] === buf[at + length]) length++;
      if (at - literals > LITERALS) o = writeLiterals(buf, literals, at, out, o, limit);
      else if (literals < at) {
        out[o++] = at - literals - 1;
        while (literals < at) out[o++] = buf[literals++];
      }
      if (o === 0 || o + REFERENCE_BYTES_MAX > limit) return 0;
      const back = at - from - 1;
      const count = length - LENGTH_MIN;
      if (count < LONG) out[o++] = (count << 5) | (back >> 8);
      else {
        out[o++] = (LONG << 5) | (back >> 8);
        out[o++] = count - LONG;
      }
      out[o++] = back;
      at += length;
      literals = at;
      if (at > last) break;
      // Of the places within a match only the last one is remembered.
      three = (buf[at - 1] << 16) | (buf[at] << 8) | buf[at + 1];
      table[Math.imul(three, HASH_FACTOR) >>> HASH_SHIFT] = at - 1 + shift;
    }
    o = writeLiterals(buf, literals, end, out, o, limit);
    return o === 0 ? 0 : o - to;
  }

  private begin(len: number): number {
    if (this.origin > ORIGIN_MAX) {
      this.table.fill(0);
      this.origin = DISTANCE_MAX + 1;
    }
    const { origin } = this;
    this.origin += len + DISTANCE_MAX;
    return origin;
  }
}

/** Writes the bytes from `from` to before `end` as they are; returns where that ends, 0 when it would be behind `limit`. */
function writeLiterals(buf: Uint8Array, from: number, end: number, out: Uint8Array, to: number, limit: number): number {
  const count = end - from;
  if (to + count + ((count + LITERALS - 1) >> 5) > limit) return 0;
  let o = to;
  let at = from;
  while (at < end) {
    const runEnd = Math.min(at + LITERALS, end);
    out[o++] = runEnd - at - 1;
    while (at < runEnd) out[o++] = buf[at++];
  }
  return o;
}

/** Copying four bytes at a time goes so far beyond the end. */
const STEP_SPARE = 3;
/** A byte of a reference brings at most this many: who says more lies, and is to be given no memory. */
const BYTES_PER_BYTE_MAX = 264;

/** No more bytes than this come of so many packed ones. */
export function unpackedBytesMax(packedBytes: number): number {
  return packedBytes * BYTES_PER_BYTE_MAX;
}

/**
 * Unpacks `len` bytes from `start` on to the first `length` bytes of `out`, behind which something may be written, too. False when that is not
 * exactly what they hold.
 *
 * Bytes are copied four at a time, and up to three too many, where there is room: then the compiled code looks once at whether they are within
 * the arrays. That takes two thirds of the time; copying natively, or by words of a view, takes longer, as most copies are short.
 */
export function unpackLzf(packed: Uint8Array, start: number, len: number, out: Uint8Array, length: number): boolean {
  const end = start + len;
  const packedRoom = packed.length - STEP_SPARE;
  const outRoom = out.length - STEP_SPARE;
  let at = 0;
  let i = start;
  while (i < end) {
    const control = packed[i++];
    if (control < LITERALS) {
      const next = i + control + 1;
      const stop = at + control + 1;
      if (next > end || stop > length) return false;
      if (next <= packedRoom && stop <= outRoom) {
        for (; at < stop; at += 4, i += 4) {
          out[at] = packed[i];
          out[at + 1] = packed[i + 1];
          out[at + 2] = packed[i + 2];
          out[at + 3] = packed[i + 3];
        }
        at = stop;
        i = next;
      } else while (at < stop) out[at++] = packed[i++];
      continue;
    }
    let stop = at + (control >> 5) + LENGTH_MIN;
    if (control >> 5 === LONG) stop += packed[i++];
    if (i >= end) return false;
    let from = at - ((control & 31) << 8) - 1 - packed[i++];
    if (from < 0 || stop > length) return false;
    // What is copied at once must be there before.
    if (from + 4 <= at && stop <= outRoom) {
      for (; at < stop; at += 4, from += 4) {
        out[at] = out[from];
        out[at + 1] = out[from + 1];
        out[at + 2] = out[from + 2];
        out[at + 3] = out[from + 3];
      }
      at = stop;
    } else while (at < stop) out[at++] = out[from++];
  }
  return at === length;
}
