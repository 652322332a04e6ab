// While the append-only file is loaded no key's time comes; but what streams note of time is the true one.
import { afterEach, describe, expect, test } from "bun:test";
import { AofServer, cleanUp } from "./aof-server.ts";
import { scratch } from "./scratch.ts";

const AWAY_MS = 5000;

afterEach(cleanUp);

/** The server that is started `AWAY_MS` after another one has executed these requests. */
async function restartedAfter(...requests: string[]): Promise<AofServer> {
  const before = new AofServer(scratch());
  expect(await before.load()).toBeUndefined();
  for (const line of requests) before.say(line);
  const after = new AofServer(before.dir);
  after.clock.advance(AWAY_MS);
  expect(await after.load()).toBeUndefined();
  return after;
}

describe("after a restart", () => {
  test("a pending entry has been idle since it was delivered", async () => {
    const server = await restartedAfter(
      "XADD s 1-1 f v",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XADD s 2-1 f v",
      "XREADGROUP GROUP g d STREAMS s >",
      "XCLAIM s g c 0 2-1 IDLE 2000",
    );
    const pending = (id: string, idleMs: number) => `*4\r\n$3\r\n${id}\r\n$1\r\nc\r\n:${idleMs}\r\n`;
    const reply = server.say("XPENDING s g - + 10");
    expect(reply).toContain(pending("1-1", AWAY_MS));
    expect(reply).toContain(pending("2-1", AWAY_MS + 2000));
    expect(server.say(`XAUTOCLAIM s g e ${AWAY_MS + 1} 0 JUSTID`)).toBe("*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n2-1\r\n*0\r\n");
  });

  test("a consumer has been seen when it was read of", async () => {
    const server = await restartedAfter("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATECONSUMER s g c");
    expect(server.say("XINFO CONSUMERS s g")).toContain("$4\r\nidle\r\n:0\r\n");
  });

  test("the messages of producers are remembered", async () => {
    const server = await restartedAfter("XADD s IDMP p one * f v");
    expect(server.say("XADD s IDMP p one * f v")).toBe("$15\r\n1700000000000-0\r\n");
    server.clock.advance(100_000);
    expect(server.say("XADD s IDMP p one * f v")).toBe("$15\r\n1700000105000-0\r\n");
  });

  test("entries that were given back come in their order", async () => {
    const server = await restartedAfter(
      "XADD s 1-1 f v",
      "XADD s 2-1 f v",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XNACK s g FAIL IDS 2 2-1 1-1",
    );
    expect(server.say("XREADGROUP GROUP g d CLAIM 1000 STREAMS s >")).toMatch(/2-1.*1-1/s);
  });
});
