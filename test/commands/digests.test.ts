import { describe, test } from "bun:test";
import { bulk, int, NIL, OK, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

// There is no redis-server 8.4 to ask here: the replies follow its documentation.

const HELLO = "9555e8555c62dcfd";
const ZEROS = "0".repeat(16);
const BAD_DIGEST = "-ERR must be exactly 16 hexadecimal characters\r\n";

function recording(): Recording {
  const r = new Recording();
  r.prepare("SET k hello", "HSET h f v");
  return r;
}

describe("DIGEST", () => {
  test("gives 16 lower-case digits, leading zeros too", () => {
    const r = recording();
    r.prepare("SET zero v8", 'SET empty ""', "SET n 123");
    r.expect(
      ["DIGEST k", bulk(HELLO)],
      ["DIGEST zero", bulk("0cc76dbb41381419")],
      ["DIGEST n", bulk("404a763b3f4c8c9a")],
    );
    r.expect(["DIGEST empty", bulk("2d06800538d394c2")], ["DIGEST missing", NIL], ["DIGEST h", WRONG_TYPE]);
  });
});

describe("DELEX", () => {
  test("deletes when the condition holds, and is journalled as DEL", () => {
    for (const condition of ["", " IFEQ hello", " ifne x", ` IFDEQ ${HELLO.toUpperCase()}`, ` IFDNE ${ZEROS}`]) {
      recording().expect([`DELEX k${condition}`, int(1), "DEL k", "del:k"], [`DELEX k${condition}`, int(0)]);
    }
    for (const condition of ["IFEQ hell", "IFNE hello", `IFDEQ ${ZEROS}`, `IFDNE ${HELLO}`]) {
      recording().expect([`DELEX k ${condition}`, int(0)], ["EXISTS k", int(1)]);
    }
  });
  test("deletes any type without a condition", () => {
    recording().expect(["DELEX h", int(1), "DEL h", "del:h"]);
  });
  test("looks at the key, its type, then at the condition", () => {
    const notString = "-ERR Key should be of string type if conditions are specified\r\n";
    recording().expect(
      ["DELEX missing NOPE x", int(0)],
      ["DELEX h NOPE x", notString],
      ["DELEX h IFEQ x", notString],
      ["DELEX k NOPE x", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE\r\n"],
      ["DELEX k NX x", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE\r\n"],
      ["DELEX k IFDEQ 123", BAD_DIGEST],
      ["DELEX k IFDNE zzzzzzzzzzzzzzzz", int(1), "DEL k", "del:k"],
      ["DELEX k IFEQ", "-ERR wrong number of arguments for 'delex' command\r\n"],
      ["DELEX k IFEQ a b", "-ERR wrong number of arguments for 'delex' command\r\n"],
    );
  });
});

describe("SET with a condition on the value", () => {
  test("sets when the condition holds", () => {
    for (const condition of ["IFEQ hello", "IFNE x", `IFDEQ ${HELLO}`, `IFDNE ${ZEROS}`]) {
      recording().expect([`SET k v ${condition}`, OK, `SET k v ${condition}`, "set:k"]);
      recording().expect([`SET k v ${condition} GET`, bulk("hello"), `SET k v ${condition}`, "set:k"]);
    }
    for (const condition of ["IFEQ x", "IFNE hello", `IFDEQ ${ZEROS}`, `IFDNE ${HELLO.toUpperCase()}`]) {
      recording().expect([`SET k v ${condition} EX 5`, NIL], [`SET k v GET ${condition}`, bulk("hello")]);
    }
  });
  test("creates a key only if the value shall differ", () => {
    for (const condition of ["IFEQ x", "IFDEQ short"]) recording().expect([`SET new v ${condition}`, NIL]);
    for (const condition of ["IFNE x", "IFDNE short"]) {
      recording().expect([`SET new v ${condition}`, OK, `SET new v ${condition}`, "set:new"]);
    }
  });
  test("refuses other types, digests of another length and several conditions", () => {
    for (const condition of ["IFEQ v", "IFNE v", "IFDEQ short", `IFDNE ${HELLO}`]) {
      recording().expect([`SET h v ${condition}`, WRONG_TYPE], [`SET k v NX ${condition}`, SYNTAX_ERROR]);
    }
    recording().expect(["SET k v IFDEQ 123", BAD_DIGEST], [`SET k v IFDNE 0${HELLO} GET`, BAD_DIGEST]);
  });
  test("compares a control character with no digit", () => {
    const digest = HELLO.replace("9", "\\x19");
    recording().expect([`SET k v IFDEQ "${digest}"`, NIL]);
  });
});
