import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LzfCompressor, unpackedBytesMax, unpackLzf } from "../../src/lib/lzf.ts";

/** Undefined when that is not what they hold. */
function unpack(packed: Uint8Array, length: number): Uint8Array | undefined {
  if (length > unpackedBytesMax(packed.length)) return undefined;
  const out = new Uint8Array(length);
  const isPacked = unpackLzf(packed, 0, packed.length, out, length);
  // With room behind both it goes another way.
  const roomy = new Uint8Array(length + 8);
  const source = new Uint8Array(packed.length + 8);
  source.set(packed);
  expect(unpackLzf(source, 0, packed.length, roomy, length)).toBe(isPacked);
  if (isPacked) expect(Buffer.compare(roomy.subarray(0, length), out)).toBe(0);
  return isPacked ? out : undefined;
}

describe("LZF", () => {
  test("unpacks literal bytes and references, also such as reach into what they write", () => {
    // "ab", then 9 bytes from 2 before.
    expect(unpack(Uint8Array.of(1, 97, 98, 0xe0, 0, 1), 11)).toEqual(new Uint8Array(Buffer.from("abababababa")));
    expect(unpack(Uint8Array.of(2, 1, 2, 3, 0x20, 2), 6)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3));
    for (let back = 1; back <= 6; back++) {
      const start = Array.from({ length: back }, (_, i) => i + 1);
      const whole = Uint8Array.from({ length: back + 8 }, (_, i) => (i % back) + 1);
      expect(unpack(Uint8Array.of(back - 1, ...start, 0xc0, back - 1), back + 8)).toEqual(whole);
    }
  });

  test("refuses what is cut off, points before the start, or has another length", () => {
    expect(unpack(Uint8Array.of(3, 97), 4)).toBeUndefined();
    expect(unpack(Uint8Array.of(0, 97, 0x20, 5), 4)).toBeUndefined();
    expect(unpack(Uint8Array.of(0, 97, 0x20), 4)).toBeUndefined();
    expect(unpack(Uint8Array.of(0, 97), 2)).toBeUndefined();
    expect(unpack(Uint8Array.of(0, 97), 1e9)).toBeUndefined();
  });

  /** Packs with the last of `packer`'s strings still in its table; undefined when it does not become 4 bytes smaller. */
  function pack(packer: LzfCompressor, bytes: Uint8Array): Uint8Array | undefined {
    const out = new Uint8Array(bytes.length + 50);
    const length = packer.compress(
      Buffer.concat([Buffer.from("xx"), bytes]),
      2,
      bytes.length,
      out,
      3,
      bytes.length - 4,
    );
    return length === 0 ? undefined : out.slice(3, 3 + length);
  }

  test("packs what it can unpack, one string after the other", () => {
    const packer = new LzfCompressor();
    const someBytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
    const repeating = fc
      .array(someBytes, { minLength: 1, maxLength: 8 })
      .chain((parts) =>
        fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 100 }).map((chosen) => Buffer.concat(chosen)),
      );
    fc.assert(
      fc.property(repeating, (bytes) => {
        if (bytes.length <= 4) return;
        const packed = pack(packer, bytes);
        if (packed === undefined) return;
        expect(packed.length).toBeLessThanOrEqual(bytes.length - 4);
        expect(Buffer.compare(unpack(packed, bytes.length)!, bytes)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test("packs runs, far repetitions, and long strings well", () => {
    const packer = new LzfCompressor();
    expect(pack(packer, new Uint8Array(10_000))!.length).toBeLessThan(200);
    const block = Uint8Array.from({ length: 8000 }, (_, i) => (i * i * 31) >> 5);
    const twice = Buffer.concat([block, block]);
    const packed = pack(packer, twice)!;
    expect(packed.length).toBeLessThan(9000);
    expect(Buffer.compare(unpack(packed, twice.length)!, twice)).toBe(0);
  });

  test("gives up on bytes that have no pattern", () => {
    const packer = new LzfCompressor();
    expect(
      pack(
        packer,
        Uint8Array.from({ length: 200 }, (_, i) => i),
      ),
    ).toBeUndefined();
  });

  test("starts anew when its positions have counted far", () => {
    const packer = new LzfCompressor();
    const large = new Uint8Array(1 << 28);
    const out = new Uint8Array(8_000_000);
    for (let i = 0; i < 5; i++) expect(packer.compress(large, 0, large.length, out, 0, out.length)).toBeGreaterThan(0);
    expect(unpack(pack(packer, Buffer.from("abcabcabcabcabcabc"))!, 18)).toEqual(
      new Uint8Array(Buffer.from("abcabcabcabcabcabc")),
    );
  });
});
