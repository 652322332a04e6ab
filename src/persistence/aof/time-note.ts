import { encode } from "../../lib/bytes.ts";

/** A line of the file that notes when what follows was written: Unix time in seconds. */
export function timeNote(nowMs: number): Uint8Array {
  return encode(`#TS:${Math.floor(nowMs / 1000)}\r\n`);
}
