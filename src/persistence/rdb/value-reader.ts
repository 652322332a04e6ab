import type { Keyspace } from "../../keyspace/keyspace.ts";
import { EMPTY } from "../../lib/bytes.ts";
import { parseDouble } from "../../lib/float.ts";
import { INTEGER_TEXT_MAX } from "../../lib/integer.ts";
import { NULL, type Ptr } from "../../memory/arena.ts";
import { EMPTY_BYTES } from "../../structures/packed-list.ts";
import { PACKED_HASH, TABLE_HASH } from "../../types/hash.ts";
import { NO_DEADLINE } from "../../types/hash-deadlines.ts";
import { HASH, HASHTABLE_EX, LIST, LISTPACK_EX, SET, STREAM, ZSET } from "../../types/kinds.ts";
import { ListBuilder } from "../../types/list-builder.ts";
import { INTEGER_SET } from "../../types/set.ts";
import { STREAM_VALUE } from "../../types/stream.ts";
import { TYPE } from "./codes.ts";
import { IntsetTexts } from "./intset-texts.ts";
import { ListpackTexts } from "./listpack-texts.ts";
import { PackedDraft } from "./packed-draft.ts";
import { QuicklistTexts } from "./quicklist-texts.ts";
import { RdbError, type RdbInput } from "./rdb-input.ts";
import { SHAPES, ZIPLIST_NAMES } from "./shapes.ts";
import { StreamReader } from "./stream-reader.ts";
import { Item, PackLimits, type Texts } from "./texts.ts";
import { ZiplistTexts } from "./ziplist-texts.ts";
import { ZipmapTexts } from "./zipmap-texts.ts";

/** So many elements are read in one step. */
const STEP_ELEMENTS = 128;

/**
 * Reads the values of keys that are collections, in any of the forms that they were ever written in, and makes them anew through their
 * types' own code. So what comes of a value is sound, whatever was read, and has the encoding that it would have had here.
 *
 * `begin` and then `step` until it says true. Then, unless `isEmpty`, the value is in `kind`, `root` and `rootBytes`, and is to be given to a
 * key. After a failure `discard`. Both throw RdbError.
 */
export class ValueReader {
  kind = 0;
  root: Ptr = NULL;
  rootBytes = 0;
  isEmpty = false;
  /** Fields of hashes whose time was before this are left out. */
  endedBeforeMs = 0;

  private type = 0;
  private shape = 0;
  /** The hash, set or sorted set that is made: an entry of no database. */
  private draft: Ptr = NULL;
  private readonly lists: ListBuilder;
  private readonly packed: PackedDraft;
  private packing = false;
  /** Where texts come from; undefined: they are strings of their own. */
  private source: Texts | undefined;
  /** It is a listpack whose elements can be packed many at once. */
  private isListpack = false;
  private readonly leafLimits = new PackLimits();
  /** The value was complete when it was begun. */
  private isDone = false;
  private stream: Generator<void, void> | undefined;
  private readonly streams: StreamReader;
  /** Elements of a table that are still to be read. */
  private left = 0;
  private minDeadlineMs = 0;

  private readonly quicklist: QuicklistTexts;
  private readonly listpack = new ListpackTexts();
  private readonly ziplist = new ZiplistTexts();
  private readonly zipmap = new ZipmapTexts();
  private readonly intset = new IntsetTexts();
  private readonly a = new Item();
  private readonly b = new Item();
  private readonly c = new Item();

  constructor(
    private readonly keyspace: Keyspace,
    private readonly input: RdbInput,
  ) {
    this.lists = new ListBuilder(keyspace.lists);
    this.packed = new PackedDraft(keyspace);
    this.quicklist = new QuicklistTexts(input);
    this.streams = new StreamReader(keyspace.streams, input, () => keyspace.clock.unixMs());
  }

  /** Whether there are values of that type that this reads. */
  knows(type: number): boolean {
    return SHAPES[type] !== undefined;
  }

  /** Starts to read a value of that type. */
  begin(type: number): void {
    this.type = type;
    this.shape = SHAPES[type]!;
    this.isEmpty = false;
    this.root = NULL;
    this.left = 0;
    if (this.shape === STREAM) {
      this.beginStream(type);
      return;
    }
    this.isListpack = false;
    this.isDone = false;
    this.openSource(type);
    if (this.shape === LIST) this.beginList();
    else if (this.isShortIntset()) this.takeIntset();
    else if (this.mayBePacked(type)) this.beginPacking();
    else this.draft = this.makeDraft();
  }

