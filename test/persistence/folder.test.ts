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

async function openAndClose(folder: AofFolder): Promise<void> {
  await folder.readToLoad();
  (await folder.open()).close();
}

describe("the folder of the append-only file", () => {
  test("is made at the first start, with an empty base file and an increment", async () => {
    const { folder, log, text, names } = setUp();
    await openAndClose(folder);
    expect(names()).toEqual(["database.aof.1.base.aof", "database.aof.1.incr.aof", "database.aof.manifest"]);
    expect(text(MANIFEST)).toBe(BASE + INCR);
    expect(log.lines).toEqual([
      "Creating AOF base file database.aof.1.base.aof on server start",
      "Creating AOF incr file database.aof.1.incr.aof on server start",
    ]);
  });

  test("is gone on with at the next start", async () => {
    const { folder, log, text } = setUp({
      [MANIFEST]: BASE + INCR,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": SET,
    });
    await folder.readToLoad();
    const file = await folder.open();
    file.append(SET, 0, SET.length);
    file.close();
    expect(text("aofdir/database.aof.1.incr.aof")).toBe(SET.toString().repeat(2));
    expect(log.lines).toEqual(["Opening AOF incr file database.aof.1.incr.aof on server start"]);
  });

  test("gets an increment with the next number when there is only a base file", async () => {
    const { folder, text } = setUp({
      [MANIFEST]: `${BASE}file database.aof.4.incr.aof seq 4 type h\n`,
      "aofdir/database.aof.1.base.aof": SET,
    });
    await openAndClose(folder);
    expect(text(MANIFEST)).toContain("file database.aof.5.incr.aof seq 5 type i\n");
  });

  test("takes over the one file of an older Redis", async () => {
    const { dir, folder, log, text } = setUp({ "database.aof": SET });
    await folder.readToLoad();
    expect(folder.files.map((file) => file.name)).toEqual(["database.aof"]);
    expect(existsSync(join(dir, "database.aof"))).toBe(false);
    expect(text("aofdir/database.aof")).toBe(SET.toString());
    expect(text(MANIFEST)).toBe("file database.aof seq 1 type b\n");
    expect(log.lines).toEqual([
      "Successfully migrated an old-style AOF file (database.aof) into the AOF directory (aofdir).",
    ]);
    (await folder.open()).close();
    expect(text(MANIFEST)).toBe(`file database.aof seq 1 type b\n${INCR}`);
  });

  test("ends a take-over that was interrupted before the file was moved", async () => {
    const { folder, text } = setUp({ "database.aof": SET, [MANIFEST]: "file database.aof seq 1 type b\n" });
    await folder.readToLoad();
    expect(text("aofdir/database.aof")).toBe(SET.toString());
  });

  test("leaves an old file alone when the manifest lists others", async () => {
    const { dir, folder } = setUp({
      "database.aof": SET,
      [MANIFEST]: BASE + INCR,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": "",
    });
    await folder.readToLoad();
    expect(folder.files).toHaveLength(2);
    expect(existsSync(join(dir, "database.aof"))).toBe(true);
  });

  test("without its manifest is not started over when there is data in it", async () => {
    for (const name of ["database.aof.3.base.aof", "database.aof.12.incr.aof"]) {
      const { folder, text } = setUp({ [`aofdir/${name}`]: SET });
      await expect(folder.readToLoad()).rejects.toThrow(`there is data in aofdir/${name}`);
      expect(text(`aofdir/${name}`)).toBe(SET.toString());
    }
    const both = setUp({ "aofdir/database.aof.1.incr.aof": SET, "database.aof": SET });
    await expect(both.folder.readToLoad()).rejects.toThrow("there is data in");
  });

  test("is started over after a first start that was interrupted before there was a manifest", async () => {
    const { folder, text } = setUp({ "aofdir/database.aof.1.base.aof": "", "aofdir/database.aof.1.incr.aof": "" });
    await openAndClose(folder);
    expect(text(MANIFEST)).toBe(BASE + INCR);
  });

  test("does not care for other files in it", async () => {
    const { folder, names } = setUp({ "aofdir/other.aof.1.base.aof": SET, "aofdir/notes.txt": "x" });
    await openAndClose(folder);
    expect(names()).toContain("other.aof.1.base.aof");
  });

  test("that is no folder is an error in redis-server's words", async () => {
    const { folder } = setUp({ aofdir: "" });
    await expect(openAndClose(folder)).rejects.toThrow("Can't open or create append-only dir aofdir: Not a directory");
  });

  test("lacks a file that the manifest lists: an error in redis-server's words", async () => {
    const { folder } = setUp({ [MANIFEST]: BASE + INCR, "aofdir/database.aof.1.base.aof": "" });
    await folder.readToLoad();
    expect(() => folder.files.map((file) => folder.sizeOf(file))).toThrow(
      "Unable to obtain the AOF file database.aof.1.incr.aof length. stat: No such file or directory",
    );
  });

  test("has an increment that is no file: an error", async () => {
    const { dir, folder } = setUp({ [MANIFEST]: BASE + INCR, "aofdir/database.aof.1.base.aof": "" });
    mkdirSync(join(dir, "aofdir/database.aof.1.incr.aof"));
    await folder.readToLoad();
    await expect(folder.open()).rejects.toThrow(
      "Can't open the append-only file database.aof.1.incr.aof: Is a directory",
    );
  });

  test("has its history removed, from the manifest too", async () => {
    const { dir, folder, log, text } = setUp({
      [MANIFEST]: `${BASE}file old.aof seq 1 type h\nfile gone.aof seq 2 type h\n${INCR}`,
      "aofdir/database.aof.1.base.aof": "",
      "aofdir/database.aof.1.incr.aof": "",
      "aofdir/old.aof": SET,
    });
    await folder.readToLoad();
    await folder.removeHistory();
    expect(text(MANIFEST)).toBe(BASE + INCR);
    expect(log.lines[0]).toBe("Removing the history file old.aof in the background");
    expect(existsSync(join(dir, "aofdir/old.aof"))).toBe(false);
    expect(log.lines).toHaveLength(2);
  });

  test("keeps names that are not ASCII", async () => {
    const { dir, log } = setUp({});
    const folder = new AofFolder(dir, "aofdir", "données.aof", log);
    await openAndClose(folder);
    expect(readdirSync(join(dir, "aofdir"))).toContain("données.aof.1.incr.aof");
    const again = new AofFolder(dir, "aofdir", "données.aof", log);
    again.read();
    expect(again.files.map((file) => again.sizeOf(file))).toEqual([0, 0]);
  });
});
