import { describe, expect, test } from "bun:test";
import { PartialSorter } from "../../src/lib/partial-sort.ts";
import { Random } from "../../src/lib/random.ts";

function keysOf(items: Int32Array, keys: Float64Array): number[] {
  return Array.from(items, (item) => keys[item]!);
}

describe("sorting a part", () => {
  for (const values of [3, 100, 1_000_000]) {
    test(`brings the wanted places right, with ${values} different keys`, () => {
      const random = new Random(values);
      const sorter = new PartialSorter();
      for (let round = 0; round < 400; round++) {
        const count = 1 + random.below(300);
        const keys = Float64Array.from({ length: count }, () => random.below(values));
        const items = Int32Array.from({ length: count }, (_none, i) => i);
        const first = random.below(count);
        const last = first + random.below(count - first);
        const descending = random.below(2) === 0;
        sorter.sort(items, count, keys, descending, first, last);
        const expected = [...keys].sort((a, b) => (descending ? b - a : a - b));
        expect(keysOf(items, keys).slice(first, last + 1)).toEqual(expected.slice(first, last + 1));
        expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_none, i) => i));
      }
    });
  }

  test("puts many keys in order that are sorted, reversed or equal", () => {
    const sorter = new PartialSorter();
    for (const keyOf of [(i: number) => i, (i: number) => -i, () => 1]) {
      const count = 200_000;
      const keys = Float64Array.from({ length: count }, (_none, i) => keyOf(i));
      const items = Int32Array.from({ length: count }, (_none, i) => i);
      sorter.sort(items, count, keys, false, 0, count - 1);
      expect(keysOf(items, keys)).toEqual([...keys].sort((a, b) => a - b));
    }
  });
});
