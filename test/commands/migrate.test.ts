// MIGRATE between real servers: what redis-server answers, and what arrives.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TCPSocketListener } from "bun";
import { words } from "../differential/words.ts";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";

const OK = "+OK\r\n";
const LOST = "-IOERR error or timeout reading to target instance\r\n";

/** Two servers: what is on the first is migrated to the second. */
interface Route {
  readonly servers: Server[];
  readonly source: RawConnection;
  readonly target: RawConnection;
  /** Host and port of the target. */
  readonly address: string;
}

async function route(from: typeof startOurs, to: typeof startOurs): Promise<Route> {
  const servers = await Promise.all([from(), to()]);
  const [source, target] = await Promise.all(servers.map(({ port }) => RawConnection.connect(port)));
  return { servers, source, target, address: `127.0.0.1 ${servers[1].port}` };
}

/** The replies to requests, a line each; TARGET stands for the address of the target. */
async function say({ address }: Route, c: RawConnection, ...lines: string[]): Promise<string[]> {
  c.send(encodePipeline(lines.map((line) => words(line.replace("TARGET", address)))));
  return (await c.read(lines.length)).map((reply) => Buffer.from(reply).toString("latin1"));
}

/** A target that answers so many requests of each connection, and then is silent or hangs up. */
function answering(count: number, hangsUp: boolean): TCPSocketListener<{ left: number }> {
  return Bun.listen<{ left: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { left: count };
      },
      data: (socket, chunk) => {
        const requests = chunk.toString("latin1").match(/SELECT|RESTORE/g)?.length ?? 0;
        const answers = Math.min(requests, socket.data.left);
        socket.data.left -= answers;
        socket.write("+OK\r\n".repeat(answers));
        if (hangsUp && socket.data.left === 0 && answers < Math.max(1, requests)) socket.end();
      },
    },
  });
}

/** Requests to one of the two servers. */
type Step = readonly [where: "source" | "target", ...lines: string[]];

