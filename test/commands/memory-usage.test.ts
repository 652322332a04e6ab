import { describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { type LocalClient, LocalServer } from "./local-server.ts";

const KEYS = ["one", "two", "three"];
const CHANGES = 1500;
const CHANGES_PER_CHECK = 25;

/** Writes a change of a key by chance, most of them larger than it takes away. */
type Change = (key: string, random: Random) => string[];

/** A member, field or element: mostly short, sometimes with a block of its own. */
function text(random: Random, span = 400): string {
  const n = random.below(span);
  if (n === 0) return "long".repeat(2000);
  return n % 3 === 0 ? String(n) : `${n}:${"x".repeat(n % 90)}`;
}

function fill(random: Random, make: (i: number) => string[]): string[] {
  return Array.from({ length: 1 + random.below(60) }, (_, i) => make(i)).flat();
}

const hash: Change = (key, random) => {
  const n = random.below(10);
  if (n < 6) return ["HSET", key, ...fill(random, () => [text(random), text(random)])];
  if (n < 8) return ["HDEL", key, ...fill(random, () => [text(random)])];
  if (n === 8) return ["HINCRBY", key, `n${random.below(9)}`, String(random.below(2 ** 31))];
  return ["HSETNX", key, text(random), text(random)];
};

const timedHash: Change = (key, random) => {
  const n = random.below(6);
  const fields = fill(random, () => [text(random)]);
  if (n === 0) return ["HPEXPIRE", key, String(1 + random.below(100_000)), "FIELDS", String(fields.length), ...fields];
  if (n === 1) return ["HPERSIST", key, "FIELDS", String(fields.length), ...fields];
  if (n === 2) return ["HSETEX", key, "KEEPTTL", "FIELDS", "1", text(random), text(random)];
  return hash(key, random);
};

const set: Change = (key, random) => {
  const n = random.below(8);
  if (n < 5) return ["SADD", key, ...fill(random, () => [text(random)])];
  if (n === 5) return ["SPOP", key, String(random.below(20))];
  if (n === 6) return ["SUNIONSTORE", key, ...KEYS];
  return ["SREM", key, ...fill(random, () => [text(random)])];
};

const integers: Change = (key, random) => {
  const members = fill(random, () => [String(random.below(1000) * random.below(2 ** 31))]);
  return [random.below(3) === 0 ? "SREM" : "SADD", key, ...members];
};

const zset: Change = (key, random) => {
  const n = random.below(9);
  if (n < 5) return ["ZADD", key, ...fill(random, () => [String(random.below(100)), text(random)])];
  if (n === 5) return ["ZPOPMIN", key, String(random.below(20))];
  if (n === 6) return ["ZREMRANGEBYRANK", key, String(random.below(50)), String(random.below(100))];
  if (n === 7) return ["ZUNIONSTORE", key, "2", "one", "two"];
  return ["ZREM", key, ...fill(random, () => [text(random)])];
};

const list: Change = (key, random) => {
  const n = random.below(10);
  const element = (): string => text(random);
  if (n < 5) return [n < 2 ? "LPUSH" : "RPUSH", key, ...fill(random, () => [element()])];
  if (n === 5) return ["LSET", key, String(random.below(50)), element()];
  if (n === 6) return ["LINSERT", key, "BEFORE", String(random.below(400)), element()];
  if (n === 7) return ["LPOP", key, String(random.below(50))];
  if (n === 8) return ["LREM", key, "0", element()];
  return ["LTRIM", key, String(random.below(10)), String(200 + random.below(1000))];
};

const stream: Change = (key, random) => {
  const n = random.below(12);
  const id = String(1 + random.below(4000));
  if (n < 5) return ["XADD", key, "*", text(random), text(random)];
  if (n === 5) return ["XDEL", key, `${id}-0`];
  if (n === 6) return ["XTRIM", key, "MAXLEN", String(100 + random.below(300))];
  if (n === 7) return ["XGROUP", "CREATE", key, `group${random.below(3)}`, "0"];
  if (n === 8) return ["XGROUP", "DESTROY", key, `group${random.below(9)}`];
  if (n === 9) return ["XAUTOCLAIM", key, `group${random.below(3)}`, `c${random.below(5)}`, "0", "0"];
  return ["XREADGROUP", "GROUP", `group${random.below(3)}`, `c${random.below(20)}`, "STREAMS", key, ">"];
};

const string: Change = (key, random) => {
  const n = random.below(4);
  if (n === 0) return ["SET", key, "y".repeat(random.below(20_000))];
  if (n === 1) return ["APPEND", key, text(random)];
  if (n === 2) return ["SETRANGE", key, String(random.below(9000)), text(random)];
  return ["SET", key, String(random.below(2 ** 31))];
};

/** A server, and what it has in use without keys. */
class Scale {
  readonly server = new LocalServer();
  readonly c = this.server.connect();
  private readonly emptyBytes = this.server.keyspace.arena.usedBytes;
  private time = 0;

  constructor(...directives: [name: string, value: string][]) {
    for (const [name, value] of directives) expect(this.c.ask("CONFIG", "SET", name, value)).toBe("+OK\r\n");
  }

  /** A change of one key's value, or of all of it. */
  change(random: Random, change: Change): void {
    const { c, server } = this;
    const key = KEYS[random.below(KEYS.length)]!;
    const other = KEYS[random.below(KEYS.length)]!;
    server.pass(1 + random.below(3));
    const n = random.below(40);
    if (n === 0) c.say(`COPY ${key} ${other} REPLACE`);
    else if (n === 1) c.say(`RENAME ${key} ${other}`);
    else if (n === 2) c.say(`UNLINK ${key}`);
    else if (n === 3) restore(c, key, other);
    else if (n === 4) server.keyspace.defragmentation.purge(UNBOUNDED);
    else c.ask(...change(key, random));
    if (++this.time % CHANGES_PER_CHECK === 0) this.check();
  }

  check(): void {
    const { keyspace } = this.server;
    keyspace.reclaimer.run(UNBOUNDED);
    const [db] = keyspace.databases;
    const table = keyspace.dict.tableBytes(db.table);
    const present = KEYS.filter((key) => this.c.say(`EXISTS ${key}`) === ":1\r\n");
    const usage = (key: string): number => Number(this.c.say(`MEMORY USAGE ${key}`).slice(1));
    const told = present.reduce((sum, key) => sum + usage(key) - Math.ceil(table / present.length), 0);
    expect(told).toBe(keyspace.arena.usedBytes - this.emptyBytes - (db.wheel?.bytes ?? 0));
  }
}

/** DUMP of one key, RESTORE of another. */
function restore(c: LocalClient, key: string, other: string): void {
  const dump = c.say(`DUMP ${key}`);
  if (dump.startsWith("$-1")) return;
  const payload = dump.slice(dump.indexOf("\r\n") + 2, -2);
  expect(c.ask("RESTORE", other, "0", payload, "REPLACE")).toBe("+OK\r\n");
}

const packedUpTo = (entries: number): [string, string][] => [
  ["hash-max-listpack-entries", String(entries)],
  ["set-max-listpack-entries", String(entries)],
  ["zset-max-listpack-entries", String(entries)],
];
const TYPES: Readonly<Record<string, Change>> = {
  hash,
  "hash with deadlines": timedHash,
  set,
  "set of integers": integers,
  zset,
  list,
  stream,
  string,
};

describe("MEMORY USAGE is exact", () => {
  for (const [name, change] of Object.entries(TYPES)) {
    test(`for a ${name}, whatever happens to it`, () => {
      for (const entries of [0, 128]) {
        const random = new Random(entries + 5);
        const scale = new Scale(...packedUpTo(entries), ["list-max-listpack-size", entries === 0 ? "-1" : "-2"]);
        for (let i = 0; i < CHANGES; i++) scale.change(random, change);
      }
    });
  }

  test("for a table that grows to thousands of entries and shrinks again", () => {
    const scale = new Scale();
    for (const [add, remove, words] of [
      ["HSET", "HDEL", 2],
      ["SADD", "SREM", 1],
      ["ZADD", "ZREM", 2],
    ] as const) {
      for (let i = 0; i < 30_000; i++) scale.c.say(`${add} one ${words === 2 ? `${i} ${i}` : i}`);
      scale.check();
      for (let i = 0; i < 29_990; i++) scale.c.say(`${remove} one ${i}`);
      scale.check();
      scale.c.say("DEL one");
      scale.check();
    }
  });
});
