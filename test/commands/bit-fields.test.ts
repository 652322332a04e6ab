import { describe, test } from "bun:test";
import { bulk, int, NOT_INTEGER, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

// Replies, journal and events are what redis-server 7.0.15 gives for the same requests, with one exception that is marked.

const BAD_TYPE =
  "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n";
const BAD_OFFSET = "-ERR bit offset is not an integer or out of range\r\n";
const list = (...items: (number | bigint | null)[]) =>
  `*${items.length}\r\n${items.map((item) => (item === null ? "$-1\r\n" : int(item))).join("")}`;

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare("HSET h f v", ...prepared);
  return r;
}

/** A request that changes the field `f`, with the event that it brings. */
function changing(line: string, reply: string): [string, string, string, string] {
  return [line, reply, line, "setbit:f"];
}

describe("BITFIELD", () => {
  test("reads, sets and increments in the order of its operations", () => {
    recording().expect(
      ["BITFIELD f", list()],
      ["BITFIELD f GET u8 0", list(0)],
      ["EXISTS f", int(0)],
      changing("BITFIELD f SET u8 0 255 get u8 0 INCRBY u8 0 1", list(0, 255, 0)),
      changing("BITFIELD f SET i8 #1 -1 GET i8 8 GET u16 0", list(0, -1, 255)),
      changing("BITFIELD f INCRBY i5 100 1 GET u4 101", list(1, 1)),
      ["STRLEN f", int(14)],
    );
  });
  test("tells of changes only", () => {
    recording("BITFIELD f SET u8 0 5").expect(
      ["BITFIELD f SET u8 0 5", list(5)],
      ["BITFIELD f INCRBY u8 0 0", list(5)],
      changing("BITFIELD f SET u8 100 0", list(0)),
    );
  });
  test("wraps, saturates or fails as the OVERFLOW before says", () => {
    recording("BITFIELD f SET u8 0 255").expect(
      changing("BITFIELD f OVERFLOW SAT INCRBY u8 8 300 OVERFLOW WRAP INCRBY u8 0 1", list(255, 0)),
      ["BITFIELD f OVERFLOW FAIL INCRBY u8 8 1 SET u8 8 256", list(null, null)],
      changing("BITFIELD f OVERFLOW sat SET i8 0 128 GET i8 0", list(0, 127)),
      changing("BITFIELD f OVERFLOW FAIL INCRBY i8 0 1 OVERFLOW WRAP INCRBY i8 0 1", list(null, -128)),
      ["BITFIELD f GET u8 0 OVERFLOW SAT", list(128)],
    );
  });
  test("journals a value that grew although every operation failed, which redis-server forgets", () => {
    recording().expect(
      ["BITFIELD f OVERFLOW FAIL SET u8 100 300", list(null), "BITFIELD f OVERFLOW FAIL SET u8 100 300", ""],
      ["STRLEN f", int(14)],
    );
  });
  test("is exact up to 64 bits", () => {
    recording().expect(
      changing("BITFIELD f SET i64 0 -9223372036854775808 GET i64 0", list(0, -9223372036854775808n)),
      changing(
        "BITFIELD f OVERFLOW SAT INCRBY i64 0 -1 INCRBY i64 0 9223372036854775807",
        list(-9223372036854775808n, -1),
      ),
      changing("BITFIELD f SET u63 3 9223372036854775807", list(9223372036854775804n)),
      ["BITFIELD f GET u63 3 GET u53 3 GET i53 3", list(9223372036854775807n, 9007199254740991, -1)],
    );
  });
  test("keeps the deadline, and its reads leave a counter a counter", () => {
    recording("SET i 12345 EX 100").expect(
      ["BITFIELD i GET u8 0", list(49)],
      ["OBJECT ENCODING i", bulk("int")],
      ["BITFIELD i SET u8 0 49", list(49)],
      ["OBJECT ENCODING i", bulk("raw")],
      ["PTTL i", int(100_000)],
    );
  });
  test("finds every mistake before it changes anything", () => {
    const good = "SET u8 0 1";
    for (const type of ["u64", "i65", "u0", "i0", "x8", "u", '""', "U8", "i016", "i+16", '" i16"']) {
      recording().expect([`BITFIELD f ${good} GET ${type} 0`, BAD_TYPE]);
    }
    for (const offset of ["-1", "abc", "#", "#-1", "#+1", "4294967296", "#536870912", "#9223372036854775807"]) {
      recording().expect([`BITFIELD f ${good} GET u8 ${offset}`, BAD_OFFSET]);
    }
    for (const rest of ["NOPE u8 0", "GET u8", "SET u8 0", "INCRBY u8 0", "OVERFLOW", '""']) {
      recording().expect([`BITFIELD f ${good} ${rest}`, SYNTAX_ERROR]);
    }
    recording().expect(
      [`BITFIELD f ${good} OVERFLOW NOPE`, "-ERR Invalid OVERFLOW type specified\r\n"],
      [`BITFIELD f ${good} SET u8 0 abc`, NOT_INTEGER],
      [`BITFIELD f ${good} INCRBY u8 0 9223372036854775808`, NOT_INTEGER],
      ["EXISTS f", int(0)],
      ["BITFIELD h GET u8 -1", BAD_OFFSET],
      ["BITFIELD h GET u8 0", WRONG_TYPE],
      ["BITFIELD h SET u8 0 1", WRONG_TYPE],
      ["BITFIELD h", WRONG_TYPE],
    );
  });
});

describe("BITFIELD_RO", () => {
  test("reads only", () => {
    const readOnly = "-ERR BITFIELD_RO only supports the GET subcommand\r\n";
    recording("SET f a").expect(
      ["BITFIELD_RO f GET u8 0 GET u8 #1", list(97, 0)],
      ["BITFIELD_RO f OVERFLOW SAT GET u8 0", list(97)],
      ["BITFIELD_RO f", list()],
      ["BITFIELD_RO missing GET u8 0", list(0)],
      ["BITFIELD_RO f GET u8 0 INCRBY u8 0 1", readOnly],
      ["BITFIELD_RO f SET u8 0 1", readOnly],
      ["BITFIELD_RO f SET u8 0 abc", NOT_INTEGER],
      ["BITFIELD_RO h", WRONG_TYPE],
      ["GET f", bulk("a")],
    );
  });
});
