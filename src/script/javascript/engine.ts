/**
 * Functions in JavaScript, which no Redis has. They run in QuickJS, which is WebAssembly: they find JavaScript, the object `redis`, and
 * nothing of this server or of Bun; and they can be paused and ended like Lua's.
 *
 * Invariants:
 * - While a function runs or is paused the engine is entered by nobody else.
 * - After a call that did not come to an end of its own (killed, out of memory, a trap) the machine is given up, and with it all handles.
 */
import { own } from "../../lib/bytes.ts";
import { type Args, argsOf } from "../../resp/args.ts";
import { Reply } from "../../resp/reply.ts";
import {
  type FunctionEngine,
  GO_ON,
  KILL,
  Outcome,
  PAUSE,
  type Registrar,
  type ScriptHost,
  type Verdict,
} from "../engine.ts";
import { JavaScriptMachine } from "./machine.ts";

const MEMORY_LIMIT_BYTES = 256 * 1024 ** 2;
/** A machine that has grown beyond this is made anew. */
const KEPT_BYTES_MAX = 64 * 1024 ** 2;

export class JavaScriptEngine implements FunctionEngine {
  generation = 0;
  outcome: Outcome = Outcome.DONE;
  paused = false;
  private machine: JavaScriptMachine | undefined;
  private registrar: Registrar | undefined;
  private isRunning = false;
  private wasKilled = false;
  /** Callbacks by their handles. */
  private readonly functions = new Map<number, number>();
  private lastHandle = 0;
  private readonly reply = new Reply(256);

  constructor(
    private readonly host: ScriptHost,
    private readonly memoryLimitBytes = MEMORY_LIMIT_BYTES,
  ) {}

  get bytesUsed(): number {
    return this.paused ? 0 : (this.machine?.vm.bytesUsed ?? 0);
  }

  loadLibrary(buf: Uint8Array, start: number, len: number, register: Registrar): string | undefined {
    this.registrar = register;
    this.wasKilled = false;
    try {
      return this.load(this.enter(), Buffer.from(buf.buffer, buf.byteOffset + start, len).toString());
    } catch (error) {
      this.reset();
      return `Error registering functions: ${error instanceof RangeError ? "stack overflow" : "execution failure"}`;
    } finally {
      this.registrar = undefined;
    }
  }

  private load(machine: JavaScriptMachine, code: string): string | undefined {
    const library = machine.compile(code);
    if (library === undefined) return `Error compiling function: ${machine.failure}`;
    machine.load(library);
    if (machine.ending === "end") return undefined;
    const reason = machine.failure === "" ? this.reasonOfEnd("FUNCTION LOAD timeout") : machine.failure;
    if (machine.failure === "") this.reset();
    return `Error registering functions: ${reason}`;
  }

  run(handle: number, args: Args, keysAt: number, keyCount: number, reply: Reply): Promise<void> | undefined {
    const machine = this.enter();
    const texts: Uint8Array[] = [];
    for (let i = keysAt; i < args.count; i++) texts.push(own(args.buf, args.start[i], args.len[i]));
    this.isRunning = true;
    this.wasKilled = false;
    const over = this.call(machine, handle, texts.slice(0, keyCount), texts.slice(keyCount), reply.resp3);
    if (machine.ending === undefined && this.paused) return over;
    this.finish(reply);
    return undefined;
  }

  /** After a trap, or without memory for the arguments, the machine has no ending to tell of. */
  private async call(
    machine: JavaScriptMachine,
    handle: number,
    keys: readonly Uint8Array[],
    args: readonly Uint8Array[],
    resp3: boolean,
  ): Promise<void> {
    try {
      await machine.call(this.functions.get(handle)!, keys, args, resp3);
    } catch {
      this.paused = false;
    }
  }

  finish(reply: Reply): void {
    this.isRunning = false;
    const { machine } = this;
    const ending = machine?.ending;
    if (machine !== undefined && ending === "end") {
      const { out } = machine;
      this.outcome = this.outcomeOf(machine);
      reply.raw(out.buf, 0, out.at);
    } else if (machine !== undefined && ending !== undefined) {
      this.outcome = ending === "refused" ? Outcome.COMMAND_ERROR : Outcome.ERROR;
      reply.errorText(machine.failure);
    } else {
      this.outcome = Outcome.ERROR;
      const reason = this.reasonOfEnd("Script killed by user with FUNCTION KILL.");
      reply.errorText(`ERR Error running script ${this.host.name()}, ${reason}`);
    }
    if (machine === undefined || ending === undefined || this.isWornOut(machine)) this.reset();
  }

  /** What was to be done later never is, for there is no later; and memory that was used once is not given back. */
  private isWornOut({ vm }: JavaScriptMachine): boolean {
    return vm.exports.qjs_is_job_pending() !== 0 || vm.exports.memory.buffer.byteLength > KEPT_BYTES_MAX;
  }

  private outcomeOf({ out, repliesRefusal }: JavaScriptMachine): Outcome {
    if (String.fromCharCode(out.buf[0]) !== "-") return Outcome.DONE;
    return repliesRefusal ? Outcome.COMMAND_ERROR : Outcome.ERROR;
  }

  private reasonOfEnd(ifKilled: string): string {
    return this.wasKilled ? ifKilled : "execution failure: it may have used too much memory";
  }

  release(handle: number): void {
    const callback = this.functions.get(handle);
    if (callback === undefined) return;
    this.machine?.vm.exports.qjs_free_value(callback);
    this.functions.delete(handle);
  }

  reset(): void {
    if (this.machine === undefined) return;
    this.machine = undefined;
    this.functions.clear();
    this.generation++;
  }

  private enter(): JavaScriptMachine {
    this.machine ??= new JavaScriptMachine(
      {
        call: (args) => this.callCommand(args),
        log: (level, message) => this.host.log(level, message),
        register: (name, callback, description, flags) => this.register(name, callback, description, flags),
        poll: () => this.poll(),
        pause: () => this.pause(),
        unixMs: () => this.host.unixMs(),
      },
      this.memoryLimitBytes,
    );
    return this.machine;
  }

  private callCommand(args: readonly Buffer[]): Reply | undefined {
    if (!this.isRunning) return undefined;
    const { reply } = this;
    reply.truncate(0);
    reply.resp3 = true;
    this.host.call(argsOf(...args), reply);
    return reply;
  }

  private register(name: string, callback: number, description: string, flags: string): string | undefined {
    if (this.registrar === undefined) return "redis.registerFunction can only be called on FUNCTION LOAD command";
    const handle = ++this.lastHandle;
    const refusal = this.registrar({
      name: Buffer.from(name, "latin1"),
      handle,
      description: description === "" ? undefined : Buffer.from(description, "latin1"),
      flags: flags === "" ? [] : flags.split("\n"),
    });
    if (refusal === undefined) this.functions.set(handle, callback);
    return refusal;
  }

  private poll(): Verdict {
    // The machine is being made, which takes less than a millisecond.
    if (this.machine === undefined) return GO_ON;
    const verdict = this.host.poll();
    if (verdict === KILL) this.wasKilled = true;
    const canPause = this.isRunning && !this.machine.vm.isServing;
    return verdict === PAUSE && !canPause ? GO_ON : verdict;
  }

  private async pause(): Promise<void> {
    this.paused = true;
    await this.host.pause();
    this.paused = false;
  }
}
