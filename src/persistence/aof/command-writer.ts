import type { Keyspace } from "../../keyspace/keyspace.ts";
import { encode, own, Span } from "../../lib/bytes.ts";
import { parseInteger } from "../../lib/integer.ts";
import type { Ptr } from "../../memory/arena.ts";
import { IntSet } from "../../structures/int-set.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import {
  HASH,
  HASHTABLE,
  HASHTABLE_EX,
  INTSET,
  LIST,
  LISTPACK,
  LISTPACK_EX,
  SET,
  STRING,
  ZSET,
} from "../../types/kinds.ts";
import type { ZsetCursor } from "../../types/zset-cursor.ts";
import type { RdbOutput } from "../rdb/output.ts";
import { Batches, RequestOutput } from "./request-output.ts";
import { StreamCommandWriter } from "./stream-command-writer.ts";

const WORDS = {
  select: encode("SELECT"),
  set: encode("SET"),
  rpush: encode("RPUSH"),
  sadd: encode("SADD"),
  zadd: encode("ZADD"),
  hmset: encode("HMSET"),
  hpexpireat: encode("HPEXPIREAT"),
  fields: encode("FIELDS"),
  pexpireat: encode("PEXPIREAT"),
  function: encode("FUNCTION"),
  load: encode("LOAD"),
};
/** Deadline, field and value of a packed hash with deadlines. */
const TIMED_STRIDE = 3;

/**
 * Writes keys as the commands that make them, which Redis has used before there were snapshots at the start of its append-only files: a base
 * that people can read, and any Redis can load (HPEXPIREAT only from 7.4 on).
 *
 * Nothing is changed, and no cursor of the keyspace's own is moved.
 */
export class CommandWriter {
  private readonly requests = new RequestOutput();
  private readonly streams: StreamCommandWriter;
  private readonly list: PackedList;
  private readonly ints: IntSet;
  private readonly tree: TreeCursor;
  private readonly zset: ZsetCursor;
  private readonly text = new Span();

  constructor(private readonly keyspace: Keyspace) {
    this.streams = new StreamCommandWriter(keyspace, this.requests);
    this.list = new PackedList(keyspace.arena);
    this.ints = new IntSet(keyspace.arena);
    this.tree = new TreeCursor(keyspace.arena, 0);
    this.zset = keyspace.zsets.newCursor();
  }

  /** What follows is for that database. */
  select(db: number, out: RdbOutput): void {
    const requests = this.to(out);
    requests.begin(2);
    requests.bytes(WORDS.select);
    requests.integer(db);
  }

  /** The library of functions with that code. */
  loadFunctions(code: Uint8Array, out: RdbOutput): void {
    const requests = this.to(out);
    requests.begin(3);
    requests.bytes(WORDS.function);
    requests.bytes(WORDS.load);
    requests.bytes(code);
  }

  private to(out: RdbOutput): RequestOutput {
    this.requests.out = out;
    return this.requests;
  }

  /** A key with its value and its deadline. */
  write(e: Ptr, out: RdbOutput): void {
    this.to(out);
    const { entries } = this.keyspace;
    switch (entries.type(e)) {
      case STRING:
        this.writeString(e);
        break;
      case LIST:
        this.writeList(e);
        break;
      case SET:
        this.writeSet(e);
        break;
      case ZSET:
        this.writeZset(e);
        break;
      case HASH:
        this.writeHash(e);
        break;
      default:
        this.streams.write(e, this.key(e));
    }
    this.writeDeadline(e, out);
  }

  /** The key's deadline, if it has one. */
  writeDeadline(e: Ptr, out: RdbOutput): void {
    const { entries } = this.keyspace;
    if (!entries.isTimed(e)) return;
    const requests = this.to(out);
    requests.begin(3);
    requests.bytes(WORDS.pexpireat);
    this.writeName(e);
    requests.integer(entries.deadline(e));
  }

