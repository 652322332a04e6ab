import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { Entries } from "../../src/structures/entry.ts";

const entries = new Entries(new Arena());

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 97 + ((i * 7) % 26));
}

describe("An entry's name", () => {
  const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 255, 65534, 65535, 65536, 70001];

  test.each(lengths)("of %i bytes is that of its own bytes, wherever they lie", (length) => {
    const name = bytes(length);
    const e = entries.create(0, false, name, 0, length, 3);
    for (const at of [0, 1, 2, 3]) {
      const buf = new Uint8Array(length + 8).fill(42);
      buf.set(name, at);
      expect(entries.nameEquals(e, buf, at, length)).toBe(true);
    }
  });

  test.each(lengths.filter((length) => length > 0))("of %i bytes differs in any one of them", (length) => {
    const name = bytes(length);
    const e = entries.create(0, true, name, 0, length, 3);
    for (const i of [0, length >> 1, Math.max(0, length - 2), length - 1]) {
      const other = name.slice();
      other[i] ^= 0x80;
      expect(entries.nameEquals(e, other, 0, length)).toBe(false);
    }
  });

  test("is no other that it begins with, or that begins with it", () => {
    const name = bytes(70_001);
    for (const length of lengths) {
      const e = entries.create(0, false, name, 0, length, 3);
      for (const other of lengths) expect(entries.nameEquals(e, name, 0, other)).toBe(other === length);
    }
  });
});
