import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { type RdbFileCalls, systemRdbFileCalls } from "../../src/persistence/snapshot/rdb-file.ts";
import { Snapshots } from "../../src/persistence/snapshot/snapshots.ts";
import { AofServer, cleanUp, FOLDER } from "./aof-server.ts";
import { InlineThread } from "./inline-thread.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

/** The calls that make a snapshot's file, of which one fails with EIO. */
function failing(turn: number): { calls: RdbFileCalls; made: string[] } {
  const made: string[] = [];
  const wrap =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      made.push(name);
      if (made.length - 1 !== turn) return call(...args);
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
  const { open, write, sync, close, rename, syncFolder } = systemRdbFileCalls;
  const calls = {
    open: wrap("open", open),
    write: wrap("write", write),
    sync: wrap("sync", sync),
    close: wrap("close", close),
    rename: wrap("rename", rename),
    syncFolder: wrap("syncFolder", syncFolder),
  };
  return { calls, made };
}

/** A server whose snapshots are written by those calls when `finish` is called. */
function serverWith(dir: string, calls: RdbFileCalls, settings: Record<string, string> = {}) {
  const aof = new AofServer(dir, { "rdb-save-incremental-fsync": "yes", ...settings });
  const threads: InlineThread[] = [];
  const newThread = () => {
    threads.push(new InlineThread(threads.length === 0 ? calls : undefined));
    return threads.at(-1)!;
  };
  const snapshots = new Snapshots(aof.server, newThread, () => {});
  Object.assign(aof.server, { snapshots });
  const work = () => {
    while (snapshots.isDue()) {
      snapshots.run(UNBOUNDED);
      threads.at(-1)!.work();
    }
    threads.at(-1)?.work();
  };
  return { aof, work };
}

/** Several pieces of a file, so that there are several writes and a sync between them. */
function fill(aof: AofServer): void {
  for (let i = 0; i < 10; i++) aof.say(`SETRANGE big${i} 600000 x`);
}

const temporary = (dir: string) => readdirSync(dir).filter((name) => name.startsWith("temp-"));

describe("a file of which a call fails with EIO", () => {
  test("BGSAVE leaves the old snapshot and nothing else, tells of it, and works the next time", () => {
    const tried: string[] = [];
    for (let turn = 0; ; turn++) {
      const dir = scratch();
      const { calls, made } = failing(turn);
      const { aof, work } = serverWith(dir, calls, { appendonly: "no", rdbcompression: "no" });
      writeFileSync(join(dir, "dump.rdb"), "old");
      fill(aof);
      expect(aof.say("BGSAVE")).toBe("+Background saving started\r\n");
      work();
      const isOver = made.length <= turn;
      if (!isOver) {
        tried.push(made[turn]!);
        expect(aof.say("INFO persistence")).toContain("rdb_last_bgsave_status:err");
        expect(aof.log.lines.join("\n")).toContain("Input/output error");
        if (made[turn] !== "syncFolder") expect(Bun.file(join(dir, "dump.rdb")).size).toBe(3);
        expect(temporary(dir)).toEqual([]);
        aof.say("BGSAVE");
        work();
      }
      expect(aof.say("INFO persistence")).toContain("rdb_last_bgsave_status:ok");
      expect(readdirSync(dir)).toEqual(["dump.rdb"]);
      cleanUp();
      if (isOver) break;
    }
    expect(tried.length).toBeGreaterThan(8);
    expect(new Set(tried)).toEqual(new Set(["open", "write", "sync", "close", "rename", "syncFolder"]));
  });

  test("BGREWRITEAOF leaves a folder with all the data, tells of it, and works the next time", async () => {
    for (let turn = 0; ; turn++) {
      const dir = scratch();
      const { calls, made } = failing(turn);
      const { aof, work } = serverWith(dir, calls, { rdbcompression: "no" });
      expect(await aof.load()).toBeUndefined();
      fill(aof);
      const rewritten = async () => {
        expect(aof.say("BGREWRITEAOF")).toContain("started");
        while (aof.server.persistence.figures["aof_rewrite_in_progress"] === 1) {
          await new Promise<void>((resolve) => setImmediate(resolve));
          work();
        }
        await aof.server.persistence.settled();
        return aof.server.persistence.figures["aof_last_bgrewrite_status"];
      };
      const first = await rewritten();
      const isOver = made.length <= turn;
      expect([turn, first]).toEqual([turn, isOver ? "ok" : "err"]);
      aof.say("SET after 1");
      const again = new AofServer(dir);
      expect(await again.load()).toBeUndefined();
      expect(again.keyCount).toBe(11);
      expect(temporary(dir)).toEqual([]);
      again.server.persistence.close();
      if (!isOver) {
        expect(aof.log.lines.join("\n")).toContain("Input/output error");
        expect(await rewritten()).toBe("ok");
        const third = new AofServer(dir);
        expect(await third.load()).toBeUndefined();
        expect(third.keyCount).toBe(11);
        expect(readdirSync(join(dir, FOLDER))).toHaveLength(3);
      }
      cleanUp();
      if (isOver) break;
    }
  });
});
