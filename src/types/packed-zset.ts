import { Span } from "../lib/bytes.ts";
import { compareBytes } from "../lib/compare-bytes.ts";
import type { Arena, Ptr } from "../memory/arena.ts";
import { PackedList } from "../structures/packed-list.ts";
import type { LexRange } from "./zset-range.ts";

/**
 * A small sorted set: a packed list of scores and members in turn, in the order of the scores, and of the members where those are equal.
 *
 * A score is the shortest two's complement, low byte first, that holds it when it is whole: no byte for 0, one up to 127, at most seven. Any
 * other score, -0 among them, is the eight bytes of the double. So most take one or two bytes with their code, and none is parsed as text.
 *
 * Invariants
 * 1. A score has one form, and so has a list: it depends on nothing but the members and scores.
 * 2. `find`, `seek` leave the list's cursor on a score; what changes the list under the cursor expects it there.
 */
const SCORE_BYTES_MAX = 8;
const TWO_32 = 2 ** 32;

/** Reads and writes scores in packed lists. */
export class ScoreCodec {
  readonly bytes = new Uint8Array(SCORE_BYTES_MAX);
  private readonly double = new Float64Array(this.bytes.buffer);
  private readonly span = new Span();

  /** Writes a score to `bytes`; returns how many it takes. */
  encode(score: number): number {
    if (score === 0) return 0;
    if (score === (score | 0)) return this.encodeWhole(score | 0, 0);
    if (Number.isSafeInteger(score)) {
      const { bytes } = this;
      for (let i = 0, low = score | 0; i < 4; i++) bytes[i] = low >>> (i << 3);
      return this.encodeWhole(Math.floor(score / TWO_32), 4);
    }
    this.double[0] = score;
    return SCORE_BYTES_MAX;
  }

  /** Writes a 32-bit integer at `at` with as few bytes as hold it, one at least; returns where they end. */
  private encodeWhole(value: number, at: number): number {
    const { bytes } = this;
    const end = at + ((40 - Math.clz32(value ^ (value >> 31))) >> 3);
    for (let i = at, rest = value; i < end; i++, rest >>= 8) bytes[i] = rest;
    return end;
  }

  /** The score under a list's cursor. */
  read(list: PackedList): number {
    const { span } = this;
    list.read(span);
    const { buf, start, len } = span;
    if (len === 0) return 0;
    if (len <= 4) return readSigned(buf, start, len);
    if (len < SCORE_BYTES_MAX) return (readSigned(buf, start, 4) >>> 0) + readSigned(buf, start + 4, len - 4) * TWO_32;
    const { bytes } = this;
    for (let i = 0; i < SCORE_BYTES_MAX; i++) bytes[i] = buf[start + i];
    return this.double[0];
  }
}

/** The two's complement of one to four bytes. */
function readSigned(buf: Uint8Array, start: number, len: number): number {
  let value = (buf[start + len - 1] << 24) >> 24;
  for (let i = start + len - 2; i >= start; i--) value = (value << 8) | buf[i];
  return value;
}

/** One small sorted set at a time. */
export class PackedZset {
  readonly list: PackedList;
  /** The score of the member that `find` found. */
  score = 0;
  /** What `lexRange` found: numbers of the first and the last member. */
  first = 0;
  last = 0;
  private readonly codec = new ScoreCodec();
  private readonly span = new Span();

  constructor(arena: Arena) {
    this.list = new PackedList(arena);
  }

  open(p: Ptr, bytes: number): void {
    this.list.open(p, bytes);
  }

  get length(): number {
    return this.list.count >> 1;
  }

  /** To a member's score, which is in `score` then. False when there is no such member. */
  find(buf: Uint8Array, start: number, len: number): boolean {
    const { list } = this;
    if (list.count === 0) return false;
    list.next();
    if (!list.find(1, buf, start, len)) return false;
    list.previous();
    this.score = this.codec.read(list);
    return true;
  }

  /** Number of the pair under the cursor. */
  get rank(): number {
    return this.list.index >> 1;
  }

  /** To the score of the member with that number. */
  seek(rank: number): void {
    this.list.seek(rank << 1);
  }

