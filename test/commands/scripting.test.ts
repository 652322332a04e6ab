import { beforeEach, describe, expect, test } from "bun:test";
import { encode } from "../../src/lib/bytes.ts";
import { sha1 } from "../../src/script/cache.ts";
import { type LocalClient, LocalServer } from "./local-server.ts";
import { bulk, int, NIL, OK, Recording } from "./recording.ts";

const BUSY = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";

describe("what a script changes", () => {
  test("is journalled as one transaction, and a single change too", () => {
    const recording = new Recording();
    recording.expect(
      ["EVAL \"return redis.call('SET', KEYS[1], 'v')\" 1 k", OK, "SET k v", "set:k"],
      [
        "EVAL \"redis.call('INCR', 'n') redis.call('GET', 'n') redis.call('INCRBYFLOAT', 'n', 0.5) return 1\" 0",
        int(1),
        "MULTI | INCR n | SET n 1.5 KEEPTTL | EXEC",
        "incrby:n | incrbyfloat:n",
      ],
      ["EVAL \"return redis.call('GET', 'k')\" 0", bulk("v")],
    );
  });

  test("is journalled as far as it came when it fails", () => {
    const recording = new Recording();
    const [, reply, journal] = recording.trace("EVAL \"redis.call('SET', 'a', 1) redis.call('INCR', 'a', 'x')\" 0");
    expect(reply).toMatch(
      /^-ERR Wrong number of args calling Redis command from script script: [0-9a-f]{40}, on @user_script:1\./,
    );
    expect(journal).toBe("SET a 1");
  });

  test("is part of the transaction that it is run in", () => {
    const recording = new Recording();
    recording.prepare("MULTI", "SET a 1", "EVAL \"return redis.call('SET', 'b', 2)\" 0", "SET c 3");
    expect(recording.trace("EXEC").slice(1, 3)).toEqual([
      `*3\r\n${OK}${OK}${OK}`,
      "MULTI | SET a 1 | SET b 2 | SET c 3 | EXEC",
    ]);
  });

  test("is not journalled while redis.set_repl says so", () => {
    const recording = new Recording();
    recording.expect([
      "EVAL \"redis.set_repl(redis.REPL_NONE) redis.call('SET', 'a', 1) redis.set_repl(redis.REPL_ALL) redis.call('SET', 'b', 2)\" 0",
      NIL,
      "SET b 2",
      "set:a | set:b",
    ]);
  });

  test("of libraries is journalled as the request itself", () => {
    const recording = new Recording();
    const load = "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function() return 1 end)\"";
    const code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    recording.expect(
      [load, bulk("lib"), `FUNCTION LOAD ${code}`],
      ["FCALL f 0", int(1)],
      ["FUNCTION DELETE lib", OK, "FUNCTION DELETE lib"],
      ["FUNCTION FLUSH", OK, "FUNCTION FLUSH"],
    );
  });
});

