import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { WriterFile } from "../../src/persistence/aof/append-file.ts";
import { removeScratch, scratch } from "./scratch.ts";

afterEach(removeScratch);

function aside(file: WriterFile, bytes: Uint8Array, start: number, len: number): Promise<number> {
  return new Promise((resolve) => file.appendAside(bytes, start, len, resolve));
}

describe("an append file", () => {
  test("is made with the usual permissions, or gone on with at its end", () => {
    const path = join(scratch(), "file");
    const first = WriterFile.open(path);
    expect(first.size).toBe(0);
    expect(first.append(Buffer.from("..abc.."), 2, 3)).toBe(3);
    first.close();
    expect(statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
    const second = WriterFile.open(path);
    expect(second.size).toBe(3);
    second.append(Buffer.from("def"), 0, 3);
    expect(second.size).toBe(6);
    second.close();
    expect(readFileSync(path, "utf8")).toBe("abcdef");
  });

  test("has pieces of all sizes in the file when append returns", () => {
    const path = join(scratch(), "file");
    const file = WriterFile.open(path);
    const expected: Buffer[] = [];
    fc.assert(
      fc.property(fc.oneof(fc.nat(100), fc.integer({ min: 4000, max: 4200 }), fc.nat(3_000_000)), (bytes) => {
        const piece = Buffer.alloc(bytes, 97 + (expected.length % 26));
        expect(file.append(piece, 0, bytes)).toBe(bytes);
        piece.fill(0);
        expected.push(Buffer.alloc(bytes, 97 + (expected.length % 26)));
        expect(statSync(path).size).toBe(file.size);
      }),
      { numRuns: 60 },
    );
    expect(readFileSync(path).equals(Buffer.concat(expected))).toBe(true);
    file.close();
  });

  test("goes on at its end after it was cut", () => {
    const path = join(scratch(), "file");
    const file = WriterFile.open(path);
    file.append(Buffer.from("abcdef"), 0, 6);
    expect(file.truncate(4)).toBe(true);
    expect(file.size).toBe(4);
    file.append(Buffer.from("xy"), 0, 2);
    file.close();
    expect(readFileSync(path, "utf8")).toBe("abcdxy");
  });

  test("syncs at once or off the main loop", async () => {
    const file = WriterFile.open(join(scratch(), "file"));
    file.append(Buffer.from("abc"), 0, 3);
    expect(file.syncNow()).toBe(true);
    expect(await new Promise<string>((resolve) => file.sync(resolve))).toBe("");
    file.close();
  });

  test("has another thread write pieces of all sizes", async () => {
    const path = join(scratch(), "file");
    const file = WriterFile.open(path);
    const expected: Buffer[] = [];
    for (const bytes of [1, 5000, 3_000_000]) {
      for (const isAside of [true, false]) {
        const piece = Buffer.alloc(bytes + 10, 97 + expected.length);
        const written = isAside ? await aside(file, piece, 5, bytes) : file.append(piece, 5, bytes);
        expect(written).toBe(bytes);
        expect(statSync(path).size).toBe(file.size);
        expected.push(piece.subarray(10));
      }
    }
    file.close();
    expect(readFileSync(path).equals(Buffer.concat(expected))).toBe(true);
  });

  test("may be given the same bytes again, and more, while another thread writes them", async () => {
    const path = join(scratch(), "file");
    const file = WriterFile.open(path);
    file.append(Buffer.from("first "), 0, 6);
    const bytes = Buffer.alloc(5_000_000, "0123456789");
    const written = aside(file, bytes, 0, 4_000_000);
    expect(file.append(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(await written).toBe(4_000_000);
    file.append(Buffer.from(" last"), 0, 5);
    file.close();
    expect(readFileSync(path, "latin1") === `first ${bytes.toString()} last`).toBe(true);
  });

  test("tells what goes wrong in the system's words and throws nothing", async () => {
    const file = WriterFile.open(join(scratch(), "file"));
    file.close();
    expect(file.truncate(0)).toBe(false);
    expect(file.syncNow()).toBe(false);
    expect(file.error).not.toBe("");
    expect(await new Promise<string>((resolve) => file.sync(resolve))).not.toBe("");
  });

  test("is none of a folder, a device, or a path through a file", () => {
    const dir = scratch();
    mkdirSync(join(dir, "folder"));
    writeFileSync(join(dir, "plain"), "");
    expect(() => WriterFile.open(join(dir, "folder"))).toThrow("EISDIR");
    expect(() => WriterFile.open("/dev/null")).toThrow("Not a regular file");
    expect(() => WriterFile.open(join(dir, "plain/x"))).toThrow("ENOTDIR");
  });
});
