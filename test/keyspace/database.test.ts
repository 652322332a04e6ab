import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ExpiryCycle } from "../../src/keyspace/expiry.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { encode, latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { ServerStats } from "../../src/observe/stats.ts";
import { RAW_STRING } from "../../src/types/string.ts";
import { secret } from "../support/seed.ts";

class Store {
  readonly clock = new ManualClock();
  readonly keyspace = new Keyspace(2, this.clock, new Random(1), undefined, secret);
  readonly stats = new ServerStats();
  readonly expiry = new ExpiryCycle(this.keyspace);
  readonly db = this.keyspace.databases[0];
  private readonly span = new Span();

  find(key: string): Ptr {
    const name = encode(key);
    return this.db.find(name, 0, name.length, this.db.hash(name, 0, name.length));
  }

  set(key: string, value: string, deadlineMs = 0): void {
    const name = encode(key);
    const bytes = encode(value);
    const hash = this.db.hash(name, 0, name.length);
    const old = this.find(key);
    this.db.setString(old, name, 0, name.length, hash, RAW_STRING, bytes, 0, bytes.length, deadlineMs);
  }

  get(key: string): string | undefined {
    const e = this.find(key);
    if (e === NULL) return undefined;
    this.keyspace.entries.value(e, this.span);
    return latin1(this.span.buf, this.span.start, this.span.len);
  }

  rename(from: string, to: string): void {
    const name = encode(to);
    const hash = this.db.hash(name, 0, name.length);
    const old = this.find(to);
    this.db.rename(this.find(from), this.db, old, name, 0, name.length, hash);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.keyspace.setNow(this.clock.unixMs());
  }
}

const key = fc.constantFrom("a", "b", "c", "d", "long".repeat(20_000));
const value = fc.nat(9000).map((n) => "v".repeat(n % 3 === 0 ? n : n % 300));
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key, value, ms: fc.oneof(fc.constant(0), fc.nat(3000)) }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constant("deadline" as const), key, ms: fc.oneof(fc.constant(0), fc.nat(3000)) }),
  fc.record({ kind: fc.constant("resize" as const), key, bytes: fc.nat(9000) }),
  fc.record({ kind: fc.constant("rename" as const), key, to: key }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(1000) }),
);

interface Model {
  value: string;
  deadlineMs: number;
}

function apply(
  store: Store,
  model: Map<string, Model>,
  one: typeof step extends fc.Arbitrary<infer T> ? T : never,
): void {
  if (one.kind === "pass") {
    store.pass(one.ms);
    while (!store.expiry.run(UNBOUNDED));
    for (const [name, { deadlineMs }] of model) {
      if (deadlineMs === 0 || deadlineMs > store.keyspace.nowMs) continue;
      // The wheel's slots are 4 ms long: a key of the present one goes when it is looked for.
      expect(store.find(name)).toBe(NULL);
      model.delete(name);
    }
    return;
  }
  const known = model.get(one.key);
  if (one.kind === "set") {
    const deadlineMs = one.ms === 0 ? 0 : store.keyspace.nowMs + one.ms + 1;
    store.set(one.key, one.value, deadlineMs);
    model.set(one.key, { value: one.value, deadlineMs });
  } else if (known === undefined) {
    expect(store.find(one.key)).toBe(NULL);
  } else if (one.kind === "delete") {
    store.db.delete(store.find(one.key));
    model.delete(one.key);
  } else if (one.kind === "deadline") {
    known.deadlineMs = one.ms === 0 ? 0 : store.keyspace.nowMs + one.ms + 1;
    store.db.setDeadline(store.find(one.key), known.deadlineMs);
  } else if (one.kind === "resize") {
    const e = store.db.resize(store.find(one.key), one.bytes);
    const span = new Span();
    store.keyspace.entries.value(e, span);
    span.buf.fill(118, span.start, span.start + one.bytes);
    known.value = "v".repeat(one.bytes);
  } else if (one.key !== one.to) {
    store.rename(one.key, one.to);
    model.set(one.to, known);
    model.delete(one.key);
  }
}

describe("database", () => {
  test("keeps names, values and deadlines as a Map would, and gives all memory back", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const store = new Store();
        const model = new Map<string, Model>();
        const empty = store.keyspace.arena.usedBytes;
        for (const one of steps) apply(store, model, one);
        expect(store.db.size).toBe(model.size);
        for (const [name, { value: expected, deadlineMs }] of model) {
          expect(store.get(name)).toBe(expected);
          const deadline = store.keyspace.entries.deadline(store.find(name));
          expect(deadline).toBe(deadlineMs === 0 ? Number.POSITIVE_INFINITY : deadlineMs);
        }
        store.keyspace.flush(store.db);
        expect(store.keyspace.reclaimer.run(UNBOUNDED)).toBe(true);
        expect(store.keyspace.arena.usedBytes).toBe(empty);
      }),
      { numRuns: 60 },
    );
  });

  test("never shows a key whose time is past, even before it is removed", () => {
    const store = new Store();
    store.set("a", "1", store.keyspace.nowMs + 10);
    store.pass(9);
    expect(store.get("a")).toBe("1");
    store.pass(1);
    expect(store.get("a")).toBeUndefined();
    expect(store.db.size).toBe(0);
  });

  test("frees what was flushed in slices", () => {
    const store = new Store();
    for (let i = 0; i < 10_000; i++) store.set(`k${i}`, "x".repeat(i % 50 === 0 ? 5000 : 20));
    expect(store.keyspace.flush(store.db)).toBe(10_000);
    const { reclaimer } = store.keyspace;
    expect(reclaimer.pending).toBe(10_000);
    let slices = 0;
    let looks = 0;
    while (!reclaimer.run({ isSpent: () => ++looks % 100 === 0 })) slices++;
    expect(slices).toBeGreaterThan(5);
    expect([reclaimer.pending, reclaimer.freed, reclaimer.isDue()]).toEqual([0, 10_000, false]);
  });

  test("exchanges databases with their deadlines", () => {
    const store = new Store();
    store.set("a", "1", store.keyspace.nowMs + 50);
    const [first, second] = store.keyspace.databases;
    store.keyspace.swap(first, second);
    expect([first.size, second.size]).toEqual([0, 1]);
    store.pass(60);
    while (!store.expiry.run(UNBOUNDED));
    expect(second.size).toBe(0);
  });
});
