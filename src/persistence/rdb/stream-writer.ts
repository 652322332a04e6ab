import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Span } from "../../lib/bytes.ts";
import { type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import type { NamedBlocks } from "../../types/named-blocks.ts";
import { StreamId } from "../../types/stream-id.ts";
import { ENTRIES_ADDED, FIRST_ID, LAST_ID, LENGTH, MAX_DELETED_ID } from "../../types/stream-layout.ts";
import { LeafReader } from "../../types/stream-leaf.ts";
import { StreamLeaves } from "../../types/stream-leaves.ts";
import { TYPE, VERSION_7_2 } from "./codes.ts";
import type { ListpackWriter } from "./listpack-writer.ts";
import type { RdbOutput } from "./output.ts";

/** A leaf, a pending entry is taken for so many bytes in `bigness`. */
const LEAF_BYTES = 2048;
const PENDING_BYTES = 32;
/** Of an entry in a listpack: it is deleted; its fields are those of the listpack's head. */
const DELETED = 1;
const SAME_FIELDS = 2;
/** Elements of an entry beside its texts: flags, two differences, how many elements it has; and the number of its fields. */
const FRAME_ELEMENTS = 3;
const ID_BYTES = 16;

/**
 * Writes streams. A leaf becomes a listpack: numbers of live and deleted entries, the names of the first one's fields, 0; then each entry
 * with its ID's difference from the leaf's.
 */
export class StreamWriter {
  private readonly leaves: StreamLeaves;
  private readonly reader: LeafReader;
  private readonly text = new Span();
  private readonly id = new StreamId();
  private readonly i32: Int32Array[];

  constructor(
    private readonly keyspace: Keyspace,
    private readonly listpack: ListpackWriter,
  ) {
    this.leaves = new StreamLeaves(keyspace.arena);
    this.reader = new LeafReader(keyspace.arena);
    this.i32 = keyspace.arena.i32;
  }

  /** What only a newer form can hold is written in that one: this server must not lose it with the next rewrite of its own files. */
  typeOf(e: Ptr, version: number): number {
    const { streams } = this.keyspace;
    const h = streams.header(e);
    for (let i = streams.groups.count(h) - 1; i >= 0; i--) {
      if (streams.groups.givenBackCount(streams.groups.group(h, i)) > 0) return TYPE.STREAM_5;
    }
    if (streams.producers.has(h)) return TYPE.STREAM_4;
    return version >= VERSION_7_2 ? TYPE.STREAM_3 : TYPE.STREAM_2;
  }

  bigness(e: Ptr): number {
    const { streams } = this.keyspace;
    const h = streams.header(e);
    let bytes = this.leaves.count(h) * LEAF_BYTES;
    for (let i = streams.groups.count(h) - 1; i >= 0; i--) {
      bytes += streams.groups.pendingCount(streams.groups.group(h, i)) * PENDING_BYTES;
    }
    return bytes;
  }

  write(e: Ptr, out: RdbOutput, version: number): void {
    const { leaves } = this;
    this.beginLeaves(e, out);
    for (let more = leaves.seekFirst(this.keyspace.streams.header(e)); more; more = leaves.next()) {
      this.leaf(leaves.leaf, leaves.bytes, leaves.live, leaves.words, leaves.keyAt, out);
    }
    this.end(e, out, version);
  }

  // ---- leaf by leaf: `beginLeaves`, each leaf, `end`

  beginLeaves(e: Ptr, out: RdbOutput): void {
    out.length(this.leaves.count(this.keyspace.streams.header(e)));
  }

  /** A leaf of `bytes` bytes with so many entries that are not deleted; `words[keyAt]` is its key. */
  leaf(p: Ptr, bytes: number, live: number, words: Int32Array, keyAt: number, out: RdbOutput): void {
    const { reader, listpack, id } = this;
    id.load(words, keyAt);
    out.length(ID_BYTES);
    this.writeId(id, out);
    reader.open(p, bytes, words, keyAt);
    let total = 0;
    while (reader.next()) total++;
    reader.open(p, bytes, words, keyAt);
    listpack.begin(out, bytes);
    listpack.integer(live);
    listpack.integer(total - live);
    this.writeNames();
    while (reader.next()) this.writeEntry();
    listpack.end();
  }

  private writeNames(): void {
    const { reader, listpack, text } = this;
    listpack.integer(reader.nameCount);
    reader.rewindNames();
    for (let i = 0; i < reader.nameCount; i++) {
      reader.nextName(text);
      listpack.text(text.buf, text.start, text.len);
    }
    listpack.integer(0);
  }

  private writeEntry(): void {
    const { reader, listpack, text } = this;
    const { fields, isSame } = reader;
    listpack.integer((reader.isDeleted ? DELETED : 0) | (isSame ? SAME_FIELDS : 0));
    this.writeDifference();
    if (!isSame) listpack.integer(fields);
    for (let i = 0; i < fields * 2; i++) {
      reader.nextText(text);
      if (!isSame || (i & 1) === 1) listpack.text(text.buf, text.start, text.len);
    }
    listpack.integer(FRAME_ELEMENTS + (isSame ? fields : 2 * fields + 1));
  }

  /** The present entry's ID less the leaf's: milliseconds and sequence number, each for itself. */
  private writeDifference(): void {
    const { id, listpack } = this;
    const entry = this.reader.id;
    const msLow = (entry.msLow - id.msLow) | 0;
    const msBorrow = entry.msLow >>> 0 < id.msLow >>> 0 ? 1 : 0;
    listpack.words((entry.msHigh - id.msHigh - msBorrow) | 0, msLow);
    const seqLow = (entry.seqLow - id.seqLow) | 0;
    const seqBorrow = entry.seqLow >>> 0 < id.seqLow >>> 0 ? 1 : 0;
    listpack.words((entry.seqHigh - id.seqHigh - seqBorrow) | 0, seqLow);
  }

  /** What comes after the leaves: the stream's own numbers, its groups. */
  end(e: Ptr, out: RdbOutput, version: number): void {
    const { groups } = this.keyspace.streams;
    const h = this.keyspace.streams.header(e);
    const type = this.typeOf(e, version);
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    out.length(words[at + LENGTH]);
    for (const word of [LAST_ID, FIRST_ID, MAX_DELETED_ID]) this.writeIdLengths(words, at + word, out);
    out.lengthWords(words[at + ENTRIES_ADDED], words[at + ENTRIES_ADDED + 1]);
    out.length(groups.count(h));
    for (let i = 0; i < groups.count(h); i++) this.writeGroup(groups.group(h, i), out, type);
    if (type >= TYPE.STREAM_4) this.writeProducers(h, out);
  }

  private writeIdLengths(words: Int32Array, at: number, out: RdbOutput): void {
    out.lengthWords(words[at], words[at + 1]);
    out.lengthWords(words[at + 2], words[at + 3]);
  }

  private writeId(id: StreamId, out: RdbOutput): void {
    out.wordBigEndian(id.msHigh);
    out.wordBigEndian(id.msLow);
    out.wordBigEndian(id.seqHigh);
    out.wordBigEndian(id.seqLow);
  }

  private writeName(blocks: NamedBlocks, block: Ptr, out: RdbOutput): void {
    out.string(blocks.segment(block), blocks.nameStart(block), blocks.nameLength(block));
  }

  private writeGroup(g: Ptr, out: RdbOutput, type: number): void {
    const { groups } = this.keyspace.streams;
    const { id } = this;
    this.writeName(groups.groups, g, out);
    groups.lastId(g, id);
    out.lengthWords(id.msHigh, id.msLow);
    out.lengthWords(id.seqHigh, id.seqLow);
    this.writeBig(groups.entriesRead(g), out);
    this.writePending(g, out);
    const count = groups.consumerCount(g);
    out.length(count);
    for (let i = 0; i < count; i++) this.writeConsumer(groups.consumer(g, i), out, type);
    if (type >= TYPE.STREAM_5) this.writeGivenBack(g, out);
  }

  private writePending(g: Ptr, out: RdbOutput): void {
    const { groups } = this.keyspace.streams;
    const { pending } = groups;
    const { id } = this;
    out.length(groups.pendingCount(g));
    for (let more = pending.seekFirst(groups.pendingOf(g)); more; more = pending.next()) {
      id.load(pending.words, pending.at);
      this.writeId(id, out);
      out.ms(groups.deliveryMs);
      this.writeBig(groups.deliveriesBig, out);
    }
  }

  private writeConsumer(consumer: Ptr, out: RdbOutput, type: number): void {
    const { groups } = this.keyspace.streams;
    const { owned } = groups;
    const { id } = this;
    this.writeName(groups.consumers, consumer, out);
    out.ms(groups.seenMs(consumer));
    if (type >= TYPE.STREAM_3) out.ms(groups.activeMs(consumer));
    out.length(groups.ownedCount(consumer));
    for (let more = owned.seekFirst(groups.ownedBy(consumer)); more; more = owned.next()) {
      id.load(owned.words, owned.at);
      this.writeId(id, out);
    }
  }

  /** The IDs of pending entries that were given back, the one first that waits longest. */
  private writeGivenBack(g: Ptr, out: RdbOutput): void {
    const found = this.keyspace.streams.groups.givenBack(g);
    out.length(found.length);
    for (const { id } of found) this.writeId(id, out);
  }

  /** The settings, the messages of each producer in the order of their entries, and how many there were, and came again. */
  private writeProducers(h: Ptr, out: RdbOutput): void {
    const { producers } = this.keyspace.streams;
    const { text, id } = this;
    out.length(producers.duration(h));
    out.length(producers.maxSize(h));
    const count = producers.count(h);
    out.length(count);
    for (let i = 0; i < count; i++) {
      producers.name(h, i, text);
      out.span(text);
      out.length(producers.messagesOf(h, i));
      for (let more = producers.seekMessage(h, i); more; more = producers.nextMessage()) {
        producers.readMessage(text, id);
        out.span(text);
        out.lengthWords(id.msHigh, id.msLow);
        out.lengthWords(id.seqHigh, id.seqLow);
      }
    }
    this.writeBig(producers.added(h), out);
    this.writeBig(producers.duplicates(h), out);
  }

  private writeBig(value: bigint, out: RdbOutput): void {
    out.lengthWords(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
  }
}
