import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Ptr } from "../../memory/arena.ts";
import { HASH, SET } from "../../types/kinds.ts";
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
import type { ValueWriter } from "../rdb/values.ts";
import { BigTable, type Frame, newHead } from "./big-value.ts";
import { ContentWriter, type ListFrame, type StreamFrame } from "./content-writer.ts";

export interface SnapshotContent extends FileFacts {
  /** The format's version that is wanted; what can't be said in it takes a later one. */
  readonly version: number;
  readonly compression: Compression;
  readonly access: AccessKind;
  /** The code of the libraries of functions. */
  readonly functions: readonly Uint8Array[];
}

/** Writes an RDB file. */
export class SnapshotWriter extends ContentWriter {
  readonly compression: Compression;
  /** The format's version that is written. */
  readonly version: number;
  protected readonly values: ValueWriter;
  private readonly keys: KeyWriter;
  /** Databases whose number of keys was not told yet, by their numbers: that, and how many have deadlines. */
  private readonly sizes = new Map<number, readonly [keys: number, timed: number]>();

  constructor(
    keyspace: Keyspace,
    private readonly content: SnapshotContent,
  ) {
    super(keyspace);
    this.compression = content.compression;
    this.version = versionFor(keyspace, content.version);
    this.keys = new KeyWriter(keyspace, this.version, content.access);
    this.values = this.keys.values;
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

  private head(e: Ptr): RdbOutput {
    const head = newHead(this.compression);
    this.keys.writeHead(e, head);
    return head;
  }

  protected string(e: Ptr): Frame {
    const length = this.keyspace.entries.valueLength(e);
    const head = this.head(e);
    if (head.compression === "later") head.mark(head.at, length);
    head.length(length);
    return { head };
  }

  protected openTable(db: number, e: Ptr): BigTable {
    const { entries, dict, zsets } = this.keyspace;
    const { values } = this;
    const head = this.head(e);
    const type = entries.type(e);
    if (type === HASH) {
      const base = values.hashes.begin(e, head);
      return new BigTable(db, values.hashes.table(e), dict, { head }, (f, out) => values.hashes.field(f, base, out));
    }
    values.begin(e, head);
    if (type === SET) {
      return new BigTable(db, entries.reference(e), dict, { head }, (m, out) => values.setMember(m, out));
    }
    return new BigTable(db, zsets.members(e), dict, { head }, (m, out) => values.zsetMember(m, out));
  }

  protected list(e: Ptr, leaves: number): ListFrame {
    const { lists } = this.values;
    const head = this.head(e);
    lists.beginLeaves(leaves, head);
    return { head, leaf: (p, bytes, out) => lists.leaf(p, bytes, out) };
  }

  protected stream(e: Ptr): StreamFrame {
    const { streams } = this.values;
    const head = this.head(e);
    const tail = newHead(this.compression);
    streams.beginLeaves(e, head);
    return {
      head,
      tail,
      leaf: (p, bytes, live, words, keyAt, out) => streams.leaf(p, bytes, live, words, keyAt, out),
      end: () => streams.end(e, tail, this.version),
    };
  }
}
