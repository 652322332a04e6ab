// Files that we write, loaded by redis-server, or, where it is too old for them, by our own loader.
import { afterEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AccessKind, writeFile } from "../../../src/persistence/rdb/file-writer.ts";
import { type Compression, RdbOutput } from "../../../src/persistence/rdb/output.ts";
import { RdbLoader } from "../../../src/persistence/rdb/rdb-loader.ts";
import { LocalServer } from "../../commands/local-server.ts";
import type { Words } from "../../differential/words.ts";
import { requireRedisServer, startRedis } from "../../support/oracle.ts";
import { RawConnection } from "../../support/raw.ts";
import { removeScratch, scratch } from "../scratch.ts";
import { type Ask, asking, askingLocal, contentsOf, differences } from "./contents.ts";
import { everything, hashKeys, Sequence, setKeys } from "./dataset.ts";

const FACTS = { nowMs: 1_700_000_000_000, usedBytes: 12_345_678, isAofBase: false };
const HEADER_BYTES = 9;

interface Form {
  readonly version?: number;
  readonly compression?: Compression;
  readonly access?: AccessKind;
}

function serverWith(requests: readonly Words[]): { server: LocalServer; ask: Ask } {
  const server = new LocalServer();
  const client = server.connect();
  for (const request of requests) expect(client.ask(...request)).not.toStartWith("-");
  return { server, ask: askingLocal(client) };
}

function fileOf(server: LocalServer, { version = 10, compression = "now", access = "none" }: Form = {}): Uint8Array {
  const out = new RdbOutput(compression);
  const functions = Array.from(server.scripting.libraries.all, ({ code }) => code);
  writeFile(server.keyspace, functions, version, FACTS, out, access);
  return out.buf.slice(0, out.at);
}

function versionOf(file: Uint8Array): string {
  return Buffer.from(file.subarray(0, HEADER_BYTES)).toString("latin1");
}

/** What redis-server answers when it has loaded a file. */
async function inRedis<T>(file: Uint8Array, args: readonly string[], use: (ask: Ask) => Promise<T>): Promise<T> {
  const folder = scratch();
  writeFileSync(join(folder, "dump.rdb"), file);
  const redis = await startRedis(args, { dir: folder });
  const connection = await RawConnection.connect(redis.port);
  try {
    return await use(asking(connection));
  } finally {
    connection.close();
    await redis.stop();
  }
}

/** Another server that has loaded a file. */
function reloaded(file: Uint8Array): Ask {
  const path = join(scratch(), "dump.rdb");
  writeFileSync(path, file);
  const server = new LocalServer();
  const fd = openSync(path, "r");
  expect(new RdbLoader(server, fd, fstatSync(fd).size).step(Number.POSITIVE_INFINITY)).toBe(true);
  closeSync(fd);
  return askingLocal(server.connect());
}

function checked(file: Uint8Array): string {
  const path = join(scratch(), "dump.rdb");
  writeFileSync(path, file);
  const { status, stdout } = spawnSync("redis-check-rdb", [path], { encoding: "utf8" });
  expect(status).toBe(0);
  return stdout;
}

afterEach(removeScratch);

