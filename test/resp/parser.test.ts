import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encode, latin1 } from "../../src/lib/bytes.ts";
import { Args, argsOf } from "../../src/resp/args.ts";
import { COMPLETE, INCOMPLETE, MALFORMED, Parser } from "../../src/resp/parser.ts";

/** All requests in the bytes, given at once; then what is left unparsed, or the error. */
function parseAll(bytes: Uint8Array, authenticated = true): { requests: string[][]; rest: number; error?: string } {
  const parser = new Parser();
  const requests: string[][] = [];
  const args = new Args();
  let pos = 0;
  for (;;) {
    args.begin(bytes, pos);
    const result = parser.parse(args, bytes.length, authenticated);
    if (result === MALFORMED) return { requests, rest: bytes.length - pos, error: parser.error };
    if (result === INCOMPLETE) return { requests, rest: bytes.length - pos };
    pos = args.pos;
    if (args.count > 0) requests.push(wordsOf(args));
  }
}

/** The one request that begins the bytes, seen in pieces that end at the given places. */
function parseInPieces(bytes: Uint8Array, ends: readonly number[]): { words: string[]; pos: number } {
  const parser = new Parser();
  const args = new Args();
  args.begin(bytes, 0);
  for (const end of ends) expect(parser.parse(args, end, true)).toBe(INCOMPLETE);
  expect(parser.parse(args, bytes.length, true)).toBe(COMPLETE);
  return { words: wordsOf(args), pos: args.pos };
}

function wordsOf(args: Args): string[] {
  return Array.from({ length: args.count }, (_, i) => args.text(i));
}

const word = fc.uint8Array({ maxLength: 120 });
const request = fc.array(word, { minLength: 1, maxLength: 12 });

describe("parser", () => {
  test("finds what was encoded, any number of requests in a row", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 8 }), (requests) => {
        const bytes = Buffer.concat(requests.map((words) => argsOf(...words).buf));
        const found = parseAll(bytes);
        expect(found).toEqual({ requests: requests.map((words) => words.map((w) => latin1(w))), rest: 0 });
      }),
    );
  });

  test("goes on at every byte where a request may be cut", () => {
    fc.assert(
      fc.property(request, (words) => {
        const bytes = argsOf(...words).buf;
        const expected = { words: words.map((w) => latin1(w)), pos: bytes.length };
        for (let cut = 1; cut < bytes.length; cut++) expect(parseInPieces(bytes, [cut])).toEqual(expected);
        const all = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
        expect(parseInPieces(bytes, all)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test("reads inline requests, quotes included", () => {
    expect(parseAll(encode("set a 'b c' \"\\x41\\n\"\r\n\r\nGET a\n")).requests).toEqual([
      ["set", "a", "b c", "A\n"],
      ["GET", "a"],
    ]);
  });

  test("gives an inline request the text of a framed one", () => {
    const args = new Args();
    args.begin(encode("set k v\r\n"), 0);
    expect(new Parser().parse(args, 9, true)).toBe(COMPLETE);
    expect(latin1(args.buf, args.frameStart, args.frameEnd)).toBe("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n");
    expect(args.pos).toBe(9);
  });

  test.each([
    ["*a\r\n", "invalid multibulk length"],
    ["*2147483648\r\n", "invalid multibulk length"],
    ["*01\r\n", "invalid multibulk length"],
    ["*1\r\n:3\r\n", "expected '$', got ':'"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$536870913\r\n", "invalid bulk length"],
    ["*1\r\n$1x\r\n", "invalid bulk length"],
    ['get "a\r\n', "unbalanced quotes in request"],
    [`*${"1".repeat(70_000)}`, "too big mbulk count string"],
    [`*1\r\n$${"1".repeat(70_000)}`, "too big bulk count string"],
    ["x".repeat(70_000), "too big inline request"],
  ])("refuses %p", (text, error) => {
    expect(parseAll(encode(text)).error).toBe(error);
  });

  test("lets a stranger send little", () => {
    expect(parseAll(encode("*11\r\n"), false).error).toBe("unauthenticated multibulk length");
    expect(parseAll(encode("*1\r\n$16385\r\n"), false).error).toBe("unauthenticated bulk length");
    expect(parseAll(encode("*10\r\n$16384\r\n"), false).error).toBeUndefined();
  });

  test("takes counts below one for nothing", () => {
    expect(parseAll(encode("*0\r\n*-5\r\n*1\r\n$4\r\nPING\r\n"))).toEqual({ requests: [["PING"]], rest: 0 });
  });
});

describe("Args.mend", () => {
  test.each([
    "*3\rY$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n",
    "*3\r\n$3\r\nset\r\n$1\rYk\r\n$1\r\nv\r\n",
    "*3\r\n$3\r\nset\r\n$1\r\nkXX$1\r\nvYY",
    "*3\r\n$3\rYset\nX$1\r\nk\r\n$1\rYv\rX",
  ])("puts the line breaks of %p right", (text) => {
    const bytes = encode(text);
    const args = new Args();
    args.begin(bytes, 0);
    expect(new Parser().parse(args, bytes.length, true)).toBe(COMPLETE);
    expect(args.regular).toBe(false);
    args.mend();
    expect(latin1(bytes)).toBe("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n");
  });

  test("leaves a regular request alone", () => {
    const bytes = argsOf("set", "k\r", "\nv").buf;
    const args = new Args();
    args.begin(bytes, 0);
    expect(new Parser().parse(args, bytes.length, true)).toBe(COMPLETE);
    expect(args.regular).toBe(true);
  });
});
