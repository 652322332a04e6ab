import type { Span } from "../lib/bytes.ts";
import { incrementBig } from "../lib/words.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { Tree } from "../structures/tree.ts";
import { ID_WORDS, type StreamId } from "./stream-id.ts";
import {
  ENTRIES_ADDED,
  FIRST_ID,
  LAST_ID,
  LENGTH,
  TAIL,
  TAIL_BYTES,
  TAIL_END,
  TAIL_KEY,
  TAIL_LIVE,
  TAIL_TOTAL,
  TAIL_USED,
  TREE,
} from "./stream-layout.ts";
import { copyLeaf, entryBytesMax, isSameAt, LeafReader, moveLeaf, writeEntry, writeNames } from "./stream-leaf.ts";

const PLACE_WORDS = 1 + ID_WORDS;

/**
 * The entries of streams: adding, walking and deleting them. `h` is a stream's header block (stream-layout.ts).
 *
 * Invariants
 * 1. The leaves of the tree are before the tail, and have no room: their blocks are of the size of their contents. The tail has room.
 * 2. No leaf has only deleted entries: it is freed with its last one. A tree without leaves is freed, too.
 * 3. The walk (`seek`, `next` and so on) holds until the stream is changed by anything but `deleteHere`.
 */
export class StreamEntries {
  /** The directives of these names; 0: no limit. */
  maxBytes = 4096;
  maxEntries = 100;
  readonly tree: Tree;
  /** What the walk stands on. */
  readonly reader: LeafReader;

  private readonly i32: Int32Array[];
  private readonly u8: Uint8Array[];
  private h: Ptr = NULL;
  private inTail = false;
  /** For walking backward: place and ID of each entry of the leaf, and how many of them are still to come. */
  private places = new Int32Array(128 * PLACE_WORDS);
  private placeCount = 0;

  constructor(readonly arena: Arena) {
    this.i32 = arena.i32;
    this.u8 = arena.u8;
    this.tree = new Tree(arena, ID_WORDS);
    this.reader = new LeafReader(arena);
  }

  /** The ID of the entry that the walk stands on. */
  get id(): StreamId {
    return this.reader.id;
  }

  /** Its number of fields. */
  get fields(): number {
    return this.reader.fields;
  }

  /** Its next text: field and value in turn. */
  nextText(out: Span): void {
    this.reader.nextText(out);
  }

  // ---- adding

  /**
   * Adds an entry, whose ID must be greater than all; `start` and `len` have field and value in turn. Returns whether it has the names of its leaf.
   * `likeLast`: the stream's last entry was added just before, had these names, and they were its leaf's.
   */
  append(
    h: Ptr,
    id: StreamId,
    buf: Uint8Array,
    start: Int32Array,
    len: Int32Array,
    from: number,
    end: number,
    likeLast: boolean,
  ): boolean {
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    if (words[at + TAIL] !== NULL && this.isFull(words, at, len, from, end)) this.closeTail(h);
    if (words[at + TAIL] === NULL) this.openTail(words, at, id, buf, start, len, from, end);
    else this.makeRoom(words, at, entryBytesMax(len, from, end, false));
    const tail = words[at + TAIL];
    const leaf = (tail & UNIT_MASK) << 3;
    const u8 = this.u8[tail >>> SEGMENT_SHIFT];
    const to = leaf + words[at + TAIL_USED];
    const after = writeEntry(id, words, at + TAIL_END, buf, start, len, from, end, u8, leaf, to, likeLast);
    words[at + TAIL_USED] = after - leaf;
    words[at + TAIL_LIVE]++;
    words[at + TAIL_TOTAL]++;
    id.store(words, at + TAIL_END);
    id.store(words, at + LAST_ID);
    if (words[at + LENGTH]++ === 0) id.store(words, at + FIRST_ID);
    incrementBig(words, at + ENTRIES_ADDED);
    return isSameAt(u8, to);
  }

