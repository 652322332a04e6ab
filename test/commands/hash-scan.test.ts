import { describe, expect, test } from "bun:test";
import { parseReplies, type Reply, texts } from "../support/reply.ts";
import { frame, type LocalClient, LocalServer } from "./local-server.ts";

// Replies are what redis-server 7.0.15 gives for the same requests; NOVALUES came with 7.4.

const SYNTAX = "-ERR syntax error\r\n";

function withHash(...pairs: string[]): LocalClient {
  const c = new LocalServer().connect();
  c.say(`HSET h ${pairs.join(" ")}`);
  return c;
}

/** A hash of `size` fields f<i> with values v<i>, too large to be packed. */
function withTable(size: number): LocalClient {
  return withHash(...Array.from({ length: size }, (_, i) => `f${i} v${i}`));
}

function page(...elements: string[]): string {
  return `*2\r\n$1\r\n0\r\n${frame("*", elements.length, ...elements)}`;
}

/** The elements of a whole walk, and how many requests it took. */
function walk(c: LocalClient, options: string): { found: string[]; requests: number } {
  const found: string[] = [];
  let cursor = "0";
  let requests = 0;
  do {
    const [reply] = parseReplies(Buffer.from(c.say(`HSCAN h ${cursor} ${options}`), "latin1"));
    const [next, elements] = reply.value as readonly Reply[];
    cursor = String(next.value);
    found.push(...texts(elements).map(String));
    requests++;
  } while (cursor !== "0");
  return { found, requests };
}

