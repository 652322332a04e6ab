import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeFile } from "../../src/persistence/rdb/file-writer.ts";
import { RdbOutput } from "../../src/persistence/rdb/output.ts";
import type { SnapshotJob, SnapshotRequest } from "../../src/persistence/snapshot/snapshots.ts";
import { AofServer, aofFolder, cleanUp, FOLDER } from "./aof-server.ts";
import { type Fault, FaultyCalls } from "./faulty-calls.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

const STARTED = "+Background append only file rewriting started\r\n";
const SCHEDULED = "+Background append only file rewriting scheduled\r\n";

async function start(settings: Record<string, string> = {}, dir = scratch(), calls?: FaultyCalls): Promise<AofServer> {
  const aof = new AofServer(dir, settings, calls);
  expect(await aof.load()).toBeUndefined();
  return aof;
}

const names = (dir: string) => readdirSync(join(dir, FOLDER)).sort();
const manifest = (dir: string) => readFileSync(join(dir, FOLDER, "database.aof.manifest"), "utf8");
const figure = (aof: AofServer, name: string) => aof.server.persistence.figures[name];

/** What a server that is started over the folder has. */
async function reloaded(dir: string): Promise<Record<string, string>> {
  const again = new AofServer(dir);
  expect(await again.load()).toBeUndefined();
  await again.rewritten();
  return again.strings();
}

