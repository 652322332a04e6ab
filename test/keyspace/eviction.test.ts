import { describe, expect, test } from "bun:test";
import { policyOf } from "../../src/keyspace/eviction.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { encode, latin1 } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { RAW_STRING } from "../../src/types/string.ts";
import { secret } from "../support/seed.ts";

const VALUE = encode("v");

class Cache {
  readonly clock = new ManualClock();
  readonly keyspace = new Keyspace(3, this.clock, new Random(7), undefined, secret);
  readonly gone: string[] = [];

  constructor(policy: string) {
    this.keyspace.eviction.setPolicy(policyOf(policy));
    this.keyspace.access.lfu = policy.endsWith("-lfu");
    this.keyspace.observer = {
      keyCreated: () => {},
      keyExpired: () => {},
      fieldsExpired: () => {},
      keyEvicted: (_db, e) => this.gone.push(this.nameOf(e)),
    };
  }

  private nameOf(e: Ptr): string {
    const { entries } = this.keyspace;
    return latin1(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
  }

  set(key: string, ttlMs = 0, id = 0): void {
    const db = this.keyspace.databases[id];
    const name = encode(key);
    const hash = db.hash(name, 0, name.length);
    const deadlineMs = ttlMs === 0 ? 0 : this.keyspace.nowMs + ttlMs;
    const old = db.find(name, 0, name.length, hash);
    db.setString(old, name, 0, name.length, hash, RAW_STRING, VALUE, 0, 1, deadlineMs);
  }

  use(key: string, times = 1): void {
    const db = this.keyspace.databases[0];
    const { entries, access } = this.keyspace;
    const name = encode(key);
    const e = db.find(name, 0, name.length, db.hash(name, 0, name.length));
    expect(e).not.toBe(NULL);
    for (let i = 0; i < times; i++) entries.setAccess(e, access.touched(entries.access(e)));
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.keyspace.setNow(this.clock.unixMs());
  }

  evict(count: number): string[] {
    this.gone.length = 0;
    for (let i = 0; i < count; i++) expect(this.keyspace.eviction.evictOne()).toBe(true);
    return this.gone;
  }
}

/** Where the numbers that the names end with stand among 0 to count - 1, on average: 0 for the first, 1 for the last. */
function meanPlace(names: readonly string[], count: number): number {
  return names.reduce((sum, name) => sum + Number(/\d+$/.exec(name)![0]), 0) / names.length / count;
}

describe("eviction", () => {
  test("says no when no key may go, without a policy and with one for other keys", () => {
    const cache = new Cache("noeviction");
    cache.set("a");
    expect(cache.keyspace.eviction.evictOne()).toBe(false);
    cache.keyspace.eviction.setPolicy(policyOf("volatile-lru"));
    expect(cache.keyspace.eviction.evictOne()).toBe(false);
    cache.keyspace.eviction.setPolicy(policyOf("allkeys-lru"));
    expect(cache.evict(1)).toEqual(["a"]);
    expect(cache.keyspace.eviction.evictOne()).toBe(false);
  });

  for (const policy of ["allkeys-lru", "allkeys-lrm", "volatile-lru", "volatile-lrm"]) {
    test(`by ${policy} takes the longest unused, nearly`, () => {
      const cache = new Cache(policy);
      for (let i = 0; i < 4000; i++) {
        cache.set(`key${i}`, policy.startsWith("volatile") ? 1e9 : 0);
        cache.pass(1000);
      }
      // The best that can be is 0.05.
      expect(meanPlace(cache.evict(400), 4000)).toBeLessThan(0.12);
    });
  }

  test("by allkeys-lru spares a candidate that is used after it was looked at", () => {
    const cache = new Cache("allkeys-lru");
    for (let i = 0; i < 8; i++) cache.set(`key${i}`);
    cache.pass(5000);
    cache.set("new");
    expect(cache.evict(1)).not.toEqual(["new"]);
    cache.pass(5000);
    const left = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `key${i}`).filter((name) => !cache.gone.includes(name));
    for (const name of left) cache.use(name);
    expect(cache.evict(1)).toEqual(["new"]);
  });

  test("by allkeys-lfu takes the least used, however long ago the others were used", () => {
    const cache = new Cache("allkeys-lfu");
    for (let i = 0; i < 1000; i++) {
      cache.set(`key${i}`);
      if (i % 2 === 0) cache.use(`key${i}`, 100);
    }
    expect(cache.evict(250).filter((name) => Number(name.slice(3)) % 2 === 0).length).toBeLessThan(10);
  });

  test("by allkeys-lfu takes what was used often, but long ago", () => {
    const cache = new Cache("allkeys-lfu");
    for (let i = 0; i < 100; i++) {
      cache.set(`old${i}`);
      cache.use(`old${i}`, 30);
    }
    cache.pass(3_600_000);
    for (let i = 0; i < 100; i++) cache.set(`new${i}`);
    expect(cache.evict(50).filter((name) => name.startsWith("new")).length).toBeLessThan(10);
  });

  test("by allkeys-lfu takes all that are used as little equally likely, wherever in the table they are", () => {
    const cache = new Cache("allkeys-lfu");
    const size = 300;
    for (let i = 0; i < size; i++) cache.set(`key${i}`);
    let old = 0;
    for (let i = size; i < 40 * size; i++) {
      const [gone] = cache.evict(1);
      if (i - Number(gone!.slice(3)) > 5 * size) old++;
      cache.set(`key${i}`);
    }
    // Of keys that are drawn by chance, one in e^5 lives that long: 0.7 %.
    expect(old / (39 * size)).toBeLessThan(0.015);
  });

  for (const share of [2, 50]) {
    for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
      test(`by ${policy} takes keys with a deadline and no others, one key in ${share} having one`, () => {
        const cache = new Cache(policy);
        for (let i = 0; i < 2000; i++)
          cache.set(i % share === 0 ? `timed${i}` : `kept${i}`, i % share === 0 ? 1e7 + i : 0);
        expect(cache.evict(2000 / share).filter((name) => name.startsWith("kept"))).toEqual([]);
        expect(cache.keyspace.eviction.evictOne()).toBe(false);
        expect(cache.keyspace.databases[0].size).toBe(2000 - 2000 / share);
      });
    }
  }