const SCENARIOS: Readonly<Record<string, readonly Step[]>> = {
  "a request that is malformed": [
    [
      "source",
      "SET a 1",
      "MIGRATE TARGET a 0",
      "MIGRATE TARGET a x 10",
      "MIGRATE TARGET a 0 x",
      "MIGRATE TARGET a x y",
    ],
    ["source", "MIGRATE TARGET a 0 10 NONE", "MIGRATE TARGET a 0 10 COPY AUTH", "MIGRATE TARGET a 0 10 AUTH2 u"],
    ["source", "MIGRATE TARGET a 0 10 KEYS a", 'MIGRATE TARGET "" 0 10 KEYS', 'MIGRATE TARGET "" 0 10 NONE KEYS a'],
    [
      "source",
      "MIGRATE TARGET a 0 10 NONE KEYS a",
      "MIGRATE TARGET a x 10 NONE",
      "MIGRATE TARGET a 0 99999999999999999999",
    ],
    ["source", "GET a"],
  ],
  "keys that are not there": [
    ["source", "MIGRATE TARGET none 0 10", 'MIGRATE TARGET "" 0 10 KEYS a b', "MIGRATE TARGET none 99 10 AUTH x"],
    ["source", "SET old x PXAT 1", "MIGRATE TARGET old 0 10", "MIGRATE 127.0.0.1 1 none 0 10"],
  ],
  "nobody at the target": [
    [
      "source",
      "SET a 1",
      "MIGRATE 127.0.0.1 1 a 0 5000",

      'MIGRATE "" 1 a 0 9000',
      "MIGRATE 127.0.0.1 x a 0 5000",
    ],
    ["source", "GET a"],
  ],
  "a copy": [
    ["source", "SET a 1", "SET b 2", "MIGRATE TARGET a 0 5000 COPY", "EXISTS a", "MIGRATE TARGET a 0 5000 COPY"],
    ["source", "MIGRATE TARGET a 0 5000 copy replace", 'MIGRATE TARGET "" 0 5000 COPY REPLACE KEYS a b', "DBSIZE"],
    ["target", "MGET a b", "PTTL a"],
  ],
  "a name that is taken": [
    ["target", "SET b old", "SET c old"],
    [
      "source",
      "MSET a 1 b 2 c 3 d 4",
      "MIGRATE TARGET b 0 5000",
      'MIGRATE TARGET "" 0 5000 KEYS a none b c d',
      "MGET a b c d",
    ],
    ["target", "MGET a b c d"],
    ["source", 'MIGRATE TARGET "" 0 -1 REPLACE KEYS a b c d', "DBSIZE"],
    ["target", "MGET a b c d"],
  ],
  "a name that is given twice": [
    ["source", "MSET a 1 b 2", 'MIGRATE TARGET "" 0 5000 KEYS a a b', "DBSIZE", "SET a 3"],
    ["source", 'MIGRATE TARGET "" 0 5000 REPLACE KEYS a a', "DBSIZE"],
    ["target", "MGET a b"],
  ],
  "other databases": [
    ["source", "SELECT 3", "SET a 1", "SET b 2", "MIGRATE TARGET a 4 5000", "MIGRATE TARGET b 4 5000", "DBSIZE"],
    ["target", "DBSIZE", "SELECT 4", "MGET a b", "SELECT 0"],
    ["source", "SET a 2", "MIGRATE TARGET a 99 5000", "EXISTS a", "MIGRATE TARGET a -5 5000", "SELECT 0"],
  ],
  "a target without a password": [
    [
      "source",
      "MSET a 1 b 2 c 3",
      "MIGRATE TARGET a 0 5000 AUTH secret",
      "MIGRATE TARGET b 0 5000 AUTH2 default secret",
    ],
    ["source", "MIGRATE TARGET c 0 5000 AUTH2 someone secret", "MGET a b c"],
  ],
  "a target with a password": [
    ["target", "CONFIG SET requirepass secret"],
    [
      "source",
      "MSET a 1 b 2 c 3 d 4",
      "MIGRATE TARGET a 0 5000 REPLACE AUTH wrong",
      "MIGRATE TARGET a 0 5000 REPLACE AUTH secret",
    ],
    [
      "source",
      "MIGRATE TARGET b 0 5000 REPLACE AUTH2 default wrong",
      "MIGRATE TARGET b 0 5000 REPLACE AUTH2 nobody secret",
    ],
    ["source", "MIGRATE TARGET b 0 5000 REPLACE AUTH2 default secret", "DBSIZE"],
    [
      "source",
      "MIGRATE TARGET c 0 5000 AUTH x AUTH2 default secret",
      'MIGRATE TARGET "" 0 5000 AUTH secret KEYS d',
      "DBSIZE",
    ],
    ["target", 'CONFIG SET requirepass ""', "MGET a b c d"],
  ],
  "the effect": [
    [
      "source",
      "SET a 1",
      "CONFIG RESETSTAT",
      "CONFIG SET notify-keyspace-events EA",
      "MIGRATE TARGET a 0 5000 REPLACE",
      "DBSIZE",
    ],
    ["source", "WATCH a", "SET a 1", "MIGRATE TARGET a 0 5000 REPLACE", "MULTI", "GET a", "EXEC"],
  ],
  "COMMAND GETKEYS": [
    [
      "source",
      "COMMAND GETKEYS MIGRATE h 1 k 0 0",
      'COMMAND GETKEYS MIGRATE h 1 "" 0 0',
      "COMMAND GETKEYS MIGRATE h 1 k 0 0 KEYS a",
    ],
    ["source", 'COMMAND GETKEYSANDFLAGS MIGRATE h 1 "" 0 0 COPY KEYS a b', 'COMMAND GETKEYS MIGRATE h 1 "" 0 0 KEYS'],
    [
      "source",
      'COMMAND GETKEYS MIGRATE h 1 "" 0 0 AUTH keys KEYS b',
      'COMMAND GETKEYS MIGRATE h 1 "" 0 0 AUTH2 keys keys KEYS b',
    ],
    [
      "source",
      'COMMAND GETKEYS MIGRATE h 1 "" 0 0 NONE KEYS keys a',
      "COMMAND GETKEYS MIGRATE h 1 k 0 0 AUTH keys KEYS a",
    ],
    ["source", "COMMAND GETKEYSANDFLAGS MIGRATE h 1 k 0 0 AUTH x"],
  ],
};

