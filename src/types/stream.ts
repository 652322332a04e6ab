import { readBig, writeBig } from "../lib/words.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Entries } from "../structures/entry.ts";
import type { Collection, CollectionReclaimer, Remains } from "./collection.ts";
import { kind, STREAM, STREAM_TREE } from "./kinds.ts";
import { StreamEntries } from "./stream-entries.ts";
import { StreamGroups, UNKNOWN } from "./stream-groups.ts";
import { StreamId } from "./stream-id.ts";
import { ENTRIES_ADDED, FIRST_ID, HEADER_BYTES, LAST_ID, LENGTH, MAX_DELETED_ID, TAIL, TREE } from "./stream-layout.ts";
import { StreamProducers } from "./stream-producers.ts";

export const STREAM_VALUE = kind(STREAM, STREAM_TREE);

/** What trimming may remove: everything, or entries that no group has still to read or to acknowledge. */
export type MayTrim = (id: StreamId) => boolean;

/**
 * Streams: what the entry of a key refers to when its type is STREAM.
 *
 * Invariants
 * 1. The reference is the stream's header block (stream-layout.ts), which never moves; so the key's entry is not touched when the stream
 *    changes. Methods take the header, `h`, but for those of Collection.
 * 2. A stream stays when its last entry is deleted. LAST_ID never becomes smaller than an ID that was added.
 */
export class StreamValues implements Collection {
  readonly entries: StreamEntries;
  readonly groups: StreamGroups;
  readonly producers: StreamProducers;
  root: Ptr = NULL;
  readonly rootBytes = HEADER_BYTES;

  private readonly i32: Int32Array[];
  private readonly id = new StreamId();
  private readonly other = new StreamId();

  constructor(
    readonly arena: Arena,
    private readonly keys: Entries,
  ) {
    this.i32 = arena.i32;
    this.entries = new StreamEntries(arena);
    this.groups = new StreamGroups(arena);
    this.producers = new StreamProducers(arena);
  }

  /** Makes a stream without entries: `root`. */
  create(): void {
    this.root = this.arena.alloc(HEADER_BYTES);
    this.arena.clear(this.root, HEADER_BYTES);
  }

  /** The header block of a key's stream. */
  header(e: Ptr): Ptr {
    return this.keys.reference(e);
  }

  length(e: Ptr): number {
    return this.size(this.header(e));
  }

  /** Number of entries. */
  size(h: Ptr): number {
    return this.word(h, LENGTH);
  }

  /** Number of leaves. */
  leaves(h: Ptr): number {
    const tree = this.word(h, TREE) as Ptr;
    return (tree === NULL ? 0 : this.entries.tree.leaves(tree)) + (this.word(h, TAIL) === NULL ? 0 : 1);
  }

  lastId(h: Ptr, out: StreamId): void {
    out.load(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + LAST_ID);
  }

  setLastId(h: Ptr, id: StreamId): void {
    id.store(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + LAST_ID);
  }

  /** The ID of the first entry; the smallest when there is none. */
  firstId(h: Ptr, out: StreamId): void {
    out.load(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + FIRST_ID);
  }

  maxDeletedId(h: Ptr, out: StreamId): void {
    out.load(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + MAX_DELETED_ID);
  }

  setMaxDeletedId(h: Ptr, id: StreamId): void {
    id.store(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + MAX_DELETED_ID);
  }

  /** How many entries were ever added. */
  entriesAdded(h: Ptr): bigint {
    return readBig(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + ENTRIES_ADDED);
  }

  setEntriesAdded(h: Ptr, count: bigint): void {
    writeBig(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + ENTRIES_ADDED, count);
  }

  /** The ID of the last entry. False when there is none. */
  topId(h: Ptr, out: StreamId): boolean {
    this.other.setMax();
    if (!this.entries.seekBack(h, this.other)) return false;
    out.set(this.entries.id);
    return true;
  }

  // ---- deleting

