// Files that redis-server 7.0 saved, loaded here: every type in every encoding that it has.
import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Words } from "../../differential/words.ts";
import { requireRedisServer, startOurs, startRedis } from "../../support/oracle.ts";
import { RawConnection } from "../../support/raw.ts";
import { removeScratch, scratch } from "../scratch.ts";
import { asking, contentsOf, differences } from "./contents.ts";
import { hashKeys, listKeys, Sequence, setKeys, streamKeys, stringKeys, timedKeys, zsetKeys } from "./dataset.ts";

afterEach(removeScratch);

const sequence = new Sequence(11);
const COMMANDS = [stringKeys, listKeys, setKeys, hashKeys, zsetKeys, streamKeys]
  .flatMap((keys) => keys(sequence))
  .concat(timedKeys());

/** Has redis-server execute commands and save. Returns the folder. */
async function save(args: readonly string[], commands: readonly Words[] = COMMANDS): Promise<string> {
  const dir = scratch();
  await run(startRedis, dir, args, [...commands, ["SELECT", "0"], ["SAVE"]]);
  return dir;
}

/** Starts a server over a folder. Returns what it holds after some commands, and what it tells of it. */
async function run(
  start: typeof startRedis,
  dir: string,
  args: readonly string[] = [],
  commands: readonly Words[] = [],
) {
  const server = await start(args, { dir });
  try {
    const connection = await RawConnection.connect(server.port);
    for (const words of commands) expect(await connection.text(...words)).not.toStartWith("-");
    const info = await connection.text("INFO", "persistence");
    return { held: await contentsOf(asking(connection)), log: server.log(), info };
  } finally {
    await server.stop();
  }
}

const THRESHOLDS: Record<string, readonly string[]> = {
  "with its own thresholds": [],
  "with everything as small as can be": [
    ...["--hash-max-listpack-entries", "0", "--zset-max-listpack-entries", "0", "--set-max-intset-entries", "0"],
    ...["--list-max-listpack-size", "1"],
  ],
  "with everything packed": [
    ...[
      "--hash-max-listpack-entries",
      "5000",
      "--zset-max-listpack-entries",
      "5000",
      "--set-max-intset-entries",
      "5000",
    ],
    ...["--hash-max-listpack-value", "5000", "--zset-max-listpack-value", "5000", "--list-max-listpack-size", "-5"],
  ],
  "without compression and checksum": ["--rdbcompression", "no", "--rdbchecksum", "no"],
};

describe.skipIf(requireRedisServer() === undefined)("a file of redis-server", () => {
  for (const [name, args] of Object.entries(THRESHOLDS)) {
    test(`${name} is loaded as redis-server itself loads it, with those thresholds and with the usual ones`, async () => {
      const dir = await save(args);
      for (const thresholds of [args, []]) {
        const theirs = await run(startRedis, dir, thresholds);
        const ours = await run(startOurs, dir, thresholds);
        expect(differences(theirs.held, ours.held)).toEqual([]);
        expect(ours.held.size).toBeGreaterThan(100);
      }
    });
  }

  test("is told of in the log and in INFO, and loses keys whose time is past", async () => {
    const commands = [
      ["SET", "a", "1"],
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["SET", "b", "1", "PX", "1"],
      // It must be gone before its content is asked for, and still be saved.
      ["DEBUG", "SLEEP", "0.002"],
    ];
    const { held, log, info } = await run(startOurs, await save([], commands));
    expect([...held.keys()]).toEqual(["0 a"]);
    expect(log).toContain("Loading RDB produced by version 7.0.15");
    expect(log).toContain("Done loading RDB, keys loaded: 1, keys expired: 1.");
    expect(log).toContain("DB loaded from disk: ");
    expect(info).toContain("rdb_last_load_keys_expired:1\r\nrdb_last_load_keys_loaded:1\r\n");
  });

  test("is loaded from the base of an append-only file, too", async () => {
    const dir = await save([]);
    const aof = ["--appendonly", "yes", "--appenddirname", "aof", "--appendfilename", "appendonly.aof"];
    mkdirSync(join(dir, "aof"));
    const theirs = await run(startRedis, dir);
    renameSync(join(dir, "dump.rdb"), join(dir, "aof", "appendonly.aof.1.base.rdb"));
    writeFileSync(join(dir, "aof", "appendonly.aof.manifest"), "file appendonly.aof.1.base.rdb seq 1 type b\n");
    const ours = await run(startOurs, dir, aof);
    expect(differences(theirs.held, ours.held)).toEqual([]);
  });
});
