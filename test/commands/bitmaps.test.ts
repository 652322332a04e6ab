import { describe, expect, test } from "bun:test";
import { bulk, int, NOT_INTEGER, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests; DIFF, DIFF1, ANDOR and ONE follow the
// documentation of Redis 8.2.

const BAD_OFFSET = "-ERR bit offset is not an integer or out of range\r\n";
const BAD_BIT = "-ERR bit is not an integer or out of range\r\n";

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare("HSET h f v", ...prepared);
  return r;
}

describe("SETBIT and GETBIT", () => {
  test("give the bit that was there, and tell of changes only", () => {
    recording().expect(
      ["SETBIT b 7 1", int(0), "SETBIT b 7 1", "setbit:b"],
      ["SETBIT b 7 1", int(1)],
      ["SETBIT b 7 0", int(1), "SETBIT b 7 0", "setbit:b"],
      ["SETBIT b 100 0", int(0), "SETBIT b 100 0", "setbit:b"],
      ["STRLEN b", int(13)],
      ["SETBIT new 5 0", int(0), "SETBIT new 5 0", "setbit:new"],
      ["GET new", bulk("\0")],
    );
  });
  test("work on the digits of a counter", () => {
    recording("SET i 12345").expect(["GETBIT i 3", int(1)], ["SETBIT i 6 1", int(0), "SETBIT i 6 1", "setbit:i"]);
  });
  test("see zeros beyond the end", () => {
    recording("SET b a").expect(["GETBIT b 8", int(0)], ["GETBIT b 4294967295", int(0)], ["GETBIT missing 0", int(0)]);
  });
  test("keep the deadline", () => {
    recording("SET b a EX 100", "SETBIT b 100000 1").expect(["PTTL b", int(100_000)]);
  });
  test("look at their numbers before they look at the key", () => {
    for (const offset of ["-1", "abc", "4294967296", "9223372036854775807", "9223372036854775808", "#1"]) {
      recording().expect([`SETBIT h ${offset} 2`, BAD_OFFSET], [`GETBIT h ${offset}`, BAD_OFFSET]);
    }
    for (const bit of ["2", "-1", "x"]) recording().expect([`SETBIT h 0 ${bit}`, BAD_BIT]);
    recording().expect(["SETBIT h 0 1", WRONG_TYPE], ["GETBIT h 0", WRONG_TYPE]);
  });
  test("know proto-max-bulk-len", () => {
    const r = recording();
    r.server.config.set([["proto-max-bulk-len", "1048576"]]);
    r.expect(["SETBIT b 8388607 1", int(0), "SETBIT b 8388607 1", "setbit:b"], ["SETBIT b 8388608 1", BAD_OFFSET]);
  });
});

describe("BITCOUNT", () => {
  const r = recording("SET c foobar");
  test("counts in bytes and bits, from either end", () => {
    r.expect(["BITCOUNT c", int(26)], ["BITCOUNT c 0 0", int(4)], ["BITCOUNT c 1 1 BYTE", int(6)]);
    r.expect(["BITCOUNT c 5 30 BIT", int(17)], ["BITCOUNT c 0 -5 bit", int(25)], ["BITCOUNT c -100 -90", int(4)]);
    r.expect(["BITCOUNT c -9223372036854775808 9223372036854775807", int(26)], ["BITCOUNT c 5 1", int(0)]);
  });
  test("looks at the key before it looks at the rest", () => {
    r.expect(["BITCOUNT missing a b", int(0)], ["BITCOUNT missing 0 1 NOPE", int(0)], ["BITCOUNT h a b", WRONG_TYPE]);
    r.expect(["BITCOUNT c 1", SYNTAX_ERROR], ["BITCOUNT c a 1", NOT_INTEGER], ["BITCOUNT c a b NOPE", NOT_INTEGER]);
    r.expect(["BITCOUNT c 0 1 NOPE", SYNTAX_ERROR], ["BITCOUNT c 0 1 BIT x", SYNTAX_ERROR]);
    r.expect(["BITCOUNT c -1 -2 NOPE", int(0)]);
  });
});

