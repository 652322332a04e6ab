import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { argsOf } from "../../src/resp/args.ts";
import { STREAM_VALUE } from "../../src/types/stream.ts";
import { StreamId } from "../../src/types/stream-id.ts";

/** An entry as the model has it: its ID as one number of 128 bits, and field and value in turn. */
interface Entry {
  readonly id: bigint;
  readonly texts: readonly string[];
}

const MAX = 2n ** 128n - 1n;

function streamId(id: bigint): StreamId {
  const made = new StreamId();
  const word = (shift: bigint) => Number(BigInt.asIntN(32, id >> shift));
  made.setWords(word(96n), word(64n), word(32n), word(0n));
  return made;
}

function numberOf(id: StreamId): bigint {
  const words = [id.msHigh, id.msLow, id.seqHigh, id.seqLow];
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
}

/** One stream under the key "s", and the array that it should be. */
class Checked {
  readonly keyspace = new Keyspace(1, new ManualClock(), new Random(1));
  readonly db = this.keyspace.databases[0];
  readonly streams = this.keyspace.streams;
  model: Entry[] = [];
  e: Ptr = NULL;
  h: Ptr = NULL;

  constructor(maxEntries = 100, maxBytes = 4096) {
    this.streams.entries.maxEntries = maxEntries;
    this.streams.entries.maxBytes = maxBytes;
    this.streams.create();
    this.put("s");
  }

  get usedBytes(): number {
    return this.keyspace.arena.usedBytes;
  }

  put(key: string): void {
    const name = Buffer.from(key, "latin1");
    const hash = this.db.hash(name, 0, name.length);
    const { root, rootBytes } = this.streams;
    this.e = this.db.putReference(NULL, name, 0, name.length, hash, STREAM_VALUE, root, rootBytes, 0);
    this.h = root;
  }

  /** Adds an entry whose ID is `step` after the last one. */
  add(step: bigint, texts: readonly string[]): void {
    const last = new StreamId();
    this.streams.lastId(this.h, last);
    const id = numberOf(last) + step;
    if (id > MAX) return;
    const args = argsOf("XADD", ...texts.map((text) => Buffer.from(text, "latin1")));
    this.streams.entries.append(this.h, streamId(id), args.buf, args.start, args.len, 1, args.count, false);
    this.model.push({ id, texts });
  }

  delete(id: bigint): boolean {
    this.model = this.model.filter((entry) => entry.id !== id);
    return this.streams.delete(this.h, streamId(id));
  }

  /** The entry that the walk stands on. */
  entry(): Entry {
    const { entries } = this.streams;
    const span = new Span();
    const texts: string[] = [];
    for (let i = entries.fields * 2; i > 0; i--) {
      entries.nextText(span);
      texts.push(latin1(span.buf, span.start, span.len));
    }
    return { id: numberOf(entries.id), texts };
  }

  forward(from: bigint): Entry[] {
    const { entries } = this.streams;
    const found: Entry[] = [];
    for (let more = entries.seek(this.h, streamId(from)); more; more = entries.next()) found.push(this.entry());
    return found;
  }

  backward(from: bigint): Entry[] {
    const { entries } = this.streams;
    const found: Entry[] = [];
    for (let more = entries.seekBack(this.h, streamId(from)); more; more = entries.previous()) found.push(this.entry());
    return found;
  }

  check(from: bigint): void {
    const { model, streams, h } = this;
    expect(streams.size(h)).toBe(model.length);
    expect(this.forward(from)).toEqual(model.filter(({ id }) => id >= from));
    expect(this.backward(from)).toEqual(model.filter(({ id }) => id <= from).reverse());
    const first = new StreamId();
    streams.firstId(h, first);
    expect(numberOf(first)).toBe(model[0]?.id ?? 0n);
  }

  release(): void {
    this.db.delete(this.e);
    this.keyspace.reclaimer.run(UNBOUNDED);
  }
}

