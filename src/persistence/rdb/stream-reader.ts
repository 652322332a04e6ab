import { copyBytes, own } from "../../lib/bytes.ts";
import { parseBigInteger, parseInteger } from "../../lib/integer.ts";
import { NULL, type Ptr } from "../../memory/arena.ts";
import type { StreamValues } from "../../types/stream.ts";
import { StreamId } from "../../types/stream-id.ts";
import { TYPE } from "./codes.ts";
import { ListpackTexts, NO_INTEGER } from "./listpack-texts.ts";
import { RdbError, type RdbInput } from "./rdb-input.ts";
import { Item } from "./texts.ts";

const ID_BYTES = 16;
const TWO_32 = 2 ** 32;
/** Room behind the texts, so that short ones that follow are sure to have it. */
const KEPT_BYTES_SPARE = 1024;
/** Flags of an entry. */
const DELETED = 1;
const SAME_FIELDS = 2;
/** Elements of an entry beside its texts: flags, two differences; and the number of its fields. */
const FRAME_ELEMENTS = 3;
/** Pending entries between two looks at the clock. */
const STEP_PENDING = 256;
const FIELDS_MAX = 2 ** 24;
/** Delivery times have 48 bits. */
const TIME_MAX_MS = 2 ** 48 - 1;

/** A stream that is read: `read` gives pauses in which others may work. Throws RdbError. */
export class StreamReader {
  private readonly listpack = new ListpackTexts("Stream listpack");
  private readonly text = new Item();
  private readonly key = new StreamId();
  private readonly id = new StreamId();
  private readonly last = new StreamId();
  private type = 0;
  /** The texts of an entry, one after the other; those of the names of a listpack's head are first. */
  private bytes = new Uint8Array(4096);
  private used = 0;
  /** Of an entry with the names of the listpack's head, which stay; and of another. */
  private readonly shared = new Places();
  private readonly own = new Places();
  private names = 0;
  private namesUsed = 0;
  /** The last entry has the names of the listpack's head, and they are those of the leaf that it was added to. */
  private isLikeLast = false;
  /** The two words of a number. */
  private high = 0;
  private low = 0;

  constructor(
    private readonly streams: StreamValues,
    private readonly input: RdbInput,
    private readonly nowMs: () => number,
  ) {}

  /** Reads a stream of that type into an empty one. */
  *read(h: Ptr, type: number): Generator<void, void> {
    const { input, streams } = this;
    this.type = type;
    this.last.setMin();
    const leaves = input.count(1);
    for (let i = 0; i < leaves; i++) {
      this.readLeaf(h);
      yield;
    }
    if (input.plainLength() !== streams.size(h)) throw new RdbError("Stream length inconsistent with its entries");
    this.readIds(h);
    const groups = input.count(1);
    for (let i = 0; i < groups; i++) yield* this.readGroup(h);
    if (type >= TYPE.STREAM_4) this.readProducers(h);
  }

  // ---- entries

  private readLeaf(h: Ptr): void {
    const { input, text, key, listpack } = this;
    input.string(text);
    if (text.len !== ID_BYTES) throw new RdbError("Stream node key entry is not the size of a stream ID");
    this.loadId(key, text.buf, text.start);
    input.string(text);
    listpack.open(text);
    const live = this.integer();
    const deleted = this.integer();
    this.readNames();
    let seen = 0;
    let removed = 0;
    for (;;) {
      let flags = listpack.nextInteger();
      if (flags === NO_INTEGER) {
        if (!listpack.next(text)) break;
        flags = this.parsed();
      }
      seen++;
      if (this.readEntry(h, flags)) removed++;
    }
    if (seen === 0 || removed !== deleted || seen - removed !== live) damaged();
  }

  private readNames(): void {
    const count = this.integer();
    if (count < 0 || count > FIELDS_MAX) damaged();
    this.used = 0;
    this.names = count;
    this.isLikeLast = false;
    for (let i = 0; i < count; i++) this.readText(this.shared, 2 * i);
    this.namesUsed = this.used;
    if (this.integer() !== 0) damaged();
  }

  /** Reads the rest of an entry and adds it. True when it is a deleted one. */
  private readEntry(h: Ptr, flags: number): boolean {
    if (flags < 0 || flags > (DELETED | SAME_FIELDS)) damaged();
    this.readDifference();
    this.used = this.namesUsed;
    const same = (flags & SAME_FIELDS) !== 0;
    const places = same ? this.shared : this.own;
    const fields = same ? this.names : this.integer();
    if (fields < 0 || fields > FIELDS_MAX) damaged();
    const step = same ? 2 : 1;
    for (let i = step - 1; i < 2 * fields; i += step) this.readText(places, i);
    if (this.integer() !== FRAME_ELEMENTS + (same ? fields : 2 * fields + 1)) damaged();
    const { id, streams } = this;
    if (id.compare(this.last) <= 0) damaged();
    this.last.set(id);
    if ((flags & DELETED) !== 0) return true;
    const likeLast = same && this.isLikeLast;
    const hasLeafNames = streams.entries.append(h, id, this.bytes, places.start, places.len, 0, fields * 2, likeLast);
    this.isLikeLast = same && hasLeafNames;
    return false;
  }

