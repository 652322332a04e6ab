import type { Span } from "../lib/bytes.ts";
import { incrementBig, readBig, writeBig } from "../lib/words.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { IdRecords } from "./id-records.ts";
import { NamedBlocks } from "./named-blocks.ts";
import { ID_WORDS, type StreamId } from "./stream-id.ts";
import { PRODUCERS } from "./stream-layout.ts";

/** A stream's block for this, in words: the list of producers, the two settings (0: the default), and two counts of all times. */
const LIST = 0;
const DURATION = 3;
const MAX_SIZE = 4;
const ADDED = 5;
const DUPLICATES = 7;
const BLOCK_WORDS = 9;
const BLOCK_BYTES = BLOCK_WORDS * 4;
/** A producer's block: the length of its name, the list of its messages by name, their set by ID, and the name. */
const MESSAGES = 1;
const ORDER = 4;
const PRODUCER_NAME_OFFSET = 20;
/** A message's block: the length of its name, the entry's ID, the second it was added in, and the name. */
const MESSAGE_ID = 1;
const ADDED_AT = 5;
const MESSAGE_NAME_OFFSET = 24;
/** A record of the set by ID: the ID, and the message's block. */
const RECORD_MESSAGE = ID_WORDS;
const RECORD_WORDS = ID_WORDS + 1;

/**
 * Messages that are told apart by a producer's name and one of their own, so that one that is sent again is not added again. Of each producer
 * the last ones are remembered, for a while.
 *
 * Invariants
 * 1. A producer's list and its set have the same messages. A producer without messages is not kept.
 * 2. A stream has a block for this as soon as it has had such a message or a setting.
 */
export class StreamProducers {
  /** The directives stream-idmp-duration (seconds) and stream-idmp-maxsize. */
  defaultDuration = 100;
  defaultMaxSize = 100;

  /** There was a stream with producers since the start. */
  wereUsed = false;

  private readonly i32: Int32Array[];
  private readonly producers: NamedBlocks;
  private readonly messages: NamedBlocks;
  private readonly order: IdRecords;

  constructor(readonly arena: Arena) {
    this.i32 = arena.i32;
    this.producers = new NamedBlocks(arena, PRODUCER_NAME_OFFSET);
    this.messages = new NamedBlocks(arena, MESSAGE_NAME_OFFSET);
    this.order = new IdRecords(arena, RECORD_WORDS);
  }

  /** Whether the stream knows anything of producers. */
  has(h: Ptr): boolean {
    return this.block(h) !== NULL;
  }

  /** Seconds for which messages are remembered. */
  duration(h: Ptr): number {
    return this.setting(h, DURATION) || this.defaultDuration;
  }

  /** How many messages of each producer are remembered. */
  maxSize(h: Ptr): number {
    return this.setting(h, MAX_SIZE) || this.defaultMaxSize;
  }

  /** Whether the settings of the stream are its own. */
  isConfigured(h: Ptr): boolean {
    return this.setting(h, DURATION) !== 0 || this.setting(h, MAX_SIZE) !== 0;
  }

  private setting(h: Ptr, word: number): number {
    const block = this.block(h);
    return block === NULL ? 0 : this.word(block, word);
  }

  /** Changes the settings; when that makes a difference, all messages are forgotten. */
  configure(h: Ptr, durationSeconds: number, maxSize: number): void {
    if (durationSeconds !== this.duration(h) || maxSize !== this.maxSize(h)) this.forgetAll(h);
    const block = this.make(h);
    this.setWord(block, DURATION, durationSeconds);
    this.setWord(block, MAX_SIZE, maxSize);
  }

  private forgetAll(h: Ptr): void {
    const block = this.block(h);
    while (block !== NULL && this.shedLast(block));
  }

  /** Messages of all times, and those that came again. */
  added(h: Ptr): bigint {
    return this.has(h) ? readBig(this.i32[this.block(h) >>> SEGMENT_SHIFT], this.at(this.block(h)) + ADDED) : 0n;
  }

  duplicates(h: Ptr): bigint {
    return this.has(h) ? readBig(this.i32[this.block(h) >>> SEGMENT_SHIFT], this.at(this.block(h)) + DUPLICATES) : 0n;
  }

  /** Number of producers. */
  count(h: Ptr): number {
    const block = this.block(h);
    return block === NULL ? 0 : this.producers.count(this.words(block), this.at(block) + LIST);
  }

  // ---- all that is remembered

  /** The name of producer `index`. */
  name(h: Ptr, index: number, out: Span): void {
    const { segment, start, len } = this.nameOf(this.producer(h, index));
    out.set(segment, start, len);
  }

  /** How many of its messages are remembered. */
  messagesOf(h: Ptr, index: number): number {
    return this.order.count(this.orderOf(this.producer(h, index)));
  }

