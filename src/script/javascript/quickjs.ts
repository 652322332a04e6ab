/**
 * One instance of quickjs.wasm: values in it by their addresses.
 *
 * Invariants:
 * - Views of its memory are void whenever its code has run: `bytes` and `words` make them anew.
 * - Whoever gets a value's address frees it, but for the arguments of calls of the host.
 * - A machine from within which an exception of the host came must not be used any more.
 */
import { readFileSync } from "node:fs";
import wasmPath from "quickjs-wasi/quickjs.wasm" with { type: "file" };
import { makeInterrupt } from "./interrupt.ts";

const STACK_BYTES_MAX = 256 * 1024;
/** WASI's answer to what is not there. */
const NO_SUCH_FILE = 8;
const NANOSECONDS_PER_MS = 1_000_000n;
const SCRATCH_BYTES = 16;
/** QuickJS's figures of its memory, 64 bits each, and where among them is what values take. */
const USAGE_BYTES = 26 * 8;
const USED_AT = 2 * 8;
/** All of JavaScript, without what only browsers have. */
const LANGUAGE = 0x3ff;

type Value = number;

interface QuickJsExports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  wasm_malloc(bytes: number): number;
  wasm_free(at: number): void;
  qjs_init2(intrinsics: number): number;
  qjs_set_interrupt_handler(on: number): void;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_max_stack_size(bytes: number): void;
  qjs_compute_memory_usage(to: number): void;
  qjs_eval(code: number, length: number, fileName: number, flags: number): Value;
  qjs_get_exception(): Value;
  qjs_throw(error: Value): number;
  qjs_get_undefined(): Value;
  qjs_get_null(): Value;
  qjs_get_true(): Value;
  qjs_get_false(): Value;
  qjs_new_string(at: number, length: number): Value;
  qjs_new_number(value: number): Value;
  qjs_new_array(): Value;
  qjs_new_object(): Value;
  qjs_new_uint8_array(at: number, length: number): Value;
  qjs_new_host_function(name: number, length: number, argc: number): Value;
  qjs_is_exception(value: Value): number;
  qjs_is_string(value: Value): number;
  qjs_is_job_pending(): number;
  qjs_get_float64(value: Value): number;
  qjs_get_string_len(value: Value, lengthAt: number): number;
  qjs_free_cstring(at: number): void;
  qjs_get_typed_array_buffer(value: Value, offsetAt: number, lengthAt: number, sizeAt: number): Value;
  qjs_get_array_buffer(value: Value, lengthAt: number): number;
  qjs_get_prop_uint32(value: Value, index: number): Value;
  qjs_set_prop_uint32(value: Value, index: number, element: Value): void;
  qjs_set_prop_string(value: Value, name: number, property: Value): void;
  qjs_dup_value(value: Value): Value;
  qjs_free_value(value: Value): void;
  qjs_call(fn: Value, self: Value, argc: number, argv: number): Value;
}

/** Functions that the machine calls: of numbers, and answering one. */
type HostImports = Record<string, (...args: never[]) => number | void>;

/** Arguments are the machine's; the result is freed by it. 0: `throwError` has been called. */
export type HostFunction = (argv: readonly Value[]) => Value;

/** There is no room for a value that the host makes. The machine must be given up. */
export class OutOfMachineMemory extends RangeError {}

export interface QuickJsHost {
  poll(): number;
  pause(): Promise<void>;
  unixMs(): number;
}

/** WebAssembly's JavaScript Promise Integration. */
interface PromiseIntegration {
  Suspending?: new (fn: () => Promise<void>) => () => void;
  promising?: <A extends unknown[]>(fn: (...args: A) => number) => (...args: A) => Promise<number>;
}

const { Suspending, promising }: PromiseIntegration = WebAssembly as PromiseIntegration;

let compiled: WebAssembly.Module | undefined;

export class QuickJs {
  readonly exports: QuickJsExports;
  private readonly callPausable: (fn: Value, self: Value, argc: number, argv: number) => Promise<number>;
  private readonly functions: HostFunction[] = [];
  /** A function of the host runs: nothing can be suspended. */
  isServing = false;
  private readonly scratch: number;
  private readonly nothing: Value;

