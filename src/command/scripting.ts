import { parseInteger } from "../lib/integer.ts";
import type { Args } from "../resp/args.ts";
import type { EncodedReply } from "../resp/reply.ts";
import { type Script, ScriptCache, SHA_BYTES, sha1 } from "../script/cache.ts";
import { type FunctionEngine, LuaEngine, Outcome } from "../script/engine.ts";
import { readShebang, SCRIPT_FLAGS, UNDECLARED } from "../script/flags.ts";
import type { Call } from "./call.ts";
import type { SuspendedTimer } from "./call-timer.ts";
import { FLAGS } from "./command.ts";
import { GATE_BUSY, GATE_MEMORY_FULL, GATE_MONITORED, type ServerContext } from "./context.ts";
import { ERRORS, error } from "./errors.ts";
import { FunctionLibraries } from "./function-libraries.ts";
import { tellMonitorsOfScript } from "./monitoring.ts";
import { CommandHost, type ScriptKind, type ScriptRun } from "./script-host.ts";
import { scriptRefusal } from "./write-refusal.ts";

/** Where keys start in the requests that run scripts, and their number. */
const KEY_COUNT_ARG = 2;
const FIRST_KEY_ARG = 3;

const NO_SCRIPT = error("NOSCRIPT No matching script. Please use EVAL.");
const TOO_MANY_KEYS = error("ERR Number of keys can't be greater than number of args");
const NEGATIVE_KEYS = error("ERR Number of keys can't be negative");
const BAD_KEY_COUNT = error("ERR Bad number of keys provided");
const NO_FUNCTION = error("ERR Function not found");
const WRITES_BY_RO = error("ERR Can not execute a script with write flag using *_ro command.");
const OOM_NOT_ALLOWED = error(
  "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
);
const NOT_BUSY = error("NOTBUSY No scripts in execution right now.");
const UNKILLABLE = error(
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or " +
    "kill the server in a hard way using the SHUTDOWN NOSAVE command.",
);
const BUSY_EVAL = error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
const BUSY_FUNCTION = error("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");

/**
 * Scripts and functions: keeps them, runs them, and says who may interrupt them.
 *
 * Invariants
 * 1. `host.run` is the script that runs, from before its first instruction until its reply is written. There is one at most: scripts can't
 *    run scripts.
 * 2. While a script is paused, GATE_BUSY is set, and no command runs that changes data or runs scripts.
 * 3. What a script changes is one unit in the journal.
 * 4. An engine's handle is used only with the generation that it comes from.
 */
export class Scripting {
  readonly host: CommandHost;
  readonly libraries: FunctionLibraries;
  readonly scripts: ScriptCache;
  /** Made with the first script: a server without scripts pays nothing for it. */
  private engine: LuaEngine | undefined;

  constructor(private readonly server: ServerContext) {
    this.host = new CommandHost(server);
    this.libraries = new FunctionLibraries(this.host);
    this.scripts = new ScriptCache((script) => this.release(script));
  }

  get running(): ScriptRun | undefined {
    return this.host.run;
  }

  /** Bytes that scripts' values and code take in their machine. */
  get engineBytes(): number {
    return this.engine?.bytesUsed ?? 0;
  }

  /** An estimate of what is kept of scripts and functions outside of the machines they run in. */
  get usedBytes(): number {
    return this.scripts.usedBytes + this.libraries.all.usedBytes;
  }

  /** What clients are told while a script is paused. */
  get busyError(): EncodedReply {
    return this.running?.kind === "function" ? BUSY_FUNCTION : BUSY_EVAL;
  }

  /** EVAL and its like: the script, or its SHA1, is argument 1. */
  evaluate(c: Call, bySha: boolean, readOnly: boolean): void {
    this.tellMonitors(c);
    if (bySha && c.args.len[1] !== SHA_BYTES) c.fail(NO_SCRIPT);
    const keyCount = this.keyCount(c, ERRORS.notInteger);
    const script = c.failed ? undefined : this.wanted(c, bySha);
    if (script === undefined) return;
    const handle = this.compiled(c, script);
    if (handle === 0) return;
    this.scripts.used(script);
    if (this.mayRun(c, script.flags, readOnly)) {
      this.run(c, this.engine!, handle, keyCount, this.newRun(c, "eval", script.sha, script.flags, readOnly));
    }
  }

