import type { Args } from "../resp/args.ts";
import type { TableEntry } from "./table.ts";

/** A request that waits for EXEC. The arguments are its own. */
export interface QueuedRequest {
  readonly entry: TableEntry;
  readonly args: Args;
}

/** What a client has queued since MULTI. */
export class Transaction {
  readonly requests: QueuedRequest[] = [];
  /** A request was refused: EXEC will refuse all. */
  failed = false;
  /** The flags of all queued commands together. */
  flagBits = 0;
  /** Bytes of the requests. */
  bytes = 0;

  add(entry: TableEntry, args: Args, flagBits: number): void {
    this.requests.push({ entry, args });
    this.flagBits |= flagBits;
    this.bytes += args.buf.length;
  }
}
