import { copyBytes, type Span } from "../lib/bytes.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { NULL, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import {
  codeFor,
  DECODED_BYTES_MAX,
  decode,
  encode,
  LENGTH_16,
  LENGTH_OF,
  lengthBytes,
  longSize,
  ONE_SYMBOL,
  SIZE_OF,
  sizeFor,
  writeContent,
} from "./text-codes.ts";

/**
 * A short list of byte strings as one block: two bytes with the number of elements; the elements' contents one after the other; room;
 * and at the block's very end one code per element, the first element's last. A code tells form and size of its content (text-codes.ts).
 *
 * The codes stand apart so that a walk in either direction adds up bytes that lie side by side. Were they in front of the contents,
 * each step would wait for the load of the one before (a search took three times as long, measured), and going backward would take one more
 * byte behind every element.
 *
 * Invariants
 * 1. A list is a pointer and its length in bytes: header, contents and codes. Who has a list keeps both, and takes them over
 *    from `p` and `bytes` after every mutation. There is no capacity: a block is always of the size class that its length asks for.
 * 2. An empty list has no block: it is NULL and EMPTY_BYTES.
 * 3. A text has one form, so equal texts are equal bytes, and a search encodes what it looks for once and compares without decoding.
 * 4. What `read` gives is valid until the list changes, or until the second `read` after it.
 * 5. Between `draft` and `settle` the list is changed in a buffer outside the arena, and its block is untouched: a list that is left
 *    in between, because memory ran out or for another reason, is as it was.
 * 6. The bytes given to a mutation are never the list's own: those may move before they are copied.
 */
export const EMPTY_BYTES = 2;
/** The count has two bytes. */
export const ELEMENTS_MAX = 0xffff;

const HEADER_BYTES = 2;

/** One packed list at a time, and a place in it: the cursor stands on an element or behind the last one. */
export class PackedList {
  /** The open list: its block, and its length in bytes. */
  p: Ptr = NULL;
  bytes = EMPTY_BYTES;
  /** Its number of elements. */
  count = 0;
  /** Number of the element the cursor is on; `count` behind the last. */
  index = 0;

  private readonly segments: Uint8Array[];
  /** The open list's segment, and the indexes in it of the block's start, the cursor's content and the byte after the first code. */
  private u8: Uint8Array;
  private start = 0;
  private at = 0;
  private codesEnd = 0;
  /** Where lists are drafted, and whether the open one is. */
  private draftBuffer = new Uint8Array(1024);
  private drafting = false;
  /** The length of the list whose draft is open. */
  private blockLength = 0;
  /** What symbols are decoded into: two places, in turn. */
  private readonly scratch = new Uint8Array(2 * DECODED_BYTES_MAX);
  private scratchAt = 0;
  private readonly wanted = new Uint8Array(DECODED_BYTES_MAX);

  constructor(private readonly arena: Arena) {
    this.segments = arena.u8;
    this.u8 = this.scratch;
  }

  /** Opens a list, with the cursor on its first element. */
  open(p: Ptr, bytes: number): void {
    this.p = p;
    this.bytes = bytes;
    this.index = 0;
    this.drafting = false;
    if (p === NULL) {
      this.count = 0;
      return;
    }
    const u8 = this.segments[p >>> SEGMENT_SHIFT];
    const start = (p & UNIT_MASK) << 3;
    this.u8 = u8;
    this.start = start;
    this.at = start + HEADER_BYTES;
    this.codesEnd = start + blockBytes(bytes);
    this.count = u8[start] | (u8[start + 1] << 8);
  }

  /** Frees the open list. */
  free(): void {
    this.changing();
    if (this.p !== NULL) this.arena.free(this.p, this.bytes);
    this.open(NULL, EMPTY_BYTES);
  }

  /** A new block of `bytes` bytes with the same elements; NULL when there are none. */
  copy(): Ptr {
    if (this.p === NULL) return NULL;
    const copy = this.arena.alloc(this.bytes);
    const target = this.segments[copy >>> SEGMENT_SHIFT];
    copyBytes(this.u8, this.start, this.codesEnd - this.start, target, (copy & UNIT_MASK) << 3);
    return copy;
  }

  /** To the next element, or behind the last. */
  next(): void {
    this.at += this.contentSize();
    this.index++;
  }

  /** To the element before; the cursor must not be on the first. */
  previous(): void {
    const code = this.u8[this.codesEnd - this.index];
    this.index--;
    this.at -= code < LENGTH_16 ? SIZE_OF[code] : longSize(code, this.lengthAt(this.at - lengthBytes(code), code));
  }