  private wanted(c: Call, bySha: boolean): Script | undefined {
    if (!bySha) return this.scriptOf(c, 1, false);
    const script = this.scripts.findSha(c.args.buf, c.args.start[1]);
    if (script === undefined) c.fail(NO_SCRIPT);
    return script;
  }

  /** FCALL and FCALL_RO: the function's name is argument 1. */
  callFunction(c: Call, readOnly: boolean): void {
    this.tellMonitors(c);
    const found = this.libraries.find(c.args.text(1));
    if (found === undefined) {
      c.fail(NO_FUNCTION);
      return;
    }
    const keyCount = this.keyCount(c, BAD_KEY_COUNT);
    if (c.failed || !this.mayRun(c, found.flags, readOnly)) return;
    const engine = this.libraries.ready(found.library.engine);
    this.run(c, engine, found.handle, keyCount, this.newRun(c, "function", found.name, found.flags, readOnly));
  }

  /** Keeps the script in argument i for EVALSHA. Undefined when it failed. */
  load(c: Call, i: number): string | undefined {
    const script = this.scriptOf(c, i, true);
    if (script === undefined || this.compiled(c, script) === 0) return undefined;
    this.scripts.keep(script);
    return script.sha;
  }

  /** Forgets all scripts, and the values that they left behind. */
  flush(): void {
    this.scripts.clear();
    this.engine?.reset();
  }

  /** SCRIPT KILL and FUNCTION KILL. */
  kill(c: Call, kind: ScriptKind): void {
    const { running } = this;
    if (running === undefined) c.fail(NOT_BUSY);
    else if (running.dirty) c.fail(UNKILLABLE);
    else if (running.kind !== kind) c.fail(this.busyError);
    if (c.failed) return;
    running!.killed = true;
    c.reply.ok();
  }

  /** The flags of a request that runs the script, or that of the SHA1, in argument 1. */
  evalFlags(args: Args, command: number, bySha: boolean): number {
    const script = bySha ? this.scripts.find(args.text(1)) : this.cached(args, 1);
    if (script !== undefined) return commandFlags(command, script.flags);
    const shebang = bySha ? "" : readShebang(args.own(1));
    return typeof shebang === "string" ? command : commandFlags(command, shebang.flags);
  }

  /** The flags of a request that runs the function in argument 1. */
  functionFlags(args: Args, command: number): number {
    const found = this.libraries.find(args.text(1));
    return found === undefined ? command : commandFlags(command, found.flags);
  }

  private tellMonitors({ client, entry, args }: Call): void {
    if (this.server.gate & GATE_MONITORED) tellMonitorsOfScript(this.server, client, entry, args);
  }

  private keyCount(c: Call, malformed: EncodedReply): number {
    const { buf, start, len } = c.args;
    const count = parseInteger(buf, start[KEY_COUNT_ARG], len[KEY_COUNT_ARG]);
    if (Number.isNaN(count)) c.fail(malformed);
    else if (count > c.argc - FIRST_KEY_ARG) c.fail(TOO_MANY_KEYS);
    else if (count < 0) c.fail(NEGATIVE_KEYS);
    return count;
  }

  private hash({ buf, start, len }: Args, i: number): number {
    return this.server.keyspace.databases[0].hash(buf, start[i], len[i]);
  }

  private cached(args: Args, i: number): Script | undefined {
    return this.scripts.findBody(this.hash(args, i), args.buf, args.start[i], args.len[i]);
  }

  /** The script in argument i, new ones too, but those only if they can be compiled. */
  private scriptOf(c: Call, i: number, loaded: boolean): Script | undefined {
    const known = this.cached(c.args, i);
    if (known !== undefined) return known;
    const body = c.args.own(i);
    const sha = sha1(body);
    const same = this.scripts.find(sha);
    if (same !== undefined) return same;
    const shebang = readShebang(body);
    if (typeof shebang === "string") {
      c.failText(shebang);
      return undefined;
    }
    const hash = this.hash(c.args, i);
    const script = {
      sha,
      body,
      hash,
      flags: shebang.flags,
      shebangLength: shebang.length,
      handle: 0,
      generation: -1,
      loaded,
      usedAt: 0,
    };
    if (this.compiled(c, script) === 0) return undefined;
    this.scripts.add(script);
    return script;
  }

