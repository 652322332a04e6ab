import { describe, expect, test } from "bun:test";
import { encode, latin1 } from "../../src/lib/bytes.ts";
import { Reply } from "../../src/resp/reply.ts";

function written(resp3: boolean, write: (reply: Reply) => void): string {
  const reply = new Reply(8);
  reply.resp3 = resp3;
  write(reply);
  return latin1(reply.buf, 0, reply.at);
}

describe("reply", () => {
  test.each<[string, (reply: Reply) => void, string, string]>([
    ["ok", (r) => r.ok(), "+OK\r\n", "+OK\r\n"],
    ["integers", (r) => r.integer(-1234567890123), ":-1234567890123\r\n", ":-1234567890123\r\n"],
    ["nil", (r) => r.nil(), "$-1\r\n", "_\r\n"],
    ["absent arrays", (r) => r.nilArray(), "*-1\r\n", "_\r\n"],
    ["maps", (r) => r.map(2), "*4\r\n", "%2\r\n"],
    ["sets", (r) => r.set(12), "*12\r\n", "~12\r\n"],
    ["pushes", (r) => r.push(3), "*3\r\n", ">3\r\n"],
    ["doubles", (r) => r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
    ["booleans", (r) => r.boolean(true), ":1\r\n", "#t\r\n"],
    ["verbatim text", (r) => r.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"],
    ["big numbers", (r) => r.bigNumber("123"), "$3\r\n123\r\n", "(123\r\n"],
  ])("writes %s in both protocols", (_name, write, resp2, resp3) => {
    expect([written(false, write), written(true, write)]).toEqual([resp2, resp3]);
  });

  test.each([
    ["PEXPIREAT", "$9\r\nPEXPIREAT\r\n"],
    ["", "$0\r\n\r\n"],
    ["caf\u00e9", "$5\r\ncaf\u00c3\u00a9\r\n"],
    ["\u20ac", "$3\r\n\u00e2\u0082\u00ac\r\n"],
    ["x".repeat(30), `$30\r\n${"x".repeat(30)}\r\n`],
  ])("writes the text %s in UTF-8", (text, expected) => {
    expect(written(false, (r) => r.bulkText(text))).toBe(expected);
  });

  test.each([0, 7, -7, 10, 1_700_000_000_123, -(2 ** 53 - 1)])("writes the integer %d as a bulk string", (value) => {
    expect(written(false, (r) => r.bulkInteger(value))).toBe(`$${String(value).length}\r\n${value}\r\n`);
  });

  test("grows as far as needed", () => {
    const long = encode("x".repeat(100_000));
    expect(written(false, (r) => r.bulk(long, 0, long.length))).toBe(`$100000\r\n${latin1(long)}\r\n`);
  });

  test("keeps an error in one line", () => {
    expect(written(false, (r) => r.errorText("ERR a\r\nb"))).toBe("-ERR a  b\r\n");
  });

  test("finds out an array's length afterwards", () => {
    const deferred = (r: Reply) => {
      r.integer(7);
      const mark = r.beginDeferred();
      for (let i = 0; i < 11; i++) r.integer(i);
      r.endDeferred(mark, 11);
      r.ok();
    };
    const elements = Array.from({ length: 11 }, (_, i) => `:${i}\r\n`).join("");
    expect(written(false, deferred)).toBe(`:7\r\n*11\r\n${elements}+OK\r\n`);
  });
});
