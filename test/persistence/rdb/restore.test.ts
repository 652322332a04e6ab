import { describe, expect, test } from "bun:test";
import { TYPE } from "../../../src/persistence/rdb/codes.ts";
import { LocalServer } from "../../commands/local-server.ts";
import { BesideRedis } from "../../support/beside-redis.ts";
import { requireRedisServer } from "../../support/oracle.ts";
import { asking, askingLocal, contentOf, contentsOf, differences } from "./contents.ts";
import { everything } from "./dataset.ts";
import { bytes, length, little, payload, string } from "./encoders.ts";
import { NEW_FORMS, OLD_FORMS, STREAM_3 } from "./forms.ts";

const text = (buf: Uint8Array) => Buffer.from(buf).toString("latin1");
const SIMPLE = text(payload(0, string("value")));

describe.skipIf(requireRedisServer() === undefined)("RESTORE, beside redis-server's", () => {
  const redis = new BesideRedis("--sanitize-dump-payload", "yes");

  for (const { name, payload } of OLD_FORMS) {
    test(`reads as redis-server does: ${name}`, async () => {
      const client = new LocalServer().connect();
      const request = ["RESTORE", "key", "0", text(payload), "REPLACE"];
      expect(await redis.connection.text(...request)).toBe("+OK\r\n");
      expect(client.ask(...request)).toBe("+OK\r\n");
      expect(await contentOf(askingLocal(client), "key")).toBe(await contentOf(asking(redis.connection), "key"));
    });
  }

  test("takes all that redis-server dumps", async () => {
    await redis.connection.text("FLUSHALL");
    const ask = asking(redis.connection);
    await ask(everything(21));
    const client = new LocalServer().connect();
    for (const [place] of await contentsOf(ask)) {
      const [db, key] = [place.slice(0, place.indexOf(" ")), place.slice(place.indexOf(" ") + 1)];
      const [, dump, ttl] = await ask([
        ["SELECT", db],
        ["DUMP", key],
        ["PEXPIRETIME", key],
      ]);
      client.ask("SELECT", db);
      const deadline = String(Math.max(0, Number(ttl!.value)));
      expect(client.ask("RESTORE", key, deadline, String(dump!.value), "ABSTTL")).toBe("+OK\r\n");
    }
    expect(differences(await contentsOf(ask), await contentsOf(askingLocal(client)))).toEqual([]);
  });

  const REQUESTS: readonly string[][] = [
    ["RESTORE", "key", "0", SIMPLE],
    ["RESTORE", "key", "0", SIMPLE],
    ["RESTORE", "key", "x", SIMPLE],
    ["RESTORE", "key", "0", SIMPLE, "replace"],
    ["RESTORE", "key", "-1", SIMPLE, "REPLACE"],
    ["RESTORE", "key", "x", SIMPLE, "REPLACE"],
    ["RESTORE", "key", "0", SIMPLE, "NONSENSE"],
    ["RESTORE", "key", "0", "short", "REPLACE"],
    ["RESTORE", "key", "0", `${SIMPLE.slice(0, -1)}x`, "REPLACE"],
    ["RESTORE", "key", "0", text(payload(0, string("value"), 99)), "REPLACE"],
    ["RESTORE", "key", "0", text(payload(99, string("value"))), "REPLACE"],
    ["RESTORE", "key", "0", text(payload(1, bytes([0]))), "REPLACE"],
    ["RESTORE", "key", "0", text(payload(7, bytes([0x81, 1, 2, 3, 4, 5, 6, 7, 8, 0]))), "REPLACE"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME", "-1"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME", "x"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "FREQ", "256"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "FREQ", "-1"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME", "1", "FREQ", "1"],
    ["RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME", "1000"],
    ["OBJECT", "IDLETIME", "key"],
    ["GET", "key"],
    ["RESTORE", "key", "4102444800000", SIMPLE, "REPLACE", "ABSTTL"],
    ["PEXPIRETIME", "key"],
    ["RESTORE", "key", "1000", SIMPLE, "REPLACE", "ABSTTL"],
    ["EXISTS", "key"],
    ["RESTORE", "key", "1000", SIMPLE, "ABSTTL"],
    ["EXISTS", "key"],
    ["RESTORE", "key", "100000", SIMPLE],
    ["TTL", "key"],
  ];
  test("answers as redis-server does", async () => {
    await redis.connection.text("FLUSHALL");
    const client = new LocalServer().connect();
    for (const request of REQUESTS) {
      expect({ request, reply: client.ask(...request) }).toEqual({
        request,
        reply: await redis.connection.text(...request),
      });
    }
  });
});

describe("RESTORE", () => {
  for (const { name, payload, content } of NEW_FORMS) {
    test(`reads what redis-server 7.0 did not know yet: ${name}`, async () => {
      const client = new LocalServer().connect();
      expect(client.ask("RESTORE", "key", "0", text(payload))).toBe("+OK\r\n");
      expect(await contentOf(askingLocal(client), "key", { fieldDeadlines: true })).toBe(content);
    });
  }

  test("reads the third form of streams as the second", async () => {
    const client = new LocalServer().connect();
    const second = OLD_FORMS.find(({ name }) => name === "stream in the second form")!;
    expect(client.ask("RESTORE", "third", "0", text(STREAM_3.payload))).toBe("+OK\r\n");
    expect(client.ask("RESTORE", "second", "0", text(second.payload))).toBe("+OK\r\n");
    const [third, older] = [
      await contentOf(askingLocal(client), "third"),
      await contentOf(askingLocal(client), "second"),
    ];
    expect(third).toBe(older);
  });

  test("leaves out fields whose time is past, and refuses a hash that has no other", () => {
    const client = new LocalServer().connect();
    const hash = (...fields: [number, string][]) =>
      text(
        payload(
          TYPE.HASH_TIMED,
          bytes(
            little(1000, 8),
            length(fields.length),
            ...fields.map(([ttl, name]) => bytes([ttl], string(name), string("v"))),
          ),
          12,
        ),
      );
    expect(client.ask("RESTORE", "key", "0", hash([1, "past"], [0, "stays"]))).toBe("+OK\r\n");
    expect(client.ask("HKEYS", "key")).toBe("*1\r\n$5\r\nstays\r\n");
    expect(client.ask("RESTORE", "other", "0", hash([1, "past"]))).toBe("-ERR Bad data format\r\n");
  });

  test("takes over how often a key was used, if that is kept", () => {
    const server = new LocalServer();
    const client = server.connect();
    server.keyspace.access.lfu = true;
    client.ask("RESTORE", "key", "0", SIMPLE, "FREQ", "100");
    expect(client.ask("OBJECT", "FREQ", "key")).toBe(":100\r\n");
    client.ask("RESTORE", "key", "0", SIMPLE, "REPLACE", "IDLETIME", "100");
    expect(client.ask("OBJECT", "FREQ", "key")).toBe(":5\r\n");
  });

  test("takes a wrong checksum to be right when DEBUG says so", () => {
    const server = new LocalServer();
    const client = server.connect();
    const request = ["RESTORE", "key", "0", `${SIMPLE.slice(0, -1)}x`];
    expect(client.ask(...request)).toBe("-ERR DUMP payload version or checksum are wrong\r\n");
    server.payloads.skipsChecksum = true;
    expect(client.ask(...request)).toBe("+OK\r\n");
  });

  test("journals the moment at which a key ends", () => {
    const server = new LocalServer();
    const client = server.connect();
    client.ask("RESTORE", "key", "1000", SIMPLE, "REPLACE");
    expect(client.ask("PEXPIRETIME", "key")).toBe(`:${server.clock.unixMs() + 1000}\r\n`);
  });
});

describe("RESTORE of a damaged value", () => {
  const PAYLOADS: readonly [what: string, type: number, value: string][] = [
    ["Zset ziplist integrity check failed.", TYPE.ZSET_ZIPLIST, "\x02\0\xff"],
    ["Zipmap integrity check failed.", TYPE.HASH_ZIPMAP, "\x02\0\xff"],
    ["Listpack integrity check failed.", TYPE.HASH_LISTPACK, "\x02\0\xff"],
    ["Quicklist integrity check failed: an empty node", TYPE.LIST_QUICKLIST_2, "\x01\x01\0"],
    ["Unexpected EOF reading RDB file", TYPE.SET, "\x05"],
  ];
  for (const [what, type, value] of PAYLOADS) {
    test(`says so in the log: ${what}`, () => {
      const server = new LocalServer();
      const lines: string[] = [];
      server.log.verbose = (line) => lines.push(line);
      const damaged = text(payload(type, Buffer.from(value, "latin1")));
      expect(server.connect().ask("RESTORE", "key", "0", damaged)).toBe("-ERR Bad data format\r\n");
      expect(lines).toEqual([expect.stringMatching(/^Internal error in RDB reading offset \d+ -> /)]);
      expect(lines[0]).toEndWith(what);
    });
  }
});
