// Values of all sorts, by way of a payload or a file, in this server and, where it knows them, in redis-server.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LocalServer } from "../../commands/local-server.ts";
import { checkProperty } from "../../differential/compare.ts";
import { expiry } from "../../differential/families/expiry.ts";
import { hashes } from "../../differential/families/hashes.ts";
import { lists } from "../../differential/families/lists.ts";
import { sets } from "../../differential/families/sets.ts";
import { sortedSets } from "../../differential/families/sorted-sets.ts";
import { streams } from "../../differential/families/streams.ts";
import { strings } from "../../differential/families/strings.ts";
import { type Family, sequenceOf } from "../../differential/generate.ts";
import type { Words } from "../../differential/words.ts";
import { BesideRedis } from "../../support/beside-redis.ts";
import { requireRedisServer } from "../../support/oracle.ts";
import { encodePipeline } from "../../support/raw.ts";
import { parseReply, texts } from "../../support/reply.ts";
import { type Ask, asking, askingLocal, contentOf } from "./contents.ts";
import { everything } from "./dataset.ts";

const FAMILIES: readonly Family[] = [strings, lists, sets, hashes, sortedSets, streams, expiry];
const RUNS = 60;
const LENGTH_MAX = 60;
/** Small limits, so that short sequences make values of all encodings, or none. */
const LIMITS: readonly Words[] = [
  ["hash-max-listpack-entries", "4"],
  ["set-max-listpack-entries", "4"],
  ["set-max-intset-entries", "4"],
  ["zset-max-listpack-entries", "4"],
  ["list-max-listpack-size", "3"],
  ["stream-node-max-entries", "3"],
];

/** What the server's clock makes of XADD's "*". */
const ID = (sequence: number): string => `${new LocalServer().keyspace.nowMs}-${sequence}`;

/** One that waits would keep those after it waiting. */
function mayWait([name, ...args]: Words): boolean {
  return /^b[lrz]/i.test(name!) || args.some((arg) => /^block$/i.test(arg));
}

function serverWith(sequence: readonly Words[], small: boolean): Ask {
  const server = new LocalServer();
  const client = server.connect();
  for (const limit of small ? LIMITS : []) client.ask("CONFIG", "SET", ...limit);
  client.ask("CONFIG", "SET", "proto-max-bulk-len", "1048576");
  for (const request of sequence) if (!mayWait(request)) client.ask(...request);
  return askingLocal(server.connect());
}

async function keysOf(ask: Ask): Promise<string[]> {
  return texts((await ask([["KEYS", "*"]]))[0]!) as string[];
}

async function payloadOf(ask: Ask, key: string): Promise<string> {
  return (await ask([["DUMP", key]]))[0]!.value as string;
}

/** Restores every key under another name, and compares. */
async function copyAll(ask: Ask): Promise<void> {
  const options = { fieldDeadlines: true };
  for (const key of await keysOf(ask)) {
    const [deadline] = await ask([["PEXPIRETIME", key]]);
    const ttl = String(Math.max(0, Number(deadline!.value)));
    const copy = `copy of ${key}`;
    const [restored] = await ask([["RESTORE", copy, ttl, await payloadOf(ask, key), "ABSTTL"]]);
    expect([key, restored!.value]).toEqual([key, "OK"]);
    expect(await contentOf(ask, copy, options)).toBe(await contentOf(ask, key, options));
    // A string that was appended to is raw, however short it is.
    if (!(await contentOf(ask, key)).startsWith("string"))
      expect(await encodingOf(ask, copy)).toBe(await encodingOf(ask, key));
  }
}

async function encodingOf(ask: Ask, key: string): Promise<unknown> {
  return (await ask([["OBJECT", "ENCODING", key]]))[0]!.value;
}

