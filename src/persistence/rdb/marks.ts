import { copyBytes } from "../../lib/bytes.ts";
import type { LzfCompressor } from "../../lib/lzf.ts";
import { lengthBytes, MARK_WORDS, writeCompressed } from "./output.ts";

/** Room that `applyMarks` takes beyond what it is given. */
export const MARKS_SCRATCH_BYTES = 32;

/**
 * Copies the first `length` bytes of `buf` to the start of `out`, the marked strings (RdbOutput.marks) compressed where that makes them
 * smaller. Returns how many bytes it wrote, at most `length`; `out` has MARKS_SCRATCH_BYTES more.
 */
export function applyMarks(
  lzf: LzfCompressor,
  buf: Uint8Array,
  length: number,
  marks: Int32Array,
  markCount: number,
  out: Uint8Array,
): number {
  let from = 0;
  let to = 0;
  for (let m = 0; m < markCount * MARK_WORDS; m += MARK_WORDS) {
    const at = marks[m];
    const len = marks[m + 1];
    const start = at + lengthBytes(len);
    copyBytes(buf, from, at - from, out, to);
    to += at - from;
    const end = writeCompressed(lzf, buf, start, len, out, to, to + MARKS_SCRATCH_BYTES);
    from = at;
    if (end === 0) continue;
    to = end;
    from = start + len;
  }
  copyBytes(buf, from, length - from, out, to);
  return to + length - from;
}
