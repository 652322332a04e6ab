import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { areSymbols, packSymbols, symbolsEqual, unpackSymbols } from "../../src/lib/symbols.ts";

describe("symbols", () => {
  test("pack texts of digits, times and addresses into half their bytes, and back", () => {
    const texts = fc.string({ unit: fc.constantFrom(..." -.0123456789:TZ"), maxLength: 50 });
    fc.assert(
      fc.property(texts, texts, (text, other) => {
        const bytes = Buffer.from(text);
        const packed = new Uint8Array(64).fill(0xaa);
        expect(areSymbols(bytes, 0, bytes.length)).toBeTrue();
        expect(packSymbols(bytes, 0, bytes.length, packed, 3)).toBe(3 + Math.ceil(text.length / 2));
        const unpacked = new Uint8Array(text.length + 2);
        unpackSymbols(packed, 3, text.length, unpacked, 1);
        expect(Buffer.from(unpacked.subarray(1, 1 + text.length)).toString()).toBe(text);
        const candidate = Buffer.from(other.slice(0, text.length).padEnd(text.length, "0"));
        expect(symbolsEqual(packed, 3, candidate, 0, text.length)).toBe(candidate.equals(bytes));
      }),
    );
  });

  test("are not all bytes", () => {
    for (const text of ["a", "12a", "+1", "\0", "1\xff"]) {
      const bytes = Buffer.from(text, "latin1");
      expect(areSymbols(bytes, 0, bytes.length)).toBeFalse();
    }
  });
});
