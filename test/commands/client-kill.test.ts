import { describe, expect, test } from "bun:test";
import { type LocalClient, LocalServer } from "./local-server.ts";

const SYNTAX = "-ERR syntax error\r\n";
const BAD_ID = "-ERR client-id should be greater than 0\r\n";

function setUp(): { server: LocalServer; admin: LocalClient; others: LocalClient[] } {
  const server = new LocalServer();
  const admin = server.connect("10.0.0.1:1");
  return { server, admin, others: ["10.0.0.2:2", "10.0.0.3:3"].map((address) => server.connect(address)) };
}

describe("CLIENT KILL", () => {
  test("ends the connection from an address, or says that there is none", () => {
    const { admin, others } = setUp();
    expect(admin.say("CLIENT KILL 10.0.0.2:2", "CLIENT KILL 10.0.0.2:2")).toBe("+OK\r\n-ERR No such client\r\n");
    expect(others.map((other) => other.closed)).toEqual(["now", ""]);
  });

  test("with an address may end its own connection, after the reply", () => {
    const { admin } = setUp();
    expect(admin.say("CLIENT KILL 10.0.0.1:1", "PING")).toBe("+OK\r\n");
    expect(admin.closed).toBe("flushed");
  });

  test("spares its own connection unless SKIPME says no", () => {
    const { admin } = setUp();
    expect(admin.say("CLIENT KILL ID 1", "CLIENT KILL ADDR 10.0.0.1:1", "CLIENT KILL ID 1 SKIPME yes")).toBe(
      ":0\r\n:0\r\n:0\r\n",
    );
    expect(admin.say("CLIENT KILL ID 1 SKIPME NO", "PING")).toBe(":1\r\n");
    expect(admin.closed).toBe("flushed");
  });

  test("counts those who pass all its filters", () => {
    const { admin, others } = setUp();
    expect(admin.say("CLIENT KILL ID 2 ADDR 10.0.0.3:3", "CLIENT KILL ID 2 TYPE pubsub")).toBe(":0\r\n:0\r\n");
    expect(admin.say("CLIENT KILL ID 2 ID 3 TYPE normal LADDR 127.0.0.1:6379 USER default")).toBe(":1\r\n");
    expect(others.map((other) => other.closed)).toEqual(["", "now"]);
    expect(admin.say("CLIENT KILL SKIPME no", "PING")).toBe(":2\r\n");
  });

  test("finds subscribers and only them, and ends their subscriptions", () => {
    const { admin, others } = setUp();
    others[0]!.say("SSUBSCRIBE s");
    expect(admin.say("CLIENT KILL TYPE PUBSUB", "PUBSUB SHARDCHANNELS")).toBe(":1\r\n*0\r\n");
    expect(others.map((other) => other.closed)).toEqual(["now", ""]);
    expect(admin.say("CLIENT KILL TYPE replica SKIPME no", "CLIENT KILL TYPE MASTER SKIPME no")).toBe(":0\r\n:0\r\n");
  });

  test("finds connections of some age", () => {
    const { server, admin, others } = setUp();
    server.pass(9_000);
    const young = server.connect();
    server.pass(1_000);
    expect(admin.say("CLIENT KILL MAXAGE 11", "CLIENT KILL MAXAGE 10")).toBe(":0\r\n:2\r\n");
    expect([...others, young].map((client) => client.closed)).toEqual(["now", "now", ""]);
  });

  test("names its mistakes as redis-server does", () => {
    const { admin } = setUp();
    const dialogue = {
      "CLIENT KILL": "-ERR wrong number of arguments for 'client|kill' command\r\n",
      "CLIENT KILL ID": "-ERR No such client\r\n",
      "CLIENT KILL ID abc": BAD_ID,
      "CLIENT KILL ID 0": BAD_ID,
      "CLIENT KILL ID -1": BAD_ID,
      "CLIENT KILL ID 99999999999999999999": BAD_ID,
      "CLIENT KILL ID 9223372036854775807": ":0\r\n",
      "CLIENT KILL ID abc ADDR": BAD_ID,
      "CLIENT KILL ID 999 ADDR": SYNTAX,
      "CLIENT KILL NOPE x": SYNTAX,
      "CLIENT KILL ID 999 SKIPME perhaps": SYNTAX,
      "CLIENT KILL TYPE nope": "-ERR Unknown client type 'nope'\r\n",
      "CLIENT KILL USER nope": "-ERR No such user 'nope'\r\n",
      "CLIENT KILL MAXAGE abc": "-ERR maxage is not an integer or out of range\r\n",
      "CLIENT KILL MAXAGE 0": "-ERR maxage should be greater than 0\r\n",
      PING: "+PONG\r\n",
    };
    for (const [request, bytes] of Object.entries(dialogue))
      expect([request, admin.say(request)]).toEqual([request, bytes]);
  });
});
