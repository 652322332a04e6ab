import { halfSipHash } from "../lib/halfsiphash.ts";
import type { Random } from "../lib/random.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import {
  BUCKET_BYTES,
  BUCKETS,
  BucketArrays,
  CHUNK_BUCKETS,
  CHUNK_SHIFT,
  COUNT,
  DIRECTORY,
  DIRECTORY_SLOTS,
  HEADER_BYTES,
  OVERFLOW,
  POINTERS,
  SLOTS,
  UNITS,
} from "./bucket-arrays.ts";
import type { Entries } from "./entry.ts";
import { highestBit, nextCursor } from "./scan-cursor.ts";

/**
 * A hash table of entries by linear hashing (Litwin 1980): it grows and shrinks by one bucket at a time, so there is never a second table,
 * never a pause, and the bytes per entry stay the same while it grows.
 *
 * A bucket is one cache line: 12 one-byte tags (0: empty slot), 12 pointers, and a pointer to an overflow bucket of the same shape.
 * A header block (HEADER_BYTES) in the arena holds count, number of buckets, a directory of chunks of CHUNK_BUCKETS buckets, and the
 * bytes of table and entries, as far as those who own the entries keep them (`charge`).
 *
 * Invariants
 * 1. With 2^L <= buckets < 2^(L+1), an entry's home is hash mod 2^(L+1) if that bucket exists, else hash mod 2^L.
 * 2. Entries are in their home bucket's chain and nowhere else. Only a chain's last bucket has empty slots after a removal, so a
 *    walk of a chain sees each entry once, and cursors over homes in bit-reversed order keep SCAN's promise while buckets split and
 *    merge: a split divides a home into two that follow each other in that order.
 * 3. The first chunk is a block of a power of two of buckets up to CHUNK_BUCKETS; all later chunks are full size.
 */
/** Mean entries a bucket at which one more bucket is made, and below which one is taken away. */
const LOAD_MAX = 8;
const LOAD_MIN = 2;
/** Up to this a table waits for room rather than having others' data evicted for its buckets. */
const LOAD_THRIFTY = 12;

export class Dict extends BucketArrays {
  /** Where the last entry that was found is, in `bucket`: its slot, and the first bucket of the chain. */
  private slot = 0;
  private home: Ptr = NULL;

  constructor(
    arena: Arena,
    private readonly entries: Entries,
    private readonly k0: number,
    private readonly k1: number,
  ) {
    super(arena);
  }

  hash(buf: Uint8Array, start: number, len: number): number {
    return halfSipHash(this.k0, this.k1, buf, start, len);
  }

  /** Gives an empty table the buckets that so many entries need, so that it has not to move them while it grows. */
  reserve(d: Ptr, entries: number): void {
    const wanted = Math.ceil(entries / LOAD_MAX);
    const { usedBytes } = this.arena;
    for (let buckets = this.word(d, BUCKETS); buckets < wanted; buckets++) {
      this.addBucket(d, buckets);
      this.setWord(d, BUCKETS, buckets + 1);
    }
    this.charge(d, usedBytes);
  }

  /** Takes away the buckets of a table that has far more than its entries need: too many were reserved. */
  giveBack(d: Ptr): void {
    while (this.word(d, BUCKETS) > 1 && this.word(d, COUNT) < this.word(d, BUCKETS) * LOAD_MIN) this.merge(d);
  }

  count(d: Ptr): number {
    return this.word(d, COUNT);
  }

  buckets(d: Ptr): number {
    return this.word(d, BUCKETS);
  }

  /** The entry of that name, or NULL. */
  find(d: Ptr, buf: Uint8Array, start: number, len: number, hash: number): Ptr {
    const home = this.bucketAt(d, this.homeOf(d, hash));
    const tag = tagOf(hash);
    let bucket = home;
    do {
      const words = this.i32[bucket >>> SEGMENT_SHIFT];
      const at = (bucket & UNIT_MASK) << 1;
      for (let w = 0; w < POINTERS; w++) {
        // Bytes of x that are zero mark tags that may match (a match can also flag the byte above it: the name decides).
        const x = words[at + w] ^ tag;
        let hits = (x - 0x01010101) & ~x & 0x80808080;
        while (hits !== 0) {
          const slot = (w << 2) + ((31 - Math.clz32(hits & -hits)) >> 3);
          const e = words[at + POINTERS + slot] as Ptr;
          if (e !== NULL && this.entries.nameEquals(e, buf, start, len)) {
            this.home = home;
            this.bucket = bucket;
            this.slot = slot;
            return e;
          }
          hits &= hits - 1;
        }
      }
      bucket = words[at + OVERFLOW] as Ptr;
    } while (bucket !== NULL);
    return NULL;
  }

