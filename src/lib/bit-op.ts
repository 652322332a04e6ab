/**
 * Bitwise operations over several byte strings, as BITOP needs them. Shorter strings count as padded with zero bytes.
 *
 * Works in blocks that fit the processor's cache: each source's part of the block is copied to an aligned area and combined with
 * the result a word at a time, so that neither the sources nor the result need be aligned, and no memory is allocated.
 */
import { copyBytes, type Span } from "./bytes.ts";

/**
 * Bit by bit, with X the first source and Y the others: `diff` X without any Y, `diff1` any Y without X, `andor` X with any Y,
 * `one` exactly one of all. `not` takes one source.
 */
export type BitOperation = "and" | "or" | "xor" | "not" | "diff" | "diff1" | "andor" | "one";

const BLOCK_BYTES = 16_384;
const result = new Int32Array(BLOCK_BYTES / 4);
const source = new Int32Array(BLOCK_BYTES / 4);
/** The bits that more than one source has, for `one`. */
const repeated = new Int32Array(BLOCK_BYTES / 4);
const resultBytes = new Uint8Array(result.buffer);
const sourceBytes = new Uint8Array(source.buffer);

/** Writes `len` bytes of the operation's result at `at`; `len` is the longest source's. The result may not overlap a source. */
export function bitOperation(
  operation: BitOperation,
  sources: readonly Span[],
  out: Uint8Array,
  at: number,
  len: number,
): void {
  for (let offset = 0; offset < len; offset += BLOCK_BYTES) {
    const bytes = Math.min(BLOCK_BYTES, len - offset);
    computeBlock(operation, sources, offset, bytes);
    copyBytes(resultBytes, 0, bytes, out, at + offset);
  }
}

function computeBlock(operation: BitOperation, sources: readonly Span[], offset: number, bytes: number): void {
  const words = (bytes + 3) >>> 2;
  const firstLast = operation === "diff1" || operation === "andor";
  if (firstLast) result.fill(0, 0, words);
  else load(sources[0], offset, words, resultBytes);
  repeated.fill(0, 0, words);
  for (let i = 1; i < sources.length; i++) {
    load(sources[i], offset, words, sourceBytes);
    combine(firstLast ? "or" : operation, words);
  }
  if (firstLast) {
    load(sources[0], offset, words, sourceBytes);
    combine(operation === "diff1" ? "diff" : "and", words);
  }
  if (operation === "not") for (let i = 0; i < words; i++) result[i] = ~result[i];
}

/** Copies a source's part of the block, with zeros after its end. */
function load(span: Span, offset: number, words: number, into: Uint8Array): void {
  const bytes = Math.max(0, Math.min(words * 4, span.len - offset));
  if (bytes > 0) copyBytes(span.buf, span.start + offset, bytes, into, 0);
  into.fill(0, bytes, words * 4);
}

/** Brings the loaded source into the result. */
function combine(operation: BitOperation, words: number): void {
  switch (operation) {
    case "and":
      for (let i = 0; i < words; i++) result[i] &= source[i];
      break;
    case "or":
      for (let i = 0; i < words; i++) result[i] |= source[i];
      break;
    case "xor":
      for (let i = 0; i < words; i++) result[i] ^= source[i];
      break;
    case "diff":
      for (let i = 0; i < words; i++) result[i] &= ~source[i];
      break;
    case "one":
      for (let i = 0; i < words; i++) {
        repeated[i] |= result[i] & source[i];
        result[i] = (result[i] ^ source[i]) & ~repeated[i];
      }
      break;
  }
}