  /** To its first message, in the order of their entries. False when there is none. */
  seekMessage(h: Ptr, index: number): boolean {
    return this.order.seekFirst(this.orderOf(this.producer(h, index)));
  }

  nextMessage(): boolean {
    return this.order.next();
  }

  /** The message that was found: its name, and its entry's ID. */
  readMessage(name: Span, id: StreamId): void {
    const { order, messages } = this;
    const message = order.words[order.at + RECORD_MESSAGE] as Ptr;
    name.set(messages.segment(message), messages.nameStart(message), messages.nameLength(message));
    id.load(order.words, order.at);
  }

  /** Number of messages of all producers. */
  messageCount(h: Ptr): number {
    let count = 0;
    for (let i = this.count(h) - 1; i >= 0; i--) count += this.order.count(this.orderOf(this.producer(h, i)));
    return count;
  }

  /** Forgets all messages that are too old. */
  expire(h: Ptr, nowMs: number): void {
    for (let i = this.count(h) - 1; i >= 0; i--) this.expireProducer(h, this.producer(h, i), nowMs);
  }

  /** Whether that message of that producer is remembered: then `id` becomes its entry's. */
  find(h: Ptr, producer: Uint8Array, name: Uint8Array, nowMs: number, id: StreamId): boolean {
    const block = this.block(h);
    if (block === NULL) return false;
    const p = this.producers.find(this.words(block), this.at(block) + LIST, producer, 0, producer.length);
    if (p === NULL || !this.expireProducer(h, p, nowMs)) return false;
    const message = this.messages.find(this.words(p), this.at(p) + MESSAGES, name, 0, name.length);
    if (message === NULL) return false;
    id.load(this.words(message), this.at(message) + MESSAGE_ID);
    return true;
  }

  countDuplicate(h: Ptr): void {
    const block = this.block(h);
    incrementBig(this.words(block), this.at(block) + DUPLICATES);
  }

  /** Remembers a message that `find` has looked for in vain. */
  add(h: Ptr, producer: Uint8Array, name: Uint8Array, nowMs: number, id: StreamId): void {
    const block = this.make(h);
    const list = this.at(block) + LIST;
    let p = this.producers.find(this.words(block), list, producer, 0, producer.length);
    if (p === NULL) {
      p = this.producers.add(this.words(block), list, producer, 0, producer.length);
      this.setWord(p, ORDER, this.order.create());
    }
    this.messages.find(this.words(p), this.at(p) + MESSAGES, name, 0, name.length);
    const message = this.messages.add(this.words(p), this.at(p) + MESSAGES, name, 0, name.length);
    id.store(this.words(message), this.at(message) + MESSAGE_ID);
    this.setWord(message, ADDED_AT, Math.floor(nowMs / 1000));
    this.order.insert(this.orderOf(p), id);
    this.order.words[this.order.at + RECORD_MESSAGE] = message;
    incrementBig(this.words(block), this.at(block) + ADDED);
    while (this.order.count(this.orderOf(p)) > this.maxSize(h)) this.forgetOldest(p);
  }

  /** Whether a message and its entry are new to a producer, however old they are: for what is read from a file. */
  mayAdd(h: Ptr, producer: Uint8Array, name: Uint8Array, id: StreamId): boolean {
    const block = this.block(h);
    if (block === NULL) return true;
    const p = this.producers.find(this.words(block), this.at(block) + LIST, producer, 0, producer.length);
    if (p === NULL) return true;
    if (this.order.find(this.orderOf(p), id)) return false;
    return this.messages.find(this.words(p), this.at(p) + MESSAGES, name, 0, name.length) === NULL;
  }

  /** Sets `added` and `duplicates`. */
  setCounts(h: Ptr, added: bigint, duplicates: bigint): void {
    if (added === 0n && duplicates === 0n && !this.has(h)) return;
    const block = this.make(h);
    writeBig(this.words(block), this.at(block) + ADDED, added);
    writeBig(this.words(block), this.at(block) + DUPLICATES, duplicates);
  }

  /** Forgets what is too old of a producer. False when that was all: the producer is gone. */
  private expireProducer(h: Ptr, p: Ptr, nowMs: number): boolean {
    const { order } = this;
    const last = Math.floor(nowMs / 1000) - this.duration(h);
    const set = this.orderOf(p);
    while (order.seekFirst(set)) {
      const message = order.words[order.at + RECORD_MESSAGE] as Ptr;
      if (this.word(message, ADDED_AT) > last) return true;
      this.forgetOldest(p);
    }
    order.shed(set);
    const block = this.block(h);
    const { segment, start, len } = this.nameOf(p);
    this.producers.find(this.words(block), this.at(block) + LIST, segment, start, len);
    this.producers.remove(this.words(block), this.at(block) + LIST);
    return false;
  }

