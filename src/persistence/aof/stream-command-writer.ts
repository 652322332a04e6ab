import type { Keyspace } from "../../keyspace/keyspace.ts";
import { encode, Span } from "../../lib/bytes.ts";
import { readBig } from "../../lib/words.ts";
import { NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import type { NamedBlocks } from "../../types/named-blocks.ts";
import { StreamEntries } from "../../types/stream-entries.ts";
import { StreamId } from "../../types/stream-id.ts";
import { ENTRIES_ADDED, LAST_ID, LENGTH, MAX_DELETED_ID } from "../../types/stream-layout.ts";
import { LeafReader } from "../../types/stream-leaf.ts";
import { StreamLeaves } from "../../types/stream-leaves.ts";
import type { RequestOutput } from "./request-output.ts";

const WORDS = {
  xadd: encode("XADD"),
  maxlen: encode("MAXLEN"),
  xsetid: encode("XSETID"),
  entriesAdded: encode("ENTRIESADDED"),
  maxDeletedId: encode("MAXDELETEDID"),
  xgroup: encode("XGROUP"),
  create: encode("CREATE"),
  createConsumer: encode("CREATECONSUMER"),
  entriesRead: encode("ENTRIESREAD"),
  xclaim: encode("XCLAIM"),
  time: encode("TIME"),
  retryCount: encode("RETRYCOUNT"),
  justId: encode("JUSTID"),
  force: encode("FORCE"),
  xnack: encode("XNACK"),
  fail: encode("FAIL"),
  ids: encode("IDS"),
  xcfgset: encode("XCFGSET"),
  duration: encode("IDMP-DURATION"),
  maxSize: encode("IDMP-MAXSIZE"),
  xidmpRecord: encode("XIDMPRECORD"),
};

/** Writes streams as the commands that make them. Of a stream without entries, one is added and trimmed. */
export class StreamCommandWriter {
  private readonly leaves: StreamLeaves;
  private readonly entries: StreamEntries;
  private readonly reader: LeafReader;
  private readonly text = new Span();
  private readonly producer = new Span();
  private readonly id = new StreamId();
  private readonly i32: Int32Array[];

  constructor(
    private readonly keyspace: Keyspace,
    private readonly requests: RequestOutput,
  ) {
    this.leaves = new StreamLeaves(keyspace.arena);
    this.entries = new StreamEntries(keyspace.arena);
    this.reader = new LeafReader(keyspace.arena);
    this.i32 = keyspace.arena.i32;
  }

  write(e: Ptr, key: Uint8Array): void {
    const { leaves } = this;
    const h = this.keyspace.streams.header(e);
    for (let more = leaves.seekFirst(h); more; more = leaves.next()) {
      this.leaf(leaves.leaf, leaves.bytes, leaves.words, leaves.keyAt, key);
    }
    this.end(h, key);
  }

  /** The entries of a leaf of `bytes` bytes; `words[keyAt]` is its key. */
  leaf(p: Ptr, bytes: number, words: Int32Array, keyAt: number, key: Uint8Array): void {
    const { reader } = this;
    reader.open(p, bytes, words, keyAt);
    while (reader.next()) {
      if (!reader.isDeleted) this.entry(key);
    }
  }

  private entry(key: Uint8Array): void {
    const { reader, requests, text } = this;
    const { fields } = reader;
    requests.begin(3 + 2 * fields);
    requests.bytes(WORDS.xadd);
    requests.bytes(key);
    requests.id(reader.id);
    for (let i = 0; i < fields * 2; i++) {
      reader.nextText(text);
      requests.span(text);
    }
  }

  /** What comes after the entries: the stream's own numbers, its groups, its producers. */
  end(h: Ptr, key: Uint8Array): void {
    const { groups } = this.keyspace.streams;
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    if (words[at + LENGTH] === 0) this.makeEmpty(words, at, key);
    this.setIds(words, at, key);
    for (let i = 0; i < groups.count(h); i++) this.group(groups.group(h, i), key);
    this.producers(h, key);
  }

  /** An entry has to be added and trimmed; 0-0 is no ID that one can have. */
  private makeEmpty(words: Int32Array, at: number, key: Uint8Array): void {
    const { requests, id } = this;
    id.load(words, at + LAST_ID);
    if (id.isMin) id.setWords(0, 0, 0, 1);
    requests.begin(7);
    requests.bytes(WORDS.xadd);
    requests.bytes(key);
    requests.bytes(WORDS.maxlen);
    requests.integer(0);
    requests.id(id);
    requests.text("x");
    requests.text("y");
  }

  private setIds(words: Int32Array, at: number, key: Uint8Array): void {
    const { requests, id } = this;
    requests.begin(7);
    requests.bytes(WORDS.xsetid);
    requests.bytes(key);
    id.load(words, at + LAST_ID);
    requests.id(id);
    requests.bytes(WORDS.entriesAdded);
    requests.big(readBig(words, at + ENTRIES_ADDED));
    requests.bytes(WORDS.maxDeletedId);
    id.load(words, at + MAX_DELETED_ID);
    requests.id(id);
  }

  private group(g: Ptr, key: Uint8Array): void {
    const { groups } = this.keyspace.streams;
    const { requests, id } = this;
    requests.begin(7);
    requests.bytes(WORDS.xgroup);
    requests.bytes(WORDS.create);
    requests.bytes(key);
    this.name(groups.groups, g);
    groups.lastId(g, id);
    requests.id(id);
    requests.bytes(WORDS.entriesRead);
    requests.big(groups.entriesRead(g));
    for (let i = 0; i < groups.consumerCount(g); i++) this.consumer(g, groups.consumer(g, i), key);
    const { pending } = groups;
    for (let more = pending.seekFirst(groups.pendingOf(g)); more; more = pending.next()) {
      if (groups.owner !== NULL) this.pending(g, key);
    }
    if (groups.givenBackCount(g) > 0) this.givenBack(g, key);
  }

  private name(blocks: NamedBlocks, block: Ptr): void {
    this.requests.word(blocks.segment(block), blocks.nameStart(block), blocks.nameLength(block));
  }

  private consumer(g: Ptr, consumer: Ptr, key: Uint8Array): void {
    const { groups } = this.keyspace.streams;
    const { requests } = this;
    requests.begin(5);
    requests.bytes(WORDS.xgroup);
    requests.bytes(WORDS.createConsumer);
    requests.bytes(key);
    this.name(groups.groups, g);
    this.name(groups.consumers, consumer);
  }

  /** The pending entry that the cursor stands on. */
  private pending(g: Ptr, key: Uint8Array): void {
    const { groups } = this.keyspace.streams;
    const { requests, id } = this;
    const { pending } = groups;
    id.load(pending.words, pending.at);
    requests.begin(12);
    requests.bytes(WORDS.xclaim);
    requests.bytes(key);
    this.name(groups.groups, g);
    this.name(groups.consumers, groups.owner);
    requests.integer(0);
    requests.id(id);
    requests.bytes(WORDS.time);
    requests.integer(groups.deliveryMs);
    requests.bytes(WORDS.retryCount);
    requests.big(groups.deliveriesBig);
    requests.bytes(WORDS.justId);
    requests.bytes(WORDS.force);
  }

  /** The pending entries that were given back, the one first that waits longest. */
  private givenBack(g: Ptr, key: Uint8Array): void {
    const { groups } = this.keyspace.streams;
    const { requests } = this;
    for (const { id, deliveries } of groups.givenBack(g)) {
      requests.begin(10);
      requests.bytes(WORDS.xnack);
      requests.bytes(key);
      this.name(groups.groups, g);
      requests.bytes(WORDS.fail);
      requests.bytes(WORDS.ids);
      requests.integer(1);
      requests.id(id);
      requests.bytes(WORDS.retryCount);
      requests.big(deliveries);
      requests.bytes(WORDS.force);
    }
  }

  /** The settings, and the messages whose entries are still there. */
  private producers(h: Ptr, key: Uint8Array): void {
    const { producers } = this.keyspace.streams;
    const { requests, text, id } = this;
    if (producers.isConfigured(h)) this.settings(h, key);
    for (let i = 0; i < producers.count(h); i++) {
      for (let more = producers.seekMessage(h, i); more; more = producers.nextMessage()) {
        producers.readMessage(text, id);
        if (!this.entries.find(h, id)) continue;
        requests.begin(5);
        requests.bytes(WORDS.xidmpRecord);
        requests.bytes(key);
        producers.name(h, i, this.producer);
        requests.span(this.producer);
        requests.span(text);
        requests.id(id);
      }
    }
  }

  private settings(h: Ptr, key: Uint8Array): void {
    const { producers } = this.keyspace.streams;
    const { requests } = this;
    requests.begin(6);
    requests.bytes(WORDS.xcfgset);
    requests.bytes(key);
    requests.bytes(WORDS.duration);
    requests.integer(producers.duration(h));
    requests.bytes(WORDS.maxSize);
    requests.integer(producers.maxSize(h));
  }
}
