import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATE_LOADING } from "../../src/command/context.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { LocalServer } from "../commands/local-server.ts";
import { AofServer, cleanUp } from "./aof-server.ts";
import { removeScratch, scratch } from "./scratch.ts";

const STARTED = "+Background saving started\r\n";
const MISCONF =
  "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands";

/** A server in a folder of its own, whose thread that writes files works when it is told to. */
class Saving {
  readonly server = new LocalServer();
  readonly log = this.server.log;
  readonly c = this.server.connect();
  readonly folder = scratch();

  constructor() {
    this.moveTo(this.folder);
  }

  /** CONFIG SET dir. */
  moveTo(dir: string): void {
    expect(this.server.config.set([["dir", dir]])).toBeUndefined();
  }

  get files(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** Does all that is to be done in the background. */
  finish(): void {
    const { snapshots, threads } = this.server;
    while (snapshots.isDue()) {
      snapshots.run(UNBOUNDED);
      threads.at(-1)!.work();
    }
    threads.at(-1)?.work();
  }

  figure(name: string): number | string {
    return this.server.snapshots.figures[name];
  }
}

let saving: Saving;
beforeEach(() => {
  saving = new Saving();
});
afterEach(() => {
  removeScratch();
});

describe("SAVE", () => {
  test("saves at once", () => {
    const { c, log, server } = saving;
    server.clock.advance(60_000);
    expect(c.say("SET a 1", "SAVE")).toBe("+OK\r\n+OK\r\n");
    expect(saving.files).toEqual(["dump.rdb"]);
    expect(readFileSync(join(saving.folder, "dump.rdb"), "latin1").slice(0, 9)).toBe("REDIS0010");
    expect(log.lines).toEqual(["DB saved on disk"]);
    expect([server.stats.dirty, saving.figure("rdb_saves")]).toEqual([0, 1]);
    expect(c.say("LASTSAVE")).toBe(`:${server.clock.unixMs() / 1000}\r\n`);
  });

  test("keeps the old file when it fails, and says why in the log", () => {
    const { c, log, folder } = saving;
    c.say("SAVE");
    saving.moveTo("/proc");
    expect(c.say("SET a 1", "SAVE")).toBe("+OK\r\n-ERR\r\n");
    saving.moveTo(folder);
    expect(log.lines[1]).toStartWith(`Failed opening the temp RDB file temp-${process.pid}.rdb (in server root dir `);
    expect(saving.files).toEqual(["dump.rdb"]);
  });

  test("and the loading of it are both where CONFIG SET dir says, wherever the process is", async () => {
    const home = process.cwd();
    const [first, second] = [scratch(), scratch()];
    const aof = new AofServer(first, { appendonly: "no" });
    const saveIn = (dir: string, value: string) => {
      aof.config.set([["dir", dir]]);
      process.chdir(home);
      aof.say(`SET a ${value}`);
      expect(aof.say("SAVE")).toBe("+OK\r\n");
    };
    saveIn(first, "1");
    saveIn(second, "2");
    for (const [dir, value] of [
      [first, "1"],
      [second, "2"],
    ] as const) {
      aof.config.set([["dir", dir]]);
      process.chdir(home);
      aof.say("FLUSHALL");
      expect(await aof.load()).toBeUndefined();
      expect(aof.strings()).toEqual({ a: value });
    }
    cleanUp();
  });

  test("is refused during BGSAVE, and in a transaction", () => {
    const { c } = saving;
    expect(c.say("BGSAVE", "SAVE")).toBe(`${STARTED}-ERR Background save already in progress\r\n`);
    expect(c.say("MULTI", "SAVE")).toBe("+OK\r\n-ERR Command not allowed inside a transaction\r\n");
  });
});

describe("rdb_saves", () => {
  test("counts the saves that were asked for, from their beginning, until CONFIG RESETSTAT", () => {
    const { c, server } = saving;
    c.say("SET a 1", "SAVE");
    // As DEBUG RELOAD does.
    expect(server.snapshots.save()).toBe(true);
    c.say("BGSAVE", "SAVE");
    expect(saving.figure("rdb_saves")).toBe(2);
    saving.finish();
    c.say("CONFIG SET save '3600 1'", "FLUSHALL", "CONFIG SET save ''");
    expect(saving.figure("rdb_saves")).toBe(2);
    rmSync(join(saving.folder, "dump.rdb"));
    mkdirSync(join(saving.folder, "dump.rdb"));
    expect(c.say("SAVE")).toBe("-ERR\r\n");
    expect(saving.figure("rdb_saves")).toBe(3);
    c.say("CONFIG RESETSTAT");
    expect(saving.figure("rdb_saves")).toBe(0);
  });
});

describe("BGSAVE", () => {
  test("leaves as changes what came after its moment, even if DEBUG RELOAD has saved that meanwhile", () => {
    const { c, server } = saving;
    c.say("SET a 1", "BGSAVE", "SET a 2");
    expect(server.snapshots.save()).toBe(true);
    c.say("SET a 3");
    expect(server.stats.dirty).toBe(1);
    saving.finish();
    expect(server.stats.dirty).toBe(2);
  });

  test("saves in the background what there is when it is called", () => {
    const { c, log, server } = saving;
    expect(c.say("SET a 1", "BGSAVE", "SET a 2")).toBe(`+OK\r\n${STARTED}+OK\r\n`);
    expect([saving.figure("rdb_bgsave_in_progress"), saving.files]).toEqual([1, []]);
    server.clock.advance(2000);
    saving.finish();
    expect([saving.figure("rdb_bgsave_in_progress"), saving.files]).toEqual([0, ["dump.rdb"]]);
    expect(log.lines).toEqual([
      `Background saving started by pid ${process.pid}`,
      "DB saved on disk",
      "Background saving terminated with success",
    ]);
    expect([saving.figure("rdb_last_bgsave_time_sec"), server.stats.dirty]).toEqual([2, 1]);
  });

  test("has its files written by one thread, which is kept", () => {
    const { c, server } = saving;
    for (let n = 0; n < 3; n++) {
      c.say("SET a 1", "BGSAVE");
      saving.finish();
    }
    expect([saving.figure("rdb_saves"), server.threads.length, server.threads[0].ended]).toEqual([3, 1, false]);
  });

  test("goes on after a save that failed", () => {
    const { c } = saving;
    mkdirSync(join(saving.folder, "dump.rdb"));
    c.say("SET a 1", "BGSAVE");
    saving.finish();
    rmdirSync(join(saving.folder, "dump.rdb"));
    c.say("BGSAVE");
    saving.finish();
    expect([saving.figure("rdb_last_bgsave_status"), saving.files]).toEqual(["ok", ["dump.rdb"]]);
  });

  test("writes to a temporary file until all is there", () => {
    const { c, server } = saving;
    writeFileSync(join(saving.folder, "dump.rdb"), "old");
    c.say("SET a 1", "BGSAVE");
    server.snapshots.run(UNBOUNDED);
    server.threads[0].work(1);
    expect(saving.files).toEqual(["dump.rdb", `temp-${process.pid}.1.rdb`]);
    expect(readFileSync(join(saving.folder, "dump.rdb"), "latin1")).toBe("old");
    saving.finish();
    expect(saving.files).toEqual(["dump.rdb"]);
    expect(readFileSync(join(saving.folder, "dump.rdb"), "latin1")).not.toBe("old");
  });

  test("is refused while another is at work, and knows one option", () => {
    const { c } = saving;
    expect(c.say("BGSAVE NOW")).toBe("-ERR syntax error\r\n");
    expect(c.say("BGSAVE", "BGSAVE")).toBe(`${STARTED}-ERR Background save already in progress\r\n`);
    expect(c.say("BGSAVE SCHEDULE")).toBe("-ERR Background save already in progress\r\n");
  });

  test("waits for the end of a transaction", () => {
    const { c, server } = saving;
    expect(c.say("MULTI", "BGSAVE", "EXEC")).toEndWith("*1\r\n+Background saving scheduled\r\n");
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(0);
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(1);
  });

  test("is given up by FLUSHALL, and leaves nothing behind", () => {
    const { c, server } = saving;
    c.say("SET a 1", "BGSAVE");
    server.threads[0].work(1);
    expect(saving.files).toHaveLength(1);
    c.say("FLUSHALL");
    server.threads[0].work();
    expect([saving.files, saving.figure("rdb_bgsave_in_progress")]).toEqual([[], 0]);
    expect(server.keyspace.arena.guard).toBeUndefined();
  });

  test("tells when it failed", () => {
    const { c, log } = saving;
    c.say("SET a 1", "BGSAVE");
    // What was a free name when it began is a folder now.
    mkdirSync(join(saving.folder, "dump.rdb"));
    saving.finish();
    expect(log.lines.slice(1)).toEqual([
      "Write error saving DB on disk(rename): Is a directory",
      "Background saving error",
    ]);
    expect([saving.figure("rdb_last_bgsave_status"), saving.files]).toEqual(["err", ["dump.rdb"]]);
    expect(saving.server.keyspace.arena.guard).toBeUndefined();
    expect(c.say("SET a 2")).toBe("+OK\r\n");
  });
});

describe("a snapshot for which there is no memory", () => {
  const failing = () => {
    throw new RangeError("Out of memory");
  };

  function expectFailed(): void {
    const { server, log } = saving;
    server.threads[0].work();
    expect([saving.figure("rdb_last_bgsave_status"), saving.files]).toEqual(["err", ["dump.rdb"]]);
    expect(readFileSync(join(saving.folder, "dump.rdb"), "latin1")).toBe("old");
    expect(log.lines.at(-2)).toStartWith("The data could not be saved: RangeError: Out of memory");
    expect([server.keyspace.arena.guard, server.snapshots.isBusy]).toEqual([undefined, false]);
  }

  test("fails, and leaves the old file", () => {
    const { c, server } = saving;
    writeFileSync(join(saving.folder, "dump.rdb"), "old");
    c.say("SET a 1", "BGSAVE");
    server.keyspace.dict.visitHome = failing;
    expect(server.snapshots.run(UNBOUNDED)).toBeTrue();
    expectFailed();
  });

  test("fails when that is seen at a change, which is made", () => {
    const { c, server } = saving;
    const { dict } = server.keyspace;
    const visitHome = dict.visitHome.bind(dict);
    writeFileSync(join(saving.folder, "dump.rdb"), "old");
    c.say("SET a 1", "BGSAVE");
    dict.visitHome = failing;
    expect(c.say("SET a 2", "GET a")).toBe("+OK\r\n$1\r\n2\r\n");
    dict.visitHome = visitHome;
    expect(server.snapshots.isDue()).toBeTrue();
    expect(server.snapshots.run(UNBOUNDED)).toBeTrue();
    expectFailed();
  });
});

describe("save points", () => {
  /** Lets a save fail. */
  function fail(): void {
    mkdirSync(join(saving.folder, "dump.rdb"));
    saving.finish();
  }

  test("start a save after so many changes in so much time", () => {
    const { c, log, server } = saving;
    server.config.set([["save", "60 2"]]);
    c.say("SET a 1");
    server.clock.advance(61_000);
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(0);
    c.say("SET a 2");
    server.snapshots.cron(server.clock.unixMs());
    expect(log.lines[0]).toBe("2 changes in 60 seconds. Saving...");
    saving.finish();
    expect(existsSync(join(saving.folder, "dump.rdb"))).toBe(true);
  });

  test("make writes be refused after a save failed, until one works", () => {
    const { c, server } = saving;
    server.config.set([["save", "60 1"]]);
    c.say("SET a 1", "BGSAVE");
    fail();
    expect(c.say("SET a 2")).toStartWith(MISCONF);
    expect(c.say("PING")).toStartWith(MISCONF);
    expect(c.say("GET a")).toBe("$1\r\n1\r\n");
    expect(c.say("EVAL 'return 1' 0")).toBe(":1\r\n");
    server.config.set([["stop-writes-on-bgsave-error", "no"]]);
    expect(c.say("SET a 2")).toBe("+OK\r\n");
    server.config.set([["stop-writes-on-bgsave-error", "yes"]]);
    rmdirSync(join(saving.folder, "dump.rdb"));
    server.clock.advance(61_000);
    server.snapshots.cron(server.clock.unixMs());
    saving.finish();
    expect(c.say("SET a 3")).toBe("+OK\r\n");
  });

  test("wait for the end of a script", () => {
    const { c, server } = saving;
    server.config.set([["save", "60 1"]]);
    c.say("SET a 1");
    server.clock.advance(61_000);
    server.runner.beginUnit();
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(0);
    server.runner.endUnit(c.client);
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(1);
  });

  test("wait while data is loaded", () => {
    const { c, server } = saving;
    server.config.set([["save", "1 1"]]);
    c.say("SET a 1");
    server.clock.advance(2000);
    server.gate |= GATE_LOADING;
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(0);
    server.gate &= ~GATE_LOADING;
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(1);
  });

  test("are not tried again at once after a failure", () => {
    const { c, server } = saving;
    server.config.set([["save", "1 1"]]);
    c.say("SET a 1");
    server.clock.advance(2000);
    server.snapshots.cron(server.clock.unixMs());
    fail();
    server.clock.advance(3000);
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(0);
    server.clock.advance(3000);
    server.snapshots.cron(server.clock.unixMs());
    expect(saving.figure("rdb_bgsave_in_progress")).toBe(1);
  });
});

describe("the end of a server", () => {
  function ending(settings: Record<string, string> = {}): AofServer {
    const one = new AofServer(saving.folder, { appendonly: "no", ...settings });
    one.say("SET a 1");
    return one;
  }

  afterEach(cleanUp);

  test("saves where it is saved from time to time, or when it is told to", () => {
    ending({ save: "3600 1" }).server.shutDown(false);
    expect(saving.files).toEqual(["dump.rdb"]);
    ending({ dbfilename: "told.rdb" }).server.shutDown(false, true);
    expect(saving.files).toEqual(["dump.rdb", "told.rdb"]);
  });

  test("does not save otherwise, or when it is told not to", () => {
    ending().server.shutDown(false);
    ending({ save: "3600 1" }).server.shutDown(false, false);
    expect(saving.files).toEqual([]);
  });

  test("is refused when saving fails, unless it is forced", () => {
    mkdirSync(join(saving.folder, "dump.rdb"));
    const { server, log } = ending({ save: "3600 1" });
    expect(server.shutDown(false)).toBe(false);
    expect(log.lines.slice(-4)).toEqual([
      "Saving the final RDB snapshot before exiting.",
      "Write error saving DB on disk(rename): Is a directory",
      "Error trying to save the DB, can't exit.",
      "Errors trying to shut down the server. Check the logs for more information.",
    ]);
    expect(server.shutDown(true)).toBe(true);
  });

  test("does not save what is loaded only in part, even if it is told to", () => {
    const { server } = ending({ save: "3600 1" });
    server.gate |= GATE_LOADING;
    expect(server.shutDown(false, true)).toBe(true);
    expect(saving.files).toEqual([]);
  });

  test("by a signal is as the configuration says", () => {
    ending({ "shutdown-on-sigterm": "save" }).server.endBySignal("SIGTERM");
    expect(saving.files).toEqual(["dump.rdb"]);
    ending({ save: "3600 1", dbfilename: "other.rdb", "shutdown-on-sigint": "nosave" }).server.endBySignal("SIGINT");
    expect(saving.files).toEqual(["dump.rdb"]);
  });

  test("by a signal waits for the end of a script, half of which would be saved", async () => {
    const { server } = ending({ save: "3600 1" });
    const status = new Promise<number>((resolve) => {
      server.onEnd = resolve;
    });
    server.executor.beginUnit();
    expect(server.endBySignal("SIGTERM")).toBe(false);
    expect(saving.files).toEqual([]);
    server.executor.endUnit(saving.c.client);
    server.start();
    expect(await status).toBe(0);
    expect(saving.files).toEqual(["dump.rdb"]);
  });

  test("by a signal is refused when saving fails, unless it is forced", () => {
    mkdirSync(join(saving.folder, "dump.rdb"));
    const { server, log, config } = ending({ save: "3600 1" });
    expect(server.endBySignal("SIGTERM")).toBe(false);
    expect(log.lines.at(-1)).toBe(
      "SIGTERM received but errors trying to shut down the server, check the logs for more information",
    );
    config.set([["shutdown-on-sigterm", "force"]]);
    expect(server.endBySignal("SIGTERM")).toBe(true);
  });

  test("loads what was saved at the next start", async () => {
    ending().server.shutDown(false, true);
    const next = new AofServer(saving.folder, { appendonly: "no" });
    expect(await next.load()).toBeUndefined();
    expect(next.say("GET a")).toBe("$1\r\n1\r\n");
  });
});
