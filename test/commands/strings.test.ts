import { describe, expect, test } from "bun:test";
import { bulk, int, NIL, NOT_INTEGER, OK, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests, and where they came later what the documentation
// of Redis 8 says. The clock stands at NOW.

const NOW = 1_700_000_000_000;
const badTime = (name: string) => `-ERR invalid expire time in '${name}' command\r\n`;

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare(...prepared);
  return r;
}

describe("GET", () => {
  test("gives the value, nil for a missing key, an error for another type", () => {
    recording("SET k v", "HSET h f v").expect(
      ["GET k", bulk("v")],
      ["GET missing", NIL],
      ["GET h", WRONG_TYPE],
      ["GET", "-ERR wrong number of arguments for 'get' command\r\n"],
    );
  });
  test("counts hits and misses", () => {
    const r = recording("SET k v");
    r.prepare("GET k", "GET k", "GET missing");
    expect([r.server.stats.keyspaceHits, r.server.stats.keyspaceMisses]).toEqual([2, 1]);
  });
  test("sees no key whose time has come", () => {
    const r = recording("SET k v PX 10");
    r.server.pass(10);
    r.expect(["GET k", NIL, "DEL k", "expired:k"]);
  });
});

describe("SET", () => {
  test("is journalled as it was sent", () => {
    recording().expect(
      ["SET k v", OK, "SET k v", "set:k"],
      ["set k v", OK, "set k v", "set:k"],
      ["SET k v KEEPTTL", OK, "SET k v KEEPTTL", "set:k"],
    );
  });
  test("with NX or XX depends on whether the key exists", () => {
    recording().expect(
      ["SET k v XX", NIL],
      ["SET k v NX", OK, "SET k v NX", "set:k"],
      ["SET k w nx", NIL],
      ["SET k x XX", OK, "SET k x XX", "set:k"],
      ["GET k", bulk("x")],
    );
  });
  test("with GET gives the old value, whether it sets or not, and is journalled without it", () => {
    recording().expect(
      ["SET k v GET", NIL, "SET k v", "set:k"],
      ["SET k w GET XX", bulk("v"), "SET k w XX", "set:k"],
      ["SET k x NX GET", bulk("w")],
      ["SET k x GET GET KEEPTTL", bulk("w"), "SET k x KEEPTTL", "set:k"],
      ["GET k", bulk("x")],
    );
  });
  test("with GET refuses another type, without it replaces it", () => {
    recording("HSET h f v").expect(
      ["SET h v GET", WRONG_TYPE],
      ["SET h v NX GET", WRONG_TYPE],
      ["SET h v", OK, "SET h v", "set:h"],
    );
  });
  test("with a time is journalled with the moment, and nothing else", () => {
    recording().expect(
      ["SET k v EX 100", OK, `SET k v PXAT ${NOW + 100_000}`, "set:k | expire:k"],
      ["SET k v px 100", OK, `SET k v PXAT ${NOW + 100}`, "set:k | expire:k"],
      ["SET k v EXAT 4000000000", OK, "SET k v PXAT 4000000000000", "set:k | expire:k"],
      ["SET k v PXAT 4000000000000", OK, "SET k v PXAT 4000000000000", "set:k | expire:k"],
      ["SET k w XX GET PX 100", bulk("v"), `SET k w PXAT ${NOW + 100}`, "set:k | expire:k"],
      ["SET k w EX 100 EX 200", OK, `SET k w PXAT ${NOW + 200_000}`, "set:k | expire:k"],
      ["PTTL k", int(200_000)],
    );
  });
  test("takes the deadline away unless KEEPTTL is given", () => {
    recording("SET k v EX 100", "SET k w KEEPTTL").expect(
      ["PTTL k", int(100_000)],
      ["SET k x", OK, "SET k x", "set:k"],
      ["PTTL k", int(-1)],
    );
  });
  test("with a moment that is past deletes the key, and is journalled as that", () => {
    const r = recording("SET k v");
    r.expect(["SET k w PXAT 1 GET", bulk("v"), "DEL k", "del:k"], ["EXISTS k", int(0)], ["SET k v EXAT 1", OK]);
    r.expect(["SET k v NX PXAT 1", OK], ["DBSIZE", int(0)]);
    expect(r.server.stats.expiredKeys).toBe(3);
  });
  test("refuses times that are no positive number of 64 bits", () => {
    for (const time of ["EX 0", "PX -1", "EXAT 0", "PXAT -5", "EX 9223372036854776", "PX 9223372036854775807"]) {
      recording().expect([`SET k v ${time}`, badTime("set")]);
    }
    for (const time of ["EX abc", "PX 1.5", "EXAT 9223372036854775808"]) {
      recording().expect([`SET k v ${time}`, NOT_INTEGER]);
    }
    recording().expect(["EXISTS k", int(0)]);
  });
  test("keeps the last moment that a double holds for all that lie beyond it", () => {
    for (const time of ["PXAT 9223372036854775807", "EXAT 9223372036854775", "EX 9007199254740993"]) {
      recording().expect(
        [`SET k v ${time}`, OK, "SET k v PXAT 9007199254740991", "set:k | expire:k"],
        ["PEXPIRETIME k", int(9007199254740991)],
      );
    }
  });
  test("finds every mistake in its options before it looks at the key", () => {
    const mistakes = [
      "NX XX",
      "EX 1 PX 1",
      "EX 1 KEEPTTL",
      "KEEPTTL PXAT 1",
      "PERSIST",
      "EX",
      "NOPE",
      '""',
      "NX IFEQ v",
    ];
    for (const options of [...mistakes, "IFEQ", "IFEQ v IFNE v", "GET IFDNE", "EX 0 NOPE"]) {
      recording("HSET h f v").expect([`SET h v ${options}`, SYNTAX_ERROR]);
    }
    recording("HSET h f v").expect(["SET h v EX 0 GET", badTime("set")]);
  });
  test("keeps the order of its conditions and values in the journal", () => {
    recording("SET k GET").expect(
      ["SET k NX IFEQ GET GET", bulk("GET"), "SET k NX IFEQ GET", "set:k"],
      ["SET k GET GET IFNE get", bulk("NX"), "SET k GET IFNE get", "set:k"],
      ["SET k v IFEQ GET EX 1", OK, `SET k v PXAT ${NOW + 1000}`, "set:k | expire:k"],
    );
  });
  test("takes values of every size, and sizes into each other", () => {
    const r = recording();
    const sizes = [0, 1, 44, 45, 255, 256, 4096, 4097, 20_000, 300_000];
    for (const from of sizes) {
      for (const to of sizes) {
        r.c.say(`SET k ${"a".repeat(from) || '""'} EX 100`, `SET k ${"b".repeat(to) || '""'} KEEPTTL`);
        expect(r.c.say("GET k", "PTTL k")).toBe(bulk("b".repeat(to)) + int(100_000));
      }
    }
  });
});

