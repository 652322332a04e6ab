/**
 * QuickJS with what libraries find in it: requests, replies and results as values of JavaScript.
 *
 * Invariant: the code of libraries is never run from within a function of the host, where it could not be suspended.
 */
import { isUtf8 } from "node:buffer";
import { latin1 } from "../../lib/bytes.ts";
import { Reply } from "../../resp/reply.ts";
import prelude from "./prelude.js" with { type: "text" };
import { type HostFunction, OutOfMachineMemory, QuickJs, type QuickJsHost } from "./quickjs.ts";

type Value = number;

/** What `make` of the prelude makes. */
const ERROR = 0;
const MAP = 1;
const SET = 2;
const INTEGER = 3;
const REFUSAL = 4;

/** How the last call ended: undefined while it has not. */
export type Ending = "end" | "failed" | "refused" | undefined;

/** What the prelude's functions ask of the host. Those that answer a text refuse with it. */
export interface JavaScriptHost extends QuickJsHost {
  /** Writes a command's reply, in RESP3. Undefined: commands must not be called now. */
  call(args: readonly Buffer[]): Reply | undefined;
  log(level: number, message: Buffer): void;
  register(name: string, callback: Value, description: string, flags: string): string | undefined;
}

export class JavaScriptMachine {
  readonly vm: QuickJs;
  ending: Ending;
  /** What the last call wrote: a reply, in the protocol that was chosen. Nothing if it failed. */
  readonly out = new Reply(256);
  /** Why the last call failed. */
  failure = "";
  /** Whether the last reply is an error that a command answered. */
  repliesRefusal = false;
  private readonly make: Value;
  private readonly runFunction: Value;
  private readonly runLibrary: Value;

  constructor(host: JavaScriptHost, memoryLimitBytes: number) {
    this.vm = new QuickJs(host, memoryLimitBytes);
    const { vm } = this;
    const object = vm.exports.qjs_new_object();
    for (const [name, fn] of Object.entries(this.hostFunctions(host)))
      vm.setProperty(object, name, vm.hostFunction(fn));
    const start = vm.evaluate(prelude, "prelude");
    const parts = start === undefined ? undefined : vm.call(start, object);
    if (parts === undefined) throw new Error(`the prelude failed: ${vm.takeException()}`);
    [this.make, this.runFunction, this.runLibrary] = [1, 2, 3].map((i) => vm.exports.qjs_get_prop_uint32(parts, i)) as [
      Value,
      Value,
      Value,
    ];
  }

  private hostFunctions(host: JavaScriptHost): Record<string, HostFunction> {
    const { exports } = this.vm;
    return {
      call: (argv) => {
        const reply = host.call(argv.map((value) => this.vm.content(value)));
        return reply === undefined
          ? this.refuse("redis.call and redis.pcall can only be called inside a function")
          : this.read(reply);
      },
      put: ([kind, value]) => {
        this.put(this.vm.text(kind!).toString(), value!);
        return exports.qjs_get_undefined();
      },
      log: ([level, message]) => {
        host.log(exports.qjs_get_float64(level!), this.vm.text(message!));
        return exports.qjs_get_undefined();
      },
      register: ([name, callback, description, flags]) => {
        const texts = [name, description, flags].map((value) => latin1(this.vm.text(value!))) as [
          string,
          string,
          string,
        ];
        const kept = exports.qjs_dup_value(callback!);
        const refusal = host.register(texts[0], kept, texts[1], texts[2]);
        if (refusal === undefined) return exports.qjs_get_undefined();
        exports.qjs_free_value(kept);
        return this.refuse(refusal);
      },
    };
  }

  private refuse(reason: string): Value {
    return this.vm.throwError(this.made(REFUSAL, this.vm.string(Buffer.from(reason))));
  }

  /** The value of a library's code; undefined with `failure` if it is neither JavaScript nor TypeScript. */
  compile(code: string): Value | undefined {
    // In the first line, which the name of the library is in, so that errors tell the right lines.
    const wrapped = `(function (redis) { "use strict"; ${code}\n})`;
    const value = this.vm.evaluate(wrapped, "user_function");
    if (value !== undefined) return value;
    this.failure = this.vm.takeException();
    const plain = withoutTypes(wrapped);
    return plain === undefined ? undefined : this.vm.evaluate(plain, "user_function");
  }

  /** Runs a library; `ending` and `failure` tell how that went. */
  load(library: Value): void {
    this.begin(false);
    const result = this.vm.call(this.runLibrary, library);
    if (result !== undefined) this.vm.exports.qjs_free_value(result);
  }