describe("HSCAN", () => {
  test("shows a packed hash whole, whatever COUNT and cursor say", () => {
    const c = withHash("a 1 b 2 c 3");
    expect(c.say("HSCAN h 0 COUNT 1")).toBe(page("a", "1", "b", "2", "c", "3"));
    expect(c.say("HSCAN h 77")).toBe(page("a", "1", "b", "2", "c", "3"));
    c.say("HELLO 3");
    expect(c.say("HSCAN h 0")).toBe(page("a", "1", "b", "2", "c", "3"));
  });

  test("shows the fields that match, with or without their values", () => {
    const c = withHash("a1 1 b2 2 a3 3");
    expect(c.say("HSCAN h 0 MATCH a*")).toBe(page("a1", "1", "a3", "3"));
    expect(c.say("HSCAN h 0 match a* NoValues")).toBe(page("a1", "a3"));
    expect(c.say("HSCAN h 0 NOVALUES COUNT 2")).toBe(page("a1", "b2", "a3"));
    expect(c.say("HSCAN h 0 MATCH x* MATCH *")).toBe(page("a1", "1", "b2", "2", "a3", "3"));
    expect(c.say("HSCAN h 0 MATCH x*")).toBe(page());
  });

  test("matches a field without a name by * alone", () => {
    const c = withHash('"" v');
    expect(c.say("HSCAN h 0 MATCH *")).toBe(page("", "v"));
    expect(c.say("HSCAN h 0 MATCH **")).toBe(page());
  });

  test("walks through a table, about COUNT fields at a time", () => {
    const c = withTable(2000);
    const { found, requests } = walk(c, "COUNT 100");
    expect(requests).toBeGreaterThan(10);
    expect(requests).toBeLessThanOrEqual(20);
    expect(found).toHaveLength(4000);
    const pairs = found.flatMap((field, i) => (i % 2 === 0 ? [`${field} ${found[i + 1]}`] : []));
    expect(pairs.toSorted()).toEqual(Array.from({ length: 2000 }, (_, i) => `f${i} v${i}`).toSorted());
    expect(walk(c, "NOVALUES").found).toHaveLength(2000);
    expect(walk(c, "COUNT 1000000").requests).toBe(1);
    expect(walk(c, "MATCH f199? NOVALUES").found.toSorted()).toEqual(
      Array.from({ length: 10 }, (_, i) => `f199${i}`).toSorted(),
    );
  });

  test("takes any unsigned number as a cursor", () => {
    const c = withTable(2000);
    for (const cursor of ["1", "+5", "-1", "4294967296", "18446744073709551615", '""']) {
      expect(c.say(`HSCAN h ${cursor}`)).toStartWith("*2\r\n$");
    }
    for (const cursor of ["x", '" 1"', "1.5", "18446744073709551616"]) {
      expect(c.say(`HSCAN h ${cursor}`)).toBe("-ERR invalid cursor\r\n");
    }
  });

  test("refuses wrong options, unless there is no hash", () => {
    const c = withHash("a 1");
    for (const options of ["COUNT 0", "COUNT -1", "COUNT", "MATCH", "NOPE 1", "TYPE hash", "COUNT 10 NOPE"]) {
      expect(c.say(`HSCAN h 0 ${options}`)).toBe(SYNTAX);
      expect(c.say(`HSCAN none 0 ${options}`)).toBe(page());
    }
    expect(c.say("HSCAN h 0 COUNT 1.5")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(c.say("HSCAN none x")).toBe("-ERR invalid cursor\r\n");
  });
});

describe("HRANDFIELD", () => {
  test("gives one field, or nil", () => {
    const c = withHash("a 1");
    expect(c.say("HRANDFIELD h", "HRANDFIELD none")).toBe("$1\r\na\r\n$-1\r\n");
  });

  test("gives the whole hash when more is wanted than it has", () => {
    const c = withHash("a 1 b 2");
    expect(c.say("HRANDFIELD h 2")).toBe(frame("*", 2, "a", "b"));
    expect(c.say("HRANDFIELD h 9223372036854775807")).toBe(frame("*", 2, "a", "b"));
    expect(c.say("HRANDFIELD h 3 WITHVALUES")).toBe(frame("*", 4, "a", "1", "b", "2"));
    expect(c.say("HRANDFIELD h 0", "HRANDFIELD none 5", "HRANDFIELD none -5 withvalues")).toBe("*0\r\n*0\r\n*0\r\n");
  });

  test("gives pairs as arrays of their own in RESP3", () => {
    const c = withHash("a 1 b 2");
    c.say("HELLO 3");
    expect(c.say("HRANDFIELD h 2 WITHVALUES")).toBe(`*2\r\n${frame("*", 2, "a", "1")}${frame("*", 2, "b", "2")}`);
    expect(c.say("HRANDFIELD h -1 WITHVALUES")).toMatch(/^\*1\r\n\*2\r\n/);
    expect(c.say("HRANDFIELD h 2")).toBe(frame("*", 2, "a", "b"));
  });

  for (const size of [20, 1000]) {
    test(`gives different fields of ${size} for a count, repeated ones for a negative count`, () => {
      const c = withTable(size);
      const ask = (request: string): string[] =>
        texts(parseReplies(Buffer.from(c.say(request), "latin1"))[0]).map(String);
      for (const count of [1, 5, size / 2, size - 1]) {
        const picked = ask(`HRANDFIELD h ${count}`);
        expect(new Set(picked).size).toBe(count);
      }
      const pairs = ask(`HRANDFIELD h -${size * 5} WITHVALUES`);
      expect(pairs).toHaveLength(size * 10);
      for (let i = 0; i < pairs.length; i += 2) expect(pairs[i + 1]).toBe(`v${pairs[i].slice(1)}`);
      expect(new Set(pairs).size).toBeGreaterThan(size);
    });
  }

  test("refuses counts and options as Redis does", () => {
    const c = withHash("a 1");
    const replies: [options: string, reply: string][] = [
      ["x", "-ERR value is not an integer or out of range\r\n"],
      ["9223372036854775808", "-ERR value is not an integer or out of range\r\n"],
      [
        "-9223372036854775808",
        "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
      ],
      ["4611686018427387904 WITHVALUES", "-ERR value is out of range\r\n"],
      ["-4611686018427387904 WITHVALUES", "-ERR value is out of range\r\n"],
      ["4611686018427387903 WITHVALUES", frame("*", 2, "a", "1")],
      ["1 NOPE", SYNTAX],
      ["1 WITHVALUES x", SYNTAX],
    ];
    for (const [options, reply] of replies) expect(c.say(`HRANDFIELD h ${options}`)).toBe(reply);
  });
});
