import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encode } from "../../src/lib/bytes.ts";
import { Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../src/memory/arena.ts";
import { Entries } from "../../src/structures/entry.ts";
import { followLinks, Wheel } from "../../src/structures/wheel.ts";

const START = 1_700_000_000_000;
const never = () => false;

function setup() {
  const arena = new Arena();
  const entries = new Entries(arena);
  return { arena, entries, wheel: new Wheel(arena, START) };
}

function timed(entries: Entries, deadline: number): Ptr {
  const e = entries.create(0, true, encode("k"), 0, 1, 0);
  entries.setDeadline(e, deadline);
  return e;
}

const deadline = fc.oneof(
  fc.integer({ min: -10, max: 200 }),
  fc.integer({ min: 0, max: 120_000 }),
  fc.integer({ min: 0, max: 200_000_000 }),
  fc.integer({ min: 0, max: 2 ** 45 }),
);
const operation = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), at: deadline }),
  fc.record({ kind: fc.constant("remove" as const), at: fc.nat(1000) }),
  fc.record({
    kind: fc.constant("pass" as const),
    at: fc.oneof(fc.nat(50), fc.nat(40_000), fc.nat(5_000_000)),
  }),
);

describe("timing wheel", () => {
  test("hands out exactly what is past, within one slot of 4 ms, whatever came and went before", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
        const { entries, wheel } = setup();
        const model = new Map<Ptr, number>();
        let now = START;
        for (const { kind, at } of operations) {
          if (kind === "add") {
            const e = timed(entries, now + at);
            wheel.add(e);
            model.set(e, now + Math.max(0, at));
          } else if (kind === "remove" && model.size > 0) {
            const e = [...model.keys()][at % model.size];
            wheel.remove(e);
            model.delete(e);
          } else if (kind === "pass") {
            now += at;
            expect(wheel.advance(now, { expire: (e) => expect(model.delete(e)).toBe(true) }, never)).toBe(true);
            for (const left of model.values()) expect(left).toBeGreaterThanOrEqual(now - 4);
          }
          expect(wheel.count).toBe(model.size);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("goes on where it was stopped and loses nothing", () => {
    const { entries, wheel } = setup();
    for (let i = 0; i < 5000; i++) wheel.add(timed(entries, START + i * 20));
    let handed = 0;
    let steps = 0;
    const stop = () => ++steps % 7 === 0;
    for (let now = START; now <= START + 110_000; now += 10) wheel.advance(now, { expire: () => handed++ }, stop);
    while (!wheel.advance(START + 110_000, { expire: () => handed++ }, stop));
    expect(handed).toBe(5000);
  });

  test("says when it is due, never too late", () => {
    const { entries, wheel } = setup();
    expect(wheel.dueInMs(START)).toBe(Number.POSITIVE_INFINITY);
    wheel.add(timed(entries, START + 90_000));
    let now = START;
    let handed = 0;
    for (let turns = 0; handed === 0 && turns < 100; turns++) {
      now += Math.max(1, wheel.dueInMs(now));
      wheel.advance(now, { expire: () => handed++ }, never);
    }
    expect(handed).toBe(1);
    expect(now).toBeLessThanOrEqual(START + 90_008);
  });
});

describe("visiting a timing wheel", () => {
  test("sweeps over all entries in turn, whatever comes and goes meanwhile", () => {
    const { entries, wheel } = setup();
    const kept = new Set<Ptr>();
    for (let i = 0; i < 500; i++) {
      const e = timed(entries, START + (i % 7) * 10_000_000 + i);
      wheel.add(e);
      kept.add(e);
    }
    const seen = new Map<Ptr, number>();
    for (let round = 0; round < 200; round++) {
      wheel.sweep(10, (e) => {
        seen.set(e, (seen.get(e) ?? 0) + 1);
        return true;
      });
      const passing = timed(entries, START + round);
      wheel.add(passing);
      if (round % 2 === 0) wheel.remove(passing);
    }
    expect([...kept].filter((e) => !seen.has(e))).toEqual([]);
    const visits = [...kept].map((e) => seen.get(e)!);
    expect(Math.max(...visits) - Math.min(...visits)).toBeLessThanOrEqual(2);
  });

  test("goes on to the next slot though the entry where it began has been moved to another block", () => {
    const { arena, entries, wheel } = setup();
    const slots = [1000, 50_000].map((ms) => Array.from({ length: 5 }, () => timed(entries, START + ms)));
    for (const e of slots.flat()) wheel.add(e);
    let first = slots[0][0];
    wheel.sweep(1, (e) => {
      first = e;
      return true;
    });
    const words = arena.i32[first >>> SEGMENT_SHIFT];
    const at = (first & UNIT_MASK) << 1;
    const moved = timed(entries, entries.deadline(first));
    arena.i32[moved >>> SEGMENT_SHIFT].set(words.slice(at, at + 6), (moved & UNIT_MASK) << 1);
    followLinks(arena.i32, moved);
    const seen = new Set<Ptr>();
    wheel.sweep(30, (e) => seen.add(e).size > 0);
    expect(slots[1].filter((e) => !seen.has(e))).toEqual([]);
  });

  test("visits first what ends first, within its slot, wherever in the wheel the others are", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 37 }), { minLength: 1, maxLength: 200 }), (times) => {
        const { entries, wheel } = setup();
        const left = new Set(times.map((at) => timed(entries, START + at)));
        for (const e of left) wheel.add(e);
        while (left.size > 0) {
          const seen: Ptr[] = [];
          wheel.visitFirst(1, (e) => seen.push(e) > 0);
          const first = Math.min(...[...left].map((e) => entries.deadline(e)));
          const slotMs = first < START + 16_384 ? 4 : first < START + 67_108_864 ? 16_384 : 67_108_864;
          expect(entries.deadline(seen[0]!) - first).toBeLessThan(slotMs);
          wheel.remove(seen[0]!);
          left.delete(seen[0]!);
        }
      }),
    );
  });

  test("visits those first that end first, and others of their slot at the next call", () => {
    const { entries, wheel } = setup();
    const [soon, later, far] = [START + 50, START + 500_000, START + 2e9].map((at) =>
      Array.from({ length: 6 }, () => timed(entries, at)),
    );
    for (const e of [...far, ...later, ...soon]) wheel.add(e);
    const visited = (count: number, wanted: (e: Ptr) => boolean = () => true): Ptr[] => {
      const seen: Ptr[] = [];
      wheel.visitFirst(count, (e) => seen.push(e) > 0 && wanted(e));
      return seen;
    };
    expect(new Set(visited(100))).toEqual(new Set(soon));
    expect(new Set([...visited(3), ...visited(3)])).toEqual(new Set(soon));
    expect(visited(100, (e) => far.includes(e))).toHaveLength(18);
    for (const e of soon) wheel.remove(e);
    expect(new Set(visited(100))).toEqual(new Set(later));
    for (const e of later) wheel.remove(e);
    expect(new Set(visited(100))).toEqual(new Set(far));
  });

  test("takes memory only for the slots that are in use", () => {
    const { arena, entries, wheel } = setup();
    const before = arena.usedBytes;
    wheel.add(timed(entries, START + 10_000_000));
    expect(arena.usedBytes - before).toBeLessThan(4096);
    const timer = timed(entries, START + 1);
    wheel.add(timer);
    wheel.remove(timer);
    wheel.destroy();
    expect(arena.usedBytes - before).toBeLessThan(256);
  });
});
