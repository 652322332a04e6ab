import { describe, expect, test } from "bun:test";
import { LzfCompressor } from "../../../src/lib/lzf.ts";
import { KeyWriter } from "../../../src/persistence/rdb/file-writer.ts";
import { applyMarks, MARKS_SCRATCH_BYTES } from "../../../src/persistence/rdb/marks.ts";
import { type Compression, MARK_WORDS, RdbOutput } from "../../../src/persistence/rdb/output.ts";
import { LocalServer } from "../../commands/local-server.ts";
import { everything } from "./dataset.ts";

function bytesOf(out: RdbOutput): Buffer {
  return Buffer.from(out.buf.subarray(0, out.at));
}

function hex(write: (out: RdbOutput) => void, compression: Compression = "never"): string {
  const out = new RdbOutput(compression, () => {}, 1);
  write(out);
  return bytesOf(out).toString("hex");
}

describe("what is written of an RDB file", () => {
  test("lengths take as few bytes as they need", () => {
    const lengths: [number, string][] = [
      [0, "00"],
      [63, "3f"],
      [64, "4040"],
      [16_383, "7fff"],
      [16_384, "8000004000"],
      [2 ** 32 - 1, "80ffffffff"],
      [2 ** 32, "810000000100000000"],
    ];
    for (const [length, wanted] of lengths) expect(hex((out) => out.length(length))).toBe(wanted);
    expect(hex((out) => out.lengthWords(-1, -1))).toBe("81ffffffffffffffff");
    expect(hex((out) => out.lengthWords(0, -1))).toBe("80ffffffff");
  });

  test("strings that are small integers are written as such", () => {
    const texts: [string, string][] = [
      ["0", "c000"],
      ["-128", "c080"],
      ["128", "c18000"],
      ["-32769", "c2ff7fffff"],
      ["2147483647", "c2ffffff7f"],
      ["2147483648", "0a32313437343833363438"],
      ["01", "023031"],
      ["", "00"],
    ];
    for (const [text, wanted] of texts) expect(hex((out) => out.text(text))).toBe(wanted);
  });

  test("what becomes too small is discarded", () => {
    const discarded: (Uint8Array | Int32Array)[] = [];
    const out = new RdbOutput("later", (before) => discarded.push(before), 4);
    const [buf, marks] = [out.buf, out.marks];
    out.u32(1);
    expect(discarded).toEqual([]);
    out.u32(2);
    for (let n = 0; n <= marks.length / MARK_WORDS; n++) out.mark(n, 1);
    expect(discarded).toEqual([buf, marks]);
  });

  test("a string of unknown length moves to where it belongs", () => {
    for (const expected of [0, 63, 64, 20_000, 70_000]) {
      for (const length of [1, 63, 64, 16_384]) {
        const written = hex((out) => {
          const place = out.beginString(expected);
          for (let i = 0; i < length; i++) out.byte(i);
          out.endString(place, expected);
          out.byte(0xee);
        });
        const wanted = hex((out) => {
          out.length(length);
          for (let i = 0; i < length; i++) out.byte(i);
          out.byte(0xee);
        });
        expect(written).toBe(wanted);
      }
    }
  });

  test("a count that turns out large moves what came after it, marks too", () => {
    const out = new RdbOutput("later");
    out.text("a string before that is long enough");
    const place = out.beginCount();
    out.text("a string after it that is long enough");
    out.endCount(place, 20_000);
    expect(out.buf[place]).toBe(0x80);
    const second = out.marks[2]!;
    expect(out.buf[second]).toBe("a string after it that is long enough".length);
    expect(second).toBe(place + 5);
  });

  test("marked strings are compressed to what is written with compression at once", () => {
    const server = new LocalServer();
    const client = server.connect();
    for (const request of everything(11)) client.ask(...request);
    const keys = new KeyWriter(server.keyspace, 10);
    const now = new RdbOutput("now");
    const later = new RdbOutput("later");
    for (const out of [now, later]) for (const db of server.keyspace.databases) keys.writeDatabase(db, out);
    const packed = new Uint8Array(later.at + MARKS_SCRATCH_BYTES);
    const length = applyMarks(new LzfCompressor(), later.buf, later.at, later.marks, later.markCount, packed);
    expect(length).toBeLessThan(later.at);
    expect(Buffer.compare(packed.subarray(0, length), bytesOf(now))).toBe(0);
  });
});
