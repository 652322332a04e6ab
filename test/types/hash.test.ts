import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { argsOf } from "../../src/resp/args.ts";
import { PackedList } from "../../src/structures/packed-list.ts";
import { PACKED_HASH } from "../../src/types/hash.ts";
import { HASHTABLE, LISTPACK } from "../../src/types/kinds.ts";
import { secret } from "../support/seed.ts";

/** One hash under the key "h", and the Map that it should be. Texts have one character a byte. */
class Checked {
  readonly keyspace: Keyspace;
  readonly db;
  readonly hashes;
  readonly model = new Map<string, string>();
  e: Ptr = NULL;

  constructor(maxEntries = 512, maxValue = 64) {
    this.keyspace = new Keyspace(1, new ManualClock(), new Random(1), undefined, secret);
    this.db = this.keyspace.databases[0];
    this.hashes = this.keyspace.hashes;
    this.hashes.hashMaxListpackEntries = maxEntries;
    this.hashes.hashMaxListpackValue = maxValue;
  }

  get usedBytes(): number {
    return this.keyspace.arena.usedBytes;
  }

  get encoding(): number {
    return this.keyspace.entries.encoding(this.e);
  }

  set(field: string, value: string): boolean {
    const [f, v] = [bytesOf(field), bytesOf(`<${value}>`)];
    this.model.set(field, value);
    if (this.e !== NULL) return this.hashes.set(this.e, f, 0, f.length, v, 1, value.length);
    this.put("h", this.hashes.create(f, 0, f.length, v, 1, value.length));
    return true;
  }

  put(key: string, kind: number, root = this.hashes.root, rootBytes = this.hashes.rootBytes): void {
    const name = bytesOf(key);
    const hash = this.db.hash(name, 0, name.length);
    this.e = this.db.putReference(NULL, name, 0, name.length, hash, kind, root, rootBytes, 0);
  }

  /** Sets several fields at once; returns how many were new. */
  setPairs(pairs: readonly (readonly [string, string])[]): number {
    for (const [field, value] of pairs) this.model.set(field, value);
    const args = argsOf("HSET", "h", ...pairs.flat().map(bytesOf));
    return this.hashes.setPairs(this.e, args.buf, args.start, args.len, 2, args.count);
  }

  delete(field: string): boolean {
    const bytes = bytesOf(field);
    this.model.delete(field);
    const deleted = this.hashes.delete(this.e, bytes, 0, bytes.length);
    if (this.hashes.length(this.e) === 0) this.drop();
    return deleted;
  }

  get(field: string): string | undefined {
    if (this.e === NULL) return undefined;
    const [bytes, span] = [bytesOf(field), new Span()];
    const found = this.hashes.get(this.e, bytes, 0, bytes.length, span);
    expect(this.hashes.has(this.e, bytes, 0, bytes.length)).toBe(found);
    return found ? textOf(span) : undefined;
  }

  /** Deletes the key and waits until its memory is free. */
  drop(): void {
    this.db.delete(this.e);
    this.e = NULL;
    this.keyspace.reclaimer.run(UNBOUNDED);
  }

  pairs(): [string, string][] {
    const seen: [string, string][] = [];
    if (this.e !== NULL) this.hashes.forEach(this.e, (field, value) => seen.push([textOf(field), textOf(value)]));
    return seen;
  }

  scanned(): [string, string][] {
    const seen: [string, string][] = [];
    let cursor = 0;
    do {
      cursor = this.hashes.scan(this.e, cursor, (field, value) => seen.push([textOf(field), textOf(value)]));
    } while (cursor !== 0);
    return seen;
  }

  check(): void {
    const expected = [...this.model];
    if (this.e === NULL) {
      expect(expected).toEqual([]);
      return;
    }
    const inOrder = this.encoding === LISTPACK ? (pairs: [string, string][]) => pairs : sorted;
    expect(inOrder(this.pairs())).toEqual(inOrder(expected));
    expect(inOrder(this.scanned())).toEqual(inOrder(expected));
    expect(this.hashes.length(this.e)).toBe(this.model.size);
    for (const [field, value] of expected) expect(this.get(field)).toBe(value);
  }

