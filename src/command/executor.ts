import type { Database } from "../keyspace/database.ts";
import type { KeyspaceObserver } from "../keyspace/keyspace.ts";
import { latin1, own } from "../lib/bytes.ts";
import { nextTurn } from "../lib/next-turn.ts";
import { type Arena, OutOfMemory, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import { type EncodedReply, Reply } from "../resp/reply.ts";
import type { EndedFields } from "../types/hash-deadlines.ts";
import { Call } from "./call.ts";
import { CallTimer, type SuspendedTimer } from "./call-timer.ts";
import { type Client, GATE_MONITOR, GATE_SUBSCRIBED, GATE_TRACKING, GATE_UNAUTHENTICATED } from "./client.ts";
import { FLAGS } from "./command.ts";
import {
  GATE_BUSY,
  GATE_HOT_KEYS,
  GATE_LOADING,
  GATE_MEMORY_FULL,
  GATE_MONITORED,
  GATE_PAUSED_ALL,
  GATE_PAUSED_WRITES,
  type Runner,
  type ServerContext,
} from "./context.ts";
import { EffectUnit } from "./effect-unit.ts";
import { tellOfEnded, writeDeletion } from "./ended-fields.ts";
import { ERRORS, errorReplied } from "./errors.ts";
import { measureKeys } from "./key-sampling.ts";
import type { MemoryLimit } from "./memory-limit.ts";
import { tellMonitors, tellMonitorsWithin } from "./monitoring.ts";
import {
  ALLOWED_WHEN_SUBSCRIBED,
  isBrowser,
  isCallable,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from "./shape.ts";
import type { TableEntry } from "./table.ts";
import type { Waiter } from "./waiting.ts";
import { type Performer, Waking } from "./waking.ts";
import { writeRefusal } from "./write-refusal.ts";

const MINUS = 45;
const SPACE = 32;

/** Commands that a monitor may not use. */
const KEYSPACE_FLAGS = FLAGS.write | FLAGS.readonly | FLAGS.may_replicate;

/** What is not queued between MULTI and EXEC. */
const RUN_AT_ONCE = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);

/** What became of a request. */
export const DONE = 0;
/** It must be executed again later: clients are paused. */
export const POSTPONED = 1;
export type Outcome = typeof DONE | typeof POSTPONED;

/**
 * Runs commands: the one place where a command's consequences happen.
 *
 * Invariants
 * 1. A request writes exactly one reply, or none if the client asked for that.
 * 2. What the journal gets, applied in order to the state before, gives the state after: the request itself, the effect that
 *    the handler wrote in its stead, or the DEL of a key that expired on the way, in the order in which they happened.
 * 3. A command that fails changes nothing. If one breaks half-way (a bug), the client gets an error and the log a trace, and what
 *    had been changed is journalled all the same.
 */
export class Executor implements KeyspaceObserver, Runner, Performer {
  private call: Call;
  /** For requests within requests, by how deep they are. */
  private readonly inner: Call[] = [];
  private depth = 0;
  /** Serves those who wait. */
  readonly waking: Waking;
  private readonly deletion = new Reply(256);
  /** Takes the replies nobody reads: those of requests that come from a file. */
  private readonly sink = new Reply(256);
  private readonly timer: CallTimer;

  private readonly unit = new EffectUnit();
  /** A buffer with requests that nobody changes before the end of the poll. */
  steady: Uint8Array | undefined;
  /** What commands change goes to the journal. */
  private journals = true;

  private readonly arena: Arena;
  private readonly memoryLimit: MemoryLimit;

  constructor(private readonly server: ServerContext) {
    this.arena = server.keyspace.arena;
    this.memoryLimit = server.memoryLimit;
    this.timer = new CallTimer(server);
    this.call = new Call(server);
    this.waking = new Waking(server, this.timer, this);
    server.keyspace.observer = this;
  }

  /** A connection's requests follow, one after the other. */
  startRun(): void {
    this.timer.start();
  }

  /** The connection has no more requests. */
  endRun(): void {
    this.timer.stop();
  }

  /** Executes a request of a client and writes its reply. */
  execute(client: Client, args: Args, reply: Reply): Outcome {
    const entry = this.server.table.find(args);
    if (this.arena.usedBytes > this.memoryLimit.arenaBytesMax) this.memoryLimit.makeRoom();
    if (entry === undefined || (client.gate | this.server.gate) !== 0 || !isCallable(entry, args.count)) {
      return this.executeGated(client, args, reply, entry);
    }
    this.run(client, args, reply, entry);
    return DONE;
  }

  /**
   * Executes a request from a file: no reply, no statistics, no permissions. Returns the error it would answer, if it fails; of a script that
   * has been paused, which is to be waited for before the next request, that comes later.
   */
  replay(client: Client, args: Args): string | undefined | Promise<string | undefined> {
    const entry = this.server.table.find(args);
    if (entry === undefined) return unknownCommand(args);
    if (!isCallable(entry, args.count)) return wrongArity(entry);
    const { sink } = this;
    sink.truncate(0);
    const c = this.call;
    c.begin(client, args, sink, entry);
    entry.command.run!(c);
    if (c.pending === undefined) return errorReplied(sink);
    // Others' requests follow meanwhile.
    this.call = new Call(this.server);
    return c.pending.then(() => errorReplied(sink));
  }

  /** The uncommon ways of a request: refused, postponed, or answered with silence. */
  private executeGated(client: Client, args: Args, reply: Reply, entry: TableEntry | undefined): Outcome {
    if (entry === undefined && isBrowser(args)) {
      this.server.log.warning(
        `Possible SECURITY ATTACK detected: a browser sends POST or Host: to this port (cross protocol scripting). Connection from ${client.link.address} aborted.`,
      );
      client.link.close("now");
      return DONE;
    }
    if (this.server.gate & GATE_MEMORY_FULL) this.memoryLimit.look();
    const refusal = this.refusal(client, args, entry);
    if (refusal === undefined && this.isPaused(client, args, entry!)) return POSTPONED;
    const mark = reply.at;
    const silent = client.takeSilence();
    if (refusal !== undefined) this.reject(client, reply, entry, refusal);
    else if (client.transaction !== undefined && !RUN_AT_ONCE.has(entry!.fullName))
      this.enqueue(client, args, reply, entry!);
    else this.runObserved(client, args, reply, entry!);
    if (silent && !client.loud) reply.truncate(mark);
    return DONE;
  }

  /** Keeps a request for EXEC. */
  private enqueue(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    client.transaction!.add(entry, args.clone(), this.flagsOf(entry, args));
    client.lastCommand = entry.fullName;
    reply.queued();
  }

  /** Why the request may not run: an encoded error or its text. The order of the questions is Redis's. */
  private refusal(client: Client, args: Args, entry: TableEntry | undefined): EncodedReply | string | undefined {
    if (entry === undefined) return unknownCommand(args);
    const { command } = entry;
    if (command.run === undefined && args.count > 1) return unknownSubcommand(entry, args);
    if (!isCallable(entry, args.count)) return wrongArity(entry);
    const flags = this.flagsOf(entry, args) | (command.name === "exec" ? (client.transaction?.flagBits ?? 0) : 0);
    if (client.gate & GATE_UNAUTHENTICATED && !(flags & FLAGS.no_auth)) return ERRORS.noAuth;
    const { gate } = this.server;
    const unsafe = flags & FLAGS.write || command.name === "ping" ? writeRefusal(this.server) : undefined;
    if (unsafe !== undefined) return unsafe;
    if (gate & GATE_MEMORY_FULL && this.needsMemory(client, entry, flags)) return ERRORS.outOfMemory;
    if (client.gate & GATE_SUBSCRIBED && !ALLOWED_WHEN_SUBSCRIBED.has(entry.fullName)) {
      return (
        `ERR Can't execute '${entry.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed ` +
        "in this context"
      );
    }
    if (gate & GATE_LOADING && !(command.flagBits & FLAGS.loading)) return ERRORS.loading;
    if (gate & GATE_BUSY && !(flags & FLAGS.allow_busy)) return this.server.scripting.busyError;
    if (client.transaction !== undefined && flags & FLAGS.no_multi && !RUN_AT_ONCE.has(entry.fullName)) {
      return ERRORS.notInTransaction;
    }
    if (client.gate & GATE_MONITOR && flags & KEYSPACE_FLAGS) return ERRORS.notForMonitors;
    return undefined;
  }

  /** The flags that count for a request: of one that would run a script, the script's. */
  private flagsOf({ command }: TableEntry, args: Args): number {
    return command.requestFlags?.(this.server, args) ?? command.flagBits;
  }

  /** Whether a request is refused at the limit of memory: of a transaction all that would be queued. */
  private needsMemory(client: Client, entry: TableEntry, flags: number): boolean {
    return (flags & FLAGS.denyoom) !== 0 || (client.transaction !== undefined && !RUN_AT_ONCE.has(entry.fullName));
  }

  /** Whether CLIENT PAUSE holds this command back. */
  private isPaused(client: Client, args: Args, entry: TableEntry): boolean {
    const { gate } = this.server;
    if (gate & GATE_PAUSED_ALL) return entry.fullName !== "client|unpause" && entry.fullName !== "client|kill";
    if ((gate & GATE_PAUSED_WRITES) === 0) return false;
    const { transaction } = client;
    let flagBits = this.flagsOf(entry, args);
    // Requests are queued during a pause, and wait with their EXEC.
    if (transaction !== undefined) flagBits = entry.fullName === "exec" ? transaction.flagBits : 0;
    return (flagBits & (FLAGS.write | FLAGS.may_replicate)) !== 0;
  }

  private reject(client: Client, reply: Reply, entry: TableEntry | undefined, refusal: EncodedReply | string): void {
    const mark = reply.at;
    const text = typeof refusal === "string" ? refusal : latin1(refusal, 1, refusal.length - 3);
    if (entry?.fullName === "exec") {
      this.abandonTransaction(client);
      reply.errorText(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, "")}`);
    } else {
      if (client.transaction !== undefined) client.transaction.failed = true;
      reply.errorText(text);
    }
    if (entry !== undefined) entry.stats.rejected++;
    this.countError(reply, mark);
  }

  private run(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    const c = this.call;
    const mark = reply.at;
    this.timer.begin(entry);
    reply.resp3 = client.resp3;
    this.perform(c, client, args, reply, entry);
    if (c.pending !== undefined) {
      void this.park(c, c.pending);
      return;
    }
    if (c.wish === undefined) this.timer.end(client, args, reply.at - mark);
    else this.waking.start(c, c.wish);
    if (this.server.waiting.hasReady) this.waking.serve();
    this.ended(c);
  }

  private ended({ client, entry, nowMs }: Call): void {
    client.lastCommand = entry.fullName;
    client.lastActiveMs = nowMs;
    client.commandCount++;
  }

  perform(c: Call, client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    c.begin(client, args, reply, entry);
    if (this.server.unsynced !== undefined) this.server.unsynced.seen(c);
    try {
      entry.command.run!(c);
    } catch (error) {
      this.broken(c, error);
    }
    if (c.pending === undefined) this.conclude(c);
  }

  /** The handler is done: its consequences happen. */
  private conclude(c: Call): void {
    if (c.changes > 0) this.propagate(c);
    this.countFailure(c.entry, c.reply, c.mark, c.errorCounted);
  }

  /**
   * The request that `c` executes goes on later: what it has needs must be its own, because others' requests follow. Its client waits.
   */
  private async park(c: Call, pending: Promise<void | (() => void)>): Promise<void> {
    const { client, entry } = c;
    this.call = new Call(this.server);
    this.divert(c);
    c.args = c.args.clone();
    client.link.suspend();
    try {
      const rest = await pending;
      while (rest !== undefined && (this.inUnit || this.server.gate & (GATE_BUSY | GATE_LOADING))) await nextTurn();
      if (rest !== undefined) this.timer.restart(entry);
      rest?.();
    } catch (error) {
      this.broken(c, error);
    }
    this.conclude(c);
    this.server.unsynced?.changedAnything();
    this.timer.end(client, c.args, c.reply.at);
    this.timer.stop();
    this.ended(c);
    if (client.gate & GATE_TRACKING) this.server.tracking.requestDone(client, entry);
    if (client.replyMode !== "off") client.link.push(own(c.reply.buf, 0, c.reply.at));
    client.link.resumeLater();
  }

  /** Gives a call, and those within it, a reply of their own that begins with what has been written. */
  private divert(c: Call): void {
    const { reply, mark } = c;
    const answer = new Reply(256);
    answer.resp3 = reply.resp3;
    answer.raw(reply.buf, mark, reply.at - mark);
    reply.truncate(mark);
    for (const call of [c, ...this.inner.slice(0, this.depth)]) {
      call.reply = answer;
      call.mark -= mark;
    }
  }

  countFailure(entry: TableEntry, reply: Reply, mark: number, isCounted = false): void {
    if (reply.buf[mark] !== MINUS || reply.at === mark) return;
    entry.stats.failed++;
    if (!isCounted) this.countError(reply, mark);
  }

  /** What follows a request of a client of whom more is known than that it has a connection. */
  private runObserved(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    if (this.server.gate & GATE_HOT_KEYS) this.runMeasured(client, args, reply, entry);
    else this.run(client, args, reply, entry);
    this.remember(client, entry, args);
    if (client.gate & GATE_TRACKING) this.server.tracking.requestDone(client, entry);
  }

  private runMeasured(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    const mark = reply.at;
    const startUs = this.server.clock.monotonicUs();
    this.run(client, args, reply, entry);
    measureKeys(this.server, entry, args, startUs, reply.at - mark);
  }

  private remember(client: Client, entry: TableEntry, args: Args): void {
    // What scripts read they tell themselves.
    const reads = entry.command.flagBits & FLAGS.readonly && entry.command.requestFlags === undefined;
    if (client.gate & GATE_TRACKING && reads) {
      this.server.tracking.remember(client, entry, args);
    }
    if (this.server.gate & GATE_MONITORED) tellMonitors(this.server, client, entry, args);
  }

  get inUnit(): boolean {
    return this.unit.isActive;
  }

  beginUnit(): void {
    this.unit.begin();
  }

  endUnit(client: Client): void {
    // A script may have been paused, and its client flushed, since it wrote.
    if (this.unit.end(this.server.journal, client.db.id)) client.unsaved = true;
  }

  runInner(client: Client, entry: TableEntry, args: Args, reply: Reply): Promise<void> | undefined {
    const { timer } = this;
    const outer = timer.suspend();
    const c = this.innerCall(this.depth++);
    timer.begin(entry);
    reply.resp3 = client.resp3;
    const startUs = this.server.gate & GATE_HOT_KEYS ? this.server.clock.monotonicUs() : 0;
    this.perform(c, client, args, reply, entry);
    if (startUs > 0) measureKeys(this.server, entry, args, startUs, reply.at - c.mark);
    if (c.pending === undefined) return this.endInner(c, outer);
    return c.pending.then(() => {
      this.conclude(c);
      this.endInner(c, outer);
    });
  }

  private endInner(c: Call, outer: SuspendedTimer): undefined {
    const { client, args, entry, reply, mark } = c;
    this.timer.end(client, args, reply.at - mark);
    this.depth--;
    this.timer.resume(outer);
    this.remember(client, entry, args);
  }

  beginScript(): SuspendedTimer {
    this.beginUnit();
    return this.timer.suspend();
  }

  endScript(client: Client, outer: SuspendedTimer): void {
    this.timer.resume(outer);
    this.endUnit(client);
  }

  runScripted(client: Client, entry: TableEntry, args: Args, reply: Reply, journalled: boolean): void {
    const { timer, server } = this;
    const c = this.innerCall(this.depth++);
    timer.beginScripted(entry, args);
    this.journals = journalled;
    this.perform(c, client, args, reply, entry);
    this.journals = true;
    timer.endScripted(client, args);
    this.depth--;
    if (server.gate & GATE_MONITORED) tellMonitorsWithin(server, client, entry, args);
  }

  private innerCall(depth: number): Call {
    const { inner } = this;
    if (inner.length === depth) {
      const c = new Call(this.server);
      c.mayWait = false;
      inner.push(c);
    }
    return inner[depth];
  }

  private abandonTransaction(client: Client): void {
    client.endTransaction();
    this.server.watches.forget(client);
  }

  endWaiting(waiter: Waiter, writeReply: (reply: Reply) => void): void {
    this.waking.end(waiter, writeReply);
  }

  private propagate(c: Call): void {
    const { stats, journal } = this.server;
    stats.dirty += c.changes;
    if (journal === undefined || !this.journals) return;
    c.client.unsaved = true;
    if (this.server.unsynced !== undefined) this.server.unsynced.changed(c);
    const { args, effects } = c;
    if (effects.at > 0) {
      this.unit.append(journal, c.db.id, effects.buf, 0, effects.at, c.effectCount);
    } else {
      args.mend();
      const isSteady = args.buf === this.steady && this.unit.isAbsent;
      if (isSteady) journal.appendSteady(c.db.id, args.buf, args.frameStart, args.frameEnd - args.frameStart);
      else this.unit.append(journal, c.db.id, args.buf, args.frameStart, args.frameEnd - args.frameStart, 1);
    }
  }

  /** A handler threw: out of memory, or a bug. Nothing that it wrote as its reply is sent. */
  private broken(call: Call, error: unknown): void {
    call.reply.truncate(call.mark);
    if (error instanceof OutOfMemory || error instanceof RangeError) {
      call.reply.error(ERRORS.outOfMemory);
    } else {
      this.server.stats.unexpectedErrors++;
      call.reply.errorText("ERR internal error, see the server's log");
    }
    const trace = error instanceof Error ? error.stack : String(error);
    this.server.log.warning(`Command ${call.entry.fullName} failed unexpectedly: ${trace}`);
  }

  private countError(reply: Reply, mark: number): void {
    let end = mark + 1;
    while (end < reply.at && reply.buf[end] !== SPACE && reply.buf[end] > SPACE) end++;
    this.server.stats.countError(latin1(reply.buf, mark + 1, end - mark - 1));
  }

  keyCreated(db: Database, e: Ptr): void {
    const { keyspace, events } = this.server;
    const { entries } = keyspace;
    events.emit(EVENTS.newKey, "new", db.id, entries.segment(e), entries.nameStart(e), entries.nameLength(e));
  }

  keyExpired(db: Database, e: Ptr): void {
    const { keyspace, stats } = this.server;
    stats.expiredKeys++;
    stats.expiredLag.record(keyspace.nowMs - keyspace.entries.deadline(e));
    this.keyGoes(db, e, EVENTS.expired, "expired");
  }

  keyEvicted(db: Database, e: Ptr): void {
    this.server.stats.evictedKeys++;
    this.keyGoes(db, e, EVENTS.evicted, "evicted");
  }

  /** The consequences of a key's deletion that no request asked for. */
  private keyGoes(db: Database, e: Ptr, eventClass: number, event: string): void {
    const { journal, events, keyChanges, keyspace } = this.server;
    const { entries } = keyspace;
    const bytes = entries.segment(e);
    const start = entries.nameStart(e);
    const len = entries.nameLength(e);
    if (journal !== undefined) {
      this.deletion.truncate(0);
      this.deletion.array(2);
      this.deletion.bulkText("DEL");
      this.deletion.bulk(bytes, start, len);
      this.unit.append(journal, db.id, this.deletion.buf, 0, this.deletion.at, 1);
    }
    if (keyChanges.areFollowed) keyChanges.changed(db.id, bytes, start, len, undefined);
    if (events.classes !== 0) events.emit(eventClass, event, db.id, bytes, start, len);
  }

  fieldsExpired(db: Database, e: Ptr, ended: EndedFields): void {
    const { journal, keyspace } = this.server;
    if (journal !== undefined) {
      writeDeletion(this.deletion, ended, keyspace.entries, e);
      this.unit.append(journal, db.id, this.deletion.buf, 0, this.deletion.at, 1);
    }
    tellOfEnded(this.server, db, e, ended);
  }
}