describe("SETNX, SETEX, PSETEX and GETSET", () => {
  test("are journalled as what they do", () => {
    recording().expect(
      ["SETNX k v", int(1), "SETNX k v", "set:k"],
      ["SETNX k w", int(0)],
      ["SETEX k 100 v", OK, `SET k v PXAT ${NOW + 100_000}`, "set:k | expire:k"],
      ["PSETEX k 100 v", OK, `SET k v PXAT ${NOW + 100}`, "set:k | expire:k"],
      ["GETSET k w", bulk("v"), "SET k w", "set:k"],
      ["PTTL k", int(-1)],
      ["GETSET new 12", NIL, "SET new 12", "set:new"],
    );
  });
  test("refuse wrong times and types", () => {
    recording("HSET h f v").expect(
      ["SETEX k 0 v", badTime("setex")],
      ["PSETEX k -1 v", badTime("psetex")],
      ["SETEX k 9223372036854775 v", badTime("setex")],
      ["SETEX h abc v", NOT_INTEGER],
      ["GETSET h v", WRONG_TYPE],
      ["SETNX h v", int(0)],
    );
  });
});

describe("GETEX", () => {
  test("sets, moves and takes away the deadline, and is journalled as that alone", () => {
    recording("SET k v").expect(
      ["GETEX k", bulk("v")],
      ["GETEX k EX 100", bulk("v"), `PEXPIREAT k ${NOW + 100_000}`, "expire:k"],
      ["GETEX k PXAT 4000000000000", bulk("v"), "PEXPIREAT k 4000000000000", "expire:k"],
      ["GETEX k PERSIST", bulk("v"), "PERSIST k", "persist:k"],
      ["GETEX k PERSIST", bulk("v")],
    );
  });
  test("with a moment that is past deletes the key", () => {
    recording("SET k v").expect(["GETEX k EXAT 1", bulk("v"), "DEL k", "del:k"], ["EXISTS k", int(0)]);
  });
  test("looks at its options, then at the key, then at the time", () => {
    recording("SET k v", "HSET h f v").expect(
      ["GETEX missing EX 0", NIL],
      ["GETEX missing EX abc", NIL],
      ["GETEX missing KEEPTTL", SYNTAX_ERROR],
      ["GETEX h EX 0", WRONG_TYPE],
      ["GETEX h EX 0 NOPE", SYNTAX_ERROR],
      ["GETEX k EX 0", badTime("getex")],
      ["GETEX k EX abc", NOT_INTEGER],
      ["GETEX k PERSIST EX 100", SYNTAX_ERROR],
      ["GETEX k EX", SYNTAX_ERROR],
    );
  });
});

