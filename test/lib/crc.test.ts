import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Crc64 } from "../../src/lib/crc.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

/** CRC-64/Jones bit by bit, from its definition. */
function naiveCrc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

describe("Crc64", () => {
  test("gives the published check value", () => {
    const crc = new Crc64();
    const { buf, start, len } = placed("123456789");
    crc.update(buf, start, len);
    expect(crc.value()).toBe(0xe9c6d914c4b8d9can);
    crc.reset();
    expect(crc.value()).toBe(0n);
  });

  test("gives what ends the DUMP payloads of redis-server", () => {
    for (const [text, wanted] of readAnswers<[string, string]>("crc64")) {
      const { buf, start, len } = placed(text);
      const crc = new Crc64();
      crc.update(buf, start, len);
      const out = new Uint8Array(10);
      crc.writeTo(out, 1);
      expect(Buffer.from(out.subarray(1, 9)).toString("hex")).toBe(wanted);
      expect(crc.equals(out, 1)).toBe(true);
      expect(crc.equals(out, 0)).toBe(false);
    }
  });

  test("does not depend on how the bytes are divided", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(), (bytes, one, other) => {
        const [first, second] = [one % (bytes.length + 1), other % (bytes.length + 1)].sort((a, b) => a - b);
        const crc = new Crc64();
        crc.update(bytes, 0, first);
        crc.update(bytes, first, second - first);
        crc.update(bytes, second, bytes.length - second);
        return crc.value() === naiveCrc64(bytes);
      }),
    );
  });
});
