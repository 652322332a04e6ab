import { describe, expect, test } from "bun:test";
import { DIGEST_TEXT_BYTES, writeDigest, xxh3 } from "../../src/lib/xxh3.ts";
import { placed } from "./fixtures/answers.ts";

/** The generated buffer on which the algorithm's authors publish their test values. */
function sanityBuffer(length: number): Uint8Array {
  const buf = new Uint8Array(length);
  let state = 2654435761n;
  for (let i = 0; i < length; i++) {
    buf[i] = Number(state >> 56n);
    state = BigInt.asUintN(64, state * 11400714785074694797n);
  }
  return buf;
}

/** Values of another implementation (hash-wasm 4.13.0), at both ends of each length class of the algorithm. */
const KNOWN: [number, string][] = [
  [0, "2d06800538d394c2"],
  [1, "c44bdff4074eecdb"],
  [3, "54247382a8d6b94d"],
  [4, "e5dc74bc51848a51"],
  [8, "24ccc9acaa9f65e4"],
  [9, "14d5001c15dd3f2b"],
  [16, "981b17d36c7498c9"],
  [17, "796f5acd3a60f862"],
  [128, "fcff24126754d861"],
  [129, "98f1b0a679a2ca29"],
  [240, "81c3c2b67f568ccf"],
  [241, "c5a639ecd2030e5e"],
  [1024, "dd85c9b5c1109c5c"],
  [1025, "d870c0fa13211c6a"],
  [4999, "f92a85a6ea06d646"],
];

function digest(buf: Uint8Array, start: number, len: number): string {
  const out = new Uint8Array(DIGEST_TEXT_BYTES + 2).fill(0x23);
  writeDigest(buf, start, len, out, 1);
  const text = Buffer.from(out).toString("latin1");
  expect(text[0] + text[DIGEST_TEXT_BYTES + 1]).toBe("##");
  return text.slice(1, -1);
}

describe("xxh3", () => {
  test("gives the algorithm's values in every length class", () => {
    const buf = sanityBuffer(5_000);
    for (const [length, wanted] of KNOWN) {
      expect(digest(buf, 0, length)).toBe(wanted);
      expect(xxh3(buf, 0, length)).toBe(BigInt(`0x${wanted}`));
    }
  });

  test("gives the example of the DIGEST documentation", () => {
    const { buf, start, len } = placed("Hello world");
    expect(digest(buf, start, len)).toBe("b6acb9d84a38ff74");
  });

  test("reads shared memory at any place", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2_000));
    shared.set(sanityBuffer(1_025), 7);
    expect(digest(shared, 7, 1_025)).toBe("d870c0fa13211c6a");
  });

  test("keeps leading zeros", () => {
    const words = Array.from({ length: 2_000 }, (_, i) => placed(String(i)));
    const short = words.find(({ buf, start, len }) => xxh3(buf, start, len) < 2n ** 56n);
    expect(short && digest(short.buf, short.start, short.len)).toStartWith("00");
  });
});
