import type { Database } from "../keyspace/database.ts";
import type { OwnedBytes } from "../lib/bytes.ts";
import { NULL } from "../memory/arena.ts";
import type { Client } from "./client.ts";
import { NAME_OVERHEAD_BYTES } from "./client-memory.ts";
import { keyId } from "./key-id.ts";

/** A key that clients watch. */
interface WatchedKey {
  readonly db: Database;
  readonly name: OwnedBytes;
  readonly clients: Set<Client>;
}

/**
 * WATCH: which clients' next EXEC is to fail when which keys change.
 *
 * A key whose time is past is deleted when somebody looks at it, WATCH included: so what was over before WATCH is no change, and what ends
 * between WATCH and EXEC is one, because `expire` looks at every watched key.
 */
export class Watches {
  private readonly keys = new Map<string, WatchedKey>();
  /** Number of keys that are watched. */
  keyCount = 0;
  /** Number of clients that watch any. */
  clientCount = 0;

  watch(client: Client, db: Database, name: OwnedBytes): void {
    const id = keyId(db.id, name, 0, name.length);
    if (client.watched === undefined) {
      client.watched = new Set();
      this.clientCount++;
    }
    if (!client.watched.has(id)) client.watchedBytes += id.length + NAME_OVERHEAD_BYTES;
    client.watched.add(id);
    const key = this.keys.get(id) ?? { db, name, clients: new Set() };
    key.clients.add(client);
    this.keys.set(id, key);
    this.keyCount = this.keys.size;
  }

  /** The client's transaction is over, one way or the other. */
  forget(client: Client): void {
    client.watchBroken = false;
    if (client.watched === undefined) return;
    for (const id of client.watched) {
      const key = this.keys.get(id)!;
      key.clients.delete(client);
      if (key.clients.size === 0) this.keys.delete(id);
    }
    client.watched = undefined;
    client.watchedBytes = 0;
    this.clientCount--;
    this.keyCount = this.keys.size;
  }

  changed(id: string): void {
    for (const client of this.keys.get(id)?.clients ?? []) client.watchBroken = true;
  }

  /** Looks at the keys that a client watches, so that those whose time has come are gone, and counted as changed. */
  expire(client: Client): void {
    for (const id of client.watched ?? []) exists(this.keys.get(id)!, this.keys.get(id)!.db);
  }

  /** The keys of `db` are about to be replaced by those of `other`, or by nothing. Keys that are in neither do not change. */
  replacing(db: Database, other?: Database): void {
    for (const key of this.keys.values()) {
      if (key.db !== db || !(exists(key, db) || (other !== undefined && exists(key, other)))) continue;
      for (const client of key.clients) client.watchBroken = true;
    }
  }
}

function exists({ name }: WatchedKey, db: Database): boolean {
  return db.find(name, 0, name.length, db.hash(name, 0, name.length)) !== NULL;
}
