// What came after redis-server 7.0, so that there is no oracle here: examples from the documentation of Redis 8. The digest
// values are the documentation's own and those of Bun's XXH3, an independent implementation.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Server, startOurs, underTestIsRedis } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { parseReply, type Reply } from "../support/reply.ts";
import { words } from "./words.ts";

type Expected = string | number | null | RegExp | readonly Expected[];

let server: Server;
let c: RawConnection;

function plain(reply: Reply): unknown {
  if (Array.isArray(reply.value)) return (reply.value as readonly Reply[]).map(plain);
  if (reply.type === ":") return Number(reply.value);
  return reply.type === "-" ? `-${reply.value}` : reply.value;
}

async function ask(...command: string[]): Promise<unknown> {
  return plain(parseReply(await c.command(...command)));
}

/** Sends each line and compares its reply: an error begins with "-". */
async function dialogue(...steps: readonly (readonly [line: string, expected: Expected])[]): Promise<void> {
  for (const [line, expected] of steps) {
    const reply = await ask(...words(line));
    if (expected instanceof RegExp) expect(`${line} => ${reply}`).toMatch(expected);
    else expect([line, reply]).toEqual([line, expected]);
  }
}

function digest(value: string): string {
  return Bun.hash.xxHash3(Buffer.from(value, "latin1")).toString(16).padStart(16, "0");
}

const WRONG_TYPE = /=> -WRONGTYPE Operation against a key holding the wrong kind of value/;
const SYNTAX = "-ERR syntax error";
const BAD_DIGEST = /=> -ERR .*must be exactly 16 hexadecimal characters/;

