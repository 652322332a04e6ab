import { copyBytes, type Span } from "../lib/bytes.ts";
import { type Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import { StreamId } from "./stream-id.ts";
import { readText, skipText, textBytesMax, textEquals, writeText } from "./stream-text.ts";

/**
 * A leaf of a stream: entries in the order of their IDs, as one block. It starts with the names of its first entry's fields, then come the
 * entries:
 *
 *     names      number of fields, and their names
 *     an entry   shape, ID, number of fields unless SAME, then values (SAME) or names and values in turn
 *     shape      DELETED (1 bit) | SAME (1): its names are the leaf's | bytes of the two numbers (3 bits each, see NUMBER_BYTES)
 *     ID         two numbers, little-endian, in as few bytes as they take (see below)
 *
 * Numbers of fields are written in seven bits a byte, the lowest first, the eighth bit telling that more follow.
 *
 * An entry's ID tells how it differs from the one before: milliseconds further on, and then the sequence number itself; or, within the same
 * millisecond, by how much more than 1 the sequence number grew. Most IDs so take no or one byte. The first entry's ID is the leaf's
 * key, which the leaf does not hold.
 *
 * Invariants
 * 1. Entries are never moved: one that is deleted keeps its place, with DELETED set, until the leaf is freed as a whole.
 * 2. A leaf knows neither its key nor its length: who has a leaf keeps both.
 */
const DELETED = 1;
const SAME = 2;
const MS_SHIFT = 2;
const SEQ_SHIFT = 5;
/** Bytes of a number by its code. */
const NUMBER_BYTES = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 8);
/** The code of a number by the bytes that it needs. */
const NUMBER_CODE = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 7);
/** The two numbers of an ID. */
const ID_BYTES_MAX = 16;
/** Shape and number of fields, of which up to 127 take one byte. */
const FRAME_BYTES = 2;
const FRAME_BYTES_MAX = 6;

/**
 * So many bytes does an entry take at most: as the first of a leaf, with the names, or as another one. `start` and `len` of an entry have
 * field and value in turn.
 */
export function entryBytesMax(len: Int32Array, from: number, end: number, isFirst: boolean): number {
  let bytes = end - from > 254 ? FRAME_BYTES_MAX : FRAME_BYTES;
  if (!isFirst) bytes += ID_BYTES_MAX;
  for (let i = from; i < end; i++) bytes += textBytesMax(len[i]);
  return bytes;
}

/** A number of fields as the texts of leaves have it; returns the index after it. */
function writeCount(count: number, out: Uint8Array, at: number): number {
  let rest = count;
  let to = at;
  for (; rest > 127; rest >>>= 7) out[to++] = rest | 128;
  out[to] = rest;
  return to + 1;
}

function countAt(u8: Uint8Array, at: number): number {
  let count = u8[at] & 127;
  for (let i = 0; u8[at + i] > 127; ) count |= (u8[at + ++i] & 127) << (7 * i);
  return count;
}

function afterCount(u8: Uint8Array, at: number): number {
  let to = at;
  while (u8[to] > 127) to++;
  return to + 1;
}

/** The code of the bytes that a 64-bit number needs. */
function codeOf(high: number, low: number): number {
  return NUMBER_CODE[high === 0 ? (39 - Math.clz32(low)) >> 3 : (71 - Math.clz32(high)) >> 3];
}

function writeNumber(high: number, low: number, bytes: number, out: Uint8Array, at: number): number {
  for (let i = 0; i < bytes; i++) out[at + i] = i < 4 ? low >>> (i << 3) : high >>> ((i - 4) << 3);
  return at + bytes;
}

/** Writes the names of the first entry's fields: `start` and `len` have field and value in turn. Returns the index after them. */
export function writeNames(
  buf: Uint8Array,
  start: Int32Array,
  len: Int32Array,
  from: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let to = writeCount((end - from) >> 1, out, at);
  for (let i = from; i < end; i += 2) to = writeText(buf, start[i], len[i], out, to);
  return to;
}

/** Whether the leaf at `at` has just these names. */
function hasNames(
  u8: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: Int32Array,
  len: Int32Array,
  from: number,
  end: number,
): boolean {
  if (countAt(u8, at) !== (end - from) >> 1) return false;
  let name = afterCount(u8, at);
  for (let i = from; i < end; i += 2) {
    if (!textEquals(u8, name, buf, start[i], len[i])) return false;
    name = skipText(u8, name);
  }
  return true;
}

