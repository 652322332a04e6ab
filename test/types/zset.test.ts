import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { latin1, type Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { LISTPACK, SKIPLIST } from "../../src/types/kinds.ts";
import { LexRange, ScoreRange } from "../../src/types/zset-range.ts";
import { secret } from "../support/seed.ts";

type Scored = readonly [member: string, score: number];

/** One sorted set under the key "z", and the Map that it should be. Texts have one character a byte. */
class Checked {
  readonly keyspace = new Keyspace(1, new ManualClock(), new Random(1), undefined, secret);
  readonly db = this.keyspace.databases[0];
  readonly zsets = this.keyspace.zsets;
  readonly model = new Map<string, number>();
  e: Ptr = NULL;

  constructor(maxEntries = 128, maxValue = 64) {
    this.zsets.zsetMaxListpackEntries = maxEntries;
    this.zsets.zsetMaxListpackValue = maxValue;
  }

  get usedBytes(): number {
    return this.keyspace.arena.usedBytes;
  }

  get encoding(): number {
    return this.keyspace.entries.encoding(this.e);
  }

  /** The members as they should stand. */
  get sorted(): Scored[] {
    return [...this.model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  }

  /** The members as they stand. */
  get shown(): Scored[] {
    const shown: Scored[] = [];
    if (this.e !== NULL) this.zsets.forEach(this.e, (member, score) => shown.push([textOf(member), score]));
    return shown;
  }

  put(kind: number): void {
    const { root, rootBytes } = this.zsets;
    const name = bytesOf("z");
    this.e = this.db.putReference(NULL, name, 0, 1, this.db.hash(name, 0, 1), kind, root, rootBytes, 0);
  }

  set(member: string, score: number): boolean {
    const bytes = bytesOf(member);
    const isNew = !this.model.has(member);
    if (isNew || this.model.get(member) !== score) this.model.set(member, score);
    if (this.e !== NULL) return this.zsets.set(this.e, score, bytes, 0, bytes.length);
    this.put(this.zsets.create(score, bytes, 0, bytes.length));
    return true;
  }

  remove(member: string): boolean {
    const bytes = bytesOf(member);
    this.model.delete(member);
    const removed = this.e !== NULL && this.zsets.remove(this.e, bytes, 0, bytes.length);
    if (this.e !== NULL && this.zsets.length(this.e) === 0) this.drop();
    return removed;
  }

  removeRange(first: number, last: number): void {
    for (const [member] of this.sorted.slice(first, last + 1)) this.model.delete(member);
    this.zsets.removeRange(this.e, first, last);
    if (this.zsets.length(this.e) === 0) this.drop();
  }

  /** Deletes the key and waits until its memory is free. */
  drop(): void {
    this.db.delete(this.e);
    this.e = NULL;
    this.model.clear();
    this.keyspace.reclaimer.run(UNBOUNDED);
  }

  /** Every member is found, with its score and its rank; cursors go both ways. */
  check(): void {
    const { sorted, zsets } = this;
    expect(this.shown).toEqual(sorted);
    if (this.e === NULL) return;
    expect(zsets.length(this.e)).toBe(sorted.length);
    sorted.forEach(([member, score], rank) => {
      const bytes = bytesOf(member);
      expect([zsets.find(this.e, bytes, 0, bytes.length), zsets.score]).toEqual([true, score]);
      expect([zsets.rank(this.e, bytes, 0, bytes.length), zsets.score]).toEqual([rank, score]);
    });
    const { cursor } = zsets;
    const back: Scored[] = [];
    for (let more = cursor.seek(this.e, sorted.length - 1); more; more = cursor.previous()) {
      back.push([textOf(cursor.member), cursor.score]);
    }
    expect(back.reverse()).toEqual(sorted);
    expect([cursor.seek(this.e, -1), cursor.seek(this.e, sorted.length)]).toEqual([false, false]);
  }

  checkScoreRange(range: ScoreRange): void {
    const wanted = this.sorted.filter(
      ([, score]) =>
        (range.minExclusive ? score > range.min : score >= range.min) &&
        (range.maxExclusive ? score < range.max : score <= range.max),
    );
    const found = this.e !== NULL && this.zsets.scoreRange(this.e, range);
    expect(found ? this.sorted.slice(this.zsets.first, this.zsets.last + 1) : []).toEqual(wanted);
  }

  checkLexRange(range: LexRange): void {
    const wanted = this.sorted.filter(([member]) => {
      const bytes = bytesOf(member);
      return range.isBehindMin(bytes, 0, bytes.length) && range.isBeforeMax(bytes, 0, bytes.length);
    });
    for (const fromEnd of [false, true]) {
      const found = this.e !== NULL && this.zsets.lexRange(this.e, range, fromEnd);
      expect(found ? this.sorted.slice(this.zsets.first, this.zsets.last + 1) : []).toEqual(wanted);
    }
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function textOf({ buf, start, len }: Span): string {
  return latin1(buf, start, len);
}

const SCORES = [0, 1, -1, 127, -128, 128, 40_000, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 40) - 1, 2 ** 53, 1e300];
const someScore = fc.oneof(
  fc.constantFrom(...SCORES, 0.1, -2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.nat(5),
  fc.nat(5),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).map((score) => score + 0),
);
const someMember = fc.oneof(
  fc.nat(200).map((n) => `m${n}`),
  fc.nat(60).map(String),
  fc.string({ maxLength: 3, unit: fc.nat(255).map((n) => String.fromCharCode(n)) }),
  fc.constantFrom("", "x".repeat(65), "y".repeat(300)),
);
const someSteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant("set"), someMember, someScore) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("remove"), someMember, fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("removeRange"), fc.nat(30).map(String), fc.nat(30)) },
  ),
  { maxLength: 400, size: "max" },
);

