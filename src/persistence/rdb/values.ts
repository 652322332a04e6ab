import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Span } from "../../lib/bytes.ts";
import { NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import { EMPTY_BYTES as NO_INTEGERS_BYTES } from "../../structures/int-set.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { HASH, INTSET, LIST, LISTPACK, SET, STREAM, STRING, ZSET } from "../../types/kinds.ts";
import type { ZsetCursor } from "../../types/zset-cursor.ts";
import { TYPE, VERSION_7_2 } from "./codes.ts";
import { HashWriter } from "./hash-writer.ts";
import { ListWriter } from "./list-writer.ts";
import { ListpackWriter } from "./listpack-writer.ts";
import type { RdbOutput } from "./output.ts";
import { StreamWriter } from "./stream-writer.ts";

const INTSET_HEADER_BYTES = 8;
/** What an element of a table is taken for in `bigness`. */
const ELEMENT_BYTES = 64;

/**
 * Writes the values of keys as RDB has them: whole, or (`begin`, and then piece by piece) as fast as the caller wants.
 *
 * Invariants
 * 1. Nothing is changed, and no cursor of the keyspace's own is moved: values may be written between two steps of a command.
 * 2. What is written depends on the value and on `version` alone. Fields of hashes whose time is past are written as they are held.
 * 3. `write` gives the bytes that redis-server 7.0 gives for the same value where the value's own form allows it: not for tables, whose
 *    order is chance, nor for lists and streams whose leaves have other bounds than Redis's.
 */
export class ValueWriter {
  readonly hashes: HashWriter;
  readonly lists: ListWriter;
  readonly streams: StreamWriter;
  private readonly list: PackedList;
  private readonly zset: ZsetCursor;
  private readonly listpack = new ListpackWriter();
  private readonly text = new Span();

  /** `version`: of the RDB format, see codes.ts. */
  constructor(
    private readonly keyspace: Keyspace,
    public version: number,
  ) {
    this.hashes = new HashWriter(keyspace, this.listpack);
    this.lists = new ListWriter(keyspace, this.listpack);
    this.streams = new StreamWriter(keyspace, this.listpack);
    this.list = new PackedList(keyspace.arena);
    this.zset = keyspace.zsets.newCursor();
  }

  /** The byte in front of the key. */
  typeOf(e: Ptr): number {
    const { entries } = this.keyspace;
    const encoding = entries.encoding(e);
    switch (entries.type(e)) {
      case STRING:
        return TYPE.STRING;
      case LIST:
        return TYPE.LIST_QUICKLIST_2;
      case SET:
        if (encoding === INTSET) return TYPE.SET_INTSET;
        return encoding === LISTPACK && this.version >= VERSION_7_2 ? TYPE.SET_LISTPACK : TYPE.SET;
      case ZSET:
        return encoding === LISTPACK ? TYPE.ZSET_LISTPACK : TYPE.ZSET_BINARY;
      case HASH:
        return this.hashes.typeOf(e);
      case STREAM:
        return this.streams.typeOf(e, this.version);
      default:
        throw new Error(`no RDB type for a value of type ${entries.type(e)}`);
    }
  }

  /** About how many bytes the value takes; found at once. */
  bigness(e: Ptr): number {
    const { keyspace } = this;
    const { entries } = keyspace;
    const type = entries.type(e);
    if (type === LIST) return this.lists.bigness(e);
    if (type === STREAM) return this.streams.bigness(e);
    if (type === STRING || entries.encoding(e) === LISTPACK || entries.encoding(e) === INTSET) {
      return entries.valueLength(e);
    }
    if (type === HASH) return this.hashes.bigness(e, ELEMENT_BYTES);
    return keyspace.collections[type]!.length(e) * ELEMENT_BYTES;
  }

  /** Writes the value, which follows the key. */
  write(e: Ptr, out: RdbOutput): void {
    const { entries } = this.keyspace;
    switch (entries.type(e)) {
      case STRING:
        this.writeString(e, out);
        break;
      case LIST:
        this.lists.write(e, out);
        break;
      case SET:
        this.writeSet(e, out);
        break;
      case ZSET:
        this.writeZset(e, out);
        break;
      case HASH:
        this.hashes.write(e, out);
        break;
      default:
        this.streams.write(e, out, this.version);
    }
  }

  private writeString(e: Ptr, out: RdbOutput): void {
    const { text } = this;
    this.keyspace.entries.value(e, text);
    out.string(text.buf, text.start, text.len);
  }

  // ---- sets

  private writeSet(e: Ptr, out: RdbOutput): void {
    const encoding = this.keyspace.entries.encoding(e);
    if (encoding === INTSET) this.writeIntegers(e, out);
    else if (encoding === LISTPACK) this.writePackedSet(e, out);
    else this.writeTableSet(e, out);
  }

  /** Width and number of the integers, and the integers, which are held as Redis writes them. */
  private writeIntegers(e: Ptr, out: RdbOutput): void {
    const { entries, arena } = this.keyspace;
    const block = entries.reference(e);
    const bytes = block === NULL ? 0 : entries.valueLength(e) - NO_INTEGERS_BYTES;
    const shift = block === NULL ? 1 : arena.i32[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) << 1];
    const expected = INTSET_HEADER_BYTES + bytes;
    const place = out.beginString(expected);
    out.u32(1 << shift);
    out.u32(bytes >> shift);
    out.bytes(arena.u8[block >>> SEGMENT_SHIFT], ((block & UNIT_MASK) << 3) + NO_INTEGERS_BYTES, bytes);
    out.endString(place, expected);
  }

  private writePackedSet(e: Ptr, out: RdbOutput): void {
    const { list, text, listpack } = this;
    const { entries } = this.keyspace;
    list.open(entries.reference(e), entries.valueLength(e));
    const asListpack = this.version >= VERSION_7_2;
    if (asListpack) listpack.begin(out, entries.valueLength(e));
    else out.length(list.count);
    for (; list.index < list.count; list.next()) {
      list.read(text);
      if (asListpack) listpack.text(text.buf, text.start, text.len);
      else out.string(text.buf, text.start, text.len);
    }
    if (asListpack) listpack.end();
  }

  private writeTableSet(e: Ptr, out: RdbOutput): void {
    const { dict, entries } = this.keyspace;
    this.begin(e, out);
    dict.forEach(entries.reference(e), (m) => this.setMember(m, out));
  }

  // ---- sorted sets

  private writeZset(e: Ptr, out: RdbOutput): void {
    const { zset, listpack } = this;
    const { entries, zsets } = this.keyspace;
    if (entries.encoding(e) !== LISTPACK) {
      this.begin(e, out);
      // From the greatest on, as Redis does: each member is then loaded before all there are.
      for (let more = zset.seek(e, zsets.length(e) - 1); more; more = zset.previous()) {
        out.span(zset.member);
        out.double(zset.score);
      }
      return;
    }
    listpack.begin(out, entries.valueLength(e));
    for (let more = zset.seek(e, 0); more; more = zset.next()) {
      listpack.text(zset.member.buf, zset.member.start, zset.member.len);
      listpack.score(zset.score);
    }
    listpack.end();
  }

  // ---- values in pieces

  /** Writes what comes before the elements of a hash, a set or a sorted set that is a table. */
  begin(e: Ptr, out: RdbOutput): void {
    const { keyspace } = this;
    const type = keyspace.entries.type(e);
    if (type === HASH) this.hashes.begin(e, out);
    else out.length(keyspace.collections[type]!.length(e));
  }

  /** A member of a set's table: its entry. */
  setMember(m: Ptr, out: RdbOutput): void {
    const { entries } = this.keyspace;
    out.string(entries.segment(m), entries.nameStart(m), entries.nameLength(m));
  }

  /** A member of a sorted set's table: its entry, which has the score. */
  zsetMember(m: Ptr, out: RdbOutput): void {
    this.setMember(m, out);
    out.double(this.keyspace.zsets.scoreOf(m));
  }
}
