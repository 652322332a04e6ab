import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { IdText, StreamId } from "../../src/types/stream-id.ts";
import { COMPLETE, INCOMPLETE, INVALID, OPEN, parseExtreme, parseId } from "../../src/types/stream-id-text.ts";

const MAX = 2n ** 64n - 1n;
const shown = new IdText();

function show(id: StreamId): string {
  return Buffer.from(shown.bytes.subarray(0, shown.set(id))).toString();
}

function parse(text: string, lastOfMs = false): [number, string] {
  const id = new StreamId();
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return [parseId(bytes, 1, text.length, lastOfMs, id), show(id)];
}

function made(ms: bigint, seq: bigint): StreamId {
  const id = new StreamId();
  const bytes = Buffer.from(`${ms}-${seq}`);
  expect(parseId(bytes, 0, bytes.length, false, id)).toBe(COMPLETE);
  return id;
}

const number = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, MAX - 1n, MAX),
  fc.bigInt({ min: 0n, max: MAX }),
);

describe("stream IDs", () => {
  test("are read and written over all 128 bits", () => {
    fc.assert(
      fc.property(number, number, (ms, seq) => {
        expect(parse(`${ms}-${seq}`)).toEqual([COMPLETE, `${ms}-${seq}`]);
        const id = made(ms, seq);
        const out = new Uint8Array(64);
        expect(Buffer.from(out.subarray(5, 5 + id.format(out, 5))).toString()).toBe(`${ms}-${seq}`);
      }),
    );
  });

  test("are ordered, incremented and decremented as numbers of 128 bits", () => {
    fc.assert(
      fc.property(number, number, number, number, (ms, seq, otherMs, otherSeq) => {
        const value = (ms << 64n) | seq;
        const other = (otherMs << 64n) | otherSeq;
        const id = made(ms, seq);
        const against = made(otherMs, otherSeq);
        const words = new Int32Array(6);
        against.store(words, 1);
        const order = value < other ? -1 : value > other ? 1 : 0;
        expect(Math.sign(id.compare(against))).toBe(order);
        expect(Math.sign(id.compareWords(words, 1))).toBe(order);
        expect(id.isMin).toBe(value === 0n);
        expect(id.isMax).toBe(value === 2n ** 128n - 1n);
        expect(id.isLastOfMs).toBe(seq === MAX);
        if (!id.increment()) return;
        expect(show(id)).toBe(`${(value + 1n) >> 64n}-${(value + 1n) & MAX}`);
        expect(id.decrement()).toBeTrue();
        expect(show(id)).toBe(`${ms}-${seq}`);
      }),
    );
    expect(made(0n, 0n).decrement()).toBeFalse();
    expect(made(MAX, MAX).increment()).toBeFalse();
  });

  test("may leave the sequence number out", () => {
    expect(parse("77")).toEqual([INCOMPLETE, "77-0"]);
    expect(parse("77", true)).toEqual([INCOMPLETE, `77-${MAX}`]);
    expect(parse("77-*")).toEqual([OPEN, "77-0"]);
  });

  test("are read with the freedom of C's strtoull", () => {
    expect(parse(" 7-+5")).toEqual([COMPLETE, "7-5"]);
    expect(parse("007-\t08")).toEqual([COMPLETE, "7-8"]);
    expect(parse("7-5\0x")).toEqual([COMPLETE, "7-5"]);
    expect(parse("7--01")).toEqual([COMPLETE, `7-${MAX}`]);
    for (const text of [
      "",
      "-",
      "-5",
      "5-",
      "5--1",
      "5-x",
      "x-5",
      "5 -5",
      "18446744073709551616",
      "1-*x",
      "9".repeat(200),
    ]) {
      expect([text, parse(text)[0]]).toEqual([text, INVALID]);
    }
  });

  test("have a smallest and a greatest one", () => {
    const id = new StreamId();
    expect(parseExtreme(Buffer.from("+"), 0, 1, id)).toBeTrue();
    expect(show(id)).toBe(`${MAX}-${MAX}`);
    expect(parseExtreme(Buffer.from("-"), 0, 1, id)).toBeTrue();
    expect(show(id)).toBe("0-0");
    expect(parseExtreme(Buffer.from("--"), 0, 2, id)).toBeFalse();
  });

  test("come from the time", () => {
    const id = new StreamId();
    id.setMs(1_795_388_547_584);
    expect(show(id)).toBe("1795388547584-0");
  });
});