  /** The engine's handle of a script; 0 when it fails. */
  private compiled(c: Call, script: Script): number {
    const engine = (this.engine ??= new LuaEngine(this.host, "eval"));
    if (script.handle > 0 && script.generation === engine.generation) return script.handle;
    const { body, shebangLength } = script;
    script.handle = engine.compile(body, shebangLength, body.length - shebangLength);
    script.generation = engine.generation;
    if (script.handle === 0) c.failText(`ERR Error compiling script (new function): ${engine.compileError}`);
    return script.handle;
  }

  private release({ handle, generation }: Script): void {
    if (generation === this.engine?.generation) this.engine.release(handle);
  }

  /** Whether a script with those flags may start; else fails. What it may call is another question. */
  private mayRun(c: Call, flags: number, readOnly: boolean): boolean {
    if (flags & UNDECLARED) return true;
    const { gate } = this.server;
    const writes = !(flags & SCRIPT_FLAGS["no-writes"]);
    const unsafe = writes ? scriptRefusal(this.server) : undefined;
    if (unsafe !== undefined) {
      c.failText(unsafe);
    } else if (writes && readOnly) {
      c.fail(WRITES_BY_RO);
    } else if (writes && gate & GATE_MEMORY_FULL && !(flags & SCRIPT_FLAGS["allow-oom"])) {
      c.fail(OOM_NOT_ALLOWED);
    }
    return !c.failed;
  }

  private newRun(
    { client, entry, args }: Call,
    kind: ScriptKind,
    name: string,
    flags: number,
    readOnly: boolean,
  ): ScriptRun {
    const declared = (flags & UNDECLARED) === 0;
    return {
      kind,
      name,
      client,
      entry,
      args,
      startUs: this.server.clock.monotonicUs(),
      db: client.db,
      readOnly: readOnly || (declared && (flags & SCRIPT_FLAGS["no-writes"]) !== 0),
      allowsOom: declared && (flags & SCRIPT_FLAGS["allow-oom"]) !== 0,
      dirty: false,
      busy: false,
      killed: false,
      journalled: true,
    };
  }

  private run(c: Call, engine: FunctionEngine, handle: number, keyCount: number, run: ScriptRun): void {
    this.host.run = run;
    const outer = this.server.runner.beginScript();
    const paused = engine.run(handle, c.args, FIRST_KEY_ARG, keyCount, c.reply);
    if (paused === undefined) {
      this.ended(c, engine, run, outer);
      return;
    }
    run.args = c.args.clone();
    c.pending = this.finish(c, engine, paused, run, outer);
  }

  /** The script has been paused: waits for its end. */
  private async finish(
    c: Call,
    engine: FunctionEngine,
    paused: Promise<void>,
    run: ScriptRun,
    outer: SuspendedTimer,
  ): Promise<void> {
    try {
      await paused;
      engine.finish(c.reply);
    } finally {
      this.server.gate &= ~GATE_BUSY;
      this.ended(c, engine, run, outer);
    }
  }

  private ended(c: Call, engine: FunctionEngine, { client, db, killed }: ScriptRun, outer: SuspendedTimer): void {
    const { runner, log } = this.server;
    this.host.run = undefined;
    client.db = db;
    runner.endScript(client, outer);
    c.errorCounted = engine.outcome === Outcome.COMMAND_ERROR;
    // Of Lua's functions Redis says the same.
    const isLua = engine instanceof LuaEngine;
    if (killed)
      log.warning(
        isLua ? "Lua script killed by user with SCRIPT KILL." : "Function killed by user with FUNCTION KILL.",
      );
  }
}

/** The flags of a command that runs a script with those flags: what the script declares counts, not what any script might do. */
function commandFlags(command: number, script: number): number {
  if (script & UNDECLARED) return command;
  let flags = command & ~(FLAGS.stale | FLAGS.denyoom | FLAGS.write | FLAGS.may_replicate);
  if (!(script & (SCRIPT_FLAGS["allow-oom"] | SCRIPT_FLAGS["no-writes"]))) flags |= FLAGS.denyoom;
  if (!(script & SCRIPT_FLAGS["no-writes"])) flags |= FLAGS.write;
  if (script & SCRIPT_FLAGS["allow-stale"]) flags |= FLAGS.stale;
  return flags;
}
