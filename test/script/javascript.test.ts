import { describe, expect, test } from "bun:test";
import { argsOf } from "../../src/resp/args.ts";
import { Reply } from "../../src/resp/reply.ts";
import { GO_ON, KILL, Outcome, PAUSE, type Verdict } from "../../src/script/engine.ts";
import { JavaScriptEngine } from "../../src/script/javascript/engine.ts";
import { latin1Of, TestHost } from "./engine-host.ts";

interface Asked {
  keys?: (string | Uint8Array)[];
  argv?: (string | Uint8Array)[];
  resp3?: boolean;
}

class Functions {
  readonly host = new TestHost();
  readonly engine: JavaScriptEngine;
  readonly registered = new Map<string, { handle: number; flags: string[]; description: string | undefined }>();

  constructor(memoryLimitBytes?: number) {
    this.engine = new JavaScriptEngine(this.host, memoryLimitBytes);
  }

  load(code: string): string | undefined {
    const bytes = Buffer.from(code);
    return this.engine.loadLibrary(bytes, 0, bytes.length, ({ name, handle, flags, description }) => {
      const text = description === undefined ? undefined : latin1(description);
      this.registered.set(latin1(name), { handle, flags, description: text });
      return undefined;
    });
  }

  start(
    name: string,
    { keys = [], argv = [], resp3 = false }: Asked = {},
  ): { reply: Reply; paused: Promise<void> | undefined } {
    const reply = new Reply();
    reply.resp3 = resp3;
    const { handle } = this.registered.get(name)!;
    return { reply, paused: this.engine.run(handle, argsOf("FCALL", "", "", ...keys, ...argv), 3, keys.length, reply) };
  }

