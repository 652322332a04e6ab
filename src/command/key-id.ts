import { latin1 } from "../lib/bytes.ts";

/** A key of a database as the name of a JavaScript map's entry: for the few keys that someone watches or waits for. */
export function keyId(db: number, buf: Uint8Array, start: number, len: number): string {
  return `${db}:${latin1(buf, start, len)}`;
}
