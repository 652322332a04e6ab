/**
 * Lua 5.1 as Redis has it. Knows requests and replies as bytes, and nothing of commands: those are the host's.
 *
 * Invariants:
 * - While a script runs or is paused the engine is entered by nobody else.
 * - After a trap the machine is given up, and with it all handles: the next use makes a new one, of the next generation.
 */
import { copyBytes, latin1, own } from "../lib/bytes.ts";
import { Args } from "../resp/args.ts";
import { Reply } from "../resp/reply.ts";
import { CAN_PAUSE, Machine, type MachineImports } from "./machine.ts";

/**
 * What scripts may ask of the server. Nothing here may throw: an exception in the middle of a script leaves the machine unusable.
 * `args` and `reply` are borrowed for the time of the call.
 */
export interface ScriptHost {
  /** Whether scripts find setfenv, getfenv and newproxy: asked when a machine is made. */
  readonly deprecatedApi: boolean;
  /**
   * redis.call and redis.pcall: argument 0 is the command's name; `args` has a complete request (`frameStart` to `frameEnd`) that may
   * be journalled. Exactly one reply goes to `reply`, whose `resp3` is what redis.setresp chose (RESP2 at the start of a script).
   * An error reply becomes a Lua error (call) or a table with `err` (pcall).
   */
  call(args: Args, reply: Reply): void;
  /** The time, for functions in JavaScript. */
  unixMs(): number;
  /** redis.log: levels 0 (debug) to 3 (warning). */
  log(level: number, message: Uint8Array): void;
  /** redis.set_repl: bit 0 the journal, bit 1 replicas. */
  setReplication(flags: number): void;
  /** redis.acl_check_cmd: 1 allowed, 0 not allowed, -1 no such command. */
  aclCheck(args: Args): 1 | 0 | -1;
  /** The name errors give the running script: its SHA1 in hexadecimal, or the function's name. One character is one byte. */
  name(): string;
  /** Asked about every 100,000 instructions, of scripts and of libraries being loaded (which cannot pause, see `LuaEngine.canPause`). */
  poll(): Verdict;
  /** The script has been paused, as `poll` asked: it goes on when the promise is resolved, which it must be, and asks `poll` again at once. */
  pause(): Promise<void>;
}

export const GO_ON = 0;
export const KILL = 1;
export const PAUSE = 2;
export type Verdict = typeof GO_ON | typeof KILL | typeof PAUSE;

/** A function that a library registered (redis.register_function). */
export interface RegisteredFunction {
  name: Uint8Array;
  /** For `run`; the caller releases it. */
  handle: number;
  description: Uint8Array | undefined;
  /** As given, e.g. "no-writes". The engine has not judged them. */
  flags: string[];
}

/**
 * While a library is loaded: answers undefined, or the error's text (without "ERR") for the library, and then keeps nothing of the
 * function. Never throws.
 */
export type Registrar = (fn: RegisteredFunction) => string | undefined;

