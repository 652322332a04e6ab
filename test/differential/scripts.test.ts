// Scripts answer as in redis-server, byte for byte.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { Pair, type Protocol } from "./pair.ts";
import { language } from "./scripts/language.ts";
import { packages } from "./scripts/packages.ts";
import { server } from "./scripts/server.ts";

const PROTOCOLS: Protocol[] = ["RESP2", "RESP3"];
const SECOND = ["key:{1}", "key:{2}", "first", "2", "third\0\xff"];

describe.skipIf(requireRedisServer() === undefined)("scripts answer as in redis-server", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start(["--enable-debug-command", "yes"]);
  });
  afterAll(() => pair.stop());

  async function connect(port: number, protocol: Protocol): Promise<RawConnection> {
    const connection = await RawConnection.connect(port);
    if (protocol === "RESP3") await connection.command("HELLO", 3);
    return connection;
  }

  for (const protocol of PROTOCOLS) {
    for (const [subject, scripts] of Object.entries({ ...language, ...packages, ...server })) {
      test(`about ${subject} over ${protocol}`, async () => {
        await pair.flush();
        const [theirs, ours] = await Promise.all([
          connect(pair.redis.port, protocol),
          connect(pair.ours.port, protocol),
        ]);
        const differing: object[] = [];
        for (const script of scripts) {
          const request = ["EVAL", script, 2, ...SECOND];
          const replies = await Promise.all([theirs.command(...request), ours.command(...request)]);
          const [redis, we] = replies.map((reply) => Buffer.from(reply).toString("latin1"));
          if (redis !== we) differing.push({ script, redis: redis!.slice(0, 600), ours: we!.slice(0, 600) });
        }
        theirs.close();
        ours.close();
        expect(differing).toEqual([]);
      });
    }
  }
});
