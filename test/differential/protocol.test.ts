// Bytes instead of commands: malformed and split frames, inline commands, closing, authentication. Compared is all that
// the server sends until it closes. Left out are inline requests that hold a NUL: Redis stops looking for the end of the
// line there, a trait of C strings that nobody relies on.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodeCommand, encodePipeline, escapeBytes } from "../support/raw.ts";
import { transcript } from "./transcript.ts";
import { lines } from "./words.ts";

const LIMITS = ["--proto-max-bulk-len", "1048576", "--client-query-buffer-limit", "2097152"];

let redis: Server;
let ours: Server;

async function startBoth(...args: string[]): Promise<void> {
  [redis, ours] = await Promise.all([startRedis([...LIMITS, ...args]), startOurs([...LIMITS, ...args])]);
}

async function stopBoth(): Promise<void> {
  await Promise.all([redis.stop(), ours.stop()]);
}

/** Both servers answer the chunks with the same bytes; `label` names the chunks when they do not. */
async function expectSame(chunks: readonly (string | Uint8Array)[], label?: string): Promise<string> {
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk));
  const [theirs, mine] = await Promise.all([transcript(redis.port, bytes), transcript(ours.port, bytes)]);
  const sent = label ?? escapeBytes(Buffer.concat(bytes), 300);
  expect({ sent, reply: escapeBytes(mine) }).toEqual({ sent, reply: escapeBytes(theirs) });
  return theirs;
}

function each(name: string, inputs: readonly string[]): void {
  for (const input of inputs) test(`${name}: ${escapeBytes(input, 80)}`, () => expectSame([input]));
}

