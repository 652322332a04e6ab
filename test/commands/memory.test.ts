import { edenGC, heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { parseReply, type Reply } from "../support/reply.ts";
import { type LocalClient, LocalServer } from "./local-server.ts";

const number = (reply: string): number => Number(reply.slice(1).trim());

function usage(c: LocalClient, key: string): number {
  return number(c.say(`MEMORY USAGE ${key} SAMPLES 0`));
}

describe("MEMORY USAGE", () => {
  test("gives nothing for a missing key", () => {
    expect(new LocalServer().connect().say("MEMORY USAGE k", "MEMORY USAGE k SAMPLES 5")).toBe("$-1\r\n$-1\r\n");
  });

  test("counts what a key takes and gives back, with its share of the table", () => {
    const server = new LocalServer();
    const c = server.connect();
    const { arena, dict, databases } = server.keyspace;
    for (const value of ["1", "x".repeat(300), "x".repeat(5000), "x".repeat(100_000)]) {
      const before = arena.usedBytes;
      c.say(`SET k ${value}`);
      const used = usage(c, "k");
      expect(used - dict.tableBytes(databases[0].table)).toBe(arena.usedBytes - before);
      c.say("DEL k");
      expect(arena.usedBytes).toBe(before);
    }
  });

  test("counts the fields of a hash, packed or not", () => {
    const server = new LocalServer();
    const c = server.connect();
    const { arena, dict, databases } = server.keyspace;
    for (const fields of [3, 600]) {
      const before = arena.usedBytes;
      for (let i = 0; i < fields; i++) c.say(`HSET h f${i} v${i}`);
      expect(usage(c, "h") - dict.tableBytes(databases[0].table)).toBe(arena.usedBytes - before);
      c.say("DEL h");
      server.keyspace.reclaimer.run(UNBOUNDED);
    }
  });

  test("is no access to the key", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET k v");
    server.pass(10_000);
    c.say("MEMORY USAGE k");
    expect(c.say("OBJECT IDLETIME k")).toBe(":10\r\n");
  });

  test("takes a number of samples", () => {
    const c = new LocalServer().connect();
    for (const wrong of ["SAMPLES", "SAMPLES -1", "NOPE 1", "SAMPLES 1 SAMPLES"]) {
      expect(c.say(`MEMORY USAGE k ${wrong}`)).toBe("-ERR syntax error\r\n");
    }
    expect(c.say("MEMORY USAGE k SAMPLES x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(c.say("MEMORY USAGE k SAMPLES 1 SAMPLES 2")).toBe("$-1\r\n");
  });
});

describe("MEMORY STATS", () => {
  function statsOf(c: LocalClient): Record<string, Reply> {
    const items = parseReply(Buffer.from(c.say("MEMORY STATS"), "latin1")).value as readonly Reply[];
    return Object.fromEntries(items.flatMap((item, i) => (i % 2 === 0 ? [[String(item.value), items[i + 1]!]] : [])));
  }

  test("adds up", () => {
    const c = new LocalServer().connect();
    c.say("SET k v", "SELECT 2", "SET k v");
    const stats = statsOf(c);
    const value = (name: string): number => Number(stats[name]!.value);
    expect(value("keys.count")).toBe(2);
    expect(value("overhead.total") + value("dataset.bytes")).toBe(value("total.allocated"));
    expect(Object.keys(stats).filter((name) => name.startsWith("db."))).toEqual(["db.0", "db.2"]);
    expect(stats["dataset.percentage"]!.type).toBe("$");
  });

  test("tells blocks, their pages and what is kept for pages apart, as INFO does", () => {
    const c = new LocalServer().connect();
    for (let i = 0; i < 20_000; i++) c.say(`SET k${i} ${"x".repeat(1000)}`);
    for (let i = 0; i < 20_000; i += 2) c.say(`DEL k${i}`);
    const stats = statsOf(c);
    const names = ["allocated", "active", "resident"];
    const [allocated, active, resident] = names.map((name) => Number(stats[`allocator.${name}`]!.value));
    expect(active! / allocated!).toBeWithin(1.8, 2.2);
    expect(resident!).toBeWithin(active!, active! + 4 * 2 ** 20);
    expect(Number(stats["allocator-fragmentation.bytes"]!.value)).toBe(active! - allocated!);
    for (const name of names)
      expect(c.say("INFO memory")).toContain(`allocator_${name}:${stats[`allocator.${name}`]!.value}\r\n`);
  });

  test("is a map with doubles in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3", "SET k v");
    const stats = statsOf(c);
    expect([stats["dataset.percentage"]!.type, stats["db.0"]!.type]).toEqual([",", "%"]);
  });
});