const text = fc.oneof(
  fc.constantFrom("", "a", "temperature", "7", "12", "2026-11-22T23:00:00Z", "-3.5", "10.0.0.1", "\xff\x00"),
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.constantFrom("x".repeat(127), "y".repeat(128), "1".repeat(126), "1".repeat(127), "z".repeat(70_000)),
);
const pairs = fc.oneof(
  { weight: 3, arbitrary: text.map((value) => ["f", value]) },
  { weight: 2, arbitrary: fc.tuple(text, text).map(([a, b]) => ["f", a, "g", b]) },
  fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }).map((all) => all.flat()),
  fc.constant(Array.from({ length: 400 }, (_, i) => `t${i}`)),
);
const step = fc.oneof(
  fc.constantFrom(1n, 1n, 2n, 300n, 2n ** 32n, 2n ** 63n, 2n ** 64n, 2n ** 64n + 5n, 3n * 2n ** 64n, 2n ** 110n),
  fc.bigInt({ min: 1n, max: 2n ** 80n }),
);
const anywhere = fc.double({ min: 0, max: 1, noNaN: true });

/** The ID of an entry of the model, or one beside it. */
function near(model: readonly Entry[], where: number): bigint {
  const entry = model[Math.floor(where * model.length)];
  if (entry === undefined) return BigInt(Math.floor(where * 1000));
  return entry.id + (where * 10 > 9 && entry.id < MAX ? 1n : 0n);
}

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("add" as const), step, pairs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), where: anywhere }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("length" as const), where: anywhere }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("id" as const), where: anywhere }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy" as const), where: anywhere }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("check" as const), where: anywhere }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function apply(checked: Checked, next: Operation): void {
  const { streams, h, model } = checked;
  if (next.kind === "add") {
    checked.add(next.step, next.pairs);
    return;
  }
  const id = near(model, next.where);
  if (next.kind === "delete") {
    expect(checked.delete(id)).toBe(model.some((entry) => entry.id === id));
  } else if (next.kind === "length") {
    const left = Math.floor(next.where * model.length);
    expect(streams.trim(h, left, undefined, false, 0)).toBe(model.length - left);
    checked.model = model.slice(model.length - left);
  } else if (next.kind === "id") {
    checked.model = model.filter((entry) => entry.id >= id);
    expect(streams.trim(h, 0, streamId(id), false, 0)).toBe(model.length - checked.model.length);
  } else if (next.kind === "copy") {
    const old = checked.e;
    streams.copy(old);
    checked.db.delete(old);
    checked.keyspace.reclaimer.run(UNBOUNDED);
    checked.put("s");
  } else {
    checked.check(id);
  }
}

describe("a stream", () => {
  test("has the entries that an array would have, whatever is added, deleted and trimmed", () => {
    const limits = fc.constantFrom([3, 4096], [100, 4096], [0, 200], [1, 0]);
    const property = fc.property(
      limits,
      fc.array(operation, { maxLength: 60, size: "max" }),
      ([entries, bytes], all) => {
        const checked = new Checked(entries, bytes);
        for (const next of all) apply(checked, next);
        checked.check(0n);
        checked.check(MAX);
        checked.release();
        expect(checked.usedBytes).toBe(new Checked(entries, bytes).usedBytes - EMPTY_STREAM_BYTES);
      },
    );
    fc.assert(property, { numRuns: 80, seed: 7 });
  });

  test("gives the memory of a million entries back, and takes little for them", () => {
    const checked = new Checked();
    const before = checked.usedBytes;
    const args = argsOf("XADD", "sensor", "1234", "temperature", "19.8");
    const id = new StreamId();
    for (let i = 0; i < 1_000_000; i++) {
      if (i % 3 === 0) id.setMs(1_795_000_000_000 + i);
      else id.increment();
      checked.streams.entries.append(checked.h, id, args.buf, args.start, args.len, 1, args.count, false);
    }
    expect(checked.streams.size(checked.h)).toBe(1_000_000);
    expect((checked.usedBytes - before) / 1_000_000).toBeLessThan(9);
    expect(checked.streams.memoryBytes(checked.e)).toBeGreaterThan(checked.usedBytes - before);
    expect(checked.streams.delete(checked.h, id)).toBeTrue();
    expect(checked.streams.trim(checked.h, 500_000, undefined, true, 0)).toBe(499_900);
    checked.release();
    expect(checked.usedBytes).toBeLessThan(before);
  });
});

/** The blocks of an empty stream's key and header. */
const EMPTY_STREAM_BYTES = (() => {
  const checked = new Checked();
  const full = checked.usedBytes;
  checked.release();
  return full - checked.usedBytes;
})();
