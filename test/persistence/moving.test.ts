// A data folder of redis-server is gone on with by our server with its default options, and the other way round.
import { afterEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { AofServer, cleanUp, FOLDER } from "./aof-server.ts";
import { FaultyCalls } from "./faulty-calls.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

/** What the helpers switch off. Our defaults need no more; redis-server's are these without it. */
const AOF_ON = ["--appendonly", "yes"];

const WRITES = [
  ["SET", "string", "1"],
  ["SET", "ends", "soon", "EX", "100000"],
  ["RPUSH", "list", "a", "b"],
  ["HSET", "hash", "field", "value"],
  ["SADD", "set", "1", "2", "three"],
  ["ZADD", "zset", "1.5", "member"],
  ["XADD", "stream", "1-1", "field", "value"],
  ["PFADD", "loglog", "a"],
  ["SELECT", "3"],
  ["SET", "in3", "x"],
  ["SELECT", "0"],
];

async function say(server: Server, commands: string[][]): Promise<string[]> {
  const connection = await RawConnection.connect(server.port);
  const replies: string[] = [];
  for (const words of commands) replies.push(await connection.text(...words));
  connection.close();
  return replies;
}

/** All there is: the keys with their serialized values, of both databases that are used. */
async function contents(server: Server): Promise<string> {
  const connection = await RawConnection.connect(server.port);
  const found: string[] = [];
  for (const db of ["0", "3"]) {
    await connection.text("SELECT", db);
    const keys = [...(await connection.text("KEYS", "*")).matchAll(/\$\d+\r\n(.*)\r\n/g)].map(([, key]) => key!).sort();
    for (const key of keys) {
      found.push(`${db} ${key} ${await connection.text("DEBUG", "DIGEST-VALUE", key)}`);
      found.push(await connection.text("PEXPIRETIME", key));
    }
  }
  connection.close();
  return found.join("\n");
}

/** The contents of a redis-server that has made the folder; it has ended. */
async function madeByRedis(dir: string, args: string[] = []): Promise<string> {
  const redis = await startRedis(args, { dir });
  await say(redis, WRITES);
  const there = await contents(redis);
  if (!args.includes("--appendonly")) await say(redis, [["SAVE"]]);
  await redis.stop();
  return there;
}

const names = (dir: string) => readdirSync(join(dir, FOLDER)).sort();

describe.skipIf(requireRedisServer() === undefined)("a move from redis-server", () => {
  test("that saves snapshots only finds all of it, keeps what is written since, and leaves the snapshot as it is", async () => {
    const dir = scratch();
    const there = await madeByRedis(dir);
    const snapshot = readFileSync(join(dir, "dump.rdb"));
    const ours = await startOurs(AOF_ON, { dir });
    expect(await contents(ours)).toBe(there);
    expect(names(dir)).toEqual(["database.aof.1.base.rdb", "database.aof.1.incr.aof", "database.aof.manifest"]);
    await say(ours, [["INCR", "string"]]);
    await ours.kill9();

    const again = await startOurs(AOF_ON, { dir });
    expect(await say(again, [["INCR", "string"]])).toEqual([":3\r\n"]);
    const since = await contents(again);
    await again.stop();
    expect(readFileSync(join(dir, "dump.rdb")).equals(snapshot)).toBe(true);

    const back = await startRedis([...AOF_ON, "--appendfilename", "database.aof"], { dir });
    expect(await contents(back)).toBe(since);
    await back.stop();
  });

  test("is gone back on by a snapshot, which its default options load", async () => {
    const dir = scratch();
    await madeByRedis(dir);
    const ours = await startOurs(AOF_ON, { dir });
    expect(await say(ours, [["INCR", "string"], ["SAVE"]])).toEqual([":2\r\n", "+OK\r\n"]);
    const since = await contents(ours);
    await ours.stop();
    const back = await startRedis([], { dir });
    expect(await contents(back)).toBe(since);
    await back.stop();
  });

  test("with an append-only file goes on in its files, and redis-server again after that", async () => {
    const dir = scratch();
    const there = await madeByRedis(dir, AOF_ON);
    const ours = await startOurs(AOF_ON, { dir });
    expect(await contents(ours)).toBe(there);
    expect(ours.log()).toContain("This server goes on with it, and with its name: appendonly.aof");
    expect((await say(ours, [["CONFIG", "GET", "appendfilename"]]))[0]).toContain("appendonly.aof");
    await say(ours, [["INCR", "string"]]);
    const since = await contents(ours);
    await ours.stop();
    expect(names(dir).filter((name) => name.startsWith("database"))).toEqual([]);
    const back = await startRedis(AOF_ON, { dir });
    expect(await contents(back)).toBe(since);
    await back.stop();
  });

  test("with the one append-only file of a Redis before 7 goes on with that", async () => {
    const dir = scratch();
    writeFileSync(join(dir, "appendonly.aof"), Buffer.concat([request("SELECT", "0"), request("SET", "a", "1")]));
    const ours = await startOurs(AOF_ON, { dir });
    expect(await say(ours, [["INCR", "a"]])).toEqual([":2\r\n"]);
    await ours.stop();
    const back = await startRedis(AOF_ON, { dir });
    expect(await say(back, [["INCR", "a"]])).toEqual([":3\r\n"]);
    await back.stop();
  });

  test("loads no snapshot beside an append-only file", async () => {
    const dir = scratch();
    await madeByRedis(dir);
    const redis = await startRedis([...AOF_ON], { dir });
    await say(redis, [["SET", "other", "1"]]);
    await redis.stop();
    const ours = await startOurs(AOF_ON, { dir });
    expect(await say(ours, [["KEYS", "*"]])).toEqual(["*1\r\n$5\r\nother\r\n"]);
    await ours.stop();
  });

  test("is refused as by redis-server when the snapshot is damaged, and nothing is changed", async () => {
    const dir = scratch();
    await madeByRedis(dir);
    const path = join(dir, "dump.rdb");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const refused = async (start: typeof startOurs, args: string[]): Promise<string> => {
      const server = await start(args, { dir, awaitReady: false });
      while (server.running()) await Bun.sleep(5);
      return server.log();
    };
    for (const log of [await refused(startRedis, []), await refused(startOurs, AOF_ON)]) {
      expect(log).toContain("Wrong RDB checksum expected: (");
      expect(log).toContain("Internal error in RDB reading");
    }
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
  });
});

/** Puts a snapshot with two keys there. */
async function snapshot(dir: string): Promise<void> {
  const other = scratch();
  const aof = await load(other);
  for (const line of ["SET a 1", "SET b 2", "BGREWRITEAOF"]) aof.say(line);
  await aof.rewritten();
  copyFileSync(join(other, FOLDER, "database.aof.2.base.rdb"), join(dir, "dump.rdb"));
}

async function load(dir: string, calls?: FaultyCalls): Promise<AofServer> {
  const aof = new AofServer(dir, {}, calls);
  expect(await aof.load()).toBeUndefined();
  await aof.server.persistence.settled();
  return aof;
}

describe("a start", () => {
  test("over an empty folder begins an empty append-only file", async () => {
    const dir = scratch();
    const aof = await load(dir);
    expect(aof.keyCount).toBe(0);
    expect(names(dir)).toEqual(["database.aof.1.base.aof", "database.aof.1.incr.aof", "database.aof.manifest"]);
  });

  test("over a snapshot takes no write before the append-only file is there", async () => {
    const dir = scratch();
    await snapshot(dir);
    const aof = new AofServer(dir);
    const loaded = aof.load();
    const replies = new Set<string>();
    while (!existsSync(join(dir, FOLDER, "database.aof.manifest"))) {
      replies.add(aof.say("SET c 3"));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect([...replies]).toEqual(["-LOADING Redis is loading the dataset in memory\r\n"]);
    expect(await loaded).toBeUndefined();
    expect(aof.say("SET c 3")).toBe("+OK\r\n");
    expect((await load(dir)).strings()).toEqual({ a: "1", b: "2", c: "3" });
  });

  for (const fault of ["fails", "is the last one", "is the last one, and is done"] as const) {
    test(`over a snapshot, of which a change of the folder ${fault}, leaves all of it to the next start`, async () => {
      const made = scratch();
      await snapshot(made);
      for (let turn = 0; ; turn++) {
        const dir = scratch();
        copyFileSync(join(made, "dump.rdb"), join(dir, "dump.rdb"));
        const calls = new FaultyCalls(turn, fault);
        const broken = new AofServer(dir, {}, calls);
        const isWritten = (await broken.load()) === undefined && broken.say("SET c 3") === "+OK\r\n";
        broken.server.persistence.close();
        await broken.server.persistence.settled();
        const wanted = { a: "1", b: "2", ...(isWritten ? { c: "3" } : {}) };
        expect((await load(dir)).strings(), `${turn}: ${calls.made.at(-1)}`).toEqual(wanted);
        expect(names(dir).filter((name) => name.startsWith("temp-"))).toEqual([]);
        if (calls.made.length <= turn) break;
      }
    });
  }

  test("that is ended while it loads saves nothing over the snapshot, whatever is asked for", async () => {
    for (const appendonly of ["yes", "no"]) {
      const dir = scratch();
      await snapshot(dir);
      const aof = new AofServer(dir, { appendonly, save: "3600 1" });
      let saves = 0;
      aof.server.snapshots.save = () => ++saves > 0;
      const loaded = aof.load();
      expect(aof.server.shutDown(false)).toBe(true);
      expect(aof.server.shutDown(false, true)).toBe(true);
      expect(saves).toBe(0);
      await loaded;
    }
  });

  test("over an append-only file looks at no snapshot, and tells of one that is newer", async () => {
    const dir = scratch();
    (await load(dir)).say("SET a 5");
    await snapshot(dir);
    for (const [seconds, tells] of [
      [4e9, true],
      [1, false],
    ] as const) {
      utimesSync(join(dir, "dump.rdb"), seconds, seconds);
      const aof = await load(dir);
      expect(aof.strings()).toEqual({ a: "5" });
      expect(aof.log.lines.some((line) => line.includes("dump.rdb is newer than it, but not read"))).toBe(tells);
    }
  });

  test("over two append-only files loads the one with our name, and tells of the other", async () => {
    const dir = scratch();
    (await load(dir)).say("SET a 5");
    mkdirSync(join(dir, FOLDER), { recursive: true });
    writeFileSync(join(dir, FOLDER, "appendonly.aof.1.incr.aof"), request("SET", "a", "6"));
    writeFileSync(join(dir, FOLDER, "appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
    const aof = await load(dir);
    expect(aof.strings()).toEqual({ a: "5" });
    expect(aof.log.lines[0]).toStartWith(
      "There are two append only files: database.aof is loaded, and appendonly.aof,",
    );
    rmSync(join(dir, FOLDER, "database.aof.manifest"));
    const lost = new AofServer(dir);
    expect(await lost.load()).toContain("database.aof.manifest lists no file, but there is data in");
  });

  test("over the files of a Redis whose manifest is gone is refused", async () => {
    const dir = scratch();
    mkdirSync(join(dir, FOLDER));
    writeFileSync(join(dir, FOLDER, "appendonly.aof.1.incr.aof"), request("SET", "a", "6"));
    await snapshot(dir);
    expect(await new AofServer(dir).load()).toContain("appendonly.aof.manifest lists no file, but there is data in");
  });
});
