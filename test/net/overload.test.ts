// Writers that do not stop at the limit of memory: it holds, all keys are accounted for, and big values do not push out everything.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Server, startOurs } from "../support/oracle.ts";
import { type Arg, encodePipeline, RawConnection } from "../support/raw.ts";

const LIMIT = 24 * 1024 ** 2;
const WRITERS = 4;
const BATCHES = 250;
const BATCH = 100;
const OK = "+OK\r\n";

let server: Server;
let observer: RawConnection;

beforeAll(async () => {
  server = await startOurs(["--maxmemory", String(LIMIT), "--maxmemory-policy", "allkeys-lru"]);
  observer = await RawConnection.connect(server.port);
});

afterAll(async () => {
  observer.close();
  await server.stop();
});

async function figure(name: string): Promise<number> {
  const info = await observer.text("INFO", "everything");
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
}

/** Keys of all sizes, and now and then a collection that takes long to free. */
function batchOf(writer: number, round: number): Arg[][] {
  return Array.from({ length: BATCH }, (_, i) => {
    const key = `${writer}:${round}:${i}`;
    if (i === 50 && round % 50 === 0)
      return ["SADD", `set:${key}`, ...Array.from({ length: 2000 }, (_, m) => `member${m}`)];
    return ["SET", key, "v".repeat(i % 10 === 0 ? 3000 : 10 + i)];
  });
}

async function write(writer: number): Promise<void> {
  const connection = await RawConnection.connect(server.port);
  for (let round = 0; round < BATCHES; round++) {
    connection.send(encodePipeline(batchOf(writer, round)));
    const replies = (await connection.read(BATCH)).map((reply) => Buffer.from(reply).toString("latin1"));
    expect(replies.filter((reply) => reply !== OK && reply !== ":2000\r\n")).toEqual([]);
  }
  connection.close();
}

describe("writers at full speed at the limit of memory", () => {
  test("keep memory within 1% of it, and are never refused", async () => {
    let writing = true;
    const most = (async () => {
      let bytes = 0;
      while (writing) bytes = Math.max(bytes, await figure("used_memory"));
      return bytes;
    })();
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    writing = false;
    expect(await most).toBeLessThanOrEqual(LIMIT * 1.01);
    const written = WRITERS * BATCHES * BATCH;
    expect((await figure("evicted_keys")) + Number((await observer.text("DBSIZE")).slice(1))).toBe(written);
    // What was written last is still there.
    expect(await observer.text("EXISTS", `0:${BATCHES - 1}:${BATCH - 1}`)).toBe(":1\r\n");
  }, 120_000);

  test("cut off a client that sends what is more than all of them may take", async () => {
    expect(await observer.text("CONFIG", "SET", "maxmemory-clients", "2mb")).toBe(OK);
    const lazy = await RawConnection.connect(server.port);
    lazy.send("*2\r\n$3\r\nGET\r\n$3000000\r\n");
    await lazy.readToEnd();
    expect(await figure("evicted_clients")).toBe(1);
    expect(await observer.text("PING")).toBe("+PONG\r\n");
  });
});