  private mayBePacked(type: number): boolean {
    const { hashes, sets } = this.keyspace;
    if (this.shape === HASH) return type < TYPE.HASH_TIMED_PRE_GA && this.left <= hashes.maxFields();
    if (this.shape === SET) return type !== TYPE.SET_INTSET && this.left <= sets.maxListed();
    // What is no listpack is in the other order.
    return this.source !== undefined;
  }

  private beginList(): void {
    this.lists.begin();
    const { leafElementsMax, leafBytesMax, ownLeafBytes } = this.keyspace.lists;
    this.leafLimits.set(1, leafElementsMax, leafBytesMax - INTEGER_TEXT_MAX, ownLeafBytes - 1);
  }

  private isShortIntset(): boolean {
    const { left, source, intset } = this;
    return source === intset && left > 0 && left <= this.keyspace.sets.maxIntegers();
  }

  private takeIntset(): void {
    const { sets } = this.keyspace;
    this.intset.create(sets);
    this.kind = INTEGER_SET;
    this.take(sets);
    this.isDone = true;
  }

  private beginPacking(): void {
    this.packing = true;
    this.packed.begin(this.shape);
  }

  /** It is none that may be packed: what there is of it becomes a draft. */
  private endPacking(): void {
    const { packed } = this;
    this.packing = false;
    if (packed.isRepeated) throw this.repeated();
    this.draft = packed.toDraft();
  }

  private beginStream(type: number): void {
    const { streams, entries } = this.keyspace;
    streams.create();
    this.draft = entries.createReference(STREAM_VALUE, false, EMPTY, 0, 0, streams.root, streams.rootBytes);
    this.stream = this.streams.read(streams.root, type);
  }

  private openSource(type: number): void {
    const { input, a } = this;
    switch (type) {
      case TYPE.LIST:
      case TYPE.SET:
        this.useStrings(input.count(1));
        return;
      case TYPE.HASH:
        this.useStrings(input.count(2));
        return;
      case TYPE.ZSET:
      case TYPE.ZSET_BINARY:
        this.useStrings(input.count(2));
        return;
      case TYPE.HASH_TIMED:
        this.minDeadlineMs = input.milliseconds();
        this.useStrings(input.count(3));
        return;
      case TYPE.HASH_TIMED_PRE_GA:
        this.minDeadlineMs = 0;
        this.useStrings(input.count(3));
        return;
      case TYPE.LIST_QUICKLIST:
      case TYPE.LIST_QUICKLIST_2:
        this.quicklist.open(input.count(1), type === TYPE.LIST_QUICKLIST_2);
        this.source = this.quicklist;
        return;
      case TYPE.HASH_LISTPACK_TIMED:
        input.milliseconds();
        break;
    }
    input.string(a);
    this.openBlob(type, a);
  }

  private useStrings(count: number): void {
    this.left = count;
    this.source = undefined;
  }

  private openBlob(type: number, bytes: Item): void {
    switch (type) {
      case TYPE.SET_INTSET:
        this.intset.open(bytes);
        this.source = this.intset;
        this.left = this.intset.count;
        return;
      case TYPE.HASH_ZIPMAP:
        this.zipmap.open(bytes);
        this.source = this.zipmap;
        break;
      case TYPE.LIST_ZIPLIST:
      case TYPE.ZSET_ZIPLIST:
      case TYPE.HASH_ZIPLIST:
        this.ziplist.open(bytes, ZIPLIST_NAMES[type]);
        this.source = this.ziplist;
        break;
      default:
        this.listpack.open(bytes);
        this.source = this.listpack;
        this.isListpack = type !== TYPE.HASH_LISTPACK_TIMED && type !== TYPE.HASH_LISTPACK_TIMED_PRE_GA;
    }
  }

  private makeDraft(): Ptr {
    const { keyspace, left } = this;
    const { entries, hashes } = keyspace;
    if (this.shape === SET) return this.makeSet();
    if (this.shape === ZSET) return keyspace.zsets.begin(left);
    if (left > hashes.maxFields()) {
      const table = keyspace.dict.create();
      keyspace.dict.reserve(table, left);
      return entries.createReference(TABLE_HASH, false, EMPTY, 0, 0, table, 0);
    }
    return entries.createReference(PACKED_HASH, false, EMPTY, 0, 0, NULL, EMPTY_BYTES);
  }