  /** To the element of that number; `count` for behind the last. */
  seek(index: number): void {
    if (index < this.index >> 1) this.toStart();
    else if (index > (this.index + this.count) >> 1) this.toEnd();
    while (this.index < index) this.next();
    while (this.index > index) this.previous();
  }

  toStart(): void {
    this.index = 0;
    this.at = this.start + HEADER_BYTES;
  }

  toEnd(): void {
    this.index = this.count;
    this.at = this.start + this.bytes - this.count;
  }

  /** The bytes of the cursor's element as text. */
  length(): number {
    const code = this.u8[this.codesEnd - 1 - this.index];
    return code < LENGTH_16 ? LENGTH_OF[code] : this.lengthAt(this.at, code);
  }

  /** The text of the cursor's element. */
  read(out: Span): void {
    const code = this.u8[this.codesEnd - 1 - this.index];
    if (code < ONE_SYMBOL) out.set(this.u8, this.at, code);
    else if (code < LENGTH_16) this.decode(code, out);
    else out.set(this.u8, this.at + lengthBytes(code), this.lengthAt(this.at, code));
  }

  private decode(code: number, out: Span): void {
    const to = (this.scratchAt ^= DECODED_BYTES_MAX);
    decode(code, this.u8, this.at, this.scratch, to);
    out.set(this.scratch, to, LENGTH_OF[code]);
  }

  /**
   * To the first element of that text among the cursor's and every (skip + 1)th after it. False when there is none; the cursor is
   * then behind the last.
   */
  find(skip: number, buf: Uint8Array, start: number, len: number): boolean {
    const code = codeFor(buf, start, len);
    if (code < ONE_SYMBOL || code >= LENGTH_16) return this.search(skip, code, buf, start, len);
    encode(code, buf, start, len, this.wanted, 0);
    return this.search(skip, code, this.wanted, 0, SIZE_OF[code]);
  }

  private search(skip: number, code: number, buf: Uint8Array, start: number, len: number): boolean {
    if (skip === 0 && code < LENGTH_16 && len >= 2 && !this.drafting) return this.searchAll(code, buf, start, len);
    const { u8, codesEnd } = this;
    const last = codesEnd - this.count;
    let { at } = this;
    for (let i = codesEnd - 1 - this.index; i >= last; i--) {
      const here = u8[i];
      if (here === code && this.isContent(at, code, buf, start, len)) {
        this.at = at;
        this.index = codesEnd - 1 - i;
        return true;
      }
      at += here < LENGTH_16 ? SIZE_OF[here] : longSize(here, this.lengthAt(at, here));
      for (let n = 0; n < skip && --i >= last; n++) {
        const skipped = u8[i];
        at += skipped < LENGTH_16 ? SIZE_OF[skipped] : longSize(skipped, this.lengthAt(at, skipped));
      }
    }
    this.at = at;
    this.index = this.count;
    return false;
  }

  /** `search` with each element. Where four in a row have the wanted code, which one word tells, it looks at their last bytes only. */
  private searchAll(code: number, buf: Uint8Array, start: number, len: number): boolean {
    const { u8, codesEnd, count } = this;
    const words = this.arena.i32[this.p >>> SEGMENT_SHIFT];
    const four = (code * 0x01010101) | 0;
    const z = buf[start + len - 1];
    const y = buf[start + len - 2];
    let at = this.at - 1;
    let i = this.index;
    while (i < count) {
      if ((i & 3) === 0 && i + 4 <= count && words[(codesEnd - 4 - i) >> 2] === four) {
        const a = at + len;
        const b = a + len;
        const c = b + len;
        const d = c + len;
        const isNone =
          (u8[a] !== z || u8[a - 1] !== y) &&
          (u8[b] !== z || u8[b - 1] !== y) &&
          (u8[c] !== z || u8[c - 1] !== y) &&
          (u8[d] !== z || u8[d - 1] !== y);
        if (isNone) {
          at = d;
          i += 4;
          continue;
        }
      }
      const here = u8[codesEnd - 1 - i];
      if (here === code && this.isContent(at + 1, code, buf, start, len)) {
        this.at = at + 1;
        this.index = i;
        return true;
      }
      at += here < LENGTH_16 ? SIZE_OF[here] : longSize(here, this.lengthAt(at + 1, here));
      i++;
    }
    this.at = at + 1;
    this.index = count;
    return false;
  }

  /** To the last element of that text before the cursor. False when there is none; the cursor is then on the first element. */
  findBackward(buf: Uint8Array, start: number, len: number): boolean {
    const code = codeFor(buf, start, len);
    if (code < ONE_SYMBOL || code >= LENGTH_16) return this.searchBackward(code, buf, start, len);
    encode(code, buf, start, len, this.wanted, 0);
    return this.searchBackward(code, this.wanted, 0, SIZE_OF[code]);
  }

