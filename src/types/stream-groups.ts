import { incrementBig, readBig, writeBig } from "../lib/words.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { IdRecords } from "./id-records.ts";
import { NamedBlocks } from "./named-blocks.ts";
import { ID_WORDS, StreamId } from "./stream-id.ts";
import { GROUPS } from "./stream-layout.ts";

/** A group's block, in words: the length of its name, what follows, and the name. */
const GROUP_LAST_ID = 1;
const ENTRIES_READ = 5;
const PENDING = 7;
const CONSUMERS = 8;
/** No pending entry was delivered before this Unix time in seconds; 0 when some were given back, or that is not known. */
const OLDEST = 11;
/** How many pending entries were given back, and have no consumer since. */
const GIVEN_BACK = 12;
const GROUP_NAME_OFFSET = 52;
/** A consumer's block: the length of its name, the tree of the IDs that it has pending, two times (doubles), and the name. */
const OWNED = 1;
const SEEN_F64 = 1;
const ACTIVE_F64 = 2;
const CONSUMER_NAME_OFFSET = 24;
/** A pending entry of a group, in words: the ID, its consumer (NULL: given back), delivery time (or when it was given back) and count, 48 bits each. */
const CONSUMER = 4;
const TIME_LOW = 5;
const COUNT_LOW = 6;
const HIGH_HALVES = 7;
const PENDING_WORDS = 8;
const WORD = 0x1_0000_0000;
/** Greater delivery counts are kept as this, which stands for the greatest integer there is. */
const COUNT_MAX = 2 ** 48 - 1;
const INTEGER_MAX = 2n ** 63n - 1n;
/** The number of entries that a group has read is not known. */
export const UNKNOWN = -1n;

/**
 * Consumer groups: what they have been delivered, and what is pending.
 *
 * Invariants
 * 1. A group has its pending entries in the order of their IDs, each with its consumer; a consumer has the IDs of its own. An ID is in a
 *    consumer's set exactly when the group's record of it names that consumer.
 * 2. Blocks of groups and consumers never move.
 */
export class StreamGroups {
  readonly groups: NamedBlocks;
  readonly consumers: NamedBlocks;
  /** The pending entries of groups, and of consumers. */
  readonly pending: IdRecords;
  readonly owned: IdRecords;

  /** A pending entry was given back since the start. */
  wereGivenBack = false;

  private readonly i32: Int32Array[];
  private readonly f64: Float64Array[];
  private readonly id = new StreamId();
  /** The last moment that a record was given back at; each has one of its own. */
  private givenBackMs = 0;

  constructor(readonly arena: Arena) {
    this.i32 = arena.i32;
    this.f64 = arena.f64;
    this.groups = new NamedBlocks(arena, GROUP_NAME_OFFSET);
    this.consumers = new NamedBlocks(arena, CONSUMER_NAME_OFFSET);
    this.pending = new IdRecords(arena, PENDING_WORDS);
    this.owned = new IdRecords(arena, ID_WORDS);
  }

  // ---- groups; `h` is the stream's header block

  count(h: Ptr): number {
    return this.groups.count(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS);
  }

  group(h: Ptr, index: number): Ptr {
    return this.groups.get(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS, index);
  }

  find(h: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    return this.groups.find(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS, buf, start, len);
  }

  /** Adds the group that `find` has just looked for in vain. */
  add(h: Ptr, buf: Uint8Array, start: number, len: number, lastId: StreamId, entriesRead: bigint): Ptr {
    const g = this.groups.add(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS, buf, start, len);
    this.setWord(g, PENDING, this.pending.create());
    this.setLastId(g, lastId);
    this.setEntriesRead(g, entriesRead);
    return g;
  }

  lastId(g: Ptr, out: StreamId): void {
    out.load(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + GROUP_LAST_ID);
  }

  setLastId(g: Ptr, id: StreamId): void {
    id.store(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + GROUP_LAST_ID);
  }

  /** The number of entries that the group has read, or UNKNOWN. */
  entriesRead(g: Ptr): bigint {
    return readBig(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + ENTRIES_READ);
  }

  knowsEntriesRead(g: Ptr): boolean {
    const words = this.i32[g >>> SEGMENT_SHIFT];
    return (words[this.at(g) + ENTRIES_READ] & words[this.at(g) + ENTRIES_READ + 1]) !== -1;
  }

  /** The group has read one more. */
  countEntryRead(g: Ptr): void {
    incrementBig(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + ENTRIES_READ);
  }

  setEntriesRead(g: Ptr, count: bigint): void {
    writeBig(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + ENTRIES_READ, count);
  }

