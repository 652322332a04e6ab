import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encode, latin1, Span } from "../../src/lib/bytes.ts";
import { Random } from "../../src/lib/random.ts";
import { Arena, NULL, type Ptr } from "../../src/memory/arena.ts";
import { Dict } from "../../src/structures/dict.ts";
import { Entries } from "../../src/structures/entry.ts";

function setup() {
  const arena = new Arena();
  const entries = new Entries(arena);
  const dict = new Dict(arena, entries, 1, 2);
  return { arena, entries, dict, d: dict.create() };
}

type Table = ReturnType<typeof setup>;

function find(t: Table, name: string): Ptr {
  const bytes = encode(name);
  return t.dict.find(t.d, bytes, 0, bytes.length, t.dict.hash(bytes, 0, bytes.length));
}

function add(t: Table, name: string): Ptr {
  const bytes = encode(name);
  const e = t.entries.create(0, false, bytes, 0, bytes.length, 0);
  t.dict.insert(t.d, e, t.dict.hash(bytes, 0, bytes.length));
  return e;
}

function remove(t: Table, e: Ptr): void {
  t.dict.remove(t.d, e);
  t.entries.release(e);
}

function nameOf(t: Table, e: Ptr): string {
  const span = new Span();
  t.entries.name(e, span);
  return latin1(span.buf, span.start, span.len);
}

describe("dict", () => {
  test("has fuller buckets, and loses nothing, where there is no room for more of them", () => {
    const t = setup();
    const names = Array.from({ length: 30_000 }, (_, i) => `key:${i}`);
    for (const name of names.slice(0, 8192)) add(t, name);
    const buckets = t.dict.buckets(t.d);
    t.arena.thriftBytes = 0;
    for (const name of names.slice(8192, 12_000)) add(t, name);
    expect(t.dict.buckets(t.d)).toBe(buckets);
    // Until they are far too full.
    for (const name of names.slice(12_000)) add(t, name);
    expect(t.dict.buckets(t.d)).toBeGreaterThan(buckets);
    for (const name of names) expect(find(t, name)).not.toBe(NULL);
  });

  test("behaves as a Map under any order of additions and removals", () => {
    const operation = fc.tuple(fc.constantFrom("add", "remove"), fc.nat(400));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 2000, size: "max" }), (operations) => {
        const t = setup();
        const model = new Map<string, Ptr>();
        for (const [kind, n] of operations) {
          const name = `key:${n}`;
          const known = model.get(name);
          expect(find(t, name)).toBe(known ?? NULL);
          if (kind === "add" && known === undefined) model.set(name, add(t, name));
          else if (kind === "remove" && known !== undefined) {
            remove(t, known);
            model.delete(name);
          }
        }
        const seen: Ptr[] = [];
        t.dict.forEach(t.d, (e) => seen.push(e));
        expect(seen.sort()).toEqual([...model.values()].sort());
        expect(t.dict.count(t.d)).toBe(model.size);
      }),
      { numRuns: 30 },
    );
  });

  test("gives all its memory back", () => {
    const t = setup();
    const empty = t.arena.usedBytes;
    const added = Array.from({ length: 20_000 }, (_, i) => add(t, `k${i}`));
    for (const e of added) remove(t, e);
    expect(t.dict.buckets(t.d)).toBeLessThan(8);
    for (const e of added.slice(0, 5).map((_, i) => add(t, `k${i}`))) remove(t, e);
    t.dict.destroy(t.d);
    t.d = t.dict.create();
    expect(t.arena.usedBytes).toBe(empty);
  });

  test("can be taken apart bucket by bucket", () => {
    const t = setup();
    const empty = t.arena.usedBytes;
    const names = new Set(Array.from({ length: 30_000 }, (_, i) => nameOf(t, add(t, `k${i}`))));
    const release = (e: Ptr): void => {
      expect(names.delete(nameOf(t, e))).toBe(true);
      t.entries.release(e);
    };
    while (t.dict.shed(t.d, release));
    t.dict.destroy(t.d);
    expect(names.size).toBe(0);
    t.d = t.dict.create();
    expect(t.arena.usedBytes).toBe(empty);
  });

  test("shows every entry that stays to a scan, while others come and go", () => {
    const t = setup();
    const stay = new Set(Array.from({ length: 3000 }, (_, i) => add(t, `stay:${i}`)));
    const random = new Random(7);
    const guests: Ptr[] = [];
    const seen = new Set<Ptr>();
    let cursor = 0;
    let next = 0;
    do {
      cursor = t.dict.scan(t.d, cursor, (e) => seen.add(e));
      const grow = random.below(3) > 0;
      for (let i = 0; i < 40; i++) {
        if (grow) guests.push(add(t, `guest:${next++}`));
        else if (guests.length > 0) remove(t, guests.pop()!);
      }
    } while (cursor !== 0);
    for (const e of stay) expect(seen.has(e)).toBe(true);
  });

  test("removes an entry although another table was searched since it was found", () => {
    const t = setup();
    const crowd = Array.from({ length: 40 }, (_, i) => add(t, `k${i}`));
    const other = t.dict.create();
    for (const e of crowd) {
      const name = encode(nameOf(t, e));
      const hash = t.dict.hash(name, 0, name.length);
      expect(t.dict.find(t.d, name, 0, name.length, hash)).toBe(e);
      expect(t.dict.find(other, name, 0, name.length, hash)).toBe(NULL);
      remove(t, e);
    }
    expect(t.dict.count(t.d)).toBe(0);
  });

  test("picks every entry by chance about equally often", () => {
    const t = setup();
    for (let i = 0; i < 100; i++) add(t, `k${i}`);
    const random = new Random(3);
    const times = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const name = nameOf(t, t.dict.random(t.d, random));
      times.set(name, (times.get(name) ?? 0) + 1);
    }
    expect(times.size).toBe(100);
    for (const n of times.values()) expect(Math.abs(n - 200)).toBeLessThan(100);
  });
});

describe("a dict with buckets in reserve", () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `key:${i}`);

  test("does not grow while it gets the entries that they are for, and finds them", () => {
    for (const expected of [0, 1, 8, 9, 100, 8192, 8193, 30_000]) {
      const t = setup();
      t.dict.reserve(t.d, expected);
      const buckets = t.dict.buckets(t.d);
      for (const name of names(expected)) add(t, name);
      expect(t.dict.buckets(t.d)).toBe(buckets);
      for (const name of names(expected)) expect(find(t, name)).not.toBe(NULL);
      const grown = setup();
      for (const name of names(expected)) add(grown, name);
      expect(grown.dict.buckets(grown.d)).toBe(buckets);
    }
  });

  test("gives them back when there are far fewer entries", () => {
    const t = setup();
    t.dict.reserve(t.d, 100_000);
    for (const name of names(50)) add(t, name);
    t.dict.giveBack(t.d);
    expect(t.dict.buckets(t.d)).toBe(25);
    for (const name of names(50)) expect(find(t, name)).not.toBe(NULL);
  });
});
