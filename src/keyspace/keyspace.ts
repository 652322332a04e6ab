import { Span } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { randomSecret } from "../lib/random.ts";
import { Arena, type Ptr } from "../memory/arena.ts";
import type { PageToucher } from "../memory/page-toucher.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { Dict } from "../structures/dict.ts";
import { Entries, REFERENCE } from "../structures/entry.ts";
import type { Collection } from "../types/collection.ts";
import { HashValues } from "../types/hash.ts";
import { EndedFields } from "../types/hash-deadlines.ts";
import { HASH, LIST, SET, STREAM, STRING, ZSET } from "../types/kinds.ts";
import { ListValues } from "../types/list.ts";
import { SetValues } from "../types/set.ts";
import { StreamValues } from "../types/stream.ts";
import { ZsetValues } from "../types/zset.ts";
import { AccessClock } from "./access.ts";
import { BigKeys } from "./big-keys.ts";
import { Database, type DatabaseOwner } from "./database.ts";
import { Defragmentation } from "./defragmentation.ts";
import { Eviction } from "./eviction.ts";
import { Reclaimer } from "./reclaimer.ts";

/** Told of what happens to keys without a command having asked for it. */
export interface KeyspaceObserver {
  /** A key has got its first value; told only while `announcesKeys`. */
  keyCreated(db: Database, e: Ptr): void;
  /** A key is about to be deleted because its deadline is past. */
  keyExpired(db: Database, e: Ptr): void;
  /** A key is about to be deleted to make room. */
  keyEvicted(db: Database, e: Ptr): void;
  /** Fields of a key have been removed because their deadlines are past; the key may be about to be deleted with the last of them. */
  fieldsExpired(db: Database, e: Ptr, ended: EndedFields): void;
}

/** All databases, and the memory they share. */
export class Keyspace implements DatabaseOwner {
  readonly arena: Arena;
  readonly entries: Entries;
  readonly dict: Dict;
  readonly hashes: HashValues;
  readonly lists: ListValues;
  readonly sets: SetValues;
  readonly zsets: ZsetValues;
  readonly streams: StreamValues;
  /** By type; undefined for strings. */
  readonly collections: (Collection | undefined)[] = [];
  readonly access: AccessClock;
  readonly reclaimer: Reclaimer;
  readonly eviction: Eviction;
  readonly defragmentation: Defragmentation;
  readonly bigKeys = new BigKeys(this);
  readonly databases: Database[] = [];
  private readonly span = new Span();
  private readonly ended = new EndedFields();
  observer: KeyspaceObserver | undefined;
  announcesKeys = false;
  /** Keys whose time is past are kept, though nobody sees them: clients are paused, and nothing is to be written. */
  holdsEnded = false;
  mayChange = false;
  nowMs: number;
  nextDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(
    databaseCount: number,
    readonly clock: Clock,
    readonly random: Random,
    toucher?: PageToucher,
    secret = randomSecret(),
  ) {
    this.arena = new Arena(toucher);
    this.entries = new Entries(this.arena);
    this.nowMs = clock.unixMs();
    this.dict = new Dict(this.arena, this.entries, ...secret);
    this.hashes = new HashValues(this.arena, this.entries, this.dict, this);
    this.collections[HASH] = this.hashes;
    this.lists = new ListValues(this.arena, this.entries);
    this.collections[LIST] = this.lists;
    this.sets = new SetValues(this.arena, this.entries, this.dict);
    this.collections[SET] = this.sets;
    this.zsets = new ZsetValues(this.arena, this.entries, this.dict);
    this.collections[ZSET] = this.zsets;
    this.streams = new StreamValues(this.arena, this.entries);
    this.collections[STREAM] = this.streams;
    this.access = new AccessClock(random);
    this.access.setNow(this.nowMs);
    this.reclaimer = new Reclaimer(this);
    this.defragmentation = new Defragmentation(this);
    for (let id = 0; id < databaseCount; id++) this.databases.push(new Database(this, id));
    this.eviction = new Eviction(this);
  }

  /** Tells the time of this poll. */
  setNow(nowMs: number): void {
    this.nowMs = nowMs;
    this.access.setNow(nowMs);
  }

  initialAccess(): number {
    return this.access.initial();
  }

  /** Bytes of a key's blocks: its entry's and its value's. */
  bytesOf(e: Ptr): number {
    const { entries } = this;
    const own = blockBytes(entries.bytesOf(e));
    const collection = this.collections[entries.type(e)];
    if (collection !== undefined) return own + collection.memoryBytes(e);
    return entries.head(e) & (REFERENCE << 8) ? own + blockBytes(entries.valueLength(e)) : own;
  }

  /** Elements of a collection, bytes of a string. */
  lengthOf(e: Ptr): number {
    return this.collections[this.entries.type(e)]?.length(e) ?? this.entries.valueLength(e);
  }

  releaseValue(e: Ptr): void {
    const { entries } = this;
    const type = entries.type(e);
    if (type === STRING) this.releaseString(entries.reference(e), entries.valueLength(e));
    else this.collections[type]!.release(e, this.reclaimer);
  }

  private releaseString(p: Ptr, bytes: number): void {
    this.arena.guard?.blockChanging(p);
    this.arena.free(p, bytes);
  }

  /** The key's value is accessed. */
  touch(e: Ptr): void {
    const { entries, access } = this;
    entries.setAccess(e, access.touched(entries.access(e)));
  }

  created(db: Database, e: Ptr): void {
    this.observer?.keyCreated(db, e);
  }

  expired(db: Database, e: Ptr): void {
    if (this.holdsEnded) return;
    this.observer?.keyExpired(db, e);
    db.delete(e);
  }

  /** Deletes a key to make room. */
  evict(db: Database, e: Ptr): void {
    this.observer?.keyEvicted(db, e);
    db.delete(e);
  }

  fieldsExpired(db: Database, e: Ptr): boolean {
    const { ended } = this;
    this.dict.changing(db.table, e);
    this.hashes.takeEnded(e, ended);
    if (ended.count > 0 || ended.keyGoes) this.observer?.fieldsExpired(db, e, ended);
    if (ended.keyGoes) db.delete(e);
    else db.retime(e);
    return !ended.keyGoes;
  }

  /** Empties a database; what it held is freed bit by bit. Returns the number of keys. */
  flush(db: Database): number {
    const count = db.size;
    if (count > 0) this.reclaimer.addKeys(db.detach());
    else db.dropIdleWheel();
    return count;
  }

  /** Gives a copy of an entry's value and deadline to a name in `to`; `old` is what that name has there. */
  copyTo(e: Ptr, to: Database, old: Ptr, buf: Uint8Array, start: number, len: number, hash: number): void {
    const { entries, span } = this;
    const kind = entries.head(e) & 0xff;
    const deadlineMs = entries.isTimed(e) ? entries.deadline(e) : 0;
    const collection = this.collections[entries.type(e)];
    if (collection !== undefined) {
      collection.copy(e);
      to.putReference(old, buf, start, len, hash, kind, collection.root, collection.rootBytes, deadlineMs);
      return;
    }
    entries.value(e, span);
    to.setString(old, buf, start, len, hash, kind, span.buf, span.start, span.len, deadlineMs);
  }

  /** Exchanges the contents of two databases. */
  swap(a: Database, b: Database): void {
    const { table, wheel, timers } = a;
    a.table = b.table;
    a.wheel = b.wheel;
    a.timers = b.timers;
    b.table = table;
    b.wheel = wheel;
    b.timers = timers;
    this.bigKeys.swapped(a, b);
  }
}