  private makeSet(): Ptr {
    const { sets, entries, dict } = this.keyspace;
    const isTable = this.left > Math.max(sets.setMaxIntsetEntries, sets.setMaxListpackEntries);
    const draft = sets.draft(isTable);
    if (isTable) dict.reserve(entries.reference(draft), this.left);
    return draft;
  }

  /** Reads some elements. True when the value is complete. */
  step(): boolean {
    if (this.shape === STREAM) return this.stepStream();
    if (this.isDone) return true;
    for (let i = 0; i < STEP_ELEMENTS; i++) {
      if (this.readElement()) continue;
      this.finish();
      return true;
    }
    return false;
  }

  private stepStream(): boolean {
    if (this.stream!.next().done !== true) return false;
    this.finish();
    return true;
  }

  private readElement(): boolean {
    if (this.isListpack && this.packing) this.packed.take(this.listpack);
    switch (this.shape) {
      case LIST:
        return this.readListed();
      case SET:
        return this.readMember();
      case ZSET:
        return this.source === undefined ? this.readScored() : this.readPackedScored();
      default:
        return this.readField();
    }
  }

  /** The next text of the source. False at its end. */
  private next(out: Item): boolean {
    if (this.source !== undefined) return this.source.next(out);
    if (this.left === 0) return false;
    this.left--;
    this.readString(out);
    return true;
  }

  private readString(out: Item): void {
    out.isInteger = false;
    this.input.string(out);
  }

  private readListed(): boolean {
    const { a } = this;
    if (this.source === this.quicklist) this.quicklist.pack(this.lists.leaf, this.leafLimits);
    if (!this.next(a)) return false;
    if (a.isInteger) this.lists.addInteger(a.integer);
    else this.lists.add(a.buf, a.start, a.len);
    return true;
  }

  private readMember(): boolean {
    const { a } = this;
    if (!this.next(a)) return false;
    if (!this.addMember(a)) throw this.repeated();
    return true;
  }

  /** False when it is there already. */
  private addMember(member: Item): boolean {
    const { packed } = this;
    if (this.packing) {
      if (packed.addMember(member)) return true;
      this.endPacking();
    }
    member.toText();
    return this.keyspace.sets.add(this.draft, member.buf, member.start, member.len);
  }

  private readScored(): boolean {
    const { a, input } = this;
    if (!this.next(a)) return false;
    this.addScored(this.type === TYPE.ZSET ? input.textDouble() : input.binaryDouble());
    return true;
  }

  private readPackedScored(): boolean {
    const { b } = this;
    if (!this.next(this.a)) return false;
    if (!this.next(b)) throw new RdbError("Zset listpack integrity check failed.");
    const score = b.isInteger ? b.integer : parseDouble(b.buf, b.start, b.len);
    if (score === undefined) throw new RdbError("Zset listpack integrity check failed.");
    this.addScored(score);
    return true;
  }

  private addScored(score: number): void {
    if (Number.isNaN(score)) throw new RdbError("Zset with NAN score detected");
    if (!this.addNewScored(score, this.a)) throw this.repeated();
  }

  /** False when it is there already. */
  private addNewScored(score: number, member: Item): boolean {
    const { packed, draft } = this;
    const { zsets } = this.keyspace;
    if (this.packing) {
      if (packed.addScored(score, member)) return true;
      this.endPacking();
      return this.addNewScored(score, member);
    }
    member.toText();
    if (zsets.find(draft, member.buf, member.start, member.len)) return false;
    return zsets.put(draft, score, member.buf, member.start, member.len);
  }

  private readField(): boolean {
    const { a, b, type } = this;
    switch (type) {
      case TYPE.HASH_TIMED:
      case TYPE.HASH_TIMED_PRE_GA:
        return this.readTimedField();
      case TYPE.HASH_LISTPACK_TIMED:
      case TYPE.HASH_LISTPACK_TIMED_PRE_GA:
        return this.readPackedTimedField();
    }
    if (!this.next(a)) return false;
    if (this.source === undefined) this.readString(b);
    else if (!this.next(b)) throw new RdbError("Hash listpack integrity check failed.");
    this.addField(NO_DEADLINE);
    return true;
  }