  private isFull(words: Int32Array, at: number, len: Int32Array, from: number, end: number): boolean {
    if (this.maxEntries > 0 && words[at + TAIL_TOTAL] >= this.maxEntries) return true;
    if (this.maxBytes === 0) return false;
    let bytes = words[at + TAIL_USED];
    for (let i = from; i < end; i++) bytes += len[i];
    return bytes >= this.maxBytes;
  }

  private openTail(
    words: Int32Array,
    at: number,
    id: StreamId,
    buf: Uint8Array,
    start: Int32Array,
    len: Int32Array,
    from: number,
    end: number,
  ): void {
    const bytes = blockBytes(Math.max(entryBytesMax(len, from, end, true), words[at + TAIL_BYTES]));
    const tail = this.arena.alloc(bytes);
    const leaf = (tail & UNIT_MASK) << 3;
    const u8 = this.u8[tail >>> SEGMENT_SHIFT];
    words[at + TAIL] = tail;
    words[at + TAIL_BYTES] = bytes;
    words[at + TAIL_USED] = writeNames(buf, start, len, from, end, u8, leaf) - leaf;
    words[at + TAIL_LIVE] = 0;
    words[at + TAIL_TOTAL] = 0;
    id.store(words, at + TAIL_KEY);
    id.store(words, at + TAIL_END);
  }

  private makeRoom(words: Int32Array, at: number, bytes: number): void {
    const used = words[at + TAIL_USED];
    if (used + bytes <= words[at + TAIL_BYTES]) return;
    const room = blockBytes(used + bytes);
    words[at + TAIL] = moveLeaf(this.arena, words[at + TAIL] as Ptr, words[at + TAIL_BYTES], used, room);
    words[at + TAIL_BYTES] = room;
  }

  /** Puts the tail, shrunk to its contents, into the tree. Leaves TAIL_BYTES as what the next tail will probably need. */
  private closeTail(h: Ptr): void {
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const used = words[at + TAIL_USED];
    let leaf = words[at + TAIL] as Ptr;
    if (blockBytes(used) !== words[at + TAIL_BYTES]) {
      leaf = moveLeaf(this.arena, leaf, words[at + TAIL_BYTES], used, used);
    }
    if (words[at + TREE] === NULL) words[at + TREE] = this.tree.create();
    for (let w = 0; w < ID_WORDS; w++) this.tree.key[w] = words[at + TAIL_KEY + w];
    this.tree.append(words[at + TREE] as Ptr, leaf, used, words[at + TAIL_LIVE]);
    words[at + TAIL] = NULL;
    words[at + TAIL_BYTES] = used;
  }

  // ---- walking forward

  /** To the first entry whose ID is not before `from`. False when there is none. */
  seek(h: Ptr, from: StreamId): boolean {
    this.openLeafOf(h, from);
    while (this.next()) if (this.id.compare(from) >= 0) return true;
    return false;
  }

  /** To the first entry. */
  seekFirst(h: Ptr): boolean {
    this.openFirst(h);
    return this.next();
  }

  /** To the next entry that is not deleted. */
  next(): boolean {
    const { reader } = this;
    for (;;) {
      while (reader.next()) if (!reader.isDeleted) return true;
      if (!this.nextLeaf()) return false;
    }
  }

  /** Whether there is an entry of that ID; the walk stands on it. */
  find(h: Ptr, id: StreamId): boolean {
    this.openLeafOf(h, id);
    const { reader } = this;
    while (reader.next()) {
      const order = reader.id.compare(id);
      if (order >= 0) return order === 0 && !reader.isDeleted;
    }
    return false;
  }

  /** Opens the leaf in which the entry of that ID would be, or the first one. */
  private openLeafOf(h: Ptr, id: StreamId): void {
    this.h = h;
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const tree = words[at + TREE] as Ptr;
    if (tree === NULL || (words[at + TAIL] !== NULL && id.compareWords(words, at + TAIL_KEY) >= 0)) {
      this.enterTail();
      return;
    }
    id.store(this.tree.key, 0);
    this.tree.seekKey(tree);
    this.enterLeaf();
  }

