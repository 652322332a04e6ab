import { describe, expect, test } from "bun:test";
import { decompressLzf } from "../../src/lib/lzf.ts";

describe("LZF", () => {
  test("unpacks literal bytes and references, also such as reach into what they write", () => {
    // "ab", then 9 bytes from 2 before.
    expect(decompressLzf(Uint8Array.of(1, 97, 98, 0xe0, 0, 1), 11)).toEqual(new Uint8Array(Buffer.from("abababababa")));
    expect(decompressLzf(Uint8Array.of(2, 1, 2, 3, 0x20, 2), 6)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3));
  });

  test("refuses what is cut off, points before the start, or has another length", () => {
    expect(decompressLzf(Uint8Array.of(3, 97), 4)).toBeUndefined();
    expect(decompressLzf(Uint8Array.of(0, 97, 0x20, 5), 4)).toBeUndefined();
    expect(decompressLzf(Uint8Array.of(0, 97, 0x20), 4)).toBeUndefined();
    expect(decompressLzf(Uint8Array.of(0, 97), 2)).toBeUndefined();
    expect(decompressLzf(Uint8Array.of(0, 97), 1e9)).toBeUndefined();
  });
});
