import { describe, expect, test } from "bun:test";
import { parseSortNumber } from "../../src/lib/sort-number.ts";

function parse(text: string): number | undefined {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return parseSortNumber(bytes, 1, text.length);
}

describe("parseSortNumber", () => {
  test("reads numbers as strtod does", () => {
    expect(["1", "-1.5", "1e3", "0x10", "inf", "-Infinity", "+7", ".5"].map(parse)).toEqual([
      1,
      -1.5,
      1000,
      16,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      7,
      0.5,
    ]);
  });

  test("skips white space in front only", () => {
    expect([" 1", "\t\n\v\f\r 2", "1 ", " ", "\t"].map(parse)).toEqual([1, 2, undefined, undefined, undefined]);
  });

  test("ends at a NUL, and takes an empty text for 0", () => {
    expect(["", "\0", "\0x", "5\0x", " 5\0", "x\0"].map(parse)).toEqual([0, 0, 0, 5, 5, undefined]);
  });

  test("refuses what is no number or out of a double's range", () => {
    expect(["x", "1x", "nan", "1e400", "-1e400", "1e-400", "1e-310", "--1"].map(parse)).toEqual(
      Array(8).fill(undefined),
    );
  });
});
