import { describe, expect, test } from "bun:test";
import { datasetDigest } from "../../src/commands/debug-digest.ts";
import { ExpiryCycle } from "../../src/keyspace/expiry.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { FIELDS_PER_STEP } from "../../src/types/hash-deadlines.ts";
import { frame, LocalServer } from "./local-server.ts";
import { bulk, int, NIL, NOT_INTEGER, OK, Recording, WRONG_TYPE } from "./recording.ts";

/** A time that tests count from, Unix ms. */
function now(recording: Recording): number {
  return recording.server.clock.unixMs();
}

/** Lets time pass and removes what has ended. */
function pass(recording: Recording, ms: number): void {
  const { server } = recording;
  server.pass(ms);
  const cycle = new ExpiryCycle(server.keyspace);
  for (let slices = 0; !cycle.run(UNBOUNDED); slices++) expect(slices).toBeLessThan(1000);
}

function ints(...values: number[]): string {
  return `*${values.length}\r\n${values.map(int).join("")}`;
}

describe("HEXPIRE", () => {
  test("gives fields a deadline and tells of each what became of it", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2 c 3");
    const at = now(r) + 10_000;
    r.expect(
      ["HEXPIRE h 10 FIELDS 2 a none", ints(1, -2), `HPEXPIREAT h ${at} FIELDS 1 a`, "hexpire:h"],
      ["HTTL h FIELDS 3 a b none", ints(10, -1, -2)],
      ["HPTTL h FIELDS 1 a", ints(10_000)],
      ["HEXPIRETIME h FIELDS 1 a", ints(Math.ceil(at / 1000))],
      ["HPEXPIRETIME h FIELDS 1 a", ints(at)],
      ["HPEXPIRE h 1500 FIELDS 1 b", ints(1), `HPEXPIREAT h ${now(r) + 1500} FIELDS 1 b`, "hexpire:h"],
      ["HTTL h FIELDS 1 b", ints(2)],
      ["HEXPIREAT h 9999999999 FIELDS 1 c", ints(1), "HPEXPIREAT h 9999999999000 FIELDS 1 c", "hexpire:h"],
      ["HPEXPIREAT h 9999999999001 FIELDS 1 c", ints(1), "HPEXPIREAT h 9999999999001 FIELDS 1 c", "hexpire:h"],
      ["HEXPIRETIME h FIELDS 1 c", ints(10_000_000_000)],
    );
  });

  test("answers -2 for every field of a key that is not there", () => {
    new Recording().expect(
      ["HEXPIRE none 10 FIELDS 2 a b", ints(-2, -2)],
      ["HTTL none FIELDS 2 a b", ints(-2, -2)],
      ["HPERSIST none FIELDS 1 a", ints(-2)],
    );
  });

  test("sets deadlines under its conditions", () => {
    const r = new Recording();
    const at = (ms: number): number => now(r) + ms;
    r.prepare("HSET h a 1 b 2", "HPEXPIRE h 1000 FIELDS 1 a");
    r.expect(
      ["HPEXPIRE h 500 NX FIELDS 2 a b", ints(0, 1), `HPEXPIREAT h ${at(500)} FIELDS 1 b`, "hexpire:h"],
      ["HPERSIST h FIELDS 2 b none", ints(1, -2), "HPERSIST h FIELDS 1 b", "hpersist:h"],
      ["HPERSIST h FIELDS 1 b", ints(-1)],
      ["HPEXPIRE h 500 xx FIELDS 2 a b", ints(1, 0), `HPEXPIREAT h ${at(500)} FIELDS 1 a`, "hexpire:h"],
      ["HPEXPIRE h 500 GT FIELDS 2 a b", ints(0, 0)],
      ["HPEXPIRE h 501 GT FIELDS 1 a", ints(1), `HPEXPIREAT h ${at(501)} FIELDS 1 a`, "hexpire:h"],
      ["HPEXPIRE h 501 LT FIELDS 1 a", ints(0)],
      ["HPEXPIRE h 400 LT FIELDS 2 a b", ints(1, 1), `HPEXPIREAT h ${at(400)} FIELDS 2 a b`, "hexpire:h"],
    );
  });

  test("deletes fields at once when the time is past, and the key with the last of them", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2 c 3");
    r.expect(
      ["HEXPIRE h 0 FIELDS 2 a a", ints(2, -2), "HDEL h a", "hdel:h"],
      ["HPEXPIREAT h 1 XX FIELDS 1 b", ints(0)],
      ["HEXPIREAT h 1 FIELDS 3 b none c", ints(2, -2, 2), "HDEL h b c", "hdel:h | del:h"],
      ["EXISTS h", int(0)],
    );
  });

  test("refuses wrong arguments as Redis does", () => {
    const r = new Recording();
    r.prepare("SET s v", "HSET h a 1");
    const missing = "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n";
    const mismatch = "-ERR The `numfields` parameter must match the number of arguments\r\n";
    const tooFew = "-ERR Parameter `numFields` should be greater than 0\r\n";
    const notPositive = "-ERR Number of fields must be a positive integer\r\n";
    r.expect(
      ["HEXPIRE s notanum FIELDS 1 a", WRONG_TYPE],
      ["HTTL s FIELDS 1 a", WRONG_TYPE],
      ["HPERSIST s FIELDS 1 a", WRONG_TYPE],
      ["HEXPIRE h notanum FIELDS 1 a", NOT_INTEGER],
      ["HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0\r\n"],
      ["HEXPIRE h 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command\r\n"],
      [`HPEXPIREAT h ${2 ** 46} FIELDS 1 a`, "-ERR invalid expire time in 'hpexpireat' command\r\n"],
      ["HEXPIRE h 10 BAD FIELDS 1 a", missing],
      ["HEXPIRE h 10 NX XX FIELDS 1 a", missing],
      ["HTTL h BAD 1 a", missing],
      ["HEXPIRE h 10 NX FIELDS 1", "-ERR The `numfields` parameter must match the number of arguments\r\n"],
      ["HEXPIRE h 10 FIELDS 0 a", tooFew],
      ["HEXPIRE h 10 FIELDS x a", tooFew],
      ["HTTL h FIELDS 0 a", notPositive],
      ["HPERSIST h FIELDS x a", notPositive],
      ["HPERSIST h FIELDS 9223372036854775808 a", notPositive],
      ["HEXPIRE h 10 FIELDS 2 a", mismatch],
      ["HTTL h FIELDS 1 a b", mismatch],
      ["HTTL h FIELDS 1", "-ERR wrong number of arguments for 'httl' command\r\n"],
    );
  });
});

