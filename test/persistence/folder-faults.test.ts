// What is wrong with a folder: at the start beside redis-server, and while the server runs.
import { afterEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireRedisServer, type Server, startRedis } from "../support/oracle.ts";
import { AofServer, cleanUp, FOLDER } from "./aof-server.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

const NAME = "database.aof";
const BASE = `file ${NAME}.1.base.aof seq 1 type b\n`;
const INCREMENTS = `file ${NAME}.1.incr.aof seq 1 type i\nfile ${NAME}.2.incr.aof seq 2 type i\n`;
const DATA = { base: "1", first: "1", second: "1" };

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
  cleanUp();
});

/** A folder for data with a base and two increments. */
function whole(): string {
  const dir = scratch();
  mkdirSync(join(dir, FOLDER));
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(dir, FOLDER, name), content);
  put(`${NAME}.manifest`, BASE + INCREMENTS);
  put(`${NAME}.1.base.aof`, request("SET", "base", "1"));
  put(`${NAME}.1.incr.aof`, request("SET", "first", "1"));
  put(`${NAME}.2.incr.aof`, request("SET", "second", "1"));
  return dir;
}

type Fault = (folder: string) => void;
const manifest =
  (text: string): Fault =>
  (folder) =>
    writeFileSync(join(folder, `${NAME}.manifest`), text);
const without =
  (part: string): Fault =>
  (folder) =>
    rmSync(join(folder, `${NAME}.${part}`));
const file =
  (part: string, content: string | Uint8Array): Fault =>
  (folder) =>
    writeFileSync(join(folder, `${NAME}.${part}`), content);
const torn = request("SET", "torn", "1").subarray(0, 20);

/** What is wrong, and the line of the log that says so. */
const REFUSED: readonly [string, Fault, string][] = [
  ["no base", without("1.base.aof"), "length. stat: No such file or directory"],
  ["no first increment", without("1.incr.aof"), "length. stat: No such file or directory"],
  ["no last increment", without("2.incr.aof"), "length. stat: No such file or directory"],
  ["an empty manifest", manifest(""), "Found an empty AOF manifest"],
  ["garbage for a manifest", manifest("\x01\xff garbage\n"), "Invalid AOF manifest file format"],
  ["a cut manifest", manifest((BASE + INCREMENTS).slice(0, -10)), "The AOF manifest file contains too long line"],
  ["two bases", manifest(BASE + BASE + INCREMENTS), "Found duplicate base file information"],
  ["an increment twice", manifest(BASE + INCREMENTS + INCREMENTS), "Found a non-monotonic sequence number"],
  [
    "increments out of order",
    manifest(BASE + INCREMENTS.split("\n").reverse().join("\n").trimStart().concat("\n")),
    "Found a non-monotonic sequence number",
  ],
  ["a path for a name", manifest(BASE.replace("file ", "file ../")), "File can't be a path, just a filename"],
  ["an unknown type", manifest(BASE.replace("type b", "type x")), "Unknown AOF file type"],
  [
    "a torn increment that is not the last",
    file("1.incr.aof", torn),
    "Fatal error: the truncated file is not the last file",
  ],
  ["a damaged increment", file("2.incr.aof", "garbage"), "Bad file format reading the append only file"],
  ["an unknown command", file("2.incr.aof", request("NOSUCH")), "Unknown command"],
];

const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(dir, FOLDER)).map((name) => [name, readFileSync(join(dir, FOLDER, name), "hex")]),
  );

describe("a start over a folder with", () => {
  test.each(REFUSED)("%s is refused with a reason, and nothing is changed", async (_what, fault, words) => {
    const dir = whole();
    fault(join(dir, FOLDER));
    const before = contents(dir);
    expect(await new AofServer(dir).load()).toContain(words);
    expect(contents(dir)).toEqual(before);
  });

  test.skipIf(requireRedisServer() === undefined)("each of them is refused in redis-server's words", async () => {
    for (const [what, fault, words] of REFUSED) {
      const dir = whole();
      fault(join(dir, FOLDER));
      const log = await refusal(dir);
      expect({ what, hasWords: log.includes(words), log }).toEqual({ what, hasWords: true, log });
    }
  });

  test("a file that nobody knows is done, and leaves that alone", async () => {
    const dir = whole();
    writeFileSync(join(dir, FOLDER, `${NAME}.7.incr.aof`), "unknown");
    writeFileSync(join(dir, FOLDER, "unknown"), "unknown");
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings()).toEqual(DATA);
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    expect(contents(dir)).toMatchObject({ unknown: Buffer.from("unknown").toString("hex") });
    expect(contents(dir)[`${NAME}.7.incr.aof`]).toBe(Buffer.from("unknown").toString("hex"));
  });
});

/** What redis-server prints that does not start there. */
async function refusal(dir: string): Promise<string> {
  const args = ["--appendonly", "yes", "--appendfilename", NAME];
  const server: Server = await startRedis(args, { dir, awaitReady: false });
  while (server.running()) await new Promise<void>((resolve) => setImmediate(resolve));
  return server.log();
}

