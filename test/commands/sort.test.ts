import { describe, expect, test } from "bun:test";
import { frame, LocalServer } from "./local-server.ts";
import { int, Recording } from "./recording.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests.

const NO_NUMBER = "-ERR One or more scores can't be converted into double\r\n";

describe("SORT", () => {
  test("orders by numbers, and equal ones by their bytes", () => {
    const c = new LocalServer().connect();
    c.say("RPUSH l 3 10 -1 2.0 2 1e1");
    expect(c.say("SORT l")).toBe(frame("*", 6, "-1", "2", "2.0", "3", "10", "1e1"));
    expect(c.say("SORT l DESC LIMIT 0 3")).toBe(frame("*", 3, "1e1", "10", "3"));
  });

  test("refuses weights that a double does not hold, and takes none for 0", () => {
    const c = new LocalServer().connect();
    c.say("SADD s a b", "SET w_a -1");
    expect(c.say("SORT s BY w_*")).toBe(frame("*", 2, "a", "b"));
    for (const bad of ["1e400", "1e-320", "nan", "1x", "x", '" "']) {
      expect(c.say(`SET w_b ${bad}`, "SORT s BY w_*")).toBe(`+OK\r\n${NO_NUMBER}`);
    }
    // Unlike in Redis 7.0, which does not forget that it met one.
    expect(c.say("SET w_b -2", "SORT s BY w_*")).toBe(`+OK\r\n${frame("*", 2, "b", "a")}`);
  });

  test("orders texts of BY, what has none first, and in a set equal ones by the members", () => {
    const c = new LocalServer().connect();
    c.say("SADD s d c b a", "MSET w_a x w_c x w_d y", "RPUSH l d c b a");
    expect(c.say("SORT s BY w_* ALPHA")).toBe(frame("*", 4, "b", "a", "c", "d"));
    expect(c.say("SORT s BY w_* ALPHA DESC")).toBe(frame("*", 4, "d", "c", "a", "b"));
    expect(c.say("SORT l BY w_* ALPHA")).toBe(frame("*", 4, "b", "c", "a", "d"));
  });

  test("gives null for what GET does not find", () => {
    const c = new LocalServer().connect();
    c.say("RPUSH l 1 2", "SET w_1 one", "HSET h_2 f two");
    expect(c.say("SORT l GET w_* GET h_*->f GET #")).toBe(
      "*6\r\n$3\r\none\r\n$-1\r\n$1\r\n1\r\n$-1\r\n$3\r\ntwo\r\n$1\r\n2\r\n",
    );
    expect(c.say("HELLO 3", "SORT l GET nothing").endsWith("*2\r\n_\r\n_\r\n")).toBe(true);
  });

  test("counts what it looks up as hits and misses", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("RPUSH l 1 2", "SET w_1 one", "SORT l BY w_* ALPHA GET w_*");
    expect([server.stats.keyspaceHits, server.stats.keyspaceMisses]).toEqual([3, 2]);
  });

  test("sorts ten thousand as their values say", () => {
    const c = new LocalServer().connect();
    const values = Array.from({ length: 10_000 }, (_, i) => String((i * 7919) % 10_007));
    c.say(`RPUSH l ${values.join(" ")}`);
    const sorted = values.toSorted((a, b) => Number(a) - Number(b));
    expect(c.say("SORT l")).toBe(frame("*", 10_000, ...sorted));
    expect(c.say("SORT l ALPHA DESC LIMIT 10 3")).toBe(frame("*", 3, ...values.toSorted().toReversed().slice(10, 13)));
  });
});

describe("SORT with STORE", () => {
  test("stores a list and is journalled as it is", () => {
    const recording = new Recording();
    recording.prepare("SADD s 3 1 2", "SET d old");
    recording.expect(
      ["SORT s STORE d", int(3), "SORT s STORE d", "sortstore:d"],
      ["LRANGE d 0 -1", frame("*", 3, "1", "2", "3")],
      ["SORT s BY nosort DESC STORE d", int(3), "SORT s BY nosort DESC STORE d", "sortstore:d"],
      ["LRANGE d 0 -1", frame("*", 3, "3", "2", "1")],
      ["SORT none STORE d", int(0), "SORT none STORE d", "del:d"],
      ["SORT none STORE d", int(0)],
      ["SORT s", frame("*", 3, "1", "2", "3")],
    );
  });

  test("may store over its own source, and empty texts for what GET does not find", () => {
    const c = new LocalServer().connect();
    c.say("RPUSH l 2 1", "SET w_1 one", "SORT l GET w_* GET # STORE l");
    expect(c.say("LRANGE l 0 -1")).toBe(frame("*", 4, "one", "1", "", "2"));
  });

  test("serves a client that waits for the list", () => {
    const server = new LocalServer();
    const waiting = server.connect();
    expect(waiting.say("BLPOP d 0")).toBe("");
    server.connect().say("SADD s 2 1", "SORT s STORE d");
    server.pass(0);
    expect(waiting.heard()).toBe(frame("*", 2, "d", "1"));
  });
});

describe("SORT_RO", () => {
  test("does not store", () => {
    const c = new LocalServer().connect();
    c.say("SADD s 2 1");
    expect(c.say("SORT_RO s", "SORT_RO s STORE d")).toBe(`${frame("*", 2, "1", "2")}-ERR syntax error\r\n`);
  });
});