describe("a field that has ended", () => {
  test.each(["packed", "table"])(
    "is gone at its time from a %s hash, with HDEL in the journal and its event",
    (form) => {
      const r = new Recording();
      r.server.keyspace.hashes.hashMaxListpackEntries = form === "table" ? 0 : 512;
      r.prepare("HSET h a 1 b 2 c 3", "HPEXPIRE h 100 FIELDS 2 a b");
      r.server.pass(99);
      r.expect(["HMGET h a b c", `*3\r\n${bulk("1")}${bulk("2")}${bulk("3")}`]);
      r.server.pass(1);
      r.expect(["HLEN h", int(1), "HDEL h a b", "hexpired:h"], ["HMGET h a b c", `*3\r\n${NIL}${NIL}${bulk("3")}`]);
      expect(r.server.stats.expiredFields).toBe(2);
      r.prepare("HPEXPIRE h 100 FIELDS 1 c");
      r.server.pass(100);
      r.expect(["EXISTS h", int(0), "HDEL h c", "hexpired:h | del:h"], ["DBSIZE", int(0)]);
    },
  );

  test("is removed without anybody asking", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 1 a", "HSET whole x 1", "HPEXPIRE whole 100 FIELDS 1 x");
    expect(r.c.say("INFO keyspace")).toContain("keys=2,expires=0,avg_ttl=0,subexpiry=2");
    pass(r, 104);
    const [, , journal, events] = r.trace("DBSIZE");
    expect(journal).toBe("HDEL h a | HDEL whole x");
    expect(events).toBe("hexpired:h | hexpired:whole | del:whole");
    expect(r.c.say("INFO keyspace")).toContain("keys=1,expires=0,avg_ttl=0,subexpiry=0");
    expect(r.c.say("INFO stats")).toContain("expired_subkeys:2");
  });

  test("goes with a deadline of the key's own", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 1 a", "PEXPIRE h 50");
    expect(r.c.say("INFO keyspace")).toContain("keys=1,expires=1,avg_ttl=50,subexpiry=1");
    r.expect(["PERSIST h", int(1), "PERSIST h", "persist:h"]);
    pass(r, 104);
    expect(r.trace("HKEYS h")).toEqual(["HKEYS h", frame("*", 1, "b"), "HDEL h a", "hexpired:h"]);
    r.prepare("HPEXPIRE h 1000 FIELDS 1 b", "PEXPIRE h 50");
    pass(r, 104);
    expect(r.trace("DBSIZE")).toEqual(["DBSIZE", int(0), "DEL h", "expired:h"]);
    expect(r.server.keyspace.databases[0].timers).toBe(0);
  });
});