describe.skipIf(requireRedisServer() === undefined)("the protocol, byte for byte as redis-server", () => {
  describe("without a password", () => {
    beforeAll(() => startBoth());
    afterAll(stopBoth);

    describe("a malformed frame gets its protocol error and the connection is closed", () => {
      each("argument header", [
        "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n",
        "*1\r\n:4\r\nPING\r\n",
        "*1\r\n\r\n",
        "*1\r\n\n\r\n",
        "*1\r\n\xff\r\n",
        "*1\r$4\r\nPING\r\n",
        "*2\r\n$4\r\nPING\r\n*1\r\n",
      ]);
      each("bulk length", [
        "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n",
        "*1\r\n$2000000000\r\n",
        "*1\r\n$1048577\r\n",
        "*1\r\n$9223372036854775808\r\n",
        "*1\r\n$blabla\r\n",
        "*1\r\n$\r\n",
        "*1\r\n$ 4\r\nPING\r\n",
        "*1\r\n$4 \r\nPING\r\n",
        "*1\r\n$04\r\nPING\r\n",
        "*1\r\n$+4\r\nPING\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$4\n\r\nPING\r\n",
      ]);
      each("multibulk length", [
        "*3000000000\r\n",
        "*2147483648\r\n",
        "*9223372036854775808\r\n",
        "*abc\r\n",
        "*\r\nPING\r\n",
        "*01\r\n$4\r\nPING\r\n",
        "*+1\r\n$4\r\nPING\r\n",
        "* 1\r\n",
        "*1 \r\n",
        "*1.0\r\n",
        "*1\n$4\nPING\n\r\n",
      ]);
      each("quotes", [
        'SET k "abc\r\nPING\r\n',
        "SET k 'abc\r\n",
        'SET k "abc"d\r\n',
        "SET k 'abc'd\r\n",
        'SET k "\\\r\n',
        '"\r\n',
      ]);
      test("after valid commands, whose replies come first", () => expectSame(["PING\r\n*1\r\n$4\r\nPING\r\n*x\r\n"]));
      test("in RESP3 as well", () => expectSame(["CLIENT REPLY SKIP\r\nHELLO 3\r\n*1\r\n$abc\r\n"]));
      test("and what follows it is not executed", async () => {
        await expectSame(["*1\r\n$abc\r\n*3\r\n$3\r\nSET\r\n$8\r\nsmuggled\r\n$1\r\nv\r\n"]);
        await expectSame(["EXISTS smuggled\r\n"]);
      });
    });

    describe("lines without an end are limited to 64 KiB", () => {
      for (const start of ["", "*", "*1\r\n$"]) {
        for (const length of [65_535, 65_536, 65_537, 70_000]) {
          const label = `${escapeBytes(start)} and ${length} digits`;
          test(label, () => expectSame([start + "1".repeat(length)], label));
        }
      }
      test("a longer line that arrives whole is taken", () => expectSame([`${"a".repeat(70_000)}\r\n`], "70000 a"));
    });

    each("frames that mean nothing are skipped", [
      "*0\r\nPING\r\n",
      "*-1\r\nPING\r\n",
      "*-10\r\n*1\r\n$4\r\nPING\r\n",
      "\r\n\r\nPING\r\n",
      "\n",
      "   \r\nPING\r\n",
    ]);
    each("an incomplete frame is dropped when the client closes", [
      "PING",
      "*1\r\n$4\r\nPI",
      "*1\r\n$4\r\nPING",
      "*1\r\n$4\r\nPING\r",
      "*2\r\n$4\r\nPING\r\n",
      "*2147483647\r\n",
      "*1048577\r\n$4\r\nPING\r\n",
      "*1\r\n$1048576\r\n",
    ]);
    each("the two bytes behind a bulk are not looked at", ["*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n"]);
    each("inline commands", [
      "PING\n",
      "  PING  \r\n",
      "PING\tx\r\n",
      "PING \x0b\x0c x\r\n",
      '"PING"\r\n',
      '""\r\n',
      'SET k "a b"\r\nGET k\r\n',
      "SET k 'a b'\r\nGET k\r\n",
      "SET k 'a\\'b\\n'\r\nGET k\r\n",
      'SET k "\\x41\\n\\r\\t\\b\\a\\q\\x4\\xzz"\r\nGET k\r\n',
      'SET k ""\r\nGET k\r\n',
      "SET k a\\x41\r\nGET k\r\n",
      'SET k a"b c"\r\n',
      "SET k \xff\xfe\r\nGET k\r\n",
      "*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
      "PING\r\r\n",
    ]);
    each("unknown commands are quoted, cut and made printable", [
      "foo\r\n",
      "foo a b c\r\n",
      `foo ${"a".repeat(200)} b\r\n`,
      `foo ${Array(40).fill("abcdefgh").join(" ")}\r\n`,
      `foo ${"a".repeat(127)} b\r\n`,
      `${"f".repeat(200)}\r\n`,
      "*2\r\n$4\r\nf\r\no\r\n$4\r\na\nb\r\r\n",
      "*3\r\n$1\r\nf\r\n$1\r\na\r\n$0\r\n\r\n",
      "*2\r\n$1\r\n'\r\n$1\r\n'\r\n",
      "*2\r\n$3\r\nf\0o\r\n$3\r\na\0b\r\n",
      "*1\r\n$0\r\n\r\n",
      "*2\r\n$6\r\nCONFIG\r\n$4\r\na\r\nb\r\n",
      "*2\r\n$6\r\nCLIENT\r\n$200\r\n".concat("x".repeat(200), "\r\n"),
    ]);
    each("a browser is refused without an answer", [
      "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nPING\r\n",
      "post a\r\nPING\r\n",
      "host: a\r\nPING\r\n",
    ]);
    each("QUIT answers and ends the connection", [
      "QUIT\r\nPING\r\n",
      "QUIT a\r\nPING\r\n",
      "*1\r\n$4\r\nquit\r\n",
      "PING\r\nQUIT\r\n*1\r\n$abc\r\n",
    ]);
    each("CLIENT REPLY", [
      "CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n",
      "CLIENT REPLY SKIP\r\nPING\r\nPING\r\n",
      "CLIENT REPLY SKIP\r\nNOPE\r\nPING\r\n",
      "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n",
      "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n",
      "CLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nPING\r\n",
      "CLIENT REPLY OFF\r\n*1\r\n$abc\r\n",
      "CLIENT REPLY OFF\r\nQUIT\r\n",
      "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n",
      "CLIENT REPLY OFF\r\nHELLO 3\r\nSUBSCRIBE a\r\nCLIENT REPLY ON\r\nPING\r\n",
    ]);

    describe("frames may be cut anywhere", () => {
      const pipeline = Buffer.concat([
        encodePipeline(lines("SET key value\nGET key\nAPPEND key 12\nHSET h f v g w")),
        Buffer.from('GET key\r\nSET q "a b"\r\n'),
        encodePipeline(lines("HGETALL h\nNOPE x\nGET q\nDEL key h q")),
      ]);
      test("in two, at every byte", async () => {
        for (let at = 1; at < pipeline.length; at++) {
          await expectSame([pipeline.subarray(0, at), pipeline.subarray(at)], `cut at ${at}`);
        }
      });
      test("into single bytes", async () => {
        await expectSame(
          [...pipeline].map((byte) => Uint8Array.of(byte)),
          "single bytes",
        );
      });
      test("in an argument of 100,000 bytes", async () => {
        const big = Buffer.concat([encodeCommand(["SET", "big", "x".repeat(100_000)]), encodeCommand(["GET", "big"])]);
        for (const at of [20, 30, 35, 16_384, 32_768, 65_536, 99_000, 100_033, 100_034, 100_035, 100_036]) {
          await expectSame([big.subarray(0, at), big.subarray(at)], `cut at ${at}`);
        }
      });
    });

    test("a pipeline of 10,000 commands is answered in order", async () => {
      const commands = Array.from({ length: 10_000 }, (_none, i) => ["PING", String(i)]);
      await expectSame([encodePipeline(commands)], "10,000 PINGs");
    });
    test("the longest permitted argument is taken", async () => {
      const value = "v".repeat(1_048_576);
      const sent = encodePipeline([
        ["SET", "longest", value],
        ["STRLEN", "longest"],
        ["GETRANGE", "longest", "-3", "-1"],
      ]);
      await expectSame([sent], "a value of 1 MiB");
    });
    test("arguments may add up to more than client-query-buffer-limit, which counts what is not taken in yet", async () => {
      const arg = "v".repeat(1_000_000);
      await expectSame([encodeCommand(["MSET", "a", arg, "b", arg, "c", arg])], "3 MB of arguments");
    });
  });

  describe("with a password", () => {
    beforeAll(() => startBoth("--requirepass", "secret"));
    afterAll(stopBoth);

    each("only authentication is possible", [
      "PING\r\n",
      "GET k\r\n",
      "NOPE\r\n",
      "GET\r\n",
      "SUBSCRIBE c\r\n",
      "CLIENT ID\r\n",
      "COMMAND\r\n",
      "QUIT\r\n",
      "RESET\r\n",
      "AUTH\r\n",
      "AUTH wrong\r\n",
      "AUTH default wrong\r\n",
      "AUTH nope secret\r\n",
      "AUTH a b c\r\n",
      "HELLO\r\n",
      "HELLO 3\r\n",
      "HELLO 4\r\n",
      "HELLO 3 AUTH default wrong\r\n",
      "HELLO 3 SETNAME x\r\n",
    ]);
    each("the right password opens everything", [
      "AUTH secret\r\nPING\r\n",
      "AUTH default secret\r\nPING\r\n",
      "AUTH secret\r\nAUTH wrong\r\nPING\r\n",
      "AUTH secret\r\nRESET\r\nPING\r\n",
      "AUTH secret\r\nHELLO 3 AUTH default wrong\r\nPING\r\n",
      "CLIENT REPLY SKIP\r\nAUTH secret\r\nPING\r\n",
      "AUTH secret\r\nCONFIG GET requirepass\r\n",
    ]);
    each("lengths are limited before authentication", [
      "*10\r\n$4\r\nPING\r\n",
      "*11\r\n$4\r\nPING\r\n",
      "*1\r\n$16384\r\n",
      "*1\r\n$16385\r\n",
      `*11\r\n$4\r\nMGET\r\n${"$1\r\na\r\n".repeat(10)}`,
    ]);
    test("and not after it", () => expectSame([`AUTH secret\r\n*12\r\n$4\r\nMGET\r\n${"$1\r\na\r\n".repeat(11)}`]));
  });
});
