// What MONITOR shows of the same requests, times and addresses aside.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { Pair } from "./pair.ts";
import { lines } from "./words.ts";

const END = '"PING" "the end"';

const REQUESTS = lines(`
  SET foo "a\\x01\\"\\\\\\n\\r\\xff\\a\\b\\t\\x00'"
  set foo 123
  GET
  NOSUCH a b
  AUTH a b
  AUTH x
  HELLO 2 AUTH u p
  HELLO 2 SETNAME foo
  CONFIG SET maxmemory 0
  CONFIG RESETSTAT
  CLIENT LIST
  CLIENT ID
  CLIENT KILL ID 99999
  SLOWLOG LEN
  LATENCY LATEST
  INFO server
  COMMAND COUNT
  DEBUG SLEEP 0
  DBSIZE
  WAIT 0 0
  ROLE
  TIME
  EXEC
  MULTI
  SET a b
  CLIENT LIST
  GET a
  AUTH x y
  EXEC
  MULTI
  NOSUCH
  EXEC
  MULTI
  GET a
  DISCARD
  WATCH a
  UNWATCH
  SELECT 3
  BLPOP list 0.01
  LPUSH list 1 2
  BLPOP list 0
  SUBSCRIBE c
  UNSUBSCRIBE c
  PUBLISH c m
  FUNCTION FLUSH
  EXPIRE a 0
  RESET
`);

describe.skipIf(requireRedisServer() === undefined)("MONITOR", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
  });
  afterAll(() => pair.stop());

  test("shows what redis-server shows", async () => {
    const [theirs, ours] = await Promise.all([shownBy(pair.redis.port), shownBy(pair.ours.port)]);
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(30);
  });
});

/** What a monitor sees of the requests: database and arguments of each. */
async function shownBy(port: number): Promise<string[]> {
  const monitor = await RawConnection.connect(port);
  await monitor.command("MONITOR");
  const connection = await RawConnection.connect(port);
  connection.send(encodePipeline([...REQUESTS, ["PING", "the end"]]));
  const frames = await monitor.readUntil((reply) => Buffer.from(reply).toString("latin1").includes(END));
  monitor.close();
  connection.close();
  return frames.map((frame) =>
    Buffer.from(frame)
      .toString("latin1")
      .replace(/^\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/, "$1"),
  );
}