describe("a field that has ended in a big hash but is not removed yet", () => {
  /** A table of one field that stays and 200 that have ended, the first of which the next look-up removes. */
  function backlog(): Recording {
    const r = new Recording();
    r.server.keyspace.hashes.hashMaxListpackEntries = 0;
    r.prepare("HSET h stays 1");
    for (let i = 0; i < 200; i++) r.prepare(`HSETEX h PX ${10 + i} FIELDS 1 n${i} 5`);
    r.server.pass(300);
    return r;
  }

  test.each([
    ["HLEN h", int(1)],
    ["HGET h n199", NIL],
    ["HEXISTS h n199", int(0)],
    ["HSTRLEN h n199", int(0)],
    ["HGETALL h", frame("*", 2, "stays", "1")],
    ["HKEYS h", frame("*", 1, "stays")],
    ["HVALS h", frame("*", 1, "1")],
    ["HRANDFIELD h", bulk("stays")],
    ["HRANDFIELD h 5", frame("*", 1, "stays")],
    ["HRANDFIELD h -2", frame("*", 2, "stays", "stays")],
    ["HSCAN h 0 COUNT 1000", `*2\r\n${bulk("0")}${frame("*", 2, "stays", "1")}`],
    ["HTTL h FIELDS 2 n199 stays", ints(-2, -1)],
    ["HDEL h n199", int(0)],
    ["HPERSIST h FIELDS 1 n199", ints(-2)],
    ["HPEXPIRE h 10 FIELDS 1 n199", ints(-2)],
    ["HGETEX h FIELDS 1 n199", `*1\r\n${NIL}`],
    ["HGETDEL h FIELDS 1 n199", `*1\r\n${NIL}`],
    ["HSETEX h FXX FIELDS 1 n199 1", int(0)],
  ])("is hidden from %s", (request, reply) => {
    const [, said, journal] = backlog().trace(request);
    expect(said).toBe(reply);
    expect(journal).toBe(`HDEL h ${Array.from({ length: FIELDS_PER_STEP }, (_, i) => `n${i}`).join(" ")}`);
  });

  test.each([
    ["HINCRBY h n199 1", int(1), "HSET h n199 1"],
    ["HINCRBYFLOAT h n199 1.5", bulk("1.5"), "HSET h n199 1.5"],
    ["HSETNX h n199 7", int(1), "HSET h n199 7"],
    ["HSET h n199 7", int(1), "HSET h n199 7"],
    ["HSETEX h FNX FIELDS 1 n199 7", int(1), "HSETEX h FIELDS 1 n199 7"],
  ])("is made anew by %s", (request, reply, effect) => {
    const r = backlog();
    const [, said, journal] = r.trace(request);
    expect(said).toBe(reply);
    expect(journal?.split(" | ")[1]).toBe(effect);
    expect(r.trace("HTTL h FIELDS 1 n199")[1]).toBe(ints(-1));
    expect(r.trace("HLEN h")[1]).toBe(int(2));
  });

  test("does not keep the key when nothing else is left of it", () => {
    const r = backlog();
    const [, , journal, events] = r.trace("HDEL h stays");
    expect(journal?.endsWith(" | HDEL h stays")).toBe(true);
    expect(events).toBe("hexpired:h | hdel:h | del:h");
    r.expect(["EXISTS h", int(0)]);
  });

  test("takes a key of which all has ended with it, in one step", () => {
    const r = new Recording();
    r.server.keyspace.hashes.hashMaxListpackEntries = 0;
    for (let i = 0; i < 200; i++) r.prepare(`HSETEX h PX ${10 + i} FIELDS 1 n${i} 5`);
    r.server.pass(300);
    r.expect(["EXISTS h", int(0), "DEL h", "hexpired:h | del:h"]);
    expect(r.server.stats.expiredFields).toBe(200);
  });
});

