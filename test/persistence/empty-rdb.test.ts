import { describe, expect, test } from "bun:test";
import { emptyRdbEnd, isRdb } from "../../src/persistence/aof/empty-rdb.ts";

/** The base file of a new folder of redis-server 7.0.15, with and without its checksum. */
const WHOLE = Buffer.from(
  "524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040fa056374696d65c2ca51036bfa08" +
    "757365642d6d656dc2905f0d00fa08616f662d62617365c001ff64ec0451776768e5",
  "hex",
);
const EMPTY = WHOLE.subarray(0, -8);
const ZERO_CHECKSUM = Buffer.alloc(8);

describe("an empty snapshot", () => {
  test("is known by its name and its fields", () => {
    expect(isRdb(WHOLE)).toBe(true);
    expect(emptyRdbEnd(WHOLE)).toBe(WHOLE.length);
    expect(emptyRdbEnd(Buffer.concat([WHOLE, Buffer.from("*1\r\n")]))).toBe(WHOLE.length);
  });

  test("may have been written without a checksum", () => {
    expect(emptyRdbEnd(Buffer.concat([EMPTY, ZERO_CHECKSUM]))).toBe(WHOLE.length);
  });

  test("of a version without checksum ends with its last code", () => {
    expect(emptyRdbEnd(Buffer.from("REDIS0003\xff", "latin1"))).toBe(10);
  });

  test("may have fields of any length", () => {
    const field = (header: number[], n: number) => [...header, ...new Array(n).fill(97)];
    const fields = [
      ...[0xfa, ...field([5], 5), ...field([0x41, 0x2c], 300)],
      ...[0xfa, ...field([0x80, 0, 1, 0, 0], 65536), 0xc1, 1, 2],
    ];
    const file = Buffer.from([...Buffer.from("REDIS0011"), ...fields, 0xff, ...ZERO_CHECKSUM]);
    expect(emptyRdbEnd(file)).toBe(file.length);
  });

  test("is not one that holds keys, is cut, damaged or something else", () => {
    for (let length = 0; length < WHOLE.length; length++)
      expect(emptyRdbEnd(WHOLE.subarray(0, length))).toBeUndefined();
    const withKey = Buffer.from("REDIS0010\xfe\0\xfb\x01\0\0\x01a\x01b\xff\0\0\0\0\0\0\0\0", "latin1");
    expect(emptyRdbEnd(withKey)).toBeUndefined();
    const wrongChecksum = Buffer.from(WHOLE);
    wrongChecksum[WHOLE.length - 1] = 1;
    expect(emptyRdbEnd(wrongChecksum)).toBeUndefined();
    expect(isRdb(Buffer.from("*1\r\n$4\r\nPING\r\n"))).toBe(false);
  });
});