  constructor(host: QuickJsHost, memoryLimitBytes: number) {
    compiled ??= new WebAssembly.Module(readFileSync(wasmPath));
    const instance = new WebAssembly.Instance(compiled, {
      env: this.environment(host),
      wasi_snapshot_preview1: this.system(host),
    });
    this.exports = instance.exports as unknown as QuickJsExports;
    const { exports } = this;
    this.callPausable = promising?.(exports.qjs_call) ?? (async (...args) => exports.qjs_call(...args));
    exports._initialize();
    if (exports.qjs_init2(LANGUAGE) !== 0) throw new Error("QuickJS did not start");
    exports.qjs_set_memory_limit(memoryLimitBytes);
    exports.qjs_set_max_stack_size(STACK_BYTES_MAX);
    exports.qjs_set_interrupt_handler(1);
    this.scratch = exports.wasm_malloc(SCRATCH_BYTES);
    this.nothing = exports.qjs_get_undefined();
  }

  private environment(host: QuickJsHost): HostImports {
    const poll = () => host.poll();
    return {
      host_call: (name: number, _length: number, _self: Value, argc: number, argv: number) =>
        this.serve(this.bytes[name], argc, argv),
      host_interrupt:
        Suspending === undefined
          ? () => Number(host.poll() === 1)
          : makeInterrupt(poll, new Suspending(() => host.pause())),
      // There are no modules, and the time is that of Greenwich.
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_promise_rejection: () => {},
      host_get_timezone_offset: () => 0,
    };
  }

