import { latin1 } from "../../lib/bytes.ts";
import { Crc64 } from "../../lib/crc.ts";

/** "REDIS" and four digits of the version. */
const HEADER_BYTES = 9;
const CHECKSUM_BYTES = 8;
const OP_AUX = 0xfa;
const OP_END = 0xff;
/** The first version that ends in a checksum. */
const CHECKSUM_VERSION = 5;

/** Whether a file starts as a snapshot does. */
export function isRdb(file: Uint8Array): boolean {
  return latin1(file, 0, Math.min(5, file.length)) === "REDIS";
}

/**
 * Length of the snapshot at the start of `file` if there are no keys in it, only fields about itself: redis-server starts a new folder
 * with such a base file. Undefined when it holds more, or is damaged.
 */
export function emptyRdbEnd(file: Uint8Array): number | undefined {
  const header = latin1(file, 0, Math.min(HEADER_BYTES, file.length));
  if (!/^REDIS\d{4}$/.test(header)) return undefined;
  let at = HEADER_BYTES;
  while (file[at] === OP_AUX) at = afterString(file, afterString(file, at + 1));
  if (file[at++] !== OP_END) return undefined;
  if (Number(header.slice(5)) < CHECKSUM_VERSION) return at;
  return at + CHECKSUM_BYTES <= file.length && checksumFits(file, at) ? at + CHECKSUM_BYTES : undefined;
}

/** Index after the string at `at`: its length in 6, 14 or 32 bits and its bytes, or an integer of 1, 2 or 4 bytes. */
function afterString(file: Uint8Array, at: number): number {
  const first = file[at] ?? 0;
  const low = first & 63;
  switch (first >>> 6) {
    case 0:
      return at + 1 + low;
    case 1:
      return at + 2 + (low << 8) + (file[at + 1] ?? 0);
    case 2:
      return at + 5 + file.subarray(at + 1, at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    default:
      return low < 3 ? at + 1 + (1 << low) : file.length;
  }
}

/** Zeros stand for a checksum that was not asked for. */
function checksumFits(file: Uint8Array, at: number): boolean {
  const stored = new DataView(file.buffer, file.byteOffset + at, CHECKSUM_BYTES).getBigUint64(0, true);
  const crc = new Crc64();
  crc.update(file, 0, at);
  return stored === 0n || stored === crc.value();
}