/**
 * Writes an entry at `at`, into the leaf that starts at `leaf`; returns the index after it. `words[previousAt]` is the ID of the entry
 * before it, or its own if it is the first. `hasLeafNames`: it is known that the names of its fields are the leaf's.
 */
export function writeEntry(
  id: StreamId,
  words: Int32Array,
  previousAt: number,
  buf: Uint8Array,
  start: Int32Array,
  len: Int32Array,
  from: number,
  end: number,
  out: Uint8Array,
  leaf: number,
  at: number,
  hasLeafNames: boolean,
): number {
  const same = hasLeafNames || hasNames(out, leaf, buf, start, len, from, end);
  let to = writeId(id, words, previousAt, out, at, same ? SAME : 0);
  if (!same) to = writeCount((end - from) >> 1, out, to);
  for (let i = same ? from + 1 : from; i < end; i += same ? 2 : 1) to = writeText(buf, start[i], len[i], out, to);
  return to;
}

function writeId(id: StreamId, words: Int32Array, at: number, out: Uint8Array, shapeAt: number, flags: number): number {
  const msLow = (id.msLow - words[at + 1]) | 0;
  const msHigh = (id.msHigh - words[at] - (id.msLow >>> 0 < words[at + 1] >>> 0 ? 1 : 0)) | 0;
  let { seqHigh, seqLow } = id;
  if ((msLow | msHigh) === 0 && id.compareWords(words, at) !== 0) {
    seqHigh = (seqHigh - words[at + 2] - (seqLow >>> 0 < words[at + 3] >>> 0 ? 1 : 0)) | 0;
    seqLow = (seqLow - words[at + 3]) | 0;
    if (seqLow === 0) seqHigh = (seqHigh - 1) | 0;
    seqLow = (seqLow - 1) | 0;
  } else if ((msLow | msHigh) === 0) {
    seqHigh = 0;
    seqLow = 0;
  }
  const msCode = codeOf(msHigh, msLow);
  const seqCode = codeOf(seqHigh, seqLow);
  out[shapeAt] = flags | (msCode << MS_SHIFT) | (seqCode << SEQ_SHIFT);
  const seqAt = writeNumber(msHigh, msLow, NUMBER_BYTES[msCode], out, shapeAt + 1);
  return writeNumber(seqHigh, seqLow, NUMBER_BYTES[seqCode], out, seqAt);
}

/** Reads one leaf at a time, entry by entry. */
export class LeafReader {
  /** The present entry: its ID, number of fields, and whether it is deleted. */
  readonly id = new StreamId();
  fields = 0;
  isDeleted = false;
  /** Its fields have the leaf's names. */
  isSame = false;
  /** How many names the leaf has. */
  nameCount = 0;

  private readonly segments: Uint8Array[];
  private u8: Uint8Array = new Uint8Array(0);
  /** Indexes of the leaf's names, its first entry and its end; of the present entry, and of the one after it. */
  private names = 0;
  private first = 0;
  private end = 0;
  private at = 0;
  private following = 0;
  /** Where the present entry's texts start; and the next text to be read, and name. */
  private texts = 0;
  private text = 0;
  private name = 0;
  private nameIsNext = true;
  /** The two words of the last number read. */
  private high = 0;
  private low = 0;

  constructor(readonly arena: Arena) {
    this.segments = arena.u8;
  }

  /** Opens a leaf of `bytes` bytes, before its first entry; `words[keyAt]` is its key. */
  open(leaf: Ptr, bytes: number, words: Int32Array, keyAt: number): void {
    const u8 = this.segments[leaf >>> SEGMENT_SHIFT];
    const start = (leaf & UNIT_MASK) << 3;
    this.u8 = u8;
    this.end = start + bytes;
    this.nameCount = countAt(u8, start);
    this.names = afterCount(u8, start);
    let at = this.names;
    for (let i = 0; i < this.nameCount; i++) at = skipText(u8, at);
    this.first = at;
    this.following = at;
    this.id.load(words, keyAt);
  }

  close(): void {
    this.following = this.end;
  }

  get isOpen(): boolean {
    return this.following < this.end;
  }

  /** Where the present entry is: for `isDeletedAt` and `returnTo`. */
  get place(): number {
    return this.at;
  }

  /** To the next entry, deleted or not. False when there is none. */
  next(): boolean {
    if (this.following >= this.end) return false;
    this.at = this.following;
    this.readEntry();
    return true;
  }