  private readTimedField(): boolean {
    const { input } = this;
    if (this.left === 0) return false;
    this.left--;
    const ttl = input.plainLength();
    this.readString(this.a);
    this.readString(this.b);
    this.addField(ttl === 0 || this.type === TYPE.HASH_TIMED_PRE_GA ? ttl : this.minDeadlineMs + ttl - 1);
    return true;
  }

  private readPackedTimedField(): boolean {
    const { listpack, a, b, c } = this;
    if (!listpack.next(a)) return false;
    if (!listpack.next(b) || !listpack.next(c)) throw new RdbError("Hash listpackex integrity check failed.");
    const deadlineMs = c.isInteger ? c.integer : parseDouble(c.buf, c.start, c.len);
    if (deadlineMs === undefined) throw new RdbError("Hash listpackex integrity check failed.");
    this.addField(deadlineMs);
    return true;
  }

  private addField(deadlineMs: number): void {
    const { hashes } = this.keyspace;
    const { a, b, packed } = this;
    if (this.packing) {
      if (packed.addField(a, b)) return;
      this.endPacking();
    }
    const { draft } = this;
    a.toText();
    b.toText();
    if (deadlineMs !== NO_DEADLINE) {
      if (!Number.isSafeInteger(deadlineMs) || deadlineMs < 0)
        throw new RdbError("Hash field with an invalid TTL detected");
      if (deadlineMs < this.endedBeforeMs) return;
    }
    if (!hashes.set(draft, a.buf, a.start, a.len, b.buf, b.start, b.len)) throw this.repeated();
    if (deadlineMs !== NO_DEADLINE) hashes.setDeadline(draft, a.buf, a.start, a.len, deadlineMs);
  }

  private repeated(): RdbError {
    if (this.shape === SET) return new RdbError("Duplicate set members detected");
    if (this.shape === ZSET) return new RdbError("Duplicate zset fields detected");
    const isListed = this.source !== undefined;
    return new RdbError(
      isListed ? "Hash integrity check failed: fields are there twice" : "Duplicate hash fields detected",
    );
  }

  private finish(): void {
    const { keyspace, packed } = this;
    if (this.shape === LIST) {
      this.isEmpty = this.lists.isEmpty;
      if (this.isEmpty) return;
      this.kind = this.lists.finish();
      this.take(keyspace.lists);
      return;
    }
    if (this.packing) {
      if (!packed.isOfIntegers) {
        if (packed.isRepeated) throw this.repeated();
        this.finishPacked();
        return;
      }
      this.endPacking();
    }
    this.finishDraft();
  }

  private finishPacked(): void {
    const { packed } = this;
    this.packing = false;
    this.kind = packed.kind;
    this.root = packed.finish();
    this.rootBytes = packed.bytes;
    this.isEmpty = this.root === NULL;
  }

  private finishDraft(): void {
    const { keyspace, draft } = this;
    const { entries } = keyspace;
    this.isEmpty = this.shape !== STREAM && keyspace.collections[this.shape]!.length(draft) === 0;
    if (this.isEmpty) {
      this.discard();
      return;
    }
    this.kind = entries.head(draft) & 0xff;
    this.root = entries.reference(draft);
    this.rootBytes = entries.valueLength(draft);
    entries.release(draft);
    this.draft = NULL;
  }

  private take({ root, rootBytes }: { root: Ptr; rootBytes: number }): void {
    this.root = root;
    this.rootBytes = rootBytes;
  }

  /** A key has got the completed value. */
  handOver(): void {
    this.root = NULL;
  }

  /** Frees a completed value that no key is to get. */
  drop(): void {
    const { keyspace, root } = this;
    if (root === NULL) return;
    this.root = NULL;
    const { entries } = keyspace;
    const e = entries.createReference(this.kind, false, EMPTY, 0, 0, root, this.rootBytes);
    if (this.kind >>> 4 === LISTPACK_EX || this.kind >>> 4 === HASHTABLE_EX) entries.setTimedFields(e);
    keyspace.releaseValue(e);
    entries.release(e);
  }

  /** Frees what there is of a value, completed or not. */
  discard(): void {
    this.drop();
    this.lists.discard();
    this.packing = false;
    const { draft, keyspace } = this;
    if (draft === NULL) return;
    this.draft = NULL;
    keyspace.releaseValue(draft);
    keyspace.entries.release(draft);
  }
}
