import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "../../src/lib/clock.ts";
import { WriterFile } from "../../src/persistence/aof/append-file.ts";
import { AofJournal, type FsyncPolicy } from "../../src/persistence/aof/journal.ts";
import { type Server, startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { CapturedLog } from "./captured-log.ts";
import { readRequests, request } from "./requests.ts";
import { type SmallDisk, smallDisks } from "./small-disk.ts";

const ROOM = 256 * 1024;
const TICK = () => new Promise((resolve) => setImmediate(resolve));

let disk: SmallDisk | undefined;
const servers: Server[] = [];

async function start(args: string[], dir: string): Promise<Server> {
  const server = await startOurs(args, { dir });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill9();
  disk?.remove();
  disk = undefined;
});

describe.each(smallDisks())("%s", (_name, make) => {
  test.each([100, 4095, 4096, 70_000, ROOM + 1000])(
    "takes pieces of %d bytes as far as append says, and no more later",
    async (bytes) => {
      disk = make();
      const path = join(disk.dir, "file");
      const file = WriterFile.open(path);
      const letters: string[] = [];
      const results: number[] = [];
      disk.limit(process.pid, ROOM);
      for (let i = 0; results.filter((n) => n < bytes).length < 3; i++) {
        const letter = String.fromCharCode(97 + (i % 26));
        const n = file.append(Buffer.alloc(bytes, letter), 0, bytes);
        results.push(n);
        letters.push(letter.repeat(n));
      }
      disk.makeRoom(process.pid);
      expect(file.error).toBe(disk.error);
      expect(results.slice(-2)).toEqual([0, 0]);
      expect(file.size).toBe(statSync(path).size);
      await TICK();
      expect(file.append(Buffer.alloc(bytes, "Z"), 0, bytes)).toBe(bytes);
      file.close();
      await TICK();
      expect(readFileSync(path, "latin1") === `${letters.join("")}${"Z".repeat(bytes)}`).toBe(true);
    },
  );

  test("tells how much another thread could write, and goes on behind that", async () => {
    disk = make();
    const path = join(disk.dir, "file");
    const file = WriterFile.open(path);
    disk.limit(process.pid, ROOM);
    const aside = (bytes: number) =>
      new Promise<number>((resolve) => file.appendAside(Buffer.alloc(bytes, "a"), 0, bytes, resolve));
    expect(await aside(ROOM - 5000)).toBe(ROOM - 5000);
    const written = await aside(20_000);
    expect(file.error).toBe(disk.error);
    expect(written).toBeLessThan(20_000);
    expect(await aside(20_000)).toBeLessThan(20_000 - written);
    const { size } = file;
    expect(statSync(path).size).toBe(size);
    disk.makeRoom(process.pid);
    expect(file.append(Buffer.from("end"), 0, 3)).toBe(3);
    file.close();
    expect(readFileSync(path, "latin1") === `${"a".repeat(size)}end`).toBe(true);
  });

  test.each(["always", "everysec"] as FsyncPolicy[])(
    "loses and doubles nothing of a journal (appendfsync %s)",
    async (policy) => {
      disk = make();
      const clock = new ManualClock();
      const path = join(disk.dir, "file");
      const journal = new AofJournal(WriterFile.open(path), 0, clock, new CapturedLog(clock));
      journal.policy = policy;
      const expected: string[] = [];
      const poll = async (n: number) => {
        for (const bytes of [10, 300, n % 7 === 0 ? 40_000 : 50]) {
          const value = "x".repeat(bytes);
          const frame = request("SET", `key${n}`, value);
          journal.append(0, frame, 0, frame.length);
          expected.push(`0 SET key${n} ${value}`);
        }
        clock.advance(100);
        journal.flush();
        while (journal.syncing) await TICK();
        return journal.flush();
      };
      disk.limit(process.pid, ROOM);
      let n = 0;
      while (await poll(n)) n++;
      const whole = readRequests(readFileSync(path)).length;
      expect(await poll(++n)).toBe(false);
      disk.makeRoom(process.pid);
      expect(journal.lastError).toBe(disk.error);
      expect(whole).toBeLessThan(expected.length);
      expect(await poll(++n)).toBe(true);
      expect(journal.lastError).toBe("");
      journal.close();
      expect(readRequests(readFileSync(path))).toEqual(expected);
    },
  );

  test.each(["always", "everysec"])(
    "makes the server refuse writes until there is room (appendfsync %s)",
    async (policy) => {
      disk = make();
      const args = ["--appendonly", "yes", "--appendfsync", policy, "--appendfilename", "database.aof"];
      const server = await start(args, disk.dir);
      const [writer, watcher] = [await RawConnection.connect(server.port), await RawConnection.connect(server.port)];
      disk.limit(server.pid, ROOM);
      const misconf = `-MISCONF Errors writing to the AOF file: ${disk.error}\r\n`;
      let sent = 0;
      // A write that is not in the file is not answered: so another connection asks whether writes are refused.
      while ((await watcher.text("PING")) !== misconf) {
        const batch = Array.from({ length: 20 }, () => ["APPEND", "log", `${sent++};`.padEnd(500, ".")]);
        writer.send(encodePipeline(batch));
      }
      expect(await watcher.text("SET", "probe", "1")).toBe(misconf);
      expect(await watcher.text("STRLEN", "log")).toMatch(/^:\d+\r\n$/);
      expect(await watcher.text("INFO", "persistence")).toContain("aof_last_write_status:err");
      disk.makeRoom(server.pid);
      while ((await watcher.text("PING")) === misconf);
      expect(await watcher.text("SET", "probe", "2")).toBe("+OK\r\n");
      expect(await watcher.text("INFO", "persistence")).toContain("aof_last_write_status:ok");
      const lengths = (await writer.read(sent)).map((reply) => Buffer.from(reply).toString());
      const accepted = lengths.filter((reply) => reply !== misconf);
      expect(accepted).toEqual(accepted.map((_, i) => `:${(i + 1) * 500}\r\n`));
      expect(await watcher.text("STRLEN", "log")).toBe(accepted.at(-1)!);
      const before = await watcher.text("GET", "log");
      expect(server.log()).toContain("AOF write error looks solved, Redis can write again.");
      await server.kill9();
      const again = await start(args, disk.dir);
      const reader = await RawConnection.connect(again.port);
      expect((await reader.text("GET", "log")) === before).toBe(true);
      expect(await reader.text("GET", "probe")).toBe("$1\r\n2\r\n");
    },
  );
});
