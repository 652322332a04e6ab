// The compiled executable: that its threads are found in it shows only there.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOurs } from "./support/oracle.ts";
import { RawConnection } from "./support/raw.ts";

const ROOT = join(import.meta.dir, "..");
const before = process.env["GO_REDIS_UNDER_TEST"];
let dir = "";

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "go-redis-executable-"));
  const outfile = join(dir, "go-redis");
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build.ts", "--outfile", outfile], { cwd: ROOT });
  if (status !== 0) throw new Error(`the executable can't be built: ${stderr}`);
  process.env["GO_REDIS_UNDER_TEST"] = outfile;
});

afterAll(() => {
  if (before === undefined) delete process.env["GO_REDIS_UNDER_TEST"];
  else process.env["GO_REDIS_UNDER_TEST"] = before;
  rmSync(dir, { recursive: true });
});

test("the executable saves and rewrites in the background", async () => {
  const server = await startOurs(["--appendonly", "yes"], { dir });
  try {
    const connection = await RawConnection.connect(server.port);
    await connection.text("SET", "a", "1");
    for (const [command, done] of [
      ["BGSAVE", "rdb_bgsave_in_progress:0"],
      ["BGREWRITEAOF", "aof_rewrite_in_progress:0"],
    ] as const) {
      expect(await connection.text(command)).toStartWith("+Background");
      while (!(await connection.text("INFO", "persistence")).includes(done));
    }
    expect(existsSync(join(dir, "dump.rdb"))).toBe(true);
    expect(existsSync(join(dir, "appendonlydir", "database.aof.2.base.rdb"))).toBe(true);
    expect(server.log()).not.toContain("failed");
  } finally {
    await server.stop();
  }
});
