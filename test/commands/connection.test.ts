import { describe, expect, test } from "bun:test";
import { followPassword } from "../../src/command/authentication.ts";
import { frame, LocalServer } from "./local-server.ts";

const WRONGPASS = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const NOAUTH = "-NOAUTH Authentication required.\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const BAD_NAME = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";

function withPassword(): LocalServer {
  const server = new LocalServer();
  server.config.set([["requirepass", "sec"]]);
  return server;
}

/** What redis-server 7.0.15 sends, request by request. */
function answers(name: string, dialogue: Record<string, string>, server = () => new LocalServer()): void {
  test(name, () => {
    const c = server().connect();
    for (const [request, bytes] of Object.entries(dialogue))
      expect([request, c.say(request)]).toEqual([request, bytes]);
  });
}

describe("PING", () => {
  answers("answers PONG or its message", {
    PING: "+PONG\r\n",
    "PING hello": "$5\r\nhello\r\n",
    'PING ""': "$0\r\n\r\n",
    "PING a b": "-ERR wrong number of arguments for 'ping' command\r\n",
  });

  answers("answers a RESP2 subscriber in the form of a message", {
    "SUBSCRIBE c": frame("*", 3, "subscribe", "c", 1),
    PING: frame("*", 2, "pong", ""),
    "PING hi": frame("*", 2, "pong", "hi"),
  });

  test("answers a RESP3 subscriber as everybody", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "SUBSCRIBE c");
    expect(c.say("PING")).toBe("+PONG\r\n");
  });
});

describe("ECHO", () => {
  answers("gives back its argument", {
    'ECHO "a\\r\\n\\x00"': "$4\r\na\r\n\x00\r\n",
    ECHO: "-ERR wrong number of arguments for 'echo' command\r\n",
  });
});

describe("QUIT", () => {
  test("answers OK, closes after that and executes nothing more", () => {
    const c = withPassword().connect();
    expect(c.say("QUIT a b", "PING")).toBe("+OK\r\n");
    expect(c.closed).toBe("flushed");
  });
});

describe("SELECT", () => {
  answers("takes the index of a database", {
    "SELECT 15": "+OK\r\n",
    "SELECT 16": "-ERR DB index is out of range\r\n",
    "SELECT -1": "-ERR DB index is out of range\r\n",
    "SELECT 2147483647": "-ERR DB index is out of range\r\n",
    "SELECT 2147483648": "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    "SELECT 99999999999": "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    "SELECT 9999999999999999999999": NOT_INTEGER,
    "SELECT 1.5": NOT_INTEGER,
    'SELECT ""': NOT_INTEGER,
  });

  test("changes where commands work", () => {
    const c = new LocalServer().connect();
    expect(c.say("SET k v", "SELECT 1", "GET k", "SELECT 0", "GET k")).toBe("+OK\r\n+OK\r\n$-1\r\n+OK\r\n$1\r\nv\r\n");
  });
});

describe("AUTH", () => {
  answers(
    "lets in who knows the password",
    {
      PING: NOAUTH,
      AUTH: "-ERR wrong number of arguments for 'auth' command\r\n",
      "AUTH a b c": "-ERR syntax error\r\n",
      "AUTH wrong": WRONGPASS,
      "AUTH secret": WRONGPASS,
      'AUTH ""': WRONGPASS,
      "AUTH nope sec": WRONGPASS,
      "AUTH DEFAULT sec": WRONGPASS,
      "GET k": NOAUTH,
      "CLIENT ID": NOAUTH,
      "AUTH default sec": "+OK\r\n",
      "ECHO x": "$1\r\nx\r\n",
    },
    withPassword,
  );

  test("takes the password alone, and leaves an authenticated client in after a wrong one", () => {
    expect(withPassword().connect().say("AUTH sec", "AUTH wrong", "PING")).toBe(`+OK\r\n${WRONGPASS}+PONG\r\n`);
  });

  const noPassword =
    "-ERR AUTH <password> called without any password configured for the default user. " +
    "Are you sure your configuration is correct?\r\n";
  answers("takes any password of the default user when there is none", {
    "AUTH x": noPassword,
    'AUTH ""': noPassword,
    "AUTH default x": "+OK\r\n",
    'AUTH default ""': "+OK\r\n",
    "AUTH nope x": WRONGPASS,
  });

  test("takes passwords of any bytes", () => {
    const server = new LocalServer();
    server.config.set([["requirepass", "p\xff w"]]);
    expect(server.connect().say('AUTH "p\\xff w"')).toBe("+OK\r\n");
  });
});

