// redis-server 7.0 and our folders: both ways, for the layouts that the differential tests of the commands do not make.
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireRedisServer, startOurs, startRedis } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { aofFolder, cleanUp, FOLDER } from "./aof-server.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

const ON = ["--appendonly", "yes", "--appendfilename", "database.aof", "--appendfsync", "always"];
const SET = request("SET", "a", "1");

type Start = typeof startRedis;

/** Starts a server over a folder, sends commands, stops it. Returns the replies. */
async function run(start: Start, dir: string, commands: string[][], args: string[] = []): Promise<string[]> {
  const server = await start([...ON, ...args], { dir });
  try {
    const connection = await RawConnection.connect(server.port);
    const replies: string[] = [];
    for (const words of commands) replies.push(await connection.text(...words));
    return replies;
  } finally {
    await server.stop();
  }
}

const names = (dir: string) => readdirSync(join(dir, FOLDER)).sort();
const manifest = (dir: string) => readFileSync(join(dir, FOLDER, "database.aof.manifest"), "utf8");

describe.skipIf(requireRedisServer() === undefined)("a folder", () => {
  test("of a first start is the same as redis-server's without snapshots", async () => {
    const [ours, theirs] = [scratch(), scratch()];
    const commands = [
      ["SET", "a", "1"],
      ["SELECT", "4"],
      ["SET", "b", "2"],
    ];
    await run(startOurs, ours, commands);
    await run(startRedis, theirs, commands, ["--aof-use-rdb-preamble", "no"]);
    expect(names(ours)).toEqual(names(theirs));
    for (const name of names(theirs)) {
      expect(readFileSync(join(ours, FOLDER, name), "latin1")).toBe(readFileSync(join(theirs, FOLDER, name), "latin1"));
    }
  });

  test("of ours is gone on with by redis-server, and the other way round", async () => {
    const dir = scratch();
    await run(startOurs, dir, [["SET", "a", "1"]], ["--aof-timestamp-enabled", "yes"]);
    expect(await run(startRedis, dir, [["INCR", "a"]], ["--aof-timestamp-enabled", "yes"])).toEqual([":2\r\n"]);
    expect(await run(startOurs, dir, [["INCR", "a"]])).toEqual([":3\r\n"]);
    expect(await run(startRedis, dir, [["INCR", "a"]])).toEqual([":4\r\n"]);
  });

  test("that redis-server started with an empty snapshot is gone on with by ours", async () => {
    const dir = scratch();
    await run(startRedis, dir, [["SET", "a", "1"]]);
    expect(names(dir)[0]).toBe("database.aof.1.base.rdb");
    expect(await run(startOurs, dir, [["INCR", "a"]])).toEqual([":2\r\n"]);
    expect(await run(startRedis, dir, [["INCR", "a"]])).toEqual([":3\r\n"]);
  });

  test("that redis-server rewrote, into a snapshot or into commands, is gone on with by ours", async () => {
    const dir = scratch();
    const rewrite = async (preamble: string) => {
      const server = await startRedis([...ON, "--aof-use-rdb-preamble", preamble], { dir });
      const connection = await RawConnection.connect(server.port);
      await connection.text("SET", "a", "1");
      await connection.text("BGREWRITEAOF");
      while (!(await connection.text("INFO", "persistence")).includes("aof_rewrite_in_progress:0"));
      await server.stop();
    };
    await rewrite("yes");
    expect(await run(startOurs, dir, [["INCR", "a"]])).toEqual([":2\r\n"]);
    await rewrite("no");
    expect(await run(startOurs, dir, [["INCR", "a"]])).toEqual([":2\r\n"]);
  });

  test("is made of a lone old file in the same way", async () => {
    const [ours, theirs] = [scratch(), scratch()];
    for (const [start, dir] of [
      [startOurs, ours],
      [startRedis, theirs],
    ] as const) {
      writeFileSync(join(dir, "database.aof"), SET);
      expect(await run(start, dir, [["INCR", "a"]])).toEqual([":2\r\n"]);
    }
    expect(names(ours)).toEqual(names(theirs));
    expect(manifest(ours)).toBe(manifest(theirs));
  });

  test("with a torn tail is cut at the same place", async () => {
    const torn = Buffer.concat([SET, SET.subarray(0, 20)]);
    const [ours, theirs] = [aofFolder(torn), aofFolder(torn)];
    const file = join(FOLDER, "database.aof.1.incr.aof");
    await run(startOurs, ours, []);
    await run(startRedis, theirs, []);
    expect(readFileSync(join(ours, file)).equals(readFileSync(join(theirs, file)))).toBe(true);
  });
});
