import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encode, latin1, Span } from "../../src/lib/bytes.ts";
import { Arena, NULL, type Ptr } from "../../src/memory/arena.ts";
import { draftBytes, ELEMENTS_MAX, EMPTY_BYTES, PackedList } from "../../src/structures/packed-list.ts";

/** A list and what should be in it: texts of one character a byte. */
class Checked {
  p: Ptr = NULL;
  bytes = EMPTY_BYTES;
  readonly model: string[] = [];

  constructor(
    readonly arena = new Arena(),
    readonly list = new PackedList(arena),
  ) {}

  open(index: number): PackedList {
    this.list.open(this.p, this.bytes);
    this.list.seek(index);
    return this.list;
  }

  private follow(cursor: number): void {
    this.p = this.list.p;
    this.bytes = this.list.bytes;
    expect(this.list.count).toBe(this.model.length);
    expect(this.list.index).toBe(cursor);
    if (cursor < this.model.length) expect(this.text()).toBe(this.model[cursor]);
  }

  insert(index: number, text: string): void {
    const bytes = bytesOf(`<${text}>`);
    this.open(index).insert(bytes, 1, text.length);
    this.model.splice(index, 0, text);
    this.follow(index);
  }

  insertPair(index: number, first: string, second: string): void {
    this.open(index).insertPair(bytesOf(first), 0, first.length, bytesOf(`${second}>`), 0, second.length);
    this.model.splice(index, 0, first, second);
    this.follow(index);
  }

  replace(index: number, text: string): void {
    this.open(index).replace(bytesOf(text), 0, text.length);
    this.model[index] = text;
    this.follow(index);
  }

  remove(index: number, elements: number): void {
    this.open(index).remove(elements);
    this.model.splice(index, elements);
    this.follow(index);
  }

  /** Makes several changes in a draft and keeps or abandons them. */
  draft(index: number, texts: readonly string[], keep: boolean): void {
    const list = this.open(index);
    list.draft(texts.reduce((sum, text) => sum + draftBytes(text.length), 0));
    const changed = [...this.model];
    const removed = Math.min(2, changed.length - index);
    list.remove(removed);
    changed.splice(index, removed, ...texts);
    for (const text of texts.toReversed()) list.insert(bytesOf(text), 0, text.length);
    if (texts.length > 0) {
      expect(list.find(0, bytesOf(texts[0]), 0, texts[0].length)).toBe(true);
      list.replace(bytesOf(texts[0]), 0, texts[0].length);
    }
    if (!keep) return;
    list.settle();
    this.model.splice(0, this.model.length, ...changed);
    this.follow(0);
  }

  find(text: string, from: number, skip: number): boolean {
    return this.open(from).find(skip, bytesOf(text), 0, text.length);
  }

  /** Divides the list and puts it together again. */
  splitAndAppend(index: number): void {
    const rest = new PackedList(this.arena);
    this.open(index).split(rest);
    expect(this.list.index).toBe(index);
    expect(this.list.count).toBe(index);
    expect(rest.count).toBe(this.model.length - index);
    this.list.append(rest);
    expect(rest.p).toBe(NULL);
    this.follow(index);
  }

  findBackward(text: string, from: number): boolean {
    return this.open(from).findBackward(bytesOf(text), 0, text.length);
  }

  /** The text under the cursor. */
  text(): string {
    const span = new Span();
    this.list.read(span);
    expect(this.list.length()).toBe(span.len);
    return latin1(span.buf, span.start, span.len);
  }

  forward(): string[] {
    const seen: string[] = [];
    for (this.open(0); this.list.index < this.list.count; this.list.next()) seen.push(this.text());
    return seen;
  }

  backward(): string[] {
    const seen: string[] = [];
    this.open(0).toEnd();
    while (this.list.index > 0) {
      this.list.previous();
      seen.push(this.text());
    }
    return seen;
  }

