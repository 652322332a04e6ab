import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Span } from "../lib/bytes.ts";
import { parseDouble } from "../lib/float.ts";
import { parseInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import { type EncodedReply, Reply } from "../resp/reply.ts";
import type { Entries } from "../structures/entry.ts";
import type { Collection } from "../types/collection.ts";
import { STRING } from "../types/kinds.ts";
import type { Client } from "./client.ts";
import type { ServerContext } from "./context.ts";
import { ERRORS } from "./errors.ts";
import type { TableEntry } from "./table.ts";
import type { Waiter, Wish } from "./waiting.ts";

/** 2^63: timeouts of that many ms and more are refused. */
const TIMEOUT_MS_MAX = 2 ** 63;

/**
 * One command being executed: what a handler reads, and the only ways in which it may have consequences. There is one object, used for
 * every command in turn.
 *
 * A handler reads all its arguments, asks `failed` once, does its work and writes exactly one reply. It says what it changed with
 * `changed`, and, when the request's own text does not describe the effect (a relative time, chance, a sum of floats), writes the
 * effect to be journalled with `effect`. It never touches the journal, other clients, or events itself.
 */
export class Call {
  client!: Client;
  args!: Args;
  reply!: Reply;
  db!: Database;
  entry!: TableEntry;
  /** The time of this poll, Unix ms; 0 while a file is loaded, so that no deadline has passed. */
  nowMs = 0;
  /** The first failure was answered; all later ones are silent. */
  failed = false;
  /** How many things the command changed. */
  changes = 0;
  /** What the journal gets instead of the request, if anything: complete requests. */
  readonly effects = new Reply();
  /** The number of them. */
  effectCount = 0;
  /** The command may wait: it is not part of a transaction, a script or a file. */
  mayWait = true;
  /** What the command waits for, if it does. */
  wish: Wish | undefined;
  /** The request waited before and is run again. */
  waited: Waiter | undefined;
  /**
   * The handler goes on later, after other clients' requests, and the command ends with this. The handler sets it. What it resolves with
   * is done at a moment at which a request might be executed: not between those of a transaction nor in the middle of a script.
   */
  pending: Promise<void | (() => void)> | undefined;
  /** Where the reply starts. */
  mark = 0;
  /** If the reply is an error, that has been counted already, as the error of a command that a script ran. */
  errorCounted = false;
  /** The hash of the key that was looked up last, for the put that follows. */
  keyHash = 0;
  readonly keyspace: Keyspace;
  readonly entries: Entries;
  /** A range for a handler's own use. */
  readonly span = new Span();

  constructor(readonly server: ServerContext) {
    this.keyspace = server.keyspace;
    this.entries = server.keyspace.entries;
  }

  begin(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    this.client = client;
    this.args = args;
    this.reply = reply;
    this.db = client.db;
    this.entry = entry;
    this.nowMs = this.keyspace.nowMs;
    this.keyspace.mayChange = entry.mayChange;
    this.failed = false;
    this.changes = 0;
    this.effects.truncate(0);
    this.effectCount = 0;
    this.wish = undefined;
    this.pending = undefined;
    this.mark = reply.at;
    this.errorCounted = false;
  }

  /** The command goes on after others have been executed: it is another poll. */
  goOn(): void {
    this.server.startPoll();
    this.nowMs = this.keyspace.nowMs;
    this.keyspace.mayChange = this.entry.mayChange;
  }

  /** The time to be noted, Unix ms: that of this poll, and while a file is loaded, too. */
  get timeMs(): number {
    return this.nowMs === 0 ? this.server.clock.unixMs() : this.nowMs;
  }

  /** Number of arguments, the command's name included. */
  get argc(): number {
    return this.args.count;
  }

  fail(error: EncodedReply): void {
    if (this.failed) return;
    this.failed = true;
    this.reply.error(error);
  }

  /** Fails with a text that starts with its code ("ERR ..."). */
  failText(text: string): void {
    if (this.failed) return;
    this.failed = true;
    this.reply.errorText(text);
  }

  /** Fails as every command does that was given the wrong number of arguments. */
  failArity(): void {
    this.failText(`ERR wrong number of arguments for '${this.entry.fullName}' command`);
  }

  /** Argument i as a 64-bit integer: exact up to 2^53, an infinity of its sign beyond; else fails. */
  integer(i: number, error: EncodedReply = ERRORS.notInteger): number {
    const value = parseInteger(this.args.buf, this.args.start[i], this.args.len[i]);
    if (Number.isNaN(value)) this.fail(error);
    return value;
  }

  /** Argument i as an integer from min to max; else fails. */
  integerBetween(i: number, min: number, max: number, error: EncodedReply = ERRORS.notInteger): number {
    const value = this.integer(i, error);
    if (value < min || value > max) this.fail(error);
    return value;
  }

  /** Argument i as a finite or infinite double; else fails. */
  double(i: number): number {
    const value = parseDouble(this.args.buf, this.args.start[i], this.args.len[i]);
    if (value === undefined) this.fail(ERRORS.notFloat);
    return value ?? Number.NaN;
  }

  /** The entry of the key in argument i for reading: counted as hit or miss and as an access. NULL when there is none. */
  read(i: number): Ptr {
    const e = this.look(i);
    if (e !== NULL && this.keyspace.access.countsReads) this.touch(e);
    return e;
  }

  /** The entry of the key in argument i for reading, counted as hit or miss but not as an access. */
  look(i: number): Ptr {
    const e = this.peek(i);
    if (e === NULL) this.missed(i);
    else this.server.stats.keyspaceHits++;
    return e;
  }

  private missed(i: number): void {
    const { stats, events } = this.server;
    stats.keyspaceMisses++;
    const { buf, start, len } = this.args;
    if (events.classes !== 0) events.emit(EVENTS.keyMiss, "keymiss", this.db.id, buf, start[i], len[i]);
  }

  /** The entry of the key in argument i for changing it. */
  write(i: number): Ptr {
    const e = this.peek(i);
    if (e !== NULL) this.touch(e);
    return e;
  }

  /** The entry of the key in argument i, without any trace of the look. */
  peek(i: number): Ptr {
    const { buf } = this.args;
    const start = this.args.start[i];
    const len = this.args.len[i];
    this.keyHash = this.db.hash(buf, start, len);
    return this.db.find(buf, start, len, this.keyHash);
  }

  private touch(e: Ptr): void {
    if (!this.client.noTouch) this.keyspace.touch(e);
  }

  /** The string in the key of argument i, for reading; NULL when there is none, and when it is not a string, which fails. */
  readString(i: number): Ptr {
    const e = this.peek(i);
    if (e === NULL) {
      this.missed(i);
      return NULL;
    }
    this.server.stats.keyspaceHits++;
    if (this.keyspace.access.countsReads) this.touch(e);
    return this.entries.type(e) === STRING ? e : this.refuseType();
  }

  writeString(i: number): Ptr {
    return this.expect(this.write(i), STRING);
  }

  /** The collection of that type in the key of argument i, for reading; NULL when there is none, and when it is of another type, which fails. */
  readAs(i: number, type: number): Ptr {
    return this.expect(this.read(i), type);
  }

  writeAs(i: number, type: number): Ptr {
    return this.expect(this.write(i), type);
  }

  private expect(e: Ptr, type: number): Ptr {
    return e === NULL || this.entries.type(e) === type ? e : this.refuseType();
  }

  private refuseType(): Ptr {
    this.fail(ERRORS.wrongType);
    return NULL;
  }

  /**
   * Makes argument `valueArg` the string value of the key in argument `keyArg`. `old` is the key's entry or NULL, looked up last.
   * `deadlineMs` 0: none.
   */
  putString(keyArg: number, old: Ptr, typeAndEncoding: number, valueArg: number, deadlineMs: number): Ptr {
    const { buf, start, len } = this.args;
    return this.db.setString(
      old,
      buf,
      start[keyArg],
      len[keyArg],
      this.keyHash,
      typeAndEncoding,
      buf,
      start[valueArg],
      len[valueArg],
      deadlineMs,
    );
  }

  /**
   * Makes the key in argument `keyArg` refer to what `collection` has made last (its `root`); what was there before, and its deadline, is
   * gone. Returns the entry.
   */
  putNew(keyArg: number, typeAndEncoding: number, { root, rootBytes }: Collection): Ptr {
    const { buf, start, len } = this.args;
    const old = this.peek(keyArg);
    return this.db.putReference(
      old,
      buf,
      start[keyArg],
      len[keyArg],
      this.keyHash,
      typeAndEncoding,
      root,
      rootBytes,
      0,
    );
  }

  /** Deletes a collection that has become empty: the key in argument `keyArg`. */
  deleteEmptied(keyArg: number, e: Ptr): void {
    this.db.delete(e);
    this.notify(keyArg, EVENTS.generic, "del");
  }

  /** Tells that the key in argument i changed, and the event's class and name for those who listen. */
  changed(i: number, eventClass: number, event: string): void {
    this.changes++;
    const { events, keyChanges } = this.server;
    if (keyChanges.areFollowed || events.classes !== 0) this.notifyIn(this.db, i, eventClass, event);
  }

  changedIn(db: Database, i: number, eventClass: number, event: string): void {
    this.changes++;
    this.notifyIn(db, i, eventClass, event);
  }

  /** An event that is no further change. */
  notify(i: number, eventClass: number, event: string): void {
    this.notifyIn(this.db, i, eventClass, event);
  }

  notifyIn(db: Database, i: number, eventClass: number, event: string): void {
    const { buf, start, len } = this.args;
    const { events, keyChanges } = this.server;
    if (keyChanges.areFollowed) keyChanges.changed(db.id, buf, start[i], len[i], this.client);
    if (events.classes !== 0) events.emit(eventClass, event, db.id, buf, start[i], len[i]);
  }

  /** A change that nobody hears of by an event: the key in argument i has other content, or another place. */
  changedSilently(i: number): void {
    this.changes++;
    const { args, server } = this;
    if (server.keyChanges.areFollowed) {
      server.keyChanges.changed(this.db.id, args.buf, args.start[i], args.len[i], this.client);
    }
  }

  /** Starts a request of `argc` arguments for the journal; write them as bulk strings to the result. */
  effect(argc: number): Reply {
    this.effectCount++;
    this.effects.array(argc);
    return this.effects;
  }

  /** Writes argument i as the next argument of an effect. */
  effectArg(i: number): void {
    this.effects.bulk(this.args.buf, this.args.start[i], this.args.len[i]);
  }

  /** Argument i, seconds with a fraction, in ms; 0 is for ever. Fails as Redis does. */
  timeoutMs(i: number): number {
    const seconds = parseDouble(this.args.buf, this.args.start[i], this.args.len[i]);
    if (seconds === undefined) this.fail(ERRORS.timeoutNotFloat);
    else if (seconds < 0 || seconds * 1000 >= TIMEOUT_MS_MAX) this.fail(ERRORS.timeoutNegative);
    return Math.ceil((seconds ?? 0) * 1000);
  }

  /** Argument i, whole milliseconds; 0 is for ever. Fails as Redis does. */
  timeoutWholeMs(i: number): number {
    const ms = this.integer(i, ERRORS.timeoutNotInteger);
    if (ms < 0) this.fail(ERRORS.timeoutNegative);
    return ms;
  }

  /**
   * There is nothing to be had: the client waits until one of `keyCount` keys from argument `firstKeyArg` on has changed and is of `type`;
   * then the handler is run again from the start. After `timeoutMs` (0: never) it gets what `writeTimeoutReply` writes, and at once
   * where nobody may wait.
   */
  block(
    type: number,
    firstKeyArg: number,
    keyCount: number,
    timeoutMs: number,
    writeTimeoutReply: (reply: Reply) => void,
    { whenGone = false, note }: { whenGone?: boolean; note?: unknown } = {},
  ): void {
    if (!this.mayWait) {
      writeTimeoutReply(this.reply);
      return;
    }
    const deadlineMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.nowMs + timeoutMs;
    this.wish = { type, firstKeyArg, keyCount, deadlineMs, writeTimeoutReply, whenGone, note };
  }

  /** What the command gave to `block` as its note before it waited. */
  get note(): unknown {
    return this.waited?.note;
  }

  /** Replies with the bytes of a string entry. */
  replyString(e: Ptr): void {
    this.entries.value(e, this.span);
    this.reply.bulk(this.span.buf, this.span.start, this.span.len);
  }
}
