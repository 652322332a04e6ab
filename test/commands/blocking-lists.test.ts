import { describe, expect, test } from "bun:test";
import { type LocalClient, LocalServer } from "./local-server.ts";
import { bulk, NIL, WRONG_TYPE } from "./recording.ts";

const NIL_ARRAY = "*-1\r\n";

function array(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}

/** One who acts and some who wait. */
function clients(waiting: number): [LocalServer, LocalClient, ...LocalClient[]] {
  const server = new LocalServer();
  return [server, server.connect(), ...Array.from({ length: waiting }, () => server.connect())];
}

describe("clients that wait for lists", () => {
  test("are served in the order in which they came", () => {
    const [, actor, a, b, c] = clients(3);
    expect(a!.say("BLPOP l 0") + b!.say("BRPOP l 0") + c!.say("BLMPOP 0 1 l LEFT COUNT 5")).toBe("");
    actor.say("RPUSH l 1 2 3 4 5");
    expect(a!.heard()).toBe(array("l", "1"));
    expect(b!.heard()).toBe(array("l", "5"));
    expect(c!.heard()).toBe(`*2\r\n${bulk("l")}${array("2", "3", "4")}`);
    expect(actor.say("EXISTS l")).toBe(":0\r\n");
  });

  test("see a push of several elements only when it is complete", () => {
    const [, actor, waiter] = clients(1);
    waiter!.say("BLPOP l 0");
    actor.say("LPUSH l a b c");
    expect(waiter!.heard()).toBe(array("l", "c"));
  });

  test("see nothing of what a transaction took back", () => {
    const [, actor, waiter] = clients(1);
    waiter!.say("BLPOP l 0");
    actor.say("MULTI", "LPUSH l a", "DEL l", "SET l string", "EXEC", "DEL l");
    expect(waiter!.heard()).toBe("");
    actor.say("LPUSH l b");
    expect(waiter!.heard()).toBe(array("l", "b"));
  });

  test("wait for several keys, the same one more than once", () => {
    const [, actor, waiter] = clients(1);
    waiter!.say("BLPOP a b b a 0");
    actor.say("LPUSH b x");
    expect(waiter!.heard()).toBe(array("b", "x"));
    expect(actor.say("LPUSH b y", "LLEN b")).toBe(":1\r\n:1\r\n");
  });

  test("are served by one key while another has become something else", () => {
    const [, actor, waiter] = clients(1);
    waiter!.say("BLPOP a b 0");
    actor.say("SET a string");
    expect(waiter!.heard()).toBe("");
    actor.say("RPUSH b x");
    expect(waiter!.heard()).toBe(array("b", "x"));
  });

  test("pass an element on from list to list", () => {
    const [, actor, a, b, c] = clients(3);
    a!.say("BLMOVE one two RIGHT LEFT 0");
    b!.say("BRPOPLPUSH two three 0");
    c!.say("BLPOP three 0");
    actor.say("RPUSH one x");
    expect(a!.heard() + b!.heard()).toBe(bulk("x") + bulk("x"));
    expect(c!.heard()).toBe(array("three", "x"));
    expect(actor.say("EXISTS one two three")).toBe(":0\r\n");
  });

  test("move an element round in a circle once each", () => {
    const [, actor, a, b] = clients(2);
    a!.say("BRPOPLPUSH one two 0");
    b!.say("BRPOPLPUSH two one 0");
    actor.say("RPUSH one x");
    expect(a!.heard() + b!.heard()).toBe(bulk("x") + bulk("x"));
    expect(actor.say("LRANGE one 0 -1", "EXISTS two")).toBe(`${array("x")}:0\r\n`);
  });

  test("fail for a destination of another type, and leave the element to the next", () => {
    const [, actor, a, b] = clients(2);
    actor.say("SET s string");
    a!.say("BLMOVE l s LEFT LEFT 0");
    b!.say("BLMOVE l m LEFT LEFT 0");
    actor.say("RPUSH l x");
    expect(a!.heard()).toBe(WRONG_TYPE);
    expect(b!.heard()).toBe(bulk("x"));
  });

  test("get a null array when their time is up", () => {
    const requests = [
      "BLPOP l 0.1",
      "BRPOP l 0.1",
      "BLMPOP 0.1 1 l LEFT",
      "BLMOVE l m LEFT LEFT 0.1",
      "BRPOPLPUSH l m 0.1",
      "BLMOVEM l m LEFT LEFT 0.1",
    ];
    for (const request of requests) {
      const [server, actor, waiter] = clients(1);
      waiter!.say(request);
      server.pass(99);
      expect(waiter!.heard()).toBe("");
      server.pass(1);
      expect([request, waiter!.heard()]).toEqual([request, NIL_ARRAY]);
      expect(actor.say("RPUSH l x", "LLEN l")).toBe(":1\r\n:1\r\n");
    }
  });

  test("go on with what they sent meanwhile", () => {
    const [, actor, waiter] = clients(1);
    waiter!.say("BLPOP l 0", "LPUSH other x", "PING");
    expect(actor.say("EXISTS other")).toBe(":0\r\n");
    actor.say("RPUSH l a");
    expect(waiter!.heard()).toBe(`${array("l", "a")}:1\r\n+PONG\r\n`);
  });

  test("are woken by a list that comes from elsewhere", () => {
    const moves = [
      ["RPUSH other x", "RENAME other l"],
      ["RPUSH other x", "COPY other l"],
      ["SELECT 1", "RPUSH l x", "MOVE l 0"],
      ["SELECT 1", "RPUSH l x", "SWAPDB 0 1"],
    ];
    for (const lines of moves) {
      const [, actor, waiter] = clients(1);
      waiter!.say("BLPOP l 0");
      actor.say(...lines);
      expect([lines, waiter!.heard()]).toEqual([lines, array("l", "x")]);
    }
  });
});

describe("BLMOVEM", () => {
  test("waits for as many as EXACTLY says, and with COUNT for one", () => {
    const [, actor, exact, counted] = clients(2);
    exact!.say("BLMOVEM l m LEFT RIGHT 0 EXACTLY 3 BULK");
    actor.say("RPUSH l 1 2");
    expect(exact!.heard()).toBe("");
    actor.say("RPUSH l 3 4");
    expect(exact!.heard()).toBe(array("1", "2", "3"));
    actor.say("DEL l");
    counted!.say("BLMOVEM l m LEFT LEFT 0 COUNT 3 OBO");
    actor.say("RPUSH l 5 6");
    expect(counted!.heard()).toBe(array("6", "5"));
    expect(actor.say("LRANGE m 0 -1")).toBe(array("6", "5", "1", "2", "3"));
  });
});

describe("inside a transaction", () => {
  test("nobody waits", () => {
    const client = new LocalServer().connect();
    client.say("MULTI", "BLPOP l 0", "BRPOP l 0", "BLMPOP 0 1 l LEFT", "BLMOVE l m LEFT LEFT 0", "BRPOPLPUSH l m 0");
    client.say("RPUSH l x", "BLPOP l 0");
    expect(client.say("EXEC")).toBe(`*7\r\n${NIL_ARRAY.repeat(3)}${NIL.repeat(2)}:1\r\n${array("l", "x")}`);
  });
});