  /** Reads the pair under the cursor, which stays: its score into `score`. */
  read(member: Span): void {
    const { list } = this;
    this.score = this.codec.read(list);
    list.next();
    list.read(member);
    list.previous();
  }

  /** Gives the member under the cursor another score. */
  update(score: number, buf: Uint8Array, start: number, len: number): void {
    const { list, codec } = this;
    if (this.staysAt(score)) {
      const bytes = codec.encode(score);
      list.replace(codec.bytes, 0, bytes);
      return;
    }
    list.remove(2);
    this.insert(score, buf, start, len);
  }

  /** Whether a score is between those before and behind the pair under the cursor. */
  private staysAt(score: number): boolean {
    const { list, codec } = this;
    const { index } = list;
    let stays = true;
    if (index > 0) {
      list.seek(index - 2);
      stays = codec.read(list) < score;
    }
    if (stays && index + 2 < list.count) {
      list.seek(index + 2);
      stays = codec.read(list) > score;
    }
    list.seek(index);
    return stays;
  }

  /** Adds a member that is not there. */
  insert(score: number, buf: Uint8Array, start: number, len: number): void {
    const { list, codec } = this;
    this.toPlaceOf(score, buf, start, len);
    const bytes = codec.encode(score);
    list.insertPair(codec.bytes, 0, bytes, buf, start, len);
  }

  /** To the first pair that is behind this score and member. Members often come in order, so the last one is looked at first. */
  private toPlaceOf(score: number, buf: Uint8Array, start: number, len: number): void {
    const { list } = this;
    if (list.count === 0) return;
    list.seek(list.count - 2);
    if (!this.isBehind(score, buf, start, len)) {
      list.toEnd();
      return;
    }
    for (list.toStart(); !this.isBehind(score, buf, start, len); list.next()) list.next();
  }

  /** Whether the pair under the cursor is behind this score and member. */
  private isBehind(score: number, buf: Uint8Array, start: number, len: number): boolean {
    const { list, span } = this;
    const here = this.codec.read(list);
    if (here !== score) return here > score;
    list.next();
    list.read(span);
    list.previous();
    return compareBytes(span.buf, span.start, span.len, buf, start, len) > 0;
  }

  /** Takes out `count` members from the one under the cursor on. */
  remove(count: number): void {
    this.list.remove(count << 1);
  }

  /** How many members have a lower score; with `inclusive` those of that score as well. */
  countBelow(score: number, inclusive: boolean): number {
    const { list, codec } = this;
    let count = 0;
    for (list.toStart(); list.index < list.count; list.next(), list.next()) {
      const here = codec.read(list);
      if (here > score || (here === score && !inclusive)) break;
      count++;
    }
    return count;
  }

  /**
   * Finds the members of a range, `first` to `last`. False when there are none. If scores differ the range means nothing, but Redis's answer
   * is well defined, and this one is the same: from the first member that is behind the minimum as long as they are before the maximum; from
   * the end, the other way round; nothing if the last member of all is before the minimum or the first one behind the maximum.
   */
  lexRange(range: LexRange, fromEnd: boolean): boolean {
    const { length } = this;
    if (length === 0 || range.isEmpty) return false;
    if (!this.isIn(length - 1, range, true) || !this.isIn(0, range, false)) return false;
    let at = fromEnd ? length - 1 : 0;
    const step = fromEnd ? -1 : 1;
    while (at >= 0 && at < length && !this.isIn(at, range, !fromEnd)) at += step;
    const start = at;
    while (at >= 0 && at < length && this.isIn(at, range, fromEnd)) at += step;
    this.first = fromEnd ? at + 1 : start;
    this.last = fromEnd ? start : at - 1;
    return this.first <= this.last;
  }

  /** Whether a member is on the right side of the range's minimum or else maximum. */
  private isIn(rank: number, range: LexRange, ofMin: boolean): boolean {
    const { list, span } = this;
    list.seek((rank << 1) + 1);
    list.read(span);
    return ofMin
      ? range.isBehindMin(span.buf, span.start, span.len)
      : range.isBeforeMax(span.buf, span.start, span.len);
  }
}
