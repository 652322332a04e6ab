import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { HASHTABLE, INTSET, LISTPACK } from "../../src/types/kinds.ts";
import { secret } from "../support/seed.ts";

/** One set under the key "s", and the Set that it should be. Texts have one character a byte. */
class Checked {
  readonly keyspace = new Keyspace(1, new ManualClock(), new Random(1), undefined, secret);
  readonly random = new Random(2);
  readonly db = this.keyspace.databases[0];
  readonly sets = this.keyspace.sets;
  readonly model = new Set<string>();
  readonly before = this.usedBytes;
  e: Ptr = NULL;

  constructor(maxIntegers = 512, maxListed = 128, maxValue = 64) {
    this.sets.setMaxIntsetEntries = maxIntegers;
    this.sets.setMaxListpackEntries = maxListed;
    this.sets.setMaxListpackValue = maxValue;
  }

  get usedBytes(): number {
    return this.keyspace.arena.usedBytes;
  }

  get encoding(): number {
    return this.keyspace.entries.encoding(this.e);
  }

  add(member: string): boolean {
    const bytes = Buffer.from(member, "latin1");
    this.model.add(member);
    if (this.e !== NULL) return this.sets.add(this.e, bytes, 0, bytes.length);
    this.put("s", this.sets.create(bytes, 0, bytes.length, 1));
    return true;
  }

  put(key: string, kind: number): void {
    const name = Buffer.from(key);
    const hash = this.db.hash(name, 0, name.length);
    const { root, rootBytes } = this.sets;
    this.e = this.db.putReference(NULL, name, 0, name.length, hash, kind, root, rootBytes, 0);
  }

  delete(member: string): boolean {
    const bytes = Buffer.from(member, "latin1");
    this.model.delete(member);
    const deleted = this.e !== NULL && this.sets.delete(this.e, bytes, 0, bytes.length);
    this.dropEmpty();
    return deleted;
  }

  has(member: string): boolean {
    const bytes = Buffer.from(member, "latin1");
    return this.e !== NULL && this.sets.has(this.e, bytes, 0, bytes.length);
  }

  pop(count: number): string[] {
    const popped: string[] = [];
    if (this.e === NULL) return popped;
    const wanted = Math.min(count, this.model.size);
    this.sets.pop(this.e, wanted, this.random, (member) => popped.push(textOf(member)));
    for (const member of popped) expect(this.model.delete(member)).toBe(true);
    this.dropEmpty();
    return popped;
  }

  popOne(): string {
    const span = new Span();
    this.sets.pick(this.e, this.random, span);
    const member = textOf(span);
    this.sets.removePicked(this.e);
    expect(this.model.delete(member)).toBe(true);
    this.dropEmpty();
    return member;
  }

  private dropEmpty(): void {
    if (this.e !== NULL && this.sets.length(this.e) === 0) this.drop();
  }

  /** Deletes the key and waits until its memory is free. */
  drop(): void {
    this.db.delete(this.e);
    this.e = NULL;
    this.keyspace.reclaimer.run(UNBOUNDED);
  }

  sample(count: number): string[] {
    const chosen: string[] = [];
    this.sets.sample(this.e, count, this.random, (member) => chosen.push(textOf(member)));
    return chosen;
  }

  members(): string[] {
    const seen: string[] = [];
    if (this.e !== NULL) this.sets.forEach(this.e, (member) => seen.push(textOf(member)));
    return seen;
  }

  scanned(): string[] {
    const seen: string[] = [];
    let cursor = 0;
    do cursor = this.sets.scan(this.e, cursor, (member) => seen.push(textOf(member)));
    while (cursor !== 0);
    return seen;
  }

  check(): void {
    const expected = [...this.model];
    if (this.e === NULL) {
      expect(expected).toEqual([]);
      return;
    }
    expect(sorted(this.members())).toEqual(sorted(expected));
    expect(sorted(this.scanned())).toEqual(sorted(expected));
    expect(this.sets.length(this.e)).toBe(this.model.size);
    for (const member of expected) expect(this.has(member)).toBe(true);
  }

