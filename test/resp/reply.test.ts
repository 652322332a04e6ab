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
