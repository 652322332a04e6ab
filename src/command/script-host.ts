import type { Database } from "../keyspace/database.ts";
import { latin1 } from "../lib/bytes.ts";
import { nextTurn } from "../lib/next-turn.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import { GO_ON, KILL, PAUSE, type ScriptHost, type Verdict } from "../script/engine.ts";
import { type Client, GATE_TRACKING } from "./client.ts";
import { type Command, FLAGS } from "./command.ts";
import { GATE_BUSY, GATE_MEMORY_FULL, type ServerContext } from "./context.ts";
import { ERRORS, error } from "./errors.ts";
import { isCallable } from "./shape.ts";
import type { TableEntry } from "./table.ts";
import { writeRefusal } from "./write-refusal.ts";

const UNKNOWN_COMMAND = error("ERR Unknown Redis command called from script");
const WRONG_ARITY = error("ERR Wrong number of args calling Redis command from script");
const NOT_IN_SCRIPTS = error("ERR This Redis command is not allowed from script");
const READ_ONLY = error("ERR Write commands are not allowed from read-only scripts.");
const FAILED = error("ERR internal error, see the server's log");
/** Loading a library may take so long: it only registers functions. */
const LOAD_US_MAX = 500_000;
/** redis.set_repl: what is changed goes to the journal. */
const TO_JOURNAL = 1;

export type ScriptKind = "eval" | "function";

/** A script that is being run. */
export interface ScriptRun {
  readonly kind: ScriptKind;
  /** Its SHA1, or the function's name. */
  readonly name: string;
  readonly client: Client;
  /** The request that runs it. */
  readonly entry: TableEntry;
  args: Args;
  readonly startUs: number;
  /** The client's database before. */
  readonly db: Database;
  readonly readOnly: boolean;
  readonly allowsOom: boolean;
  /** It has changed data, or may have. */
  dirty: boolean;
  /** It runs for so long that other clients are told so. */
  busy: boolean;
  killed: boolean;
  journalled: boolean;
}

/** What scripts may do to the server. */
export class CommandHost implements ScriptHost {
  /** The script that runs, if one does. */
  run: ScriptRun | undefined;
  /** Milliseconds after which others are told that a script runs; 0: never. */
  busyReplyThresholdMs = 0;
  deprecatedApi = false;
  /** For tests: scripts may use commands that are not for them. */
  allowsAll = false;
  private loadStartUs = 0;
  private isLoading = false;

  constructor(private readonly server: ServerContext) {}

  /** A library's code is run, until `loadEnded`. */
  loadBegins(): void {
    this.isLoading = true;
    this.loadStartUs = this.server.clock.monotonicUs();
  }

  loadEnded(): void {
    this.isLoading = false;
  }

  name(): string {
    return this.run?.name ?? "";
  }

  call(args: Args, reply: Reply): void {
    const mark = reply.at;
    try {
      this.execute(this.run!, args, reply);
    } catch (error) {
      reply.truncate(mark);
      reply.error(FAILED);
      this.server.log.warning(`A script's command failed unexpectedly: ${(error as Error).stack}`);
    }
  }

  private execute(run: ScriptRun, args: Args, reply: Reply): void {
    const { server } = this;
    const entry = server.table.find(args);
    const refusal = this.refusal(run, entry, args);
    if (refusal !== undefined) {
      this.refuse(refusal, entry, reply);
      return;
    }
    if (entry!.command.flagBits & FLAGS.write) run.dirty = true;
    server.runner.runScripted(run.client, entry!, args, reply, run.journalled);
    if (run.client.gate & GATE_TRACKING && entry!.command.flagBits & FLAGS.readonly) this.track(run);
  }

  /** A script that reads has read all the keys that it was given, and no others: as in Redis. */
  private track({ client, entry, args }: ScriptRun): void {
    this.server.tracking.remember(client, entry, args);
  }

  /** Why a command may not be run: an encoded error or its text. */
  private refusal(run: ScriptRun, entry: TableEntry | undefined, args: Args): Uint8Array | string | undefined {
    if (entry === undefined) return UNKNOWN_COMMAND;
    const { command } = entry;
    if (command.run === undefined && args.count > 1) return UNKNOWN_COMMAND;
    if (!isCallable(entry, args.count)) return WRONG_ARITY;
    const flags = command.flagBits;
    if (!this.isForScripts(command)) return NOT_IN_SCRIPTS;
    if (run.readOnly && flags & (FLAGS.write | FLAGS.may_replicate)) return READ_ONLY;
    // A script that has changed something is not stopped half-way.
    if (run.dirty) return undefined;
    const { gate } = this.server;
    const unsafe = flags & FLAGS.write ? writeRefusal(this.server) : undefined;
    if (unsafe !== undefined) return unsafe;
    if (flags & FLAGS.denyoom && gate & GATE_MEMORY_FULL && !run.allowsOom) return ERRORS.outOfMemory;
    return undefined;
  }

  /** Commands that wait are not, as in Redis 7.0; those that read streams wait only if they are told to. */
  private isForScripts({ flagBits, group, categories }: Command): boolean {
    if (this.allowsAll) return !categories?.includes("scripting");
    return !(flagBits & FLAGS.noscript) && (!(flagBits & FLAGS.blocking) || group === "stream");
  }

  private refuse(refusal: Uint8Array | string, entry: TableEntry | undefined, reply: Reply): void {
    const mark = reply.at;
    if (typeof refusal === "string") reply.errorText(refusal);
    else reply.raw(refusal);
    if (entry !== undefined) entry.stats.rejected++;
    const text = latin1(reply.buf, mark + 1, reply.at - mark - 1);
    this.server.stats.countError(text.slice(0, text.indexOf(" ")));
  }

  unixMs(): number {
    return this.server.clock.unixMs();
  }

  log(level: number, message: Uint8Array): void {
    const { log } = this.server;
    const text = latin1(message);
    if (level === 0) log.debug(text);
    else if (level === 1) log.verbose(text);
    else if (level === 2) log.notice(text);
    else log.warning(text);
  }

  setReplication(flags: number): void {
    this.run!.journalled = (flags & TO_JOURNAL) !== 0;
  }

  /** There are no users yet: everybody may do everything. */
  aclCheck(args: Args): 1 | -1 {
    const entry = this.server.table.find(args);
    return entry === undefined || (entry.command.run === undefined && args.count > 1) ? -1 : 1;
  }

  poll(): Verdict {
    const { run, server } = this;
    const nowUs = server.clock.monotonicUs();
    if (this.isLoading) return nowUs - this.loadStartUs > LOAD_US_MAX ? KILL : GO_ON;
    if (run === undefined) return GO_ON;
    if (run.killed) return KILL;
    if (run.busy) return PAUSE;
    const ms = (nowUs - run.startUs) / 1000;
    if (this.busyReplyThresholdMs === 0 || ms < this.busyReplyThresholdMs) return GO_ON;
    const command = run.kind === "eval" ? "SCRIPT KILL" : "FUNCTION KILL";
    server.log.warning(
      `Slow script detected: still in execution after ${Math.floor(ms)} milliseconds. You can try killing the script using the ` +
        `${command} command. Script name is: ${run.name}.`,
    );
    run.busy = true;
    server.gate |= GATE_BUSY;
    return PAUSE;
  }

  /** Others' requests follow. No key's time comes for a script from a file that is loaded, but it does for them. */
  async pause(): Promise<void> {
    const { keyspace, clock } = this.server;
    const { nowMs } = keyspace;
    if (nowMs === 0) keyspace.setNow(clock.unixMs());
    await nextTurn();
    keyspace.nowMs = nowMs;
  }
}