  test("by volatile-ttl takes the nearest deadlines, in their order if they are near, nearly so if they are far", () => {
    const near = new Cache("volatile-ttl");
    for (let i = 0; i < 1000; i++) near.set(`key${(i * 7919) % 1000}`, 100 + 10 * ((i * 7919) % 1000));
    expect(near.evict(100)).toEqual(Array.from({ length: 100 }, (_, i) => `key${i}`));
    const far = new Cache("volatile-ttl");
    for (let i = 0; i < 5000; i++) far.set(`key${(i * 7919) % 5000}`, 1e6 + 100_000 * ((i * 7919) % 5000));
    expect(meanPlace(far.evict(500), 5000)).toBeLessThan(0.12);
  });

  test("by allkeys-random takes any", () => {
    const cache = new Cache("allkeys-random");
    for (let i = 0; i < 2000; i++) cache.set(`key${i}`);
    expect(meanPlace(cache.evict(1000), 2000)).toBeCloseTo(0.5, 1);
  });

  test("compares the keys of all databases", () => {
    const cache = new Cache("allkeys-lru");
    for (let id = 0; id < 3; id++) {
      for (let i = 0; i < 100; i++) cache.set(`db${id}:${i}`, 0, id);
      cache.pass(1000);
    }
    expect(cache.evict(100).filter((name) => !name.startsWith("db0")).length).toBeLessThan(15);
  });

  test("forgets candidates that are deleted, moved or gone with their database", () => {
    const cache = new Cache("allkeys-lru");
    const { keyspace } = cache;
    for (let i = 0; i < 300; i++) cache.set(`key${i}`);
    cache.evict(10);
    keyspace.swap(keyspace.databases[0], keyspace.databases[1]);
    cache.evict(10);
    keyspace.flush(keyspace.databases[1]);
    expect(keyspace.eviction.evictOne()).toBe(false);
    cache.set("a");
    expect(cache.evict(1)).toEqual(["a"]);
  });
});
