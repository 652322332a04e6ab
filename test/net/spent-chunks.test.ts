// What was received is freed after the poll: nothing that outlives the poll may look at it, neither the journal nor a client that waits.
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPENT_CHUNK_BYTES_MIN } from "../../src/limits.ts";
import { SpentChunks } from "../../src/net/spent-chunks.ts";
import { type Server, startOurs } from "../support/oracle.ts";
import { type Arg, encodePipeline, RawConnection } from "../support/raw.ts";

const PADDING = "x".repeat(SPENT_CHUNK_BYTES_MIN);

const folder = mkdtempSync(join(tmpdir(), "go-redis-spent-"));
let server: Server | undefined;

afterEach(async () => {
  await server?.kill9();
  server = undefined;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(connection: RawConnection, ...requests: Arg[][]): Promise<string[]> {
  connection.send(encodePipeline(requests));
  return (await connection.read(requests.length)).map((reply) => Buffer.from(reply).toString("latin1"));
}

test("long chunks are freed at the end of the poll, short ones left to the collector", () => {
  const long = new Uint8Array(SPENT_CHUNK_BYTES_MIN);
  const short = new Uint8Array(SPENT_CHUNK_BYTES_MIN - 1);
  const spent = new SpentChunks();
  spent.add(long);
  spent.add(short);
  expect(long.length).toBe(SPENT_CHUNK_BYTES_MIN);
  spent.release();
  spent.release();
  expect([long.length, short.length]).toEqual([0, SPENT_CHUNK_BYTES_MIN - 1]);
});

describe("what came in one chunk", () => {
  test("is in the journal", async () => {
    const args = ["--dir", folder, "--appendonly", "yes"];
    server = await startOurs(args);
    const writer = await RawConnection.connect(server.port);
    const keys = Array.from({ length: 100 }, (_, n) => `key:${n}`);
    await ask(writer, ...keys.map((key) => ["SET", key, `${PADDING}${key}`]));
    writer.close();
    await server.kill9();
    server = await startOurs(args);
    const reader = await RawConnection.connect(server.port);
    const values = await ask(reader, ...keys.map((key) => ["GETRANGE", key, PADDING.length, -1]));
    expect(values).toEqual(keys.map((key) => `$${key.length}\r\n${key}\r\n`));
    reader.close();
  });

  test("waits whole behind a client that blocks, is in a transaction, or watches", async () => {
    server = await startOurs([]);
    const [waiting, other] = [await RawConnection.connect(server.port), await RawConnection.connect(server.port)];
    await ask(waiting, ["SET", "padding", PADDING], ["MULTI"], ["SET", "queued", PADDING], ["GET", "queued"]);
    waiting.send(
      encodePipeline([["EXEC"], ["BLPOP", `list${PADDING}`, 0], ["ECHO", PADDING], ["SET", "after", PADDING]]),
    );
    expect(await waiting.read(1)).toHaveLength(1);
    await ask(other, ["SET", "other", PADDING], ["SUBSCRIBE", `channel${PADDING}`], ["UNSUBSCRIBE", "no"]);
    const pusher = await RawConnection.connect(server.port);
    await ask(
      pusher,
      ["PUBLISH", `channel${PADDING}`, `message${PADDING}`],
      ["RPUSH", `list${PADDING}`, `e${PADDING}`],
    );
    const rest = (await waiting.read(3)).map((reply) => Buffer.from(reply).toString("latin1"));
    expect(rest[0]).toContain(`list${PADDING}`);
    expect(rest[0]).toContain(`e${PADDING}`);
    expect(rest[1]).toBe(`$${PADDING.length}\r\n${PADDING}\r\n`);
    expect(rest[2]).toBe("+OK\r\n");
    expect(Buffer.from((await other.read(1))[0]).toString("latin1")).toContain(`message${PADDING}`);
    expect(await ask(pusher, ["GET", "after"], ["GET", "queued"])).toEqual(
      Array<string>(2).fill(`$${PADDING.length}\r\n${PADDING}\r\n`),
    );
    for (const connection of [waiting, other, pusher]) connection.close();
  });
});

test("what came in many chunks is in the data, the journal and messages", async () => {
  const args = ["--dir", folder, "--appendonly", "yes"];
  server = await startOurs(args);
  const [writer, other] = [await RawConnection.connect(server.port), await RawConnection.connect(server.port)];
  await ask(other, ["SUBSCRIBE", "channel"]);
  const long = (n: number) => `${n}`.repeat(300_000);
  const script = "return redis.call('SET', KEYS[1], ARGV[1])";
  const requests = [
    ["SET", "plain", long(1)],
    ["MULTI"],
    ["SET", "queued", long(2)],
    ["EXEC"],
    ["EVAL", script, 1, "scripted", long(3)],
    ["PUBLISH", "channel", long(4)],
  ];
  for (const request of requests) await ask(writer, request);
  expect(Buffer.from((await other.read(1))[0]).toString("latin1")).toContain(long(4));
  for (const connection of [writer, other]) connection.close();
  const values = [1, 2, 3].map((n) => `$300000\r\n${long(n)}\r\n`);
  for (let start = 0; start < 2; start++) {
    const reader = await RawConnection.connect(server.port);
    expect(await ask(reader, ["GET", "plain"], ["GET", "queued"], ["GET", "scripted"])).toEqual(values);
    reader.close();
    await server.kill9();
    server = await startOurs(args);
  }
});
