import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MinHeap } from "../../src/lib/heap.ts";

const ranks = fc.array(fc.integer({ min: -20, max: 20 }));

function drained(heap: MinHeap<number>): number[] {
  const items: number[] = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    expect(heap.pop()).toBe(first);
    items.push(first);
  }
  return items;
}

describe("MinHeap", () => {
  test("gives back what was pushed in the order of ranks", () => {
    fc.assert(
      fc.property(ranks, (items) => {
        const heap = new MinHeap<number>((item) => item);
        for (const item of items) heap.push(item);
        expect(heap.size).toBe(items.length);
        expect(drained(heap)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });

  test("leaves out what is not to be kept", () => {
    fc.assert(
      fc.property(ranks, (items) => {
        const heap = new MinHeap<number>((item) => item);
        for (const item of items) heap.push(item);
        const keep = (item: number): boolean => item % 3 !== 0;
        heap.filter(keep);
        expect(drained(heap)).toEqual(items.filter(keep).toSorted((a, b) => a - b));
      }),
    );
  });
});