  /** The set of the group's pending entries, for `pending`. */
  pendingOf(g: Ptr): Ptr {
    return this.word(g, PENDING) as Ptr;
  }

  /** How many pending entries were given back, and have no consumer since. */
  givenBackCount(g: Ptr): number {
    return this.word(g, GIVEN_BACK);
  }

  /** IDs and numbers of deliveries of the pending entries that were given back, the one first that waits longest. */
  givenBack(g: Ptr): { id: StreamId; deliveries: bigint }[] {
    const found: { id: StreamId; deliveries: bigint; momentMs: number }[] = [];
    for (let more = this.pending.seekFirst(this.pendingOf(g)); more; more = this.pending.next()) {
      if (!this.isGivenBack) continue;
      const id = new StreamId();
      id.load(this.pending.words, this.pending.at);
      found.push({ id, deliveries: this.deliveriesBig, momentMs: this.momentMs });
    }
    return found.sort((a, b) => a.momentMs - b.momentMs);
  }

  pendingCount(g: Ptr): number {
    return this.pending.count(this.pendingOf(g));
  }

  // ---- consumers

  consumerCount(g: Ptr): number {
    return this.consumers.count(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS);
  }

  consumer(g: Ptr, index: number): Ptr {
    return this.consumers.get(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS, index);
  }

  findConsumer(g: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    return this.consumers.find(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS, buf, start, len);
  }

  /** Adds the consumer that `findConsumer` has just looked for in vain. */
  addConsumer(g: Ptr, buf: Uint8Array, start: number, len: number, nowMs: number): Ptr {
    const consumer = this.consumers.add(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS, buf, start, len);
    this.setWord(consumer, OWNED, this.owned.create());
    this.setSeen(consumer, nowMs);
    this.setDouble(consumer, ACTIVE_F64, -1);
    return consumer;
  }

  /** Deletes the consumer that `findConsumer` has just found, and forgets what it has pending; returns how much that was. */
  deleteConsumer(g: Ptr, consumer: Ptr): number {
    const { owned, pending, id } = this;
    const set = this.ownedBy(consumer);
    const count = owned.count(set);
    const all = this.pendingOf(g);
    for (let more = owned.seekFirst(set); more; more = owned.next()) {
      id.load(owned.words, owned.at);
      if (pending.find(all, id)) pending.remove();
    }
    while (owned.shed(set));
    this.consumers.remove(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS);
    return count;
  }

  ownedBy(consumer: Ptr): Ptr {
    return this.word(consumer, OWNED) as Ptr;
  }

  ownedCount(consumer: Ptr): number {
    return this.owned.count(this.ownedBy(consumer));
  }

  /** When the consumer was last used, Unix ms. */
  seenMs(consumer: Ptr): number {
    return this.f64[consumer >>> SEGMENT_SHIFT][(consumer & UNIT_MASK) + SEEN_F64];
  }

  setSeen(consumer: Ptr, nowMs: number): void {
    this.setDouble(consumer, SEEN_F64, nowMs);
  }

  /** When the consumer last got entries, Unix ms; -1: never. */
  activeMs(consumer: Ptr): number {
    return this.f64[consumer >>> SEGMENT_SHIFT][(consumer & UNIT_MASK) + ACTIVE_F64];
  }

  setActive(consumer: Ptr, nowMs: number): void {
    this.setDouble(consumer, ACTIVE_F64, nowMs);
  }

  // ---- pending entries

  /** The consumer of the record that `pending` stands on; NULL when it was given back. */
  get owner(): Ptr {
    return this.pending.words[this.pending.at + CONSUMER] as Ptr;
  }

  /** Delivery time of that record, Unix ms; 0 when it was given back. */
  get deliveryMs(): number {
    return this.owner === NULL ? 0 : this.momentMs;
  }

  /** That record was given back; one that was just inserted has no consumer either, but no moment. */
  get isGivenBack(): boolean {
    return this.owner === NULL && this.momentMs > 0;
  }

  /** When that record was delivered or, if it was, given back; Unix ms. */
  get momentMs(): number {
    const { words, at } = this.pending;
    return (words[at + HIGH_HALVES] & 0xffff) * WORD + (words[at + TIME_LOW] >>> 0);
  }

  set deliveryMs(ms: number) {
    const { words, at } = this.pending;
    words[at + TIME_LOW] = (ms % WORD) | 0;
    words[at + HIGH_HALVES] = (words[at + HIGH_HALVES] & ~0xffff) | Math.floor(ms / WORD);
  }