const MAKE = [
  "SET text value",
  'SET "n\\x00\\xff" 12',
  "RPUSH list a b 3",
  "SADD ints 1 2 3",
  "SADD words a b",
  "HSET hash a 1 b 2",
  "ZADD zset 1 a 2.5 b",
  "XADD stream 1-1 a 1",
  "SETRANGE large 300000 x",
  "SET timed x PX 100000000",
];
const NAMES = 'text "n\\x00\\xff" list ints words hash zset stream large timed';

describe.skipIf(requireRedisServer() === undefined)("MIGRATE", () => {
  let fromOurs: Route;
  let fromRedis: Route;
  let amongOurs: Route;

  beforeAll(async () => {
    [fromOurs, fromRedis, amongOurs] = await Promise.all([
      route(startOurs, startRedis),
      route(startRedis, startRedis),
      route(startOurs, startOurs),
    ]);
  });

  afterAll(async () => {
    for (const { servers, source, target } of [fromOurs, fromRedis, amongOurs]) {
      source.close();
      target.close();
      for (const server of servers) await server.stop();
    }
  });

  async function play(on: Route, steps: readonly Step[]): Promise<string[]> {
    await on.source.text("FLUSHALL");
    await on.target.text("FLUSHALL");
    const heard: string[] = [];
    for (const [where, ...lines] of steps) {
      const replies = await say(on, on[where], ...lines);
      heard.push(...lines.map((line, i) => `${line} -> ${replies[i]}`));
    }
    return heard;
  }

  for (const [name, steps] of Object.entries(SCENARIOS)) {
    test(`answers as redis-server does: ${name}`, async () => {
      const theirs = await play(fromRedis, steps);
      expect(await play(fromOurs, steps)).toEqual(theirs);
      expect(await play(amongOurs, steps)).toEqual(theirs);
    });
  }

  test("moves values of every type, with their deadlines", async () => {
    for (const on of [fromOurs, amongOurs]) {
      await on.target.text("FLUSHALL");
      await say(on, on.source, ...MAKE);
      const [before] = await say(on, on.source, `DEBUG DIGEST-VALUE ${NAMES}`);
      expect(await say(on, on.source, `MIGRATE TARGET "" 9 5000 KEYS ${NAMES}`, "DBSIZE")).toEqual([OK, ":0\r\n"]);
      const [, after, ttl] = await say(on, on.target, "SELECT 9", `DEBUG DIGEST-VALUE ${NAMES}`, "PTTL timed");
      expect(after).toBe(before);
      expect(Number(ttl.slice(1))).toBeWithin(99_000_000, 100_000_001);
      await say(on, on.target, "SELECT 0");
    }
  });

  test("takes over what redis-server migrates here", async () => {
    const redis = await RawConnection.connect(fromRedis.servers[0].port);
    const back: Route = { ...amongOurs, source: redis };
    await amongOurs.target.text("FLUSHALL");
    await say(back, redis, ...MAKE);
    const [before] = await say(back, redis, `DEBUG DIGEST-VALUE ${NAMES}`);
    expect(await say(back, redis, `MIGRATE TARGET "" 0 5000 KEYS ${NAMES}`)).toEqual([OK]);
    expect(await say(back, back.target, `DEBUG DIGEST-VALUE ${NAMES}`)).toEqual([before]);
    redis.close();
  });

  test("loses nothing that others write meanwhile", async () => {
    const { source, target, servers } = amongOurs;
    const databases = 15;
    const lists = Array.from({ length: 20 }, (_none, i) => `list${i}`);
    const writers = await Promise.all(lists.slice(0, 4).map(() => RawConnection.connect(servers[0].port)));
    await target.text("FLUSHALL");
    let next = 0;
    let isOver = false;
    const write = async (c: RawConnection): Promise<void> => {
      while (!isOver) await c.text("RPUSH", lists[next % lists.length], next++);
    };
    const writing = writers.map(write);
    const replies = new Set<string>();
    for (let db = 1; db <= databases; db++) {
      while (next < 200 * db) await source.text("PING");
      replies.add(
        (await say(amongOurs, source, `MIGRATE TARGET "" ${db} 5000 KEYS ${lists.join(" ")}`))[0].slice(0, 4),
      );
    }
    isOver = true;
    await Promise.all(writing);
    const found = new Set<string | null>();
    const collect = async (c: RawConnection): Promise<void> => {
      for (const list of lists)
        for (const item of texts(parseReply(await c.command("LRANGE", list, 0, -1)))) found.add(item);
    };
    await collect(source);
    for (let db = 1; db <= databases; db++) {
      await target.text("SELECT", db);
      await collect(target);
    }
    await target.text("SELECT", 0);
    expect(found.size).toBe(next);
    expect([...replies].filter((reply) => reply !== OK.slice(0, 4) && reply !== "-ERR")).toEqual([]);
    for (const writer of writers) writer.close();
  });

  test("answers as redis-server does when a target is silent, or hangs up", async () => {
    for (const { source } of [fromOurs, fromRedis]) {
      await source.text("MSET", "a", 1, "b", 2, "c", 3);
      const silent = answering(0, false);
      const migrate = (port: number, timeoutMs: number) =>
        source.text("MIGRATE", "127.0.0.1", port, "", 0, timeoutMs, "KEYS", "a", "b", "c");
      expect(await migrate(silent.port, 50)).toBe(LOST);
      silent.stop(true);
      for (const [answers, left] of [
        [0, 3],
        [1, 3],
        [2, 2],
        [3, 1],
      ]) {
        const target = answering(answers, true);
        expect(await migrate(target.port, 10_000)).toBe(LOST);
        expect(await source.text("EXISTS", "a", "b", "c")).toBe(`:${left}\r\n`);
        target.stop(true);
        await source.text("MSET", "a", 1, "b", 2, "c", 3);
      }
    }
  });

  test("is in the append-only file when it is answered", async () => {
    const dir = mkdtempSync(join(tmpdir(), "migrate-"));
    const args = ["--appendonly", "yes", "--appendfsync", "always"];
    const first = await startOurs(args, { dir });
    const c = await RawConnection.connect(first.port);
    await c.text("MSET", "a", 1, "b", 2, "c", 3);
    expect(
      await c.text("MIGRATE", "127.0.0.1", amongOurs.servers[1].port, "", 0, 5000, "REPLACE", "KEYS", "a", "b"),
    ).toBe(OK);
    await first.kill9();
    c.close();
    const second = await startOurs(args, { dir });
    const again = await RawConnection.connect(second.port);
    expect(await again.text("MGET", "a", "b", "c")).toBe("*3\r\n$-1\r\n$-1\r\n$1\r\n3\r\n");
    again.close();
    await second.stop();
    rmSync(dir, { recursive: true });
  });

  test("keeps the connection for the next one", async () => {
    const { source } = fromOurs;
    await say(fromOurs, source, "SET a 1", "MIGRATE TARGET a 0 5000 COPY REPLACE");
    const [clients] = await say(fromOurs, fromOurs.target, "INFO stats");
    expect(await source.text("INFO", "stats")).toMatch(/migrate_cached_sockets:[1-9]/);
    await say(fromOurs, source, "MIGRATE TARGET a 0 5000 COPY REPLACE", "MIGRATE TARGET a 0 5000 REPLACE");
    const connections = /total_connections_received:\d+/.exec(clients)![0];
    expect(await fromOurs.target.text("INFO", "stats")).toContain(connections);
  });

  test("shows passwords neither to monitors nor in the slow log", async () => {
    const { source } = fromOurs;
    const monitor = await RawConnection.connect(fromOurs.servers[0].port);
    await monitor.text("MONITOR");
    await say(
      fromOurs,
      source,
      "CONFIG SET slowlog-log-slower-than 0",
      "SLOWLOG RESET",
      "SET k 1",
      "MIGRATE TARGET none 0 10 AUTH secret",
      "MIGRATE TARGET k 0 10 COPY AUTH2 someone secret",
      "CONFIG SET slowlog-log-slower-than -1",
      "PING end",
    );
    const shown = await monitor.readUntil((line) => Buffer.from(line).includes("end"));
    const lines = shown.map((line) => Buffer.from(line).toString("latin1"));
    expect(lines.find((line) => line.includes('"none"'))).toContain('"AUTH" "(redacted)"\r\n');
    expect(lines.find((line) => line.includes('"COPY"'))).toContain('"AUTH2" "(redacted)" "(redacted)"\r\n');
    expect(lines.join("")).not.toContain("secret");
    const log = await source.text("SLOWLOG", "GET");
    expect(log).not.toContain("secret");
    expect(log.match(/\(redacted\)/g)).toHaveLength(3);
    monitor.close();
  });
});
