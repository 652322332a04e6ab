import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { type LocalClient, LocalServer } from "../commands/local-server.ts";
import { parseReply, type Reply } from "../support/reply.ts";

interface Row {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly elements: number;
  readonly db: number;
}

function top(c: LocalClient, options = ""): Row[] {
  const { value } = parseReply(Buffer.from(c.say(`MEMORY TOP ${options}`), "latin1"));
  return (value as readonly Reply[]).map((row) => {
    const [name, type, bytes, elements, db] = (row.value as readonly Reply[]).map((item) => String(item.value));
    return { name: name!, type: type!, bytes: Number(bytes), elements: Number(elements), db: Number(db) };
  });
}

const names = (c: LocalClient, options = ""): string[] => top(c, options).map(({ name }) => name);

/** Makes a key of any type with many elements, a few at a time, or of some bytes. */
function grow(c: LocalClient, type: string, key: string, count: number): void {
  for (let i = 0; i < count; i += 10) {
    const ten = Array.from({ length: 10 }, (_, n) => `member:${i + n}`);
    if (type === "hash") c.ask("HSET", key, ...ten.flatMap((m) => [m, "value"]));
    else if (type === "set") c.ask("SADD", key, ...ten);
    else if (type === "zset") c.ask("ZADD", key, ...ten.flatMap((m, n) => [String(i + n), m]));
    else if (type === "list") c.ask("RPUSH", key, ...ten);
    else if (type === "stream") c.ask("XADD", key, "*", ...ten);
    else c.ask("APPEND", key, ten.join(""));
  }
}

const TYPES = ["string", "list", "set", "zset", "hash", "stream"];

describe("MEMORY TOP", () => {
  test("gives big keys of every type, with what MEMORY USAGE says of them", () => {
    const c = new LocalServer().connect();
    for (const type of TYPES) grow(c, type, `big:${type}`, 30_000);
    for (let i = 0; i < 1000; i++) c.say(`SET small:${i} ${"x".repeat(i)}`, `RPUSH list:${i} a b c`);
    const keys = top(c);
    expect(keys.map(({ type }) => type).sort()).toEqual([...TYPES].sort());
    expect(keys.map(({ bytes }) => bytes)).toEqual(keys.map(({ bytes }) => bytes).sort((a, b) => b - a));
    for (const { name, bytes, elements, type } of keys) {
      expect(name).toBe(`big:${type}`);
      expect(Number(c.say(`MEMORY USAGE ${name}`).slice(1))).toBeWithin(bytes, bytes + 100);
      if (type === "set") expect(elements).toBe(30_000);
      expect(names(c, `TYPE ${type}`)).toEqual([name]);
    }
  });

  test("orders by elements, too, and gives no more than asked for", () => {
    const c = new LocalServer().connect();
    c.say(`SADD few ${"x".repeat(1_000_000)}`);
    grow(c, "set", "many", 20_000);
    expect(names(c)).toEqual(["few", "many"]);
    expect(names(c, "BY ELEMENTS TYPE SET")).toEqual(["many", "few"]);
    expect(names(c, "COUNT 1 BY ELEMENTS")).toEqual(["many"]);
  });

  test("forgets what was deleted, emptied or made small", () => {
    const c = new LocalServer().connect();
    for (const key of ["a", "b", "c"]) grow(c, "list", key, 30_000);
    expect(names(c)).toHaveLength(3);
    c.say("DEL a", "LTRIM b 0 5", "RENAME c d");
    expect(names(c)).toEqual(["d"]);
    c.say("FLUSHALL");
    expect(names(c)).toEqual([]);
  });

  test("sees what one command, a script, a transaction and a copy make big, in any database", () => {
    const c = new LocalServer().connect();
    grow(c, "hash", "h", 20_000);
    c.say("COPY h copy", "MOVE h 3", "SELECT 3", "MULTI", `SETRANGE text 200000 x`, "EXEC");
    c.ask("EVAL", "redis.call('SET', 'scripted', string.rep('x', 100000))", "0");
    c.say("SWAPDB 0 5");
    const keys = top(c).map(({ name, db }) => `${db} ${name}`);
    expect(keys.sort()).toEqual(["3 h", "3 scripted", "3 text", "5 copy"]);
  });

  test("finds keys that nobody told it of", () => {
    const server = new LocalServer();
    const c = server.connect();
    server.keyspace.arena.onGrowth = () => {};
    for (let i = 0; i < 300; i++) c.say(`SET key:${i} ${"x".repeat(i * 1000)}`);
    expect(names(c)).toEqual([]);
    server.keyspace.bigKeys.search();
    while (!server.keyspace.bigKeys.run({ us: 1, isSpent: () => true }));
    expect(names(c, "COUNT 3 BY ELEMENTS")).toEqual(["key:299", "key:298", "key:297"]);
  });

  test("is right when there are more big keys than it remembers, and the biggest go", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 2500; i++) c.say(`SETRANGE key:${i} ${70_000 + ((i * 7919) % 2500) * 8} x`);
    const biggest = (): string[] =>
      Array.from({ length: 2500 }, (_, i) => i)
        .filter((i) => c.say(`EXISTS key:${i}`) === ":1\r\n")
        .sort((a, b) => ((b * 7919) % 2500) - ((a * 7919) % 2500))
        .slice(0, 64)
        .map((i) => `key:${i}`);
    const sizes = (keys: string[]): number[] => keys.map((key) => Number(c.say(`MEMORY USAGE ${key}`).slice(1)));
    for (let round = 0; round < 6; round++) {
      names(c, "COUNT 64");
      server.keyspace.bigKeys.run(UNBOUNDED);
      const found = names(c, "COUNT 64");
      expect(sizes(found)).toEqual(sizes(biggest()));
      for (const key of found) c.say(`DEL ${key}`);
    }
  });

  test("refuses wrong arguments", () => {
    const c = new LocalServer().connect();
    for (const wrong of ["COUNT", "BY", "BY SIZE", "COUNT 1 2"]) {
      expect(c.say(`MEMORY TOP ${wrong}`)).toBe("-ERR syntax error\r\n");
    }
    expect(c.say("MEMORY TOP COUNT 0")).toStartWith("-ERR");
    expect(c.say("MEMORY TOP TYPE tree")).toBe("-ERR unknown type 'tree'\r\n");
  });
});
