import type { Keyspace } from "../../keyspace/keyspace.ts";
import { NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import { HASH, HASHTABLE, HASHTABLE_EX, LIST, SET, SKIPLIST, STREAM, STRING } from "../../types/kinds.ts";
import { ID_WORDS } from "../../types/stream-id.ts";
import { TAIL, TAIL_KEY, TAIL_LIVE, TAIL_USED, TREE } from "../../types/stream-layout.ts";
import { OPCODE } from "../rdb/codes.ts";
import {
  type AccessKind,
  type FileFacts,
  KeyWriter,
  versionFor,
  writeDatabaseHead,
  writeEnd,
  writeFunction,
  writeHead,
} from "../rdb/file-writer.ts";
import type { Compression, RdbOutput } from "../rdb/output.ts";
import { BigBlocks, BigString, BigTable, type BigValue, type GuardedBlocks, newHead } from "./big-value.ts";

/** A value of about so many bytes is not saved at once. Of strings more can be: they are only copied. */
const BIG_BYTES = 64 * 1024;
const BIG_STRING_BYTES = 256 * 1024;

export interface SnapshotContent extends FileFacts {
  /** The format's version that is wanted; what can't be said in it takes a later one. */
  readonly version: number;
  readonly compression: Compression;
  readonly access: AccessKind;
  /** The code of the libraries of functions. */
  readonly functions: readonly Uint8Array[];
}

/** Writes the parts of a snapshot's file, and finds which values are too large to be written at once. */
export class SnapshotWriter {
  readonly compression: Compression;
  /** The format's version that is written. */
  readonly version: number;
  private readonly keys: KeyWriter;
  private readonly leaves: TreeCursor;
  private readonly streamLeaves: TreeCursor;
  /** Databases whose number of keys was not told yet, by their numbers: that, and how many have deadlines. */
  private readonly sizes = new Map<number, readonly [keys: number, timed: number]>();

  constructor(
    private readonly keyspace: Keyspace,
    private readonly content: SnapshotContent,
  ) {
    this.compression = content.compression;
    this.version = versionFor(keyspace, content.version);
    this.keys = new KeyWriter(keyspace, this.version, content.access);
    this.leaves = new TreeCursor(keyspace.arena, 0);
    this.streamLeaves = new TreeCursor(keyspace.arena, ID_WORDS);
    for (const { id, size, timedSize } of keyspace.databases) this.sizes.set(id, [size, timedSize]);
  }

  begin(out: RdbOutput): void {
    writeHead(out, this.version, this.content);
    for (const code of this.content.functions) writeFunction(out, code);
  }

  end(out: RdbOutput): void {
    writeEnd(out);
  }

  /** What follows are keys of that database. */
  select(db: number, out: RdbOutput): void {
    const size = this.sizes.get(db);
    if (size !== undefined) {
      this.sizes.delete(db);
      writeDatabaseHead(out, db, size[0], size[1]);
      return;
    }
    out.byte(OPCODE.SELECT_DB);
    out.length(db);
  }

  write(e: Ptr, out: RdbOutput): void {
    this.keys.write(e, out);
  }

  /** The value of a key, to be written bit by bit; undefined when it is small enough for `write`. */
  open(db: number, e: Ptr, blocks: GuardedBlocks): BigValue | undefined {
    const { entries } = this.keyspace;
    const type = entries.type(e);
    if (type === STRING) return entries.valueLength(e) < BIG_STRING_BYTES ? undefined : this.openString(db, e, blocks);
    if (this.keys.values.bigness(e) < BIG_BYTES) return undefined;
    const encoding = entries.encoding(e);
    if (type === LIST) return entries.valueLength(e) > 0 ? undefined : this.openList(db, e, blocks);
    if (type === STREAM) return this.openStream(db, e, blocks);
    return encoding === HASHTABLE || encoding === HASHTABLE_EX || encoding === SKIPLIST
      ? this.openTable(db, e, type)
      : undefined;
  }

  private head(e: Ptr): RdbOutput {
    const head = newHead(this.compression);
    this.keys.writeHead(e, head);
    return head;
  }

  private openString(db: number, e: Ptr, blocks: GuardedBlocks): BigString {
    const { entries, arena } = this.keyspace;
    return new BigString(db, entries.reference(e), entries.valueLength(e), this.head(e), arena, blocks);
  }

  private openTable(db: number, e: Ptr, type: number): BigTable {
    const { entries, dict, zsets } = this.keyspace;
    const { values } = this.keys;
    const head = this.head(e);
    if (type === HASH) {
      const base = values.hashes.begin(e, head);
      return new BigTable(db, values.hashes.table(e), dict, head, (f, out) => values.hashes.field(f, base, out));
    }
    values.begin(e, head);
    if (type === SET) {
      return new BigTable(db, entries.reference(e), dict, head, (m, out) => values.setMember(m, out));
    }
    return new BigTable(db, zsets.members(e), dict, head, (m, out) => values.zsetMember(m, out));
  }

  private openList(db: number, e: Ptr, blocks: GuardedBlocks): BigBlocks {
    const { leaves } = this;
    const { lists } = this.keys.values;
    const t = this.keyspace.entries.reference(e);
    const head = this.head(e);
    const found = new Int32Array(leaves.leaves(t));
    const bytes = new Int32Array(found.length);
    let count = 0;
    leaves.forEachLeaf(t, (leaf, leafBytes) => {
      found[count] = leaf;
      bytes[count++] = leafBytes;
    });
    lists.beginLeaves(count, head);
    return new BigBlocks(db, found, head, undefined, blocks, (i, out) => lists.leaf(found[i] as Ptr, bytes[i], out));
  }

  /** The tail, to which entries are added, and the groups are written at once. */
  private openStream(db: number, e: Ptr, blocks: GuardedBlocks): BigBlocks {
    const { streamLeaves: tree, keyspace } = this;
    const { streams } = this.keys.values;
    const h = keyspace.streams.header(e);
    const words = keyspace.arena.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const head = this.head(e);
    streams.beginLeaves(e, head);
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
    const tail = newHead(this.compression);
    if (words[at + TAIL] !== NULL) {
      streams.leaf(words[at + TAIL] as Ptr, words[at + TAIL_USED], words[at + TAIL_LIVE], words, at + TAIL_KEY, tail);
    }
    streams.end(e, tail, this.version);
    return new BigBlocks(db, new Int32Array(found), head, tail, blocks, (i, out) =>
      streams.leaf(found[i] as Ptr, shape[2 * i], shape[2 * i + 1], key, i * ID_WORDS, out),
    );
  }
}
