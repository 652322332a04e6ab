import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { type Server, startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { type SmallDisk, smallDisks } from "./small-disk.ts";

/** What a base of the data takes, about. */
const BASE_BYTES = 120_000;

let disk: SmallDisk | undefined;
let server: Server | undefined;

afterEach(async () => {
  await server?.kill9();
  server = undefined;
  disk?.remove();
  disk = undefined;
});

async function rewrite(connection: RawConnection): Promise<string> {
  const reply = await connection.text("BGREWRITEAOF");
  for (;;) {
    const info = await connection.text("INFO", "persistence");
    if (info.includes("aof_rewrite_in_progress:0")) return /aof_last_bgrewrite_status:(\w+)/.exec(info)?.[1] ?? reply;
  }
}

describe.each(smallDisks())("%s", (_name, make) => {
  test("loses nothing, whatever write of a rewrite it stops", async () => {
    disk = make();
    const args = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--rdbcompression", "no"];
    server = await startOurs(args, { dir: disk.dir });
    let connection = await RawConnection.connect(server.port);
    const requests = Array.from({ length: 1000 }, (_, i) => ["SET", `key${i}`, `${i}-`.repeat(20)]);
    connection.send(encodePipeline(requests));
    await connection.read(requests.length);
    const outcomes: string[] = [];
    let writes = 0;
    for (const room of [0, 64, 4096, 8192, 20_000, 60_000, BASE_BYTES / 2, BASE_BYTES * 4]) {
      disk.limit(server.pid, room);
      outcomes.push(await rewrite(connection));
      disk.makeRoom(server.pid);
      while ((await connection.text("SET", `after${writes}`, "1")) !== "+OK\r\n");
      writes++;
    }
    expect(outcomes.at(0)).toBe("err");
    expect(outcomes.at(-1)).toBe("ok");
    expect(readdirSync(disk.dir).filter((name) => name.startsWith("temp-"))).toEqual([]);
    await server.kill9();
    server = await startOurs(args, { dir: disk.dir });
    connection = await RawConnection.connect(server.port);
    expect(await connection.text("DBSIZE")).toBe(`:${1000 + writes}\r\n`);
    expect(await connection.text("GET", "key999")).toContain("999-999-");
  });
});
