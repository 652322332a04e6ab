import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";

/** One list under the key "l", and the array that it should be. Texts have one character a byte. */
class Checked {
  readonly keyspace = new Keyspace(1, new ManualClock(), new Random(1));
  readonly db = this.keyspace.databases[0];
  readonly lists = this.keyspace.lists;
  readonly model: string[] = [];
  e: Ptr = NULL;

  constructor(leafSize = -2) {
    this.lists.limitLeaves(leafSize);
  }

  get usedBytes(): number {
    return this.keyspace.arena.usedBytes;
  }

  get isTree(): boolean {
    return this.keyspace.entries.valueLength(this.e) === 0;
  }

  push(atHead: boolean, text: string): void {
    const bytes = bytesOf(text);
    if (atHead) this.model.unshift(text);
    else this.model.push(text);
    if (this.e === NULL) this.put("l", this.lists.create(bytes, 1, text.length));
    else this.lists.push(this.e, atHead, bytes, 1, text.length);
  }

  put(key: string, kind: number): void {
    const { root, rootBytes } = this.lists;
    const name = Buffer.from(key);
    const hash = this.db.hash(name, 0, name.length);
    this.e = this.db.putReference(NULL, name, 0, name.length, hash, kind, root, rootBytes, 0);
  }

  insert(behind: boolean, index: number, text: string): void {
    expect(this.lists.seek(this.e, index)).toBe(true);
    this.lists.insert(behind, bytesOf(text), 1, text.length);
    this.model.splice(behind ? index + 1 : index, 0, text);
  }

  replace(index: number, text: string): void {
    expect(this.lists.seek(this.e, index)).toBe(true);
    this.lists.replace(bytesOf(text), 1, text.length);
    this.model[index] = text;
  }

  pop(atHead: boolean): void {
    this.lists.seekEnd(this.e, atHead);
    expect(this.text()).toBe(atHead ? this.model.shift()! : this.model.pop()!);
    this.lists.removeEnd();
  }

  removeRange(index: number, count: number): void {
    this.lists.removeRange(this.e, index, count);
    this.model.splice(index, count);
  }

  keepRange(index: number, count: number): void {
    this.lists.keepRange(this.e, index, count, this.keyspace.reclaimer);
    this.model.splice(index + count);
    this.model.splice(0, index);
  }

  removeEqual(backward: boolean, limit: number, text: string): void {
    const { model } = this;
    let removed = 0;
    for (let i = backward ? model.lastIndexOf(text) : model.indexOf(text); i >= 0 && removed < limit; removed++) {
      model.splice(i, 1);
      i = backward ? (i === 0 ? -1 : model.lastIndexOf(text, i - 1)) : model.indexOf(text, i);
    }
    expect(this.lists.removeEqual(this.e, backward, limit, bytesOf(text), 1, text.length)).toBe(removed);
  }

  find(from: number, text: string): void {
    const { lists, model } = this;
    lists.seek(this.e, from);
    const after = model.indexOf(text, from);
    expect(lists.find(model.length, bytesOf(text), 1, text.length)).toBe(after >= 0);
    if (after >= 0) expect(lists.index).toBe(after);
    lists.seek(this.e, from);
    const before = from === 0 ? -1 : model.lastIndexOf(text, from - 1);
    expect(lists.findBackward(0, bytesOf(text), 1, text.length)).toBe(before >= 0);
    if (before >= 0) expect(lists.index).toBe(before);
  }

  text(): string {
    const span = new Span();
    this.lists.read(span);
    return latin1(span.buf, span.start, span.len);
  }

  check(): void {
    const { lists, e, model } = this;
    expect(lists.length(e)).toBe(model.length);
    expect(lists.seek(e, -1)).toBe(false);
    expect(lists.seek(e, model.length)).toBe(false);
    if (model.length === 0) return;
    const forward: string[] = [];
    lists.seek(e, 0);
    do forward.push(this.text());
    while (lists.next());
    expect(forward).toEqual(model);
    const backward: string[] = [];
    lists.seekEnd(e, false);
    do backward.push(this.text());
    while (lists.previous());
    expect(backward).toEqual(model.toReversed());
    for (let i = 0; i < model.length; i += 5) {
      lists.seek(e, i);
      expect([this.text(), lists.index]).toEqual([model[i], i]);
    }
  }

  /** Deletes the key, which gives all of its memory back. */
  destroy(): void {
    this.db.delete(this.e);
    this.e = NULL;
    this.keyspace.reclaimer.run(UNBOUNDED);
  }
}

/** The text in the middle of other bytes. */
function bytesOf(text: string): Uint8Array {
  return Buffer.from(`<${text}>`, "latin1");
}

const element = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "a", "b", "1", "12", "12345", "-7") },
  { weight: 4, arbitrary: fc.nat(1_000_000_000).map(String) },
  { weight: 4, arbitrary: fc.nat(200).map((n) => "x".repeat(n)) },
  { weight: 1, arbitrary: fc.constantFrom(1000, 2000, 2047, 2048, 5000, 70_000).map((n) => "long".padStart(n, ".")) },
);
const step = fc.record({
  kind: fc.constantFrom("head", "tail", "insert", "replace", "popHead", "popTail", "range", "keep", "equal", "find"),
  where: fc.nat(1_000_000),
  times: fc.integer({ min: 1, max: 60 }),
  element,
});
type Step = { kind: string; where: number; times: number; element: string };

