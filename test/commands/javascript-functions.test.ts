import { describe, expect, test } from "bun:test";
import { DurableServer } from "../clients/durable.ts";
import { RawConnection } from "../support/raw.ts";
import type { LocalServer } from "./local-server.ts";
import { bulk, int, NIL, Recording } from "./recording.ts";

const COUNTER = [
  "#!js name=counter",
  "redis.registerFunction('add', (keys, args) => redis.call('INCRBY', keys[0], args[0]));",
  "redis.registerFunction('both', (keys) => { redis.call('SET', keys[0], 'a'); redis.call('SET', keys[1], 'b'); });",
  "redis.registerFunction('half', (keys) => { redis.call('SET', keys[0], 'a'); redis.call('LPUSH', keys[0], 'b'); });",
  "redis.registerFunction('read', (keys) => redis.call('GET', keys[0]), { flags: ['no-writes'], description: 'Reads.' });",
  "redis.registerFunction('sneak', (keys) => redis.call('SET', keys[0], 1), { flags: ['no-writes'] });",
  "redis.registerFunction('loop', () => { for (;;); });",
].join("\n");
const LUA = "#!lua name=mylua\nredis.register_function('l', function() return 1 end)";
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

function enable(server: LocalServer, how: "no" | "local" | "yes"): void {
  Object.assign(server.config.values, { "enable-js-functions": how });
  server.scripting.libraries.enablesJavaScript = how !== "no";
}

describe("Functions in JavaScript", () => {
  const load = (server: LocalServer, address: string) =>
    server.connect(address).ask("FUNCTION", "LOAD", "REPLACE", COUNTER);

  test("are off at first", () => {
    const { server, c } = new Recording();
    expect(load(server, "127.0.0.1:5000")).toStartWith("-ERR Functions in JavaScript are not enabled");
    expect(c.say("FUNCTION STATS")).not.toContain("JS");
    expect(c.say("CONFIG SET enable-js-functions yes")).toContain("can't set protected config");
  });

  test("may be loaded by clients of this machine only, and called by all", () => {
    const { server } = new Recording();
    enable(server, "local");
    expect(load(server, "10.0.0.7:5000")).toStartWith(
      "-ERR Functions in JavaScript may be loaded by clients of this machine",
    );
    expect(load(server, "127.0.0.1:5000")).toBe(bulk("counter"));
    const stranger = server.connect("10.0.0.7:5000");
    expect(stranger.say("FCALL add 1 n 5")).toBe(int(5));
    const payload = stranger.say("FUNCTION DUMP").slice(6, -2);
    expect(stranger.ask("FUNCTION", "RESTORE", payload, "REPLACE")).toStartWith("-ERR Functions in JavaScript may be");
    enable(server, "yes");
    expect(stranger.ask("FUNCTION", "RESTORE", payload, "REPLACE")).toBe("+OK\r\n");
    expect(stranger.say("FCALL add 1 n 5")).toBe(int(10));
  });

  test("change data as one transaction in the journal, and what a failing one changed stays", () => {
    const recording = new Recording();
    enable(recording.server, "yes");
    recording.c.ask("FUNCTION", "LOAD", COUNTER);
    recording.trace("PING");
    recording.expect(
      ["FCALL add 1 n 2", int(2), "INCRBY n 2", "incrby:n"],
      ["FCALL both 2 x y", NIL, "MULTI | SET x a | SET y b | EXEC", "set:x | set:y"],
      ["FCALL half 1 z", `-${WRONG_TYPE}\r\n`, "SET z a", "set:z"],
      ["FCALL_RO read 1 x", bulk("a")],
    );
    expect(recording.c.say("INFO errorstats")).toContain("errorstat_WRONGTYPE:count=1\r\n");
  });

  test("keep to their flags, and are listed beside those in Lua", () => {
    const { server, c } = new Recording();
    enable(server, "yes");
    c.ask("FUNCTION", "LOAD", COUNTER);
    c.ask("FUNCTION", "LOAD", LUA);
    expect(c.say("FCALL_RO add 1 n 1")).toStartWith(
      "-ERR Can not execute a script with write flag using *_ro command.",
    );
    expect(c.say("FCALL sneak 1 n")).toBe("-ERR Write commands are not allowed from read-only scripts.\r\n");
    expect(c.say("FUNCTION STATS")).toContain(
      `*4\r\n${bulk("LUA")}*4\r\n${bulk("libraries_count")}${int(1)}${bulk("functions_count")}${int(1)}` +
        `${bulk("JS")}*4\r\n${bulk("libraries_count")}${int(1)}${bulk("functions_count")}${int(6)}`,
    );
    expect(c.say("FUNCTION LIST LIBRARYNAME counter")).toContain(`${bulk("engine")}${bulk("JS")}`);
    expect(c.ask("FUNCTION", "LOAD", COUNTER)).toBe("-ERR Library 'counter' already exists\r\n");
    expect(c.ask("FUNCTION", "LOAD", COUNTER.replace("counter", "other"))).toBe("-ERR Function add already exists\r\n");
    expect(c.say("FUNCTION DELETE counter", "FCALL add 1 n 1", "FCALL l 0")).toBe(
      `+OK\r\n-ERR Function not found\r\n${int(1)}`,
    );
  });

  test("make others wait when they take long, can be killed, and are there again afterwards", async () => {
    const { server, c } = new Recording();
    enable(server, "yes");
    c.ask("FUNCTION", "LOAD", COUNTER);
    server.scripting.host.busyReplyThresholdMs = 1;
    // Every look at the clock takes a second.
    let us = 0;
    server.clock.monotonicUs = () => (us += 1e6);
    const other = server.connect();
    expect(c.say("FCALL loop 0")).toBe("");
    expect(other.say("GET x")).toStartWith("-BUSY");
    expect(other.say("SCRIPT KILL")).toStartWith("-BUSY");
    expect(other.say("FUNCTION STATS")).toContain(`${bulk("name")}${bulk("loop")}`);
    expect(other.say("FUNCTION KILL")).toBe("+OK\r\n");
    let heard = "";
    while (heard === "") {
      await new Promise((resolve) => setImmediate(resolve));
      heard = c.heard();
    }
    expect(heard).toBe("-ERR Error running script loop, Script killed by user with FUNCTION KILL.\r\n");
    server.scripting.host.busyReplyThresholdMs = 0;
    expect(other.say("FCALL add 1 n 1")).toBe(int(1));
  });

  test("survive a kill -9, as what they changed does", async () => {
    const durable = await DurableServer.start(["--enable-js-functions", "local"]);
    try {
      const before = await RawConnection.connect(durable.port);
      expect(await before.text("FUNCTION", "LOAD", COUNTER)).toBe(bulk("counter"));
      expect(await before.text("FCALL", "both", "2", "x", "y")).toBe(NIL);
      await durable.restart("kill9");
      const after = await RawConnection.connect(durable.port);
      expect(await after.text("FCALL", "read", "1", "y")).toBe(bulk("b"));
      for (const connection of [before, after]) connection.close();
    } finally {
      await durable.remove();
    }
  });
});