  /** Opens the first leaf. False when the stream is empty. */
  openFirst(h: Ptr): boolean {
    this.h = h;
    const tree = this.i32[h >>> SEGMENT_SHIFT][((h & UNIT_MASK) << 1) + TREE] as Ptr;
    if (tree === NULL) return this.enterTail();
    this.tree.seekFirst(tree);
    this.enterLeaf();
    return true;
  }

  private nextLeaf(): boolean {
    if (this.inTail) return false;
    if (!this.tree.next()) return this.enterTail();
    this.enterLeaf();
    return true;
  }

  private enterTail(): boolean {
    const words = this.i32[this.h >>> SEGMENT_SHIFT];
    const at = (this.h & UNIT_MASK) << 1;
    this.inTail = true;
    if (words[at + TAIL] === NULL) {
      this.reader.close();
      return false;
    }
    this.reader.open(words[at + TAIL] as Ptr, words[at + TAIL_USED], words, at + TAIL_KEY);
    return true;
  }

  private enterLeaf(): void {
    const { tree } = this;
    this.inTail = false;
    tree.readKey();
    this.reader.open(tree.leaf, tree.leafBytes, tree.key, 0);
  }

  /** Entries of the open leaf that are not deleted. */
  get leafCount(): number {
    return this.inTail ? this.headerWord(TAIL_LIVE) : this.tree.leafCount;
  }

  // ---- walking backward

  /** To the last entry whose ID is not after `from`. False when there is none. */
  seekBack(h: Ptr, from: StreamId): boolean {
    this.openLeafOf(h, from);
    this.notePlaces(from);
    return this.previous();
  }

  /** To the entry before. */
  previous(): boolean {
    while (this.placeCount === 0) {
      if (!this.previousLeaf()) return false;
      this.notePlaces(undefined);
    }
    const at = --this.placeCount * PLACE_WORDS;
    this.reader.returnTo(this.places[at], this.places, at + 1);
    return true;
  }

  private previousLeaf(): boolean {
    if (!this.inTail) {
      if (!this.tree.previous()) return false;
    } else {
      const tree = this.headerWord(TREE) as Ptr;
      if (tree === NULL) return false;
      this.tree.seekLast(tree);
    }
    this.enterLeaf();
    return true;
  }

  /** Notes the open leaf's entries, those after `to` left out. */
  private notePlaces(to: StreamId | undefined): void {
    const { reader } = this;
    this.placeCount = 0;
    while (reader.next()) {
      if (reader.isDeleted) continue;
      if (to !== undefined && reader.id.compare(to) > 0) return;
      if ((this.placeCount + 1) * PLACE_WORDS > this.places.length) this.growPlaces();
      const at = this.placeCount++ * PLACE_WORDS;
      this.places[at] = reader.place;
      reader.id.store(this.places, at + 1);
    }
  }

  private growPlaces(): void {
    const places = new Int32Array(this.places.length * 2);
    places.set(this.places);
    this.places = places;
  }

  // ---- deleting

  /** Deletes the entry that the walk stands on. The walk may go on to the next one. */
  deleteHere(): void {
    const left = this.leafCount - 1;
    this.addHeaderWord(LENGTH, -1);
    if (left === 0) {
      this.dropLeaf();
      return;
    }
    if (!this.inTail) this.arena.guard?.blockChanging(this.tree.leaf);
    this.reader.delete();
    if (this.inTail) this.addHeaderWord(TAIL_LIVE, -1);
    else this.tree.setLeaf(this.tree.leaf, this.tree.leafBytes, left);
  }

  /** Deletes the open leaf with all its entries; returns how many. The leaf after it is open then. */
  deleteLeaf(): number {
    const count = this.leafCount;
    this.addHeaderWord(LENGTH, -count);
    this.dropLeaf();
    return count;
  }

