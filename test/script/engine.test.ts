import { describe, expect, test } from "bun:test";
import { argsOf } from "../../src/resp/args.ts";
import { Reply } from "../../src/resp/reply.ts";
import { GO_ON, KILL, LuaEngine, Outcome, PAUSE, type RegisteredFunction } from "../../src/script/engine.ts";
import { evaluate, latin1Of, newEngine, run, TestHost } from "./engine-host.ts";

const BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);
const ALL_BYTES = Buffer.from(BYTES).toString("latin1");

function compile(engine: LuaEngine, script: string): number {
  return engine.compile(Buffer.from(script), 0, Buffer.byteLength(script));
}

function load(engine: LuaEngine, code: string, registered: RegisteredFunction[], refuse?: string): string | undefined {
  return engine.loadLibrary(Buffer.from(code), 0, Buffer.byteLength(code), (fn) => {
    if (refuse === undefined) registered.push(fn);
    return refuse;
  });
}

describe("A script", () => {
  test("gets and returns all bytes as they are", () => {
    const engine = newEngine();
    expect(evaluate(engine, "return KEYS[1]", { keys: [BYTES] })).toBe(`$256\r\n${ALL_BYTES}\r\n`);
    expect(evaluate(engine, "return redis.call('echo', ARGV[1])", { argv: [BYTES] })).toBe(`$256\r\n${ALL_BYTES}\r\n`);
  });

  test("gets arguments and replies that are larger than any buffer was before", () => {
    const engine = newEngine();
    for (const size of [100, 70_000, 3_000_000, 10]) {
      const big = "x".repeat(size);
      expect(evaluate(engine, "return redis.call('echo', KEYS[1]) .. #ARGV", { keys: [big], argv: ["a", big] })).toBe(
        `$${size + 1}\r\n${big}2\r\n`,
      );
    }
  });

  test("is told the line of its error, and the name it runs under", () => {
    const engine = newEngine();
    expect(evaluate(engine, "local x = 1\n\nerror('bad')")).toBe(
      "-ERR user_script:3: bad script: a-script, on @user_script:3.\r\n",
    );
    expect(engine.outcome).toBe(Outcome.ERROR);
  });

  test("that fails by a command's error is told apart from one with an error of its own", () => {
    const engine = newEngine();
    evaluate(engine, "return redis.call('nothing')");
    expect(engine.outcome).toBe(Outcome.COMMAND_ERROR);
    evaluate(engine, "return redis.pcall('nothing')");
    expect(engine.outcome).toBe(Outcome.COMMAND_ERROR);
    evaluate(engine, "return redis.error_reply('mine')");
    expect(engine.outcome).toBe(Outcome.ERROR);
    evaluate(engine, "return 1");
    expect(engine.outcome).toBe(Outcome.DONE);
  });

  test("sees RESP3's types after redis.setresp(3), and RESP2's again in the next script", () => {
    const engine = newEngine();
    const script = "local t = redis.call('types') return {type(t[1]), type(t[3]), type(t[4]), #t}";
    const types = (...names: string[]) => names.map((name) => `$${name.length}\r\n${name}\r\n`).join("");
    expect(evaluate(engine, `redis.setresp(3) ${script}`)).toBe(`*4\r\n${types("boolean", "table", "table")}:4\r\n`);
    expect(evaluate(engine, script)).toBe(`*4\r\n${types("number", "string", "string")}:5\r\n`);
  });

  test("returns RESP3's types to a RESP3 client", () => {
    const reply = evaluate(newEngine(), "redis.setresp(3) return redis.call('types')", { resp3: true });
    expect(reply).toBe("*4\r\n#t\r\n#f\r\n(1234567999999999999999999999999999999\r\n=13\r\ntxt:some\ntext\r\n");
  });

  test("can be run again and again by its handle", () => {
    const engine = newEngine();
    const handle = compile(engine, "return {KEYS[1], ARGV[1]}");
    for (let i = 0; i < 1000; i++) {
      expect(run(engine, handle, { keys: [`k${i}`], argv: [`v${i}`] })).toBe(
        `*2\r\n$${`k${i}`.length}\r\nk${i}\r\n$${`v${i}`.length}\r\nv${i}\r\n`,
      );
    }
  });

  test("tells the host of logs, replication and permissions", () => {
    const host = new TestHost();
    const engine = newEngine(host);
    evaluate(
      engine,
      "redis.log(redis.LOG_WARNING, 'a', 'b') redis.set_repl(redis.REPL_NONE) redis.set_repl(redis.REPL_AOF)",
    );
    expect(host.logged).toEqual([[3, "a b"]]);
    expect(host.replication).toEqual([0, 1]);
    const asked = "return {redis.acl_check_cmd('get', 'k'), redis.acl_check_cmd('set', 'k', 'v')}";
    expect(evaluate(engine, asked)).toBe("*2\r\n:1\r\n$-1\r\n");
  });

  test("cannot leave anything behind for the next one", () => {
    const engine = newEngine();
    for (const script of [
      "x = 1",
      "string.x = 1",
      "redis.call = nil",
      "_G.x = 1",
      "getmetatable('').__index = {}",
      "rawset(_G, 'x', 1)",
    ])
      expect(evaluate(engine, script)).toContain("Attempt to modify a readonly table");
    expect(evaluate(engine, "KEYS.x = 1 return 1", { keys: ["k"] })).toBe(":1\r\n");
    expect(evaluate(engine, "return KEYS.x")).toBe("$-1\r\n");
  });

  test("lives on when the host fails", () => {
    const host = new TestHost();
    host.call = () => {
      throw new Error("a bug");
    };
    const engine = newEngine(host);
    expect(evaluate(engine, "return redis.pcall('ping')")).toBe("-ERR internal error\r\n");
    expect(evaluate(engine, "return 1")).toBe(":1\r\n");
  });
});

