/**
 * XXH3 of 64 bits with seed 0 and the default secret: what DIGEST, SET IFDEQ and DELEX IFDEQ of Redis 8.4 compare.
 * Bun's own implementation is used; the tests hold it to the published algorithm's values for every length class.
 */

/** How many hexadecimal digits a digest has. */
export const DIGEST_TEXT_BYTES = 16;
const HEX = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** The hash as an unsigned 64-bit integer. */
export function xxh3(buf: Uint8Array, start: number, len: number): bigint {
  return Bun.hash.xxHash3(len === buf.length ? buf : buf.subarray(start, start + len));
}

/** Writes the hash as 16 lower-case hexadecimal digits at `at`, leading zeros kept. */
export function writeDigest(buf: Uint8Array, start: number, len: number, out: Uint8Array, at: number): void {
  const hash = xxh3(buf, start, len);
  writeHex(Number(hash >> 32n), out, at);
  writeHex(Number(hash & 0xffff_ffffn), out, at + 8);
}

function writeHex(value: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < 8; i++) out[at + i] = HEX[(value >>> (28 - 4 * i)) & 15];
}