  /** Adds an entry whose name is not there yet. */
  insert(d: Ptr, e: Ptr, hash: number): void {
    const home = this.homeOf(d, hash);
    const { guard } = this.arena;
    if (guard !== undefined) guard.homeChanging(d, home);
    this.link(this.bucketAt(d, home), e, tagOf(hash) & 0xff);
    const count = this.word(d, COUNT) + 1;
    this.setWord(d, COUNT, count);
    if (count > this.word(d, BUCKETS) * LOAD_MAX) this.split(d);
  }

  /** Whether that home has the entry `e`, which may not exist any more. If so, `remove` and `replace` need not look for it. */
  pinpoint(d: Ptr, home: number, e: Ptr): boolean {
    const first = home < this.word(d, BUCKETS) ? this.bucketAt(d, home) : NULL;
    for (let bucket = first; bucket !== NULL; bucket = this.word(bucket, OVERFLOW) as Ptr) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (this.word(bucket, POINTERS + slot) !== e) continue;
        this.home = first;
        this.bucket = bucket;
        this.slot = slot;
        return true;
      }
    }
    return false;
  }

  /** Puts `e` in the place of the entry `old`, which has the same name. */
  replace(d: Ptr, old: Ptr, e: Ptr): void {
    if (this.arena.guard !== undefined) this.changing(d, old);
    this.locate(d, old);
    this.setWord(this.bucket, POINTERS + this.slot, e);
  }

  /** Takes an entry out; its block is the caller's. */
  remove(d: Ptr, e: Ptr): void {
    if (this.arena.guard !== undefined) this.changing(d, e);
    this.locate(d, e);
    this.unlink(this.home, this.bucket, this.slot);
    const count = this.word(d, COUNT) - 1;
    this.setWord(d, COUNT, count);
    const buckets = this.word(d, BUCKETS);
    if (buckets > 1 && count < buckets * LOAD_MIN) this.merge(d);
  }

  /** To be called before an entry is changed where it is: whoever guards the table is told. */
  changing(d: Ptr, e: Ptr): void {
    const { arena, entries } = this;
    if (arena.guard === undefined) return;
    const hash = this.hash(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
    arena.guard.homeChanging(d, this.homeOf(d, hash));
  }

  /** `changing` for the entry of a name with that hash, if there is one. */
  changingAt(d: Ptr, hash: number): void {
    this.arena.guard?.homeChanging(d, this.homeOf(d, hash));
  }

  /** Frees a table; `visit` gets its entries, to free them. */
  dismantle(d: Ptr, visit: (e: Ptr) => void): void {
    while (this.shed(d, visit));
    this.destroy(d);
  }

  /** Frees the table's own blocks. The entries must be gone or owned by someone else. */
  destroy(d: Ptr): void {
    this.bucket = NULL;
    const buckets = this.word(d, BUCKETS);
    for (let b = 0; b < buckets; b++) this.freeOverflow(this.bucketAt(d, b));
    const directory = this.word(d, DIRECTORY) as Ptr;
    for (let b = buckets - 1; b >= 0; b = (b & -CHUNK_BUCKETS) - 1) this.freeChunk(d, directory, b >> CHUNK_SHIFT);
    this.arena.free(directory, this.word(d, DIRECTORY_SLOTS) << 2);
    this.arena.free(d, HEADER_BYTES);
  }

  private freeOverflow(bucket: Ptr): void {
    let next = this.word(bucket, OVERFLOW) as Ptr;
    while (next !== NULL) {
      const after = this.word(next, OVERFLOW) as Ptr;
      this.arena.free(next, BUCKET_BYTES);
      next = after;
    }
    this.setWord(bucket, OVERFLOW, NULL);
  }

  /**
   * Calls `visit` for every entry whose home the cursor stands on and returns the next cursor; 0 starts and ends a walk. Cursors count
   * homes in bit-reversed order (Pieter Noordhuis's method for Redis), so they survive any number of splits and merges.
   */
  scan(d: Ptr, cursor: number, visit: (e: Ptr) => void): number {
    const buckets = this.word(d, BUCKETS);
    const half = highestBit(buckets);
    const low = cursor & (half - 1);
    this.visitHome(d, low, visit);
    if (low + half < buckets) this.visitHome(d, low + half, visit);
    return nextCursor(cursor, half);
  }

  /** Calls `visit` for every entry of one home. */
  visitHome(d: Ptr, home: number, visit: (e: Ptr) => void): void {
    for (let bucket = this.bucketAt(d, home); bucket !== NULL; bucket = this.word(bucket, OVERFLOW) as Ptr) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const e = this.word(bucket, POINTERS + slot) as Ptr;
        if (e !== NULL) visit(e);
      }
    }
  }

  /** Calls `visit` for every entry. The table must not change meanwhile. */
  forEach(d: Ptr, visit: (e: Ptr) => void): void {
    const buckets = this.word(d, BUCKETS);
    for (let b = 0; b < buckets; b++) this.visitHome(d, b, visit);
  }

  /** Writes the entries of one home to `out`, as many as fit, and returns their number. */
  entriesOf(d: Ptr, home: number, out: Int32Array): number {
    let n = 0;
    for (let bucket = this.bucketAt(d, home); bucket !== NULL; bucket = this.word(bucket, OVERFLOW) as Ptr) {
      const words = this.i32[bucket >>> SEGMENT_SHIFT];
      const at = ((bucket & UNIT_MASK) << 1) + POINTERS;
      for (let slot = 0; slot < SLOTS && n < out.length; slot++) {
        if (words[at + slot] !== NULL) out[n++] = words[at + slot];
      }
    }
    return n;
  }

  /**
   * Takes the last bucket apart; `visit` gets its entries. True until only the first one is left, empty: then `destroy` is all that remains
   * to be done. For emptying, in slices, a table that nobody searches any more: its count is not kept.
   */
  shed(d: Ptr, visit: (e: Ptr) => void): boolean {
    const last = this.word(d, BUCKETS) - 1;
    const bucket = this.bucketAt(d, last);
    const { guard } = this.arena;
    if (guard !== undefined) guard.homeChanging(d, last);
    this.visitHome(d, last, visit);
    this.freeOverflow(bucket);
    if (last === 0) return false;
    this.setWord(d, BUCKETS, last);
    if ((last & (CHUNK_BUCKETS - 1)) === 0) this.freeChunk(d, this.word(d, DIRECTORY) as Ptr, last >> CHUNK_SHIFT);
    return true;
  }

  /** An entry by chance, each equally likely (but for chains longer than three buckets). NULL when the table is empty. */
  random(d: Ptr, random: Random): Ptr {
    if (this.word(d, COUNT) === 0) return NULL;
    const places = this.word(d, BUCKETS) * SLOTS * 3;
    for (;;) {
      const place = Math.floor((random.int32() >>> 0) * (places / 2 ** 32));
      const home = Math.floor(place / (SLOTS * 3));
      const first = this.bucketAt(d, home);
      let bucket = first;
      let slot = place - home * SLOTS * 3;
      for (; slot >= SLOTS && bucket !== NULL; slot -= SLOTS) bucket = this.word(bucket, OVERFLOW) as Ptr;
      if (bucket === NULL) continue;
      const e = this.word(bucket, POINTERS + slot) as Ptr;
      if (e === NULL) continue;
      this.home = first;
      this.bucket = bucket;
      this.slot = slot;
      return e;
    }
  }

  /**
   * What has been allocated or freed since the arena's `usedBytes` were so many was for this table and its entries. Those who own the entries
   * call it after each change, for then `heldBytes` is exact; for tables of keys nobody does.
   */
  charge(d: Ptr, usedBytes: number): void {
    const before = this.word(d, UNITS);
    const units = before + (this.arena.usedBytes - usedBytes) / 8;
    this.setWord(d, UNITS, units);
    this.arena.weighed(before, units);
  }

  /** Bytes of all blocks of a table and of its entries, if they are charged to it. */
  heldBytes(d: Ptr): number {
    return HEADER_BYTES + (this.word(d, UNITS) >>> 0) * 8;
  }

  /** Bytes of the table itself, without its entries; overflow buckets are left out. */
  tableBytes(d: Ptr): number {
    return HEADER_BYTES + (this.word(d, DIRECTORY_SLOTS) << 2) + this.word(d, BUCKETS) * BUCKET_BYTES;
  }

  /** The home of entries with that hash. */
  homeOf(d: Ptr, hash: number): number {
    const buckets = this.word(d, BUCKETS);
    const mask = -1 >>> Math.clz32(buckets);
    const b = hash & mask;
    return b < buckets ? b : b & (mask >>> 1);
  }

  /** Blocks have been moved: where the last entry was found means nothing any more. */
  forgetPlace(): void {
    this.bucket = NULL;
  }

  /** Makes bucket, slot and home those of `e`: from the last find if it still holds, else by looking for it. */
  private locate(d: Ptr, e: Ptr): void {
    if (this.bucket !== NULL && this.word(this.bucket, POINTERS + this.slot) === e) return;
    const { entries } = this;
    const start = entries.nameStart(e);
    const len = entries.nameLength(e);
    const found = this.find(d, entries.segment(e), start, len, this.hash(entries.segment(e), start, len));
    if (found !== e) throw new Error("dict: the entry is not in this table");
  }

  private link(bucket: Ptr, e: Ptr, tag: number): void {
    for (;;) {
      const bytes = this.u8[bucket >>> SEGMENT_SHIFT];
      const words = this.i32[bucket >>> SEGMENT_SHIFT];
      const tags = (bucket & UNIT_MASK) << 3;
      const at = (bucket & UNIT_MASK) << 1;
      for (let slot = 0; slot < SLOTS; slot++) {
        if (bytes[tags + slot] !== 0) continue;
        bytes[tags + slot] = tag;
        words[at + POINTERS + slot] = e;
        return;
      }
      let next = words[at + OVERFLOW] as Ptr;
      if (next === NULL) {
        next = this.arena.alloc(BUCKET_BYTES);
        this.arena.clear(next, BUCKET_BYTES);
        this.setWord(bucket, OVERFLOW, next);
      }
      bucket = next;
    }
  }

  /** Empties a slot and fills it from the chain's last bucket, so that chains stay as short as they can. */
  private unlink(home: Ptr, bucket: Ptr, slot: number): void {
    this.bucket = NULL;
    let last = bucket;
    let before = NULL;
    for (let next = this.word(bucket, OVERFLOW) as Ptr; next !== NULL; next = this.word(next, OVERFLOW) as Ptr) {
      before = last;
      last = next;
    }
    if (last !== bucket) {
      const from = this.lastSlot(last);
      this.setSlot(bucket, slot, this.tag(last, from), this.word(last, POINTERS + from) as Ptr);
      this.setSlot(last, from, 0, NULL);
    } else {
      this.setSlot(bucket, slot, 0, NULL);
      if (bucket !== home) before = this.bucketBefore(home, bucket);
    }
    if (before !== NULL && this.lastSlot(last) < 0) {
      this.setWord(before, OVERFLOW, NULL);
      this.arena.free(last, BUCKET_BYTES);
    }
  }

  private bucketBefore(home: Ptr, bucket: Ptr): Ptr {
    let before = home;
    for (let next = this.word(home, OVERFLOW); next !== bucket; next = this.word(next as Ptr, OVERFLOW)) {
      before = next as Ptr;
    }
    return before;
  }

  private lastSlot(bucket: Ptr): number {
    let slot = SLOTS - 1;
    while (slot >= 0 && this.tag(bucket, slot) === 0) slot--;
    return slot;
  }

  /** Makes one more bucket and moves there what belongs there from the bucket that has been its home. */
  private split(d: Ptr): void {
    const buckets = this.word(d, BUCKETS);
    const { guard, usedBytes, thriftBytes } = this.arena;
    const added = this.bytesToAdd(d, buckets);
    if (added > 0 && usedBytes + added > thriftBytes && this.word(d, COUNT) <= buckets * LOAD_THRIFTY) return;
    const home = buckets - highestBit(buckets);
    if (guard !== undefined) guard.homeChanging(d, home);
    this.addBucket(d, buckets);
    const source = this.bucketAt(d, home);
    this.setWord(d, BUCKETS, buckets + 1);
    this.redistribute(d, source);
  }

  /** Takes away the last bucket; its entries go back to the bucket it was split from. */
  private merge(d: Ptr): void {
    const last = this.word(d, BUCKETS) - 1;
    const { guard } = this.arena;
    if (guard !== undefined) {
      guard.homeChanging(d, last);
      guard.homeChanging(d, last - highestBit(last));
    }
    const source = this.bucketAt(d, last);
    this.setWord(d, BUCKETS, last);
    this.redistribute(d, source);
    this.dropBucket(d, last);
  }

  /** Empties a chain and links each of its entries to its home. */
  private redistribute(d: Ptr, source: Ptr): void {
    this.bucket = NULL;
    const { entries } = this;
    const overflow = this.word(source, OVERFLOW) as Ptr;
    const held = this.takeAll(source);
    for (let i = 0; i < held; i++) this.relink(d, this.spill[i] as Ptr, entries);
    for (let b = overflow; b !== NULL; ) {
      const next = this.word(b, OVERFLOW) as Ptr;
      const n = this.takeAll(b);
      this.arena.free(b, BUCKET_BYTES);
      for (let i = 0; i < n; i++) this.relink(d, this.spill[i] as Ptr, entries);
      b = next;
    }
  }

  private readonly spill = new Int32Array(SLOTS);

  private takeAll(bucket: Ptr): number {
    let n = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const e = this.word(bucket, POINTERS + slot);
      if (e !== NULL) this.spill[n++] = e;
    }
    this.arena.clear(bucket, BUCKET_BYTES);
    return n;
  }

  private relink(d: Ptr, e: Ptr, entries: Entries): void {
    const hash = this.hash(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
    this.link(this.bucketAt(d, this.homeOf(d, hash)), e, tagOf(hash) & 0xff);
  }
}

/** The tag in all four bytes of a word: from bits that do not choose the bucket of any table below 2^24 buckets; never 0. */
function tagOf(hash: number): number {
  return Math.imul(hash >>> 24 || 1, 0x01010101);
}
