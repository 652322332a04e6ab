import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BitOperation, bitOperation } from "../../src/lib/bit-op.ts";
import { Span } from "../../src/lib/bytes.ts";

/** What a bit of the result is, from that bit of all sources. */
const RULES: Record<BitOperation, (bits: boolean[]) => boolean> = {
  and: (bits) => bits.every(Boolean),
  or: (bits) => bits.some(Boolean),
  xor: (bits) => bits.filter(Boolean).length % 2 === 1,
  not: ([only]) => !only,
  diff: ([x, ...ys]) => x && !ys.some(Boolean),
  diff1: ([x, ...ys]) => !x && ys.some(Boolean),
  andor: ([x, ...ys]) => x && ys.some(Boolean),
  one: (bits) => bits.filter(Boolean).length === 1,
};

function compute(operation: BitOperation, sources: Uint8Array[]): Uint8Array {
  const len = Math.max(...sources.map((source) => source.length));
  const spans = sources.map((source) => {
    const span = new Span();
    span.set(Buffer.concat([Buffer.from([0xa5, 0xa5, 0xa5]), source, Buffer.from([0xa5])]), 3, source.length);
    return span;
  });
  const out = new Uint8Array(len + 2).fill(0x77);
  bitOperation(operation, spans, out, 1, len);
  expect([out[0], out[len + 1]]).toEqual([0x77, 0x77]);
  return out.slice(1, len + 1);
}

function naive(operation: BitOperation, sources: Uint8Array[]): Uint8Array {
  const bit = (source: Uint8Array, i: number) => (((source[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1;
  const out = new Uint8Array(Math.max(...sources.map((source) => source.length)));
  for (let i = 0; i < out.length * 8; i++) {
    if (RULES[operation](sources.map((source) => bit(source, i)))) out[i >> 3] |= 128 >> (i & 7);
  }
  return out;
}

const operations = Object.keys(RULES) as BitOperation[];

describe("bitOperation", () => {
  for (const operation of operations) {
    test(`computes ${operation} bit by bit, shorter sources padded with zeros`, () => {
      const count = operation === "not" ? { minLength: 1, maxLength: 1 } : { minLength: 1, maxLength: 5 };
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), count), (sources) => {
          expect(compute(operation, sources)).toEqual(naive(operation, sources));
        }),
      );
    });
  }

  test("joins the blocks of long sources", () => {
    const pattern = (seed: number, length: number) => Uint8Array.from({ length }, (_, i) => (i * seed) >> 3);
    const sources = [pattern(7, 40_001), pattern(13, 16_384), pattern(29, 33_000)];
    for (const operation of operations) {
      const chosen = operation === "not" ? sources.slice(0, 1) : sources;
      expect(Buffer.from(compute(operation, chosen)).equals(naive(operation, chosen))).toBe(true);
    }
  });
});
