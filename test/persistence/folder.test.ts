import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "../../src/lib/clock.ts";
import { AofFolder } from "../../src/persistence/aof/folder.ts";
import { CapturedLog } from "./captured-log.ts";
import { request } from "./requests.ts";
import { removeScratch, scratch } from "./scratch.ts";

afterEach(removeScratch);

const SET = request("SET", "a", "1");
const MANIFEST = "aofdir/database.aof.manifest";
const BASE = "file database.aof.1.base.aof seq 1 type b\n";
const INCR = "file database.aof.1.incr.aof seq 1 type i\n";

/** A folder for data with these files in it. */
function setUp(files: Record<string, string | Uint8Array> = {}) {
  const dir = scratch();
  for (const [name, content] of Object.entries(files)) {
    if (name.includes("/")) mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  const log = new CapturedLog(new ManualClock());
  const folder = new AofFolder(dir, "aofdir", "database.aof", log);
  const text = (name: string) => readFileSync(join(dir, name), "latin1");
  const names = () => readdirSync(join(dir, "aofdir")).sort();
  return { dir, folder, log, text, names };
}

function openAndClose(folder: AofFolder): void {
  folder.read();
  folder.open().close();
}

describe("the folder of the append-only file", () => {
  test("is made at the first start, with an empty base file and an increment", () => {
    const { folder, log, text, names } = setUp();
    openAndClose(folder);
    expect(names()).toEqual(["database.aof.1.base.aof", "database.aof.1.incr.aof", "database.aof.manifest"]);
    expect(text(MANIFEST)).toBe(BASE + INCR);
    expect(log.lines).toEqual([
      "Creating AOF base file database.aof.1.base.aof on server start",
      "Creating AOF incr file database.aof.1.incr.aof on server start",
    ]);
  });

  test("is gone on with at the next start", () => {
    const { folder, log, text } = setUp({
      [MANIFEST]: BASE + INCR,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": SET,
    });
    folder.read();
    const file = folder.open();
    file.append(SET, 0, SET.length);
    file.close();
    expect(text("aofdir/database.aof.1.incr.aof")).toBe(SET.toString().repeat(2));
    expect(log.lines).toEqual(["Opening AOF incr file database.aof.1.incr.aof on server start"]);
  });

  test("gets an increment with the next number when there is only a base file", () => {
    const { folder, text } = setUp({
      [MANIFEST]: `${BASE}file database.aof.4.incr.aof seq 4 type h\n`,
      "aofdir/database.aof.1.base.aof": SET,
    });
    openAndClose(folder);
    expect(text(MANIFEST)).toContain("file database.aof.5.incr.aof seq 5 type i\n");
  });

  test("takes over the one file of an older Redis", () => {
    const { dir, folder, log, text } = setUp({ "database.aof": SET });
    folder.read();
    expect(folder.files.map((file) => file.name)).toEqual(["database.aof"]);
    expect(existsSync(join(dir, "database.aof"))).toBe(false);
    expect(text("aofdir/database.aof")).toBe(SET.toString());
    expect(text(MANIFEST)).toBe("file database.aof seq 1 type b\n");
    expect(log.lines).toEqual([
      "Successfully migrated an old-style AOF file (database.aof) into the AOF directory (aofdir).",
    ]);
    folder.open().close();
    expect(text(MANIFEST)).toBe(`file database.aof seq 1 type b\n${INCR}`);
  });

  test("ends a take-over that was interrupted before the file was moved", () => {
    const { folder, text } = setUp({ "database.aof": SET, [MANIFEST]: "file database.aof seq 1 type b\n" });
    folder.read();
    expect(text("aofdir/database.aof")).toBe(SET.toString());
  });

  test("leaves an old file alone when the manifest lists others", () => {
    const { dir, folder } = setUp({
      "database.aof": SET,
      [MANIFEST]: BASE + INCR,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": "",
    });
    folder.read();
    expect(folder.files).toHaveLength(2);
    expect(existsSync(join(dir, "database.aof"))).toBe(true);
  });

  test("without its manifest is not started over when there is data in it", () => {
    for (const name of ["database.aof.3.base.aof", "database.aof.12.incr.aof"]) {
      const { folder, text } = setUp({ [`aofdir/${name}`]: SET });
      expect(() => folder.read()).toThrow(`there is data in aofdir/${name}`);
      expect(text(`aofdir/${name}`)).toBe(SET.toString());
    }
    const both = setUp({ "aofdir/database.aof.1.incr.aof": SET, "database.aof": SET });
    expect(() => both.folder.read()).toThrow("there is data in");
  });

  test("is started over after a first start that was interrupted before there was a manifest", () => {
    const { folder, text } = setUp({ "aofdir/database.aof.1.base.aof": "", "aofdir/database.aof.1.incr.aof": "" });
    openAndClose(folder);
    expect(text(MANIFEST)).toBe(BASE + INCR);
  });

  test("does not care for other files in it", () => {
    const { folder, names } = setUp({ "aofdir/other.aof.1.base.aof": SET, "aofdir/notes.txt": "x" });
    openAndClose(folder);
    expect(names()).toContain("other.aof.1.base.aof");
  });

  test("that is no folder is an error in redis-server's words", () => {
    const { folder } = setUp({ aofdir: "" });
    expect(() => openAndClose(folder)).toThrow("Can't open or create append-only dir aofdir: Not a directory");
  });

  test("lacks a file that the manifest lists: an error in redis-server's words", () => {
    const { folder } = setUp({ [MANIFEST]: BASE + INCR, "aofdir/database.aof.1.base.aof": "" });
    folder.read();
    expect(() => folder.files.map((file) => folder.sizeOf(file))).toThrow(
      "Unable to obtain the AOF file database.aof.1.incr.aof length. stat: No such file or directory",
    );
  });

  test("has an increment that is no file: an error", () => {
    const { dir, folder } = setUp({ [MANIFEST]: BASE + INCR, "aofdir/database.aof.1.base.aof": "" });
    mkdirSync(join(dir, "aofdir/database.aof.1.incr.aof"));
    folder.read();
    expect(() => folder.open()).toThrow("Can't open the append-only file database.aof.1.incr.aof: Is a directory");
  });

  test("has its history removed, from the manifest too", async () => {
    const { dir, folder, log, text } = setUp({
      [MANIFEST]: `${BASE}file old.aof seq 1 type h\nfile gone.aof seq 2 type h\n${INCR}`,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": "",
      "aofdir/old.aof": SET,
    });
    folder.read();
    folder.removeHistory();
    expect(text(MANIFEST)).toBe(BASE + INCR);
    expect(log.lines[0]).toBe("Removing the history file old.aof in the background");
    while (existsSync(join(dir, "aofdir/old.aof"))) await new Promise((resolve) => setImmediate(resolve));
    expect(log.lines).toHaveLength(2);
  });

  test("can be started anew: what was there becomes history", () => {
    const { folder, text } = setUp({
      [MANIFEST]: BASE + INCR,
      "aofdir/database.aof.1.base.aof": SET,
      "aofdir/database.aof.1.incr.aof": SET,
    });
    folder.read();
    folder.openAnew().close();
    expect(text(MANIFEST)).toBe(
      "file database.aof.2.base.aof seq 2 type b\n" +
        "file database.aof.1.base.aof seq 1 type h\nfile database.aof.1.incr.aof seq 1 type h\n" +
        "file database.aof.2.incr.aof seq 2 type i\n",
    );
    expect(text("aofdir/database.aof.2.base.aof")).toBe("");
  });

  test("keeps names that are not ASCII", () => {
    const { dir, log } = setUp({});
    const folder = new AofFolder(dir, "aofdir", "données.aof", log);
    openAndClose(folder);
    expect(readdirSync(join(dir, "aofdir"))).toContain("données.aof.1.incr.aof");
    const again = new AofFolder(dir, "aofdir", "données.aof", log);
    again.read();
    expect(again.files.map((file) => again.sizeOf(file))).toEqual([0, 0]);
  });
});
