// What `go-redis check-rdb` says, and check-aof of a file that starts with a snapshot, compared with redis-server 7.0's tools.
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/lib/clock.ts";
import { Crc64 } from "../../../src/lib/crc.ts";
import { checkAof } from "../../../src/persistence/tools/check-aof.ts";
import { checkRdb } from "../../../src/persistence/tools/check-rdb.ts";
import { requireRedisServer, startRedis } from "../../support/oracle.ts";
import { RawConnection } from "../../support/raw.ts";
import { removeScratch, scratch } from "../scratch.ts";
import { CapturedTerminal } from "./captured-terminal.ts";

afterEach(removeScratch);

const TOOLS = { "redis-check-rdb": checkRdb, "redis-check-aof": checkAof };
/** Bytes of the signature and version: this reads versions that redis-server 7.0 does not know. */
const VERSION_END = 9;
/** Hundreds of processes are started one after the other, which takes long while others use the machine. */
const LIMIT_MS = 60_000;

/**
 * Without places in Redis's source, which we do not have, and lines of its log. Where a value breaks off, its parts were read in other
 * steps; and what is wrong in a stream is told in other words.
 */
function plain(text: string): string {
  const same = text.replace(/, function at rdb\.c:\d+/g, "").replace(/^\d+:C .*\n/gm, "");
  if (/Reading type (15|19) /.test(same)) return same.replace(/(DETECTED ---\n).*/, "$1");
  return same.replace(/^\[offset \d+\] (Unexpected EOF|Internal error)/m, "$1");
}

/** What the tools say differently of a file. */
function differences(tool: keyof typeof TOOLS, file: Uint8Array, about: string): string[] {
  const path = join(scratch(), "file");
  writeFileSync(path, file);
  const terminal = new CapturedTerminal("");
  const status = TOOLS[tool]("go-redis check", [path], terminal, systemClock);
  const theirs = spawnSync(tool, [path], { encoding: "latin1" });
  // It knows fewer types of values, and so ends where this goes on.
  removeScratch();
  if (/Invalid object type: (2\d|24\d)$/m.test(theirs.stdout)) return [];
  const said = `${status} ${plain(terminal.text)}`.split("\n");
  const wanted = `${theirs.status} ${plain(theirs.stdout)}`.split("\n");
  return said.flatMap((line, i) => (line === wanted[i] ? [] : [`${about}: ${line} | theirs: ${wanted[i]}`]));
}

/** One key in each database, and a set of one member: redis-server's order of several is not the same each time. */
const KEYS = [
  "SET a 1",
  "SET text hello PXAT 4102444800000",
  "SET past x PXAT 4102444800000",
  "RPUSH list a b 300",
  "SADD integers 1 2 70000",
  "SADD set x",
  "ZADD zset 1 a 2.5 b",
  "HSET hash f v g 7",
  "XADD stream 1-1 f v",
  `SET long ${"abc".repeat(20)}`,
];
const STREAM_DB = 8;

/**
 * The file without what is not the same each time that it is written: the memory that was in use, when that was, and the times in a stream,
 * which are since `startMs`. So a test of other bytes in it meets the same file each time.
 */
function settled(file: Buffer, startMs: number): Buffer {
  for (const field of ["ctime", "used-mem"]) {
    const at = file.indexOf(`${field}\xc2`, 0, "latin1");
    expect(at).toBeGreaterThan(0);
    file.writeInt32LE(0x12345678, at + field.length + 1);
  }
  const [from, to] = [BigInt(startMs), BigInt(systemClock.unixMs())];
  for (let i = VERSION_END; i < file.length - 16; i++) {
    const time = file.readBigUInt64LE(i);
    if (time >= from && time <= to) file.writeBigUInt64LE(0x18c_1234_5678n, i);
  }
  const crc = new Crc64();
  crc.update(file, 0, file.length - 8);
  file.writeBigUInt64LE(crc.value(), file.length - 8);
  return file;
}

describe.skipIf(requireRedisServer() === undefined)("check-rdb", () => {
  let file: Buffer;

  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), "go-redis-check-"));
    const startMs = systemClock.unixMs();
    const server = await startRedis([], { dir });
    const connection = await RawConnection.connect(server.port);
    for (const [db, line] of KEYS.entries()) {
      await connection.text("SELECT", `${db}`);
      await connection.text(...line.split(" "));
    }
    await connection.text("SELECT", `${STREAM_DB}`);
    await connection.text("XGROUP", "CREATE", "stream", "g", "0");
    await connection.text("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">");
    await connection.text("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() end)");
    await connection.text("SAVE");
    file = settled(readFileSync(join(dir, "dump.rdb")), startMs);
    await server.stop();
    rmSync(dir, { recursive: true });
  });

  test(
    "says the same of a file that is cut at every position",
    () => {
      const found: string[] = [];
      for (let i = 0; i <= file.length; i += 2) {
        found.push(...differences("redis-check-rdb", file.subarray(0, i), `cut at ${i}`));
      }
      expect(found).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "finds what redis-check-rdb finds in a file with another byte somewhere, and says it in the same way outside of values",
    () => {
      const found: string[] = [];
      for (let i = 0; i < file.length; i += 3) {
        if (i >= 5 && i < VERSION_END) continue;
        const other = Buffer.from(file);
        other[i] = (i & 1) === 0 ? 0xff : other[i]! ^ 1;
        const all = differences("redis-check-rdb", other, `at ${i}`);
        // What stands for a string where a length should be is no length here, but is one for redis-server.
        const inValue = all.some((line) => /read-object-value|integrity|in the place of a length/.test(line));
        found.push(...(inValue ? all.filter((line) => /^at \d+: \d /.test(line)) : all));
      }
      expect(found).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "says the same of files with and without a checksum, and of none",
    () => {
      const without = Buffer.concat([file.subarray(0, -8), Buffer.alloc(8)]);
      expect(differences("redis-check-rdb", without, "no checksum")).toEqual([]);
      const terminal = new CapturedTerminal("");
      expect(checkRdb("go-redis check-rdb", [], terminal, systemClock)).toBe(1);
      expect(terminal.text).toBe("Usage: go-redis check-rdb <rdb-file-name>\n");
    },
    LIMIT_MS,
  );

  test(
    "is what check-aof does with a snapshot at the start of a file",
    () => {
      const tail = Buffer.from("*2\r\n$4\r\nINCR\r\n$1\r\na\r\n");
      for (let i = file.length - 9; i < file.length + tail.length; i++) {
        expect(differences("redis-check-aof", Buffer.concat([file, tail]).subarray(0, i), `cut at ${i}`)).toEqual([]);
      }
    },
    LIMIT_MS,
  );
});
