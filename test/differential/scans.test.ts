// What the rules for SCAN, HSCAN and random picks do not look at: that a whole iteration finds everything, also while
// the data change, and that picks are members.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Server, startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { parseReply, type Reply, texts } from "../support/reply.ts";

const KEYS = 3000;
const PAGES_MAX = 100_000;

let server: Server;
let c: RawConnection;
beforeAll(async () => {
  server = await startOurs();
  c = await RawConnection.connect(server.port);
});
beforeEach(() => c.command("FLUSHALL"));
afterAll(async () => {
  c.close();
  await server.stop();
});

async function sendAll(commands: string[][]): Promise<void> {
  c.send(encodePipeline(commands));
  await c.read(commands.length);
}

/** Every element that a whole iteration returns, in its order, with repetitions; `between` runs after every page. */
async function scanAll(
  command: (cursor: string) => string[],
  between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = parseReply(await c.command(...command(cursor))).value as readonly Reply[];
    cursor = String(reply[0]!.value);
    found.push(...texts(reply[1]!).map(String));
    if (cursor === "0") return found;
    await between();
  }
  throw new Error("the iteration does not end");
}

function fill(prefix: string, from: number, to: number): string[][] {
  return Array.from({ length: to - from }, (_none, i) => ["SET", `${prefix}${from + i}`, "v"]);
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_none, i) => `${prefix}${i}`).sort();
}

describe("SCAN", () => {
  test("finds every key exactly once while nothing changes", async () => {
    await sendAll(fill("k", 0, KEYS));
    for (const count of ["1", "10", "1000", "100000"]) {
      expect((await scanAll((cursor) => ["SCAN", cursor, "COUNT", count])).sort()).toEqual(names("k", KEYS));
    }
  });

  test("finds every key that stays while others come and the table grows", async () => {
    await sendAll(fill("k", 0, KEYS));
    let added = 0;
    const grow = (): Promise<void> => sendAll(fill("new", added, (added += 100)));
    const found = new Set(await scanAll((cursor) => ["SCAN", cursor, "COUNT", "50"], grow));
    for (const name of names("k", KEYS)) expect(found).toContain(name);
  });

  test("finds every key that stays while others go and the table shrinks", async () => {
    await sendAll([...fill("k", 0, 200), ...fill("old", 0, KEYS)]);
    let removed = 0;
    const shrink = (): Promise<void> => {
      return sendAll(Array.from({ length: 100 }, () => ["DEL", `old${removed++}`]));
    };
    const found = new Set(await scanAll((cursor) => ["SCAN", cursor, "COUNT", "50"], shrink));
    for (const name of names("k", 200)) expect(found).toContain(name);
  });

  test("filters by pattern and type without losing its place", async () => {
    await sendAll([...fill("k", 0, KEYS), ["HSET", "h1", "f", "v"], ["HSET", "h2", "f", "v"]]);
    expect((await scanAll((cursor) => ["SCAN", cursor, "MATCH", "k1?"])).sort()).toEqual(names("k1", 10));
    expect((await scanAll((cursor) => ["SCAN", cursor, "TYPE", "hash"])).sort()).toEqual(["h1", "h2"]);
    expect(await scanAll((cursor) => ["SCAN", cursor, "TYPE", "hash", "MATCH", "k*"])).toEqual([]);
  });

  test("takes any number as a cursor", async () => {
    await sendAll(fill("k", 0, 100));
    for (const cursor of ["1", "12345", "4294967295", "9223372036854775807", "18446744073709551615"]) {
      const reply = parseReply(await c.command("SCAN", cursor)).value as readonly Reply[];
      expect(reply.map((part) => part.type)).toEqual(["$", "*"]);
    }
  });
});

describe("HSCAN", () => {
  test("finds every field of a big hash exactly once with its value", async () => {
    const pairs = Array.from({ length: KEYS }, (_none, i) => [`f${i}`, `v${i}`]);
    await sendAll([["HSET", "h", ...pairs.flat()]]);
    const found = await scanAll((cursor) => ["HSCAN", "h", cursor, "COUNT", "20"]);
    const foundPairs = found.flatMap((field, i) => (i % 2 === 0 ? [`${field}=${found[i + 1]}`] : []));
    expect(foundPairs.sort()).toEqual(pairs.map(([field, value]) => `${field}=${value}`).sort());
  });

  test("returns a packed hash in one page", async () => {
    await c.command("HSET", "h", "a", "1", "b", "2", "c", "3");
    expect(await scanAll((cursor) => ["HSCAN", "h", cursor, "COUNT", "1"])).toEqual(["a", "1", "b", "2", "c", "3"]);
  });
});

describe("random picks", () => {
  const fields = names("f", 200);

  test("HRANDFIELD with a positive count returns different fields of the hash", async () => {
    for (const size of [5, 200]) {
      const some = fields.slice(0, size);
      await sendAll([
        ["DEL", "h"],
        ["HSET", "h", ...some.flatMap((field) => [field, `value of ${field}`])],
      ]);
      for (const count of [1, 3, size - 1, size, size + 10]) {
        const picked = texts(parseReply(await c.command("HRANDFIELD", "h", count))).map(String);
        expect(picked).toHaveLength(Math.min(count, size));
        expect(new Set(picked).size).toBe(picked.length);
        for (const field of picked) expect(some).toContain(field);
      }
    }
  });

  test("HRANDFIELD with a negative count returns exactly as many, each with its own value", async () => {
    await c.command("HSET", "h", ...fields.slice(0, 5).flatMap((field) => [field, `value of ${field}`]));
    const picked = texts(parseReply(await c.command("HRANDFIELD", "h", "-50", "WITHVALUES"))).map(String);
    expect(picked).toHaveLength(100);
    for (let i = 0; i < picked.length; i += 2) expect(picked[i + 1]).toBe(`value of ${picked[i]}`);
  });

  test("every key and every field is picked some time", async () => {
    await sendAll([...fill("k", 0, 5), ["HSET", "h", "a", "1", "b", "2", "c", "3"]]);
    const keys = new Set<unknown>();
    const seen = new Set<unknown>();
    for (let i = 0; i < 400; i++) {
      keys.add(parseReply(await c.command("RANDOMKEY")).value);
      seen.add(parseReply(await c.command("HRANDFIELD", "h")).value);
    }
    expect([...keys].sort()).toEqual(["h", "k0", "k1", "k2", "k3", "k4"]);
    expect([...seen].sort()).toEqual(["a", "b", "c"]);
  });
});
