import { describe, expect, test } from "bun:test";
import { eventClasses } from "../../src/pubsub/key-events.ts";
import { frame, LocalServer } from "./local-server.ts";

const refusal = (name: string): string =>
  `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;

describe("SUBSCRIBE", () => {
  test("confirms every channel with the number of subscriptions", () => {
    const c = new LocalServer().connect();
    expect(c.say("SUBSCRIBE x y x")).toBe(
      frame("*", 3, "subscribe", "x", 1) + frame("*", 3, "subscribe", "y", 2) + frame("*", 3, "subscribe", "x", 2),
    );
    expect(c.say("PSUBSCRIBE x x")).toBe(frame("*", 3, "psubscribe", "x", 3).repeat(2));
    expect(c.say("SSUBSCRIBE x")).toBe(frame("*", 3, "ssubscribe", "x", 1));
  });

  test("confirms with pushes in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3");
    expect(c.say("SUBSCRIBE x")).toBe(frame(">", 3, "subscribe", "x", 1));
    expect(c.say("GET k", "PSUBSCRIBE x*")).toBe(`_\r\n${frame(">", 3, "psubscribe", "x*", 2)}`);
  });

  test("keeps RESP2 clients from everything that has an ordinary reply", () => {
    const c = new LocalServer().connect();
    c.say("SSUBSCRIBE y");
    for (const request of ["GET k", "PUBLISH c m", "SPUBLISH c m", "CLIENT ID", "PUBSUB NUMPAT", "ECHO x", "AUTH x"]) {
      const name = request.split(" ", request.startsWith("CLIENT") || request.startsWith("PUBSUB") ? 2 : 1).join("|");
      expect(c.say(request)).toBe(refusal(name.toLowerCase()));
    }
    expect(c.say("SUNSUBSCRIBE", "GET k")).toBe(`${frame("*", 3, "sunsubscribe", "y", 0)}$-1\r\n`);
  });

  test("needs a channel", () => {
    for (const name of ["subscribe", "psubscribe", "ssubscribe"]) {
      expect(new LocalServer().connect().say(name)).toBe(`-ERR wrong number of arguments for '${name}' command\r\n`);
    }
  });
});

describe("UNSUBSCRIBE", () => {
  test("confirms names that were not subscribed to", () => {
    const c = new LocalServer().connect();
    expect(c.say("UNSUBSCRIBE a a")).toBe(frame("*", 3, "unsubscribe", "a", 0).repeat(2));
    expect(c.say("GET k")).toBe("$-1\r\n");
  });

  test("without a name ends all subscriptions of its kind", () => {
    const c = new LocalServer().connect();
    c.say("SUBSCRIBE a b", "PSUBSCRIBE p", "SSUBSCRIBE s t");
    expect(c.say("UNSUBSCRIBE")).toBe(frame("*", 3, "unsubscribe", "a", 2) + frame("*", 3, "unsubscribe", "b", 1));
    expect(c.say("SUNSUBSCRIBE")).toBe(frame("*", 3, "sunsubscribe", "s", 1) + frame("*", 3, "sunsubscribe", "t", 0));
    expect(c.say("GET k")).toBe(refusal("get"));
    expect(c.say("PUNSUBSCRIBE", "GET k")).toBe(`${frame("*", 3, "punsubscribe", "p", 0)}$-1\r\n`);
  });

  test("without a name and without a subscription names no channel", () => {
    const c = new LocalServer().connect();
    for (const name of ["unsubscribe", "punsubscribe", "sunsubscribe"]) {
      expect(c.say(name)).toBe(`*3\r\n$${name.length}\r\n${name}\r\n$-1\r\n:0\r\n`);
    }
    c.say("HELLO 3", "PSUBSCRIBE p");
    expect(c.say("UNSUBSCRIBE")).toBe(">3\r\n$11\r\nunsubscribe\r\n_\r\n:1\r\n");
  });
});

describe("PUBLISH", () => {
  test("reaches channel and pattern subscribers in both protocols and counts deliveries", () => {
    const server = new LocalServer();
    const [publisher, two, three] = [server.connect(), server.connect(), server.connect()];
    two.say("SUBSCRIBE news", "PSUBSCRIBE n*");
    three.say("HELLO 3", "PSUBSCRIBE ?ews", "SUBSCRIBE other news");
    two.heard();
    expect(publisher.say("PUBLISH news hello")).toBe(":4\r\n");
    expect(two.heard()).toBe(
      frame("*", 3, "message", "news", "hello") + frame("*", 4, "pmessage", "n*", "news", "hello"),
    );
    expect(three.heard()).toBe(
      frame(">", 3, "message", "news", "hello") + frame(">", 4, "pmessage", "?ews", "news", "hello"),
    );
    expect(publisher.say("PUBLISH old hello")).toBe(":0\r\n");
  });

  test("takes names and messages of any bytes", () => {
    const server = new LocalServer();
    const [publisher, c] = [server.connect(), server.connect()];
    c.say('SUBSCRIBE "\\xff\\r\\n" ""', 'PSUBSCRIBE "\\xff*"');
    c.heard();
    expect(publisher.say('PUBLISH "\\xff\\r\\n" "\\x00\\xfe"', 'PUBLISH "" ""')).toBe(":2\r\n:1\r\n");
    expect(c.heard()).toBe(
      frame("*", 3, "message", "\xff\r\n", "\x00\xfe") +
        frame("*", 4, "pmessage", "\xff*", "\xff\r\n", "\x00\xfe") +
        frame("*", 3, "message", "", ""),
    );
  });

  test("matches the empty channel with no pattern but the empty one", () => {
    const server = new LocalServer();
    const [publisher, c] = [server.connect(), server.connect()];
    c.say("PSUBSCRIBE *");
    expect(publisher.say('PUBLISH "" m')).toBe(":0\r\n");
    c.say('PSUBSCRIBE ""');
    expect(publisher.say('PUBLISH "" m')).toBe(":1\r\n");
  });

  test("reaches the publisher itself", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "SUBSCRIBE a");
    expect(c.say("PUBLISH a m")).toContain(frame(">", 3, "message", "a", "m"));
  });

  test("does not reach those who left", () => {
    const server = new LocalServer();
    const [publisher, a, b] = [server.connect(), server.connect(), server.connect()];
    a.say("SUBSCRIBE c", "PSUBSCRIBE c");
    b.say("SUBSCRIBE c", "UNSUBSCRIBE c", "GET k");
    expect(publisher.say("PUBLISH c m")).toBe(":2\r\n");
    a.close("now");
    expect(publisher.say("PUBLISH c m", "PUBSUB CHANNELS", "PUBSUB NUMPAT")).toBe(":0\r\n*0\r\n:0\r\n");
  });
});

describe("SPUBLISH", () => {
  test("reaches shard channel subscribers only, and they get nothing else", () => {
    const server = new LocalServer();
    const [publisher, shard, plain] = [server.connect(), server.connect(), server.connect()];
    shard.say("SSUBSCRIBE c");
    plain.say("SUBSCRIBE c", "PSUBSCRIBE *");
    for (const client of [shard, plain]) client.heard();
    expect(publisher.say("SPUBLISH c m", "SPUBLISH d m", "PUBLISH c n")).toBe(":1\r\n:0\r\n:2\r\n");
    expect(shard.heard()).toBe(frame("*", 3, "smessage", "c", "m"));
    expect(plain.heard()).toBe(frame("*", 3, "message", "c", "n") + frame("*", 4, "pmessage", "*", "c", "n"));
  });
});

describe("PUBSUB", () => {
  const prepared = (): LocalServer => {
    const server = new LocalServer();
    server.connect().say("HELLO 3", 'SUBSCRIBE a b ""', "PSUBSCRIBE * a* [", "SSUBSCRIBE s1 s2");
    server.connect().say("SUBSCRIBE a", "PSUBSCRIBE *");
    return server;
  };

  test("lists channels and counts subscribers, flat in both protocols", () => {
    const dialogue = {
      "PUBSUB CHANNELS": frame("*", 3, "a", "b", ""),
      "PUBSUB CHANNELS *": frame("*", 2, "a", "b"),
      "PUBSUB CHANNELS a": frame("*", 1, "a"),
      "PUBSUB CHANNELS a?": frame("*", 0),
      'PUBSUB CHANNELS ""': frame("*", 1, ""),
      'PUBSUB NUMSUB a b c ""': frame("*", 8, "a", 2, "b", 1, "c", 0, "", 1),
      "PUBSUB NUMSUB a a": frame("*", 4, "a", 2, "a", 2),
      "PUBSUB NUMSUB": frame("*", 0),
      "PUBSUB NUMPAT": ":3\r\n",
      "PUBSUB SHARDCHANNELS": frame("*", 2, "s1", "s2"),
      "PUBSUB SHARDCHANNELS *2": frame("*", 1, "s2"),
      "PUBSUB SHARDNUMSUB s1 a": frame("*", 4, "s1", 1, "a", 0),
      "PUBSUB SHARDNUMSUB": frame("*", 0),
    };
    for (const version of ["2", "3"]) {
      const c = prepared().connect();
      c.say(`HELLO ${version}`);
      for (const [request, bytes] of Object.entries(dialogue))
        expect([request, c.say(request)]).toEqual([request, bytes]);
    }
  });

  test("names its mistakes as redis-server does", () => {
    const c = new LocalServer().connect();
    const usage = (name: string): string =>
      `-ERR unknown subcommand or wrong number of arguments for '${name}'. Try PUBSUB HELP.\r\n`;
    const dialogue = {
      PUBSUB: "-ERR wrong number of arguments for 'pubsub' command\r\n",
      "PUBSUB NOPE": "-ERR unknown subcommand 'NOPE'. Try PUBSUB HELP.\r\n",
      "PUBSUB CHANNELS a b": usage("CHANNELS"),
      "PUBSUB channels a b": usage("channels"),
      "PUBSUB SHARDCHANNELS a b": usage("SHARDCHANNELS"),
      "PUBSUB NUMPAT x": "-ERR wrong number of arguments for 'pubsub|numpat' command\r\n",
      "PUBLISH a": "-ERR wrong number of arguments for 'publish' command\r\n",
      "SPUBLISH a b c": "-ERR wrong number of arguments for 'spublish' command\r\n",
    };
    for (const [request, bytes] of Object.entries(dialogue))
      expect([request, c.say(request)]).toEqual([request, bytes]);
  });
});

describe("keyspace events", () => {
  test("are published to channels named after the key and the event", () => {
    const server = new LocalServer();
    server.events.classes = eventClasses("KEA")!;
    const c = server.connect();
    c.say("PSUBSCRIBE __key*");
    c.heard();
    server.connect().say("SELECT 2", "SET k v");
    expect(c.heard()).toContain(frame("*", 4, "pmessage", "__key*", "__keyspace@2__:k", "set"));
  });
});
