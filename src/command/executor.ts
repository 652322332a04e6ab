import type { Database } from "../keyspace/database.ts";
import type { KeyspaceObserver } from "../keyspace/keyspace.ts";
import { latin1 } from "../lib/bytes.ts";
import { OutOfMemory, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import { type EncodedReply, Reply } from "../resp/reply.ts";
import { Call } from "./call.ts";
import { type Client, GATE_SUBSCRIBED, GATE_UNAUTHENTICATED } from "./client.ts";
import { FLAGS } from "./command.ts";
import {
  GATE_LOADING,
  GATE_PAUSED_ALL,
  GATE_PAUSED_WRITES,
  GATE_WRITES_REFUSED,
  type ServerContext,
} from "./context.ts";
import { ERRORS } from "./errors.ts";
import type { TableEntry } from "./table.ts";

const MINUS = 45;
const SPACE = 32;
const SHOWN_BYTES_MAX = 128;
const ALLOWED_WHEN_SUBSCRIBED = new Set([
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]);

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
export class Executor implements KeyspaceObserver {
  readonly call: Call;
  private readonly deletion = new Reply(256);
  /** Takes the replies nobody reads: those of requests that come from a file. */
  private readonly sink = new Reply(256);
  /** Consecutive calls of one command are timed together: reading the clock costs as much as a small command. */
  private timed: TableEntry | undefined;
  private timedCalls = 0;
  /** When the command that is being timed started. */
  private startUs = 0;

  constructor(private readonly server: ServerContext) {
    this.call = new Call(server);
    server.keyspace.observer = this;
  }

  /** A connection's requests follow, one after the other. */
  startRun(): void {
    this.startUs = this.server.clock.monotonicUs();
  }

  /** The connection has no more requests. */
  endRun(): void {
    if (this.timed === undefined) return;
    this.recordTimed(this.timed);
    this.timed = undefined;
  }

  private recordTimed(entry: TableEntry): void {
    const nowUs = this.server.clock.monotonicUs();
    entry.stats.record(this.timedCalls, nowUs - this.startUs);
    this.server.stats.commandsProcessed += this.timedCalls;
    this.timedCalls = 0;
    this.startUs = nowUs;
  }

  /** Executes a request of a client and writes its reply. */
  execute(client: Client, args: Args, reply: Reply): Outcome {
    const entry = this.server.table.find(args);
    if (entry === undefined || (client.gate | this.server.gate) !== 0 || !isCallable(entry, args.count)) {
      return this.executeGated(client, args, reply, entry);
    }
    this.run(client, args, reply, entry);
    return DONE;
  }

  /** Executes a request from a file: no reply, no statistics, no permissions. Returns the error it would answer, if it fails. */
  replay(client: Client, args: Args): string | undefined {
    const entry = this.server.table.find(args);
    if (entry === undefined) return unknownCommand(args);
    if (!isCallable(entry, args.count)) return `ERR wrong number of arguments for '${entry.fullName}' command`;
    const { sink } = this;
    sink.truncate(0);
    this.call.begin(client, args, sink, entry);
    entry.command.run!(this.call);
    return sink.at > 0 && sink.buf[0] === MINUS ? latin1(sink.buf, 1, sink.at - 3) : undefined;
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
    const refusal = this.refusal(client, args, entry);
    if (refusal === undefined && this.isPaused(entry!)) return POSTPONED;
    const mark = reply.at;
    const silent = client.takeSilence();
    if (refusal !== undefined) this.reject(reply, entry, refusal);
    else this.run(client, args, reply, entry!);
    if (silent && !client.loud) reply.truncate(mark);
    return DONE;
  }

  /** Why the request may not run: an encoded error or its text. The order of the questions is Redis's. */
  private refusal(client: Client, args: Args, entry: TableEntry | undefined): EncodedReply | string | undefined {
    if (entry === undefined) return unknownCommand(args);
    const { command } = entry;
    if (command.run === undefined && args.count > 1) return unknownSubcommand(entry, args);
    if (!isCallable(entry, args.count)) return `ERR wrong number of arguments for '${entry.fullName}' command`;
    const flags = command.flagBits;
    if (client.gate & GATE_UNAUTHENTICATED && !(flags & FLAGS.no_auth)) return ERRORS.noAuth;
    const { gate } = this.server;
    if (gate & GATE_WRITES_REFUSED && (flags & FLAGS.write || command.name === "ping")) {
      return `MISCONF Errors writing to the AOF file: ${this.server.writeError}`;
    }
    if (client.gate & GATE_SUBSCRIBED && !ALLOWED_WHEN_SUBSCRIBED.has(entry.fullName)) {
      return (
        `ERR Can't execute '${entry.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed ` +
        "in this context"
      );
    }
    if (gate & GATE_LOADING && !(flags & FLAGS.loading)) return ERRORS.loading;
    return undefined;
  }

  /** Whether CLIENT PAUSE holds this command back. */
  private isPaused(entry: TableEntry): boolean {
    const { gate } = this.server;
    if (gate & GATE_PAUSED_ALL) return entry.fullName !== "client|unpause" && entry.fullName !== "client|kill";
    return (gate & GATE_PAUSED_WRITES) !== 0 && (entry.command.flagBits & (FLAGS.write | FLAGS.may_replicate)) !== 0;
  }

  private reject(reply: Reply, entry: TableEntry | undefined, refusal: EncodedReply | string): void {
    const mark = reply.at;
    if (typeof refusal === "string") reply.errorText(refusal);
    else reply.error(refusal);
    if (entry !== undefined) entry.stats.rejected++;
    this.countError(reply, mark);
  }

  private run(client: Client, args: Args, reply: Reply, entry: TableEntry): void {
    const c = this.call;
    const mark = reply.at;
    if (this.timed !== entry) {
      if (this.timed !== undefined) this.recordTimed(this.timed);
      this.timed = entry;
    }
    this.timedCalls++;
    reply.resp3 = client.resp3;
    c.begin(client, args, reply, entry);
    try {
      entry.command.run!(c);
    } catch (error) {
      this.broken(error, mark);
    }
    if (c.changes > 0) this.propagate(c);
    client.lastCommand = entry.fullName;
    client.lastActiveMs = c.nowMs;
    client.commandCount++;
    if (reply.buf[mark] === MINUS && reply.at > mark) {
      entry.stats.failed++;
      this.countError(reply, mark);
    }
  }

  private propagate(c: Call): void {
    const { stats, journal } = this.server;
    stats.dirty += c.changes;
    if (journal === undefined) return;
    c.client.unsaved = true;
    const { args, effects } = c;
    if (effects.at > 0) {
      journal.append(c.db.id, effects.buf, 0, effects.at);
      return;
    }
    args.mend();
    journal.append(c.db.id, args.buf, args.frameStart, args.frameEnd - args.frameStart);
  }

  /** A handler threw: out of memory, or a bug. Nothing that it wrote as its reply is sent. */
  private broken(error: unknown, mark: number): void {
    const { call } = this;
    call.reply.truncate(mark);
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

  keyExpired(db: Database, e: Ptr): void {
    const { entries } = this.server.keyspace;
    const { stats, journal, events } = this.server;
    const bytes = entries.segment(e);
    const start = entries.nameStart(e);
    const len = entries.nameLength(e);
    stats.expiredKeys++;
    stats.expiredLag.record(this.server.keyspace.nowMs - entries.deadline(e));
    if (journal !== undefined) {
      this.deletion.truncate(0);
      this.deletion.array(2);
      this.deletion.bulkText("DEL");
      this.deletion.bulk(bytes, start, len);
      journal.append(db.id, this.deletion.buf, 0, this.deletion.at);
    }
    if (events.classes !== 0) events.emit(EVENTS.expired, "expired", db.id, bytes, start, len);
  }
}

function isCallable(entry: TableEntry, count: number): boolean {
  const { arity, run } = entry.command;
  return run !== undefined && (arity >= 0 ? count === arity : count >= -arity);
}

/** Whether the request is a line of HTTP, which a web page could make a browser send here. */
function isBrowser(args: Args): boolean {
  return args.is(0, "POST") || args.is(0, "HOST:");
}

function unknownCommand(args: Args): string {
  let shown = "";
  for (let i = 1; i < args.count && shown.length < SHOWN_BYTES_MAX; i++) {
    shown += `'${args.quoted(i, SHOWN_BYTES_MAX - shown.length)}' `;
  }
  return `ERR unknown command '${args.quoted(0, SHOWN_BYTES_MAX)}', with args beginning with: ${shown}`;
}

function unknownSubcommand(entry: TableEntry, args: Args): string {
  const name = entry.fullName.toUpperCase();
  return `ERR unknown subcommand '${args.quoted(1, SHOWN_BYTES_MAX)}'. Try ${name} HELP.`;
}
