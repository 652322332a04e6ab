import type { Database } from "../keyspace/database.ts";
import type { OwnedBytes } from "../lib/bytes.ts";
import { NULL } from "../memory/arena.ts";
import { NAME_OVERHEAD_BYTES } from "./client-memory.ts";
import { keyId } from "./key-id.ts";

/** Who watches keys: a client, or a command that waits for something else meanwhile. */
export interface Watcher {
  /** By `keyId`. */
  watched: Set<string> | undefined;
  /** About what they take. */
  watchedBytes: number;
  /** One of them changed. */
  watchBroken: boolean;
}

/** A key that is watched. */
interface WatchedKey {
  readonly db: Database;
  readonly name: OwnedBytes;
  readonly watchers: Set<Watcher>;
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
  /** Number of those who watch any. */
  watcherCount = 0;

  watch(watcher: Watcher, db: Database, name: OwnedBytes): void {
    const id = keyId(db.id, name, 0, name.length);
    if (watcher.watched === undefined) {
      watcher.watched = new Set();
      this.watcherCount++;
    }
    if (!watcher.watched.has(id)) watcher.watchedBytes += id.length + NAME_OVERHEAD_BYTES;
    watcher.watched.add(id);
    const key = this.keys.get(id) ?? { db, name, watchers: new Set() };
    key.watchers.add(watcher);
    this.keys.set(id, key);
    this.keyCount = this.keys.size;
  }

  /** It watches nothing any longer: a client's transaction is over, one way or the other. */
  forget(watcher: Watcher): void {
    watcher.watchBroken = false;
    if (watcher.watched === undefined) return;
    for (const id of watcher.watched) {
      const key = this.keys.get(id)!;
      key.watchers.delete(watcher);
      if (key.watchers.size === 0) this.keys.delete(id);
    }
    watcher.watched = undefined;
    watcher.watchedBytes = 0;
    this.watcherCount--;
    this.keyCount = this.keys.size;
  }

  changed(id: string): void {
    for (const watcher of this.keys.get(id)?.watchers ?? []) watcher.watchBroken = true;
  }

  /** Looks at the keys that somebody watches, so that those whose time has come are gone, and counted as changed. */
  expire(watcher: Watcher): void {
    for (const id of watcher.watched ?? []) exists(this.keys.get(id)!, this.keys.get(id)!.db);
  }

  /** The keys of `db` are about to be replaced by those of `other`, or by nothing. Keys that are in neither do not change. */
  replacing(db: Database, other?: Database): void {
    for (const key of this.keys.values()) {
      if (key.db !== db || !(exists(key, db) || (other !== undefined && exists(key, other)))) continue;
      for (const watcher of key.watchers) watcher.watchBroken = true;
    }
  }
}

function exists({ name }: WatchedKey, db: Database): boolean {
  return db.find(name, 0, name.length, db.hash(name, 0, name.length)) !== NULL;
}