  /** Goes on with a copy under another key; the original is deleted. */
  continueWithCopy(): void {
    if (this.e === NULL) return;
    const original = this.e;
    this.sets.copy(original);
    this.put(`copy of ${original}`, this.keyspace.entries.head(original) & 0xff);
    this.db.delete(original);
    this.keyspace.reclaimer.run(UNBOUNDED);
  }
}

function textOf({ buf, start, len }: Span): string {
  return latin1(buf, start, len);
}

function sorted(texts: string[]): string[] {
  return texts.toSorted();
}

function range(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i));
}

const member = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom(
    "70000",
    "-9223372036854775808",
    "9223372036854775807",
    "",
    "007",
    "a",
    "b",
    "c",
    "\xff\0",
    "x".repeat(9),
  ),
  fc.string({ unit: "binary-ascii", maxLength: 12 }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("add" as const), member) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("delete" as const), member) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("pop", "popOne", "copy", "sample"), fc.constant("")) },
);
const limits = fc.constantFrom([8, 6, 8], [3, 8, 8], [0, 4, 8], [4, 0, 8], [0, 0, 0], [512, 128, 64]);

describe("SetValues", () => {
  test("holds what a Set holds, in every encoding", () => {
    fc.assert(
      fc.property(limits, fc.array(step, { size: "+1" }), ([integers, listed, value], steps) => {
        const checked = new Checked(integers, listed, value);
        for (const [name, text] of steps) {
          if (name === "add") expect(checked.model.has(text)).toBe(!checked.add(text));
          else if (name === "delete") checked.delete(text);
          else if (name === "copy") checked.continueWithCopy();
          else if (name === "pop") checked.pop(2);
          else if (checked.e !== NULL && name === "popOne") checked.popOne();
          checked.check();
        }
        if (checked.e !== NULL) checked.drop();
        expect(checked.usedBytes).toBe(checked.before);
      }),
    );
  });

  test("answers whether a member is new", () => {
    for (const checked of [new Checked(), new Checked(0, 10), new Checked(0, 0)]) {
      for (const text of ["1", "2", "a"]) {
        expect(checked.add(text)).toBe(true);
        if (checked.model.size > 1) expect(checked.add(text)).toBe(false);
      }
      expect(checked.delete("2")).toBe(true);
      expect(checked.delete("2")).toBe(false);
      checked.check();
    }
  });

  test("becomes a table with one integer too many", () => {
    const checked = new Checked(10);
    for (const text of range(10)) checked.add(text);
    expect(checked.encoding).toBe(INTSET);
    checked.add("5");
    expect(checked.encoding).toBe(INTSET);
    checked.add("10");
    expect(checked.encoding).toBe(HASHTABLE);
    checked.check();
  });

  test("becomes a packed list with the first text, if it is short and they are few", () => {
    const few = new Checked(10, 6, 8);
    for (const text of [...range(5), "a"]) few.add(text);
    expect(few.encoding).toBe(LISTPACK);
    few.check();
    const many = new Checked(10, 6, 8);
    for (const text of [...range(6), "a"]) many.add(text);
    expect(many.encoding).toBe(HASHTABLE);
    const long = new Checked(10, 6, 8);
    for (const text of ["1", "123456789"]) long.add(text);
    long.add("abcdefghi");
    expect(long.encoding).toBe(HASHTABLE);
    const longInteger = new Checked(10, 6, 8);
    for (const text of ["1", "-12345678", "a"]) longInteger.add(text);
    expect(longInteger.encoding).toBe(HASHTABLE);
  });

  test("becomes a table with one text too many, or one too long", () => {
    for (const last of ["d", "123456789"]) {
      const checked = new Checked(10, 3, 8);
      for (const text of ["a", "b", "12345678"].slice(last === "d" ? 0 : 1)) checked.add(text);
      expect(checked.encoding).toBe(LISTPACK);
      checked.add(last);
      expect(checked.encoding).toBe(HASHTABLE);
      checked.check();
    }
  });

  test("lets other sets grow and be converted while one is walked", () => {
    const texts = [...range(5), "a", "b", "c"];
    for (const members of [range(8), texts]) {
      for (const walked of [new Checked(8, 8), new Checked(0, 8), new Checked(0, 0)]) {
        for (const text of members) walked.add(text);
        const { sets } = walked;
        for (const [maxIntegers, maxListed] of [
          [3, 8],
          [3, 0],
          [8, 7],
          [8, 6],
          [0, 3],
        ]) {
          [sets.setMaxIntsetEntries, sets.setMaxListpackEntries] = [maxIntegers, maxListed];
          const draft = sets.draft(false);
          sets.forEach(walked.e, ({ buf, start, len }) => {
            expect(sets.has(draft, buf, start, len)).toBe(false);
            expect(sets.add(draft, buf, start, len)).toBe(true);
          });
          const copied: string[] = [];
          sets.forEach(draft, (member) => copied.push(textOf(member)));
          expect(sorted(copied)).toEqual(sorted(members));
          sets.discard(draft, walked.keyspace.reclaimer);
        }
        walked.drop();
        expect(walked.usedBytes).toBe(walked.before);
      }
    }
  });

  test("stops when it has shown enough", () => {
    for (const checked of [new Checked(), new Checked(0), new Checked(0, 0)]) {
      for (const text of range(100)) checked.add(text);
      let seen = 0;
      checked.sets.forEachUntil(checked.e, () => ++seen === 7);
      expect(seen).toBe(7);
    }
  });

  test("picks and samples each member equally often", () => {
    for (const checked of [new Checked(), new Checked(0), new Checked(0, 0)]) {
      const members = range(60);
      for (const text of members) checked.add(text);
      const hits = new Map(members.map((text) => [text, 0]));
      const span = new Span();
      for (let i = 0; i < 6000; i++) {
        checked.sets.pick(checked.e, checked.random, span);
        hits.set(textOf(span), hits.get(textOf(span))! + 1);
      }
      for (const count of [10, 40]) {
        for (let i = 0; i < 6000 / count; i++) {
          const chosen = checked.sample(count);
          expect(new Set(chosen).size).toBe(count);
          for (const text of chosen) hits.set(text, hits.get(text)! + 1);
        }
      }
      // 300 are expected of each; six standard deviations on either side.
      for (const count of hits.values()) expect(Math.abs(count - 300)).toBeLessThan(104);
    }
  });

  test("pops every member once", () => {
    for (const checked of [new Checked(), new Checked(0), new Checked(0, 0)]) {
      for (const text of range(100)) checked.add(text);
      expect(checked.pop(30)).toHaveLength(30);
      checked.check();
      while (checked.e !== NULL) checked.popOne();
      expect(checked.model.size).toBe(0);
      expect(checked.usedBytes).toBe(checked.before);
    }
  });

  test("measures its blocks", () => {
    for (const checked of [new Checked(), new Checked(0), new Checked(0, 0)]) {
      checked.add("0");
      const others = checked.usedBytes - checked.sets.memoryBytes(checked.e);
      for (const text of range(100)) checked.add(text);
      expect(checked.sets.memoryBytes(checked.e)).toBe(checked.usedBytes - others);
    }
  });

  test("holds a million members and gives their memory back", () => {
    const checked = new Checked();
    const count = 1_000_000;
    const bytes = Buffer.alloc(16);
    for (let i = 0; i < count; i++) {
      const len = bytes.write(`m:${i}`, "latin1");
      if (i === 0) checked.put("s", checked.sets.create(bytes, 0, len, 1));
      else checked.sets.add(checked.e, bytes, 0, len);
    }
    expect(checked.sets.length(checked.e)).toBe(count);
    let seen = 0;
    checked.sets.forEach(checked.e, () => seen++);
    expect(seen).toBe(count);
    checked.sets.pop(checked.e, count / 2, checked.random, () => seen--);
    expect(checked.sets.length(checked.e)).toBe(seen);
    checked.drop();
    expect(checked.usedBytes).toBe(checked.before);
  });
});