describe("HELLO", () => {
  const map = (id: number, proto: number): string =>
    `$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n$5\r\nproto\r\n:${proto}\r\n$2\r\nid\r\n:${id}\r\n` +
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
  const notInteger = "-ERR Protocol version is not an integer or out of range\r\n";
  const noProto = "-NOPROTO unsupported protocol version\r\n";

  test("describes the server in the protocol asked for, and keeps that protocol", () => {
    const c = new LocalServer().connect();
    expect(c.say("HELLO")).toBe(`*14\r\n${map(1, 2)}`);
    expect(c.say("HELLO 3")).toBe(`%7\r\n${map(1, 3)}`);
    expect(c.say("HELLO")).toBe(`%7\r\n${map(1, 3)}`);
    expect(c.say("GET none")).toBe("_\r\n");
    expect(c.say("HELLO 2")).toBe(`*14\r\n${map(1, 2)}`);
  });

  answers("refuses other versions and options", {
    "HELLO 1": noProto,
    "HELLO 4": noProto,
    "HELLO -3": noProto,
    "HELLO 9223372036854775807": noProto,
    "HELLO 4 NOPE": noProto,
    "HELLO abc": notInteger,
    "HELLO 3.0": notInteger,
    "HELLO 03": notInteger,
    'HELLO ""': notInteger,
    "HELLO 99999999999999999999": notInteger,
    "HELLO 3 NOPE": "-ERR Syntax error in HELLO option 'NOPE'\r\n",
    "HELLO 3 SETNAME": "-ERR Syntax error in HELLO option 'SETNAME'\r\n",
    "HELLO 3 SETNAME a b": "-ERR Syntax error in HELLO option 'b'\r\n",
    "HELLO 3 AUTH": "-ERR Syntax error in HELLO option 'AUTH'\r\n",
    "HELLO 3 AUTH default": "-ERR Syntax error in HELLO option 'AUTH'\r\n",
    "HELLO 3 AUTH nope x": WRONGPASS,
    'HELLO 3 SETNAME "a b" AUTH nope x': BAD_NAME,
    "GET none": "$-1\r\n",
  });

  test("applies options in order until one fails", () => {
    const c = new LocalServer().connect();
    expect(c.say("HELLO 2 SETNAME zed NOPE", "CLIENT GETNAME")).toEndWith("$3\r\nzed\r\n");
    expect(c.say("HELLO 2 AUTH nope x SETNAME worse", "CLIENT GETNAME")).toBe(`${WRONGPASS}$3\r\nzed\r\n`);
    expect(c.say("HELLO 2 setname q auth default x", "CLIENT GETNAME")).toEndWith("$1\r\nq\r\n");
  });

  test("authenticates, but does not answer those who are not", () => {
    const c = withPassword().connect();
    const refusal =
      "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be " +
      "used to authenticate the client and select the RESP protocol version at the same time\r\n";
    expect(c.say("HELLO", "HELLO 3", "HELLO 3 SETNAME x")).toBe(refusal.repeat(3));
    expect(c.say("HELLO 4", "HELLO 3 AUTH default wrong")).toBe(noProto + WRONGPASS);
    expect(c.say("HELLO 3 AUTH default sec SETNAME y")).toBe(`%7\r\n${map(1, 3)}`);
    expect(c.say("CLIENT GETNAME")).toBe("$1\r\ny\r\n");
  });

  test("has let in who gave the password even if the name after it is refused", () => {
    const c = withPassword().connect();
    expect(c.say('HELLO 3 AUTH default sec SETNAME "a b"', "PING")).toBe(`${BAD_NAME}+PONG\r\n`);
  });

  test("can't be said by a RESP2 subscriber, and puts a RESP3 subscriber into subscriber mode", () => {
    const refusal = (name: string): string =>
      `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;
    const c = new LocalServer().connect();
    c.say("SUBSCRIBE x");
    expect(c.say("HELLO 3")).toBe(refusal("hello"));
    const d = new LocalServer().connect();
    d.say("HELLO 3", "SUBSCRIBE x", "HELLO 2");
    expect(d.say("PING", "GET k")).toBe(frame("*", 2, "pong", "") + refusal("get"));
    expect(d.say("UNSUBSCRIBE", "GET k")).toBe(`${frame("*", 3, "unsubscribe", "x", 0)}$-1\r\n`);
  });
});

describe("RESET", () => {
  test("brings back protocol, database, name and modes", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3 SETNAME me", "SELECT 3", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on", "CLIENT SETINFO LIB-NAME lib");
    expect(c.say("RESET", "CLIENT GETNAME")).toBe("+RESET\r\n$-1\r\n");
    expect(c.say("CLIENT INFO")).toMatch(/ name= .* flags=N db=0 .* resp=2 lib-name=lib /);
  });

  test("ends subscriptions without a word", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SUBSCRIBE a", "PSUBSCRIBE b*", "SSUBSCRIBE s");
    expect(c.say("RESET", "GET k")).toBe("+RESET\r\n$-1\r\n");
    expect(server.connect().say("PUBLISH a m", "PUBLISH bb m", "SPUBLISH s m")).toBe(":0\r\n:0\r\n:0\r\n");
  });

  test("asks for the password again, also when it was set later", () => {
    expect(withPassword().connect().say("AUTH sec", "RESET", "PING")).toBe(`+OK\r\n+RESET\r\n${NOAUTH}`);
    const server = new LocalServer();
    const c = server.connect();
    server.config.set([["requirepass", "sec"]]);
    expect(c.say("PING", "RESET", "PING")).toBe(`+PONG\r\n+RESET\r\n${NOAUTH}`);
  });

  answers("takes no arguments", { "RESET x": "-ERR wrong number of arguments for 'reset' command\r\n" });
});

describe("requirepass", () => {
  test("set at run time asks new connections only; taken away it lets everybody in", () => {
    const server = new LocalServer();
    followPassword(server.config, server.clients);
    const old = server.connect();
    server.config.set([["requirepass", "sec"]]);
    const fresh = server.connect();
    expect([old.say("PING"), fresh.say("PING")]).toEqual(["+PONG\r\n", NOAUTH]);
    server.config.set([["requirepass", ""]]);
    expect([old.say("PING"), fresh.say("PING")]).toEqual(["+PONG\r\n", "+PONG\r\n"]);
  });
});
