import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Ptr } from "../../memory/arena.ts";
import { HASH, SET } from "../../types/kinds.ts";
import { CommandWriter } from "../aof/command-writer.ts";
import type { RdbOutput } from "../rdb/output.ts";
import { ValueWriter } from "../rdb/values.ts";
import { BigTable, type Frame, newHead } from "./big-value.ts";
import { ContentWriter, type ListFrame, type StreamFrame } from "./content-writer.ts";

/** Writes the base of an append-only file that is made of commands. */
export class CommandSnapshotWriter extends ContentWriter {
  readonly compression = "never";
  /** Knows how large values are. */
  protected readonly values: ValueWriter;
  private readonly commands: CommandWriter;

  /** `functions` are the code of the libraries; `note` comes first. */
  constructor(
    keyspace: Keyspace,
    version: number,
    private readonly functions: readonly Uint8Array[],
    private readonly note: Uint8Array,
  ) {
    super(keyspace);
    this.values = new ValueWriter(keyspace, version);
    this.commands = new CommandWriter(keyspace);
  }

  begin(out: RdbOutput): void {
    out.bytes(this.note, 0, this.note.length);
    for (const code of this.functions) this.commands.loadFunctions(code, out);
  }

  end(): void {}

  select(db: number, out: RdbOutput): void {
    this.commands.select(db, out);
  }

  write(e: Ptr, out: RdbOutput): void {
    this.commands.write(e, out);
  }

  protected string(e: Ptr): Frame {
    const head = newHead(this.compression);
    const tail = newHead(this.compression);
    this.commands.beginString(e, head);
    this.commands.endString(e, tail);
    return { head, tail };
  }

  protected openTable(db: number, e: Ptr): BigTable {
    const { entries, dict, zsets } = this.keyspace;
    const type = entries.type(e);
    const table = type === HASH ? this.values.hashes.table(e) : type === SET ? entries.reference(e) : zsets.members(e);
    return new BigTable(db, table, dict, this.frame(e), this.commands.elements(e));
  }

  /** Nothing in front; behind it the deadline. */
  private frame(e: Ptr): { head: RdbOutput; tail: RdbOutput } {
    const tail = newHead(this.compression);
    this.commands.writeDeadline(e, tail);
    return { head: newHead(this.compression), tail };
  }

  protected list(e: Ptr): ListFrame {
    return { ...this.frame(e), leaf: this.commands.leaves(e) };
  }

  protected stream(e: Ptr): StreamFrame {
    const tail = newHead(this.compression);
    const leaf = this.commands.streamLeaves(e);
    return {
      head: newHead(this.compression),
      tail,
      leaf: (p, bytes, _live, words, keyAt, out) => leaf(p, bytes, words, keyAt, out),
      end: () => this.commands.endStream(e, tail),
    };
  }
}