  private writeName(e: Ptr): void {
    const { entries } = this.keyspace;
    this.requests.word(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
  }

  private key(e: Ptr): Uint8Array {
    const { entries } = this.keyspace;
    return own(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
  }

  private writeString(e: Ptr): void {
    const { requests, text } = this;
    this.keyspace.entries.value(e, text);
    requests.begin(3);
    requests.bytes(WORDS.set);
    this.writeName(e);
    requests.span(text);
  }

  private writeList(e: Ptr): void {
    const { tree, list } = this;
    const { entries } = this.keyspace;
    const p = entries.reference(e);
    const bytes = entries.valueLength(e);
    if (bytes === 0) {
      const batches = this.batches(WORDS.rpush, this.key(e), tree.count(p), 1);
      for (let more = tree.seekFirst(p); more; more = tree.next())
        this.writeElements(tree.leaf, tree.leafBytes, batches);
    } else {
      list.open(p, bytes);
      this.writeElements(p, bytes, this.batches(WORDS.rpush, this.key(e), list.count, 1));
    }
  }

  private batches(command: Uint8Array, key: Uint8Array, total: number, width: number, size?: number): Batches {
    return new Batches(this.requests, command, key, total, width, size);
  }

  private writeElements(p: Ptr, bytes: number, batches: Batches): void {
    const { list, text, requests } = this;
    for (list.open(p, bytes); list.index < list.count; list.next()) {
      list.read(text);
      batches.next();
      requests.span(text);
    }
  }

  private writeSet(e: Ptr): void {
    const { ints, list, text } = this;
    const { entries, dict } = this.keyspace;
    const key = this.key(e);
    const p = entries.reference(e);
    const encoding = entries.encoding(e);
    if (encoding === HASHTABLE) {
      const batches = this.batches(WORDS.sadd, key, dict.count(p), 1);
      dict.forEach(p, (m) => {
        batches.next();
        this.writeName(m);
      });
    } else if (encoding === INTSET) {
      ints.open(p, entries.valueLength(e));
      const batches = this.batches(WORDS.sadd, key, ints.count, 1);
      for (let i = 0; i < ints.count; i++) {
        batches.next();
        ints.read(i, text);
        this.requests.span(text);
      }
    } else {
      list.open(p, entries.valueLength(e));
      this.writeElements(p, entries.valueLength(e), this.batches(WORDS.sadd, key, list.count, 1));
    }
  }

  private writeZset(e: Ptr): void {
    const { zset, requests } = this;
    const batches = this.batches(WORDS.zadd, this.key(e), this.zsetLength(e), 2);
    for (let more = zset.seek(e, 0); more; more = zset.next()) {
      batches.next();
      requests.double(zset.score);
      requests.span(zset.member);
    }
  }

  private zsetLength(e: Ptr): number {
    const { entries, zsets, dict } = this.keyspace;
    if (entries.encoding(e) !== LISTPACK) return dict.count(zsets.members(e));
    this.list.open(entries.reference(e), entries.valueLength(e));
    return this.list.count >> 1;
  }

  private writeHash(e: Ptr): void {
    const { entries, dict } = this.keyspace;
    const encoding = entries.encoding(e);
    if (encoding === LISTPACK || encoding === LISTPACK_EX) {
      if (encoding === LISTPACK) this.writePackedHash(e);
      else this.writeTimedPackedHash(e);
      return;
    }
    dict.forEach(this.fieldTable(e), this.fields(e));
  }

  private fieldTable(e: Ptr): Ptr {
    const { entries, hashes } = this.keyspace;
    const p = entries.reference(e);
    return entries.encoding(e) === HASHTABLE_EX ? hashes.timers.fields(p) : p;
  }

  /** What writes the fields of a table, of which those with deadlines have requests of their own. */
  private fields(e: Ptr): (f: Ptr) => void {
    const { entries, dict } = this.keyspace;
    const key = this.key(e);
    if (entries.encoding(e) === HASHTABLE) {
      const batches = this.batches(WORDS.hmset, key, dict.count(entries.reference(e)), 2);
      return (f) => this.writeField(f, batches);
    }
    return (f) => {
      this.writeField(f, this.batches(WORDS.hmset, key, 1, 2));
      this.writeFieldDeadline(f, key);
    };
  }

  private writeField(f: Ptr, batches: Batches): void {
    batches.next();
    this.writeName(f);
    this.keyspace.entries.value(f, this.text);
    this.requests.span(this.text);
  }

  private writeFieldDeadline(f: Ptr, key: Uint8Array): void {
    const { entries } = this.keyspace;
    if (!entries.isTimed(f)) return;
    this.beginFieldDeadline(key, entries.deadline(f));
    this.writeName(f);
  }

  /** All but the name of the field. */
  private beginFieldDeadline(key: Uint8Array, deadlineMs: number): void {
    const { requests } = this;
    requests.begin(6);
    requests.bytes(WORDS.hpexpireat);
    requests.bytes(key);
    requests.integer(deadlineMs);
    requests.bytes(WORDS.fields);
    requests.integer(1);
  }

  private writePackedHash(e: Ptr): void {
    const { list, text, requests } = this;
    const { entries } = this.keyspace;
    list.open(entries.reference(e), entries.valueLength(e));
    const batches = this.batches(WORDS.hmset, this.key(e), list.count >> 1, 2);
    for (; list.index < list.count; list.next()) {
      if ((list.index & 1) === 0) batches.next();
      list.read(text);
      requests.span(text);
    }
  }

  private writeTimedPackedHash(e: Ptr): void {
    const { list, text, requests } = this;
    const { entries, hashes } = this.keyspace;
    const key = this.key(e);
    const timer = entries.reference(e);
    list.open(hashes.timers.fields(timer), hashes.timers.extra(timer));
    const batches = this.batches(WORDS.hmset, key, list.count / TIMED_STRIDE, 2);
    for (; list.index < list.count; list.next()) {
      if (list.index % TIMED_STRIDE === 0) {
        batches.next();
        continue;
      }
      list.read(text);
      requests.span(text);
    }
    for (let i = 0; i < list.count; i += TIMED_STRIDE) {
      list.seek(i);
      list.read(text);
      if (text.len === 0) continue;
      this.beginFieldDeadline(key, parseInteger(text.buf, text.start, text.len));
      list.next();
      list.read(text);
      requests.span(text);
    }
  }

  // ---- values in pieces, each of which has requests of its own

  /** What stands in front of a string and behind it. */
  beginString(e: Ptr, out: RdbOutput): void {
    const requests = this.to(out);
    requests.begin(3);
    requests.bytes(WORDS.set);
    this.writeName(e);
    requests.wordHead(this.keyspace.entries.valueLength(e));
  }

  endString(e: Ptr, out: RdbOutput): void {
    this.to(out).lineBreak();
    this.writeDeadline(e, out);
  }

  /** What writes the elements of a table one after the other: as many as there are now. */
  elements(e: Ptr): (element: Ptr, out: RdbOutput) => void {
    const { entries, dict, zsets } = this.keyspace;
    const type = entries.type(e);
    if (type === HASH) {
      const write = this.fields(e);
      return (f, out) => {
        this.to(out);
        write(f);
      };
    }
    const key = this.key(e);
    const isSet = type === SET;
    const batches = isSet
      ? this.batches(WORDS.sadd, key, dict.count(entries.reference(e)), 1)
      : this.batches(WORDS.zadd, key, this.zsetLength(e), 2);
    return (m, out) => {
      const requests = this.to(out);
      batches.next();
      if (!isSet) requests.double(zsets.scoreOf(m));
      this.writeName(m);
    };
  }

  /** What writes the leaves of a list. */
  leaves(e: Ptr): (p: Ptr, bytes: number, out: RdbOutput) => void {
    const key = this.key(e);
    return (p, bytes, out) => {
      this.to(out);
      this.list.open(p, bytes);
      this.writeElements(p, bytes, this.batches(WORDS.rpush, key, this.list.count, 1));
    };
  }

  /** What writes the leaves of a stream. */
  streamLeaves(e: Ptr): (p: Ptr, bytes: number, words: Int32Array, keyAt: number, out: RdbOutput) => void {
    const key = this.key(e);
    return (p, bytes, words, keyAt, out) => {
      this.to(out);
      this.streams.leaf(p, bytes, words, keyAt, key);
    };
  }

  /** What comes after the leaves of a stream. */
  endStream(e: Ptr, out: RdbOutput): void {
    this.to(out);
    this.streams.end(this.keyspace.streams.header(e), this.key(e));
    this.writeDeadline(e, out);
  }
}