describe("Deprecated functions", () => {
  const evaluateWith = (deprecatedApi: boolean, kind: "eval" | "function", script: string): string => {
    const host = new TestHost();
    host.deprecatedApi = deprecatedApi;
    return evaluate(newEngine(host, kind), script);
  };

  test.each(["setfenv", "getfenv", "newproxy"])("%s are there only if they are asked for", (name) => {
    expect(evaluateWith(true, "eval", `return type(${name})`)).toBe("$8\r\nfunction\r\n");
    expect(evaluateWith(false, "eval", `return type(${name})`)).toContain(`nonexistent global variable '${name}'`);
    expect(evaluateWith(true, "eval", "return type(dofile)")).toContain("nonexistent global variable 'dofile'");
  });

  test("work, and leave what is read-only alone", () => {
    expect(evaluateWith(true, "eval", "local f = function() return x end setfenv(f, {x = 5}) return f()")).toBe(
      ":5\r\n",
    );
    expect(evaluateWith(true, "eval", "getmetatable(newproxy(true)).__gc = function() end return 1")).toBe(":1\r\n");
    expect(evaluateWith(true, "eval", "getfenv(0).x = 1")).toContain("Attempt to modify a readonly table");
    expect(evaluateWith(true, "eval", "setfenv(redis.call, {})")).toContain("cannot change environment");
  });

  test("are there for functions, but not while a library is loaded", () => {
    const host = new TestHost();
    host.deprecatedApi = true;
    const engine = newEngine(host, "function");
    const registered: RegisteredFunction[] = [];
    expect(
      load(engine, "redis.register_function('f', function() return type(setfenv) end)", registered),
    ).toBeUndefined();
    expect(run(engine, registered[0]!.handle)).toBe("$8\r\nfunction\r\n");
    expect(load(engine, "setfenv(1, {})", registered)).toContain("nonexistent global variable 'setfenv'");
  });
});

describe("A text that is no script", () => {
  test("is refused with Lua's reason", () => {
    const engine = newEngine();
    expect(compile(engine, "return }")).toBe(0);
    expect(engine.compileError).toBe("user_script:1: unexpected symbol near '}'");
    expect(compile(engine, "\x1bLuaQ")).toBe(0);
  });
});