function apply(z: Checked, [step, member, number]: readonly [string, string, number]): void {
  const had = z.model.has(member);
  if (step === "set") expect(z.set(member, number)).toBe(!had);
  else if (step === "remove") expect(z.remove(member)).toBe(had);
  else if (z.e !== NULL) {
    const first = Math.min(Number(member), z.model.size - 1);
    z.removeRange(first, Math.min(first + number, z.model.size - 1));
  }
}

function scoreRange(min: number, max: number, minExclusive: boolean, maxExclusive: boolean): ScoreRange {
  const range = new ScoreRange();
  range.set(min, max);
  range.minExclusive = minExclusive;
  range.maxExclusive = maxExclusive;
  return range;
}

function lexRange(min: string | -1, max: string | 1, minExclusive: boolean, maxExclusive: boolean): LexRange {
  const range = new LexRange();
  if (min === -1) range.min.setInfinity(-1);
  else range.min.set(bytesOf(min), 0, min.length, minExclusive);
  if (max === 1) range.max.setInfinity(1);
  else range.max.set(bytesOf(max), 0, max.length, maxExclusive);
  return range;
}

describe("ZsetValues", () => {
  for (const [name, maxEntries] of [
    ["packed", 1000],
    ["converted on the way", 20],
    ["big from the start", 0],
  ] as const) {
    test(`is like a sorted map when it is ${name}, and leaves no memory behind`, () => {
      fc.assert(
        fc.property(someSteps, someScore, someScore, fc.boolean(), fc.boolean(), (steps, min, max, open, closed) => {
          const z = new Checked(maxEntries);
          const before = z.usedBytes;
          for (const step of steps) apply(z, step);
          z.check();
          z.checkScoreRange(scoreRange(min, max, open, closed));
          if (z.e !== NULL) z.drop();
          expect(z.usedBytes).toBe(before);
        }),
        { numRuns: 60 },
      );
    });

    test(`finds ranges of bytes among equal scores when it is ${name}`, () => {
      const bound = fc.oneof(someMember);
      fc.assert(
        fc.property(
          fc.array(someMember, { maxLength: 300, size: "max" }),
          fc.oneof(bound, fc.constant(-1 as const)),
          fc.oneof(bound, fc.constant(1 as const)),
          fc.boolean(),
          fc.boolean(),
          (members, min, max, minExclusive, maxExclusive) => {
            const z = new Checked(maxEntries);
            for (const member of members) z.set(member, 7);
            z.checkLexRange(lexRange(min, max, minExclusive, maxExclusive));
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  test("keeps thousands of members in order through every kind of change", () => {
    const random = new Random(7);
    const z = new Checked(0);
    const before = z.usedBytes;
    for (let i = 0; i < 20_000; i++) {
      const member = `m${random.below(6000)}`;
      const change = random.below(10);
      const score = change < 3 ? random.below(40) : Math.floor(random.unit() * 1e6) / 8;
      const near = (z.model.get(member) ?? 0) + random.below(3) - 1;
      if (change < 6) apply(z, ["set", member, score]);
      else if (change < 8) apply(z, ["set", member, near]);
      else apply(z, ["remove", member, 0]);
    }
    z.check();
    const steps = [0, 0.5, 3, 39, 40, 1e4, 1e5, Number.POSITIVE_INFINITY];
    for (const min of steps) for (const max of steps) z.checkScoreRange(scoreRange(min, max, max > 39, min < 1e4));
    while (z.model.size > 500) {
      const first = random.below(z.model.size - 300);
      z.removeRange(first, first + random.below(300));
    }
    z.check();
    z.removeRange(0, z.model.size - 1);
    expect(z.usedBytes).toBe(before);
  });

  test("keeps the sign of -0 in big sets, and never in the order", () => {
    for (const maxEntries of [0, 128]) {
      const z = new Checked(maxEntries);
      z.set("b", -0);
      z.set("a", 0);
      expect(z.shown).toEqual([
        ["a", 0],
        ["b", maxEntries === 0 ? -0 : 0],
      ]);
    }
  });

  test("is packed up to the limits of the directives", () => {
    const z = new Checked(3, 5);
    for (const member of ["a", "bbbbb", "c"]) z.set(member, 1);
    expect(z.encoding).toBe(LISTPACK);
    z.set("c", 2);
    expect(z.encoding).toBe(LISTPACK);
    z.set("d", 1);
    expect(z.encoding).toBe(SKIPLIST);
    z.drop();
    z.set("a", 1);
    z.set("bbbbbb", 1);
    expect(z.encoding).toBe(SKIPLIST);
    z.check();
  });

  test("gives and takes out what is at either end", () => {
    for (const maxEntries of [0, 1000]) {
      const z = new Checked(maxEntries);
      const before = z.usedBytes;
      for (let i = 0; i < 400; i++) z.set(`m${i % 311}`, (i * 7) % 50);
      for (let i = 0; z.model.size > 0; i++) {
        const last = i % 3 === 0;
        const wanted = z.sorted.at(last ? -1 : 0)!;
        z.zsets.seekEnd(z.e, last);
        expect([textOf(z.zsets.member), z.zsets.score]).toEqual([...wanted]);
        z.zsets.removeEnd(z.e);
        z.model.delete(wanted[0]);
        if (i % 50 === 0 && z.model.size > 0) z.check();
      }
      z.drop();
      expect(z.usedBytes).toBe(before);
    }
  });

  test("copies packed and big ones", () => {
    for (const maxEntries of [0, 128]) {
      const z = new Checked(maxEntries);
      for (let i = 0; i < 100; i++) z.set(`m${i}`, i % 7);
      const old = z.e;
      const shown = z.shown;
      z.zsets.copy(old);
      const { root, rootBytes } = z.zsets;
      z.keyspace.entries.setReference(z.e, root, rootBytes);
      z.set("m5", 100);
      z.check();
      expect(shown).toHaveLength(100);
    }
  });

  test("drafts a set that belongs to no key", () => {
    const z = new Checked(2);
    const before = z.usedBytes;
    const draft = z.zsets.begin();
    expect(z.zsets.length(draft)).toBe(0);
    for (const [i, name] of ["a", "b", "c"].entries()) z.zsets.set(draft, i, bytesOf(name), 0, 1);
    z.zsets.abandon(draft, z.keyspace.reclaimer);
    expect(z.usedBytes).toBe(before);
    const kept = z.zsets.begin();
    z.zsets.set(kept, 1, bytesOf("a"), 0, 1);
    z.put(z.zsets.finish(kept));
    expect(z.shown).toEqual([["a", 1]]);
  });

  test("scans every member of a big set", () => {
    const z = new Checked(0);
    for (let i = 0; i < 1000; i++) z.set(`m${i}`, i);
    const seen = new Map<string, number>();
    let cursor = 0;
    do cursor = z.zsets.scan(z.e, cursor, (member, score) => seen.set(textOf(member), score));
    while (cursor !== 0);
    expect(seen).toEqual(z.model);
  });

  test("holds a million members and gives their memory back", () => {
    const z = new Checked();
    const before = z.usedBytes;
    const bytes = bytesOf("member:0000000");
    const name = (i: number): void => {
      for (let at = 13, rest = i; at > 6; at--, rest = Math.floor(rest / 10)) bytes[at] = 48 + (rest % 10);
    };
    const { zsets } = z;
    const count = 1_000_000;
    name(0);
    z.put(zsets.create(0, bytes, 0, bytes.length));
    for (let i = 1; i < count; i++) {
      name(i);
      zsets.set(z.e, (i * 611_953) % count, bytes, 0, bytes.length);
    }
    expect(zsets.length(z.e)).toBe(count);
    expect((z.usedBytes - before) / count).toBeLessThan(62);
    const { cursor } = zsets;
    let rank = 0;
    for (let more = cursor.seek(z.e, 0); more; more = cursor.next()) if (cursor.score !== rank++) break;
    expect(rank).toBe(count);
    name(12_345);
    expect(zsets.rank(z.e, bytes, 0, bytes.length)).toBe((12_345 * 611_953) % count);
    expect(zsets.scoreRange(z.e, scoreRange(1000, 500_000, false, true))).toBe(true);
    expect([zsets.first, zsets.last]).toEqual([1000, 499_999]);
    z.drop();
    expect(z.usedBytes).toBe(before);
  });
});