  /** How often that record was delivered. */
  get deliveries(): number {
    const { words, at } = this.pending;
    return (words[at + HIGH_HALVES] >>> 16) * WORD + (words[at + COUNT_LOW] >>> 0);
  }

  set deliveries(count: number) {
    const { words, at } = this.pending;
    const kept = Math.max(0, Math.min(count, COUNT_MAX));
    words[at + COUNT_LOW] = (kept % WORD) | 0;
    words[at + HIGH_HALVES] = (words[at + HIGH_HALVES] & 0xffff) | (Math.floor(kept / WORD) << 16);
  }

  /** `deliveries` as replies have it. */
  get deliveriesBig(): bigint {
    const count = this.deliveries;
    return count === COUNT_MAX ? INTEGER_MAX : BigInt(count);
  }

  /** Gives the record of the group that `pending` stands on to a consumer, or, NULL, to nobody. `id` is its ID. */
  assign(g: Ptr, consumer: Ptr, id: StreamId): void {
    const { pending, owned, owner } = this;
    if (owner === consumer) return;
    if (this.isGivenBack) this.setWord(g, GIVEN_BACK, this.word(g, GIVEN_BACK) - 1);
    this.disown(owner, id);
    if (consumer !== NULL) owned.insert(this.ownedBy(consumer), id);
    pending.words[pending.at + CONSUMER] = consumer;
  }

  /** Takes the record that `pending` stands on from its consumer: it is the last one of those that were given back. */
  giveBack(g: Ptr, id: StreamId, nowMs: number): void {
    this.wereGivenBack = true;
    this.setOldest(g, 0);
    if (!this.isGivenBack) this.setWord(g, GIVEN_BACK, this.word(g, GIVEN_BACK) + 1);
    this.assign(g, NULL, id);
    this.givenBackMs = Math.max(this.givenBackMs + 1, nowMs);
    this.deliveryMs = this.givenBackMs;
  }

  /** No pending entry of the group was delivered before this, Unix ms; 0 when some were given back, or that is not known. */
  oldestMs(g: Ptr): number {
    return (this.word(g, OLDEST) >>> 0) * 1000;
  }

  setOldest(g: Ptr, ms: number): void {
    this.setWord(g, OLDEST, Math.floor(ms / 1000) | 0);
  }

  /** The group has a pending entry that was delivered then. */
  noteDelivery(g: Ptr, ms: number): void {
    if (ms < this.oldestMs(g)) this.setOldest(g, ms);
  }

  private disown(consumer: Ptr, id: StreamId): void {
    if (consumer === NULL) return;
    const set = this.ownedBy(consumer);
    if (this.owned.find(set, id)) this.owned.remove();
  }

  /** Puts an entry among the group's pending ones, if it is not there: then it has no consumer and was delivered once. True when it was not. */
  insert(g: Ptr, id: StreamId): boolean {
    const { pending } = this;
    if (!pending.insert(this.pendingOf(g), id)) return false;
    pending.words[pending.at + CONSUMER] = NULL;
    pending.words[pending.at + HIGH_HALVES] = 0;
    this.deliveryMs = 0;
    this.deliveries = 1;
    return true;
  }

  /** Takes out the record that `pending` stands on; `id` is its ID. */
  remove(g: Ptr, id: StreamId): void {
    if (this.isGivenBack) this.setWord(g, GIVEN_BACK, this.word(g, GIVEN_BACK) - 1);
    this.disown(this.owner, id);
    this.pending.remove();
  }

  /** Takes out the pending entry of that ID. False when there is none. */
  forget(g: Ptr, id: StreamId): boolean {
    if (!this.pending.find(this.pendingOf(g), id)) return false;
    this.remove(g, id);
    return true;
  }

  /** Takes the pending entry of that ID out of all groups of a stream. False when there was none. */
  forgetEverywhere(h: Ptr, id: StreamId): boolean {
    let found = false;
    for (let i = this.count(h) - 1; i >= 0; i--) if (this.forget(this.group(h, i), id)) found = true;
    return found;
  }

  // ---- whole groups

  /** Shows all sets of pending entries of a group. */
  private setsOf(g: Ptr, visit: (set: Ptr, records: IdRecords) => void): void {
    visit(this.pendingOf(g), this.pending);
    for (let i = this.consumerCount(g) - 1; i >= 0; i--) visit(this.ownedBy(this.consumer(g, i)), this.owned);
  }