describe("a field's deadline", () => {
  test("is taken away by HSET and kept by HINCRBY and HINCRBYFLOAT", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2 c 3 d 4", "HPEXPIRE h 100 FIELDS 3 a b c");
    r.expect(
      ["HSET h a 5", int(0), "HSET h a 5", "hset:h"],
      ["HINCRBY h b 5", int(7), "HINCRBY h b 5", "hincrby:h"],
      ["HINCRBYFLOAT h c 0.5", bulk("3.5"), "HSETEX h KEEPTTL FIELDS 1 c 3.5", "hincrbyfloat:h"],
      ["HINCRBYFLOAT h d 0.5", bulk("4.5"), "HSET h d 4.5", "hincrbyfloat:h"],
      ["HPTTL h FIELDS 4 a b c d", ints(-1, 100, 100, -1)],
    );
    r.server.pass(100);
    r.expect(["HINCRBY h b 1", int(1), "HDEL h b c | HSET h b 1", "hexpired:h | hincrby:h"]);
  });

  test.each(["packed", "table"])("goes where a %s hash goes", (form) => {
    const r = new Recording();
    r.server.keyspace.hashes.hashMaxListpackEntries = form === "table" ? 0 : 512;
    r.prepare("HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 1 a");
    r.prepare("COPY h copy", "RENAME h renamed", "COPY renamed moved", "MOVE moved 1");
    r.expect(
      ["HPTTL copy FIELDS 2 a b", ints(100, -1)],
      ["HPTTL renamed FIELDS 2 a b", ints(100, -1)],
      ["SWAPDB 0 1", OK, "SWAPDB 0 1"],
      ["HPTTL moved FIELDS 2 a b", ints(100, -1)],
    );
    expect(r.server.keyspace.databases.map(({ timers }) => timers).slice(0, 2)).toEqual([1, 2]);
    pass(r, 104);
    expect(r.trace("HGETALL moved")[1]).toBe(frame("*", 2, "b", "2"));
    r.prepare("SELECT 1");
    expect(r.trace("HGETALL copy")[1]).toBe(frame("*", 2, "b", "2"));
    expect(r.trace("HGETALL renamed")[1]).toBe(frame("*", 2, "b", "2"));
    expect(r.server.keyspace.databases.map(({ timers }) => timers).slice(0, 2)).toEqual([0, 0]);
  });

  test("leaves nothing behind when its hash is deleted, overwritten or flushed", () => {
    const r = new Recording();
    const { arena, reclaimer, databases } = r.server.keyspace;
    const before = arena.usedBytes;
    for (const end of [
      "DEL h",
      "UNLINK h",
      "SET h v",
      "FLUSHALL",
      "RENAME other h",
      "HDEL h a b",
      "HGETDEL h FIELDS 2 a b",
    ]) {
      r.prepare("HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 2 a b", "HSET other x 1", end, "DEL h other");
      reclaimer.run(UNBOUNDED);
      pass(r, 200);
      databases[0].dropIdleWheel();
      expect([end, databases[0].timers, arena.usedBytes]).toEqual([end, 0, before]);
    }
  });

  test("shows in OBJECT ENCODING of a packed hash, even without deadlines later", () => {
    const c = new LocalServer().connect();
    c.say("HSET h a 1 b 2");
    expect(c.say("OBJECT ENCODING h")).toBe(bulk("listpack"));
    c.say("HEXPIRE h 10 FIELDS 1 a");
    expect(c.say("OBJECT ENCODING h")).toBe(bulk("listpackex"));
    c.say("HPERSIST h FIELDS 1 a");
    expect(c.say("OBJECT ENCODING h")).toBe(bulk("listpackex"));
    c.say("HEXPIRE h 10 FIELDS 1 a", `HSET h long ${"x".repeat(65)}`);
    expect(c.say("OBJECT ENCODING h")).toBe(bulk("hashtable"));
    expect(c.say("HTTL h FIELDS 3 a b long")).toBe(ints(10, -1, -1));
    expect(c.say("HGETALL h")).toContain("long");
  });

  test("shows in DEBUG DIGEST as that there is one, not when", () => {
    const server = new LocalServer();
    const c = server.connect();
    const digest = (...requests: string[]): string => {
      c.say(...requests);
      return datasetDigest(server.keyspace);
    };
    const plain = digest("HSET h a 1 b 2");
    const timed = digest("HEXPIRE h 10 FIELDS 1 a");
    expect(timed).not.toBe(plain);
    expect(digest("HEXPIRE h 20 FIELDS 1 a")).toBe(timed);
    expect(digest("HPERSIST h FIELDS 1 a")).toBe(plain);
  });
});