  /** The ID is the leaf's plus two differences, each for itself. */
  private readDifference(): void {
    const { id, key } = this;
    this.words();
    const msLow = (key.msLow + this.low) | 0;
    const msHigh = (key.msHigh + this.high + (msLow >>> 0 < this.low >>> 0 ? 1 : 0)) | 0;
    this.words();
    const seqLow = (key.seqLow + this.low) | 0;
    const seqHigh = (key.seqHigh + this.high + (seqLow >>> 0 < this.low >>> 0 ? 1 : 0)) | 0;
    id.setWords(msHigh, msLow, seqHigh, seqLow);
  }

  /** Copies the next text behind the others, and notes where it is. */
  private readText(places: Places, i: number): void {
    const at = this.used;
    let len = this.listpack.copyText(this.bytes, at);
    if (len < 0) len = this.keepLong();
    if (i >= places.start.length) places.grow();
    places.start[i] = at;
    places.len[i] = len;
    this.used = at + len;
  }

  private keepLong(): number {
    this.next();
    const { buf, start, len } = this.text;
    const at = this.used;
    if (at + len + KEPT_BYTES_SPARE > this.bytes.length) {
      const bytes = new Uint8Array((at + len) * 2 + KEPT_BYTES_SPARE);
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    copyBytes(buf, start, len, this.bytes, at);
    return len;
  }

  private next(): void {
    if (!this.listpack.next(this.text)) damaged();
    this.text.toText();
  }

  /** The next element, an integer. */
  private integer(): number {
    const value = this.listpack.nextInteger();
    if (value !== NO_INTEGER) return value;
    this.next();
    return this.parsed();
  }

  private parsed(): number {
    const { text } = this;
    text.toText();
    const value = parseInteger(text.buf, text.start, text.len);
    if (!Number.isFinite(value)) damaged();
    return value;
  }

  /** The next element, an integer of up to 64 bits, as `high` and `low`. */
  private words(): void {
    const short = this.listpack.nextInteger();
    if (short === NO_INTEGER) this.longWords();
    else {
      this.high = short >> 31;
      this.low = short;
    }
  }

  private longWords(): void {
    this.next();
    const { buf, start, len } = this.text;
    const value = parseInteger(buf, start, len);
    if (Number.isFinite(value)) {
      this.high = Math.floor(value / TWO_32) | 0;
      this.low = value | 0;
      if (value !== this.low) this.low = (value - Math.floor(value / TWO_32) * TWO_32) | 0;
      return;
    }
    const exact = parseBigInteger(buf, start, len) ?? damaged();
    this.high = Number(BigInt.asIntN(32, exact >> 32n));
    this.low = Number(BigInt.asIntN(32, exact));
  }

  // ---- IDs

  /** An ID in its 16 bytes. */
  private loadId(id: StreamId, buf: Uint8Array, at: number): void {
    const word = (i: number) => (buf[i] << 24) | (buf[i + 1] << 16) | (buf[i + 2] << 8) | buf[i + 3];
    id.setWords(word(at), word(at + 4), word(at + 8), word(at + 12));
  }

  private readRawId(id: StreamId): void {
    const { input } = this;
    input.need(ID_BYTES);
    this.loadId(id, input.buf, input.at);
    input.at += ID_BYTES;
  }

  /** An ID as two lengths. */
  private readIdLengths(id: StreamId): void {
    const { input } = this;
    input.plainLength();
    const { high, low } = input;
    input.plainLength();
    id.setWords(high, low, input.high, input.low);
  }

  private readBig(): bigint {
    const { input } = this;
    input.plainLength();
    return (BigInt(input.high) << 32n) | BigInt(input.low >>> 0);
  }

  /** The stream's own numbers. Before the second form there were fewer of them. */
  private readIds(h: Ptr): void {
    const { streams, id } = this;
    this.readIdLengths(id);
    if (id.compare(this.last) < 0) throw new RdbError("Stream last ID is before its last entry");
    streams.setLastId(h, id);
    if (this.type === TYPE.STREAM) {
      streams.setEntriesAdded(h, BigInt(streams.size(h)));
      return;
    }
    this.readIdLengths(id);
    this.readIdLengths(id);
    streams.setMaxDeletedId(h, id);
    streams.setEntriesAdded(h, this.readBig());
  }

  // ---- groups

  private *readGroup(h: Ptr): Generator<void, void> {
    const { input, streams, id } = this;
    const { groups } = streams;
    input.string(this.text);
    const name = own(this.text.buf, this.text.start, this.text.len);
    this.readIdLengths(id);
    const read = this.type === TYPE.STREAM ? streams.entriesUpTo(h, id) : this.readBig();
    if (groups.find(h, name, 0, name.length) !== NULL) {
      throw new RdbError("Duplicated consumer group name loading a stream");
    }
    const g = groups.add(h, name, 0, name.length, id, read);
    yield* this.readPending(g);
    const consumers = input.count(1);
    for (let i = 0; i < consumers; i++) yield* this.readConsumer(g);
    const free = groups.pendingCount(g) - this.ownedOf(g);
    if (this.type >= TYPE.STREAM_5) this.readGivenBack(g, free);
    else if (free !== 0) throw new RdbError("A pending entry of a stream consumer group has no consumer");
  }

  private ownedOf(g: Ptr): number {
    const { groups } = this.streams;
    let owned = 0;
    for (let i = groups.consumerCount(g) - 1; i >= 0; i--) owned += groups.ownedCount(groups.consumer(g, i));
    return owned;
  }

  private *readPending(g: Ptr): Generator<void, void> {
    const { input, streams, id } = this;
    const { groups } = streams;
    const count = input.count(ID_BYTES);
    for (let i = 0; i < count; i++) {
      this.readRawId(id);
      const deliveryMs = input.milliseconds();
      const deliveries = input.plainLength();
      if (!groups.insert(g, id)) throw new RdbError("Duplicated global PEL entry loading stream consumer group");
      groups.deliveryMs = Math.max(0, Math.min(deliveryMs, TIME_MAX_MS));
      groups.deliveries = deliveries;
      if (i % STEP_PENDING === 0) yield;
    }
  }

  private *readConsumer(g: Ptr): Generator<void, void> {
    const { input, streams, id, text } = this;
    const { groups } = streams;
    input.string(text);
    if (groups.findConsumer(g, text.buf, text.start, text.len) !== NULL) {
      throw new RdbError("Duplicate stream consumer detected");
    }
    const consumer = groups.addConsumer(g, text.buf, text.start, text.len, 0);
    const seenMs = input.milliseconds();
    groups.setSeen(consumer, seenMs);
    groups.setActive(consumer, this.type >= TYPE.STREAM_3 ? input.milliseconds() : seenMs);
    const count = input.count(ID_BYTES);
    for (let i = 0; i < count; i++) {
      this.readRawId(id);
      this.assign(g, consumer);
      if (i % STEP_PENDING === 0) yield;
    }
  }

  private assign(g: Ptr, consumer: Ptr): void {
    const { groups } = this.streams;
    if (!groups.pending.find(groups.pendingOf(g), this.id)) {
      throw new RdbError("Consumer entry not found in group global PEL");
    }
    if (groups.owner !== NULL) {
      throw new RdbError("Duplicated consumer PEL entry loading a stream consumer group");
    }
    // Without a consumer, but with a moment, it would count as given back.
    const deliveryMs = groups.momentMs;
    groups.deliveryMs = 0;
    groups.assign(g, consumer, this.id);
    groups.deliveryMs = deliveryMs;
  }

  /** The pending entries that were given back, the one first that waits longest: those without a consumer. */
  private readGivenBack(g: Ptr, free: number): void {
    const { input, streams, id } = this;
    const { groups } = streams;
    const count = input.count(ID_BYTES);
    if (count !== free) throw new RdbError("A pending entry of a stream consumer group has no consumer");
    this.forgetTimes(g);
    for (let i = 0; i < count; i++) {
      this.readRawId(id);
      const isFree = groups.pending.find(groups.pendingOf(g), id) && groups.owner === NULL && !groups.isGivenBack;
      if (!isFree) throw new RdbError("An entry of a stream that was given back is not pending");
      const { deliveries } = groups;
      groups.giveBack(g, id, 0);
      groups.deliveries = deliveries;
    }
  }

  /** Pending entries without a consumer have no delivery time until they are given back. */
  private forgetTimes(g: Ptr): void {
    const { groups } = this.streams;
    const { pending } = groups;
    for (let more = pending.seekFirst(groups.pendingOf(g)); more; more = pending.next()) {
      if (groups.owner === NULL) groups.deliveryMs = 0;
    }
  }

  // ---- producers

  private readProducers(h: Ptr): void {
    const { input, streams, text, id } = this;
    const { producers } = streams;
    const nowMs = this.nowMs();
    const duration = input.plainLength();
    const maxSize = input.plainLength();
    if (duration > 2 ** 31 - 1 || maxSize > 2 ** 31 - 1)
      throw new RdbError("Stream with invalid IDMP settings detected");
    const count = input.count(2);
    const isUsed = count > 0;
    if (isUsed || duration !== producers.duration(h) || maxSize !== producers.maxSize(h)) {
      producers.configure(h, duration, maxSize);
    }
    for (let i = 0; i < count; i++) {
      input.string(text);
      const producer = own(text.buf, text.start, text.len);
      const messages = input.count(3);
      for (let k = 0; k < messages; k++) {
        input.string(text);
        const name = own(text.buf, text.start, text.len);
        this.readIdLengths(id);
        if (!producers.mayAdd(h, producer, name, id)) throw new RdbError("Duplicate IDMP message of a stream detected");
        producers.add(h, producer, name, nowMs, id);
      }
    }
    producers.setCounts(h, this.readBig(), this.readBig());
  }
}

/** Where field and value are, in turn. */
class Places {
  start = new Int32Array(64);
  len = new Int32Array(64);

  grow(): void {
    this.start = grown(this.start);
    this.len = grown(this.len);
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function damaged(): never {
  throw new RdbError("Stream listpack integrity check failed.");
}