  check(): void {
    expect(this.forward()).toEqual(this.model);
    expect(this.backward()).toEqual(this.model.toReversed());
    for (let i = 0; i < this.model.length; i += 3) {
      this.open(this.model.length - i).seek(i);
      expect(this.text()).toBe(this.model[i]);
    }
  }

  release(): void {
    this.open(0).free();
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

const symbols = fc.string({ unit: fc.constantFrom(..." -.0123456789:TZ"), maxLength: 130 });
const octets = fc.string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 140 });
const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 17, maxLength: 21 });
const numbers = fc.oneof(fc.maxSafeInteger().map(String), fc.double().map(String), fc.nat(300).map(String), digits);
const long = fc.constantFrom(126, 127, 128, 129, 255, 256, 5000, 65_535, 65_536).map((n) => "long".padStart(n, "."));
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "a", "b", "1", "2", "-", "12", "123", "field:1", "field:2") },
  { weight: 4, arbitrary: symbols },
  { weight: 4, arbitrary: octets },
  { weight: 4, arbitrary: numbers },
  { weight: 1, arbitrary: long },
);
const operation = fc.record({
  kind: fc.constantFrom(
    "insert",
    "insert",
    "pair",
    "replace",
    "remove",
    "pushFront",
    "pushBack",
    "find",
    "draft",
    "split",
  ),
  where: fc.nat(1_000_000),
  text,
  other: text,
});
type Operation = { kind: string; where: number; text: string; other: string };

function apply(list: Checked, { kind, where, text, other }: Operation): void {
  const size = list.model.length;
  if (kind === "insert") list.insert(where % (size + 1), text);
  else if (kind === "pushFront") list.insert(0, text);
  else if (kind === "pushBack") list.insert(size, text);
  else if (kind === "pair") list.insertPair(where % (size + 1), text, other);
  else if (kind === "draft") list.draft(where % (size + 1), [text, other, text].slice(0, where % 4), where % 5 > 0);
  else if (kind === "find") expectFound(list, text, where % (size + 1), where % 3);
  else if (size > 0 && kind === "split") list.splitAndAppend(where % size);
  else if (size > 0 && kind === "replace") list.replace(where % size, text);
  else if (size > 0) list.remove(where % size, 1 + (where % Math.min(3, size - (where % size))));
}

function expectFound(list: Checked, wanted: string, from: number, skip: number): void {
  const { model } = list;
  const before = from === 0 ? -1 : model.lastIndexOf(wanted, from - 1);
  expect(list.findBackward(wanted, from)).toBe(before >= 0);
  expect(list.list.index).toBe(Math.max(0, before));
  if ((model.length - from) % (skip + 1) !== 0) return;
  let index = from;
  while (index < model.length && model[index] !== wanted) index += skip + 1;
  expect(list.find(wanted, from, skip)).toBe(index < model.length);
  expect(list.list.index).toBe(index);
}

