import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Words } from "../../differential/words.ts";
import { requireRedisServer, type Server, startOurs, startRedis } from "../../support/oracle.ts";
import { encodePipeline, escapeBytes, RawConnection } from "../../support/raw.ts";
import { parseReply, texts } from "../../support/reply.ts";
import { asking, contentOf } from "./contents.ts";
import { hashKeys, listKeys, Sequence, setKeys, streamKeys, stringKeys, zsetKeys } from "./dataset.ts";

/** Lists that did not grow at their ends, and streams, of more than one leaf each; and packed sets, which 7.0 does not have. */
const OWN_LAYOUT = /^(list:left:\d{4}|set:packed:\d+|stream:700)$/;

/** The payload's bytes, or the whole reply when it is none. */
function payloadOf(reply: Uint8Array): Buffer {
  const bytes = Buffer.from(reply);
  const line = bytes.indexOf("\r\n");
  return bytes.subarray(line + 2, -2);
}

describe.skipIf(requireRedisServer() === undefined)("DUMP beside redis-server", () => {
  let servers: Server[];
  let theirs: RawConnection;
  let ours: RawConnection;

  beforeAll(async () => {
    servers = await Promise.all([startRedis(["--sanitize-dump-payload", "yes"]), startOurs()]);
    [theirs, ours] = await Promise.all([
      RawConnection.connect(servers[0]!.port),
      RawConnection.connect(servers[1]!.port),
    ]);
  });
  afterAll(async () => {
    for (const connection of [theirs, ours]) connection.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  /** Gives both the same keys; returns their names. */
  async function fill(requests: readonly Words[], compression: string): Promise<string[]> {
    const all = [["FLUSHALL"], ["CONFIG", "SET", "rdbcompression", compression], ...requests, ["KEYS", "*"]];
    for (const connection of [theirs, ours]) connection.send(encodePipeline(all));
    const replies = await Promise.all([theirs.read(all.length), ours.read(all.length)]);
    return texts(parseReply(replies[1].at(-1)!)) as string[];
  }

  /** Keys whose payloads differ. */
  async function different(keys: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const key of keys) {
      if (OWN_LAYOUT.test(key) || (await ours.text("OBJECT", "ENCODING", key)).includes("hashtable")) continue;
      const [a, b] = [payloadOf(await theirs.command("DUMP", key)), payloadOf(await ours.command("DUMP", key))];
      if (!a.equals(b))
        found.push(`${key}\n  theirs ${a.length} ${escapeBytes(a, 300)}\n  ours   ${b.length} ${escapeBytes(b, 300)}`);
    }
    return found.slice(0, 3);
  }

  const families: Record<string, (sequence: Sequence) => Words[]> = {
    strings: stringKeys,
    lists: listKeys,
    sets: setKeys,
    hashes: hashKeys,
    "sorted sets": zsetKeys,
    streams: streamKeys,
  };

  for (const [name, make] of Object.entries(families)) {
    test(`gives the same bytes, but for tables: ${name}`, async () => {
      const keys = await fill(make(new Sequence(3)), "no");
      expect(await different(keys)).toEqual([]);
    });
    test(`is restored by redis-server with the same content: ${name}`, async () => {
      const keys = await fill(make(new Sequence(4)), "yes");
      await theirs.command("FLUSHALL");
      for (const key of keys) {
        const payload = payloadOf(await ours.command("DUMP", key));
        expect(await theirs.text("RESTORE", key, "0", payload)).toBe("+OK\r\n");
        expect(await contentOf(asking(theirs), key)).toBe(await contentOf(asking(ours), key));
      }
    });
  }

  test("answers nil for a key that is not there", async () => {
    expect(await ours.text("DUMP", "nothing")).toBe("$-1\r\n");
  });
});
