import type { Span } from "../lib/bytes.ts";
import { type Arena, NULL, type Ptr } from "../memory/arena.ts";
import { draftBytes, EMPTY_BYTES, PackedList } from "../structures/packed-list.ts";

/** A draft has room for so many bytes at first. */
const ROOM_BYTES = 2048;
/** Bits of the filter that knows of most fields that they are new. */
const FILTER_BITS = 4096;
const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Makes the packed list of a hash field by field, in a draft: what `set` does, without moving the list for every field. */
export class PackedHashBuilder {
  private readonly list: PackedList;
  private readonly filter = new Int32Array(FILTER_BITS >> 5);
  private room = 0;
  /** After `finish`: bytes of the list. */
  bytes = EMPTY_BYTES;

  constructor(arena: Arena) {
    this.list = new PackedList(arena);
  }

  begin(): void {
    this.filter.fill(0);
    this.room = ROOM_BYTES;
    this.list.open(NULL, EMPTY_BYTES);
    this.list.draft(ROOM_BYTES);
  }

  /** Number of fields. */
  get count(): number {
    return this.list.count >> 1;
  }

  /** Adds a field. False when it is there already. */
  add(field: Span, value: Span): boolean {
    const { list } = this;
    if (this.mayHave(field)) {
      list.toStart();
      if (list.find(1, field.buf, field.start, field.len)) return false;
      list.toEnd();
    }
    const bytes = draftBytes(field.len) + draftBytes(value.len);
    if (list.bytes + bytes > this.room) this.makeRoom(bytes);
    list.insertPair(field.buf, field.start, field.len, value.buf, value.start, value.len);
    list.toEnd();
    return true;
  }

  private makeRoom(bytes: number): void {
    const { list } = this;
    list.settle();
    this.room = list.bytes * 2 + bytes;
    list.draft(this.room - list.bytes);
    list.toEnd();
  }

  /** False when the field is new for certain. From now on it counts as seen. */
  private mayHave({ buf, start, len }: Span): boolean {
    let hash = FNV_BASIS;
    for (let i = start; i < start + len; i++) hash = Math.imul(hash ^ buf[i], FNV_PRIME);
    const at = (hash ^ (hash >>> 16)) & (FILTER_BITS - 1);
    const bit = 1 << (at & 31);
    const seen = (this.filter[at >> 5] & bit) !== 0;
    this.filter[at >> 5] |= bit;
    return seen;
  }

  /** Ends it: the list's block, NULL when nothing was added; `bytes` is its length. */
  finish(): Ptr {
    this.list.settle();
    const { p, bytes } = this.list;
    this.bytes = bytes;
    this.list.open(NULL, EMPTY_BYTES);
    return p;
  }

  /** Frees what there is. */
  discard(): void {
    const { list } = this;
    if (list.p === NULL) return;
    list.settle();
    list.free();
  }
}