describe("a script that runs for long", () => {
  let server: LocalServer;
  let runner: LocalClient;
  let other: LocalClient;
  const endless = 'EVAL "while true do end" 0';

  beforeEach(() => {
    server = new LocalServer();
    runner = server.connect();
    other = server.connect();
    server.scripting.host.busyReplyThresholdMs = 1;
    // Every look at the clock takes a second.
    let us = 0;
    server.clock.monotonicUs = () => (us += 1e6);
  });

  /** Lets paused scripts go on until the client has been answered. */
  async function answer(client: LocalClient): Promise<string> {
    for (let turn = 0; turn < 1000; turn++) {
      const heard = client.heard();
      if (heard !== "") return heard;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return "(nothing)";
  }

  test("makes others wait, and can be killed", async () => {
    expect(runner.say(endless)).toBe("");
    expect(other.say("GET x", "MULTI", "GET x", "EXEC")).toBe(
      `${BUSY}${OK}${BUSY}-EXECABORT Transaction discarded because of: ${BUSY.slice(1)}`,
    );
    expect(other.say("FUNCTION KILL")).toBe(BUSY);
    expect(other.say("FUNCTION STATS")).toBe(BUSY);
    expect(other.say("SHUTDOWN")).toBe(BUSY);
    expect(other.say("SCRIPT KILL")).toBe(OK);
    expect(await answer(runner)).toMatch(/^-ERR Error running script|^-ERR Script killed by user with SCRIPT KILL/);
    expect(other.say("GET x")).toBe(NIL);
    expect(other.say("SCRIPT KILL")).toBe("-NOTBUSY No scripts in execution right now.\r\n");
  });

  test("can't be killed after it has changed something", async () => {
    runner.say("EVAL \"redis.call('SET', 'x', 1) for i = 1, 3e6 do end return redis.call('GET', 'x')\" 0");
    expect(other.say("SCRIPT KILL")).toMatch(/^-UNKILLABLE /);
    expect(await answer(runner)).toBe(bulk("1"));
    expect(other.say("GET x")).toBe(bulk("1"));
  });

  test("is paused in a transaction too, which goes on behind it", async () => {
    runner.say("MULTI", "SET a 1", "EVAL \"for i = 1, 3e6 do end return 'looped'\" 0", "GET a");
    expect(runner.say("EXEC", "GET a")).toBe("");
    expect(other.say("GET a")).toBe(BUSY);
    expect(await answer(runner)).toBe(`*3\r\n${OK}${bulk("looped")}${bulk("1")}`);
    server.resumeAll();
    expect(runner.heard()).toBe(bulk("1"));
  });

  test("is killed within a transaction, of which the rest is run", async () => {
    runner.say("MULTI", "SET a 1", endless, "GET a");
    expect(runner.say("EXEC")).toBe("");
    expect(other.say("SCRIPT KILL")).toBe(OK);
    const heard = await answer(runner);
    expect(heard).toStartWith(`*3\r\n${OK}-ERR `);
    expect(heard).toEndWith(bulk("1"));
  });

  test("leaves clients that wait for keys waiting until it ends", async () => {
    other.say("BLPOP list 0");
    runner.say("EVAL \"redis.call('RPUSH', 'list', 'x') for i = 1, 3e6 do end return redis.call('LLEN', 'list')\" 0");
    server.executor.waking.serve();
    expect(other.heard()).toBe("");
    expect(await answer(runner)).toBe(int(1));
    server.executor.waking.serve();
    expect(other.heard()).toBe(`*2\r\n${bulk("list")}${bulk("x")}`);
  });

  test("goes on after its client is gone", async () => {
    runner.say("EVAL \"redis.call('SET', 'x', 1) for i = 1, 3e6 do end redis.call('SET', 'x', 2)\" 0");
    runner.close("now");
    for (let turn = 0; turn < 1000 && server.gate !== 0; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(other.say("GET x")).toBe(bulk("2"));
  });
});

describe("the cache of scripts", () => {
  test("keeps what EVAL and SCRIPT LOAD brought until SCRIPT FLUSH", () => {
    const c = new LocalServer().connect();
    const sha = sha1(encode("return 1"));
    expect(c.say(`EVALSHA ${sha} 0`)).toBe("-NOSCRIPT No matching script. Please use EVAL.\r\n");
    expect(c.say('EVAL "return 1" 0', `EVALSHA ${sha.toUpperCase()} 0`, `SCRIPT EXISTS ${sha} x`)).toBe(
      `${int(1)}${int(1)}*2\r\n${int(1)}${int(0)}`,
    );
    expect(c.say(`SCRIPT SHOW ${sha}`)).toBe(bulk("return 1"));
    expect(c.say("SCRIPT FLUSH", `SCRIPT EXISTS ${sha}`)).toBe(`${OK}*1\r\n${int(0)}`);
    expect(c.say('SCRIPT LOAD "return 1"', `EVALSHA ${sha} 0`)).toBe(`${bulk(sha)}${int(1)}`);
  });

  test("is bounded for scripts of EVAL", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 600; i++) expect(c.say(`EVAL "return ${i}" 0`)).toBe(int(i));
    expect(c.say("INFO memory")).toContain("number_of_cached_scripts:500\r\n");
    expect(c.say("INFO stats")).toContain("evicted_scripts:100\r\n");
    expect(c.say('EVAL "return 3" 0')).toBe(int(3));
  });
});

describe("EVALSHA", () => {
  test("finds scripts whose SHA1s begin alike, until they are forgotten", () => {
    const c = new LocalServer().connect();
    const bySlot = new Map<string, string[]>();
    for (let i = 0; i < 100; i++) {
      const sha = c.say(`SCRIPT LOAD "return ${i}"`).slice(5, 45);
      bySlot.set(sha.slice(0, 2), [...(bySlot.get(sha.slice(0, 2)) ?? []), `${sha} ${i}`]);
    }
    const alike = [...bySlot.values()].find((found) => found.length > 1)!.map((found) => found.split(" "));
    for (const [sha, value] of [...alike, ...alike]) {
      expect(c.say(`EVALSHA ${sha} 0`, `EVALSHA ${sha!.toUpperCase()} 0`)).toBe(int(Number(value)).repeat(2));
    }
    c.say("SCRIPT FLUSH");
    for (const [sha] of alike) expect(c.say(`EVALSHA ${sha} 0`)).toStartWith("-NOSCRIPT");
  });

  test("does not find a script that EVAL brought and others pushed out", () => {
    const c = new LocalServer().connect();
    const sha = sha1(encode("return 0"));
    expect(c.say('EVAL "return 0" 0', `EVALSHA ${sha} 0`)).toBe(int(0).repeat(2));
    for (let i = 1; i <= 500; i++) c.say(`EVAL "return ${i}" 0`);
    expect(c.say(`EVALSHA ${sha} 0`)).toStartWith("-NOSCRIPT");
  });
});

