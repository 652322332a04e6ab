// Folders after a rewrite, in both forms of base, between our server and redis-server 7.0: keys of every type, encoding and size class.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireRedisServer, startOurs, startRedis } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { asking, contentsOf, differences } from "./rdb/contents.ts";
import { everything, Sequence } from "./rdb/dataset.ts";

const ON = ["--appendonly", "yes", "--appendfilename", "database.aof", "--enable-debug-command", "yes"];
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";

/** Values that are written bit by bit, some with a deadline. */
function largeKeys(): string[][] {
  const sequence = new Sequence(7);
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `${i}-${sequence.bytes(20, 8)}`);
  const pairs = texts(3000).flatMap((text, i) => [text, String(i)]);
  return [
    ["SET", "large:string", sequence.bytes(400_000)],
    ["RPUSH", "large:list", ...texts(6000)],
    ["SADD", "large:set", ...texts(4000)],
    ["HSET", "large:hash", ...pairs],
    ["ZADD", "large:zset", ...texts(3000).flatMap((text, i) => [String(i / 8), text])],
    ...texts(3000).map((text) => ["XADD", "large:stream", "*", "f", text]),
    ["XGROUP", "CREATE", "large:stream", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", "100", "STREAMS", "large:stream", ">"],
    ...["string", "list", "set", "hash", "zset", "stream"].map((name) => [
      "PEXPIREAT",
      `large:${name}`,
      "4102444800000",
    ]),
  ];
}

type Start = typeof startRedis;

async function rewritten(connection: RawConnection): Promise<void> {
  const isBusy = async () =>
    !/aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(await connection.text("INFO", "persistence"));
  while (await isBusy()) await new Promise<void>((resolve) => setImmediate(resolve));
}

async function withServer<T>(
  start: Start,
  dir: string,
  args: string[],
  use: (c: RawConnection) => Promise<T>,
): Promise<T> {
  const server = await start([...ON, ...args], { dir });
  try {
    return await use(await RawConnection.connect(server.port));
  } finally {
    await server.stop();
  }
}

const contents = (connection: RawConnection) => contentsOf(asking(connection));

describe.skipIf(requireRedisServer() === undefined)("after a rewrite", () => {
  for (const [writer, start, reader, other] of [
    ["ours", startOurs, "redis-server", startRedis],
    ["redis-server's", startRedis, "ours", startOurs],
  ] as const) {
    for (const preamble of ["yes", "no"]) {
      test(`${writer} folder is loaded by ${reader}, if aof-use-rdb-preamble is ${preamble}`, async () => {
        const dir = mkdtempSync(join(tmpdir(), "go-redis-rewrite-"));
        try {
          const args = ["--aof-use-rdb-preamble", preamble];
          const before = await withServer(start, dir, args, async (connection) => {
            for (const words of [...everything(3), ...largeKeys()]) await connection.text(...words.map(String));
            await connection.text("FUNCTION", "LOAD", LIBRARY);
            // Pending entries that are deleted can't be said in commands: redis-server leaves them out, and so do we.
            if (preamble === "no") await connection.text("DEL", "stream:700");
            await connection.text("BGREWRITEAOF");
            await connection.text("LSET", "large:list", "3000", "changed");
            await connection.text("APPEND", "large:string", "more");
            await connection.text("SREM", "large:set", "1");
            if (preamble === "yes") await connection.text("XTRIM", "large:stream", "MAXLEN", "100");
            await connection.text("DEL", "large:hash");
            await rewritten(connection);
            await connection.text("INCR", "after");
            return contents(connection);
          });
          const base = readdirSync(join(dir, "appendonlydir")).find((name) => name.includes(".base."));
          expect(base).toEndWith(preamble === "yes" ? ".rdb" : ".aof");
          const [after, again] = await Promise.all([
            withServer(other, dir, [], async (connection) => {
              expect(await connection.text("FCALL", "f", "0")).toBe(":1\r\n");
              return contents(connection);
            }),
            withServer(start, dir, [], contents),
          ]);
          expect(differences(before, after)).toEqual([]);
          expect(differences(before, again)).toEqual([]);
        } finally {
          rmSync(dir, { recursive: true });
        }
      });
    }
  }
});