  /** What a function with that body replies. */
  evaluate(body: string, asked: Asked = {}): string {
    const failure = this.load(`redis.registerFunction("f", (keys, args) => { ${body} });`);
    if (failure !== undefined) throw new Error(failure);
    const { reply, paused } = this.start("f", asked);
    if (paused !== undefined) throw new Error("the function has been paused");
    return latin1Of(reply);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const evaluate = (body: string, asked: Asked = {}): string => new Functions().evaluate(body, asked);

describe("A function in JavaScript", () => {
  test("gets texts as strings and all other bytes as bytes, and gives them back as they were", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const asked = { keys: ["caf\u00e9 \u{1f600}", bytes], argv: ["", "\0"] };
    expect(evaluate("return [typeof keys[0], keys[1] instanceof Uint8Array, args.length]", asked)).toBe(
      "*3\r\n$6\r\nstring\r\n:1\r\n:2\r\n",
    );
    expect(evaluate("return redis.call('echo', keys[1])", asked)).toBe(`$256\r\n${latin1(bytes)}\r\n`);
    const text = latin1(Buffer.from("caf\u00e9 \u{1f600}"));
    expect(evaluate("return [keys[0], args[1]]", asked)).toBe(`*2\r\n$10\r\n${text}\r\n$1\r\n\0\r\n`);
  });

  test.each([
    ["null", "$-1\r\n", "_\r\n"],
    ["undefined", "$-1\r\n", "_\r\n"],
    ["7", ":7\r\n", ":7\r\n"],
    ["-1.5", "$4\r\n-1.5\r\n", ",-1.5\r\n"],
    ["true", ":1\r\n", "#t\r\n"],
    ["false", ":0\r\n", "#f\r\n"],
    ["2n ** 62n", ":4611686018427387904\r\n", ":4611686018427387904\r\n"],
    ["2n ** 64n", "$20\r\n18446744073709551616\r\n", "(18446744073709551616\r\n"],
    ["[1, ['a']]", "*2\r\n:1\r\n*1\r\n$1\r\na\r\n", "*2\r\n:1\r\n*1\r\n$1\r\na\r\n"],
    ["new Map([['a', [1, 2]]])", "*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n", "%1\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n"],
    ["new Set(['a'])", "*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n"],
    ["({ a: 1 })", "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n"],
    ["redis.statusReply('FINE\\r\\n')", "+FINE  \r\n", "+FINE  \r\n"],
    ["redis.errorReply('MINE no\\r\\n')", "-MINE no  \r\n", "-MINE no  \r\n"],
  ])("that returns %s replies it in both protocols", (value, resp2, resp3) => {
    expect([evaluate(`return ${value}`), evaluate(`return ${value}`, { resp3: true })]).toEqual([resp2, resp3]);
  });

  test.each([
    ["() => 1", "ERR TypeError: A function can't return a function"],
    ["(async () => 1)()", "ERR TypeError: A function must not be asynchronous"],
    ["{ const a = []; a.push(a); return a; }", "nested too deep"],
    ["[{ get x() { throw new Error('late') } }]", "ERR Error: late"],
  ])("that returns %s fails, and nothing of it is replied", (value, error) => {
    const body = value.startsWith("{") ? value : `return ${value}`;
    const reply = evaluate(body);
    expect(reply).toStartWith("-ERR");
    expect(reply).toContain(error);
    expect(reply.indexOf("\r\n")).toBe(reply.length - 2);
  });

  test("can't make a reply that is none, whatever it makes of JavaScript's classes", () => {
    const odd = "class Odd extends Map { *[Symbol.iterator]() { yield [1]; } }; return new Odd([['a', 1]])";
    expect(evaluate(odd, { resp3: true })).toBe("%1\r\n$1\r\na\r\n:1\r\n");
    expect(evaluate("return Object.create(Map.prototype)")).toStartWith("-ERR TypeError");
    expect(evaluate("return [Object.create(Uint8Array.prototype)]")).toBe("*1\r\n$0\r\n\r\n");
    expect(evaluate("return new Proxy([1, 2], { get: (t, k) => (k === 'length' ? 7 : t[k]) })")).toStartWith(
      "*7\r\n:1\r\n:2\r\n$-1",
    );
    expect(evaluate("const s = redis.statusReply('x'); s.ok = { toString: () => 'a\\r\\nb' }; return s")).toBe(
      "+a  b\r\n",
    );
    expect(evaluate("return Object.defineProperty(new Error(), 'message', { value: 'a\\r\\nb' })")).toBe("-a  b\r\n");
  });

  test("sees commands' replies with their types, and their errors as exceptions or values", () => {
    expect(
      evaluate("const t = redis.call('types'); return t.map((x) => x === null ? 'null' : x?.constructor.name)"),
    ).toContain("BigInt");
    expect(evaluate("return redis.call('nothing')")).toStartWith("-ERR Unknown Redis command");
    expect(evaluate("try { redis.call('nothing') } catch (e) { return e.name + ': ' + e.message }")).toContain(
      "RedisError: ERR Unknown",
    );
    expect(evaluate("return redis.pcall('nothing').message")).toContain("ERR Unknown Redis command");
    expect(evaluate("return redis.call('echo', {})")).toContain(
      "Arguments of commands must be strings, numbers, or bytes",
    );
    expect(evaluate("return redis.call()")).toContain("at least one argument");
  });

  test("that fails by a command's error is told apart from one with an error of its own", () => {
    const functions = new Functions();
    const outcome = (body: string): Outcome => {
      functions.evaluate(body);
      return functions.engine.outcome;
    };
    expect(outcome("return redis.call('nothing')")).toBe(Outcome.COMMAND_ERROR);
    expect(outcome("return redis.pcall('nothing')")).toBe(Outcome.COMMAND_ERROR);
    expect(outcome("return redis.errorReply('mine')")).toBe(Outcome.ERROR);
    expect(outcome("throw new Error('mine')")).toBe(Outcome.ERROR);
    expect(outcome("return 1")).toBe(Outcome.DONE);
  });

  test("is told the time by the host, and is where Greenwich is", () => {
    expect(evaluate("return [Date.now(), new Date().getTimezoneOffset()]")).toBe("*2\r\n:1700000000000\r\n:0\r\n");
  });

  test("is called many times without taking more memory", () => {
    const functions = new Functions();
    functions.load("redis.registerFunction('f', (keys, args) => redis.call('echo', args[0]))");
    const call = () => functions.start("f", { argv: ["x".repeat(1000)] });
    for (let i = 0; i < 1000; i++) call();
    const before = functions.engine.bytesUsed;
    for (let i = 0; i < 5000; i++) call();
    expect(functions.engine.bytesUsed - before).toBeLessThan(2_000_000);
  });
});

describe("What is not JavaScript's own", () => {
  const names = [
    "process",
    "Bun",
    "require",
    "module",
    "console",
    "fetch",
    "setTimeout",
    "WebAssembly",
    "performance",
    "navigator",
  ];

  test.each(names)("%s is not there", (name) => {
    expect(
      evaluate(`return [typeof ${name}, typeof globalThis.${name}, typeof new Function("return this")().${name}]`),
    ).toBe(`*3\r\n${"$9\r\nundefined\r\n".repeat(3)}`);
  });

  test("can't be imported", () => {
    const functions = new Functions();
    expect(functions.evaluate("import('node:fs').then((fs) => redis.call('echo', 'got it')); return 1")).toBe(":1\r\n");
    expect(functions.load("import fs from 'node:fs'")).toContain("Error compiling function");
    expect(functions.load("import { f } from './x' with { type: 'macro' }; f()")).toContain("Error compiling function");
    expect(functions.load("export const x = 1")).toContain("Error compiling function");
  });

  test("can't be got at by constructors, errors or prototypes", () => {
    expect(evaluate("return redis.call.constructor('return typeof process')()")).toBe("$9\r\nundefined\r\n");
    expect(
      evaluate("try { redis.call('nothing') } catch (e) { return e.constructor.constructor('return typeof Bun')() }"),
    ).toBe("$9\r\nundefined\r\n");
  });

  test("and what all libraries share can't be changed", () => {
    for (const change of [
      "Array.prototype.map = 1",
      "Object.prototype.x = 1",
      "globalThis.x = 1",
      "redis.call = 1",
      "Uint8Array.prototype.x = 1",
      "(function* () {})().__proto__.__proto__.next = 1",
    ]) {
      expect(evaluate(change)).toStartWith("-ERR TypeError");
    }
    expect(evaluate("x = 1")).toContain("ReferenceError");
  });
});

describe("A library in JavaScript", () => {
  test("registers functions with flags and descriptions", () => {
    const functions = new Functions();
    expect(
      functions.load("redis.registerFunction('f', () => 1, { flags: ['no-writes'], description: 'One.' })"),
    ).toBeUndefined();
    expect(functions.registered.get("f")).toMatchObject({ flags: ["no-writes"], description: "One." });
  });

  test("may be TypeScript", () => {
    const functions = new Functions();
    const code = [
      "interface Item { price: number }",
      "enum Kind { A, B }",
      "const total = (items: Item[]): number => items.reduce((sum, { price }) => sum + price, Kind.B as number);",
      "redis.registerFunction('total', (_keys: string[], args: string[]) => total(args.map((a) => JSON.parse(a) as Item)));",
    ].join("\n");
    expect(functions.load(code)).toBeUndefined();
    expect(latin1Of(functions.start("total", { argv: ['{"price":3}'] }).reply)).toBe(":4\r\n");
  });

  test.each([
    ["let x = ;", "Error compiling function: SyntaxError"],
    ["throw new Error('no')", "Error registering functions: Error: no"],
    ["redis.call('get', 'x')", "can only be called inside a function"],
    ["redis.registerFunction('f')", "must be a function"],
    ["redis.registerFunction(1, () => 1)", "The name of a function must be a string"],
    ["(() => { const f = () => f() + 1; f(); })()", "Maximum call stack"],
  ])("%s is refused", (code, error) => {
    expect(new Functions().load(code)).toContain(error);
  });

  test("can't register functions later", () => {
    expect(evaluate("redis.registerFunction('g', () => 1)")).toContain("can only be called on FUNCTION LOAD command");
  });
});

describe("A function without end", () => {
  const bodies = [
    "for (;;);",
    "for (;;) try { for (;;); } catch {} finally {}",
    "return [{ get x() { for (;;); } }]",
    "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
    "const f = () => { try { f() } catch {} for (;;) f() }; f()",
    "new Proxy({}, { get() { for (;;); } }).x",
    "const s = redis.statusReply('x'); s.ok = { toString() { for (;;); } }; return s",
    "const e = redis.errorReply('x'); e.message = { toString() { for (;;); } }; throw e",
    "throw { toString() { for (;;); } }",
    "redis.log(1, { toString() { for (;;); } })",
    "const e = redis.pcall('nothing'); e.message = { toString() { for (;;); } }; return [e]",
  ];

  test.each(bodies)("%s is paused, goes on, and is killed", async (body) => {
    const functions = new Functions();
    functions.load(`redis.registerFunction("f", () => { ${body} })`);
    const verdicts: Verdict[] = [GO_ON, PAUSE, GO_ON, PAUSE, KILL];
    functions.host.poll = () => verdicts.shift() ?? KILL;
    let pauses = 0;
    functions.host.pause = async () => {
      pauses++;
    };
    const { reply, paused } = functions.start("f");
    await paused;
    functions.engine.finish(reply);
    expect(latin1Of(reply)).toContain("killed by user with FUNCTION KILL");
    expect(pauses).toBe(2);
    expect(functions.engine.generation).toBe(1);
    functions.host.poll = () => GO_ON;
    expect(functions.evaluate("return 1")).toBe(":1\r\n");
  });

  test("goes on to its end if it has one after all", async () => {
    const functions = new Functions();
    functions.load(
      "redis.registerFunction('f', () => { let i = 0; while (i < 1e6) i++; return redis.call('echo', i) })",
    );
    let polls = 0;
    functions.host.poll = () => (++polls % 2 === 1 ? PAUSE : GO_ON);
    functions.host.pause = async () => {};
    const { reply, paused } = functions.start("f");
    expect(functions.engine.paused).toBe(true);
    await paused;
    functions.engine.finish(reply);
    expect(latin1Of(reply)).toBe("$7\r\n1000000\r\n");
    expect(functions.engine.generation).toBe(0);
  });

  test("that is a library is ended without a pause", () => {
    const functions = new Functions();
    functions.load("redis.registerFunction('f', () => 1)");
    let polls = 0;
    functions.host.poll = () => (++polls < 3 ? PAUSE : KILL);
    expect(functions.load("for (;;);")).toBe("Error registering functions: FUNCTION LOAD timeout");
    expect(functions.engine.generation).toBe(1);
  });
});

describe("A function that wants too much", () => {
  test("gets an error, and others go on", () => {
    const functions = new Functions(8 * 1024 ** 2);
    expect(functions.evaluate("const a = []; for (;;) a.push('x'.repeat(10000) + a.length)")).toContain(
      "out of memory",
    );
    expect(functions.evaluate("const f = (n) => f(n + 1) + 1; return f(0)")).toContain(
      "Maximum call stack size exceeded",
    );
    expect(functions.evaluate("return new Uint8Array(1e9)")).toStartWith("-ERR");
    expect(functions.evaluate("return 'x'.repeat(2 ** 29)")).toStartWith("-ERR");
    expect(functions.evaluate("return 1")).toBe(":1\r\n");
  });

  test("gets an error too when it is the host's values that there is no room for", () => {
    const functions = new Functions(8 * 1024 ** 2);
    const big = "x".repeat(3e6);
    expect(functions.evaluate("return args[0].length", { argv: [big] })).toBe(":3000000\r\n");
    expect(functions.evaluate("return 1", { argv: [big, big, big] })).toContain("too much memory");
    expect(functions.evaluate("const a = []; for (;;) a.push(redis.call('echo', args[0]))", { argv: [big] })).toContain(
      "memory",
    );
    const small = new Functions(1024 ** 2);
    expect(small.evaluate("const a = []; for (;;) a.push(redis.call('types'))")).toContain("memory");
    expect(functions.evaluate("return 1")).toBe(":1\r\n");
  });

  test("and puts things off loses its machine: there is no later", () => {
    const functions = new Functions();
    expect(functions.evaluate("Promise.resolve().then(() => redis.call('echo', 'late')); return 1")).toBe(":1\r\n");
    expect(functions.engine.generation).toBe(1);
  });
});