describe("a script and its client", () => {
  test("use the client's database, and SELECT ends with the script", () => {
    const c = new LocalServer().connect();
    expect(
      c.say("SELECT 2", "EVAL \"redis.call('SET', 'x', 1) redis.call('SELECT', 5) redis.call('SET', 'y', 1)\" 0"),
    ).toBe(OK + NIL);
    expect(c.say("EXISTS x y", "SELECT 5", "EXISTS x y")).toBe(`${int(1)}${OK}${int(1)}`);
  });

  test("get replies in their own protocols", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "HSET h a 1");
    expect(c.say("EVAL \"return redis.call('HGETALL', 'h')\" 0")).toBe(`*2\r\n${bulk("a")}${bulk("1")}`);
    expect(c.say("EVAL \"redis.setresp(3) return redis.call('HGETALL', 'h')\" 0")).toBe(
      `%1\r\n${bulk("a")}${bulk("1")}`,
    );
    expect(c.say("GET none")).toBe("_\r\n");
  });

  test("share what the client tracks: the keys that the script was given, once it reads anything", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("HELLO 3", "CLIENT TRACKING on", "EVAL_RO \"return redis.call('PING')\" 1 x");
    server.connect().say("SET x 1");
    expect(c.heard()).toBe("");
    c.say("EVAL \"return redis.call('GET', 'y')\" 1 x");
    server.connect().say("SET y 1", "SET x 1");
    expect(c.heard()).toBe(`>2\r\n${bulk("invalidate")}*1\r\n${bulk("x")}`);
  });

  test("are shown to monitors, the script before its commands", () => {
    const server = new LocalServer();
    const monitor = server.connect("127.0.0.1:6001");
    monitor.say("MONITOR");
    server.connect().say("EVAL \"return redis.call('GET', 'x')\" 0");
    const lines = monitor
      .heard()
      .split("\r\n")
      .map((line) => line.slice(line.indexOf("[")));
    expect(lines).toEqual([
      '[0 127.0.0.1:5000] "EVAL" "return redis.call(\'GET\', \'x\')" "0"',
      '[0 lua] "GET" "x"',
      "",
    ]);
  });

  test("count calls and errors once", () => {
    const c = new LocalServer().connect();
    c.say("EVAL \"redis.call('LPUSH', 'l', 1) redis.call('GET', 'l')\" 0");
    const info = c.say("INFO commandstats", "INFO errorstats");
    expect(info).toMatch(/cmdstat_get:calls=1,.*failed_calls=1/);
    expect(info).toMatch(/cmdstat_eval:calls=1,.*failed_calls=1/);
    expect(info).toContain("errorstat_WRONGTYPE:count=1\r\n");
  });

  test("have each large request measured, for the slow log", () => {
    const server = new LocalServer();
    const c = server.connect();
    server.observation.setSlowerThan(10_000);
    c.say("EVAL \"redis.call('SET', 'x', 1) redis.call('SET', 'x', 1)\" 0");
    let us = 0;
    server.clock.monotonicUs = () => (us += 20_000);
    c.say("EVAL \"redis.call('SET', 'x', string.rep('y', 5000)) redis.call('SET', 'x', 1)\" 0");
    expect(c.say("SLOWLOG GET")).toContain(`${bulk("SET")}${bulk("x")}`);
  });

  test("count each of many quick calls, though not each is measured", () => {
    const c = new LocalServer().connect();
    c.say("EVAL \"for i = 1, 21 do redis.call('INCR', 'n') end\" 0");
    expect(c.say("INFO commandstats")).toContain("cmdstat_incr:calls=21,");
    expect(c.say("LATENCY HISTOGRAM incr")).toContain(`${bulk("calls")}${int(21)}`);
    expect(c.say("INFO stats")).toContain("total_commands_processed:24\r\n");
  });
});
