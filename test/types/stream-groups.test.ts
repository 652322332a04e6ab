import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { GroupRemains, STREAM_VALUE } from "../../src/types/stream.ts";
import { UNKNOWN } from "../../src/types/stream-groups.ts";
import { StreamId } from "../../src/types/stream-id.ts";

const NAMES = ["", "a", "b", "bob", "zoe"];

/** A stream with one group, and what should be pending: by the number in its ID, the consumer and the count of deliveries. */
class Checked {
  readonly keyspace = new Keyspace(1, new ManualClock(), new Random(1));
  readonly streams = this.keyspace.streams;
  readonly groups = this.streams.groups;
  readonly model = new Map<number, { owner: string; count: number }>();
  h: Ptr;
  g: Ptr;

  constructor() {
    this.streams.create();
    this.h = this.streams.root;
    this.g = this.addGroup("g");
  }

  addGroup(name: string): Ptr {
    const bytes = Buffer.from(name);
    expect(this.groups.find(this.h, bytes, 0, bytes.length)).toBe(NULL);
    return this.groups.add(this.h, bytes, 0, bytes.length, idOf(0), UNKNOWN);
  }

  consumer(name: string): Ptr {
    const bytes = Buffer.from(name);
    const found = this.groups.findConsumer(this.g, bytes, 0, bytes.length);
    return found === NULL ? this.groups.addConsumer(this.g, bytes, 0, bytes.length, 5) : found;
  }

  deliver(n: number, owner: string): void {
    const { groups, g } = this;
    expect(groups.insert(g, idOf(n))).toBe(!this.model.has(n));
    groups.assign(g, this.consumer(owner), idOf(n));
    groups.deliveryMs = 1_795_000_000_000 + n;
    groups.deliveries = n;
    this.model.set(n, { owner, count: n });
  }

  deleteConsumer(name: string): void {
    const consumer = this.consumer(name);
    const owned = [...this.model].filter(([, { owner }]) => owner === name);
    expect(this.groups.deleteConsumer(this.g, consumer)).toBe(owned.length);
    for (const [n] of owned) this.model.delete(n);
  }

  /** What a set has from `from` on. */
  private seen(isGroup: boolean, set: Ptr, from: number): number[] {
    const records = isGroup ? this.groups.pending : this.groups.owned;
    const seen: number[] = [];
    const id = new StreamId();
    for (let more = records.seek(set, idOf(from)); more; more = records.next()) {
      id.load(records.words, records.at);
      seen.push(id.seqLow);
    }
    return seen;
  }

  check(from: number): void {
    const { groups, g } = this;
    const sorted = [...this.model.keys()].filter((n) => n >= from).sort((a, b) => a - b);
    expect(this.seen(true, groups.pendingOf(g), from)).toEqual(sorted);
    expect(groups.pendingCount(g)).toBe(this.model.size);
    for (const name of NAMES) {
      const owned = sorted.filter((n) => this.model.get(n)!.owner === name);
      expect(this.seen(false, groups.ownedBy(this.consumer(name)), from)).toEqual(owned);
    }
    for (const n of sorted) {
      expect(groups.pending.find(groups.pendingOf(g), idOf(n))).toBeTrue();
      const { owner, count } = this.model.get(n)!;
      expect(groups.owner).toBe(this.consumer(owner));
      expect(groups.deliveryMs).toBe(1_795_000_000_000 + n);
      expect(groups.deliveries).toBe(count);
    }
  }

  /** The stream's key goes, and with it all its groups. */
  release(): void {
    const name = Buffer.from("s");
    const db = this.keyspace.databases[0];
    const hash = db.hash(name, 0, 1);
    const e = db.putReference(NULL, name, 0, 1, hash, STREAM_VALUE, this.h, this.streams.rootBytes, 0);
    db.delete(e);
    this.keyspace.reclaimer.run(UNBOUNDED);
  }
}

function idOf(n: number): StreamId {
  const id = new StreamId();
  id.setWords(0, 7, 0, n);
  return id;
}

const number = fc.integer({ min: 1, max: 400 });
const name = fc.constantFrom(...NAMES);
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("deliver" as const), n: number, name }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("batch" as const), n: number, name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("forget" as const), n: number, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("consumer" as const), n: number, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy" as const), n: number, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("check" as const), n: number, name }) },
);

describe("the pending entries of a group", () => {
  test("are those of the model, for the group and for each consumer, and their memory comes back", () => {
    const property = fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (all) => {
      const checked = new Checked();
      for (const { kind, n, name: owner } of all) {
        if (kind === "deliver") checked.deliver(n, owner);
        else if (kind === "batch") for (let i = 0; i < 90; i++) checked.deliver(n + i, owner);
        else if (kind === "consumer") checked.deleteConsumer(owner);
        else if (kind === "forget") expect(checked.groups.forget(checked.g, idOf(n))).toBe(checked.model.delete(n));
        else if (kind === "copy") copy(checked);
        else checked.check(n);
      }
      checked.check(0);
      checked.release();
      const unused = new Checked();
      unused.release();
      expect(checked.keyspace.arena.usedBytes).toBe(unused.keyspace.arena.usedBytes);
    });
    fc.assert(property, { numRuns: 60, seed: 11 });
  });

  /** Goes on with a copy of the stream. */
  function copy(checked: Checked): void {
    const { streams, groups, keyspace } = checked;
    const old = checked.h;
    streams.create();
    const to = streams.root;
    groups.copy(old, to);
    checked.h = old;
    checked.release();
    checked.h = to;
    checked.g = groups.find(to, Buffer.from("g"), 0, 1);
    expect(keyspace.reclaimer.isDue()).toBeFalse();
  }

  test("of a million entries are found, and freed with their group in small steps", () => {
    const checked = new Checked();
    const { groups, keyspace, g } = checked;
    const before = keyspace.arena.usedBytes;
    const consumers = ["a", "b"].map((owner) => checked.consumer(owner));
    for (let n = 1; n <= 1_000_000; n++) {
      groups.insert(g, idOf(n));
      groups.assign(g, consumers[n % 2], idOf(n));
      groups.deliveryMs = n;
    }
    expect((keyspace.arena.usedBytes - before) / 1_000_000).toBeLessThan(60);
    expect(groups.forget(g, idOf(500_000))).toBeTrue();
    expect(groups.pendingCount(g)).toBe(999_999);
    expect(groups.ownedCount(consumers[0])).toBe(499_999);
    groups.find(checked.h, Buffer.from("g"), 0, 1);
    groups.detach(checked.h);
    keyspace.reclaimer.add(new GroupRemains(groups, g));
    keyspace.reclaimer.run(UNBOUNDED);
    expect(keyspace.arena.usedBytes).toBeLessThan(before);
  });

  test("keep counts of deliveries beyond what is counted as the greatest integer", () => {
    const { groups, g } = new Checked();
    groups.insert(g, idOf(1));
    groups.deliveries = Number.POSITIVE_INFINITY;
    expect(groups.deliveriesBig).toBe(2n ** 63n - 1n);
    groups.deliveries = 2 ** 40;
    expect(groups.deliveriesBig).toBe(2n ** 40n);
    groups.deliveries = -3;
    expect(groups.deliveriesBig).toBe(0n);
  });
});
