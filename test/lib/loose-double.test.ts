import { describe, expect, test } from "bun:test";
import { parseLooseDouble } from "../../src/lib/loose-double.ts";

function read(text: string): number {
  const bytes = new Uint8Array(Buffer.from(`<${text}>`, "latin1"));
  return parseLooseDouble(bytes, 1, text.length);
}

describe("parseLooseDouble", () => {
  test("reads what C's strtod reads", () => {
    expect(["1", "-2.5", " 3", "\t\n4", "0x10", "-0X1P-1", "1e3", "+7"].map(read)).toEqual([
      1, -2.5, 3, 4, 16, -0.5, 1000, 7,
    ]);
    expect(["inf", "-Infinity", "1e400", "-1e400", "1e30000"].map(read)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(["", "0", "-0", "1e-400", "0x0", "1e-30000", "-1e-400"].map(read)).toEqual([0, 0, -0, 0, 0, 0, -0]);
  });

  test("ends at a NUL", () => {
    expect(["1\0x", "\0"].map(read)).toEqual([1, 0]);
  });

  test("takes no other text for a number", () => {
    for (const text of ["abc", "1x", "1 ", " ", "nan", "(1", "1e", "--1", ".", "0x"]) expect(read(text)).toBeNaN();
  });
});
