import { describe, expect, test } from "bun:test";
import { ReaderTable } from "../../src/command/reader-table.ts";
import { Random } from "../../src/lib/random.ts";

const STEPS = 20_000;
const KEYS = 20;
const CLIENTS = 40;

describe("ReaderTable", () => {
  test("agrees with sets of readers whatever happens to it", () => {
    const random = new Random(1);
    const table = new ReaderTable(() => true);
    const model = new Map<string, Set<number>>();
    for (let i = 0; i < STEPS; i++) {
      const key = `key${random.below(KEYS)}`;
      const what = random.below(100);
      if (what === 0) {
        expect(new Set(table.take(key))).toEqual(model.get(key) ?? new Set());
        model.delete(key);
      } else if (what === 1 && model.size > 0) {
        const [first] = model.keys();
        expect(table.oldest()).toBe(first!);
        expect([...table.take(first!)!].sort()).toEqual([...model.get(first!)!].sort());
        model.delete(first!);
      } else {
        const id = random.below(CLIENTS);
        table.add(key, id);
        if (!model.get(key)?.add(id)) model.set(key, new Set([id]));
      }
      expect(table.size).toBe(model.size);
      expect(table.items).toBe([...model.values()].reduce((sum, { size }) => sum + size, 0));
    }
  });

  test("is empty after clear and then remembers again", () => {
    const table = new ReaderTable(() => true);
    for (let id = 0; id < 100; id++) table.add(`key${id % 3}`, id);
    table.oldest();
    table.clear();
    expect([table.size, table.items, table.take("key0")]).toEqual([0, 0, undefined]);
    table.add("a", 1);
    expect([table.oldest(), table.items]).toEqual(["a", 1]);
  });

  test("lets go of readers that are gone, however many come", () => {
    const staying = new Set([1, 2, 3]);
    let present = 0;
    const table = new ReaderTable((id) => id === present || staying.has(id));
    for (const id of staying) table.add("key", id);
    for (present = 1000; present < 3000; present++) table.add("key", present);
    expect(table.items).toBeLessThan(33);
    expect([...table.take("key")!]).toEqual(expect.arrayContaining([1, 2, 3]));
  });
});