describe("packed list", () => {
  test("behaves as an array under any order of operations", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
        const list = new Checked();
        for (const step of operations) apply(list, step);
        list.check();
        list.release();
        expect(list.arena.usedBytes).toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  test("leaves lists beside it alone", () => {
    const arena = new Arena();
    const view = new PackedList(arena);
    const lists = Array.from({ length: 8 }, () => new Checked(arena, view));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), operation), { maxLength: 60 }), (operations) => {
        for (const [which, step] of operations) apply(lists[which], step);
        for (const list of lists) list.check();
      }),
      { numRuns: 30 },
    );
    for (const list of lists) list.release();
    expect(arena.usedBytes).toBe(0);
  });

  test("finds every element by its own text", () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 60 }), (texts) => {
        const list = new Checked();
        for (const each of texts) list.insert(list.model.length, each);
        for (let i = 0; i < texts.length; i++) {
          expect(list.find(texts[i], 0, 0)).toBe(true);
          expect(list.list.index).toBe(i);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("does not take a longer or shorter text for the one it looks for", () => {
    const list = new Checked();
    for (const each of ["11", "111", "x1", "x", "", "0", "00", "l".repeat(200), "l".repeat(201)]) {
      list.insert(list.model.length, each);
    }
    for (const other of ["1", "1111", "x11", "y", "000", " ", "l".repeat(199), "l".repeat(127), "l".repeat(70_000)]) {
      expect(list.find(other, 0, 0)).toBe(false);
    }
  });

  test("holds 19 digits, whatever their number, in eight bytes", () => {
    const list = new Checked();
    for (const digit of "0123456789") list.insert(0, digit.repeat(19));
    for (const each of ["1000000000000000000", "0000000001000000000", "9223372036854775807", "4294967295999999999"]) {
      list.insert(0, each);
    }
    list.check();
    expect(list.bytes).toBe(EMPTY_BYTES + 14 * 9);
  });

  test("takes no block while it is empty", () => {
    const list = new Checked();
    list.check();
    expect(list.find("x", 0, 0)).toBe(false);
    list.insert(0, "x");
    list.remove(0, 1);
    expect(list.p).toBe(NULL);
    expect(list.bytes).toBe(EMPTY_BYTES);
    expect(list.arena.usedBytes).toBe(0);
  });

  test("spends one byte on a short text and half the bytes on numbers and times", () => {
    const sizes = (text: string): number => {
      const list = new Checked();
      list.insert(0, text);
      return list.bytes - EMPTY_BYTES;
    };
    expect(sizes("")).toBe(1);
    expect(sizes("7")).toBe(1);
    expect(sizes("name")).toBe(5);
    expect(sizes("x".repeat(127))).toBe(128);
    expect(sizes("x".repeat(128))).toBe(133);
    expect(sizes("-123456")).toBe(5);
    expect(sizes("1700000000000")).toBe(8);
    expect(sizes("1234567890123456789")).toBe(9);
    expect(sizes("12345678901234567890")).toBe(11);
    expect(sizes("2024-06-07T12:34:56.789Z")).toBe(13);
    expect(sizes("192.168.100.200:6379")).toBe(11);
  });

  test("keeps two texts that were read one after the other apart", () => {
    const list = new Checked();
    list.insertPair(0, "12345", "678");
    const [first, second] = [new Span(), new Span()];
    list.open(0).read(first);
    list.list.next();
    list.list.read(second);
    expect(latin1(first.buf, first.start, first.len)).toBe("12345");
    expect(latin1(second.buf, second.start, second.len)).toBe("678");
  });

  test("copies a list", () => {
    const list = new Checked();
    expect(list.open(0).copy()).toBe(NULL);
    list.insertPair(0, "field", "12345");
    const copy = new Checked(list.arena);
    copy.p = list.open(0).copy();
    copy.bytes = list.bytes;
    list.replace(1, "other");
    expect(copy.forward()).toEqual(["field", "12345"]);
    copy.release();
  });

  test("refuses more in a draft than it was made for", () => {
    const list = new Checked();
    list.open(0).draft(0);
    const bytes = bytesOf("x".repeat(5000));
    expect(() => list.list.insert(bytes, 0, bytes.length)).toThrow("no room left");
    list.check();
  });

  test("refuses more elements than its count can hold, and stays as it was", () => {
    const arena = new Arena();
    const list = new PackedList(arena);
    const bytes = encode("x");
    for (let i = 0; i < ELEMENTS_MAX; i++) {
      list.toEnd();
      list.insert(bytes, 0, 1);
    }
    expect(() => list.insert(bytes, 0, 1)).toThrow("too many elements");
    expect(list.count).toBe(ELEMENTS_MAX);
    list.seek(ELEMENTS_MAX - 1);
    expect(list.length()).toBe(1);
    list.free();
    expect(arena.usedBytes).toBe(0);
  });
});