  private searchBackward(code: number, buf: Uint8Array, start: number, len: number): boolean {
    const { u8, codesEnd } = this;
    let { at } = this;
    for (let i = codesEnd - this.index; i < codesEnd; i++) {
      const here = u8[i];
      at -= here < LENGTH_16 ? SIZE_OF[here] : longSize(here, this.lengthAt(at - lengthBytes(here), here));
      if (here !== code || !this.isContent(at, code, buf, start, len)) continue;
      this.at = at;
      this.index = codesEnd - 1 - i;
      return true;
    }
    this.toStart();
    return false;
  }

  /** Whether the content of that code at `at` is these bytes. Compared backward: names in one list often start alike. */
  private isContent(at: number, code: number, buf: Uint8Array, start: number, len: number): boolean {
    const { u8 } = this;
    let from = at;
    if (code >= LENGTH_16) {
      if (this.lengthAt(at, code) !== len) return false;
      from += lengthBytes(code);
    }
    for (let k = len - 1; k >= 0; k--) if (u8[from + k] !== buf[start + k]) return false;
    return true;
  }

  /** Adds an element before the cursor's, and goes to it. */
  insert(buf: Uint8Array, start: number, len: number): void {
    const code = codeFor(buf, start, len);
    this.splice(0, 0, 1, sizeFor(code, len));
    this.write(this.index, this.at, code, buf, start, len);
  }

  /** Adds two elements before the cursor's, and goes to the first of them. */
  insertPair(buf: Uint8Array, start: number, len: number, buf2: Uint8Array, start2: number, len2: number): void {
    const code = codeFor(buf, start, len);
    const code2 = codeFor(buf2, start2, len2);
    const size = sizeFor(code, len);
    this.splice(0, 0, 2, size + sizeFor(code2, len2));
    this.write(this.index, this.at, code, buf, start, len);
    this.write(this.index + 1, this.at + size, code2, buf2, start2, len2);
  }

  /** Gives the cursor's element another text. */
  replace(buf: Uint8Array, start: number, len: number): void {
    const code = codeFor(buf, start, len);
    this.splice(1, this.contentSize(), 1, sizeFor(code, len));
    this.write(this.index, this.at, code, buf, start, len);
  }

  /** Takes out `elements` elements, the cursor's first, and goes to the one behind them. */
  remove(elements: number): void {
    const { at, index } = this;
    for (let i = 0; i < elements; i++) this.next();
    const size = this.at - at;
    this.at = at;
    this.index = index;
    this.splice(elements, size, 0, 0);
  }

  /** Moves the cursor's element, which there must be, and all after it to `rest`, as a list of its own, and goes behind the last. */
  split(rest: PackedList): void {
    const { u8, at, index, count } = this;
    const size = this.start + this.bytes - count - at;
    const bytes = HEADER_BYTES + size + count - index;
    const p = this.arena.alloc(bytes);
    const to = this.segments[p >>> SEGMENT_SHIFT];
    const start = (p & UNIT_MASK) << 3;
    to[start] = count - index;
    to[start + 1] = (count - index) >> 8;
    copyBytes(u8, at, size, to, start + HEADER_BYTES);
    copyBytes(u8, this.codesEnd - count, count - index, to, start + blockBytes(bytes) - (count - index));
    rest.open(p, bytes);
    this.splice(count - index, size, 0, 0);
  }

  /** Adds the elements of another list behind the last, goes to the first of them, and frees that list. */
  append(other: PackedList): void {
    const { count, codesEnd } = other;
    const size = other.bytes - HEADER_BYTES - count;
    this.toEnd();
    this.splice(0, 0, count, size);
    copyBytes(other.u8, other.start + HEADER_BYTES, size, this.u8, this.at);
    copyBytes(other.u8, codesEnd - count, count, this.u8, this.codesEnd - this.count);
    other.free();
  }

  /**
   * Starts a draft of the open list, with room for `bytes` more, so that many changes do not move it many times. `draftBytes` tells how
   * much a text may take. Ends with `settle`.
   */
  draft(bytes: number): void {
    this.blockLength = this.bytes;
    const room = this.bytes + bytes;
    if (this.draftBuffer.length < room) this.draftBuffer = new Uint8Array(room * 2);
    const { draftBuffer, count } = this;
    const contents = this.bytes - count;
    const end = draftBuffer.length;
    if (this.p !== NULL) {
      copyBytes(this.u8, this.start, contents, draftBuffer, 0);
      copyBytes(this.u8, this.codesEnd - count, count, draftBuffer, end - count);
    }
    this.at = this.p === NULL ? HEADER_BYTES : this.at - this.start;
    this.u8 = draftBuffer;
    this.start = 0;
    this.codesEnd = end;
    this.drafting = true;
  }

