import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AofServer, aofFolder, cleanUp, FOLDER } from "./aof-server.ts";
import { readRequests, request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

const INCREMENT = `${FOLDER}/database.aof.1.incr.aof`;

async function start(settings: Record<string, string> = {}, dir = scratch()) {
  const aof = new AofServer(dir, settings);
  expect(await aof.load()).toBeUndefined();
  return { aof, increment: (name = INCREMENT) => readFileSync(join(dir, name)) };
}

describe("the append-only file of a server", () => {
  test("has every write, in order, and nothing of reads and failures", async () => {
    const { aof, increment } = await start();
    for (const line of ["SET a 1", "GET a", "INCR a", "SELECT 1", "SET b x", "INCR b", "FOO", "DEL none"])
      aof.say(line);
    expect(readRequests(increment())).toEqual(["0 SET a 1", "0 INCR a", "1 SET b x"]);
  });

  test("shows INFO's figures", async () => {
    const dir = aofFolder(request("SET", "b", "2"), { "database.aof.1.base.aof": request("SET", "a", "1") });
    const { aof } = await start({}, dir);
    aof.say("SET c 3");
    expect(aof.server.persistence.figures).toEqual({
      aof_enabled: 1,
      aof_rewrite_in_progress: 0,
      aof_rewrite_scheduled: 0,
      aof_last_rewrite_time_sec: -1,
      aof_current_rewrite_time_sec: -1,
      aof_last_bgrewrite_status: "ok",
      aof_rewrites: 0,
      aof_rewrites_consecutive_failures: 0,
      aof_last_write_status: "ok",
      aof_last_cow_size: 0,
      aof_current_size: 27 * 3 + 23,
      aof_base_size: 27,
      aof_pending_rewrite: 0,
      aof_buffer_length: 0,
      aof_pending_bio_fsync: 0,
      aof_delayed_fsync: 0,
    });
  });

  test("shows fewer figures while it is off", async () => {
    const { aof } = await start({ appendonly: "no" });
    expect(aof.server.persistence.figures["aof_enabled"]).toBe(0);
    expect(Object.keys(aof.server.persistence.figures)).not.toContain("aof_current_size");
  });

  test("takes a new policy and notes of the time at run time", async () => {
    const { aof, increment } = await start({ appendfsync: "no" });
    aof.say("SET a 1");
    expect(
      aof.config.set([
        ["appendfsync", "always"],
        ["aof-timestamp-enabled", "yes"],
      ]),
    ).toBeUndefined();
    aof.say("SET a 2");
    expect(increment().toString()).toContain("#TS:1700000000\r\n");
    aof.clock.advance(2000);
    aof.config.set([["aof-timestamp-enabled", "no"]]);
    aof.say("SET a 3");
    while (aof.server.journal!.acknowledged < aof.server.journal!.end) {
      await new Promise((resolve) => setImmediate(resolve));
      aof.server.journal!.flush();
    }
    expect(increment().toString().match(/#TS/g)).toHaveLength(1);
    const again = new AofServer(aof.dir);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual({ a: "3" });
  });

  test("can be switched off, and nothing more is written", async () => {
    const { aof, increment } = await start();
    aof.say("SET a 1");
    expect(aof.config.set([["appendonly", "no"]])).toBeUndefined();
    aof.say("SET a 2");
    expect(readRequests(increment())).toEqual(["0 SET a 1"]);
    expect(aof.server.journal).toBeUndefined();
  });

  test("can be switched on; what the folder held before is gone", async () => {
    const dir = aofFolder(request("SET", "old", "1"));
    const { aof } = await start({ appendonly: "no" }, dir);
    expect(aof.config.set([["appendonly", "yes"]])).toBeUndefined();
    await aof.rewritten();
    aof.say("SET a 1");
    aof.server.persistence.close();
    expect(readFileSync(join(dir, FOLDER, "database.aof.manifest"), "utf8")).toBe(
      "file database.aof.2.base.rdb seq 2 type b\nfile database.aof.2.incr.aof seq 2 type i\n",
    );
    const again = new AofServer(dir);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual({ a: "1" });
  });

  test("stays off when its folder can't be made", async () => {
    const { aof } = await start({ appendonly: "no" });
    writeFileSync(join(aof.dir, FOLDER), "");
    expect(aof.config.set([["appendonly", "yes"]])).toContain("Unable to turn on AOF. Check server logs.");
    expect(aof.log.lines.at(-2)).toBe(`Can't open or create append-only dir ${FOLDER}: Not a directory`);
  });

  test("that can't be opened stops the start", async () => {
    const dir = scratch();
    writeFileSync(join(dir, FOLDER), "");
    expect(await new AofServer(dir).load()).toBe(`Can't open or create append-only dir ${FOLDER}: Not a directory`);
  });

  test("can be closed and loaded again while the server runs", async () => {
    const { aof } = await start();
    aof.say("SET a 1");
    aof.server.persistence.close();
    for (const db of aof.server.keyspace.databases) aof.server.keyspace.flush(db);
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
    aof.say("SET b 2");
    aof.server.persistence.close();
    const again = new AofServer(aof.dir);
    await again.load();
    expect(again.strings()).toEqual({ a: "1", b: "2" });
  });
});
