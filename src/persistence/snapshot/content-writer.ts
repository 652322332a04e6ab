import type { Keyspace } from "../../keyspace/keyspace.ts";
import { NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import { HASHTABLE, HASHTABLE_EX, LIST, SKIPLIST, STREAM, STRING } from "../../types/kinds.ts";
import { ID_WORDS } from "../../types/stream-id.ts";
import { TAIL, TAIL_KEY, TAIL_LIVE, TAIL_USED, TREE } from "../../types/stream-layout.ts";
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
  private readonly streamLeaves: TreeCursor;

  constructor(protected readonly keyspace: Keyspace) {
    this.leaves = new TreeCursor(keyspace.arena, 0);
    this.streamLeaves = new TreeCursor(keyspace.arena, ID_WORDS);
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
    const { streamLeaves: tree, keyspace } = this;
    const h = keyspace.streams.header(e);
    const words = keyspace.arena.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const frame = this.stream(e);
    const found: number[] = [];
    const shape: number[] = [];
    const keys: number[] = [];
    const t = words[at + TREE] as Ptr;
    for (let more = t !== NULL && tree.seekFirst(t); more; more = tree.next()) {
      tree.readKey();
      found.push(tree.leaf);
      shape.push(tree.leafBytes, tree.leafCount);
      keys.push(...tree.key);
    }
    const key = new Int32Array(keys);
    const { head, tail } = frame;
    if (words[at + TAIL] !== NULL) {
      frame.leaf(words[at + TAIL] as Ptr, words[at + TAIL_USED], words[at + TAIL_LIVE], words, at + TAIL_KEY, tail);
    }
    frame.end();
    return new BigBlocks(db, new Int32Array(found), head, tail, blocks, (i, out) =>
      frame.leaf(found[i] as Ptr, shape[2 * i], shape[2 * i + 1], key, i * ID_WORDS, out),
    );
  }
}