describe("MEMORY DOCTOR", () => {
  test("has nothing to say of little data", () => {
    expect(new LocalServer().connect().say("MEMORY DOCTOR")).toContain("hardly any data");
  });

  test("sees data that is scattered, and says what is done about it", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 20_000; i++) c.say(`SET k${i} ${"x".repeat(1000)}`);
    for (let i = 0; i < 20_000; i++) if (i % 3 > 0) c.say(`DEL k${i}`);
    server.keyspace.defragmentation.activedefrag = false;
    expect(c.say("MEMORY DOCTOR")).toMatch(/\* Fragmentation: .* CONFIG SET activedefrag yes/);
    server.keyspace.defragmentation.activedefrag = true;
    expect(c.say("MEMORY DOCTOR")).toMatch(/\* Fragmentation: .* They are moved together when/);
  });

  test("sees a peak that is past", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 20; i++) c.say(`SET k${i} ${"x".repeat(1_000_000)}`);
    c.say("MEMORY DOCTOR");
    for (let i = 0; i < 12; i++) c.say(`DEL k${i}`);
    expect(c.say("MEMORY DOCTOR")).toContain("* Peak: ");
  });
});

/** So much garbage that survived collections while it was in use. */
function growOld(objects: number): void {
  const used = Array.from({ length: objects }, (_, n) => ({ n }));
  edenGC();
  edenGC();
  used.length = 0;
}

describe("MEMORY PURGE and MALLOC-STATS", () => {
  test("answer", () => {
    const c = new LocalServer().connect();
    expect(c.say("MEMORY PURGE")).toBe("+OK\r\n");
    expect(c.say("MEMORY MALLOC-STATS")).toContain("segment 0: 64.00M");
  });

  test("PURGE has garbage collected that has grown old", () => {
    const c = new LocalServer().connect();
    growOld(20_000);
    const before = heapStats().objectCount;
    c.say("MEMORY PURGE");
    expect(heapStats().objectCount).toBeLessThan(before - 15_000);
  });
});

/** A reply as nested lists of texts. */
type Plain = string | Plain[];

function plain({ value }: Reply): Plain {
  return typeof value === "string" ? value : (value ?? []).map(plain);
}

describe("MEMORY PREFIX", () => {
  test("gives the bytes of the keys with a prefix by type, page by page", () => {
    const c = new LocalServer().connect();
    for (let i = 0; i < 500; i++) c.say(`SET a:${i} ${"x".repeat(i + 1)}`, `SET b:${i} y`);
    c.say("RPUSH a:list 1 2 3", `SET a:largest ${"x".repeat(5000)}`);
    let cursor = "0";
    let pages = 0;
    const keys = new Map<string, number>();
    let bytes = 0;
    let largest = 0;
    do {
      const [next, shares] = plain(parseReply(Buffer.from(c.say(`MEMORY PREFIX a: ${cursor}`), "latin1")));
      for (const [type, count, size, name, most] of shares as string[][]) {
        keys.set(type, (keys.get(type) ?? 0) + Number(count));
        if (type === "string") bytes += Number(size);
        if (name === "a:largest") largest = Number(most);
      }
      cursor = next as string;
      pages++;
    } while (cursor !== "0");
    expect([...keys].sort()).toEqual([
      ["list", 1],
      ["string", 501],
    ]);
    expect(pages).toBeGreaterThan(5);
    expect(largest).toBe(number(c.say("MEMORY USAGE a:largest")));
    expect(bytes).toBeGreaterThan((500 * 499) / 2 + 5000);
  });

  test("refuses wrong arguments", () => {
    const c = new LocalServer().connect();
    expect(c.say("MEMORY PREFIX a x")).toBe("-ERR invalid cursor\r\n");
    expect(c.say("MEMORY PREFIX a 0 COUNT")).toBe("-ERR syntax error\r\n");
    expect(c.say("MEMORY PREFIX a 0 COUNT 0")).toStartWith("-ERR");
  });
});