  /** Back to an entry that `place` and `id` were read of. */
  returnTo(place: number, words: Int32Array, idAt: number): void {
    this.at = place;
    this.readEntry();
    this.id.load(words, idAt);
  }

  private readEntry(): void {
    const { u8, at } = this;
    const shape = u8[at];
    this.isDeleted = (shape & DELETED) !== 0;
    this.isSame = (shape & SAME) !== 0;
    const seqAt = this.readId(shape);
    const rest = seqAt + NUMBER_BYTES[shape >> SEQ_SHIFT];
    this.fields = this.isSame ? this.nameCount : countAt(u8, rest);
    this.texts = this.isSame ? rest : afterCount(u8, rest);
    let following = this.texts;
    for (let i = this.isSame ? this.fields : this.fields * 2; i > 0; i--) following = skipText(u8, following);
    this.following = following;
    this.rewind();
  }

  /** Moves the ID on by the present entry's numbers; returns the index of the second one. */
  private readId(shape: number): number {
    const { u8, id, at } = this;
    const msBytes = NUMBER_BYTES[(shape >> MS_SHIFT) & 7];
    const seqAt = at + 1 + msBytes;
    this.readNumber(u8, seqAt, NUMBER_BYTES[shape >> SEQ_SHIFT]);
    const { high, low } = this;
    if (msBytes > 0) {
      this.readNumber(u8, at + 1, msBytes);
      const msLow = (id.msLow + this.low) | 0;
      id.msHigh = (id.msHigh + this.high + (msLow >>> 0 < this.low >>> 0 ? 1 : 0)) | 0;
      id.msLow = msLow;
      id.seqHigh = high;
      id.seqLow = low;
    } else if (at !== this.first) {
      const seqLow = (id.seqLow + low) | 0;
      id.seqHigh = (id.seqHigh + high + (seqLow >>> 0 < low >>> 0 ? 1 : 0)) | 0;
      id.seqLow = (seqLow + 1) | 0;
      if (id.seqLow === 0) id.seqHigh = (id.seqHigh + 1) | 0;
    }
    return seqAt;
  }

  private readNumber(u8: Uint8Array, at: number, bytes: number): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < bytes; i++) {
      if (i < 4) low |= u8[at + i] << (i << 3);
      else high |= u8[at + i] << ((i - 4) << 3);
    }
    this.low = low;
    this.high = high;
  }

  /** The next `nextText` is the present entry's first. */
  rewind(): void {
    this.text = this.texts;
    this.name = this.names;
    this.nameIsNext = true;
  }

  /** The leaf's first name is the next that `nextName` reads. */
  rewindNames(): void {
    this.name = this.names;
  }

  /** The next of the leaf's names, which are `nameCount`. */
  nextName(out: Span): void {
    readText(this.u8, this.name, out);
    this.name = skipText(this.u8, this.name);
  }

  /** The next text of the present entry: field and value in turn. */
  nextText(out: Span): void {
    const { u8 } = this;
    if (this.isSame && this.nameIsNext) {
      this.nextName(out);
    } else {
      readText(u8, this.text, out);
      this.text = skipText(u8, this.text);
    }
    this.nameIsNext = !this.nameIsNext;
  }

  /** Deletes the present entry: it keeps its place. */
  delete(): void {
    this.u8[this.at] |= DELETED;
    this.isDeleted = true;
  }
}

/** A block of `bytes` bytes with the same first `used` ones as `leaf`. */
export function copyLeaf(arena: Arena, leaf: Ptr, used: number, bytes: number): Ptr {
  const copy = arena.alloc(bytes);
  const source = arena.u8[leaf >>> SEGMENT_SHIFT];
  copyBytes(source, (leaf & UNIT_MASK) << 3, used, arena.u8[copy >>> SEGMENT_SHIFT], (copy & UNIT_MASK) << 3);
  return copy;
}

/** Gives `leaf`, of `bytes` bytes, a block of another size; returns it. */
export function moveLeaf(arena: Arena, leaf: Ptr, bytes: number, used: number, newBytes: number): Ptr {
  const copy = copyLeaf(arena, leaf, used, newBytes);
  arena.free(leaf, bytes);
  return copy;
}

/** Whether the entry at `at` has the names of its leaf. */
export function isSameAt(u8: Uint8Array, at: number): boolean {
  return (u8[at] & SAME) !== 0;
}
