import { compareBytes } from "../lib/compare-bytes.ts";
import { type Arena, NULL, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";

/** Words of the list in its owner: the array's block (NULL when there is none), the number of blocks in it, and how many fit. */
const ARRAY = 0;
const COUNT = 1;
const ROOM = 2;

/**
 * Lists of blocks by name, in the order of their names: the consumer groups of a stream, the consumers of a group. A list is three words
 * in the block of its owner, `words[at]` and after. A block's first word is the length of its name, which is at its end.
 */
export class NamedBlocks {
  private readonly i32: Int32Array[];
  private readonly u8: Uint8Array[];
  /** Where `find` found the block, or where it belongs. */
  private index = 0;

  /** `nameOffset`: bytes of a block before its name. */
  constructor(
    readonly arena: Arena,
    readonly nameOffset: number,
  ) {
    this.i32 = arena.i32;
    this.u8 = arena.u8;
  }

  count(words: Int32Array, at: number): number {
    return words[at + COUNT];
  }

  get(words: Int32Array, at: number, index: number): Ptr {
    const array = words[at + ARRAY];
    return this.i32[array >>> SEGMENT_SHIFT][((array & UNIT_MASK) << 1) + index] as Ptr;
  }

  /** The block of that name, or NULL. */
  find(words: Int32Array, at: number, buf: Uint8Array, start: number, len: number): Ptr {
    let low = 0;
    let high = words[at + COUNT];
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.get(words, at, middle);
      const order = this.compareName(block, buf, start, len);
      if (order === 0) {
        this.index = middle;
        return block;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.index = low;
    return NULL;
  }

  /** Adds a block of that name, which `find` has just looked for in vain. All of it but the name and its length is 0. */
  add(words: Int32Array, at: number, buf: Uint8Array, start: number, len: number): Ptr {
    const block = this.arena.alloc(this.nameOffset + len);
    this.arena.clear(block, this.nameOffset);
    this.i32[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) << 1] = len;
    const name = ((block & UNIT_MASK) << 3) + this.nameOffset;
    const u8 = this.u8[block >>> SEGMENT_SHIFT];
    for (let i = 0; i < len; i++) u8[name + i] = buf[start + i];
    this.insert(words, at, block);
    return block;
  }

  private insert(words: Int32Array, at: number, block: Ptr): void {
    const count = words[at + COUNT];
    if (count === words[at + ROOM]) this.grow(words, at);
    const array = words[at + ARRAY];
    const list = this.i32[array >>> SEGMENT_SHIFT];
    const first = (array & UNIT_MASK) << 1;
    list.copyWithin(first + this.index + 1, first + this.index, first + count);
    list[first + this.index] = block;
    words[at + COUNT] = count + 1;
  }

  private grow(words: Int32Array, at: number): void {
    const count = words[at + COUNT];
    const bytes = blockBytes(Math.max(8, count * 8));
    const array = this.arena.alloc(bytes);
    const list = this.i32[array >>> SEGMENT_SHIFT];
    for (let i = 0; i < count; i++) list[((array & UNIT_MASK) << 1) + i] = this.get(words, at, i);
    if (words[at + ARRAY] !== NULL) this.arena.free(words[at + ARRAY] as Ptr, words[at + ROOM] * 4);
    words[at + ARRAY] = array;
    words[at + ROOM] = bytes >> 2;
  }

  /** Takes out the block that `find` has just found, and frees it. */
  remove(words: Int32Array, at: number): void {
    this.free(this.detach(words, at));
  }

  /** Takes out the block that `find` has just found; returns it. */
  detach(words: Int32Array, at: number): Ptr {
    const block = this.get(words, at, this.index);
    const count = words[at + COUNT];
    const array = words[at + ARRAY];
    const first = (array & UNIT_MASK) << 1;
    this.i32[array >>> SEGMENT_SHIFT].copyWithin(first + this.index, first + this.index + 1, first + count);
    words[at + COUNT] = count - 1;
    if (count === 1) this.freeArray(words, at);
    return block;
  }

  /** Takes out the last block, and frees it. */
  removeLast(words: Int32Array, at: number): void {
    this.index = words[at + COUNT] - 1;
    this.remove(words, at);
  }

  /** Frees a block that is in no list. */
  free(block: Ptr): void {
    this.arena.free(block, this.nameOffset + this.nameLength(block));
  }

  private freeArray(words: Int32Array, at: number): void {
    this.arena.free(words[at + ARRAY] as Ptr, words[at + ROOM] * 4);
    words[at + ARRAY] = NULL;
    words[at + ROOM] = 0;
  }

  /** Bytes of a list with its blocks. */
  bytes(words: Int32Array, at: number): number {
    let bytes = words[at + ROOM] * 4;
    for (let i = words[at + COUNT] - 1; i >= 0; i--) {
      bytes += blockBytes(this.nameOffset + this.nameLength(this.get(words, at, i)));
    }
    return bytes;
  }

  nameLength(block: Ptr): number {
    return this.i32[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) << 1];
  }

  /** Index of a block's name in its segment. */
  nameStart(block: Ptr): number {
    return ((block & UNIT_MASK) << 3) + this.nameOffset;
  }

  segment(block: Ptr): Uint8Array {
    return this.u8[block >>> SEGMENT_SHIFT];
  }

  private compareName(block: Ptr, buf: Uint8Array, start: number, len: number): number {
    return compareBytes(this.segment(block), this.nameStart(block), this.nameLength(block), buf, start, len);
  }
}
