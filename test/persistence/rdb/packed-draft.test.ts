import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../../src/observe/job.ts";
import { TYPE } from "../../../src/persistence/rdb/codes.ts";
import { LocalServer } from "../../commands/local-server.ts";
import { type Item, intset, listpack, payload, string } from "./encoders.ts";

type Client = ReturnType<LocalServer["connect"]>;

function restore(client: Client, key: string, type: number, body: Uint8Array): string {
  const dump = Buffer.from(payload(type, string(body))).toString("latin1");
  return client.ask("RESTORE", key, "0", dump);
}

const words = (count: number, length = 3) => Array.from({ length: count }, (_, i) => `w${i}`.padEnd(length, "."));

/** That a restored value is what the commands make. */
function expectSame(type: number, items: Item[], make: (client: Client) => void, show: string[]): void {
  const client = new LocalServer().connect();
  expect(restore(client, "restored", type, listpack(items))).toBe("+OK\r\n");
  make(client);
  for (const command of [show, ["OBJECT", "ENCODING", "restored"], ["MEMORY", "USAGE", "restored"]]) {
    const made = command.map((word) => (word === "restored" ? "makemake" : word));
    expect(client.ask(...command)).toBe(client.ask(...made));
  }
}

describe("a packed value that is read", () => {
  test("stays packed as long as the directives allow it", () => {
    for (const count of [1, 127, 128, 129, 300]) {
      const members = words(count);
      const fields = members.flatMap((word) => [word, "7"]);
      const scored = members.flatMap((word, i) => [word, BigInt(i)]);
      const ranked = members.flatMap((word, i) => [String(i), word]);
      expectSame(TYPE.SET_LISTPACK, members, (c) => c.ask("SADD", "makemake", ...members), ["SCARD", "restored"]);
      expectSame(TYPE.HASH_LISTPACK, fields, (c) => c.ask("HSET", "makemake", ...fields), ["HLEN", "restored"]);
      expectSame(TYPE.ZSET_LISTPACK, scored, (c) => c.ask("ZADD", "makemake", ...ranked), [
        ...["ZRANGE", "restored", "0", "-1", "WITHSCORES"],
      ]);
    }
  });

  test("is a table when an element is too long, wherever that is", () => {
    for (const at of [0, 3, 9]) {
      const members = words(10);
      members[at] = "x".repeat(65);
      const fields = members.flatMap((word) => ["f".concat(word), word]);
      expectSame(TYPE.SET_LISTPACK, members, (c) => c.ask("SADD", "makemake", ...members), ["SCARD", "restored"]);
      expectSame(TYPE.HASH_LISTPACK, fields, (c) => c.ask("HSET", "makemake", ...fields), ["HLEN", "restored"]);
      const ranked = members.flatMap((word, i) => [String(i), word]);
      const scored = members.flatMap((word, i) => [word, BigInt(i)]);
      expectSame(TYPE.ZSET_LISTPACK, scored, (c) => c.ask("ZADD", "makemake", ...ranked), [
        ...["ZRANGE", "restored", "0", "-1", "WITHSCORES"],
      ]);
    }
  });

  test("has its members in order, whatever order they are read in", () => {
    const scores = [5n, -3n, "2.5", "37.560000000000002", 5n, 5n, 0n, "-inf", "1e30", 5n];
    const members: Item[] = ["e", "b", "c", "z", "a", 10n, "", "low", "high", -70_000n];
    const scored = members.flatMap((member, i) => [member, scores[i]!]);
    const ranked = members.flatMap((member, i) => [String(scores[i]), String(member)]);
    expectSame(TYPE.ZSET_LISTPACK, scored, (c) => c.ask("ZADD", "makemake", ...ranked), [
      ...["ZRANGE", "restored", "0", "-1", "WITHSCORES"],
    ]);
  });

  test("tells apart members of one score that are integers and texts", () => {
    const members: Item[] = [-5n, 10n, 2n, 20n, 2n ** 40n, "20x", "3"];
    const sorted = members.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
    for (const order of [members, sorted]) {
      const scored = order.flatMap((member) => [member, 1n]);
      const ranked = order.flatMap((member) => ["1", String(member)]);
      expectSame(TYPE.ZSET_LISTPACK, scored, (c) => c.ask("ZADD", "makemake", ...ranked), [
        ...["ZRANGE", "restored", "0", "-1", "WITHSCORES"],
      ]);
    }
  });

  test("is a set of integers when there is nothing else in it", () => {
    for (const members of [[3n, 1n, -2n], [1n, 2n ** 40n, "5"], [...Array(200).keys()].map(BigInt)] as Item[][]) {
      const texts = members.map(String);
      expectSame(TYPE.SET_LISTPACK, members, (c) => c.ask("SADD", "makemake", ...texts), ["SMEMBERS", "restored"]);
    }
  });

  test("is refused, and leaves nothing behind, when something is in it twice", () => {
    const server = new LocalServer();
    const client = server.connect();
    const { arena, reclaimer } = server.keyspace;
    const refused: [number, Uint8Array][] = [
      [TYPE.SET_LISTPACK, listpack(["a", "b", "a"])],
      [TYPE.SET_LISTPACK, listpack([1n, 2n, 1n])],
      [TYPE.SET_LISTPACK, listpack([...words(200), "w150"])],
      [TYPE.HASH_LISTPACK, listpack(["a", "1", "b", "a", "a", "2"])],
      [TYPE.HASH_LISTPACK, listpack([...words(400), "w0.", "x"])],
      [TYPE.ZSET_LISTPACK, listpack(["a", 1n, "b", 2n, "a", 3n])],
      [TYPE.ZSET_LISTPACK, listpack(["a", 3n, "b", 2n, "a", 1n])],
      [TYPE.ZSET_LISTPACK, listpack(["a", 3n, "b", "nan"])],
      [TYPE.SET_INTSET, intset([1n, 2n, 2n], 2)],
      [TYPE.SET_INTSET, intset([1n, 70_000n, 60_000n], 4)],
      [TYPE.SET_INTSET, intset([1n, 2n ** 40n, 2n ** 40n - 1n], 8)],
    ];
    for (const [type, body] of refused) {
      const before = arena.usedBytes;
      expect(restore(client, "key", type, body)).toBe("-ERR Bad data format\r\n");
      reclaimer.run(UNBOUNDED);
      expect(arena.usedBytes).toBe(before);
    }
    expect(client.ask("DBSIZE")).toBe(":0\r\n");
  });
});
