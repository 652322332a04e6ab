import { describe, expect, test } from "bun:test";
import { copyShort } from "../../src/lib/bytes.ts";

describe("copyShort", () => {
  test("copies all of the bytes, and nothing before them, wherever they are in their buffers", () => {
    const from = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    for (let start = 0; start <= 16; start++) {
      for (let len = 0; start + len <= 16; len++) {
        for (let at = 0; at + len <= 16; at++) {
          const to = new Uint8Array(16).fill(99);
          copyShort(from, start, len, to, at);
          expect(to.subarray(at, at + len)).toEqual(from.subarray(start, start + len));
          expect(to.subarray(0, at).every((byte) => byte === 99)).toBe(true);
          expect(to.subarray(at + len + 3).every((byte) => byte === 99)).toBe(true);
        }
      }
    }
  });
});