describe("GETDEL", () => {
  test("gives the value and deletes the key", () => {
    recording("SET k v", "HSET h f v").expect(
      ["GETDEL k", bulk("v"), "DEL k", "del:k"],
      ["GETDEL k", NIL],
      ["GETDEL h", WRONG_TYPE],
    );
  });
});

describe("OBJECT ENCODING of a string", () => {
  const encoding = (name: string) => (name === "" ? NIL : bulk(name));
  const digits44 = "1".repeat(44);
  const cases: [string, string][] = [
    ["SET k 12345", "int"],
    ["SET k -9223372036854775808", "int"],
    ["SET k 9223372036854775808", "embstr"],
    ["SET k 007", "embstr"],
    ['SET k ""', "embstr"],
    [`SET k ${digits44}`, "embstr"],
    [`SET k ${digits44}1`, "raw"],
    ["SETNX k 12", "int"],
    ["SETEX k 100 12", "int"],
    ["GETSET k 12", "int"],
    ["MSET k 12", "int"],
    ["APPEND k 12", "int"],
    ["SETRANGE k 0 12", "raw"],
    ["SETBIT k 0 1", "raw"],
    ["INCR k", "int"],
    ["INCRBYFLOAT k 1", "embstr"],
    ["INCREX k", "int"],
    ["INCREX k BYFLOAT 1", "embstr"],
    [`INCRBYFLOAT k 1${"0".repeat(46)}`, "raw"],
    ["BITFIELD k SET u8 0 49", "raw"],
  ];
  test("is right for a new key", () => {
    for (const [line, name] of cases) {
      const r = recording(line);
      expect([line, r.c.say("OBJECT ENCODING k")]).toEqual([line, encoding(name)]);
    }
  });
  test("is raw after a value was written into, and int after it was counted", () => {
    recording("SET k 12", 'APPEND k ""').expect(["OBJECT ENCODING k", encoding("raw")]);
    recording("SET k 12", 'SETRANGE k 5 ""').expect(["OBJECT ENCODING k", encoding("int")]);
    recording("SET k 12", "SETRANGE k 0 5").expect(["OBJECT ENCODING k", encoding("raw")]);
    recording("SET k 12", "SETBIT k 3 1").expect(["OBJECT ENCODING k", encoding("raw")]);
    recording("SET k 12", "BITFIELD k GET u8 0").expect(["OBJECT ENCODING k", encoding("int")]);
    recording("SET k 12", "BITOP NOT k k").expect(["OBJECT ENCODING k", encoding("raw")]);
    recording("SET k 1", "APPEND k 2", "INCR k").expect(["OBJECT ENCODING k", encoding("int")], ["GET k", bulk("13")]);
  });
});
