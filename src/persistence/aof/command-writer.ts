import type { Keyspace } from "../../keyspace/keyspace.ts";
import { encode, own, Span } from "../../lib/bytes.ts";
import { parseInteger } from "../../lib/integer.ts";
import type { Ptr } from "../../memory/arena.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import { HASH, HASHTABLE, HASHTABLE_EX, LIST, LISTPACK, LISTPACK_EX, SET, STRING, ZSET } from "../../types/kinds.ts";
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
  private readonly tree: TreeCursor;
  private readonly zset: ZsetCursor;
  private readonly text = new Span();

  constructor(private readonly keyspace: Keyspace) {
    this.streams = new StreamCommandWriter(keyspace, this.requests);
    this.list = new PackedList(keyspace.arena);
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
    const { tree } = this;
    const { entries, lists } = this.keyspace;
    const batches = new Batches(this.requests, WORDS.rpush, this.key(e), lists.length(e), 1);
    const bytes = entries.valueLength(e);
    if (bytes !== 0) {
      this.writeLeaf(entries.reference(e), bytes, batches);
      return;
    }
    for (let more = tree.seekFirst(entries.reference(e)); more; more = tree.next()) {
      this.writeLeaf(tree.leaf, tree.leafBytes, batches);
    }
  }

  private writeLeaf(p: Ptr, bytes: number, batches: Batches): void {
    const { list, text, requests } = this;
    for (list.open(p, bytes); list.index < list.count; list.next()) {
      list.read(text);
      batches.next();
      requests.span(text);
    }
  }

  private writeSet(e: Ptr): void {
    const { sets } = this.keyspace;
    const batches = new Batches(this.requests, WORDS.sadd, this.key(e), sets.length(e), 1);
    sets.forEach(e, (member) => {
      batches.next();
      this.requests.span(member);
    });
  }

  private writeZset(e: Ptr): void {
    const { zset, requests } = this;
    const batches = new Batches(requests, WORDS.zadd, this.key(e), this.keyspace.zsets.length(e), 2);
    for (let more = zset.seek(e, 0); more; more = zset.next()) {
      batches.next();
      requests.double(zset.score);
      requests.span(zset.member);
    }
  }

  private writeHash(e: Ptr): void {
    const { entries, hashes, dict } = this.keyspace;
    const encoding = entries.encoding(e);
    if (encoding === LISTPACK || encoding === LISTPACK_EX) {
      if (encoding === LISTPACK) this.writePackedHash(e);
      else this.writeTimedPackedHash(e);
      return;
    }
    const key = this.key(e);
    const table = encoding === HASHTABLE_EX ? hashes.timers.fields(entries.reference(e)) : entries.reference(e);
    const batches = new Batches(this.requests, WORDS.hmset, key, dict.count(table), 2);
    dict.forEach(table, (f) => this.writeField(f, batches));
    if (encoding === HASHTABLE) return;
    dict.forEach(table, (f) => this.writeFieldDeadline(f, key));
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
    const batches = new Batches(requests, WORDS.hmset, this.key(e), list.count >> 1, 2);
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
    const batches = new Batches(requests, WORDS.hmset, key, list.count / TIMED_STRIDE, 2);
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
}
