import type { Database } from "../keyspace/database.ts";
import type { Client } from "./client.ts";
import { keyId } from "./key-id.ts";
import type { Tracking } from "./tracking.ts";
import type { WaitingClients } from "./waiting.ts";
import type { Watches } from "./watches.ts";

/** Tells those who asked for it that keys change: WATCH, clients that wait, and clients that keep copies. */
export class KeyChanges {
  constructor(
    private readonly watches: Watches,
    private readonly waiting: WaitingClients,
    private readonly tracking: Tracking,
  ) {}

  /** Anybody wants to be told of anything. */
  get areFollowed(): boolean {
    return (this.watches.keyCount | this.waiting.keyCount | this.tracking.keyCount) !== 0;
  }

  /** A key changed; `by` is the client whose request did that, if any. */
  changed(db: number, buf: Uint8Array, start: number, len: number, by: Client | undefined): void {
    if (this.watches.keyCount > 0 || this.waiting.keyCount > 0) {
      const id = keyId(db, buf, start, len);
      this.watches.changed(id);
      this.waiting.changed(id);
    }
    if (this.tracking.keyCount > 0) this.tracking.changed(buf, start, len, by);
  }

  /** All keys of a database are about to be deleted. */
  flushing(db: Database): void {
    this.watches.replacing(db);
    this.waiting.changedAll();
  }

  /** A request emptied one or all databases. */
  flushed(): void {
    this.tracking.flushed();
  }

  /** Two databases are about to exchange their keys. */
  swapping(a: Database, b: Database): void {
    this.watches.replacing(a, b);
    this.watches.replacing(b, a);
    this.waiting.changedAll();
  }
}
