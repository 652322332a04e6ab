import { describe, expect, test } from "bun:test";
import type { ServerContext } from "../../src/command/context.ts";
import { own } from "../../src/lib/bytes.ts";
import { eventClasses } from "../../src/pubsub/key-events.ts";
import { parseReplies, texts } from "../support/reply.ts";
import { fakeJournal } from "./fake-journal.ts";
import { frame, LocalServer } from "./local-server.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests.

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

/** A client whose server's journal is kept as texts: "HSET h f v". */
function journalled() {
  const server = new LocalServer();
  const journal: string[] = [];
  const context: ServerContext = server;
  context.journal = fakeJournal((_db, buf, start, len) => {
    for (const request of parseReplies(own(buf, start, len))) journal.push(texts(request).join(" "));
  });
  return { c: server.connect(), journal, server };
}

describe("HSET", () => {
  test("counts the new fields", () => {
    const c = new LocalServer().connect();
    expect(c.say("HSET h a 1 b 2 a 3")).toBe(":2\r\n");
    expect(c.say("HSET h b 4 c 5")).toBe(":1\r\n");
    expect(c.say("HGETALL h")).toBe(frame("*", 6, "a", "3", "b", "4", "c", "5"));
  });

  test("takes pairs only", () => {
    const c = new LocalServer().connect();
    expect(c.say("HSET h a")).toBe("-ERR wrong number of arguments for 'hset' command\r\n");
    expect(c.say("HSET h a 1 b")).toBe("-ERR wrong number of arguments for 'hset' command\r\n");
    expect(c.say("HMSET h a 1 b")).toBe("-ERR wrong number of arguments for 'hmset' command\r\n");
    expect(c.say("EXISTS h")).toBe(":0\r\n");
  });

  test("keeps the deadline of the key, also when the hash is converted", () => {
    const server = new LocalServer();
    server.keyspace.hashes.hashMaxListpackEntries = 2;
    const c = server.connect();
    c.say("HSET h a 1", "PEXPIRE h 1000", "HSET h b 2 c 3");
    expect(c.say("OBJECT ENCODING h", "PTTL h")).toBe("$9\r\nhashtable\r\n:1000\r\n");
    server.pass(1001);
    expect(c.say("HGET h a")).toBe("$-1\r\n");
  });

  test("tells the journal and those who listen once, and counts every field as a change", () => {
    const { c, journal, server } = journalled();
    server.events.classes = eventClasses("Eh")!;
    const listener = server.connect();
    listener.say("SUBSCRIBE __keyevent@0__:hset");
    c.say("HSET h a 1 b 2");
    expect(listener.heard()).toBe(frame("*", 3, "message", "__keyevent@0__:hset", "h"));
    expect(journal).toEqual(["HSET h a 1 b 2"]);
    expect(server.stats.dirty).toBe(2);
  });
});

describe("HMSET", () => {
  test("says OK", () => {
    expect(new LocalServer().connect().say("HMSET h a 1", "HGET h a")).toBe("+OK\r\n$1\r\n1\r\n");
  });
});

describe("HSETNX", () => {
  test("sets only a field that is not there", () => {
    const { c, journal } = journalled();
    expect(c.say("HSETNX h a 1", "HSETNX h a 2", "HSETNX h b 3")).toBe(":1\r\n:0\r\n:1\r\n");
    expect(c.say("HMGET h a b")).toBe(frame("*", 2, "1", "3"));
    expect(journal).toEqual(["HSETNX h a 1", "HSETNX h b 3"]);
  });

  test("does not convert a hash for a value that it does not set", () => {
    const c = new LocalServer().connect();
    c.say("HSET h f v", `HSETNX h f ${"x".repeat(100)}`);
    expect(c.say("OBJECT ENCODING h")).toBe("$8\r\nlistpack\r\n");
  });
});