  /** Goes on with a copy under another key; the original is deleted. */
  continueWithCopy(): void {
    const original = this.e;
    this.hashes.copy(original);
    this.put(`copy of ${original}`, this.keyspace.entries.head(original) & 0xff);
    this.db.delete(original);
    this.keyspace.reclaimer.run(UNBOUNDED);
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function textOf(span: Span): string {
  return latin1(span.buf, span.start, span.len);
}

function sorted(pairs: [string, string][]): [string, string][] {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const field = fc.oneof(
  fc.nat(20).map((n) => `field:${n}`),
  fc.nat(20).map(String),
  fc.constantFrom("", "x".repeat(40), "y".repeat(300), "\xff\x00"),
);
const value = fc.oneof(
  fc.constantFrom("", "v", "12345", "3.14", "l".repeat(30), "l".repeat(31), "l".repeat(255), "l".repeat(256)),
  fc.constantFrom(4095, 4096, 4097, 5000, 70_000).map((n) => "big".padEnd(n, "-")),
  fc.string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 50 }),
);
const kinds = ["set", "set", "pairs", "delete", "get", "copy"] as const;
const pairs = fc.array(fc.tuple(field, value), { maxLength: 6 });
const operation = fc.record({ kind: fc.constantFrom(...kinds), field, value, pairs });

describe("hash", () => {
  test("behaves as a Map in both encodings and gives all its memory back", () => {
    const limits = fc.constantFrom([512, 64], [8, 30], [3, 1_000_000], [0, 64], [40, 256]);
    fc.assert(
      fc.property(limits, fc.array(operation, { maxLength: 150, size: "max" }), ([entries, bytes], operations) => {
        const hash = new Checked(entries, bytes);
        const { usedBytes } = hash;
        for (const step of operations) {
          const had = hash.model.has(step.field);
          if (step.kind === "set") expect(hash.set(step.field, step.value)).toBe(!had);
          else if (step.kind === "get") expect(hash.get(step.field)).toBe(hash.model.get(step.field));
          else if (hash.e === NULL) continue;
          else if (step.kind === "pairs") {
            const before = hash.model.size;
            expect(hash.setPairs(step.pairs)).toBe(hash.model.size - before);
          } else if (step.kind === "copy") hash.continueWithCopy();
          else expect(hash.delete(step.field)).toBe(had);
        }
        hash.check();
        if (hash.e !== NULL) hash.drop();
        expect(hash.usedBytes).toBe(usedBytes);
      }),
      { numRuns: 60 },
    );
  });

  test("is packed up to the limits, and never again when they were passed", () => {
    const hash = new Checked(3, 5);
    for (const name of ["a", "b", "12345"]) hash.set(name, "12345");
    expect(hash.encoding).toBe(LISTPACK);
    hash.set("a", "54321");
    expect(hash.encoding).toBe(LISTPACK);
    hash.set("d", "");
    expect(hash.encoding).toBe(HASHTABLE);
    hash.delete("d");
    hash.delete("a");
    expect(hash.encoding).toBe(HASHTABLE);
    hash.check();
  });

  test("becomes a table for a long value and for a long field", () => {
    for (const [name, text] of [
      ["f", "123456"],
      ["123456", "v"],
    ]) {
      const hash = new Checked(3, 5);
      hash.set(name, text);
      expect(hash.encoding).toBe(HASHTABLE);
      const grown = new Checked(3, 5);
      grown.set("a", "b");
      grown.set(name, text);
      expect(grown.encoding).toBe(HASHTABLE);
      grown.check();
    }
  });

  test("becomes a table at the next change after the limit was lowered", () => {
    const hash = new Checked(3, 64);
    for (const name of ["a", "b", "c"]) hash.set(name, "1");
    hash.hashes.hashMaxListpackEntries = 2;
    hash.get("a");
    expect(hash.encoding).toBe(LISTPACK);
    hash.set("a", "2");
    expect(hash.encoding).toBe(HASHTABLE);
    hash.check();
  });

  test("becomes a table before its packed list is full, whatever the limit", () => {
    const hash = new Checked(Number.MAX_SAFE_INTEGER, 64);
    const list = new PackedList(hash.keyspace.arena);
    const bytes = bytesOf("value");
    for (let i = 0; i < 32_767; i++) {
      const name = bytesOf(`${i}`);
      list.toEnd();
      list.insertPair(name, 0, name.length, bytes, 0, bytes.length);
    }
    hash.put("h", PACKED_HASH, list.p, list.bytes);
    hash.set("0", "other");
    expect(hash.encoding).toBe(LISTPACK);
    hash.set("one more", "");
    expect(hash.encoding).toBe(HASHTABLE);
    expect(hash.hashes.length(hash.e)).toBe(32_768);
    expect(hash.get("32766")).toBe("value");
  });

  test("grows a big table by small steps and frees it in slices", () => {
    const hash = new Checked();
    const { usedBytes } = hash;
    let before = usedBytes;
    let largestStep = 0;
    for (let i = 0; i < 50_000; i++) {
      hash.set(`field:${i}`, `value:${i}`);
      if (i > 1000) largestStep = Math.max(largestStep, Math.abs(hash.usedBytes - before));
      before = hash.usedBytes;
    }
    // One field, and at times one chunk of the table.
    expect(largestStep).toBeLessThan(100_000);
    hash.db.delete(hash.e);
    expect(hash.usedBytes).toBeGreaterThan(before - 1000);
    let slices = 1;
    while (!hash.keyspace.reclaimer.run({ isSpent: () => slices++ % 100 === 0 })) expect(slices).toBeLessThan(1e6);
    expect(slices).toBeGreaterThan(1000);
    expect(hash.usedBytes).toBe(usedBytes);
  });

  test("shows a field that stays to a walk while others come and go", () => {
    const hash = new Checked();
    for (let i = 0; i < 2000; i++) hash.set(`stay:${i}`, "");
    const seen = new Set<string>();
    let cursor = 0;
    let round = 0;
    do {
      cursor = hash.hashes.scan(hash.e, cursor, (name) => seen.add(textOf(name)));
      for (let i = 0; i < 30; i++) {
        if (round % 3 > 0) hash.set(`guest:${round}:${i}`, "");
        else hash.delete(`guest:${round - 2}:${i}`);
      }
      round++;
    } while (cursor !== 0);
    for (let i = 0; i < 2000; i++) expect(seen.has(`stay:${i}`)).toBe(true);
  });

  for (const [name, size] of [
    ["packed", 50],
    ["table", 1000],
  ] as const) {
    test(`picks every field of a ${name} hash about equally often`, () => {
      const hash = new Checked(100);
      for (let i = 0; i < size; i++) hash.set(`f${i}`, `v${i}`);
      const random = new Random(5);
      const times = new Map<string, number>();
      const count = (pick: Span): Map<string, number> => times.set(textOf(pick), (times.get(textOf(pick)) ?? 0) + 1);
      const [f, v] = [new Span(), new Span()];
      for (let i = 0; i < size * 200; i++) {
        hash.hashes.random(hash.e, random, f, v);
        expect(textOf(v).slice(1)).toBe(textOf(f).slice(1));
        count(f);
      }
      expect(times.size).toBe(size);
      for (const n of times.values()) expect(Math.abs(n - 200)).toBeLessThan(85);
    });

    test(`samples different fields of a ${name} hash, each about equally often`, () => {
      const hash = new Checked(100);
      for (let i = 0; i < size; i++) hash.set(`f${i}`, `v${i}`);
      const random = new Random(6);
      for (const wanted of [1, size / 5, size / 2, size]) {
        const times = new Map<string, number>();
        const rounds = Math.ceil((200 * size) / wanted);
        for (let round = 0; round < rounds; round++) {
          const picked = new Set<string>();
          hash.hashes.sample(hash.e, wanted, random, (pick) => picked.add(textOf(pick)));
          expect(picked.size).toBe(wanted);
          for (const pick of picked) times.set(pick, (times.get(pick) ?? 0) + 1);
        }
        for (const n of times.values()) expect(Math.abs(n - 200)).toBeLessThan(85);
      }
    });
  }

  test("samples a packed hash in its order", () => {
    const hash = new Checked();
    for (let i = 10; i < 60; i++) hash.set(`f${i}`, "");
    const picked: string[] = [];
    hash.hashes.sample(hash.e, 20, new Random(7), (pick) => picked.push(textOf(pick)));
    expect(picked).toEqual(picked.toSorted());
  });

  test("tells its bytes", () => {
    const hash = new Checked();
    const { usedBytes } = hash;
    hash.set("field", "value");
    const entryBytes = 24;
    expect(usedBytes + entryBytes + hash.hashes.memoryBytes(hash.e)).toBe(hash.usedBytes);
    for (let i = 0; i < 600; i++) hash.set(`field:${i}`, "v".repeat(i % 2 === 0 ? 10 : 5000));
    expect(hash.hashes.memoryBytes(hash.e)).toBe(hash.usedBytes - usedBytes - entryBytes);
  });
});