describe("HGETEX", () => {
  test("gives values and sets, takes away or leaves deadlines", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2");
    const both = `*3\r\n${bulk("1")}${NIL}${bulk("2")}`;
    const at = now(r) + 10_000;
    r.expect(
      ["HGETEX h FIELDS 3 a none b", both],
      ["HGETEX none EX 10 FIELDS 2 a b", `*2\r\n${NIL}${NIL}`],
      ["HGETEX h EX 10 FIELDS 3 a none b", both, `HPEXPIREAT h ${at} FIELDS 2 a b`, "hexpire:h"],
      ["HGETEX h PERSIST FIELDS 1 a", `*1\r\n${bulk("1")}`, "HPERSIST h FIELDS 1 a", "hpersist:h"],
      ["HGETEX h PERSIST FIELDS 1 a", `*1\r\n${bulk("1")}`],
      ["HGETEX h FIELDS 1 b", `*1\r\n${bulk("2")}`],
      ["HPEXPIRETIME h FIELDS 2 a b", ints(-1, at)],
      [
        "HGETEX h PXAT 9999999999001 FIELDS 1 a",
        `*1\r\n${bulk("1")}`,
        "HPEXPIREAT h 9999999999001 FIELDS 1 a",
        "hexpire:h",
      ],
      ["HGETEX h EX 0 FIELDS 1 a", `*1\r\n${bulk("1")}`, "HDEL h a", "hdel:h"],
      ["HGETEX h EXAT 1 FIELDS 1 b", `*1\r\n${bulk("2")}`, "HDEL h b", "hdel:h | del:h"],
      ["EXISTS h", int(0)],
    );
  });

  test("refuses wrong arguments as Redis does", () => {
    const r = new Recording();
    r.prepare("SET s v", "HSET h a 1");
    const missing = "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n";
    r.expect(
      ["HGETEX s FIELDS 1 a", WRONG_TYPE],
      ["HGETEX h FIELD 1 a", missing],
      ["HGETEX h KEEPTTL FIELDS 1 a", missing],
      ["HGETEX h EX 100 PERSIST FIELDS 1 a", missing],
      ["HGETEX h FIELDS abc a", "-ERR Number of fields must be a positive integer\r\n"],
      ["HGETEX h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments\r\n"],
      ["HGETEX h EX abc FIELDS 1 a", NOT_INTEGER],
      ["HGETEX h EX -5 FIELDS 1 a", "-ERR invalid expire time, must be >= 0\r\n"],
      ["HGETEX h EXAT 99999999999 FIELDS 1 a", "-ERR invalid expire time in 'hgetex' command\r\n"],
    );
  });
});

describe("HGETDEL", () => {
  test("gives values and deletes the fields, and the key with the last of them", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2 c 3", "SET s v");
    r.expect(
      ["HGETDEL h FIELDS 3 b none b", `*3\r\n${bulk("2")}${NIL}${NIL}`, "HDEL h b", "hdel:h"],
      ["HGETDEL h FIELDS 1 none", `*1\r\n${NIL}`],
      ["HGETDEL h FIELDS 2 a c", `*2\r\n${bulk("1")}${bulk("3")}`, "HDEL h a c", "hdel:h | del:h"],
      ["HGETDEL h FIELDS 1 a", `*1\r\n${NIL}`],
      ["HGETDEL s FIELDS 1 a", WRONG_TYPE],
      ["HGETDEL h FIELD 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n"],
      ["HGETDEL h FIELDS 0 a", "-ERR Number of fields must be a positive integer\r\n"],
      ["HGETDEL h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments\r\n"],
    );
  });
});

