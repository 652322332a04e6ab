import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frame, LocalServer } from "./local-server.ts";

const OK = "+OK\r\n";
const PROTECTED = "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config\r\n";

describe("CONFIG GET", () => {
  test("gives names and values, of patterns as well", () => {
    const c = new LocalServer().connect();
    expect(c.say("CONFIG GET timeout HZ")).toBe(frame("*", 4, "timeout", "0", "HZ", "10"));
    expect(c.say("CONFIG GET hash-max-listpack-*")).toBe(
      frame("*", 4, "hash-max-listpack-entries", "512", "hash-max-listpack-value", "64"),
    );
    expect(c.say("CONFIG GET nope no*such")).toBe("*0\r\n");
  });

  test("gives a map in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3");
    expect(c.say("CONFIG GET timeout")).toBe(frame("%", 1, "timeout", "0"));
  });

  test("gives bytes as they were set", () => {
    const c = new LocalServer().connect();
    expect(c.say('CONFIG SET requirepass "\\xff\\x00"', "CONFIG GET requirepass")).toBe(
      `${OK}*2\r\n$11\r\nrequirepass\r\n$2\r\n\xff\x00\r\n`,
    );
  });
});

describe("CONFIG SET", () => {
  test("sets all or nothing", () => {
    const c = new LocalServer().connect();
    expect(c.say("CONFIG SET timeout 10 hz abc")).toStartWith(
      "-ERR CONFIG SET failed (possibly related to argument 'hz')",
    );
    expect(c.say("CONFIG GET timeout")).toBe(frame("*", 2, "timeout", "0"));
    expect(c.say("CONFIG SET timeout 10 hz 20", "CONFIG GET timeout")).toBe(OK + frame("*", 2, "timeout", "10"));
  });

  test("wants a value for each name", () => {
    const c = new LocalServer().connect();
    expect(c.say("CONFIG SET timeout")).toBe("-ERR wrong number of arguments for 'config|set' command\r\n");
    expect(c.say("CONFIG SET timeout 1 hz")).toBe("-ERR syntax error\r\n");
  });

  test("changes protected directives only as far as they were left open", () => {
    const { server, local, remote } = { server: new LocalServer(), local: "127.0.0.1:5000", remote: "10.0.0.1:5000" };
    expect(server.connect(local).say("CONFIG SET dbfilename a.rdb")).toBe(PROTECTED);
    Object.assign(server.config.values, { "enable-protected-configs": "local" });
    for (const address of [local, "[::1]:5000", "/run/redis.sock:0"]) {
      expect(server.connect(address).say("CONFIG SET dbfilename a.rdb")).toBe(OK);
    }
    expect(server.connect(remote).say("CONFIG SET dbfilename a.rdb")).toBe(PROTECTED);
  });
});

describe("CONFIG RESETSTAT", () => {
  test("starts all counters anew but for unsaved changes", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET k v", "GET k", "INCR k");
    expect(c.say("CONFIG RESETSTAT")).toBe(OK);
    const { stats, table } = server;
    expect([stats.keyspaceHits, stats.errorReplies, stats.errors.size, stats.dirty]).toEqual([0, 0, 0, 1]);
    expect([table.get("get")!.stats.calls, table.get("incr")!.stats.failed]).toEqual([0, 0]);
  });
});

describe("CONFIG REWRITE", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "go-redis-test-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test("writes what was set into the configuration file", () => {
    const server = new LocalServer();
    const c = server.connect();
    server.config.file = join(dir, "redis.conf");
    writeFileSync(server.config.file, "# mine\ntimeout 5\n");
    expect(c.say("CONFIG SET timeout 7 hz 20", "CONFIG REWRITE")).toBe(OK + OK);
    expect(readFileSync(server.config.file, "utf8")).toStartWith("# mine\ntimeout 7\n");
    expect(readFileSync(server.config.file, "utf8")).toContain("\nhz 20\n");
  });

  test("needs a file", () => {
    const server = new LocalServer();
    expect(server.connect().say("CONFIG REWRITE")).toBe("-ERR The server is running without a config file\r\n");
  });
});