describe("BITPOS", () => {
  const r = recording('SET p "\\xff\\xf0\\x00"', 'SET ones "\\xff\\xff"', 'SET empty ""');
  test("finds the first bit of a range", () => {
    r.expect(["BITPOS p 0", int(12)], ["BITPOS p 1", int(0)], ["BITPOS p 1 2", int(-1)], ["BITPOS p 0 2 -1", int(16)]);
    r.expect(["BITPOS p 0 7 15 BIT", int(12)], ["BITPOS p 1 7 15 BIT", int(7)], ["BITPOS p 1 -100 -200", int(0)]);
    r.expect(["BITPOS p 1 5 2", int(-1)], ["BITPOS p 1 9223372036854775807", int(-1)]);
  });
  test("counts a value without an end as followed by clear bits", () => {
    r.expect(["BITPOS ones 0", int(16)], ["BITPOS ones 0 1", int(16)], ["BITPOS ones 0 0 -1", int(-1)]);
    r.expect(["BITPOS ones 0 3", int(-1)], ["BITPOS empty 0", int(-1)], ["BITPOS empty 1", int(-1)]);
    r.expect(["BITPOS missing 0 0 -1", int(0)], ["BITPOS missing 1", int(-1)]);
  });
  test("looks at the bit, the key, then at the range", () => {
    const badBit = "-ERR The bit argument must be 1 or 0.\r\n";
    r.expect(["BITPOS h 2", badBit], ["BITPOS missing -1", badBit], ["BITPOS h 01", NOT_INTEGER]);
    r.expect(["BITPOS missing 1 a b", int(-1)], ["BITPOS h 1 a", WRONG_TYPE], ["BITPOS p 1 a", NOT_INTEGER]);
    r.expect(
      ["BITPOS p 1 0 x NOPE", SYNTAX_ERROR],
      ["BITPOS p 1 0 1 NOPE", SYNTAX_ERROR],
      ["BITPOS p 1 0 x", NOT_INTEGER],
    );
    r.expect(["BITPOS p 1 0 1 BIT x", SYNTAX_ERROR]);
  });
});

describe("BITOP", () => {
  const prepared = ['SET x "\\xf0\\xff"', 'SET y "\\x30\\x0f"', 'SET z "\\x14"'];
  const results: [string, string][] = [
    ["AND d x y z", "\x10\0"],
    ["OR d x y missing", "\xf0\xff"],
    ["XOR d x y y", "\xf0\xff"],
    ["NOT d z", "\xeb"],
    ["DIFF d x y z", "\xc0\xf0"],
    ["DIFF1 d y x z", "\xc4\xf0"],
    ["ANDOR d x y z", "\x30\x0f"],
    ["ONE d x y z", "\xc4\xf0"],
    ["ONE d x", "\xf0\xff"],
  ];
  test("stores the result of every operation", () => {
    for (const [rest, result] of results) {
      const r = recording(...prepared);
      r.expect([`BITOP ${rest}`, int(result.length), `BITOP ${rest}`, "set:d"], ["GET d", bulk(result)]);
    }
  });
  test("stores into its own source, and into another type", () => {
    const r = recording(...prepared);
    r.expect(["BITOP and x x y", int(2), "BITOP and x x y", "set:x"], ["GET x", bulk("\x30\x0f")]);
    r.expect(["BITOP NOT h z", int(1), "BITOP NOT h z", "set:h"], ["TYPE h", "+string\r\n"]);
  });
  test("stores large results, also into their own source", () => {
    for (const length of [4095, 4096, 4097, 20_000, 100_001]) {
      const r = recording(`SET p ${"\xcc".repeat(length)}`, `SET q ${"\xaa".repeat(length - 1)}`, "SET s x EX 100");
      r.prepare("BITOP XOR p p q", "BITOP OR s q p");
      expect(r.c.say("GET p")).toBe(bulk(`${"\x66".repeat(length - 1)}\xcc`));
      expect(r.c.say("GET s", "PTTL s")).toBe(bulk(`${"\xee".repeat(length - 1)}\xcc`) + int(-1));
      r.prepare("DEL p", "DEL q", "DEL s", "DEL h");
      r.prepare("SET probe 1", "DEL probe");
      expect(r.server.keyspace.databases[0]!.size).toBe(0);
    }
  });
  test("with nothing to store deletes the destination", () => {
    recording("SET d v").expect(
      ["BITOP AND d missing missing2", int(0), "BITOP AND d missing missing2", "del:d"],
      ["BITOP AND d missing missing2", int(0)],
    );
  });
  test("refuses unknown operations, wrong numbers of sources and wrong types", () => {
    const r = recording(...prepared);
    r.expect(["BITOP NOPE d x", SYNTAX_ERROR], ["BITOP AND d h x", WRONG_TYPE], ["BITOP AND d x h", WRONG_TYPE]);
    r.expect(["BITOP NOT d x y", "-ERR BITOP NOT must be called with a single source key.\r\n"]);
    for (const name of ["DIFF", "DIFF1", "ANDOR"]) {
      r.expect([
        `BITOP ${name.toLowerCase()} d x`,
        `-ERR BITOP ${name} must be called with at least two source keys.\r\n`,
      ]);
    }
    r.expect(["EXISTS d", int(0)]);
  });
});