describe("An endless script", () => {
  const ENDLESS = [
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local function f() return f() end return f()",
    "while true do redis.call('ping') end",
    "coroutine.wrap(function() while true do end end)()",
    "loadstring('while true do end')()",
    "local f = _G['load' .. 'string'] return f('repeat until false')()",
    "table.sort({1, 2, 3}, function() while true do end end)",
    "return (('x'):gsub('x', function() while true do end end))",
    "return setmetatable({}, {__index = function() while true do end end}).x",
    "while true do coroutine.wrap(function() pcall(error) end)() end",
  ];

  test("is killed when the host says so", () => {
    const host = new TestHost();
    const engine = newEngine(host);
    for (const script of ENDLESS) {
      let polls = 0;
      host.verdict = () => (++polls === 3 ? KILL : GO_ON);
      expect(evaluate(engine, script)).toContain("-ERR Script killed by user with SCRIPT KILL... script: a-script");
      expect(evaluate(engine, "local n = 0 for i = 1, 1e6 do n = n + i end return 1")).toBe(":1\r\n");
    }
  });

  test.skipIf(!LuaEngine.canPause)("is paused, lets others work, goes on and is paused again", async () => {
    const host = new TestHost();
    const engine = newEngine(host);
    for (const script of ENDLESS) {
      let pauses = 0;
      host.verdict = () => PAUSE;
      const reply = new Reply();
      const paused = engine.run(compile(engine, script), argsOf("EVAL", "", "0"), 3, 0, reply);
      expect(paused).toBeInstanceOf(Promise);
      host.verdict = () => (pauses < 3 ? PAUSE : KILL);
      while (engine.paused) {
        expect(reply.at).toBe(0);
        pauses++;
        host.goOn();
        await Bun.sleep(0);
      }
      await paused;
      engine.finish(reply);
      expect(pauses).toBe(3);
      expect(latin1Of(reply)).toContain("-ERR Script killed by user with SCRIPT KILL...");
    }
    host.verdict = () => GO_ON;
    expect(evaluate(engine, "return 1")).toBe(":1\r\n");
  });
});

describe("A long script", () => {
  test.skipIf(!LuaEngine.canPause)("has its result after a pause", async () => {
    const host = new TestHost();
    const engine = newEngine(host);
    let polls = 0;
    host.verdict = () => (++polls === 2 ? PAUSE : GO_ON);
    const reply = new Reply();
    const script = "local n = 0 for i = 1, 1e6 do n = n + i end return {n, KEYS[1], redis.call('echo', ARGV[1])}";
    const paused = engine.run(compile(engine, script), argsOf("EVAL", "", "1", "k", "v"), 3, 1, reply);
    expect(engine.paused).toBe(true);
    host.goOn();
    await paused;
    expect(engine.paused).toBe(false);
    engine.finish(reply);
    expect(latin1Of(reply)).toBe("*3\r\n:500000500000\r\n$1\r\nk\r\n$1\r\nv\r\n");
  });
});

describe("A machine", () => {
  test("does not hand out more memory than allowed, and is usable afterwards", () => {
    const engine = newEngine(new TestHost(), "eval", 20_000_000);
    const greedy = "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end";
    for (let i = 0; i < 3; i++) {
      expect(evaluate(engine, greedy)).toBe("-ERR Error running script a-script, not enough memory\r\n");
      expect(engine.bytesUsed).toBeLessThan(1_000_000);
    }
    expect(evaluate(engine, "return 1")).toBe(":1\r\n");
  });

  test("that broke down is replaced, and says so by its generation", () => {
    const engine = newEngine();
    const handle = compile(engine, "return 1");
    expect(run(engine, handle)).toBe(":1\r\n");
    // Every `?` that matches is one more call of a C function within the last: more than the stack takes.
    expect(evaluate(engine, "return ('a'):rep(3e5):find(('a?'):rep(3e5))")).toContain(
      "-ERR Error running script a-script",
    );
    expect(engine.outcome).toBe(Outcome.ERROR);
    expect(engine.generation).toBe(1);
    expect(run(engine, compile(engine, "return 2"))).toBe(":2\r\n");
  });

  test("that broke down after a pause is replaced as well", async () => {
    const host = new TestHost();
    const engine = newEngine(host);
    let polls = 0;
    host.verdict = () => (++polls === 1 ? PAUSE : GO_ON);
    const script = "for i = 1, 1e6 do end return ('a'):rep(3e5):find(('a?'):rep(3e5))";
    const reply = new Reply();
    const paused = engine.run(compile(engine, script), argsOf("EVAL", "", "0"), 3, 0, reply);
    host.goOn();
    await paused;
    engine.finish(reply);
    expect(latin1Of(reply)).toContain("-ERR Error running script a-script");
    expect(engine.generation).toBe(1);
    expect(evaluate(engine, "return 2")).toBe(":2\r\n");
  });

  test("gives its memory back on reset", () => {
    const engine = newEngine();
    evaluate(engine, "return 1");
    expect(engine.bytesUsed).toBeGreaterThan(10_000);
    engine.reset();
    expect(engine.bytesUsed).toBe(0);
    expect(engine.generation).toBe(1);
    expect(evaluate(engine, "return 1")).toBe(":1\r\n");
  });

  test("does not grow by scripts that were released", () => {
    const engine = newEngine();
    const round = () => {
      for (let i = 0; i < 2000; i++) evaluate(engine, `return ${i}`);
      evaluate(engine, "collectgarbage()");
      return engine.bytesUsed;
    };
    const before = round();
    expect(round()).toBeLessThan(before + 50_000);
  });
});

