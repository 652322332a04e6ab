import { describe, expect, test } from "bun:test";
import { LocalServer } from "./local-server.ts";

const UNKNOWN = "-ERR unknown command 'NOPE', with args beginning with: \r\n";

describe("CLIENT PAUSE", () => {
  test("holds everything back until its time is up", () => {
    const server = new LocalServer();
    const [admin, c] = [server.connect(), server.connect()];
    expect(admin.say("CLIENT PAUSE 100")).toBe("+OK\r\n");
    expect(c.say("PING", "QUIT")).toBe("");
    server.pass(99);
    expect(c.retry()).toBe("");
    server.pass(1);
    expect(c.retry()).toBe("+PONG\r\n+OK\r\n");
  });

  test("does not hold back what is refused anyway", () => {
    const server = new LocalServer();
    server.connect().say("CLIENT PAUSE 100 ALL");
    expect(server.connect().say("NOPE", "GET")).toBe(`${UNKNOWN}-ERR wrong number of arguments for 'get' command\r\n`);
  });

  test("with WRITE holds back writes and messages only", () => {
    const server = new LocalServer();
    server.connect().say("CLIENT PAUSE 100 write");
    const asked = { "GET k": "$-1\r\n", PING: "+PONG\r\n", "SET k v": "", "PUBLISH c m": "", "SPUBLISH c m": "" };
    for (const [request, bytes] of Object.entries(asked)) {
      expect([request, server.connect().say(request)]).toEqual([request, bytes]);
    }
  });

  test("is ended by CLIENT UNPAUSE", () => {
    const server = new LocalServer();
    const [admin, c] = [server.connect(), server.connect()];
    admin.say("CLIENT PAUSE 100000 WRITE");
    expect(c.say("SET k v", "GET k")).toBe("");
    expect(admin.say("GET k", "CLIENT UNPAUSE")).toBe("$-1\r\n+OK\r\n");
    expect(c.retry()).toBe("+OK\r\n$1\r\nv\r\n");
    expect(admin.say("CLIENT UNPAUSE")).toBe("+OK\r\n");
  });

  test("is never shortened by another pause", () => {
    const server = new LocalServer();
    const [admin, c] = [server.connect(), server.connect()];
    admin.say("CLIENT PAUSE 1000 WRITE", "CLIENT PAUSE 300 WRITE");
    server.pass(300);
    expect(c.say("SET k v")).toBe("");
    server.pass(700);
    expect(c.retry()).toBe("+OK\r\n");
  });

  test("is prolonged and made stricter, but not milder, by another pause", () => {
    const server = new LocalServer();
    const admin = server.connect();
    admin.say("CLIENT PAUSE 700 WRITE", "CLIENT PAUSE 200 ALL");
    server.pass(500);
    const c = server.connect();
    expect(c.say("PING")).toBe("");
    server.pass(200);
    expect(c.retry()).toBe("+PONG\r\n");
    expect(admin.say("CLIENT PAUSE 100 WRITE")).toBe("+OK\r\n");
    expect(server.connect().say("PING")).toBe("+PONG\r\n");
  });

  test("keeps keys whose time is past until it ends, though nobody sees them", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET k v PX 10", "CLIENT PAUSE 1000 WRITE");
    server.pass(20);
    expect(c.say("GET k", "EXISTS k", "DBSIZE")).toBe("$-1\r\n:0\r\n:1\r\n");
    expect(server.stats.expiredKeys).toBe(0);
    expect(c.say("CLIENT UNPAUSE", "GET k", "DBSIZE")).toBe("+OK\r\n$-1\r\n:0\r\n");
    expect(server.stats.expiredKeys).toBe(1);
  });

  test("of no length is none", () => {
    const server = new LocalServer();
    expect(server.connect().say("CLIENT PAUSE 0", "PING")).toBe("+OK\r\n+PONG\r\n");
  });

  test("names its mistakes as redis-server does", () => {
    const c = new LocalServer().connect();
    const badMode = "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n";
    const notInteger = "-ERR timeout is not an integer or out of range\r\n";
    const dialogue = {
      "CLIENT PAUSE": "-ERR wrong number of arguments for 'client|pause' command\r\n",
      "CLIENT PAUSE x": notInteger,
      "CLIENT PAUSE 1.5": notInteger,
      "CLIENT PAUSE 9223372036854775808": notInteger,
      "CLIENT PAUSE -1": "-ERR timeout is negative\r\n",
      "CLIENT PAUSE 9223372036854775807": "-ERR timeout is out of range\r\n",
      "CLIENT PAUSE 100 NOPE": badMode,
      "CLIENT PAUSE x NOPE": badMode,
      "client pause 1 WRITE x":
        "-ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.\r\n",
      "CLIENT UNPAUSE x": "-ERR wrong number of arguments for 'client|unpause' command\r\n",
      PING: "+PONG\r\n",
    };
    for (const [request, bytes] of Object.entries(dialogue))
      expect([request, c.say(request)]).toEqual([request, bytes]);
  });
});