  private forgetOldest(p: Ptr): void {
    const { order, messages } = this;
    if (!order.seekFirst(this.orderOf(p))) return;
    const message = order.words[order.at + RECORD_MESSAGE] as Ptr;
    order.remove();
    const start = messages.nameStart(message);
    const list = this.at(p) + MESSAGES;
    messages.find(this.words(p), list, messages.segment(message), start, messages.nameLength(message));
    messages.remove(this.words(p), list);
  }

  private nameOf(p: Ptr): { segment: Uint8Array; start: number; len: number } {
    const { producers } = this;
    return { segment: producers.segment(p), start: producers.nameStart(p), len: producers.nameLength(p) };
  }

  // ---- whole streams

  /** Gives a stream, whose header is a copy of another's, producers of its own. */
  copy(from: Ptr, to: Ptr): void {
    this.setWord(to, PRODUCERS, NULL);
    const source = this.block(from);
    if (source === NULL) return;
    const block = this.make(to);
    for (let w = DURATION; w < BLOCK_WORDS; w++) this.setWord(block, w, this.word(source, w));
    for (let i = 0; i < this.count(from); i++) this.copyProducer(this.producer(from, i), block);
  }

  private copyProducer(p: Ptr, block: Ptr): void {
    const { producers, messages, order } = this;
    const { segment, start, len } = this.nameOf(p);
    const list = this.at(block) + LIST;
    producers.find(this.words(block), list, segment, start, len);
    const copy = producers.add(this.words(block), list, segment, start, len);
    const set = order.copy(this.orderOf(p));
    this.setWord(copy, ORDER, set);
    for (let more = order.seekFirst(set); more; more = order.next()) {
      const message = order.words[order.at + RECORD_MESSAGE] as Ptr;
      const name = messages.nameStart(message);
      const bytes = messages.segment(message);
      const at = this.at(copy) + MESSAGES;
      messages.find(this.words(copy), at, bytes, name, messages.nameLength(message));
      const other = messages.add(this.words(copy), at, bytes, name, messages.nameLength(message));
      for (let w = MESSAGE_ID; w <= ADDED_AT; w++) this.setWord(other, w, this.word(message, w));
      order.words[order.at + RECORD_MESSAGE] = other;
    }
  }

  /** Bytes of all that is kept for a stream. */
  bytes(h: Ptr): number {
    const block = this.block(h);
    if (block === NULL) return 0;
    let bytes = blockBytes(BLOCK_BYTES) + this.producers.bytes(this.words(block), this.at(block) + LIST);
    for (let i = this.count(h) - 1; i >= 0; i--) {
      const p = this.producer(h, i);
      bytes += this.messages.bytes(this.words(p), this.at(p) + MESSAGES) + this.order.bytes(this.orderOf(p));
    }
    return bytes;
  }

  /** Frees a bounded part of what a stream has that nobody can reach. False when there was nothing. */
  shed(h: Ptr): boolean {
    const block = this.block(h);
    if (block === NULL) return false;
    if (this.shedLast(block)) return true;
    this.arena.free(block, BLOCK_BYTES);
    this.setWord(h, PRODUCERS, NULL);
    return true;
  }

  /** Frees a message of the last producer, or the producer. False when there is none. */
  private shedLast(block: Ptr): boolean {
    const list = this.at(block) + LIST;
    const count = this.producers.count(this.words(block), list);
    if (count === 0) return false;
    const p = this.producers.get(this.words(block), list, count - 1);
    if (this.messages.count(this.words(p), this.at(p) + MESSAGES) > 0) {
      this.messages.removeLast(this.words(p), this.at(p) + MESSAGES);
    } else if (!this.order.shed(this.orderOf(p))) {
      this.producers.removeLast(this.words(block), list);
    }
    return true;
  }

  private make(h: Ptr): Ptr {
    const old = this.block(h);
    if (old !== NULL) return old;
    this.wereUsed = true;
    const block = this.arena.alloc(BLOCK_BYTES);
    for (let w = 0; w < BLOCK_WORDS; w++) this.setWord(block, w, 0);
    this.setWord(h, PRODUCERS, block);
    return block;
  }

  private block(h: Ptr): Ptr {
    return this.word(h, PRODUCERS) as Ptr;
  }

  private producer(h: Ptr, index: number): Ptr {
    const block = this.block(h);
    return this.producers.get(this.words(block), this.at(block) + LIST, index);
  }

  private orderOf(p: Ptr): Ptr {
    return this.word(p, ORDER) as Ptr;
  }

  private words(p: Ptr): Int32Array {
    return this.i32[p >>> SEGMENT_SHIFT];
  }

  private at(p: Ptr): number {
    return (p & UNIT_MASK) << 1;
  }

  private word(p: Ptr, word: number): number {
    return this.words(p)[this.at(p) + word];
  }

  private setWord(p: Ptr, word: number, value: number): void {
    this.words(p)[this.at(p) + word] = value;
  }
}