describe("HSETEX", () => {
  test("sets fields and their deadline", () => {
    const r = new Recording();
    const at = now(r) + 10_000;
    r.expect(
      ["HSETEX h EX 10 FIELDS 2 a 1 b 2", int(1), `HSETEX h PXAT ${at} FIELDS 2 a 1 b 2`, "hset:h | hexpire:h"],
      ["HPEXPIRETIME h FIELDS 2 a b", ints(at, at)],
      ["HSETEX h KEEPTTL FIELDS 2 a 3 c 4", int(1), "HSETEX h KEEPTTL FIELDS 2 a 3 c 4", "hset:h"],
      ["HSETEX h FIELDS 1 b 5", int(1), "HSETEX h FIELDS 1 b 5", "hset:h"],
      ["HPEXPIRETIME h FIELDS 3 a b c", ints(at, -1, -1)],
      ["HMGET h a b c", frame("*", 3, "3", "5", "4")],
    );
  });

  test("sets fields only if none, or all, are there", () => {
    const r = new Recording();
    const at = now(r) + 5000;
    r.prepare("HSET h a 1");
    r.expect(
      ["HSETEX none FXX FIELDS 1 a 1", int(0)],
      ["EXISTS none", int(0)],
      ["HSETEX h FNX FIELDS 2 b 1 a 1", int(0)],
      ["HSETEX h FXX FIELDS 2 a 2 b 2", int(0)],
      ["HGETALL h", frame("*", 2, "a", "1")],
      ["HSETEX h PX 5000 FXX FIELDS 1 a 2", int(1), `HSETEX h PXAT ${at} FIELDS 1 a 2`, "hset:h | hexpire:h"],
      ["HSETEX h FNX FIELDS 1 b 2", int(1), "HSETEX h FIELDS 1 b 2", "hset:h"],
    );
  });

  test("deletes fields whose time is past", () => {
    const r = new Recording();
    r.prepare("HSET h a 1 b 2");
    r.expect(
      ["HSETEX h EX 0 FIELDS 2 a 5 none 5", int(1), "HDEL h a", "hdel:h"],
      ["HSETEX h PXAT 1 FIELDS 1 b 5", int(1), "HDEL h b", "hdel:h | del:h"],
      ["HSETEX h PXAT 1 FIELDS 1 b 5", int(1)],
      ["EXISTS h", int(0)],
    );
  });

  test("refuses wrong arguments as Redis does", () => {
    const r = new Recording();
    r.prepare("SET s v", "HSET h a 1");
    const arity = "-ERR wrong number of arguments for 'hsetex' command\r\n";
    const oneTime = "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n";
    r.expect(
      ["HSETEX s FIELDS 1 a 1", WRONG_TYPE],
      ["HSETEX h FIELDS 1", arity],
      ["HSETEX h BOGUS FIELDS 1 a 1", "-ERR unknown argument: BOGUS\r\n"],
      ["HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified\r\n"],
      ["HSETEX h EX 60 KEEPTTL FIELDS 1 a 1", oneTime],
      ["HSETEX h KEEPTTL PXAT 60 FIELDS 1 a 1", oneTime],
      ["HSETEX h FIELDS abc a 1", "-ERR invalid number of fields\r\n"],
      ["HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields\r\n"],
      ["HSETEX h FIELDS 2 a 1", arity],
      ["HSETEX h FIELDS 1 a 1 b 2", arity],
      ["HSETEX h EX abc FIELDS 1 a 1", NOT_INTEGER],
      ["HSETEX h EX -5 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0\r\n"],
      ["HSETEX none FXX EX -5 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0\r\n"],
      ["HSETEX h EXAT 99999999999 FIELDS 1 a 1", "-ERR invalid expire time in 'hsetex' command\r\n"],
      ["HSETEX h FNX KEEPTTL FNX EX", "-ERR Only one of FXX or FNX arguments can be specified\r\n"],
      ["HSETEX h FNX KEEPTTL EX 10", oneTime],
      ["HSETEX h FNX PX 10 KEEPTTL", oneTime],
      ["HSETEX h FXX a b c", "-ERR unknown argument: a\r\n"],
    );
  });
});
