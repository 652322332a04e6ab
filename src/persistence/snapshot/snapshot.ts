import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { ChangeGuard, Ptr } from "../../memory/arena.ts";
import { BigTable, type BigValue } from "./big-value.ts";
import type { Chunk, ChunkSink } from "./chunk.ts";
import type { ContentWriter } from "./content-writer.ts";
import { GuardedBlocks } from "./guarded-blocks.ts";
import { GuardedHomes } from "./guarded-homes.ts";
import { Pieces } from "./pieces.ts";

/**
 * All data as it is at one moment, that at which this object is made, written as an RDB file bit by bit while the data goes on changing.
 *
 * Every table of keys is walked home by home. `Dict`, and whoever changes values where they are, tells `arena.guard` of each change
 * before it happens, and then the whole home, a handful of keys, is saved first: whatever is found in a home that is not saved yet is as it was
 * at the beginning. A large value is not saved when its home is, but opened: what it had at the beginning is noted, a count and a number
 * of homes, or its leaves, and it is guarded in turn.
 *
 * Invariants
 * 1. A home is saved once: before anything in it changes. A home that is divided, or joined with another, is saved before that; homes that a
 *    table gets later hold nothing that was there in the beginning.
 * 2. A large value that is opened is unchanged since the beginning, as all of its home is. After that, its key may be deleted or renamed,
 *    and its table may belong to another key or none: homes and leaves are known by their pointers, and are saved before they are freed. So
 *    nothing has to be held back from being freed, and nothing is left to be done when a snapshot is given up.
 * 3. A table's or block's pointer may be in use for something else after it was freed: by then all of it was saved, so nothing is asked of it.
 * 4. Records in the file are whole: while one large value is being written (`current`), keys that have to be saved go to `aside`, which
 *    follows after it, and elements of the other opened ones to buffers of their own.
 * 5. Whatever is saved because of a change is saved at once, however much is on its way to the disk; the walk waits for the disk.
 *
 * 6. If saving fails before a change (no memory is left), the change is made and the snapshot is no more: it never ends as if it were whole.
 *
 * When keys were used last is as it is when they are saved: that is no part of the data.
 */
export class Snapshot implements ChangeGuard {
  /** Keys saved so far, and keys there were at the beginning. */
  keys = 0;
  readonly keysTotal: number;

  /** What it failed of, before a change. */
  private failure: unknown;
  private readonly homes = new Map<Ptr, GuardedHomes>();
  private readonly blocks = new GuardedBlocks();
  /** Tables of keys that may have homes left to be saved. */
  private readonly tables: GuardedHomes[] = [];
  /** Large values that are to be written, in this order. */
  private readonly opened: BigValue[] = [];
  private current: BigValue | undefined;
  private readonly main: Pieces;
  private readonly aside: Pieces;
  private readonly asideChunks: Chunk[] = [];

  constructor(
    private readonly keyspace: Keyspace,
    private readonly writer: ContentWriter,
    private readonly sink: ChunkSink,
  ) {
    const { compression } = writer;
    this.main = new Pieces(sink.pool, compression, (chunk) => sink.write(chunk));
    this.aside = new Pieces(sink.pool, compression, (chunk) => this.asideChunks.push(chunk));
    this.keysTotal = keyspace.databases.reduce((sum, db) => sum + db.size, 0);
    writer.begin(this.main.out);
    for (const { id, table, size } of keyspace.databases) {
      if (size === 0) continue;
      const homes = new GuardedHomes(keyspace.dict, table, (e) => this.save(id, e));
      this.tables.push(homes);
      this.homes.set(table, homes);
    }
  }

  /** The data may change before all is saved. There is at most one snapshot of which this is true. */
  guard(): void {
    this.keyspace.arena.guard = this;
  }

  homeChanging(table: Ptr, home: number): void {
    try {
      this.homes.get(table)?.save(home);
    } catch (error) {
      this.fail(error);
    }
  }

  blockChanging(p: Ptr): void {
    try {
      this.blocks.changing(p);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.close();
  }

  private save(db: number, e: Ptr): void {
    const { writer } = this;
    this.keys++;
    const big = writer.open(db, e, this.blocks);
    if (big !== undefined) {
      // More has to be saved early of leaves than of tables, where it is a home: they come first.
      if (big instanceof BigTable) {
        this.homes.set(big.table, big.homes);
        this.opened.push(big);
      } else this.opened.unshift(big);
      return;
    }
    const pieces = this.current === undefined ? this.main : this.aside;
    if (pieces.selects(db)) writer.select(db, pieces.out);
    writer.write(e, pieces.out);
    pieces.settle();
  }

  /** Goes on until all is saved (true), or `stop` says so, or until too much is on its way to the disk. Throws what it failed of. */
  run(stop: () => boolean): boolean {
    if (this.failure !== undefined) throw this.failure;
    while (!stop() && !this.sink.isFull) {
      if (this.current !== undefined || this.opened.length > 0) this.stepBig();
      else if (!this.saveNext()) {
        this.end();
        return true;
      }
    }
    return false;
  }

  /** Begins with a large value, or goes on with it. */
  private stepBig(): void {
    if (this.current === undefined) {
      const big = this.opened.shift()!;
      if (this.main.selects(big.db)) this.writer.select(big.db, this.main.out);
      big.start(this.main);
      this.current = big;
      return;
    }
    const { current } = this;
    if (current.step()) return;
    this.current = undefined;
    if (current instanceof BigTable && this.homes.get(current.table) === current.homes) {
      this.homes.delete(current.table);
    }
    this.main.settle();
    this.appendAside();
  }

  private appendAside(): void {
    const { aside, asideChunks, main } = this;
    aside.cut();
    for (const chunk of asideChunks) main.append(chunk);
    asideChunks.length = 0;
    aside.selectsNone();
    main.selectsNone();
  }

  /** Saves a home of keys. False when all are saved. */
  private saveNext(): boolean {
    while (this.tables.length > 0) {
      if (this.tables[0].saveNext()) return true;
      this.tables.shift();
    }
    return false;
  }

  private end(): void {
    this.writer.end(this.main.out);
    this.main.cut();
    this.close();
  }

  /** Nobody needs to tell of changes any more, and nothing is written any more. */
  close(): void {
    const { arena } = this.keyspace;
    if (arena.guard === this) arena.guard = undefined;
    this.main.close();
    this.aside.close();
    for (const chunk of this.asideChunks.splice(0)) this.sink.pool.give(chunk);
  }
}