  /**
   * Puts in the place of a set of pending entries what `update` says. The sets of a stream are counted through its groups: each one's own,
   * then its consumers'. False when there are not so many.
   */
  updateSet(h: Ptr, index: number, update: (set: Ptr) => Ptr): boolean {
    let left = index;
    for (let i = 0; i < this.count(h); i++) {
      const g = this.group(h, i);
      const consumers = this.consumerCount(g);
      if (left === 0) {
        this.setWord(g, PENDING, update(this.pendingOf(g)));
        return true;
      }
      if (left <= consumers) {
        const consumer = this.consumer(g, left - 1);
        this.setWord(consumer, OWNED, update(this.ownedBy(consumer)));
        return true;
      }
      left -= 1 + consumers;
    }
    return false;
  }

  /** Frees a bounded part of what a group has. False when it has nothing more: its block is all that is left. */
  shed(g: Ptr): boolean {
    const all = this.pendingOf(g);
    if (all !== NULL) {
      if (!this.pending.shed(all)) this.setWord(g, PENDING, NULL);
      return true;
    }
    const count = this.consumerCount(g);
    if (count === 0) return false;
    const consumer = this.consumer(g, count - 1);
    if (this.owned.shed(this.ownedBy(consumer))) return true;
    this.consumers.removeLast(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS);
    return true;
  }

  /** Frees a bounded part of a stream's last group. False when the stream has no groups. */
  shedLast(h: Ptr): boolean {
    const count = this.count(h);
    if (count === 0) return false;
    if (!this.shed(this.group(h, count - 1)))
      this.groups.removeLast(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS);
    return true;
  }

  /** Takes the group that `find` has just found out of its stream: `shed` and then `free` it. */
  detach(h: Ptr): void {
    this.groups.detach(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS);
  }

  /** Frees the block of a group that is in no stream and has nothing more to shed. */
  free(g: Ptr): void {
    this.groups.free(g);
  }

  /** Makes the list of a stream, whose header is a copy of another's, empty. */
  clear(h: Ptr): void {
    for (let w = 0; w < 3; w++) this.setWord(h, GROUPS + w, 0);
  }

  /** Copies all groups of a stream to another, which has none. */
  copy(from: Ptr, to: Ptr): void {
    for (let i = 0; i < this.count(from); i++) this.copyGroup(this.group(from, i), to);
  }

  private copyGroup(g: Ptr, to: Ptr): void {
    const { groups, id } = this;
    const bytes = groups.segment(g);
    const start = groups.nameStart(g);
    const len = groups.nameLength(g);
    this.find(to, bytes, start, len);
    this.lastId(g, id);
    const copy = this.add(to, bytes, start, len, id, this.entriesRead(g));
    for (const word of [OLDEST, GIVEN_BACK]) this.setWord(copy, word, this.word(g, word));
    while (this.pending.shed(this.pendingOf(copy)));
    this.setWord(copy, PENDING, this.pending.copy(this.pendingOf(g)));
    for (let i = 0; i < this.consumerCount(g); i++) this.copyConsumer(this.consumer(g, i), copy);
  }

  private copyConsumer(consumer: Ptr, g: Ptr): void {
    const { consumers, owned, pending, id } = this;
    const bytes = consumers.segment(consumer);
    const start = consumers.nameStart(consumer);
    const len = consumers.nameLength(consumer);
    this.findConsumer(g, bytes, start, len);
    const copy = this.addConsumer(g, bytes, start, len, this.seenMs(consumer));
    this.setActive(copy, this.activeMs(consumer));
    while (owned.shed(this.ownedBy(copy)));
    const set = owned.copy(this.ownedBy(consumer));
    this.setWord(copy, OWNED, set);
    const all = this.pendingOf(g);
    for (let more = owned.seekFirst(set); more; more = owned.next()) {
      id.load(owned.words, owned.at);
      if (pending.find(all, id)) pending.words[pending.at + CONSUMER] = copy;
    }
  }

  /** Bytes of all groups of a stream. */
  bytes(h: Ptr): number {
    let bytes = this.groups.bytes(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + GROUPS);
    for (let i = this.count(h) - 1; i >= 0; i--) {
      const g = this.group(h, i);
      bytes += this.consumers.bytes(this.i32[g >>> SEGMENT_SHIFT], this.at(g) + CONSUMERS);
      this.setsOf(g, (set, records) => {
        bytes += records.bytes(set);
      });
    }
    return bytes;
  }

  private at(p: Ptr): number {
    return (p & UNIT_MASK) << 1;
  }

  private word(p: Ptr, word: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + word];
  }

  private setWord(p: Ptr, word: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + word] = value;
  }

  private setDouble(p: Ptr, index: number, value: number): void {
    this.f64[p >>> SEGMENT_SHIFT][(p & UNIT_MASK) + index] = value;
  }
}