describe("reading a hash", () => {
  test("gives nil for what is not there", () => {
    const c = new LocalServer().connect();
    c.say("HSET h a 1");
    expect(c.say("HGET h b", "HGET none a", "HMGET h b a", "HMGET none a")).toBe(
      "$-1\r\n$-1\r\n*2\r\n$-1\r\n$1\r\n1\r\n*1\r\n$-1\r\n",
    );
    c.say("HELLO 3");
    expect(c.say("HGET h b", "HMGET none a b")).toBe("_\r\n*2\r\n_\r\n_\r\n");
  });

  test("tells lengths, and 0 for what is not there", () => {
    const c = new LocalServer().connect();
    c.say("HSET h a 12345 b x");
    expect(c.say("HSTRLEN h a", "HSTRLEN h c", "HSTRLEN none a")).toBe(":5\r\n:0\r\n:0\r\n");
    expect(c.say("HLEN h", "HLEN none")).toBe(":2\r\n:0\r\n");
    expect(c.say("HEXISTS h a", "HEXISTS h c", "HEXISTS none a")).toBe(":1\r\n:0\r\n:0\r\n");
  });

  test("gives fields and values in the order in which they came", () => {
    const c = new LocalServer().connect();
    c.say("HSET h b 1 a 2", "HSET h b 3 c 4");
    expect(c.say("HKEYS h")).toBe(frame("*", 3, "b", "a", "c"));
    expect(c.say("HVALS h")).toBe(frame("*", 3, "3", "2", "4"));
    expect(c.say("HGETALL none", "HKEYS none", "HVALS none")).toBe("*0\r\n*0\r\n*0\r\n");
  });

  test("gives all pairs as a map in RESP3, names and values as arrays", () => {
    const c = new LocalServer().connect();
    c.say("HSET h a 1 b 2", "HELLO 3");
    expect(c.say("HGETALL h")).toBe(frame("%", 2, "a", "1", "b", "2"));
    expect(c.say("HGETALL none", "HVALS none")).toBe("%0\r\n*0\r\n");
    expect(c.say("HKEYS h")).toBe(frame("*", 2, "a", "b"));
  });

  test("gives every pair of a big hash", () => {
    const c = new LocalServer().connect();
    const fields = Array.from({ length: 2000 }, (_, i) => `f${i}`);
    c.say(...fields.map((field) => `HSET h ${field} ${field}`));
    const [all, names] = parseReplies(Buffer.from(c.say("HGETALL h", "HKEYS h"), "latin1"));
    expect(texts(names).toSorted()).toEqual(fields.toSorted());
    expect(texts(all).filter((_, i) => i % 2 === 1)).toEqual(texts(names));
    expect(c.say(...fields.map((field) => `HGET h ${field}`))).toBe(
      fields.map((field) => `$${field.length}\r\n${field}\r\n`).join(""),
    );
  });
});

describe("HDEL", () => {
  test("counts the fields that were there, each once", () => {
    const { c, journal } = journalled();
    c.say("HSET h a 1 b 2 c 3");
    expect(c.say("HDEL h a a none", "HDEL h none", "HDEL none a")).toBe(":1\r\n:0\r\n:0\r\n");
    expect(journal).toEqual(["HSET h a 1 b 2 c 3", "HDEL h a a none"]);
  });

  test("deletes the key with its last field", () => {
    const { c, server } = journalled();
    const { usedBytes } = server.keyspace.arena;
    server.events.classes = eventClasses("KEA")!;
    const listener = server.connect();
    c.say("HSET h a 1 b 2");
    listener.say("PSUBSCRIBE __keyspace*");
    expect(c.say("HDEL h a b c", "EXISTS h")).toBe(":2\r\n:0\r\n");
    const events = parseReplies(Buffer.from(listener.heard(), "latin1")).map((message) => texts(message)[3]);
    expect(events).toEqual(["hdel", "del"]);
    expect(server.keyspace.arena.usedBytes).toBe(usedBytes);
  });

  test("deletes the key of a big hash with its last field", () => {
    const { c, server } = journalled();
    const { usedBytes } = server.keyspace.arena;
    const fields = Array.from({ length: 1000 }, (_, i) => `f${i}`);
    c.say(`HSET h ${fields.map((field) => `${field} v`).join(" ")}`);
    expect(c.say(`HDEL h ${fields.join(" ")}`, "EXISTS h")).toBe(":1000\r\n:0\r\n");
    expect(server.keyspace.arena.usedBytes).toBe(usedBytes);
  });
});

describe("a hash command", () => {
  test("refuses a key of another type", () => {
    const c = new LocalServer().connect();
    c.say("SET s v");
    for (const request of [
      "HSET s a 1",
      "HMSET s a 1",
      "HSETNX s a 1",
      "HGET s a",
      "HMGET s a",
      "HGETALL s",
      "HKEYS s",
      "HVALS s",
      "HLEN s",
      "HSTRLEN s a",
      "HEXISTS s a",
      "HDEL s a",
      "HINCRBY s a 1",
      "HINCRBYFLOAT s a 1",
      "HRANDFIELD s 1",
      "HSCAN s 0 COUNT 0",
    ]) {
      expect(c.say(request)).toBe(WRONG_TYPE);
    }
  });

  test("takes any bytes", () => {
    const c = new LocalServer().connect();
    expect(c.say('HSET h "" "" "\\xff\\x00\\r\\n" "\\x80"', 'HGET h ""', 'HGET h "\\xff\\x00\\r\\n"')).toBe(
      ":2\r\n$0\r\n\r\n$1\r\n\x80\r\n",
    );
  });

  test("overwrites a hash by SET and gives its memory back", () => {
    const server = new LocalServer();
    const c = server.connect();
    const { usedBytes } = server.keyspace.arena;
    c.say("HSET h a 1 b 2", "SET h v", "DEL h");
    c.say(`HSET h f ${"v".repeat(5000)} g x`, "SET h v", "DEL h");
    expect(server.keyspace.arena.usedBytes).toBe(usedBytes);
  });
});