  /** Calls a function, which may be suspended. */
  call(callback: Value, keys: readonly Uint8Array[], args: readonly Uint8Array[], resp3: boolean): Promise<void> {
    this.begin(resp3);
    const { vm } = this;
    const lists = [keys, args].map((list) => vm.array(list.map((bytes) => this.text(bytes))));
    return vm.callSuspendable(
      () => this.ending !== undefined,
      this.runFunction,
      vm.exports.qjs_dup_value(callback),
      ...lists,
    );
  }

  private begin(resp3: boolean): void {
    this.ending = undefined;
    this.failure = "";
    this.repliesRefusal = false;
    this.out.truncate(0);
    this.out.resp3 = resp3;
  }

  /** A string, or if the bytes are no text, bytes. */
  private text(bytes: Uint8Array): Value {
    return isUtf8(bytes) ? this.vm.string(bytes) : this.vm.byteArray(bytes);
  }

  private put(kind: string, value: Value): void {
    const { out, vm } = this;
    const number = () => vm.exports.qjs_get_float64(value);
    if (kind === "end" || kind === "failed" || kind === "refused") {
      this.ending = kind;
      if (kind !== "end") this.failure = vm.text(value).toString("latin1");
    } else if (kind === "$") {
      const bytes = vm.content(value);
      out.bulk(bytes, 0, bytes.length);
    } else if (kind === ":") out.integer(number());
    else if (kind === ",") out.double(number());
    else if (kind === "#") out.boolean(number() === 1);
    else if (kind === "_") out.nil();
    else if (kind === "*") out.array(number());
    else if (kind === "%") out.map(number() / 2);
    else if (kind === "~") out.set(number());
    else this.putLine(kind, vm.text(value).toString("latin1"));
  }

  private putLine(kind: string, text: string): void {
    const { out } = this;
    if (kind === "(") putInteger(out, BigInt(text));
    else if (kind === "+") out.status(text.replace(/[\r\n]/g, " "));
    else {
      if (out.at === 0) this.repliesRefusal = kind === "!";
      out.errorText(text);
    }
  }

  /** A command's reply as a value. */
  private read({ buf, at }: Reply): Value {
    const reader = { buf, at: 0, end: at };
    return this.readValue(reader);
  }

  private readValue(reader: Reader): Value {
    const type = reader.buf[reader.at++];
    const head = line(reader);
    const { exports } = this.vm;
    switch (String.fromCharCode(type)) {
      case "$":
        return head === "-1" ? exports.qjs_get_null() : this.text(content(reader, Number(head), 0));
      case "=":
        return this.text(content(reader, Number(head), 4));
      case ":":
      case "(":
        return this.integer(BigInt(head));
      case ",":
        return exports.qjs_new_number(numberOf(head));
      case "#":
        return head === "t" ? exports.qjs_get_true() : exports.qjs_get_false();
      case "+":
        return this.vm.string(Buffer.from(head, "latin1"));
      case "-":
        return this.made(ERROR, this.vm.string(Buffer.from(head, "latin1")));
      case "_":
        return exports.qjs_get_null();
      case "%":
        return this.made(MAP, this.elements(reader, Number(head) * 2));
      case "~":
        return this.made(SET, this.elements(reader, Number(head)));
      default:
        return head === "-1" ? exports.qjs_get_null() : this.elements(reader, Number(head));
    }
  }

  private elements(reader: Reader, count: number): Value {
    const elements: Value[] = [];
    for (let i = 0; i < count; i++) elements.push(this.readValue(reader));
    return this.vm.array(elements);
  }

  private integer(value: bigint): Value {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.vm.exports.qjs_new_number(number);
    return this.made(INTEGER, this.vm.string(Buffer.from(value.toString())));
  }

  private made(kind: number, content: Value): Value {
    const { vm } = this;
    const value = vm.call(this.make, vm.exports.qjs_new_number(kind), content);
    if (value === undefined) throw new OutOfMachineMemory();
    return value;
  }
}

interface Reader {
  readonly buf: Uint8Array;
  at: number;
}

const CR = 13;

function line(reader: Reader): string {
  const start = reader.at;
  const end = reader.buf.indexOf(CR, start);
  reader.at = end + 2;
  return latin1(reader.buf, start, end - start);
}

/** The bytes of a string, without the first `skipped`. */
function content(reader: Reader, length: number, skipped: number): Uint8Array {
  const start = reader.at;
  reader.at += length + 2;
  return reader.buf.subarray(start + skipped, start + length);
}

function numberOf(text: string): number {
  if (text === "inf" || text === "-inf") return text === "inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Number(text);
}

function putInteger(out: Reply, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) out.bigInteger(value);
  else out.bigNumber(value.toString());
}

/** JavaScript for TypeScript; undefined if it is none. Nothing is run for that: imports are no part of a function's body. */
function withoutTypes(code: string): string | undefined {
  try {
    return new Bun.Transpiler({ loader: "ts", deadCodeElimination: false }).transformSync(code);
  } catch {
    return undefined;
  }
}
