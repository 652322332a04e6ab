import { describe, expect, test } from "bun:test";
import { frame, LocalServer } from "./local-server.ts";

/** What redis-server 7.0.15 sends for the same bytes. */
const cases: [name: string, requests: string[], bytes: string][] = [
  ["silences everything until ON", ["CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "PING"], "+OK\r\n+PONG\r\n"],
  ["skips one reply", ["CLIENT REPLY SKIP", "PING", "PING"], "+PONG\r\n"],
  [
    "skips one reply after SKIP was said twice",
    ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "PING"],
    "+PONG\r\n",
  ],
  ["skips an error too", ["CLIENT REPLY SKIP", "NOPE", "PING"], "+PONG\r\n"],
  ["confirms ON even where it would be skipped", ["CLIENT REPLY SKIP", "CLIENT REPLY ON", "PING"], "+OK\r\n+PONG\r\n"],
  ["can be turned off while skipping", ["CLIENT REPLY SKIP", "CLIENT REPLY OFF", "PING", "CLIENT REPLY ON"], "+OK\r\n"],
  [
    "stays off after SKIP",
    ["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "PING", "CLIENT REPLY ON", "PING"],
    "+OK\r\n+PONG\r\n",
  ],
  [
    "silences its own errors",
    ["CLIENT REPLY OFF", "NOPE", "CLIENT REPLY nope", "GET", "CLIENT", "CLIENT REPLY ON"],
    "+OK\r\n",
  ],
  ["is used up by a wrong CLIENT REPLY", ["CLIENT REPLY SKIP", "CLIENT REPLY nope", "PING"], "+PONG\r\n"],
  ["is undone by RESET, which is heard", ["CLIENT REPLY OFF", "RESET", "PING"], "+RESET\r\n+PONG\r\n"],
  ["skips RESET", ["CLIENT REPLY SKIP", "RESET", "PING"], "+PONG\r\n"],
  ["answers ON while on", ["CLIENT REPLY ON", "CLIENT REPLY on"], "+OK\r\n+OK\r\n"],
  ["refuses another word", ["CLIENT REPLY x"], "-ERR syntax error\r\n"],
];

describe("CLIENT REPLY", () => {
  for (const [name, requests, bytes] of cases) {
    test(name, () => expect(new LocalServer().connect().say(...requests)).toBe(bytes));
  }

  test("lets the confirmations of subscriptions through", () => {
    const c = new LocalServer().connect();
    const heard = c.say("CLIENT REPLY OFF", "SUBSCRIBE a", "PING", "UNSUBSCRIBE a", "CLIENT REPLY ON");
    expect(heard).toBe(`${frame("*", 3, "subscribe", "a", 1)}${frame("*", 3, "unsubscribe", "a", 0)}+OK\r\n`);
  });

  test("is used up by a subscription", () => {
    const c = new LocalServer().connect();
    const heard = c.say("CLIENT REPLY SKIP", "SUBSCRIBE a", "PING");
    expect(heard).toBe(frame("*", 3, "subscribe", "a", 1) + frame("*", 2, "pong", ""));
  });

  test("silences a subscription with a wrong number of arguments", () => {
    expect(new LocalServer().connect().say("CLIENT REPLY OFF", "SUBSCRIBE", "CLIENT REPLY ON")).toBe("+OK\r\n");
  });

  test("lets messages through", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("HELLO 3", "SUBSCRIBE a", "CLIENT REPLY OFF");
    server.connect().say("PUBLISH a m");
    expect(c.say("PING")).toBe(frame(">", 3, "message", "a", "m"));
  });

  test("lets a message of its own through whose reply is skipped", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "SUBSCRIBE a");
    expect(c.say("CLIENT REPLY SKIP", "PUBLISH a m", "PING")).toBe(`${frame(">", 3, "message", "a", "m")}+PONG\r\n`);
  });

  test("is asked for by authenticated clients only", () => {
    const server = new LocalServer();
    server.config.set([["requirepass", "sec"]]);
    expect(server.connect().say("CLIENT REPLY OFF", "AUTH sec")).toBe("-NOAUTH Authentication required.\r\n+OK\r\n");
  });

  test("QUIT closes the connection all the same", () => {
    const c = new LocalServer().connect();
    expect(c.say("CLIENT REPLY OFF", "QUIT")).toBe("");
    expect(c.closed).toBe("flushed");
  });

  test("goes on skipping after a pause", () => {
    const server = new LocalServer();
    const [admin, c] = [server.connect(), server.connect()];
    admin.say("CLIENT PAUSE 1000 WRITE");
    expect(c.say("CLIENT REPLY SKIP", "PUBLISH a m", "PING")).toBe("");
    admin.say("CLIENT UNPAUSE");
    expect(c.retry()).toBe("+PONG\r\n");
  });
});
