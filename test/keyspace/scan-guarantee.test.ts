// What SCAN and its relatives promise: a whole walk returns every element that is there from its start to its end, and none that is
// not there at any time of it, however much the table under it grows and shrinks.
import { describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { LocalServer } from "../commands/local-server.ts";
import { parseReplies, type Reply, texts } from "../support/reply.ts";

interface Walker {
  readonly name: string;
  add(element: string): string;
  remove(element: string): string;
  scan(cursor: string, count: number): string;
  /** What stands between two elements of a page. */
  readonly stride: number;
}

const WALKERS: readonly Walker[] = [
  {
    name: "SCAN",
    add: (element) => `SET ${element} v`,
    remove: (element) => `DEL ${element}`,
    scan: (cursor, count) => `SCAN ${cursor} COUNT ${count}`,
    stride: 1,
  },
  {
    name: "HSCAN",
    add: (element) => `HSET c ${element} v`,
    remove: (element) => `HDEL c ${element}`,
    scan: (cursor, count) => `HSCAN c ${cursor} COUNT ${count}`,
    stride: 2,
  },
  {
    name: "HSCAN of fields that end",
    add: (element) => `HSETEX c EX 1000 FIELDS 1 ${element} v`,
    remove: (element) => `HPEXPIREAT c 1 FIELDS 1 ${element}`,
    scan: (cursor, count) => `HSCAN c ${cursor} COUNT ${count} NOVALUES`,
    stride: 1,
  },
  {
    name: "SSCAN",
    add: (element) => `SADD c ${element}`,
    remove: (element) => `SREM c ${element}`,
    scan: (cursor, count) => `SSCAN c ${cursor} COUNT ${count}`,
    stride: 1,
  },
  {
    name: "ZSCAN",
    add: (element) => `ZADD c 1 ${element}`,
    remove: (element) => `ZREM c ${element}`,
    scan: (cursor, count) => `ZSCAN c ${cursor} COUNT ${count}`,
    stride: 2,
  },
];

const STABLE = 700;
const PAGES_MAX = 100_000;

/** A collection that changes while it is walked through. */
class Collection {
  readonly stable = Array.from({ length: STABLE }, (_, i) => `stable:${i}`);
  /** Elements that come and go, and which of them were there at any time of the walk. */
  readonly passing = new Set<string>();
  seenAlive = new Set<string>();
  private readonly c = new LocalServer().connect();
  private made = 0;

  constructor(
    private readonly walker: Walker,
    readonly random: Random,
  ) {
    for (const element of this.stable) this.c.say(walker.add(element));
  }

  grow(elements: number): void {
    for (let i = 0; i < elements; i++) {
      const element = `passing:${this.made++}`;
      this.c.say(this.walker.add(element));
      this.passing.add(element);
      this.seenAlive.add(element);
    }
  }

  shrink(elements: number): void {
    let left = elements;
    for (const element of this.passing) {
      if (left-- <= 0) break;
      this.c.say(this.walker.remove(element));
      this.passing.delete(element);
    }
  }

  /** A whole walk, with changes between its pages. Returns what it returned, with repetitions. */
  walk(count: number, change: (page: number) => void): string[] {
    this.seenAlive = new Set(this.passing);
    const found: string[] = [];
    let cursor = "0";
    for (let page = 0; page < PAGES_MAX; page++) {
      const [reply] = parseReplies(Buffer.from(this.c.say(this.walker.scan(cursor, count)), "latin1"));
      const [next, elements] = reply.value as readonly Reply[];
      found.push(
        ...texts(elements)
          .filter((_, i) => i % this.walker.stride === 0)
          .map(String),
      );
      cursor = String(next.value);
      if (cursor === "0") return found;
      change(page);
    }
    throw new Error("the walk does not end");
  }

  check(walked: readonly string[]): void {
    const found = new Set(walked);
    expect(this.stable.filter((element) => !found.has(element))).toEqual([]);
    const stable = new Set(this.stable);
    expect([...found].filter((element) => !stable.has(element) && !this.seenAlive.has(element))).toEqual([]);
  }
}

describe.each(WALKERS)("$name", (walker) => {
  test("finds every element that stays while the table grows", () => {
    for (const count of [1, 10, 300]) {
      const collection = new Collection(walker, new Random(count));
      collection.check(collection.walk(count, (page) => collection.grow(page < 40 ? 100 : 0)));
      expect(collection.passing.size).toBeGreaterThan(0);
    }
  });

  test("finds every element that stays while the table shrinks", () => {
    for (const count of [1, 10, 300]) {
      const collection = new Collection(walker, new Random(count));
      collection.grow(4000);
      collection.check(collection.walk(count, () => collection.shrink(150)));
      expect(collection.passing.size).toBeLessThan(4000);
    }
  });

  test("finds every element that stays while the table grows and shrinks in turn", () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const collection = new Collection(walker, random);
      collection.grow(random.below(3000));
      let growing = true;
      const found = collection.walk(5, (page) => {
        if (random.below(8) === 0) growing = !growing;
        if (growing && page < 150) collection.grow(random.below(150));
        else collection.shrink(random.below(250));
      });
      collection.check(found);
    }
  });

  test("finds every element exactly once while nothing changes", () => {
    const collection = new Collection(walker, new Random(9));
    collection.grow(3000);
    for (const count of [1, 10, 100_000]) {
      const found = collection.walk(count, () => {});
      expect(found.length).toBe(STABLE + 3000);
      collection.check(found);
    }
  });
});
