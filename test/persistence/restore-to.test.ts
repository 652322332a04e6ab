import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { AofServer, aofFolder, cleanUp, FOLDER } from "./aof-server.ts";
import { FaultyCalls } from "./faulty-calls.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

const START = 1_700_000_000;
const KEPT = (time: number) => `${FOLDER}.before-${time}`;

/** A folder in which "a" is 1 at START, 2 ten seconds later, and so on; with a rewrite in between, if it is wanted. */
async function counted(writes: number, settings: Record<string, string> = {}, rewriteAt = -1): Promise<string> {
  const aof = new AofServer(scratch(), { "aof-timestamp-enabled": "yes", ...settings });
  expect(await aof.load()).toBeUndefined();
  for (let i = 0; i < writes; i++) {
    aof.say("INCR a");
    if (i === rewriteAt) {
      aof.say("BGREWRITEAOF");
      await aof.rewritten();
    }
    aof.clock.advance(10_000);
  }
  aof.server.persistence.close();
  return aof.dir;
}

async function restored(dir: string, time: number, calls?: FaultyCalls) {
  const aof = new AofServer(dir, { "aof-timestamp-enabled": "yes" }, calls);
  return { aof, failure: await aof.server.persistence.load(time) };
}

/** What a start without the option has, from the folder of that name. */
async function plain(dir: string, name = FOLDER): Promise<Record<string, string>> {
  const other = scratch();
  symlinkSync(join(dir, name), join(other, FOLDER));
  const aof = new AofServer(other);
  expect(await aof.load()).toBeUndefined();
  await aof.rewritten();
  return aof.strings();
}

describe("a start with --restore-to", () => {
  test("has what was written until then, and keeps all that there was in another folder", async () => {
    const dir = await counted(5);
    const { aof, failure } = await restored(dir, START + 25);
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "3" });
    expect(aof.log.lines.join("\n")).toMatch(
      /Restored to 1700000025: \d+ bytes that were written later are left out \(database.aof.1.incr.aof from offset \d+ on, and 0 files after it\)/,
    );
    aof.say("SET b 1");
    aof.server.persistence.close();
    expect(await plain(dir)).toEqual({ a: "3", b: "1" });
    expect(await plain(dir, KEPT(START + 25))).toEqual({ a: "5" });
    expect(readdirSync(join(dir, FOLDER)).sort()).toEqual([
      "database.aof.1.base.aof",
      "database.aof.2.incr.aof",
      "database.aof.manifest",
    ]);
  });

  test("goes back over several files", async () => {
    const dir = await counted(6, { "aof-disable-auto-gc": "no" }, 1);
    const again = new AofServer(dir, { "aof-timestamp-enabled": "yes" });
    expect(await again.load()).toBeUndefined();
    again.clock.advance(100_000);
    again.server.snapshots.start = () => {
      throw new Error("no");
    };
    again.say("BGREWRITEAOF");
    await again.rewritten();
    again.say("INCR a");
    again.server.persistence.close();
    const { aof, failure } = await restored(dir, START + 30);
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "4" });
    expect(aof.log.lines.join("\n")).toContain("and 1 files after it");
    aof.server.persistence.close();
    expect(await plain(dir)).toEqual({ a: "4" });
    expect(await plain(dir, KEPT(START + 30))).toEqual({ a: "7" });
  });

  test("leaves nothing out when nothing was written later", async () => {
    const dir = await counted(2);
    const { aof, failure } = await restored(dir, START + 100);
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "2" });
    expect(existsSync(join(dir, KEPT(START + 100)))).toBe(false);
    expect(aof.log.lines.join("\n")).toContain("nothing is left out");
  });

  test("never splits a transaction", async () => {
    const text = Buffer.concat([
      Buffer.from(`#TS:${START}\r\n`),
      request("SET", "a", "1"),
      request("MULTI"),
      request("SET", "a", "2"),
      Buffer.from(`#TS:${START + 5}\r\n`),
      request("SET", "a", "3"),
      request("EXEC"),
    ]);
    const { aof, failure } = await restored(aofFolder(text), START);
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
    aof.server.persistence.close();
    expect(await plain(aof.dir)).toEqual({ a: "1" });
  });

  test("is refused a second time, because it would leave out what was written since", async () => {
    const dir = await counted(3);
    const first = await restored(dir, START);
    first.aof.say("INCR a");
    first.aof.server.persistence.close();
    const { failure } = await restored(dir, START);
    expect(failure).toContain(`Can't restore to ${START}: ${KEPT(START)} is there already`);
    expect(await plain(dir)).toEqual({ a: "2" });
  });

  test("is refused when the base is from later", async () => {
    const dir = await counted(4, {}, 2);
    expect((await restored(dir, START + 5)).failure).toContain("has the data as it was later, at 1700000020");
    const commands = await counted(4, { "aof-use-rdb-preamble": "no" }, 2);
    expect((await restored(commands, START + 5)).failure).toContain("has the data as it was later");
    expect(await plain(dir)).toEqual({ a: "4" });
  });

  test("is refused when no times are noted, and when the AOF is off", async () => {
    const dir = await counted(2, { "aof-timestamp-enabled": "no" });
    expect((await restored(dir, START)).failure).toContain("no times are noted");
    const off = new AofServer(dir, { appendonly: "no" });
    expect(await off.server.persistence.load(START)).toContain("the append only file is off");
    expect(await plain(dir)).toEqual({ a: "2" });
  });

  test("loses nothing if it is broken off, whichever call is the last one", async () => {
    for (let turn = 0; ; turn++) {
      const dir = await counted(3);
      const calls = new FaultyCalls(turn, "is the last one");
      const { failure } = await restored(dir, START, calls);
      const has = await plain(dir);
      const kept = existsSync(join(dir, KEPT(START))) ? await plain(dir, KEPT(START)) : undefined;
      if (has["a"] === "1") expect(kept).toEqual({ a: "3" });
      else expect({ turn, has }).toEqual({ turn, has: { a: "3" } });
      expect(readFileSync(join(dir, FOLDER, "database.aof.manifest"), "utf8")).toContain("type i");
      if (failure === undefined) break;
    }
  });
});
