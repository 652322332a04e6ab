import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { lcs, lcsFits, lcsLength, lcsTransientBytes } from "../../src/lib/lcs.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

type Found = { length: number; text: string; ranges: number[] };

function find(a: string, b: string): Found {
  const [x, y] = [placed(a), placed(b)];
  const { length, text, ranges } = lcs(x.buf, x.start, x.len, y.buf, y.start, y.len);
  expect(lcsLength(x.buf, x.start, x.len, y.buf, y.start, y.len)).toBe(length);
  return { length, text: Buffer.from(text).toString("latin1"), ranges: [...ranges] };
}

/** The textbook table, walked back with Redis's choice between equals. */
function naive(a: string, b: string): Found {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] = a[i - 1] === b[j - 1] ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  const runs: [number, number, number, number][] = [];
  let text = "";
  for (let i = a.length, j = b.length, adjoins = false; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      text = a[--i] + text;
      j--;
      const last = runs.at(-1);
      if (adjoins && last !== undefined) [last[0], last[2]] = [i, j];
      else runs.push([i, i, j, j]);
      adjoins = true;
    } else {
      if (table[i - 1][j] > table[i][j - 1]) i--;
      else j--;
      adjoins = false;
    }
  }
  return { length: text.length, text, ranges: runs.flat() };
}

describe("lcs", () => {
  test("answers as redis-server does", () => {
    for (const [a, b, text, ranges] of readAnswers<[string, string, string, number[]]>("lcs")) {
      expect([a, b, find(a, b)]).toEqual([a, b, { length: text.length, text, ranges }]);
    }
  });

  test("agrees with the textbook algorithm over several words of columns", () => {
    const text = (unit: string, maxLength: number) => fc.string({ unit: fc.constantFrom(...unit), maxLength });
    const either = fc.oneof(text("ab", 130), text("abcdefgh\xff", 130), text("a", 70));
    fc.assert(fc.property(either, either, (a, b) => expect(find(a, b)).toEqual(naive(a, b))));
  });

  test("finds the example of the documentation, last range first", () => {
    expect(find("ohmytext", "mynewtext")).toEqual({ length: 6, text: "mytext", ranges: [4, 7, 5, 8, 2, 3, 0, 1] });
  });

  test("finds nothing in empty or disjoint ranges", () => {
    for (const [a, b] of [
      ["", ""],
      ["", "abc"],
      ["abc", ""],
      ["abc", "xyz"],
    ]) {
      expect(find(a, b)).toEqual({ length: 0, text: "", ranges: [] });
    }
  });
});

describe("the memory of lcs", () => {
  test("is reported as Redis counts it", () => {
    expect(lcsTransientBytes(9, 99)).toBe(4_000);
  });

  test("is bounded even when the configured limit is not", () => {
    expect(lcsFits(11_000, 11_000)).toBe(true);
    expect(lcsFits(2, 512 * 1024 * 1024)).toBe(false);
    expect(lcsFits(1_000_000, 1_000_000)).toBe(false);
  });
});
