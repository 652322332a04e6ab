import { latin1 } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { BackgroundJob, Budget } from "../observe/job.ts";
import { DELAYS } from "../observe/latency.ts";
import { TOP_KEY_BYTES_MAX } from "../observe/top-keys.ts";
import type { Database } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";

/** A key that takes no more than this is not big. */
const BIG_BYTES_MIN = 64 * 1024;
/** More keys are not remembered: of each type only so many with the most bytes, and as many with the most elements, are kept then. */
const PLACES = 2048;
const KEPT_PER_TYPE = 128;
const CURSORS_PER_LOOK = 16;

/** What keys are compared by; elements of strings are bytes. */
export type Measure = "bytes" | "elements";

export interface BigKey {
  /** One character per byte. */
  readonly name: string;
  readonly db: Database;
  readonly type: number;
  readonly bytes: number;
  readonly elements: number;
}

interface Place {
  readonly name: string;
  db: Database;
}

/** Of keys of one type that were big, but not kept: the most there was of each measure. */
type Dropped = Record<Measure, number>;

/**
 * The keys that take the most memory, and those with the most elements.
 *
 * Invariants
 * 1. A key whose value has grown over a multiple of BIG_BYTES_MIN bytes, or got a block of so many, is looked at when the command ends
 *    that did it (`Arena.onGrowth`); so nothing is done for small values, and little for big ones. What is loaded from files is searched for.
 * 2. Only names are remembered: how big their keys are, and whether there are any, is asked when somebody wants to know.
 * 3. When names were not kept, and those that were have become so small or few that others may belong in an answer, all keys are
 *    searched through, in slices.
 */
export class BigKeys implements BackgroundJob {
  readonly name = "big_keys";
  readonly delay = DELAYS.searchCycle;
  readonly weight = 1;
  readonly nextMs = Number.POSITIVE_INFINITY;
  private readonly places = new Map<string, Place>();
  private readonly dropped = new Map<number, Dropped>();
  private isSearching = false;
  private database = 0;
  private cursor = 0;

  constructor(private readonly keyspace: Keyspace) {}

  /** Looks whether the keys of that name, in any database, are big. */
  look(buf: Uint8Array, start: number, len: number): void {
    for (const db of this.keyspace.databases) {
      if (db.size === 0) continue;
      const e = db.inspect(buf, start, len, db.hash(buf, start, len));
      if (e !== NULL) this.note(db, e);
    }
  }

  private note(db: Database, e: Ptr): void {
    const { entries } = this.keyspace;
    const len = entries.nameLength(e);
    if (len > TOP_KEY_BYTES_MAX || this.keyspace.bytesOf(e) < BIG_BYTES_MIN) return;
    const name = latin1(entries.segment(e), entries.nameStart(e), len);
    this.places.set(`${db.id} ${name}`, { name, db });
    if (this.places.size > PLACES) this.shrink();
  }

  /** The contents of two databases have been exchanged. */
  swapped(a: Database, b: Database): void {
    const all = [...this.places.values()];
    this.places.clear();
    for (const place of all) {
      if (place.db === a) place.db = b;
      else if (place.db === b) place.db = a;
      this.places.set(`${place.db.id} ${place.name}`, place);
    }
  }

  /** The `count` keys with the most of a measure, the one with the most first; of one type or of all. */
  top(count: number, by: Measure, type?: number): BigKey[] {
    const keys = this.measured().filter((key) => type === undefined || key.type === type);
    const top = keys.sort((a, b) => b[by] - a[by]).slice(0, count);
    const least = top.length < count ? 0 : top[count - 1][by];
    for (const [of, dropped] of this.dropped) {
      if ((type === undefined || type === of) && dropped[by] > least) this.search();
    }
    return top;
  }

  /** What the remembered keys are now; forgets those that are not big any more. */
  private measured(): BigKey[] {
    const { keyspace } = this;
    const keys: BigKey[] = [];
    for (const [id, { name, db }] of this.places) {
      const text = Buffer.from(name, "latin1");
      const e = db.inspect(text, 0, text.length, db.hash(text, 0, text.length));
      const bytes = e === NULL || db.isPast(e) ? 0 : keyspace.bytesOf(e);
      if (bytes < BIG_BYTES_MIN) this.places.delete(id);
      else keys.push({ name, db, type: keyspace.entries.type(e), bytes, elements: keyspace.lengthOf(e) });
    }
    return keys;
  }

  /** Forgets all but the biggest. */
  private shrink(): void {
    const types = Map.groupBy(this.measured(), ({ type }) => type);
    this.places.clear();
    for (const [type, keys] of types) {
      const kept = new Set<BigKey>();
      for (const by of ["bytes", "elements"] as const) {
        for (const key of keys.sort((a, b) => b[by] - a[by]).slice(0, KEPT_PER_TYPE)) kept.add(key);
      }
      for (const { name, db } of kept) this.places.set(`${db.id} ${name}`, { name, db });
      for (const key of keys) if (!kept.has(key)) this.drop(type, key);
    }
  }

  private drop(type: number, { bytes, elements }: BigKey): void {
    const before = this.dropped.get(type);
    this.dropped.set(type, {
      bytes: Math.max(bytes, before?.bytes ?? 0),
      elements: Math.max(elements, before?.elements ?? 0),
    });
  }

  /** Begins to look through all keys, unless that is going on. */
  search(): void {
    if (this.isSearching) return;
    this.isSearching = true;
    this.database = 0;
    this.cursor = 0;
    this.dropped.clear();
  }

  isDue(): boolean {
    return this.isSearching;
  }

  run({ isSpent }: Budget): boolean {
    const { keyspace } = this;
    for (; this.database < keyspace.databases.length; this.database++) {
      const db = keyspace.databases[this.database];
      const visit = (e: Ptr): void => this.note(db, e);
      do {
        for (let n = 0; n < CURSORS_PER_LOOK; n++) {
          this.cursor = keyspace.dict.scan(db.table, this.cursor, visit);
          if (this.cursor === 0) break;
        }
        if (isSpent()) {
          if (this.cursor === 0) this.database++;
          return false;
        }
      } while (this.cursor !== 0);
    }
    this.isSearching = false;
    return true;
  }
}
