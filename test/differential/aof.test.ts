// The append-only file is Redis's own format, so redis-server must make the same data of ours, and we of redis-server's.
// Random commands go to one server; another one starts from a copy of its folder; then all keys are compared.
import { describe, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { seed } from "../support/seed.ts";
import { bitmaps } from "./families/bitmaps.ts";
import { expiry } from "./families/expiry.ts";
import { hashes } from "./families/hashes.ts";
import { keys } from "./families/keys.ts";
import { streams } from "./families/streams.ts";
import { strings } from "./families/strings.ts";
import { type Family, sequenceOf } from "./generate.ts";
import { Pair, SMALL_LIMITS } from "./pair.ts";
import { show, type Words } from "./words.ts";

const SEQUENCES = 60;
const ROUNDS = 3;
const AOF = [
  ...["--appendonly", "yes", "--appendfsync", "always", "--appendfilename", "database.aof"],
  ...["--appenddirname", "appendonlydir", "--aof-use-rdb-preamble", "no", ...SMALL_LIMITS],
];

type Start = typeof startRedis;

async function sendAll(server: Server, commands: readonly Words[]): Promise<void> {
  const connection = await RawConnection.connect(server.port);
  connection.send(encodePipeline(commands));
  await connection.read(commands.length);
  connection.close();
}

function someCommands(family: Family, round: number): Words[] {
  const sequences = fc.sample(sequenceOf(family, 40), { seed: seed + round, numRuns: SEQUENCES });
  // A FLUSHALL in the middle would leave little to compare.
  return sequences.flat().filter(([name]) => !/^flush/i.test(name!));
}

/** Writes with one server, reads what it wrote with the other, and compares the writer's data with the reader's. */
async function compareAcross(write: Start, read: Start, commands: readonly Words[]): Promise<void> {
  const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), "go-redis-aof-")));
  const [written, copied] = folders as [string, string];
  const writer = await write(AOF, { dir: written });
  await sendAll(writer, commands);
  cpSync(written, copied, { recursive: true });
  const reader = await read(AOF, { dir: copied });
  const pair = await (write === startRedis ? Pair.of(writer, reader) : Pair.of(reader, writer));
  try {
    await pair.compareState(commands.map(show));
  } finally {
    await pair.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(requireRedisServer() === undefined)("the append-only file", () => {
  for (const family of [strings, bitmaps, hashes, streams, keys, expiry]) {
    for (let round = 0; round < ROUNDS; round++) {
      const commands = someCommands(family, round);
      test(`of ours is read by redis-server (${family.name}, ${round + 1})`, () => {
        return compareAcross(startOurs, startRedis, commands);
      });
      test(`of redis-server is read by ours (${family.name}, ${round + 1})`, () => {
        return compareAcross(startRedis, startOurs, commands);
      });
      test(`of ours is read by ours (${family.name}, ${round + 1})`, () =>
        compareAcross(startOurs, startOurs, commands));
    }
  }
});