  private dropLeaf(): void {
    const { arena, tree, h } = this;
    if (this.inTail) {
      arena.free(this.headerWord(TAIL) as Ptr, this.headerWord(TAIL_BYTES));
      this.setHeaderWord(TAIL, NULL);
      this.setHeaderWord(TAIL_BYTES, 0);
      this.reader.close();
      return;
    }
    this.freeLeaf(tree.leaf, tree.leafBytes);
    if (tree.removeLeaf()) {
      this.enterLeaf();
      return;
    }
    const t = this.headerWord(TREE) as Ptr;
    if (tree.leaf === NULL) {
      tree.destroy(t);
      this.setHeaderWord(TREE, NULL);
    }
    this.h = h;
    this.enterTail();
  }

  /** Reads all the rest of the open leaf, deleted entries too: `id` is then its last entry's. */
  toLeafEnd(): void {
    while (this.reader.next());
  }

  private headerWord(word: number): number {
    return this.i32[this.h >>> SEGMENT_SHIFT][((this.h & UNIT_MASK) << 1) + word];
  }

  private setHeaderWord(word: number, value: number): void {
    this.i32[this.h >>> SEGMENT_SHIFT][((this.h & UNIT_MASK) << 1) + word] = value;
  }

  private addHeaderWord(word: number, delta: number): void {
    this.i32[this.h >>> SEGMENT_SHIFT][((this.h & UNIT_MASK) << 1) + word] += delta;
  }

  // ---- whole streams

  /** Gives a stream, whose header is a copy of another's, entries of its own. */
  copy(from: Ptr, to: Ptr): void {
    const source = this.i32[from >>> SEGMENT_SHIFT];
    const at = (from & UNIT_MASK) << 1;
    this.h = to;
    const tail = source[at + TAIL] as Ptr;
    if (tail !== NULL) {
      this.setHeaderWord(TAIL, copyLeaf(this.arena, tail, source[at + TAIL_USED], source[at + TAIL_BYTES]));
    }
    if (source[at + TREE] === NULL) return;
    const tree = this.tree.create();
    this.setHeaderWord(TREE, tree);
    const keys = new Tree(this.arena, ID_WORDS);
    for (let more = keys.seekFirst(source[at + TREE] as Ptr); more; more = keys.next()) {
      keys.readKey();
      this.tree.key.set(keys.key);
      const leaf = copyLeaf(this.arena, keys.leaf, keys.leafBytes, keys.leafBytes);
      this.tree.append(tree, leaf, keys.leafBytes, keys.leafCount);
    }
  }

  /** Bytes of a stream's entries. Leaves are taken to be as large as the first `samples` of them on average; 0: all are measured. */
  bytes(h: Ptr): number {
    const words = this.i32[h >>> SEGMENT_SHIFT];
    const at = (h & UNIT_MASK) << 1;
    const tail = words[at + TAIL] === NULL ? 0 : words[at + TAIL_BYTES];
    const tree = words[at + TREE] as Ptr;
    return tree === NULL ? tail : tail + this.tree.bytes(tree);
  }

  /** Frees a leaf of a stream that nobody can reach. False when there was none. */
  shed(h: Ptr): boolean {
    const { arena } = this;
    this.h = h;
    const tail = this.headerWord(TAIL) as Ptr;
    const tree = this.headerWord(TREE) as Ptr;
    if (tail !== NULL) {
      arena.free(tail, this.headerWord(TAIL_BYTES));
      this.setHeaderWord(TAIL, NULL);
    } else if (tree === NULL) {
      return false;
    } else if (!this.tree.shed(tree, this.freeLeaf)) {
      this.tree.destroy(tree);
      this.setHeaderWord(TREE, NULL);
    }
    return true;
  }

  private readonly freeLeaf = (leaf: Ptr, bytes: number): void => {
    this.arena.guard?.blockChanging(leaf);
    this.arena.free(leaf, bytes);
  };
}
