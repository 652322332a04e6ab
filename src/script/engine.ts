import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";

/**
 * What scripts may ask of the server. Nothing here may throw: an exception in the middle of a script leaves the machine unusable.
 * `args` and `reply` are borrowed for the time of the call.
 */
export interface ScriptHost {
  /**
   * redis.call and redis.pcall: argument 0 is the command's name; `args` has a complete request (`frameStart` to `frameEnd`) that may
   * be journalled. Exactly one reply goes to `reply`, whose `resp3` is what redis.setresp chose (RESP2 at the start of a script).
   * An error reply becomes a Lua error (call) or a table with `err` (pcall).
   */
  call(args: Args, reply: Reply): void;
  /** redis.log: levels 0 (debug) to 3 (warning). */
  log(level: number, message: Uint8Array): void;
  /** redis.set_repl: bit 0 the journal, bit 1 replicas. */
  setReplication(flags: number): void;
  /** redis.acl_check_cmd: 1 allowed, 0 not allowed, -1 no such command. */
  aclCheck(args: Args): 1 | 0 | -1;
  /** The name errors give the running script: its SHA1 in hexadecimal, or the function's name. */
  name(): string;
  /** Asked about every 100,000 instructions, of scripts and of libraries being loaded (which cannot pause, see `LuaEngine.canPause`). */
  poll(): Verdict;
  /** The script has been paused, as `poll` asked: it goes on when the promise is resolved, which it must be, and asks `poll` again soon. */
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
  /** Names in lower case as given, e.g. "no-writes". The engine has not judged them. */
  flags: string[];
}

/** While a library is loaded: answers undefined, or the error's text (without "ERR") for the library. Never throws. */
export type Registrar = (fn: RegisteredFunction) => string | undefined;

/** How the last script ended, for statistics. */
export enum Outcome {
  DONE,
  /** Ended with an error of its own (to be counted). */
  ERROR,
  /** Ended with an error that a command replied (counted already). */
  COMMAND_ERROR,
}

export declare class LuaEngine {
  /**
   * A machine of its own: variables, memory, libraries. Nothing is allocated before the first use.
   * "eval": scripts find KEYS and ARGV in global variables. "function": they are the two arguments of a function.
   */
  constructor(host: ScriptHost, kind: "eval" | "function", memoryLimitBytes?: number);

  /** Whether this runtime can suspend WebAssembly; without that PAUSE means GO_ON. */
  static readonly canPause: boolean;

  /**
   * Grows by one whenever the machine has been made anew (`reset`, or after it broke down in the middle of a script): handles of
   * earlier generations are void and what they stood for must be compiled or loaded again.
   */
  readonly generation: number;
  /** How the last script ended. */
  readonly outcome: Outcome;
  /** What the scripts and their values take, in bytes; 0 before the first use. */
  readonly bytesUsed: number;
  /** Whether a script is paused: nothing else may be asked of the engine then, but `generation` and `bytesUsed`. */
  readonly paused: boolean;

  /**
   * Compiles a script ("eval") to a handle. 0: `compileError` has the text, without a code, e.g. "user_script:1: unexpected symbol near '}'".
   * A shebang must have been cut off already, up to (without) its line feed.
   */
  compile(buf: Uint8Array, start: number, len: number): number;
  readonly compileError: string;

  /** Runs a library's code ("function"), which registers its functions. Answers the error's text, without "ERR", e.g. "Error compiling function: user_function:1: ...". */
  loadLibrary(buf: Uint8Array, start: number, len: number, register: Registrar): string | undefined;

  /**
   * Runs a script or function with `keyCount` keys from argument `keysAt` on, all arguments after them being ARGV. Its reply, also if
   * it is an error, is written to `reply` in that one's protocol. Answers a promise if the script has been paused: nothing has been written
   * then; when it is resolved, `finish` writes the reply. `args` are not needed any more once it returns.
   */
  run(handle: number, args: Args, keysAt: number, keyCount: number, reply: Reply): Promise<void> | undefined;
  finish(reply: Reply): void;

  /** Forgets a script or function. */
  release(handle: number): void;

  /** Forgets everything and gives the memory back. */
  reset(): void;
}
