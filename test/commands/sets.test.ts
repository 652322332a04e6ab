import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { frame, LocalServer } from "./local-server.ts";
import { bulk, int, NIL, Recording } from "./recording.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests; SUNIONCARD and SDIFFCARD are as Redis documents them.

describe("SADD and SREM", () => {
  test("are journalled when they change something", () => {
    new Recording().expect(
      ["SADD s a b", int(2), "SADD s a b", "sadd:s"],
      ["SADD s a", int(0)],
      ["SADD s a c", int(1), "SADD s a c", "sadd:s"],
      ["SREM s x", int(0)],
      ["SREM s a x", int(1), "SREM s a x", "srem:s"],
      ["SREM s b c d", int(2), "SREM s b c d", "srem:s | del:s"],
      ["SREM s b", int(0)],
    );
  });

  test("count every member as a change", () => {
    const server = new LocalServer();
    server.connect().say("SADD s a b c", "SREM s a b x");
    expect(server.stats.dirty).toBe(5);
  });
});

describe("SMOVE", () => {
  test("tells what happens to both sets", () => {
    const recording = new Recording();
    recording.prepare("SADD a 1 2", "SADD b 2");
    recording.expect(
      ["SMOVE a b 3", int(0)],
      ["SMOVE a a 1", int(1)],
      ["SMOVE a b 2", int(1), "SMOVE a b 2", "srem:a"],
      ["SMOVE a c 1", int(1), "SMOVE a c 1", "srem:a | del:a | sadd:c"],
    );
  });
});

describe("SPOP", () => {
  test("journals which member it took", () => {
    const recording = new Recording();
    recording.prepare("SADD s a", "SADD t 1 2");
    recording.expect(["SPOP s", bulk("a"), "SREM s a", "spop:s | del:s"], ["SPOP s", NIL]);
    const [, reply, journal, events] = recording.trace("SPOP t");
    const member = reply.split("\r\n")[1];
    expect([journal, events]).toEqual([`SREM t ${member}`, "spop:t"]);
    expect(recording.trace("SMEMBERS t")[1]).toBe(frame("*", 1, member === "1" ? "2" : "1"));
  });

  test("journals a DEL when it takes all", () => {
    const recording = new Recording();
    recording.prepare("SADD s a b");
    recording.expect(["SPOP s 2", frame("*", 2, "a", "b"), "DEL s", "spop:s | del:s"]);
  });

  test("journals many members in several requests", () => {
    const recording = new Recording();
    const members = Array.from({ length: 2500 }, (_, i) => `m${i}`);
    recording.prepare(`SADD s ${members.join(" ")}`);
    const [, reply, journal = "", events] = recording.trace("SPOP s 2400");
    const popped = [...reply.matchAll(/m\d+/g)].map(String);
    expect(new Set(popped).size).toBe(2400);
    const [multi, ...rest] = journal.split(" | ");
    expect([multi, rest.pop()]).toEqual(["MULTI", "EXEC"]);
    const requests = rest.map((request) => request.split(" "));
    expect(requests.map((words) => words.length - 2)).toEqual([1024, 1024, 352]);
    expect(requests.flatMap((words) => words.slice(2))).toEqual(popped);
    expect(requests.every(([name, key]) => name === "SREM" && key === "s")).toBe(true);
    expect(events).toBe("spop:s");
    expect(recording.trace("SCARD s")[1]).toBe(int(100));
  });

  test("replies with a set in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "SADD s a");
    expect(c.say("SPOP s 0", "SPOP s 5", "SPOP s 5", "SMEMBERS s", "SPOP s")).toBe(
      "~0\r\n~1\r\n$1\r\na\r\n~0\r\n~0\r\n_\r\n",
    );
  });
});

