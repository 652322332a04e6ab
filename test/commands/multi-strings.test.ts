import { describe, test } from "bun:test";
import { frame } from "./local-server.ts";
import { bulk, int, NOT_INTEGER, OK, Recording, SYNTAX_ERROR } from "./recording.ts";

const NOW = 1_700_000_000_000;
const arity = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;

describe("MSET and MSETNX", () => {
  test("set all keys, and are journalled as they were sent", () => {
    const r = new Recording();
    r.expect(
      ["MSET a 1 b 2 a 3", OK, "MSET a 1 b 2 a 3", "set:a | set:b | set:a"],
      ["MSETNX c 1 d 2", int(1), "MSETNX c 1 d 2", "set:c | set:d"],
      ["MSETNX e 1 d 2", int(0)],
      ["MSETNX f 1 f 2", int(1), "MSETNX f 1 f 2", "set:f | set:f"],
      ["MGET a b c d e f", `*6\r\n${bulk("3")}${bulk("2")}${bulk("1")}${bulk("2")}$-1\r\n${bulk("2")}`],
    );
  });
  test("replace other types and take deadlines away", () => {
    const r = new Recording();
    r.prepare("HSET h f v", "SET k v EX 100", "MSET h 1 k 2");
    r.expect(["TYPE h", "+string\r\n"], ["PTTL k", int(-1)]);
  });
  test("take pairs only", () => {
    new Recording().expect(
      ["MSET a", arity("mset")],
      ["MSET a 1 b", arity("mset")],
      ["MSETNX a 1 b", arity("msetnx")],
      ["EXISTS a", int(0)],
    );
  });
});

describe("MGET", () => {
  test("gives nil for missing keys and other types", () => {
    const r = new Recording();
    r.prepare("SET k v", "HSET h f v");
    r.expect(["MGET k missing h k", `*4\r\n${bulk("v")}$-1\r\n$-1\r\n${bulk("v")}`]);
  });
});

describe("MSETEX", () => {
  test("is journalled with the moment in the place of the time", () => {
    new Recording().expect(
      [
        "MSETEX 2 a 1 b 2 EX 5 NX",
        int(1),
        `MSETEX 2 a 1 b 2 PXAT ${NOW + 5000} NX`,
        "set:a | expire:a | set:b | expire:b",
      ],
      ["MSETEX 1 a 1 XX px 5", int(1), `MSETEX 1 a 1 XX PXAT ${NOW + 5}`, "set:a | expire:a"],
      ["MSETEX 1 a 1 EXAT 4000000000", int(1), "MSETEX 1 a 1 EXAT 4000000000", "set:a | expire:a"],
      ["MSETEX 1 a 2 KEEPTTL", int(1), "MSETEX 1 a 2 KEEPTTL", "set:a"],
      ["PEXPIRETIME a", int(4_000_000_000_000)],
      ["MSETEX 1 a 2", int(1), "MSETEX 1 a 2", "set:a"],
      ["PTTL a", int(-1)],
    );
  });
  test("takes options for keys if the number says so", () => {
    new Recording().expect(
      ["MSETEX 2 EX 5 NX 6", int(1), "MSETEX 2 EX 5 NX 6", "set:EX | set:NX"],
      ["MGET EX NX", frame("*", 2, "5", "6")],
    );
  });
  test("sets all or nothing", () => {
    const r = new Recording();
    r.prepare("SET a 0");
    r.expect(
      ["MSETEX 2 b 1 a 2 NX", int(0)],
      ["MSETEX 2 a 1 b 2 XX", int(0)],
      ["MSETEX 1 a 2 XX", int(1), "MSETEX 1 a 2 XX", "set:a"],
      ["EXISTS b", int(0)],
    );
  });
  test("with a moment that is past leaves keys that have ended", () => {
    new Recording().expect(
      ["MSETEX 1 a 1 PXAT 1", int(1), "MSETEX 1 a 1 PXAT 1", "set:a | expire:a"],
      ["GET a", "$-1\r\n", "DEL a", "expired:a"],
    );
  });
  test("refuses wrong numbers, pairs, options and times", () => {
    for (const count of ["0", "-1", "abc", "1.5", "2147483648"]) {
      new Recording().expect([`MSETEX ${count} a 1`, "-ERR invalid numkeys value\r\n"]);
    }
    for (const rest of ["2 a 1 b", "2147483647 a 1"]) {
      new Recording().expect([`MSETEX ${rest}`, "-ERR wrong number of key-value pairs\r\n"]);
    }
    for (const options of ["NX XX", "EX 1 PX 1", "KEEPTTL EX 1", "EX", "NOPE", "IFEQ 1", "PERSIST"]) {
      new Recording().expect([`MSETEX 1 a 1 ${options}`, SYNTAX_ERROR]);
    }
    new Recording().expect(
      ["MSETEX 1 a 1 EX abc", NOT_INTEGER],
      ["MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command\r\n"],
      ["DBSIZE", int(0)],
    );
  });
});
