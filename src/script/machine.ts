/**
 * One instance of lua.wasm: its exports, and views of its memory.
 *
 * Invariants:
 * - Views are void whenever code of the instance has run, for its memory may have grown: `refresh` before they are used.
 * - An instance in which a run has been cut off (by a trap) must not be used any more.
 */
import { readFileSync } from "node:fs";
import { REDIS_VERSION } from "../version.ts";
import wasmPath from "./lua.wasm" with { type: "file" };

/** Bytes that imports get as addresses in the instance's memory. */
export interface MachineImports {
  call(frame: number, length: number, ranges: number, count: number, resp3: number): number;
  acl_check(frame: number, length: number, ranges: number, count: number): number;
  log(level: number, text: number, length: number): void;
  set_replication(flags: number): void;
  sha1(bytes: number, length: number, hex: number): void;
  name(to: number, room: number): number;
  poll(): number;
  pause(): Promise<void>;
  register_function(
    handle: number,
    name: number,
    nameLength: number,
    description: number,
    descriptionLength: number,
    flags: number,
    flagsLength: number,
  ): number;
}

interface MachineExports {
  memory: WebAssembly.Memory;
  start(functions: number, version: number, deprecatedApi: number): void;
  set_memory_limit(bytes: number): void;
  memory_used(): number;
  control(): number;
  input(length: number): number;
  reply_room(length: number): number;
  compile(length: number): number;
  release(handle: number): void;
  load_library(length: number): number;
  run(handle: number, keys: number, args: number, resp3: number): void;
}

/** WebAssembly's JavaScript Promise Integration. */
interface PromiseIntegration {
  Suspending?: new (fn: () => Promise<void>) => () => void;
  promising?: (fn: MachineExports["run"]) => (...args: Parameters<MachineExports["run"]>) => Promise<void>;
}

const { Suspending, promising }: PromiseIntegration = WebAssembly as PromiseIntegration;

/** Whether this runtime can suspend WebAssembly. */
export const CAN_PAUSE = Suspending !== undefined && promising !== undefined;

/** Where the control block has what, in words. */
const OUT = 0;
const OUT_LENGTH = 1;
const OUTCOME = 2;
const DONE = 3;
const REPLY_AREA = 4;
const REPLY_AREA_LENGTH = 5;

let compiled: WebAssembly.Module | undefined;

/** 7.2.4 as 0x00070204. */
function versionNumber(): number {
  return REDIS_VERSION.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

export class Machine {
  bytes: Uint8Array;
  words: Int32Array;
  /** Where short replies of commands are written, a view of the memory. */
  replyArea: Uint8Array;
  readonly replyAreaAt: number;
  readonly exports: MachineExports;
  /** Runs as `exports.run` does, but can be suspended. */
  readonly runPausable: (...args: Parameters<MachineExports["run"]>) => Promise<void>;
  private readonly control: number;

  constructor(host: MachineImports, functions: boolean, deprecatedApi: boolean, memoryLimitBytes: number) {
    compiled ??= new WebAssembly.Module(readFileSync(wasmPath));
    const { pause, ...rest } = host;
    const imports = { ...rest, pause: Suspending === undefined ? () => {} : new Suspending(pause) };
    const instance = new WebAssembly.Instance(compiled, { host: imports });
    this.exports = instance.exports as unknown as MachineExports;
    this.runPausable = promising?.(this.exports.run) ?? (async (...args) => this.exports.run(...args));
    this.exports.start(functions ? 1 : 0, versionNumber(), deprecatedApi ? 1 : 0);
    this.exports.set_memory_limit(memoryLimitBytes);
    this.control = this.exports.control() >> 2;
    const { buffer } = this.exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.replyAreaAt = this.words[this.control + REPLY_AREA];
    this.replyArea = this.bytes.subarray(this.replyAreaAt, this.replyAreaAt + this.replyAreaLength());
  }

  private replyAreaLength(): number {
    return this.words[this.control + REPLY_AREA_LENGTH];
  }

  /** Makes the views anew if the memory has grown. */
  refresh(): void {
    if (this.bytes.length !== 0) return;
    const { buffer } = this.exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.replyArea = this.bytes.subarray(this.replyAreaAt, this.replyAreaAt + this.replyAreaLength());
  }

  /** Where what the last entry wrote begins. These are valid until the next one. */
  get outAt(): number {
    return this.words[this.control + OUT];
  }

  get outLength(): number {
    return this.words[this.control + OUT_LENGTH];
  }

  get outcome(): number {
    return this.words[this.control + OUTCOME];
  }

  get done(): boolean {
    return this.words[this.control + DONE] === 1;
  }

  set done(value: boolean) {
    this.words[this.control + DONE] = value ? 1 : 0;
  }
}