describe("A library", () => {
  const CODE = `#!lua name=lib
    local function helper(keys, argv) return {keys[1], argv[1], #argv} end
    redis.register_function('first', helper)
    redis.register_function{function_name = 'second', callback = function(keys) return keys[1] end,
      description = 'about it', flags = {'no-writes', 'allow-stale'}}`.replace(/^.*\n/, "\n");

  test("registers functions that can be called", () => {
    const engine = newEngine(new TestHost(), "function");
    const registered: RegisteredFunction[] = [];
    expect(load(engine, CODE, registered)).toBeUndefined();
    expect(registered.map(({ name, flags }) => [Buffer.from(name).toString(), flags])).toEqual([
      ["first", []],
      ["second", ["no-writes", "allow-stale"]],
    ]);
    expect(registered[0]?.description).toBeUndefined();
    expect(Buffer.from(registered[1]?.description ?? []).toString()).toBe("about it");
    expect(run(engine, registered[0]!.handle, { keys: ["k"], argv: ["a", "b"] })).toBe(
      "*3\r\n$1\r\nk\r\n$1\r\na\r\n:2\r\n",
    );
    expect(run(engine, registered[1]!.handle, { keys: ["k"] })).toBe("$1\r\nk\r\n");
  });

  test("is refused with the host's reason", () => {
    const engine = newEngine(new TestHost(), "function");
    expect(load(engine, CODE, [], "unknown flag given")).toBe("Error registering functions: ERR unknown flag given");
  });

  test("finds only what registers functions while it is loaded, and functions find all but that", () => {
    const engine = newEngine(new TestHost(), "function");
    const registered: RegisteredFunction[] = [];
    expect(load(engine, "return redis.call('ping')", registered)).toContain("nonexistent global variable 'call'");
    expect(load(engine, "return math.random()", registered)).toContain("nonexistent global variable 'math'");
    expect(
      load(engine, "redis.register_function('f', function() return redis.call('ping') end)", registered),
    ).toBeUndefined();
    expect(run(engine, registered[0]!.handle)).toBe("+PONG\r\n");
    load(
      engine,
      "redis.register_function('g', function() return redis.register_function('x', function() end) end)",
      registered,
    );
    expect(run(engine, registered[1]!.handle)).toContain("attempt to call field 'register_function' (a nil value)");
  });

  test("is stopped when it takes too long", () => {
    const host = new TestHost();
    const engine = newEngine(host, "function");
    host.verdict = () => KILL;
    expect(load(engine, "while true do end", [])).toBe("Error registering functions: ERR FUNCTION LOAD timeout");
  });

  test("is told the line of its error", () => {
    const engine = newEngine(new TestHost(), "function");
    expect(load(engine, "\n\nx = = 1", [])).toBe(
      "Error compiling function: user_function:3: unexpected symbol near '='",
    );
  });
});