describe.skipIf(underTestIsRedis())("commands and options newer than 7.0", () => {
  beforeAll(async () => {
    server = await startOurs();
  });
  beforeEach(async () => {
    c?.close();
    c = await RawConnection.connect(server.port);
    await c.command("FLUSHALL");
  });
  afterAll(async () => {
    c.close();
    await server.stop();
  });

  describe("DIGEST", () => {
    test("returns the XXH3 hash of the value as 16 hexadecimal digits", async () => {
      await dialogue(['SET key1 "Hello world"', "OK"], ["DIGEST key1", "b6acb9d84a38ff74"]);
      const values = ["", "a", "12345", "-999", "\x00\xff\x01", "x".repeat(16), "y".repeat(17), "z".repeat(128)];
      for (const value of [...values, "b".repeat(129), "c".repeat(240), "d".repeat(241), "e".repeat(5000)]) {
        await ask("SET", "k", value);
        expect(await ask("DIGEST", "k")).toBe(digest(value));
      }
    });
    test("is nil for a missing key and an error for another type", async () => {
      await dialogue(["DIGEST k", null], ["HSET k f v", 1], ["DIGEST k", WRONG_TYPE]);
      await dialogue(["DIGEST", /wrong number of arguments for 'digest' command/], ["DIGEST a b", /wrong number of/]);
    });
  });

  describe("SET with a condition on the value", () => {
    test("IFEQ sets when the value is equal, and never creates", async () => {
      await dialogue(["SET k a IFEQ a", null], ["EXISTS k", 0], ["SET k a", "OK"], ["SET k b IFEQ x", null]);
      await dialogue(["GET k", "a"], ["SET k b ifeq a", "OK"], ["GET k", "b"]);
    });
    test("IFNE sets when the value differs, and creates", async () => {
      await dialogue(["SET k a IFNE a", "OK"], ["SET k b IFNE a", null], ["SET k b IFNE x", "OK"], ["GET k", "b"]);
    });
    test("IFDEQ and IFDNE compare the digest, in either case", async () => {
      const a = digest("a");
      await dialogue([`SET k b IFDEQ ${a}`, null], ["SET k a", "OK"], [`SET k b IFDEQ ${digest("z")}`, null]);
      await dialogue([`SET k b IFDEQ ${a.toUpperCase()}`, "OK"], [`SET k c IFDNE ${digest("b")}`, null]);
      await dialogue([`SET k c IFDNE ${a}`, "OK"], [`SET new v IFDNE ${a}`, "OK"], ["MGET k new", ["c", "v"]]);
    });
    test("an integer compares as its text", async () => {
      await dialogue(["SET k 12345", "OK"], ["SET k 1 IFEQ 012345", null], ["SET k 2 IFEQ 12345", "OK"]);
      await dialogue([`SET k 3 IFDEQ ${digest("2")}`, "OK"], ["SET k 4 IFNE 3", null], ["GET k", "3"]);
    });
    test("GET returns the old value whether it was set or not", async () => {
      await dialogue(["SET k a IFEQ a GET", null], ["EXISTS k", 0], ["SET k a IFNE z GET", null], ["GET k", "a"]);
      await dialogue(["SET k b IFEQ x GET", "a"], ["GET k", "a"], ["SET k b GET IFEQ a", "a"], ["GET k", "b"]);
    });
    test("the deadline changes only when it was set", async () => {
      await dialogue(["SET k a EX 1000", "OK"], ["SET k b IFEQ x EX 5", null], ["TTL k", /=> (1000|999)$/]);
      await dialogue(
        ["SET k b IFEQ a KEEPTTL", "OK"],
        ["TTL k", /=> (1000|999)$/],
        ["SET k c IFEQ b", "OK"],
        ["TTL k", -1],
      );
    });
    test("another type is an error", async () => {
      await dialogue(["HSET h f v", 1]);
      for (const option of ["IFEQ v", "IFNE v", `IFDEQ ${digest("v")}`, `IFDNE ${digest("v")}`]) {
        await dialogue([`SET h x ${option}`, WRONG_TYPE]);
      }
      await dialogue(["TYPE h", "hash"]);
    });
    test("conditions exclude each other and need their value", async () => {
      const pairs = ["NX IFEQ a", "IFEQ a NX", "XX IFNE a", "IFEQ a IFNE b", `IFEQ a IFDEQ ${digest("a")}`];
      for (const options of pairs) await dialogue([`SET k v ${options}`, SYNTAX]);
      for (const option of ["IFEQ", "IFNE", "IFDEQ", "IFDNE"]) await dialogue([`SET k v ${option}`, SYNTAX]);
      await dialogue(["EXISTS k", 0]);
    });
    test("a digest has exactly 16 digits", async () => {
      await dialogue(["SET k a", "OK"]);
      for (const bad of ["123", '""', `0${digest("a")}`]) {
        await dialogue([`SET k v IFDEQ ${bad}`, BAD_DIGEST], [`SET k v IFDNE ${bad}`, BAD_DIGEST]);
        await dialogue([`DELEX k IFDEQ ${bad}`, BAD_DIGEST], [`DELEX k IFDNE ${bad}`, BAD_DIGEST]);
      }
      await dialogue(["GET k", "a"]);
    });
  });

  describe("DELEX", () => {
    test("without a condition deletes any type", async () => {
      await dialogue(
        ["SET k v", "OK"],
        ["HSET h f v", 1],
        ["DELEX k", 1],
        ["DELEX h", 1],
        ["DELEX k", 0],
        ["DBSIZE", 0],
      );
    });
    test("deletes when the condition on the value holds", async () => {
      await dialogue(["SET k a", "OK"], ["DELEX k IFEQ b", 0], ["DELEX k IFNE a", 0], ["EXISTS k", 1]);
      await dialogue([`DELEX k IFDEQ ${digest("b")}`, 0], [`DELEX k IFDNE ${digest("a")}`, 0], ["GET k", "a"]);
      await dialogue(["DELEX k IFEQ a", 1], ["SET k a", "OK"], ["DELEX k ifne b", 1], ["SET k a", "OK"]);
      await dialogue(
        [`DELEX k IFDEQ ${digest("a").toUpperCase()}`, 1],
        ["SET k 7", "OK"],
        [`DELEX k IFDNE ${digest("8")}`, 1],
      );
      await dialogue(["EXISTS k", 0]);
    });
    test("is 0 for a missing key under every condition", async () => {
      for (const option of ["IFEQ a", "IFNE a", `IFDEQ ${digest("a")}`, `IFDNE ${digest("a")}`]) {
        await dialogue([`DELEX k ${option}`, 0]);
      }
    });
    test("refuses conditions on other types, unknown conditions and wrong numbers of arguments", async () => {
      await dialogue(["HSET h f v", 1], ["DELEX h IFEQ v", /=> -(ERR|WRONGTYPE) /], ["EXISTS h", 1], ["SET k v", "OK"]);
      await dialogue(
        ["DELEX k NOPE v", /=> -ERR .*[Ii]nvalid condition/],
        ["DELEX k IFEQ", /wrong number of arguments/],
      );
      await dialogue(
        ["DELEX k IFEQ v x", /wrong number of arguments/],
        ["DELEX", /wrong number of arguments/],
        ["GET k", "v"],
      );
    });
  });

  describe("MSETEX", () => {
    test("sets all keys with one deadline", async () => {
      await dialogue(["MSETEX 2 a 1 b 2", 1], ["MGET a b", ["1", "2"]], ["TTL a", -1], ["MSETEX 2 a 3 b 4 EX 1000", 1]);
      await dialogue(["MGET a b", ["3", "4"]], ["TTL a", /=> (1000|999)$/], ["TTL b", /=> (1000|999)$/]);
      await dialogue(["MSETEX 1 a 5 PX 2000000", 1], ["TTL a", /=> (2000|1999)$/], ["MSETEX 1 a 6", 1], ["TTL a", -1]);
      await dialogue(["MSETEX 1 a 5 EXAT 4000000000", 1], ["EXPIRETIME a", 4_000_000_000]);
      await dialogue(["MSETEX 1 a 5 PXAT 4100000000000", 1], ["EXPIRETIME a", 4_100_000_000]);
      await dialogue(["MSETEX 1 a 7 KEEPTTL", 1], ["EXPIRETIME a", 4_100_000_000], ["GET a", "7"]);
    });
    test("NX sets when none of the keys exist, XX when all do", async () => {
      await dialogue(["SET a 0", "OK"], ["MSETEX 2 a 1 b 2 NX", 0], ["EXISTS b", 0], ["MSETEX 2 a 1 b 2 XX", 0]);
      await dialogue(["GET a", "0"], ["MSETEX 2 c 1 d 2 NX EX 1000", 1], ["MSETEX 2 EX EX c 3 EX 10 XX", 0]);
      await dialogue(["MSETEX 2 c 5 d 6 XX", 1], ["MGET c d", ["5", "6"]], ["TTL c", -1]);
    });
    test("a key may come twice, and its last value stays; another type is overwritten", async () => {
      await dialogue(["HSET a f v", 1], ["MSETEX 2 a 1 a 2", 1], ["GET a", "2"]);
    });
    test("checks the number of keys, the pairs and the options before it changes anything", async () => {
      await dialogue(
        ["MSETEX", /wrong number of arguments for 'msetex' command/],
        ["MSETEX 1 a", /wrong number of arguments/],
      );
      for (const numkeys of ["0", "-1", "abc", "2147483648", "1.5"]) {
        await dialogue([`MSETEX ${numkeys} a 1`, "-ERR invalid numkeys value"]);
      }
      await dialogue(["MSETEX 2 a 1 b", "-ERR wrong number of key-value pairs"]);
      await dialogue(["MSETEX 2147483647 a 1 EX 10", "-ERR wrong number of key-value pairs"]);
      const bad = ["NOPE", "NX XX", "EX 10 PX 10", "KEEPTTL EX 10", "EX", "b 2"];
      for (const options of bad) await dialogue([`MSETEX 1 a 1 ${options}`, SYNTAX]);
      await dialogue(["MSETEX 1 a 1 EX abc", "-ERR value is not an integer or out of range"]);
      for (const time of ["0", "-1", "9223372036854775807"]) {
        await dialogue([`MSETEX 1 a 1 EX ${time}`, "-ERR invalid expire time in 'msetex' command"]);
      }
      await dialogue(["DBSIZE", 0]);
    });
  });

  describe("BITOP", () => {
    beforeEach(() => dialogue(['MSET x "\\xf0\\xff" y "\\x30\\x0f" z "\\x14"', "OK"]));

    test("DIFF keeps the bits of the first that no other has", () => {
      return dialogue(["BITOP DIFF d x y z", 2], ["GET d", "\xc0\xf0"], ["BITOP DIFF d y x", 2], ["GET d", "\x00\x00"]);
    });
    test("DIFF1 keeps the bits of the others that the first has not", () => {
      return dialogue(
        ["BITOP DIFF1 d y x z", 2],
        ["GET d", "\xc4\xf0"],
        ["BITOP DIFF1 d missing z", 1],
        ["GET d", "\x14"],
      );
    });
    test("ANDOR keeps the bits of the first that any other has", () => {
      return dialogue(
        ["BITOP ANDOR d x y z", 2],
        ["GET d", "\x30\x0f"],
        ["BITOP andor d z missing", 1],
        ["GET d", "\x00"],
      );
    });
    test("ONE keeps the bits that exactly one has", () => {
      return dialogue(["BITOP ONE d x y z", 2], ["GET d", "\xc4\xf0"], ["BITOP ONE d x", 2], ["GET d", "\xf0\xff"]);
    });
    test("works beyond the word sizes of fast paths", async () => {
      for (const length of [7, 8, 9, 31, 32, 33, 1000]) {
        await ask("SET", "p", "\xcc".repeat(length));
        await ask("SET", "q", "\xaa".repeat(length));
        const results = { DIFF: "\x44", DIFF1: "\x22", ANDOR: "\x88", ONE: "\x66" };
        for (const [operation, byte] of Object.entries(results)) {
          expect(await ask("BITOP", operation, "d", "p", "q")).toBe(length);
          expect(await ask("GET", "d")).toBe(byte.repeat(length));
        }
      }
    });
    test("DIFF, DIFF1 and ANDOR need two source keys; wrong types are refused", async () => {
      for (const name of ["DIFF", "DIFF1", "ANDOR"]) {
        await dialogue([`BITOP ${name} d x`, `-ERR BITOP ${name} must be called with at least two source keys.`]);
      }
      await dialogue(["HSET h f v", 1], ["BITOP ONE d x h", WRONG_TYPE], ["EXISTS d", 0]);
    });
    test("an empty result removes the destination", () => {
      return dialogue(["SET d v", "OK"], ["BITOP DIFF d no1 no2", 0], ["EXISTS d", 0]);
    });
  });

  describe("HSCAN NOVALUES", () => {
    test("returns the fields only, packed or not", async () => {
      await dialogue(["HSET h a 1 b 2", 2], ["HSCAN h 0 NOVALUES", ["0", ["a", "b"]]]);
      await dialogue(
        ["HSCAN h 0 COUNT 10 MATCH a* NOVALUES", ["0", ["a"]]],
        ["SCAN 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN"],
      );
      const fields = Array.from({ length: 600 }, (_none, i) => `f${i}`).sort();
      await ask("HSET", "big", ...fields.flatMap((field) => [field, "v"]));
      const [cursor, found] = (await ask("HSCAN", "big", "0", "COUNT", "100000", "NOVALUES")) as [string, string[]];
      expect([cursor, found.sort()]).toEqual(["0", fields]);
    });
  });

  describe("CLIENT", () => {
    test("SETINFO shows the library in CLIENT LIST, and RESET keeps it", async () => {
      await dialogue(["CLIENT SETINFO LIB-NAME my-lib", "OK"], ["CLIENT SETINFO lib-ver 1.2.3", "OK"]);
      await dialogue(["CLIENT INFO", / lib-name=my-lib lib-ver=1\.2\.3( |$)/m], ["RESET", "RESET"]);
      await dialogue(["CLIENT INFO", / lib-name=my-lib lib-ver=1\.2\.3( |$)/m]);
      await dialogue(['CLIENT SETINFO LIB-NAME ""', "OK"], ["CLIENT INFO", / lib-name= /]);
    });
    test("SETINFO refuses spaces, newlines and unknown attributes", async () => {
      const refused = /=> -ERR lib-name cannot contain spaces, newlines or special characters/i;
      await dialogue(['CLIENT SETINFO LIB-NAME "a b"', refused], ['CLIENT SETINFO lib-name "a\\n"', refused]);
      await dialogue(
        ["CLIENT SETINFO NOPE x", /=> -ERR Unrecognized option 'NOPE'/],
        ["CLIENT SETINFO LIB-NAME", /wrong number/],
      );
    });
    test("NO-TOUCH shows the flag T", async () => {
      await dialogue(["CLIENT NO-TOUCH on", "OK"], ["CLIENT INFO", / flags=T /], ["CLIENT NO-TOUCH OFF", "OK"]);
      await dialogue(["CLIENT INFO", / flags=N /], ["CLIENT NO-TOUCH maybe", SYNTAX]);
    });
    test("LIST shows the fields of Redis 8", async () => {
      const fields = ["watch", "lib-name", "lib-ver", "tot-net-in", "tot-net-out", "tot-cmds"];
      const info = String(await ask("CLIENT", "INFO"));
      for (const field of fields) expect(info).toContain(` ${field}=`);
    });
    test("KILL MAXAGE ends connections that are old enough", async () => {
      await dialogue(["CLIENT KILL MAXAGE 100000", 0], ["CLIENT KILL MAXAGE 100000 SKIPME no", 0]);
      await dialogue(["CLIENT KILL MAXAGE abc", "-ERR maxage is not an integer or out of range"]);
      await dialogue(
        ["CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0"],
        ["CLIENT KILL MAXAGE", "-ERR No such client"],
      );
    });
    test("KILL combines filters and obeys SKIPME", async () => {
      const other = await RawConnection.connect(server.port);
      await other.command("CLIENT", "SETNAME", "victim");
      const id = (await other.text("CLIENT", "ID")).slice(1, -2);
      const mine = String(await ask("CLIENT", "ID"));
      await dialogue([`CLIENT KILL ID ${id} MAXAGE 100000`, 0], [`CLIENT KILL ID ${mine} SKIPME yes`, 0]);
      await dialogue(
        [`CLIENT KILL ID ${id} USER default SKIPME yes`, 1],
        ["CLIENT LIST TYPE normal", /^(?!.*victim)/s],
      );
      other.close();
    });
  });
});
