import { describe, expect, test } from "bun:test";
import type { ServerContext } from "../../src/command/context.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { fakeJournal } from "./fake-journal.ts";
import { LocalServer } from "./local-server.ts";

// Replies and journal are what redis-server 7.0.15 gives for the same requests.

const OVERFLOW = "-ERR increment or decrement would overflow\r\n";
const NOT_INTEGER = "-ERR hash value is not an integer\r\n";
const NOT_FLOAT = "-ERR hash value is not a float\r\n";

type Case = [name: string, value: string, by: string, reply: string];

describe("HINCRBY", () => {
  test("starts from 0 where there is no field", () => {
    const c = new LocalServer().connect();
    expect(c.say("HINCRBY h f 5", "HINCRBY h f -7", "HINCRBY h g 0")).toBe(":5\r\n:-2\r\n:0\r\n");
    expect(c.say("HGETALL h")).toBe("*4\r\n$1\r\nf\r\n$2\r\n-2\r\n$1\r\ng\r\n$1\r\n0\r\n");
  });

  const cases: Case[] = [
    ["adds beyond 2^53", "9007199254740993", "2", ":9007199254740995\r\n"],
    ["adds up to the largest integer", "9223372036854775806", "1", ":9223372036854775807\r\n"],
    ["adds down to the smallest integer", "-9223372036854775807", "-1", ":-9223372036854775808\r\n"],
    ["adds an increment beyond 2^53", "1", "9223372036854775806", ":9223372036854775807\r\n"],
    ["adds the two ends of the range", "-9223372036854775808", "9223372036854775807", ":-1\r\n"],
    ["does not pass the largest integer", "9223372036854775807", "1", OVERFLOW],
    ["does not pass the smallest integer", "-9223372036854775808", "-1", OVERFLOW],
    ["refuses a value with leading zeros", "007", "1", NOT_INTEGER],
    ["refuses a fraction", "3.0", "1", NOT_INTEGER],
    ["refuses an empty value", '""', "1", NOT_INTEGER],
    ["refuses a value that is too large", "9223372036854775808", "1", NOT_INTEGER],
  ];
  for (const [name, value, by, reply] of cases) {
    test(name, () => {
      const c = new LocalServer().connect();
      c.say(`HSET h f ${value}`);
      const before = c.say("HGET h f");
      expect(c.say(`HINCRBY h f ${by}`)).toBe(reply);
      const number = reply.slice(1, -2);
      expect(c.say("HGET h f")).toBe(reply[0] === ":" ? `$${number.length}\r\n${number}\r\n` : before);
    });
  }

  test("looks at the increment before it looks at the key", () => {
    const c = new LocalServer().connect();
    expect(c.say("SET s v", "HINCRBY s f x")).toBe("+OK\r\n-ERR value is not an integer or out of range\r\n");
  });
});

describe("HINCRBYFLOAT", () => {
  const cases: Case[] = [
    ["adds", "10.5", "0.1", "$4\r\n10.6\r\n"],
    ["drops zeros at the end", "3.0", "-3", "$1\r\n0\r\n"],
    ["reads exponents", "5.0e3", "200", "$4\r\n5200\r\n"],
    ["reads hexadecimal digits", "0x10", "1", "$2\r\n17\r\n"],
    ["keeps 64 bits of an integer", "1234567890123456789", "1", "$19\r\n1234567890123456790\r\n"],
    ["passes the largest integer", "9223372036854775807", "1", "$19\r\n9223372036854775808\r\n"],
    ["refuses a sum that is infinite", "1e4932", "1e4932", "-ERR increment would produce NaN or Infinity\r\n"],
    ["refuses to add to infinity", "inf", "1", "-ERR increment would produce NaN or Infinity\r\n"],
    ["refuses an infinite increment", "1", "inf", "-ERR value is NaN or Infinity\r\n"],
    ["refuses an increment that is no number", "1", "x", "-ERR value is not a valid float\r\n"],
    ["refuses a value that is no number", "nan", "1", NOT_FLOAT],
    ["refuses a value with a blank", '" 1"', "1", NOT_FLOAT],
    ["refuses an empty value", '""', "1", NOT_FLOAT],
  ];
  for (const [name, value, by, reply] of cases) {
    test(name, () => {
      const c = new LocalServer().connect();
      c.say(`HSET h f ${value}`);
      const before = c.say("HGET h f");
      expect(c.say(`HINCRBYFLOAT h f ${by}`)).toBe(reply);
      expect(c.say("HGET h f")).toBe(reply[0] === "$" ? reply : before);
    });
  }

  test("makes no key when it fails", () => {
    expect(new LocalServer().connect().say("HINCRBYFLOAT h f inf", "EXISTS h")).toContain(":0\r\n");
  });

  test("is journalled as the HSET of its result", () => {
    const server = new LocalServer();
    const journal: string[] = [];
    const context: ServerContext = server;
    context.journal = fakeJournal((_db, buf, start, len) => journal.push(latin1(buf, start, len)));
    server.connect().say("HINCRBYFLOAT h f 1.5");
    expect(journal).toEqual(["*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$3\r\n1.5\r\n"]);
  });
});