describe("a rewrite over a folder that has lost something since the start:", () => {
  const faults: readonly [string, Fault][] = [
    ["the manifest", without("manifest")],
    ["the base", without("1.base.aof")],
    ["an increment", without("1.incr.aof")],
    ["the increment that is written to", without("2.incr.aof")],
    ["the sense of the manifest", manifest("garbage")],
    ["the order of the manifest", manifest(BASE + INCREMENTS + BASE)],
  ];
  test.each(faults)("%s: leaves all the data to the next start", async (_what, fault) => {
    const dir = whole();
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    aof.say("SET later 1");
    fault(join(dir, FOLDER));
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    aof.say("SET last 1");
    expect(aof.server.persistence.figures["aof_last_bgrewrite_status"]).toBe("ok");
    const again = new AofServer(dir);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual({ ...DATA, later: "1", last: "1" });
  });

  test("all of it: a new folder is made", async () => {
    const dir = whole();
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    rmSync(join(dir, FOLDER), { recursive: true });
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    const again = new AofServer(dir);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual(DATA);
  });
});

/** Lets nobody write to a folder, if that is possible here. */
function madeReadOnly(dir: string): boolean {
  if (process.getuid!() !== 0) {
    chmodSync(dir, 0o555);
    undo.push(() => chmodSync(dir, 0o755));
    return true;
  }
  // Root may write whatever the mode says, but not to a file system that is read-only.
  if (spawnSync("mount", ["--bind", dir, dir]).status !== 0) return false;
  undo.push(() => spawnSync("umount", ["--lazy", dir]));
  return spawnSync("mount", ["-o", "remount,bind,ro", dir]).status === 0;
}

const DENIED = /Read-only file system|Permission denied/;

describe("a folder that can't be written to", () => {
  test("stops a start with the append-only file, with the reason, and is left as it is", async () => {
    const dir = whole();
    const before = contents(dir);
    if (!madeReadOnly(dir)) return;
    expect(await new AofServer(dir).load()).toMatch(DENIED);
    expect(contents(dir)).toEqual(before);
  });

  test("stops a first start, too", async () => {
    const dir = scratch();
    if (!madeReadOnly(dir)) return;
    const reason = await new AofServer(dir).load();
    expect(reason).toMatch(DENIED);
    expect(reason).toStartWith(`Can't open or create append-only dir ${FOLDER}: `);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("is read; SAVE, BGSAVE, BGREWRITEAOF and switching the file on fail with the reason, and the server goes on", async () => {
    const dir = scratch();
    const first = new AofServer(dir, { appendonly: "no" });
    first.say("SET a 1");
    first.say("SAVE");
    const dump = readFileSync(join(dir, "dump.rdb"));
    if (!madeReadOnly(dir)) return;
    const aof = new AofServer(dir, { appendonly: "no" });
    expect(await aof.load()).toBeUndefined();
    const lastLine = () => aof.log.lines.findLast((line) => DENIED.test(line));
    expect(aof.say("SAVE")).toBe("-ERR\r\n");
    expect(lastLine()).toStartWith(
      `Failed opening the temp RDB file temp-${process.pid}.rdb (in server root dir ${dir})`,
    );
    aof.say("BGSAVE");
    while (aof.server.snapshots.isBusy) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(aof.say("INFO persistence")).toContain("rdb_last_bgsave_status:err");
    expect(lastLine()).toStartWith(`Failed opening the temp RDB file temp-${process.pid}.1.rdb`);
    expect(aof.say("BGREWRITEAOF")).toStartWith("-ERR");
    expect(lastLine()).toStartWith(`Can't open or create append-only dir ${FOLDER}: `);
    expect(aof.config.set([["appendonly", "yes"]])).toContain("Unable to turn on AOF. Check server logs.");
    expect(aof.say("SET a 2")).toBe("+OK\r\n");
    expect(aof.strings()).toEqual({ a: "2" });
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
    expect(readFileSync(join(dir, "dump.rdb")).equals(dump)).toBe(true);
  });

  test("while the append-only file is written: a rewrite fails, writes go on, and nothing is lost", async () => {
    const dir = whole();
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    if (!madeReadOnly(dir)) return;
    expect(aof.say("BGREWRITEAOF")).toStartWith("-ERR");
    expect(aof.say("SET later 1")).toBe("+OK\r\n");
    expect(aof.server.persistence.figures["aof_last_bgrewrite_status"]).toBe("err");
    expect(aof.log.lines.some((line) => DENIED.test(line))).toBe(true);
    const copy = scratch();
    cpSync(dir, copy, { recursive: true });
    const again = new AofServer(copy);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual({ ...DATA, later: "1" });
    for (const one of undo.splice(0)) one();
    expect(aof.say("BGREWRITEAOF")).toContain("started");
    await aof.rewritten();
    expect(aof.server.persistence.figures["aof_last_bgrewrite_status"]).toBe("ok");
  });
});