  private system(host: QuickJsHost): HostImports {
    const refuse = () => NO_SUCH_FILE;
    return {
      clock_time_get: (_clock: number, _precision: bigint, to: number) => {
        new DataView(this.exports.memory.buffer).setBigUint64(to, BigInt(host.unixMs()) * NANOSECONDS_PER_MS, true);
        return 0;
      },
      fd_close: refuse,
      fd_fdstat_get: refuse,
      fd_seek: refuse,
      fd_write: refuse,
      random_get: refuse,
    };
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer);
  }

  private get words(): Uint32Array {
    return new Uint32Array(this.exports.memory.buffer);
  }

  /** What values take, in bytes. */
  get bytesUsed(): number {
    const { exports } = this;
    const at = exports.wasm_malloc(USAGE_BYTES);
    exports.qjs_compute_memory_usage(at);
    const used = new DataView(exports.memory.buffer).getBigInt64(at + USED_AT, true);
    exports.wasm_free(at);
    return Number(used);
  }

  private serve(index: number, argc: number, argv: number): Value {
    this.isServing = true;
    const result = this.functions[index]([...this.words.subarray(argv >> 2, (argv >> 2) + argc)]);
    this.isServing = false;
    return result;
  }

  /** Has a function of the host throw that; it is freed. Answers what the function is to answer. */
  throwError(error: Value): Value {
    this.exports.qjs_throw(error);
    this.exports.qjs_free_value(error);
    return 0;
  }

  /** A function of the host. Its name is the number by which it is found again. */
  hostFunction(fn: HostFunction): Value {
    const { bytes, scratch } = this;
    bytes[scratch] = this.functions.push(fn) - 1;
    return this.exports.qjs_new_host_function(scratch, 1, 0);
  }

  /** Runs code that is not to be suspended. Undefined: it failed. */
  evaluate(code: string, fileName: string): Value | undefined {
    const { exports } = this;
    const text = Buffer.from(`${code}\0`);
    const name = Buffer.from(`${fileName}\0`);
    const at = this.allocate(text.length + name.length);
    this.bytes.set(text, at);
    this.bytes.set(name, at + text.length);
    const value = exports.qjs_eval(at, text.length - 1, at + text.length, 0);
    exports.wasm_free(at);
    return this.succeeded(value);
  }

  /** Calls a function; undefined: it threw. The arguments are freed. */
  call(fn: Value, ...args: Value[]): Value | undefined {
    const argv = this.argumentList(args);
    const value = this.exports.qjs_call(fn, this.nothing, args.length, argv);
    this.freeArguments(args, argv);
    return this.succeeded(value);
  }

  /** Calls a function that may be suspended meanwhile. The arguments are freed when it has ended, as soon as `isOver` tells so. */
  async callSuspendable(isOver: () => boolean, fn: Value, ...args: Value[]): Promise<void> {
    const argv = this.argumentList(args);
    const ended = this.callPausable(fn, this.nothing, args.length, argv);
    const atOnce = isOver();
    if (atOnce) this.freeArguments(args, argv);
    const value = await ended;
    if (!atOnce) this.freeArguments(args, argv);
    this.exports.qjs_free_value(value);
  }

  private argumentList(args: readonly Value[]): number {
    const at = this.allocate(args.length * 4);
    this.words.set(args, at >> 2);
    return at;
  }

  private freeArguments(args: readonly Value[], argv: number): void {
    for (const arg of args) this.exports.qjs_free_value(arg);
    this.exports.wasm_free(argv);
  }

  private succeeded(value: Value): Value | undefined {
    if (this.exports.qjs_is_exception(value) === 0) return value;
    this.exports.qjs_free_value(value);
    return undefined;
  }

  /** The text of what was thrown, which is forgotten. */
  takeException(): string {
    const { exports } = this;
    const error = exports.qjs_get_exception();
    const text = this.converted(error).toString();
    exports.qjs_free_value(error);
    return text;
  }

  string(bytes: Uint8Array): Value {
    return this.withCopy(bytes, (at) => this.exports.qjs_new_string(at, bytes.length));
  }

  byteArray(bytes: Uint8Array): Value {
    return this.withCopy(bytes, (at) => this.exports.qjs_new_uint8_array(at, bytes.length));
  }

  private withCopy(bytes: Uint8Array, make: (at: number) => Value): Value {
    const at = this.allocate(bytes.length + 1);
    this.bytes.set(bytes, at);
    const value = make(at);
    this.exports.wasm_free(at);
    return this.made(value);
  }

  private allocate(bytes: number): number {
    const at = this.exports.wasm_malloc(bytes);
    if (at === 0) throw new OutOfMachineMemory();
    return at;
  }

  private made(value: Value): Value {
    if (this.exports.qjs_is_exception(value) !== 0) throw new OutOfMachineMemory();
    return value;
  }

  /** The elements are freed. */
  array(elements: readonly Value[]): Value {
    const { exports } = this;
    const array = this.made(exports.qjs_new_array());
    for (const [i, element] of elements.entries()) {
      exports.qjs_set_prop_uint32(array, i, element);
      exports.qjs_free_value(element);
    }
    return array;
  }

  /** The property's value is freed. */
  setProperty(object: Value, name: string, value: Value): void {
    const at = this.allocate(name.length + 1);
    this.bytes.set(Buffer.from(`${name}\0`), at);
    this.exports.qjs_set_prop_string(object, at, value);
    this.exports.wasm_free(at);
    this.exports.qjs_free_value(value);
  }

  /** A string's UTF-8; nothing of other values. */
  text(value: Value): Buffer {
    return this.exports.qjs_is_string(value) === 0 ? Buffer.alloc(0) : this.converted(value);
  }

  /** A value as a string, for which its own code may be run. */
  private converted(value: Value): Buffer {
    const { exports, scratch } = this;
    const at = exports.qjs_get_string_len(value, scratch);
    if (at === 0) return Buffer.alloc(0);
    const length = this.words[scratch >> 2];
    const text = Buffer.from(this.bytes.subarray(at, at + length));
    exports.qjs_free_cstring(at);
    return text;
  }

  /** The bytes of a Uint8Array, or a string's. */
  content(value: Value): Buffer {
    const { exports, scratch } = this;
    if (exports.qjs_is_string(value) !== 0) return this.text(value);
    const buffer = this.succeeded(exports.qjs_get_typed_array_buffer(value, scratch, scratch + 4, scratch + 8));
    if (buffer === undefined) {
      this.takeException();
      return Buffer.alloc(0);
    }
    const [offset, length] = this.words.subarray(scratch >> 2);
    const at = exports.qjs_get_array_buffer(buffer, scratch) + offset;
    const bytes = Buffer.from(this.bytes.subarray(at, at + length));
    exports.qjs_free_value(buffer);
    return bytes;
  }
}
