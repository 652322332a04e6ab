import { describe, expect, test } from "bun:test";
import { Random } from "../../src/lib/random.ts";
import { Arena, NULL, type Ptr } from "../../src/memory/arena.ts";
import { DeadlineHeap } from "../../src/structures/deadline-heap.ts";
import { Entries } from "../../src/structures/entry.ts";

const arena = new Arena();
const entries = new Entries(arena);
const heap = new DeadlineHeap(arena, entries);
const name = new Uint8Array([97]);

function entry(deadlineMs: number): Ptr {
  const e = entries.create(0, true, name, 0, 1, 0);
  entries.setDeadline(e, deadlineMs);
  return e;
}

describe("DeadlineHeap", () => {
  test("gives entries in the order of their deadlines", () => {
    const before = arena.usedBytes;
    const random = new Random(1);
    const h = heap.create();
    const deadlines = Array.from({ length: 5000 }, () => random.below(1000));
    for (const deadlineMs of deadlines) heap.add(h, entry(deadlineMs));
    expect(heap.count(h)).toBe(5000);
    expect(heap.latest(h)).toBe(Math.max(...deadlines));
    const given: number[] = [];
    while (heap.count(h) > 0) {
      const e = heap.first(h);
      given.push(heap.firstDeadline(h));
      heap.remove(h, e);
      entries.release(e);
    }
    expect(given).toEqual(deadlines.toSorted((a, b) => a - b));
    expect([heap.first(h), heap.firstDeadline(h), heap.latest(h)]).toEqual([
      NULL,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    heap.destroy(h);
    expect(arena.usedBytes).toBe(before);
  });

  test("agrees with a sorted array whatever is added, removed, moved and replaced", () => {
    const before = arena.usedBytes;
    const random = new Random(2);
    const h = heap.create();
    const live: Ptr[] = [];
    for (let step = 0; step < 30_000; step++) {
      // It grows to thousands, shrinks to nothing, and so on.
      const growing = Math.floor(step / 5000) % 2 === 0;
      const action = random.below(10);
      const i = random.below(live.length);
      if (live.length === 0 || (growing ? action < 6 : action < 1)) {
        const e = entry(random.below(1e6));
        live.push(e);
        heap.add(h, e);
      } else if (action < 7) {
        heap.remove(h, live[i]);
        entries.release(live[i]);
        live[i] = live[live.length - 1];
        live.pop();
      } else if (action < 9) {
        entries.setDeadline(live[i], random.below(1e6));
        heap.moved(h, live[i]);
      } else {
        const copy = entry(entries.deadline(live[i]));
        heap.replace(h, live[i], copy);
        entries.release(live[i]);
        live[i] = copy;
      }
      if (step % 100 !== 0) continue;
      const deadlines = live.map((e) => entries.deadline(e));
      expect(heap.count(h)).toBe(live.length);
      expect(heap.firstDeadline(h)).toBe(Math.min(...deadlines));
      expect(heap.countUntil(h, 5e5)).toBe(deadlines.filter((ms) => ms <= 5e5).length);
      expect(heap.hasAfter(h, 9e5)).toBe(deadlines.some((ms) => ms > 9e5));
      expect(heap.latest(h)).toBeGreaterThanOrEqual(Math.max(...deadlines));
    }
    for (const e of live) {
      heap.remove(h, e);
      entries.release(e);
    }
    heap.destroy(h);
    expect(arena.usedBytes).toBe(before);
  });

  test("tells the bytes it takes, and gives them back at any size", () => {
    const random = new Random(3);
    for (const count of [0, 1, 4, 5, 1024, 1025, 2048, 5000]) {
      const before = arena.usedBytes;
      const h = heap.create();
      const live = Array.from({ length: count }, () => entry(random.below(100)));
      const withEntries = arena.usedBytes;
      for (const e of live) heap.add(h, e);
      expect(heap.bytes(h)).toBeGreaterThanOrEqual(24);
      for (const e of live.slice(count >> 1)) heap.remove(h, e);
      const own = heap.bytes(h);
      const used = arena.usedBytes;
      heap.destroy(h);
      expect(used - arena.usedBytes).toBe(own);
      expect(withEntries).toBeGreaterThanOrEqual(arena.usedBytes);
      for (const e of live) entries.release(e);
      expect(arena.usedBytes).toBe(before);
    }
  });
});
