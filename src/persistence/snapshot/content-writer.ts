import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Ptr } from "../../memory/arena.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import { HASHTABLE, HASHTABLE_EX, LIST, SKIPLIST, STREAM, STRING } from "../../types/kinds.ts";
import { ID_WORDS } from "../../types/stream-id.ts";
import { StreamLeaves } from "../../types/stream-leaves.ts";
import type { Compression, RdbOutput } from "../rdb/output.ts";
import type { ValueWriter } from "../rdb/values.ts";
import { BigBlocks, BigString, type BigTable, type BigValue, type Frame } from "./big-value.ts";
import type { GuardedBlocks } from "./guarded-blocks.ts";

export interface ListFrame extends Frame {
  /** Writes a leaf: the packed list `p` of `bytes` bytes. */
  leaf(p: Ptr, bytes: number, out: RdbOutput): void;
}

export interface StreamFrame extends Frame {
  readonly tail: RdbOutput;
  /** Writes a leaf with `live` entries; `words[keyAt]` is its key. */
  leaf(p: Ptr, bytes: number, live: number, words: Int32Array, keyAt: number, out: RdbOutput): void;
  /** Ends the tail. */
  end(): void;
}

/** Writes the parts of a snapshot's file in one form or another, and finds which values are too large to be written at once. */
export abstract class ContentWriter {
  abstract readonly compression: Compression;
  /** A value of about so many bytes is not saved at once. Of strings more can be: they are only copied. */
  bigBytes = 64 * 1024;
  bigStringBytes = 256 * 1024;
  private readonly leaves: TreeCursor;
  private readonly streamLeaves: StreamLeaves;

  constructor(protected readonly keyspace: Keyspace) {
    this.leaves = new TreeCursor(keyspace.arena, 0);
    this.streamLeaves = new StreamLeaves(keyspace.arena);
  }

  abstract begin(out: RdbOutput): void;
  abstract end(out: RdbOutput): void;
  /** What follows are keys of that database. */
  abstract select(db: number, out: RdbOutput): void;
  /** A key with its value, whole. */
  abstract write(e: Ptr, out: RdbOutput): void;

  protected abstract readonly values: ValueWriter;
  protected abstract string(e: Ptr): Frame;
  protected abstract openTable(db: number, e: Ptr): BigTable;
  protected abstract list(e: Ptr, leaves: number): ListFrame;
  protected abstract stream(e: Ptr): StreamFrame;

  /** The value of a key, to be written bit by bit; undefined when it is small enough for `write`. */
  open(db: number, e: Ptr, blocks: GuardedBlocks): BigValue | undefined {
    const { entries } = this.keyspace;
    const type = entries.type(e);
    if (type === STRING)
      return entries.valueLength(e) < this.bigStringBytes ? undefined : this.openString(db, e, blocks);
    if (this.values.bigness(e) < this.bigBytes) return undefined;
    const encoding = entries.encoding(e);
    if (type === LIST) return entries.valueLength(e) > 0 ? undefined : this.openList(db, e, blocks);
    if (type === STREAM) return this.openStream(db, e, blocks);
    return encoding === HASHTABLE || encoding === HASHTABLE_EX || encoding === SKIPLIST
      ? this.openTable(db, e)
      : undefined;
  }

  private openString(db: number, e: Ptr, blocks: GuardedBlocks): BigString {
    const { entries, arena } = this.keyspace;
    const { head, tail } = this.string(e);
    return new BigString(db, entries.reference(e), entries.valueLength(e), head, tail, arena, blocks);
  }

  private openList(db: number, e: Ptr, blocks: GuardedBlocks): BigBlocks {
    const { leaves } = this;
    const t = this.keyspace.entries.reference(e);
    const found = new Int32Array(leaves.leaves(t));
    const bytes = new Int32Array(found.length);
    let count = 0;
    leaves.forEachLeaf(t, (leaf, leafBytes) => {
      found[count] = leaf;
      bytes[count++] = leafBytes;
    });
    const frame = this.list(e, count);
    return new BigBlocks(db, found, frame.head, frame.tail, blocks, (i, out) =>
      frame.leaf(found[i] as Ptr, bytes[i], out),
    );
  }

  /** The tail, to which entries are added, and the groups are written at once. */
  private openStream(db: number, e: Ptr, blocks: GuardedBlocks): BigBlocks {
    const { streamLeaves: leaves } = this;
    const frame = this.stream(e);
    const { head, tail } = frame;
    const found: number[] = [];
    const shape: number[] = [];
    const keys: number[] = [];
    for (let more = leaves.seekFirst(this.keyspace.streams.header(e)); more; more = leaves.next()) {
      if (leaves.isTail) {
        frame.leaf(leaves.leaf, leaves.bytes, leaves.live, leaves.words, leaves.keyAt, tail);
        continue;
      }
      found.push(leaves.leaf);
      shape.push(leaves.bytes, leaves.live);
      keys.push(...leaves.words);
    }
    const key = new Int32Array(keys);
    frame.end();
    return new BigBlocks(db, new Int32Array(found), head, tail, blocks, (i, out) =>
      frame.leaf(found[i] as Ptr, shape[2 * i], shape[2 * i + 1], key, i * ID_WORDS, out),
    );
  }
}