describe("BGREWRITEAOF", () => {
  test("leaves a base with the data and an increment with what came after it", async () => {
    const aof = await start();
    for (const line of ["SET a 1", "SET b 2", "DEL a"]) aof.say(line);
    expect(aof.say("BGREWRITEAOF")).toBe(STARTED);
    aof.say("SET c 3");
    expect(figure(aof, "aof_rewrite_in_progress")).toBe(1);
    expect(aof.say("BGREWRITEAOF")).toBe("-ERR Background append only file rewriting already in progress\r\n");
    await aof.rewritten();
    aof.say("SET d 4");
    expect(manifest(aof.dir)).toBe(
      "file database.aof.2.base.rdb seq 2 type b\nfile database.aof.2.incr.aof seq 2 type i\n",
    );
    expect(names(aof.dir)).toEqual(["database.aof.2.base.rdb", "database.aof.2.incr.aof", "database.aof.manifest"]);
    expect(readdirSync(aof.dir)).toEqual([FOLDER]);
    expect(await reloaded(aof.dir)).toEqual({ b: "2", c: "3", d: "4" });
  });

  test("says in the log and in INFO what it does, in redis-server's words", async () => {
    const aof = await start();
    aof.say("SET a 1");
    aof.log.lines.length = 0;
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    const { pid } = process;
    expect(aof.log.lines).toEqual([
      "Creating AOF incr file database.aof.2.incr.aof on background rewrite",
      `Background append only file rewriting started by pid ${pid}`,
      `Successfully created the temporary AOF base file temp-rewriteaof-bg-${pid}.aof`,
      "Background AOF rewrite terminated with success",
      `Successfully renamed the temporary AOF base file temp-rewriteaof-bg-${pid}.aof into database.aof.2.base.rdb`,
      "Background AOF rewrite finished successfully",
      "Removing the history file database.aof.1.base.aof in the background",
      "Removing the history file database.aof.1.incr.aof in the background",
    ]);
    expect(aof.server.persistence.figures).toMatchObject({
      aof_rewrite_in_progress: 0,
      aof_last_rewrite_time_sec: 0,
      aof_last_bgrewrite_status: "ok",
      aof_rewrites: 1,
    });
    expect(figure(aof, "aof_current_size")).toBe(figure(aof, "aof_base_size")!);
  });

  test("waits for the end of a transaction, and for a snapshot", async () => {
    const aof = await start();
    for (const line of ["MULTI", "SET a 1", "BGREWRITEAOF", "SET a 2"]) aof.say(line);
    expect(aof.say("EXEC")).toContain(SCHEDULED);
    expect(figure(aof, "aof_rewrite_scheduled")).toBe(1);
    aof.server.persistence.watch();
    expect(figure(aof, "aof_rewrite_scheduled")).toBe(0);
    await aof.rewritten();
    aof.say("BGSAVE");
    expect(aof.say("BGREWRITEAOF")).toBe(SCHEDULED);
    aof.server.persistence.watch();
    expect(figure(aof, "aof_rewrites")).toBe(1);
    while (aof.server.snapshots.isBusy) await new Promise<void>((resolve) => setImmediate(resolve));
    aof.server.persistence.watch();
    await aof.rewritten();
    expect(figure(aof, "aof_rewrites")).toBe(2);
    expect(existsSync(join(aof.dir, "dump.rdb"))).toBe(true);
    expect(await reloaded(aof.dir)).toEqual({ a: "2" });
  });

  test("writes the data while the AOF is off", async () => {
    const aof = await start({ appendonly: "no" });
    aof.say("SET a 1");
    expect(aof.say("BGREWRITEAOF")).toBe(STARTED);
    await aof.rewritten();
    expect(manifest(aof.dir)).toBe("file database.aof.1.base.rdb seq 1 type b\n");
    expect(await reloaded(aof.dir)).toEqual({ a: "1" });
  });

  test("leaves what DEBUG LOADAOF loads, also while the AOF is off", async () => {
    const aof = await start({ appendonly: "no" });
    aof.say("SET a 1");
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    aof.say("FLUSHALL");
    expect(await aof.server.persistence.reload()).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
    expect(aof.server.journal).toBeUndefined();
  });

  test("is refused when there can be no folder", async () => {
    const aof = await start({ appendonly: "no" });
    writeFileSync(join(aof.dir, FOLDER), "");
    expect(aof.say("BGREWRITEAOF")).toContain("-ERR Can't execute an AOF background rewriting.");
    expect(figure(aof, "aof_last_bgrewrite_status")).toBe("err");
  });

  test("keeps the history when that is wanted", async () => {
    const aof = await start({ "aof-disable-auto-gc": "yes" });
    aof.say("SET a 1");
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    expect(manifest(aof.dir)).toContain("file database.aof.1.incr.aof seq 1 type h\n");
    expect(names(aof.dir)).toContain("database.aof.1.incr.aof");
  });

  test("is ended by CONFIG SET appendonly no", async () => {
    const aof = await start();
    aof.say("SET a 1");
    aof.say("BGREWRITEAOF");
    aof.config.set([["appendonly", "no"]]);
    expect(figure(aof, "aof_rewrite_in_progress")).toBe(0);
    await aof.rewritten();
    expect(await reloaded(aof.dir)).toEqual({ a: "1" });
  });

  test("writes each base to a temporary file of its own: a thread that was given up may make its file late", async () => {
    const aof = await start();
    const { snapshots } = aof.server;
    const files: string[] = [];
    const startSnapshot = snapshots.start.bind(snapshots);
    snapshots.start = (request) => {
      files.push(request.temporary);
      return startSnapshot(request);
    };
    for (let i = 0; i < 3; i++) {
      aof.say("BGREWRITEAOF");
      await aof.rewritten();
    }
    expect(new Set(files).size).toBe(3);
  });

  test("can be tried again after a failure of which nobody has thought", async () => {
    const aof = await start();
    aof.say("SET a 1");
    const path = join(aof.dir, FOLDER, "database.aof.2.incr.aof");
    symlinkSync(path, path);
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    expect(figure(aof, "aof_last_bgrewrite_status")).toBe("err");
    expect(aof.log.lines.at(-1)).toContain("ELOOP");
    unlinkSync(path);
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    expect(figure(aof, "aof_last_bgrewrite_status")).toBe("ok");
    expect(await reloaded(aof.dir)).toEqual({ a: "1" });
  });

  test("passes over the names of files that no manifest lists", async () => {
    const dir = aofFolder(request("SET", "a", "1"), { "database.aof.2.incr.aof": request("SET", "x", "1") });
    const aof = await start({}, dir);
    aof.say("BGREWRITEAOF");
    await aof.rewritten();
    expect(manifest(dir)).toContain("file database.aof.3.incr.aof seq 3 type i\n");
    expect(await reloaded(dir)).toEqual({ a: "1" });
    expect(readFileSync(join(dir, FOLDER, "database.aof.2.incr.aof")).equals(request("SET", "x", "1"))).toBe(true);
  });
});

