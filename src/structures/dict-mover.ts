import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import {
  BUCKET_BYTES,
  BUCKETS,
  CHUNK_BUCKETS,
  CHUNK_SHIFT,
  DIRECTORY,
  DIRECTORY_SLOTS,
  FIRST_CHUNK,
  HEADER_BYTES,
  OVERFLOW,
  POINTERS,
  SLOTS,
} from "./bucket-arrays.ts";
import type { Dict } from "./dict.ts";
import { highestBit, nextCursor } from "./scan-cursor.ts";

/** Tells where an entry is now, which it may have moved. */
export type MoveEntry = (e: Ptr) => Ptr;

/** Moves the blocks of tables away from where they are not to stay (memory/evacuation.ts). What is in a table does not change. */
export class DictMover {
  private readonly i32: Int32Array[];

  constructor(
    private readonly arena: Arena,
    private readonly dict: Dict,
  ) {
    this.i32 = arena.i32;
  }

  /** Moves header and directory. Returns where the table is now. */
  header(d: Ptr): Ptr {
    const directory = this.word(d, DIRECTORY) as Ptr;
    this.setWord(d, DIRECTORY, this.arena.relocate(directory, this.word(d, DIRECTORY_SLOTS) << 2));
    return this.arena.relocate(d, HEADER_BYTES);
  }

  /**
   * Moves what belongs to the homes that the cursor stands on and returns the next cursor; 0 starts and ends a walk. The order is that of
   * Dict.scan, so that no entry is missed when the table grows or shrinks meanwhile.
   */
  scan(d: Ptr, cursor: number, move: MoveEntry): number {
    const buckets = this.word(d, BUCKETS);
    const half = highestBit(buckets);
    const low = cursor & (half - 1);
    this.home(d, low, move);
    if (low + half < buckets) this.home(d, low + half, move);
    return nextCursor(cursor, half);
  }

  /** With the first home of a chunk, the chunk is moved. */
  private home(d: Ptr, b: number, move: MoveEntry): void {
    const { arena } = this;
    if ((b & (CHUNK_BUCKETS - 1)) === 0) this.chunk(d, b >> CHUNK_SHIFT);
    const chunk = this.word(this.word(d, DIRECTORY) as Ptr, b >> CHUNK_SHIFT);
    let bucket = (chunk + ((b & (CHUNK_BUCKETS - 1)) << 3)) as Ptr;
    for (;;) {
      this.entries(bucket, move);
      const next = this.word(bucket, OVERFLOW) as Ptr;
      if (next === NULL) break;
      const moved = arena.relocate(next, BUCKET_BYTES);
      if (moved !== next) this.setWord(bucket, OVERFLOW, moved);
      bucket = moved;
    }
    this.dict.forgetPlace();
  }

  private entries(bucket: Ptr, move: MoveEntry): void {
    const words = this.i32[bucket >>> SEGMENT_SHIFT];
    const at = ((bucket & UNIT_MASK) << 1) + POINTERS;
    for (let i = at; i < at + SLOTS; i++) {
      const e = words[i] as Ptr;
      if (e === NULL) continue;
      const moved = move(e);
      if (moved !== e) words[i] = moved;
    }
  }

  private chunk(d: Ptr, index: number): void {
    const buckets = index === 0 ? this.word(d, FIRST_CHUNK) : CHUNK_BUCKETS;
    const directory = this.word(d, DIRECTORY) as Ptr;
    const chunk = this.word(directory, index) as Ptr;
    this.setWord(directory, index, this.arena.relocate(chunk, buckets * BUCKET_BYTES));
  }

  private word(p: Ptr, i: number): number {
    return this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i];
  }

  private setWord(p: Ptr, i: number, value: number): void {
    this.i32[p >>> SEGMENT_SHIFT][((p & UNIT_MASK) << 1) + i] = value;
  }
}