function apply(list: Checked, { kind, where, times, element: text }: Step): void {
  const { model } = list;
  for (let i = 0; i < times; i++) {
    const index = (where + i * 7) % Math.max(1, model.length);
    if (kind === "head" || kind === "tail" || model.length === 0)
      list.push(kind === "head", i % 3 === 0 ? text : `${i}`);
    else if (kind === "insert") list.insert(where % 2 === 0, where % 3 === 0 ? index : where % model.length, text);
    else if (kind === "replace") list.replace(index, text);
    else if (kind === "find") list.find(index, text);
    else if (model.length === 1) return;
    else if (kind === "popHead" || kind === "popTail") list.pop(kind === "popHead");
  }
  if (kind === "range" && model.length > 1) {
    const index = where % (model.length - 1);
    list.removeRange(index, Math.min(times * 3, model.length - 1 - index));
  }
  if (kind === "keep" && times > 50) {
    const index = where % model.length;
    list.keepRange(index, Math.min(times, model.length - index));
  }
  if (kind === "equal" && model.some((each) => each !== text)) list.removeEqual(where % 2 === 0, times, text);
}

describe("a list", () => {
  for (const leafSize of [-1, -2, -5, 0, 1, 5, 100]) {
    test(`behaves as an array with list-max-listpack-size ${leafSize}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const list = new Checked(leafSize);
          list.push(false, "first");
          for (const each of steps) apply(list, each);
          list.check();
          list.destroy();
          expect(list.usedBytes).toBe(new Checked().usedBytes);
        }),
        { numRuns: 30 },
      );
    });
  }

  test("becomes a tree when it does not fit in one block, and one block again", () => {
    const list = new Checked();
    for (let i = 0; i < 100; i++) list.push(false, "sixteen bytes xx");
    expect(list.isTree).toBe(false);
    for (let i = 0; i < 100; i++) list.push(false, "sixteen bytes xx");
    expect(list.isTree).toBe(true);
    for (let i = 0; i < 150; i++) list.pop(true);
    expect(list.isTree).toBe(false);
    list.check();
  });

  test("gives a large element a leaf of its own", () => {
    const list = new Checked();
    list.push(false, "a");
    list.push(false, "x".repeat(100_000));
    list.push(false, "b");
    list.check();
    expect(list.lists.memoryBytes(list.e)).toBeLessThan(120_000);
  });

  test("keeps elements apart that are as large as DEBUG QUICKLIST-PACKED-THRESHOLD says", () => {
    const list = new Checked();
    list.lists.ownLeafBytes = 3;
    for (const text of ["abc", "ab", "defg", "c", "hij"]) list.push(false, text);
    list.insert(true, 1, "klmno");
    list.replace(0, "p");
    list.replace(1, "qrs");
    list.check();
  });

  test("is replaced when little of much is kept, and the rest is freed in slices", () => {
    const list = new Checked();
    for (let i = 0; i < 100_000; i++) list.push(false, `${i}`);
    const { reclaimer } = list.keyspace;
    list.keepRange(50_000, 1000);
    expect(reclaimer.pending).toBe(1);
    list.check();
    list.destroy();
    expect(list.usedBytes).toBe(new Checked().usedBytes);
  });

  test("is copied whole, small or large", () => {
    for (const count of [3, 5000]) {
      const list = new Checked();
      for (let i = 0; i < count; i++) list.push(i % 2 === 0, `element ${i}`);
      const original = list.e;
      list.lists.copy(original);
      list.put("copy", list.keyspace.entries.head(original) & 0xff);
      list.check();
      list.destroy();
      list.e = original;
      list.check();
    }
  });

  test("holds a million elements, finds any of them, and gives all memory back in slices", () => {
    const list = new Checked();
    const { lists, keyspace } = list;
    const before = list.usedBytes;
    const bytes = Buffer.from("element:0000000");
    list.push(false, "element:0000000");
    for (let i = 1; i < 1_000_000; i++) {
      bytes.write(String(i).padStart(7, "0"), 8);
      lists.push(list.e, false, bytes, 0, bytes.length);
    }
    for (let i = 0; i < 1_000_000; i += 997) {
      lists.seek(list.e, i);
      expect(list.text()).toBe(`element:${String(i).padStart(7, "0")}`);
    }
    expect(lists.memoryBytes(list.e)).toBeLessThan(1_000_000 * 16.5);
    list.db.delete(list.e);
    expect(keyspace.reclaimer.pending).toBe(1);
    let slices = 0;
    while (!keyspace.reclaimer.run({ isSpent: () => slices++ % 10 === 9 }));
    expect(keyspace.reclaimer.freed).toBe(1);
    expect(list.usedBytes).toBe(before);
  });
});
