import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Span } from "../../lib/bytes.ts";
import { parseInteger } from "../../lib/integer.ts";
import type { Ptr } from "../../memory/arena.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { HASHTABLE, HASHTABLE_EX, LISTPACK, LISTPACK_EX } from "../../types/kinds.ts";
import { TYPE } from "./codes.ts";
import type { ListpackWriter } from "./listpack-writer.ts";
import type { RdbOutput } from "./output.ts";

/** Deadline, field and value of a packed hash with deadlines. */
const STRIDE = 3;

/**
 * Writes hashes. One without deadlines has a form that all versions can load, also if it once had some.
 *
 * Redis 7.4 wants the fields of a listpack in the order of their deadlines, those without any at the end; and it writes deadlines of a
 * table as what they are beyond the least one, plus 1, so that 0 is for none.
 */
export class HashWriter {
  private readonly list: PackedList;
  private readonly text = new Span();
  /** The least deadline, for those that `begin` has written. */
  private base = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly listpack: ListpackWriter,
  ) {
    this.list = new PackedList(keyspace.arena);
  }

  typeOf(e: Ptr): number {
    switch (this.keyspace.entries.encoding(e)) {
      case LISTPACK:
        return TYPE.HASH_LISTPACK;
      case HASHTABLE:
        return TYPE.HASH;
      case LISTPACK_EX:
        this.openTimed(e);
        return this.deadlines().some(Number.isFinite) ? TYPE.HASH_LISTPACK_TIMED : TYPE.HASH_LISTPACK;
      default:
        return this.firstDeadline(e) === Number.POSITIVE_INFINITY ? TYPE.HASH : TYPE.HASH_TIMED;
    }
  }

  private openTimed(e: Ptr): void {
    const { timers } = this.keyspace.hashes;
    const timer = this.keyspace.entries.reference(e);
    this.list.open(timers.fields(timer), timers.extra(timer));
  }

  /** Of a hash with a table: when its first field ends, or Infinity. */
  private firstDeadline(e: Ptr): number {
    return this.keyspace.hashes.nextDeadline(e);
  }

  /** `elementBytes`: what a field of a table is taken for. */
  bigness(e: Ptr, elementBytes: number): number {
    const { entries, hashes, dict } = this.keyspace;
    const encoding = entries.encoding(e);
    if (encoding === LISTPACK_EX) return hashes.timers.extra(entries.reference(e));
    return dict.count(this.table(e)) * elementBytes;
  }

  /** The table of a hash that is one. */
  table(e: Ptr): Ptr {
    const { entries, hashes } = this.keyspace;
    const reference = entries.reference(e);
    return entries.encoding(e) === HASHTABLE_EX ? hashes.timers.fields(reference) : reference;
  }

  write(e: Ptr, out: RdbOutput): void {
    const { entries, dict } = this.keyspace;
    const encoding = entries.encoding(e);
    if (encoding === LISTPACK) this.writePacked(entries.reference(e), entries.valueLength(e), out);
    else if (encoding === LISTPACK_EX) this.writeTimedPacked(e, out);
    else {
      this.begin(e, out);
      const { base } = this;
      dict.forEach(this.table(e), (f) => this.field(f, base, out));
    }
  }

  private writePacked(p: Ptr, bytes: number, out: RdbOutput): void {
    const { list, listpack } = this;
    list.open(p, bytes);
    listpack.begin(out, bytes);
    for (; list.index < list.count; list.next()) this.copyText();
    listpack.end();
  }

  /** Gives the text under the cursor to the listpack. */
  private copyText(): void {
    this.list.read(this.text);
    this.listpack.text(this.text.buf, this.text.start, this.text.len);
  }

  private writeTimedPacked(e: Ptr, out: RdbOutput): void {
    const { list, listpack } = this;
    this.openTimed(e);
    const { bytes } = list;
    const deadlines = this.deadlines();
    const order = deadlines.map((_, i) => i).sort((a, b) => deadlines[a] - deadlines[b] || a - b);
    const timed = deadlines.some(Number.isFinite);
    if (timed) out.ms(deadlines[order[0]]);
    listpack.begin(out, bytes);
    for (const i of order) {
      list.seek(i * STRIDE + 1);
      this.copyText();
      list.next();
      this.copyText();
      if (timed) listpack.integer(Number.isFinite(deadlines[i]) ? deadlines[i] : 0);
    }
    listpack.end();
  }

  /** The deadline of each field of the open list; Infinity when it has none. */
  private deadlines(): number[] {
    const { list, text } = this;
    const deadlines: number[] = [];
    while (list.index < list.count) {
      list.read(text);
      deadlines.push(text.len === 0 ? Number.POSITIVE_INFINITY : parseInteger(text.buf, text.start, text.len));
      for (let i = 0; i < STRIDE; i++) list.next();
    }
    return deadlines;
  }

  /** Writes what comes before the fields of a table. Returns the number that `field` wants, 0 when the hash has no deadlines. */
  begin(e: Ptr, out: RdbOutput): number {
    this.base = 0;
    if (this.typeOf(e) === TYPE.HASH_TIMED) {
      this.base = this.firstDeadline(e);
      out.ms(this.base);
    }
    out.length(this.keyspace.dict.count(this.table(e)));
    return this.base;
  }

  /** A field of a table: its entry. */
  field(f: Ptr, base: number, out: RdbOutput): void {
    const { entries } = this.keyspace;
    const { text } = this;
    if (base !== 0) out.length(entries.isTimed(f) ? entries.deadline(f) - base + 1 : 0);
    out.string(entries.segment(f), entries.nameStart(f), entries.nameLength(f));
    entries.value(f, text);
    out.string(text.buf, text.start, text.len);
  }
}
