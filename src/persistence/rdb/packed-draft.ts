import type { Keyspace } from "../../keyspace/keyspace.ts";
import { EMPTY, Span } from "../../lib/bytes.ts";
import { compareBytes } from "../../lib/compare-bytes.ts";
import { INTEGER_TEXT_MAX, isCanonicalInteger } from "../../lib/integer.ts";
import type { Ptr } from "../../memory/arena.ts";
import { PackedBuilder } from "../../structures/packed-builder.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { PACKED_HASH } from "../../types/hash.ts";
import { HASH, SET, ZSET } from "../../types/kinds.ts";
import { ScoreCodec } from "../../types/packed-zset.ts";
import { PACKED_SET } from "../../types/set.ts";
import { PACKED_ZSET } from "../../types/zset.ts";
import type { ListpackTexts } from "./listpack-texts.ts";
import { type Item, PackLimits } from "./texts.ts";

/** Number and lengths of its elements bound a list, not this. */
const LIST_BYTES_MAX = 2 ** 31 - 1;

/**
 * A hash, set or sorted set that is packed as far as it has been read: what its type's own code would make of the same elements, without
 * looking for the place of each.
 *
 * Invariants
 * 1. What does not fit (too many, too long, out of order) is refused; the caller takes `toDraft` and goes on with the type's own code.
 * 2. What is there twice is noticed at the end: `isRepeated` is to be asked before `finish` and `toDraft`.
 * 3. A set is of integers only as long as `integers`: then it is no packed list in the end, but becomes what the type's own code makes of it.
 */
export class PackedDraft {
  private readonly builder: PackedBuilder;
  private readonly codec = new ScoreCodec();
  private readonly list: PackedList;
  private shape = 0;
  /** How many elements it may have, and of how many bytes each member, field or value. */
  private elementsMax = 0;
  private bytesMax = 0;
  private readonly limits = new PackLimits();
  private integers = false;
  /** Of the member that was added last. */
  private lastScore = 0;
  private readonly before = new Span();

  constructor(private readonly keyspace: Keyspace) {
    this.builder = new PackedBuilder(keyspace.arena);
    this.list = new PackedList(keyspace.arena);
  }

  /** Starts with nothing. `shape`: HASH, SET or ZSET. */
  begin(shape: number): void {
    this.shape = shape;
    this.integers = shape === SET;
    this.builder.begin();
    const { hashes, sets, zsets } = this.keyspace;
    if (shape === HASH) this.limit(hashes.maxFields() << 1, hashes.hashMaxListpackValue);
    else if (shape === SET) this.limit(sets.maxListed(), sets.setMaxListpackValue);
    else this.limit(zsets.maxPacked() << 1, zsets.zsetMaxListpackValue);
  }

  private limit(elements: number, bytes: number): void {
    this.elementsMax = elements;
    this.bytesMax = bytes;
    this.lastScore = Number.NEGATIVE_INFINITY;
    const takes = bytes >= INTEGER_TEXT_MAX;
    this.limits.set(this.shape === SET ? 1 : 2, takes ? elements : 0, LIST_BYTES_MAX, bytes);
  }

  /** Adds what is next of a listpack, as far as it is what most are. What comes then is to be added by itself. */
  take(source: ListpackTexts): void {
    const { builder, limits, codec } = this;
    if (this.shape === ZSET) this.lastScore = source.packScored(builder, codec, limits, this.lastScore);
    else if (source.pack(builder, limits)) this.integers = false;
  }

  private fits(item: Item): boolean {
    if (item.isInteger && this.bytesMax >= INTEGER_TEXT_MAX) return true;
    return item.textLength() <= this.bytesMax;
  }

  addField(field: Item, value: Item): boolean {
    const { builder } = this;
    if (builder.count >= this.elementsMax || !this.fits(field) || !this.fits(value)) return false;
    this.put(field);
    this.put(value);
    return true;
  }

  addMember(member: Item): boolean {
    const { builder } = this;
    if (builder.count >= this.elementsMax || !this.fits(member)) return false;
    this.integers &&= member.isInteger || isCanonicalInteger(member.buf, member.start, member.len);
    this.put(member);
    return true;
  }

  addScored(score: number, member: Item): boolean {
    const { builder, codec } = this;
    if (builder.count >= this.elementsMax || !this.fits(member)) return false;
    if (builder.count > 0 && !this.isBehind(score, member)) return false;
    this.lastScore = score;
    builder.text(codec.bytes, 0, codec.encode(score));
    this.put(member);
    return true;
  }

  /** Whether the member's place is behind all there are. */
  private isBehind(score: number, member: Item): boolean {
    const { before, lastScore } = this;
    if (score !== lastScore) return score > lastScore;
    this.builder.readLast(before);
    member.toText();
    return compareBytes(before.buf, before.start, before.len, member.buf, member.start, member.len) < 0;
  }

  private put(item: Item): void {
    if (item.isInteger) this.builder.integer(item.integer);
    else this.builder.text(item.buf, item.start, item.len);
  }

  /** Whether a field or member is there twice. */
  get isRepeated(): boolean {
    if (this.shape === SET) return this.builder.hasRepeated(1, 0);
    return this.builder.hasRepeated(2, this.shape === HASH ? 0 : 1);
  }

  /** Whether it is a set that only its type's own code can end. */
  get isOfIntegers(): boolean {
    return this.integers;
  }

  /** Type and encoding. */
  get kind(): number {
    if (this.shape === HASH) return PACKED_HASH;
    return this.shape === SET ? PACKED_SET : PACKED_ZSET;
  }

  /** Bytes of the packed list. */
  get bytes(): number {
    return this.builder.bytes;
  }

  /** Ends it: the packed list, of `bytes` bytes; NULL when nothing was added. */
  finish(): Ptr {
    return this.builder.finish();
  }

  /** Ends it: the same elements as an entry of no database, to which more may be added. */
  toDraft(): Ptr {
    if (this.integers) return this.toIntegers();
    const p = this.builder.finish();
    return this.keyspace.entries.createReference(this.kind, false, EMPTY, 0, 0, p, this.builder.bytes);
  }

  private toIntegers(): Ptr {
    const { list, builder, before } = this;
    const { sets } = this.keyspace;
    const draft = sets.draft(false);
    const p = builder.finish();
    for (list.open(p, builder.bytes); list.index < list.count; list.next()) {
      list.read(before);
      sets.add(draft, before.buf, before.start, before.len);
    }
    list.free();
    return draft;
  }
}