  /** Deletes the entry of that ID. False when there is none. */
  delete(h: Ptr, id: StreamId): boolean {
    if (!this.entries.find(h, id)) return false;
    this.entries.deleteHere();
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = this.at(h);
    if (id.compareWords(words, at + MAX_DELETED_ID) > 0) id.store(words, at + MAX_DELETED_ID);
    if (words[at + LENGTH] === 0 || id.compareWords(words, at + FIRST_ID) === 0) this.findFirst(h);
    return true;
  }

  private findFirst(h: Ptr): void {
    const { id, entries } = this;
    if (entries.seekFirst(h)) id.set(entries.id);
    else id.setMin();
    id.store(this.i32[h >>> SEGMENT_SHIFT], this.at(h) + FIRST_ID);
  }

  /**
   * Deletes the first entries: until no more than `maxLength` are left or, with `minId`, those whose IDs are smaller. Approximate: only
   * whole leaves, and nothing once `limit` (0: none) would be exceeded. Returns the number of entries deleted.
   */
  trim(h: Ptr, maxLength: number, minId: StreamId | undefined, approximate: boolean, limit: number): number {
    const { entries } = this;
    let deleted = 0;
    for (let more = entries.openFirst(h); more && !this.isTrimmed(h, maxLength, minId); more = entries.openFirst(h)) {
      const count = entries.leafCount;
      if (limit > 0 && deleted + count > limit) break;
      if (this.isWholeLeaf(h, count, maxLength, minId)) {
        deleted += entries.deleteLeaf();
        continue;
      }
      if (!approximate) deleted += this.trimLeaf(h, maxLength, minId);
      break;
    }
    if (deleted > 0) this.findFirst(h);
    return deleted;
  }

  private isTrimmed(h: Ptr, maxLength: number, minId: StreamId | undefined): boolean {
    return minId === undefined && this.size(h) <= maxLength;
  }

  /** Whether the open leaf, of `count` entries, may go as a whole. Ends before its first entry. */
  private isWholeLeaf(h: Ptr, count: number, maxLength: number, minId: StreamId | undefined): boolean {
    if (minId === undefined) return this.size(h) - count >= maxLength;
    const { entries } = this;
    entries.toLeafEnd();
    const isWhole = entries.id.compare(minId) < 0;
    entries.openFirst(h);
    return isWhole;
  }

  private trimLeaf(h: Ptr, maxLength: number, minId: StreamId | undefined): number {
    const { entries } = this;
    let deleted = 0;
    while (entries.next()) {
      if (minId === undefined ? this.size(h) <= maxLength : entries.id.compare(minId) >= 0) break;
      entries.deleteHere();
      deleted++;
    }
    return deleted;
  }

  /** `trim` that asks of each entry whether it may be deleted, and goes on behind those that may not. */
  trimSome(
    h: Ptr,
    maxLength: number,
    minId: StreamId | undefined,
    approximate: boolean,
    limit: number,
    mayTrim: MayTrim,
  ): number {
    const { entries } = this;
    let excess = minId === undefined ? this.size(h) - maxLength : Number.POSITIVE_INFINITY;
    let deleted = 0;
    for (let more = entries.seekFirst(h); more && excess > 0; more = entries.next(), excess--) {
      if (minId !== undefined && entries.id.compare(minId) >= 0) break;
      if (approximate && limit > 0 && deleted >= limit) break;
      if (!mayTrim(entries.id)) continue;
      entries.deleteHere();
      deleted++;
    }
    if (deleted > 0) this.findFirst(h);
    return deleted;
  }

  // ---- what groups have read

  /** Whether an entry was deleted whose ID is not before `from`. */
  hasDeletedFrom(h: Ptr, from: StreamId): boolean {
    const { other } = this;
    this.maxDeletedId(h, other);
    return this.size(h) > 0 && !other.isMin && from.compare(other) <= 0;
  }