describe("a value that we dumped", () => {
  test("is restored here with everything that it had", () => copyAll(serverWith(everything(21), false)));

  for (const family of FAMILIES) {
    test(`is restored here after any sequence of commands: ${family.name}`, () =>
      checkProperty(fc.tuple(sequenceOf(family, LENGTH_MAX), fc.boolean()), RUNS, ([sequence, small]) =>
        copyAll(serverWith(sequence, small)),
      ));
  }

  test("keeps the fields of a stream's entries where its leaves are larger or smaller than those it was written from", async () => {
    const names = [
      ["a", "b"],
      ["a", "b"],
      ["b", "a"],
      ["a"],
      ["a", "b", "a long name of a field, which has more than 63 bytes in all"],
      ["7", "-300"],
    ];
    const entries = Array.from({ length: 600 }, (_, i): Words => {
      // Runs of the same names, of many lengths.
      const fields = names[Math.floor(Math.sqrt(i * 7)) % names.length]!;
      return ["XADD", "s", `${i >> 3}-${i + 1}`, ...fields.flatMap((name, k) => [name, `${i * 7919 * (k - 1)}`])];
    });
    for (const [written, read] of [
      ["100", "7"],
      ["7", "100"],
      ["3", "0"],
      ["13", "11"],
    ]) {
      const ask = serverWith([["CONFIG", "SET", "stream-node-max-entries", written!], ...entries], false);
      await ask([["XDEL", "s", "2-17", "2-18", "40-321"]]);
      const payload = await payloadOf(ask, "s");
      await ask([
        ["CONFIG", "SET", "stream-node-max-entries", read!],
        ["RESTORE", "t", "0", payload],
      ]);
      expect(await contentOf(ask, "t")).toBe(await contentOf(ask, "s"));
    }
  });

  test("keeps what only later versions of Redis know of streams", async () => {
    const ask = serverWith(
      [
        ["XADD", "s", "IDMP", "producer", "m1", "*", "a", "1"],
        ["XADD", "s", "IDMP", "producer", "m2", "*", "a", "1"],
        ["XADD", "s", "IDMP", "other", "m1", "*", "a", "1"],
        ["XADD", "s", "IDMP", "other", "m1", "*", "a", "1"],
        ["XGROUP", "CREATE", "s", "g", "0"],
        ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"],
        ["XNACK", "s", "g", "FAIL", "IDS", "2", ID(2), ID(0)],
      ],
      false,
    );
    await ask([["RESTORE", "t", "0", await payloadOf(ask, "s")]]);
    const [s, t] = await ask([
      ["XINFO", "STREAM", "s", "FULL"],
      ["XINFO", "STREAM", "t", "FULL"],
    ]);
    expect(t).toEqual(s);
    const again = await ask([
      ["XADD", "t", "IDMP", "producer", "m2", "*", "a", "1"],
      ["XREADGROUP", "GROUP", "g", "d", "CLAIM", "0", "STREAMS", "t", ">"],
    ]);
    expect(again[0]!.value).toBe(ID(1));
    expect(JSON.stringify(again[1])).toMatch(new RegExp([ID(2), ID(0)].join(".*")));
  });
});

describe.skipIf(requireRedisServer() === undefined)("a value that we dumped, in redis-server", () => {
  const redis = new BesideRedis("--sanitize-dump-payload", "yes");

  for (const family of FAMILIES) {
    test(`is the same after any sequence of commands: ${family.name}`, () =>
      checkProperty(fc.tuple(sequenceOf(family, LENGTH_MAX), fc.boolean()), RUNS, async ([sequence, small]) => {
        const ours = serverWith(sequence, small);
        const theirs = asking(redis.connection);
        await theirs([["FLUSHALL"]]);
        for (const key of await keysOf(ours)) {
          redis.connection.send(encodePipeline([["RESTORE", key, "0", await payloadOf(ours, key)]]));
          const [reply] = await redis.connection.read(1);
          expect([key, parseReply(reply!).value]).toEqual([key, "OK"]);
          await ours([["PERSIST", key]]);
          expect(await contentOf(theirs, key)).toBe(await contentOf(ours, key));
        }
      }));
  }
});
