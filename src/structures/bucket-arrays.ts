import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";

// The blocks that a Dict is made of: see dict.ts.

export const HEADER_BYTES = 24;
export const COUNT = 0;
export const BUCKETS = 1;
export const DIRECTORY = 2;
export const DIRECTORY_SLOTS = 3;
export const FIRST_CHUNK = 4;
/** Blocks of the table but its header, and of its entries, in units of 8 bytes. */
export const UNITS = 5;

export const BUCKET_BYTES = 64;
const BUCKET_WORDS = 16;
export const SLOTS = 12;
export const POINTERS = 3;
export const OVERFLOW = 15;
export const CHUNK_SHIFT = 10;
export const CHUNK_BUCKETS = 1 << CHUNK_SHIFT;

/** Tables as arrays of buckets that grow and shrink by one. */
export class BucketArrays {
  protected readonly i32: Int32Array[];
  protected readonly u8: Uint8Array[];
  /** The bucket of the last entry that was found; NULL when buckets were moved since. */
  protected bucket: Ptr = NULL;

  constructor(protected readonly arena: Arena) {
    this.i32 = arena.i32;
    this.u8 = arena.u8;
  }

  create(): Ptr {
    const d = this.arena.alloc(HEADER_BYTES);
    const chunk = this.arena.alloc(BUCKET_BYTES);
    this.arena.clear(chunk, BUCKET_BYTES);
    const directory = this.arena.alloc(8);
    this.setWord(directory, 0, chunk);
    this.setWord(d, COUNT, 0);
    this.setWord(d, BUCKETS, 1);
    this.setWord(d, DIRECTORY, directory);
    this.setWord(d, DIRECTORY_SLOTS, 2);
    this.setWord(d, FIRST_CHUNK, 1);
    this.setWord(d, UNITS, (BUCKET_BYTES + 8) >> 3);
    return d;
  }

  protected bucketAt(d: Ptr, b: number): Ptr {
    const chunk = this.word(this.word(d, DIRECTORY) as Ptr, b >> CHUNK_SHIFT);
    return (chunk + ((b & (CHUNK_BUCKETS - 1)) << 3)) as Ptr;
  }

  protected addBucket(d: Ptr, b: number): void {
    if (b < CHUNK_BUCKETS) {
      const size = this.word(d, FIRST_CHUNK);
      if (b >= size) this.resizeFirstChunk(d, size, size << 1);
    } else if ((b & (CHUNK_BUCKETS - 1)) === 0) {
      this.addChunk(d, b >> CHUNK_SHIFT);
    }
  }

  /** How many bytes more a table takes with bucket `b`, which comes next. */
  protected bytesToAdd(d: Ptr, b: number): number {
    if (b >= CHUNK_BUCKETS) return (b & (CHUNK_BUCKETS - 1)) === 0 ? CHUNK_BUCKETS * BUCKET_BYTES : 0;
    return b >= this.word(d, FIRST_CHUNK) ? b * BUCKET_BYTES : 0;
  }

  protected dropBucket(d: Ptr, b: number): void {
    if (b < CHUNK_BUCKETS) {
      const size = this.word(d, FIRST_CHUNK);
      // Halve only at a quarter full: a table that stands at a border must not move at every command.
      if (b > 0 && b <= size >> 2) this.resizeFirstChunk(d, size, size >> 1);
    } else if ((b & (CHUNK_BUCKETS - 1)) === 0) {
      this.freeChunk(d, this.word(d, DIRECTORY) as Ptr, b >> CHUNK_SHIFT);
    }
  }

  protected resizeFirstChunk(d: Ptr, from: number, to: number): void {
    const directory = this.word(d, DIRECTORY) as Ptr;
    const old = this.word(directory, 0) as Ptr;
    const chunk = this.arena.alloc(to * BUCKET_BYTES);
    const words = Math.min(from, to) * BUCKET_WORDS;
    const target = this.i32[chunk >>> SEGMENT_SHIFT];
    const source = this.i32[old >>> SEGMENT_SHIFT];
    const at = (chunk & UNIT_MASK) << 1;
    const oldAt = (old & UNIT_MASK) << 1;
    // Rare, so in code that is not compiled yet: a loop would take most of a millisecond.
    target.set(source.subarray(oldAt, oldAt + words), at);
    target.fill(0, at + words, at + to * BUCKET_WORDS);
    this.arena.free(old, from * BUCKET_BYTES);
    this.setWord(directory, 0, chunk);
    this.setWord(d, FIRST_CHUNK, to);
    this.bucket = NULL;
  }

  protected addChunk(d: Ptr, index: number): void {
    const slots = this.word(d, DIRECTORY_SLOTS);
    if (index >= slots) {
      const directory = this.arena.alloc(slots << 3);
      const old = this.word(d, DIRECTORY) as Ptr;
      for (let i = 0; i < slots; i++) this.setWord(directory, i, this.word(old, i));
      this.arena.free(old, slots << 2);
      this.setWord(d, DIRECTORY, directory);
      this.setWord(d, DIRECTORY_SLOTS, slots << 1);
    }
    const chunk = this.arena.alloc(CHUNK_BUCKETS * BUCKET_BYTES);
    this.arena.clear(chunk, CHUNK_BUCKETS * BUCKET_BYTES);
    this.setWord(this.word(d, DIRECTORY) as Ptr, index, chunk);
  }

  protected freeChunk(d: Ptr, directory: Ptr, index: number): void {
    const buckets = index === 0 ? this.word(d, FIRST_CHUNK) : CHUNK_BUCKETS;
    this.arena.free(this.word(directory, index) as Ptr, buckets * BUCKET_BYTES);
  }

  protected tag(bucket: Ptr, slot: number): number {
    return this.u8[bucket >>> SEGMENT_SHIFT][((bucket & UNIT_MASK) << 3) + slot];
  }

  protected setSlot(bucket: Ptr, slot: number, tag: number, e: Ptr): void {
    this.u8[bucket >>> SEGMENT_SHIFT][((bucket & UNIT_MASK) << 3) + slot] = tag;
    this.setWord(bucket, POINTERS + slot, e);
  }

  protected word(p: Ptr, i: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i];
  }

  protected setWord(p: Ptr, i: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i] = value;
  }
}
