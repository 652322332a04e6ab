import { afterEach, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RdbFile } from "../../src/persistence/snapshot/rdb-file.ts";
import { removeScratch, scratch } from "./scratch.ts";

afterEach(removeScratch);

test("a file that is given up twice closes its descriptor once: the number may be another file's by then", () => {
  const dir = scratch();
  const options = { path: join(dir, "dump.rdb"), temporary: join(dir, "temp.rdb"), checksum: true, syncsBits: false };
  const file = new RdbFile(options);
  file.abort();
  const other = openSync(join(dir, "other"), "w");
  file.abort();
  writeSync(other, "still open");
  closeSync(other);
  expect(readFileSync(join(dir, "other"), "utf8")).toBe("still open");
});