describe("SINTERSTORE, SUNIONSTORE and SDIFFSTORE", () => {
  test("are journalled as they are, and delete the key when nothing is left", () => {
    const recording = new Recording();
    recording.prepare("SADD a 1 2 3", "SADD b 3 4");
    recording.expect(
      ["SINTERSTORE d a b", int(1), "SINTERSTORE d a b", "sinterstore:d"],
      ["SUNIONSTORE d a b", int(4), "SUNIONSTORE d a b", "sunionstore:d"],
      ["SDIFFSTORE d a b", int(2), "SDIFFSTORE d a b", "sdiffstore:d"],
      ["SDIFFSTORE d a a", int(0), "SDIFFSTORE d a a", "del:d"],
      ["SDIFFSTORE d a a", int(0)],
    );
  });

  test("start with the smallest encoding", () => {
    const c = new LocalServer().connect();
    c.say(`SADD big ${Array.from({ length: 1000 }, (_, i) => i).join(" ")}`, "SADD some 1 2 3", "SADD words a b");
    c.say("SINTERSTORE d1 big some", "SUNIONSTORE d2 some words", "SUNIONSTORE d3 big words");
    expect(c.say("OBJECT ENCODING d1", "OBJECT ENCODING d2", "OBJECT ENCODING d3")).toBe(
      bulk("intset") + bulk("listpack") + bulk("hashtable"),
    );
  });

  test("give the memory of what they compute back", () => {
    const server = new LocalServer();
    const c = server.connect();
    const members = (from: number): string => Array.from({ length: 900 }, (_, i) => `m${from + i}`).join(" ");
    c.say("SET warm up", "DEL warm");
    const before = server.keyspace.arena.usedBytes;
    c.say(`SADD a ${members(0)}`, `SADD b ${members(300)}`, `SADD c ${members(1100)}`);
    c.say("SDIFF a b c", "SUNION a b", "SINTER a b", "SUNIONCARD 2 a b", "SDIFFCARD 3 a b c", "SUNIONSTORE d a b");
    c.say("SINTERSTORE d a c", "DEL a b c d");
    server.keyspace.reclaimer.run(UNBOUNDED);
    expect(server.keyspace.arena.usedBytes).toBe(before);
  });
});

describe("SUNIONCARD and SDIFFCARD", () => {
  test("count, up to a limit", () => {
    const c = new LocalServer().connect();
    c.say("SADD a 1 2 3 x", "SADD b 3 4 5");
    expect(c.say("SUNIONCARD 2 a b", "SUNIONCARD 2 a b LIMIT 3", "SUNIONCARD 2 a b LIMIT 0", "SUNIONCARD 1 none")).toBe(
      int(6) + int(3) + int(6) + int(0),
    );
    expect(c.say("SDIFFCARD 2 a b", "SDIFFCARD 2 a b LIMIT 2", "SDIFFCARD 2 none a", "SDIFFCARD 1 a")).toBe(
      int(3) + int(2) + int(0) + int(4),
    );
  });

  test("estimate a union's size when asked to", () => {
    const c = new LocalServer().connect();
    const members = (from: number): string => Array.from({ length: 5000 }, (_, i) => `m${from + i}`).join(" ");
    c.say(`SADD a ${members(0)}`, `SADD b ${members(2500)}`);
    const estimate = Number(c.say("SUNIONCARD 2 a b APPROX").slice(1));
    expect(Math.abs(estimate - 7500)).toBeLessThan(7500 * 0.05);
    expect(c.say("SUNIONCARD 2 a b LIMIT 100 APPROX", "SUNIONCARD 2 a b APPROX LIMIT 7000000")).toBe(
      int(100) + int(estimate),
    );
    expect(c.say("SDIFFCARD 2 a b APPROX")).toBe("-ERR syntax error\r\n");
  });
});

describe("SSCAN", () => {
  test("shows every member of a large set that grows and shrinks meanwhile", () => {
    const c = new LocalServer().connect();
    const kept = Array.from({ length: 2000 }, (_, i) => `kept:${i}`);
    c.say(`SADD s ${kept.join(" ")}`);
    const seen = new Set<string>();
    let cursor = "0";
    let round = 0;
    do {
      const reply = c.say(`SSCAN s ${cursor} COUNT 50`);
      cursor = reply.split("\r\n")[2];
      for (const [member] of reply.matchAll(/kept:\d+/g)) seen.add(member);
      const others = Array.from({ length: 100 }, (_, i) => `other:${round * 100 + i}`);
      c.say(
        round++ < 20
          ? `SADD s ${others.join(" ")}`
          : `SREM s ${others.map((_, i) => `other:${(round - 21) * 100 + i}`).join(" ")}`,
      );
    } while (cursor !== "0");
    expect(seen.size).toBe(2000);
  });
});