describe("automatic rewriting", () => {
  test("starts when the file has grown by so many percent, and is large enough", async () => {
    const aof = await start({ "auto-aof-rewrite-percentage": "100", "auto-aof-rewrite-min-size": "1000" });
    const grow = (bytes: number) => {
      while (Number(figure(aof, "aof_current_size")) < bytes) aof.say("SET a 1");
      aof.server.persistence.watch();
    };
    grow(900);
    expect(figure(aof, "aof_rewrites")).toBe(0);
    grow(1001);
    expect(figure(aof, "aof_rewrites")).toBe(1);
    expect(aof.log.lines.join("\n")).toMatch(/Starting automatic rewriting of AOF on \d+% growth/);
    await aof.rewritten();
    const base = Number(figure(aof, "aof_base_size"));
    aof.config.set([["auto-aof-rewrite-min-size", "0"]]);
    grow(base * 2 - 30);
    expect(figure(aof, "aof_rewrites")).toBe(1);
    aof.config.set([["auto-aof-rewrite-percentage", "0"]]);
    grow(base * 3);
    expect(figure(aof, "aof_rewrites")).toBe(1);
    aof.config.set([["auto-aof-rewrite-percentage", "50"]]);
    aof.server.persistence.watch();
    expect(figure(aof, "aof_rewrites")).toBe(2);
  });

  test("makes longer and longer pauses after failures, and none after BGREWRITEAOF", async () => {
    const aof = await start({ "auto-aof-rewrite-percentage": "1", "auto-aof-rewrite-min-size": "0" });
    aof.say("SET a 1");
    aof.server.snapshots.start = () => {
      throw new Error("no");
    };
    const tries = async (ms: number) => {
      const before = Number(figure(aof, "aof_rewrites"));
      aof.clock.advance(ms);
      aof.server.persistence.watch();
      await aof.rewritten();
      return Number(figure(aof, "aof_rewrites")) - before;
    };
    for (let i = 0; i < 3; i++) expect(await tries(100)).toBe(1);
    expect(figure(aof, "aof_rewrites_consecutive_failures")).toBe(3);
    expect(figure(aof, "aof_last_bgrewrite_status")).toBe("err");
    expect(await tries(0)).toBe(0);
    expect(aof.log.lines.at(-1)).toBe(
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in 1 minutes",
    );
    expect(await tries(59_000)).toBe(0);
    expect(await tries(1000)).toBe(1);
    expect(await tries(0)).toBe(0);
    expect(aof.log.lines.at(-1)).toContain("will retry in 2 minutes");
    aof.say("MULTI");
    aof.say("BGREWRITEAOF");
    aof.say("EXEC");
    expect(await tries(0)).toBe(1);
  });
});

