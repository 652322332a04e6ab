import { afterEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeFile } from "../../../src/persistence/rdb/file-writer.ts";
import { RdbOutput } from "../../../src/persistence/rdb/output.ts";
import { LocalServer } from "../../commands/local-server.ts";
import { requireRedisServer, startRedis } from "../../support/oracle.ts";
import { RawConnection } from "../../support/raw.ts";
import { removeScratch, scratch } from "../scratch.ts";
import { asking, askingLocal, contentsOf, differences } from "./contents.ts";
import { everything } from "./dataset.ts";

const FACTS = { nowMs: 1_700_000_000_000, usedBytes: 12_345_678, isAofBase: false };

function fileOf(server: LocalServer, out = new RdbOutput("now")): Uint8Array {
  writeFile(server.keyspace, [], 10, FACTS, out);
  return out.buf.slice(0, out.at);
}

afterEach(removeScratch);

describe.skipIf(requireRedisServer() === undefined)("a file that we wrote", () => {
  for (const compression of ["now", "never"] as const) {
    test(`is loaded by redis-server with every key, strings compressed: ${compression}`, async () => {
      const server = new LocalServer();
      const client = server.connect();
      for (const request of everything(7)) client.ask(...request);
      const folder = scratch();
      writeFileSync(join(folder, "dump.rdb"), fileOf(server, new RdbOutput(compression)));
      const redis = await startRedis(["--sanitize-dump-payload", "yes"], { dir: folder });
      const connection = await RawConnection.connect(redis.port);
      const theirs = await contentsOf(asking(connection));
      connection.close();
      await redis.stop();
      const ours = await contentsOf(askingLocal(client));
      expect(differences(theirs, ours)).toEqual([]);
      expect(ours.size).toBeGreaterThan(150);
    });
  }

  test("is accepted by redis-check-rdb", () => {
    const server = new LocalServer();
    const client = server.connect();
    for (const request of everything(8)) client.ask(...request);
    const path = join(scratch(), "dump.rdb");
    writeFileSync(path, fileOf(server));
    const { status, stdout } = spawnSync("redis-check-rdb", [path], { encoding: "utf8" });
    expect(stdout).toContain("RDB looks OK");
    expect(status).toBe(0);
  });
});