describe.skipIf(requireRedisServer() === undefined)("a file that we wrote", () => {
  for (const compression of ["now", "never"] as const) {
    test(`is loaded by redis-server with every key, strings compressed: ${compression}`, async () => {
      const { server, ask } = serverWith(everything(7));
      const theirs = await inRedis(fileOf(server, { compression }), ["--sanitize-dump-payload", "yes"], contentsOf);
      const ours = await contentsOf(ask);
      expect(differences(theirs, ours)).toEqual([]);
      expect(ours.size).toBeGreaterThan(150);
    });
  }

  test("is accepted by redis-check-rdb, and has the facts that Redis tells", () => {
    const { server } = serverWith(everything(8));
    const found = checked(fileOf(server));
    expect(found).toContain("RDB looks OK");
    for (const fact of ["redis-ver = '7.", "redis-bits = '64'", "ctime = '1700000000'", "used-mem = '12345678'"]) {
      expect(found).toContain(`AUX FIELD ${fact}`);
    }
    expect(found).toContain("AUX FIELD aof-base = '0'");
  });

  test("has the libraries of functions", async () => {
    const padding = "-- a comment that makes the code long enough to be compressed ".repeat(10);
    const code = `#!lua name=lib\n${padding}\nredis.register_function('answer', function() return 42 end)`;
    const { server } = serverWith([["FUNCTION", "LOAD", code]]);
    const [listed, answer] = await inRedis(fileOf(server), [], (ask) =>
      ask([
        ["FUNCTION", "LIST", "WITHCODE"],
        ["FCALL", "answer", "0"],
      ]),
    );
    expect(JSON.stringify(listed)).toContain(JSON.stringify(code));
    expect(answer!.value).toBe("42");
  });

  test("tells how long keys were idle, or how often they were used, if asked to", async () => {
    const { server, ask } = serverWith([["SET", "old", "text"]]);
    server.pass(5_000_000);
    await ask([["SET", "new", "text"]]);
    const idle = await inRedis(fileOf(server, { access: "idle" }), ["--maxmemory-policy", "allkeys-lru"], (redis) =>
      redis([
        ["OBJECT", "IDLETIME", "old"],
        ["OBJECT", "IDLETIME", "new"],
      ]),
    );
    const [old, fresh] = idle.map(({ value }) => Number(value));
    expect(old).toBeGreaterThanOrEqual(5000);
    expect(old).toBeLessThan(5100);
    expect(fresh).toBeLessThan(100);

    server.keyspace.access.lfu = true;
    await ask([["SET", "used", "text"], ...Array.from({ length: 200 }, () => ["GET", "used"])]);
    const [ours] = await ask([["OBJECT", "FREQ", "used"]]);
    const frequency = fileOf(server, { access: "frequency" });
    const [theirs] = await inRedis(frequency, ["--maxmemory-policy", "allkeys-lfu"], (redis) =>
      redis([["OBJECT", "FREQ", "used"]]),
    );
    expect(theirs!.value).toBe(ours!.value);
  });
});

describe("a file of a version later than Redis 7.0", () => {
  test("has packed sets in 11, and is loaded again", async () => {
    const { server, ask } = serverWith([...setKeys(new Sequence(5)), ...hashKeys(new Sequence(6))]);
    const file = fileOf(server, { version: 11 });
    expect(versionOf(file)).toBe("REDIS0011");
    expect(file.length).not.toBe(fileOf(server).length);
    expect(differences(await contentsOf(ask), await contentsOf(reloaded(file)))).toEqual([]);
  });

  test("is written when fields of hashes end, whatever is wanted, and loaded with their deadlines", async () => {
    const deadline = String(4_102_444_800_123);
    const later = String(4_102_444_899_999);
    const { server, ask } = serverWith([
      ["HSET", "packed", "a", "1", "b", "2", "c", "3"],
      ["HPEXPIREAT", "packed", later, "FIELDS", "1", "a"],
      ["HPEXPIREAT", "packed", deadline, "FIELDS", "1", "b"],
      ["HSET", "table", ...Array.from({ length: 1200 }, (_, i) => (i % 2 === 0 ? `f${i}` : `value ${i}`))],
      ["HPEXPIREAT", "table", deadline, "FIELDS", "3", "f0", "f2", "f4"],
      ["HPEXPIREAT", "table", later, "FIELDS", "1", "f6"],
      ["HSET", "once packed", "a", "1"],
      ["HPEXPIREAT", "once packed", later, "FIELDS", "1", "a"],
      ["HPERSIST", "once packed", "FIELDS", "1", "a"],
      ["SET", "plain", "1"],
    ]);
    const file = fileOf(server);
    expect(versionOf(file)).toBe("REDIS0012");
    const options = { fieldDeadlines: true };
    expect(differences(await contentsOf(ask, options), await contentsOf(reloaded(file), options))).toEqual([]);
  });

  test("is not written any more when the last such field lost its deadline", () => {
    const { server } = serverWith([
      ["HSET", "packed", "a", "1"],
      ["HEXPIRE", "packed", "1000", "FIELDS", "1", "a"],
      ["HPERSIST", "packed", "FIELDS", "1", "a"],
    ]);
    expect(versionOf(fileOf(server))).toBe("REDIS0010");
  });
});
