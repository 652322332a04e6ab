import { describe, expect, test } from "bun:test";
import { bulk, int, NOT_INTEGER, Recording, WRONG_TYPE } from "./recording.ts";

const TOO_LONG = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare("HSET h f v", ...prepared);
  return r;
}

/** A server where strings end at 1 MiB. */
function limited(): Recording {
  const r = recording();
  expect(r.server.config.set([["proto-max-bulk-len", "1048576"]])).toBeUndefined();
  return r;
}

describe("GETRANGE", () => {
  const r = recording('SET r "Hello World"');
  test("counts negative offsets from the end", () => {
    r.expect(["GETRANGE r -5 -1", bulk("World")], ["GETRANGE r 0 -7", bulk("Hello")], ["SUBSTR r -5 8", bulk("Wor")]);
  });
  test("cuts what lies outside", () => {
    r.expect(["GETRANGE r -5000 10000", bulk("Hello World")], ["GETRANGE r 6 100", bulk("World")]);
    r.expect(["GETRANGE r -9223372036854775808 9223372036854775807", bulk("Hello World")]);
  });
  test("is empty when the range is", () => {
    for (const range of ["5 2", "100 200", "-1 -5", "-100 -101", "1 -100", "9223372036854775807 -1"]) {
      r.expect([`GETRANGE r ${range}`, bulk("")]);
    }
    r.expect(["GETRANGE missing 0 -1", bulk("")]);
  });
  test("takes the first byte for a range that ends before it", () => {
    r.expect(["GETRANGE r 0 -100", bulk("H")], ["GETRANGE r -100 -99", bulk("H")], ["GETRANGE r -100 -100", bulk("H")]);
  });
  test("looks at its offsets before it looks at the key", () => {
    r.expect(["GETRANGE h a 1", NOT_INTEGER], ["GETRANGE missing 0 b", NOT_INTEGER], ["GETRANGE h 0 1", WRONG_TYPE]);
    r.expect(["GETRANGE r 0 9223372036854775808", NOT_INTEGER]);
  });
});

describe("SETRANGE", () => {
  test("overwrites, extends, and fills the gap with zero bytes", () => {
    recording("SET r Hello").expect(
      ["SETRANGE r 1 ipp", int(5), "SETRANGE r 1 ipp", "setrange:r"],
      ["GET r", bulk("Hippo")],
      ["SETRANGE r 4 y!", int(6), "SETRANGE r 4 y!", "setrange:r"],
      ["SETRANGE r 8 x", int(9), "SETRANGE r 8 x", "setrange:r"],
      ["GET r", bulk("Hippy!\0\0x")],
      ["SETRANGE new 2 x", int(3), "SETRANGE new 2 x", "setrange:new"],
      ["GET new", bulk("\0\0x")],
    );
  });
  test("with nothing to write changes nothing and creates no key", () => {
    recording("SET r 12345").expect(
      ['SETRANGE r 100 ""', int(5)],
      ['SETRANGE missing 9223372036854775807 ""', int(0)],
      ["EXISTS missing", int(0)],
    );
  });
  test("keeps the deadline", () => {
    recording("SET r Hello EX 100", `SETRANGE r 5000 ${"x".repeat(5000)}`).expect(["PTTL r", int(100_000)]);
  });
  test("leaves no trace of what was in the memory before", () => {
    const r = recording(`SET junk ${"z".repeat(9000)}`, "DEL junk", "SET r a", "SETRANGE r 8999 b");
    r.expect(["GET r", bulk(`a${"\0".repeat(8998)}b`)]);
    r.prepare(`SET r ${"z".repeat(100)}`, "SET r a", "SETRANGE r 99 b");
    r.expect(["GET r", bulk(`a${"\0".repeat(98)}b`)]);
  });
  test("refuses what would be too long, and offsets that are none", () => {
    limited().expect(
      ["SETRANGE a 1048575 x", int(1_048_576), "SETRANGE a 1048575 x", "setrange:a"],
      ["SETRANGE a 1048575 xy", TOO_LONG],
      ["SETRANGE missing 1048576 x", TOO_LONG],
      ["SETRANGE missing 9223372036854775807 x", TOO_LONG],
      ["SETRANGE h -1 x", "-ERR offset is out of range\r\n"],
      ["SETRANGE h x x", NOT_INTEGER],
      ["SETRANGE h 0 x", WRONG_TYPE],
      ['SETRANGE h 0 ""', WRONG_TYPE],
    );
  });
});

describe("APPEND and STRLEN", () => {
  test("APPEND adds to the end and creates the key, even with nothing", () => {
    recording().expect(
      ["APPEND a foo", int(3), "APPEND a foo", "append:a"],
      ["APPEND a bar", int(6), "APPEND a bar", "append:a"],
      ['APPEND a ""', int(6), "APPEND a ", "append:a"],
      ["GET a", bulk("foobar")],
      ['APPEND b ""', int(0), "APPEND b ", "append:b"],
      ["EXISTS b", int(1)],
      ["APPEND h x", WRONG_TYPE],
    );
  });
  test("APPEND refuses what would be too long", () => {
    const r = limited();
    r.prepare("SETRANGE a 1048574 x");
    r.expect(["APPEND a y", int(1_048_576), "APPEND a y", "append:a"], ["APPEND a z", TOO_LONG]);
  });
  test("APPEND builds a long value out of many short ones", () => {
    const r = recording("SET a 0 EX 100");
    let model = "0";
    for (let i = 0; i < 3000; i++) {
      r.prepare(`APPEND a ${i}`);
      model += i;
    }
    r.expect(["GET a", bulk(model)], ["PTTL a", int(100_000)]);
  });
  test("STRLEN counts bytes", () => {
    recording("SET n -555", 'SET e ""', `SET l ${"x".repeat(5000)}`).expect(
      ["STRLEN n", int(4)],
      ["STRLEN e", int(0)],
      ["STRLEN l", int(5000)],
      ["STRLEN missing", int(0)],
      ["STRLEN h", WRONG_TYPE],
    );
  });
});