/** How the last script ended, for statistics. */
export const Outcome = {
  DONE: 0,
  /** Replied an error of its own (to be counted). */
  ERROR: 1,
  /** Replied an error that a command gave it (counted already). */
  COMMAND_ERROR: 2,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What libraries of functions are loaded into, and run by; see `LuaEngine` for what its members do. */
export interface FunctionEngine {
  readonly generation: number;
  readonly outcome: Outcome;
  readonly bytesUsed: number;
  loadLibrary(buf: Uint8Array, start: number, len: number, register: Registrar): string | undefined;
  run(handle: number, args: Args, keysAt: number, keyCount: number, reply: Reply): Promise<void> | undefined;
  finish(reply: Reply): void;
  release(handle: number): void;
  reset(): void;
}

const MEMORY_LIMIT_BYTES = 1024 ** 3;
/** Bit of a handle: the script has no loops, so that it need not be able to pause. */
const STRAIGHT = 1;
const LONGEST_ERROR_BYTES = 4096;

export class LuaEngine implements FunctionEngine {
  /** Whether this runtime can suspend WebAssembly; without that PAUSE means GO_ON. */
  static readonly canPause = CAN_PAUSE;

  /**
   * Grows by one whenever the machine has been given up (`reset`, or after it broke down in the middle of a script): handles of
   * earlier generations are void and what they stood for must be compiled or loaded again.
   */
  generation = 0;
  /** How the last script ended. */
  outcome: Outcome = Outcome.DONE;
  /** Whether a script is paused: nothing else may be asked of the engine then, but `generation` and `bytesUsed`. */
  paused = false;
  /** What was wrong with the last text that `compile` refused, without a code: "user_script:1: unexpected symbol near '}'". */
  compileError = "";

  private machine: Machine | undefined;
  private pausable = false;
  private brokenReply = "";
  private registrar: Registrar | undefined;
  private readonly args = new Args();
  private readonly reply = new Reply(0);
  private readonly imports: MachineImports;

  /**
   * A machine of its own: variables, memory, libraries. Nothing is allocated before the first use.
   * "eval": scripts find KEYS and ARGV in global variables. "function": they are the two arguments of a function.
   */
  constructor(
    private readonly host: ScriptHost,
    private readonly kind: "eval" | "function",
    private readonly memoryLimitBytes = MEMORY_LIMIT_BYTES,
  ) {
    this.imports = {
      call: (frame, length, ranges, count, resp3) => this.call(frame, length, ranges, count, resp3 === 1),
      acl_check: (frame, length, ranges, count) => {
        this.readRequest(frame, length, ranges, count);
        return this.host.aclCheck(this.args);
      },
      log: (level, text, length) => this.host.log(level, own(this.live().bytes, text, length)),
      set_replication: (flags) => this.host.setReplication(flags),
      sha1: (bytes, length, hex) => this.sha1(bytes, length, hex),
      name: (to, room) => this.writeText(this.host.name(), to, room),
      poll: () => this.poll(),
      pause: () => this.pause(),
      register_function: (handle, name, nameLength, description, descriptionLength, flags, flagsLength) => {
        const { bytes, replyAreaAt } = this.live();
        const error = this.registrar?.({
          handle,
          name: own(bytes, name, nameLength),
          description: description === 0 ? undefined : own(bytes, description, descriptionLength),
          flags: flagsLength === 0 ? [] : latin1(bytes, flags, flagsLength - 1).split("\0"),
        });
        return error === undefined ? 0 : this.writeText(error, replyAreaAt, LONGEST_ERROR_BYTES);
      },
    };
  }

  /** What the scripts and their values take, in bytes; 0 before the first use. */
  get bytesUsed(): number {
    return this.machine?.exports.memory_used() ?? 0;
  }

  /**
   * Compiles a script ("eval") to a handle, greater than 0. 0: `compileError` says what is wrong. A shebang must have been cut off
   * already, up to (without) its line feed.
   */
  compile(buf: Uint8Array, start: number, len: number): number {
    const machine = this.enter();
    this.writeInput(machine, buf, start, len);
    const handle = this.guarded(() => machine.exports.compile(len)) ?? 0;
    if (handle === 0) this.compileError = this.errorText();
    return handle;
  }

  /**
   * Runs a library's code ("function"), which registers its functions. Answers the error's text, without "ERR", e.g. "Error compiling
   * function: user_function:1: ..."; the functions registered until then are the caller's to release.
   */
  loadLibrary(buf: Uint8Array, start: number, len: number, register: Registrar): string | undefined {
    const machine = this.enter();
    this.writeInput(machine, buf, start, len);
    this.registrar = register;
    this.pausable = false;
    const failed = this.guarded(() => machine.exports.load_library(len)) !== 0;
    this.registrar = undefined;
    return failed ? this.errorText() : undefined;
  }

  /**
   * Runs a script or function with `keyCount` keys from argument `keysAt` on, all arguments after them being ARGV. Its reply, also if
   * it is an error, is written to `reply` in that one's protocol. Answers a promise if the script has been paused: nothing has been
   * written then; when it is resolved, `finish` writes the reply. `args` are not needed any more once it returns.
   */
  run(handle: number, args: Args, keysAt: number, keyCount: number, reply: Reply): Promise<void> | undefined {
    const machine = this.enter();
    this.writeArguments(machine, args, keysAt);
    const argCount = args.count - keysAt - keyCount;
    if ((handle & STRAIGHT) !== 0 || !CAN_PAUSE) {
      this.pausable = false;
      try {
        machine.exports.run(handle, keyCount, argCount, reply.resp3 ? 1 : 0);
      } catch (error) {
        this.giveUp(error);
      }
    } else {
      const later = this.runPausable(machine, handle, keyCount, argCount, reply.resp3);
      if (later !== undefined) return later;
    }
    this.finish(reply);
    return undefined;
  }

  /** A promise if the run has been paused. */
  private runPausable(
    machine: Machine,
    handle: number,
    keyCount: number,
    argCount: number,
    resp3: boolean,
  ): Promise<void> | undefined {
    this.pausable = true;
    machine.done = false;
    const ended = machine.runPausable(handle, keyCount, argCount, resp3 ? 1 : 0);
    machine.refresh();
    if (machine.done) return undefined;
    if (this.paused) return ended.catch((error) => this.giveUp(error));
    // A trap is told later: the promise is rejected by then.
    ended.catch(() => {});
    this.giveUp(undefined);
    return undefined;
  }

  /** Writes the reply of the last run. */
  finish(reply: Reply): void {
    const { machine } = this;
    if (machine === undefined) {
      this.outcome = Outcome.ERROR;
      reply.errorText(this.brokenReply);
      return;
    }
    machine.refresh();
    this.outcome = machine.outcome as Outcome;
    reply.raw(machine.bytes, machine.outAt, machine.outLength);
  }

  /** Forgets a script or function. */
  release(handle: number): void {
    this.machine?.exports.release(handle);
  }

  /** Forgets everything and gives the memory back. */
  reset(): void {
    if (this.machine === undefined) return;
    this.machine = undefined;
    this.generation++;
  }

  private enter(): Machine {
    this.machine ??= new Machine(
      this.imports,
      this.kind === "function",
      this.host.deprecatedApi,
      this.memoryLimitBytes,
    );
    this.machine.refresh();
    return this.machine;
  }

  /** The machine, from within one of its imports. */
  private live(): Machine {
    const machine = this.machine as Machine;
    machine.refresh();
    return machine;
  }

  /** What an entry answers, or undefined if it broke down. */
  private guarded(entry: () => number): number | undefined {
    try {
      return entry();
    } catch (error) {
      this.giveUp(error);
      return undefined;
    }
  }

  private giveUp(error: unknown): void {
    const reason = error instanceof RangeError ? "stack overflow" : "execution failure";
    this.brokenReply = `ERR Error running script ${this.registrar === undefined ? this.host.name() : ""}, ${reason}`;
    this.paused = false;
    this.reset();
  }

  private errorText(): string {
    const { machine } = this;
    if (machine === undefined) return this.brokenReply.slice("ERR ".length);
    machine.refresh();
    return latin1(machine.bytes, machine.outAt, machine.outLength);
  }

  private writeInput(machine: Machine, buf: Uint8Array, start: number, len: number): void {
    const at = machine.exports.input(len);
    machine.refresh();
    copyBytes(buf, start, len, machine.bytes, at);
  }

  private writeArguments(machine: Machine, args: Args, from: number): void {
    const { buf, start, len, count } = args;
    let room = 0;
    for (let i = from; i < count; i++) room += 4 + ((len[i] + 3) & ~3);
    let at = machine.exports.input(room);
    machine.refresh();
    const { bytes, words } = machine;
    for (let i = from; i < count; i++) {
      words[at >> 2] = len[i];
      copyBytes(buf, start[i], len[i], bytes, at + 4);
      at += 4 + ((len[i] + 3) & ~3);
    }
  }

  private readRequest(frame: number, length: number, ranges: number, count: number): Machine {
    const machine = this.live();
    const { words } = machine;
    const { args } = this;
    args.begin(machine.bytes, frame);
    for (let i = 0, at = ranges >> 2; i < count; i++, at += 2) args.push(frame + words[at], words[at + 1]);
    args.pos = args.frameEnd = frame + length;
    return machine;
  }

  /** redis.call: answers where in the machine's memory the reply is. */
  private call(frame: number, length: number, ranges: number, count: number, resp3: boolean): number {
    const machine = this.readRequest(frame, length, ranges, count);
    const { reply } = this;
    reply.buf = machine.replyArea;
    reply.at = 0;
    reply.resp3 = resp3;
    try {
      this.host.call(this.args, reply);
    } catch {
      reply.at = 0;
      reply.errorText("ERR internal error");
    }
    if (reply.buf === machine.replyArea) return machine.replyAreaAt;
    const at = machine.exports.reply_room(reply.at);
    machine.refresh();
    copyBytes(reply.buf, 0, reply.at, machine.bytes, at);
    return at;
  }

  private poll(): Verdict {
    const verdict = this.host.poll();
    return verdict === PAUSE && !this.pausable ? GO_ON : verdict;
  }

  private async pause(): Promise<void> {
    this.paused = true;
    await this.host.pause();
    this.paused = false;
  }

  private sha1(at: number, length: number, hex: number): void {
    const { bytes } = this.live();
    const text = new Bun.CryptoHasher("sha1").update(bytes.subarray(at, at + length)).digest("hex");
    this.writeText(text, hex, text.length);
  }

  /** Writes at most `room` characters of a text, one byte each, to the machine's memory. Answers how many. */
  private writeText(text: string, at: number, room: number): number {
    const { bytes } = this.live();
    const length = Math.min(text.length, room);
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    return length;
  }
}