describe("CONFIG SET appendonly yes", () => {
  test("writes the data to the files; until then they are not used", async () => {
    const aof = await start({ appendonly: "no" });
    aof.say("SET a 1");
    expect(aof.config.set([["appendonly", "yes"]])).toBeUndefined();
    expect(aof.server.persistence.state).toBe("waiting");
    aof.say("SET b 2");
    await aof.rewritten();
    expect(aof.server.persistence.state).toBe("on");
    aof.say("SET c 3");
    expect(names(aof.dir)).toEqual(["database.aof.1.base.rdb", "database.aof.1.incr.aof", "database.aof.manifest"]);
    expect(await reloaded(aof.dir)).toEqual({ a: "1", b: "2", c: "3" });
  });

  test("waits for the end of a transaction", async () => {
    const aof = await start({ appendonly: "no" });
    for (const line of ["MULTI", "SET a 1", "CONFIG SET appendonly yes", "SET a 2", "EXEC", "SET b 1"]) aof.say(line);
    expect(figure(aof, "aof_rewrite_scheduled")).toBe(1);
    aof.server.persistence.watch();
    await aof.rewritten();
    expect(await reloaded(aof.dir)).toEqual({ a: "2", b: "1" });
  });

  test("can be taken back at once, and taken back again", async () => {
    const aof = await start({ appendonly: "no" });
    aof.say("SET a 1");
    for (const on of ["yes", "no", "yes", "no", "yes"]) expect(aof.config.set([["appendonly", on]])).toBeUndefined();
    await aof.rewritten();
    aof.say("SET b 1");
    expect(await reloaded(aof.dir)).toEqual({ a: "1", b: "1" });
  });

  test("is tried again after a failure, and SHUTDOWN refuses until then", async () => {
    const aof = await start({ appendonly: "no" });
    aof.say("SET a 1");
    const { snapshots, persistence } = aof.server;
    snapshots.start = () => {
      throw new Error("no");
    };
    aof.config.set([["appendonly", "yes"]]);
    await aof.rewritten();
    expect(figure(aof, "aof_enabled")).toBe(1);
    expect(aof.server.journal).toBeUndefined();
    expect(persistence.prepareToEnd(false)).toBe(false);
    expect(aof.log.lines.at(-1)).toBe("Writing initial AOF, can't exit.");
    Reflect.deleteProperty(snapshots, "start");
    aof.say("SET b 1");
    persistence.watch();
    await aof.rewritten();
    expect(persistence.state).toBe("on");
    expect(persistence.prepareToEnd(false)).toBe(true);
    expect(await reloaded(aof.dir)).toEqual({ a: "1", b: "1" });
  });
});

/** A snapshot without a thread. */
function writtenAtOnce({ server }: AofServer, { path, onEnd }: SnapshotRequest): SnapshotJob {
  const out = new RdbOutput();
  writeFile(server.keyspace, [], 10, { nowMs: 0, usedBytes: 0, isAofBase: true }, out);
  writeFileSync(path, out.buf.subarray(0, out.at));
  setImmediate(() => onEnd(undefined));
  return {} as SnapshotJob;
}

describe("a rewrite", () => {
  const faults: Fault[] = ["is the last one", "is the last one, and is done", "fails"];
  for (const fault of faults) {
    for (const from of ["on", "off"]) {
      test(`of which a call ${fault} leaves everything that was acknowledged, if the AOF is ${from}`, async () => {
        for (let turn = 0; ; turn++) {
          const dir = scratch();
          const first = await start({}, dir);
          first.say("SET a 1");
          first.server.persistence.close();
          const calls = new FaultyCalls(turn, fault);
          const aof = new AofServer(dir, {}, calls);
          aof.server.snapshots.start = (snapshot) => writtenAtOnce(aof, snapshot);
          if ((await aof.load()) !== undefined) {
            expect(await reloaded(dir)).toEqual({ a: "1" });
            continue;
          }
          if (from === "off") {
            aof.config.set([["appendonly", "no"]]);
            aof.config.set([["appendonly", "yes"]]);
          } else {
            aof.say("SET b 1");
            aof.say("BGREWRITEAOF");
          }
          await aof.rewritten();
          const isOver = calls.made.length <= turn;
          const wanted = from === "off" ? { a: "1" } : { a: "1", b: "1" };
          expect({ turn, made: calls.made, has: await reloaded(dir) }).toEqual({ turn, made: calls.made, has: wanted });
          if (fault === "fails" && !isOver) await goesOn(aof, wanted);
          expect(existsSync(join(dir, `temp-rewriteaof-bg-${process.pid}.aof`))).toBe(false);
          cleanUp();
          if (isOver) break;
        }
      });
    }
  }
});

/** The server that had one failure writes and rewrites as if nothing had been. */
async function goesOn(aof: AofServer, has: Record<string, string>): Promise<void> {
  aof.server.persistence.watch();
  await aof.rewritten();
  aof.say("SET c 1");
  expect(await reloaded(aof.dir)).toEqual({ ...has, c: "1" });
  aof.say("BGREWRITEAOF");
  await aof.rewritten();
  const status = figure(aof, "aof_last_bgrewrite_status");
  expect({ status, log: status === "ok" ? [] : aof.log.lines }).toEqual({ status: "ok", log: [] });
  aof.say("SET d 1");
  expect(await reloaded(aof.dir)).toEqual({ ...has, c: "1", d: "1" });
}