  /** How many entries were added up to that ID, as far as that is known; else UNKNOWN. */
  entriesUpTo(h: Ptr, id: StreamId): bigint {
    const added = this.entriesAdded(h);
    const { other } = this;
    if (added === 0n) return 0n;
    this.lastId(h, other);
    const order = id.compare(other);
    if (order === 0 || (order < 0 && this.size(h) === 0)) return added;
    if (order > 0) return UNKNOWN;
    const first = this.id;
    this.firstId(h, first);
    this.maxDeletedId(h, other);
    const orderFirst = id.compare(first);
    if (orderFirst > 0 || (!other.isMin && other.compare(first) >= 0)) return UNKNOWN;
    return added - BigInt(this.size(h)) + (orderFirst === 0 ? 1n : 0n);
  }

  /** The group has been given the entry of that ID, the first one after its last. */
  advance(h: Ptr, g: Ptr, id: StreamId): void {
    const { groups } = this;
    if (groups.knowsEntriesRead(g) && !this.hasDeletedFrom(h, id)) groups.countEntryRead(g);
    else if (this.entriesAdded(h) > 0n) groups.setEntriesRead(g, this.entriesUpTo(h, id));
    groups.setLastId(g, id);
  }

  /** How many entries a group has still to read; undefined when that is not known. */
  lag(h: Ptr, g: Ptr): bigint | undefined {
    const added = this.entriesAdded(h);
    if (added === 0n) return 0n;
    const last = new StreamId();
    this.groups.lastId(g, last);
    const read = this.groups.entriesRead(g);
    if (read !== UNKNOWN && !this.hasDeletedFrom(h, last)) return added - read;
    const upTo = this.entriesUpTo(h, last);
    return upTo === UNKNOWN ? undefined : added - upTo;
  }

  // ---- whole streams

  copy(e: Ptr): void {
    const from = this.header(e);
    this.create();
    const source = this.i32[from >>> SEGMENT_SHIFT];
    const target = this.i32[this.root >>> SEGMENT_SHIFT];
    for (let w = 0; w < HEADER_BYTES >> 2; w++) target[this.at(this.root) + w] = source[this.at(from) + w];
    this.entries.copy(from, this.root);
    this.groups.clear(this.root);
    this.groups.copy(from, this.root);
    this.producers.copy(from, this.root);
  }

  release(e: Ptr, reclaimer: CollectionReclaimer): void {
    const h = this.header(e);
    const remains = new StreamRemains(this, h);
    if (this.word(h, TREE) === NULL && this.groups.count(h) === 0 && !this.producers.has(h)) while (remains.step());
    else reclaimer.add(remains);
  }

  /** Takes time for groups, consumers and producers, not for entries, pending ones or messages. */
  memoryBytes(e: Ptr): number {
    const h = this.header(e);
    return blockBytes(HEADER_BYTES) + this.entries.bytes(h) + this.groups.bytes(h) + this.producers.bytes(h);
  }

  /** Frees a bounded part of a stream that nobody can reach. False when its block is all that is left. */
  shed(h: Ptr): boolean {
    return this.entries.shed(h) || this.groups.shedLast(h) || this.producers.shed(h);
  }

  private at(h: Ptr): number {
    return (h & UNIT_MASK) << 1;
  }

  private word(h: Ptr, word: number): number {
    return this.i32[h >>> SEGMENT_SHIFT][this.at(h) + word];
  }
}

/** A stream that is being freed. */
class StreamRemains implements Remains {
  left = 1;

  constructor(
    private readonly streams: StreamValues,
    private readonly h: Ptr,
  ) {}

  step(): boolean {
    const { streams, h } = this;
    if (streams.shed(h)) return true;
    streams.arena.free(h, HEADER_BYTES);
    this.left = 0;
    return false;
  }
}

/** A group that is being freed: it belongs to no stream any more. */
export class GroupRemains implements Remains {
  /** It is no value by itself. */
  readonly left = 0;

  constructor(
    private readonly groups: StreamGroups,
    private readonly g: Ptr,
  ) {}

  step(): boolean {
    if (this.groups.shed(this.g)) return true;
    this.groups.free(this.g);
    return false;
  }
}