  /** Puts the draft in the place of the list. The cursor goes to the first element. */
  settle(): void {
    this.changing();
    const { p, bytes, count, u8, codesEnd, blockLength } = this;
    let block = NULL;
    if (count > 0) {
      block = this.arena.alloc(bytes);
      const to = this.segments[block >>> SEGMENT_SHIFT];
      const start = (block & UNIT_MASK) << 3;
      copyBytes(u8, 0, bytes - count, to, start);
      copyBytes(u8, codesEnd - count, count, to, start + blockBytes(bytes) - count);
    }
    if (p !== NULL) this.arena.free(p, blockLength);
    this.open(block, bytes);
  }

  /** Makes room for `added` codes and `addedSize` bytes of contents in the place of `removed` and `removedSize` at the cursor. */
  private splice(removed: number, removedSize: number, added: number, addedSize: number): void {
    const total = this.bytes - removed - removedSize + added + addedSize;
    const count = this.count - removed + added;
    if (count > ELEMENTS_MAX) throw new Error("packed list: too many elements");
    if (this.arena.guard !== undefined && !this.drafting) this.changing();
    if (this.drafting) {
      if (total > this.codesEnd) throw new Error("packed list: no room left in the draft");
      this.shift(removed, removedSize, added, addedSize);
    } else if (count === 0) {
      this.free();
      return;
    } else if (this.p === NULL || blockBytes(total) !== this.codesEnd - this.start) {
      this.move(removed, removedSize, added, total);
    } else {
      this.shift(removed, removedSize, added, addedSize);
    }
    this.u8[this.start] = count;
    this.u8[this.start + 1] = count >> 8;
    this.bytes = total;
    this.count = count;
  }

  /** The open list's block is about to be changed or freed. */
  private changing(): void {
    this.arena.guard?.blockChanging(this.p);
  }

  /** `splice` within the block. */
  private shift(removed: number, removedSize: number, added: number, addedSize: number): void {
    const { u8, at } = this;
    const after = this.start + this.bytes - this.count - at - removedSize;
    if (addedSize !== removedSize && after > 0) copyBytes(u8, at + removedSize, after, u8, at + addedSize);
    const codesAfter = this.count - this.index - removed;
    const lowest = this.codesEnd - this.count;
    if (added !== removed && codesAfter > 0) copyBytes(u8, lowest, codesAfter, u8, lowest + removed - added);
  }

  /** `splice` into a new block of `total` bytes. */
  private move(removed: number, removedSize: number, added: number, total: number): void {
    const block = this.arena.alloc(total);
    const u8 = this.segments[block >>> SEGMENT_SHIFT];
    const start = (block & UNIT_MASK) << 3;
    const codesEnd = start + blockBytes(total);
    if (this.p === NULL) {
      this.at = start + HEADER_BYTES;
    } else {
      const { index } = this;
      const codesAfter = this.count - index - removed;
      const before = this.at - this.start;
      const after = this.bytes - this.count - before - removedSize;
      const contentsEnd = start + total - (index + added + codesAfter);
      copyBytes(this.u8, this.start, before, u8, start);
      copyBytes(this.u8, this.at + removedSize, after, u8, contentsEnd - after);
      copyBytes(this.u8, this.codesEnd - index, index, u8, codesEnd - index);
      copyBytes(this.u8, this.codesEnd - this.count, codesAfter, u8, codesEnd - index - added - codesAfter);
      this.arena.free(this.p, this.bytes);
      this.at = start + before;
    }
    this.p = block;
    this.u8 = u8;
    this.start = start;
    this.codesEnd = codesEnd;
  }

  private write(index: number, at: number, code: number, buf: Uint8Array, start: number, len: number): void {
    const { u8 } = this;
    u8[this.codesEnd - 1 - index] = code;
    writeContent(code, buf, start, len, u8, at);
  }

  /** Bytes of the content of the cursor's element. */
  private contentSize(): number {
    const code = this.u8[this.codesEnd - 1 - this.index];
    return code < LENGTH_16 ? SIZE_OF[code] : longSize(code, this.lengthAt(this.at, code));
  }

  /** The length that is written at index i, before or behind a long content. */
  private lengthAt(i: number, code: number): number {
    const { u8 } = this;
    const low = u8[i] | (u8[i + 1] << 8);
    return code === LENGTH_16 ? low : low | (u8[i + 2] << 16) | (u8[i + 3] << 24);
  }
}

/** No more bytes of a list than this hold a text of that length. */
export function draftBytes(len: number): number {
  return len + (len < ONE_SYMBOL ? 1 : 9);
}
