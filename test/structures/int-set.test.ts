import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { Arena, NULL } from "../../src/memory/arena.ts";
import { EMPTY_BYTES, IntSet } from "../../src/structures/int-set.ts";

/** An IntSet, and the set of integers that it should be. */
class Checked {
  readonly arena = new Arena();
  readonly model = new Set<bigint>();
  readonly ints = new IntSet(this.arena);
  readonly before = this.arena.usedBytes;

  /** Whether the integer was there. */
  find(value: bigint): boolean {
    const bytes = Buffer.from(String(value));
    expect(this.ints.want(bytes, 0, bytes.length)).toBe(true);
    return this.ints.find();
  }

  add(value: bigint): void {
    if (!this.find(value)) this.ints.insert();
    this.model.add(value);
  }

  delete(value: bigint): void {
    if (this.find(value)) this.ints.remove(this.ints.index);
    this.model.delete(value);
  }

  values(): bigint[] {
    const span = new Span();
    return Array.from({ length: this.ints.count }, (_, i) => {
      this.ints.read(i, span);
      return BigInt(latin1(span.buf, span.start, span.len));
    });
  }

  check(): void {
    // As another user of the set would find it.
    this.ints.open(this.ints.p, this.ints.bytes);
    expect(this.values()).toEqual([...this.model].sort((a, b) => (a < b ? -1 : 1)));
  }
}

const edges = [7n, 15n, 31n, 53n, 63n].flatMap((bits) => [-1n, 0n, 1n].map((by) => 2n ** bits + by));
const inRange = edges.flatMap((edge) => [edge, -edge]).filter((v) => v >= -(2n ** 63n) && v < 2n ** 63n);
const integer = fc.oneof(
  fc.bigInt(-40n, 40n),
  fc.bigInt(-70_000n, 70_000n),
  fc.constantFrom(...inRange),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
);

describe("IntSet", () => {
  test("holds what a set of integers holds, in ascending order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("add", "add", "delete", "find"), integer)), (steps) => {
        const checked = new Checked();
        for (const [step, value] of steps) {
          if (step === "add") checked.add(value);
          else if (step === "delete") checked.delete(value);
          else expect(checked.find(value)).toBe(checked.model.has(value));
          checked.check();
        }
        checked.ints.free();
        expect(checked.arena.usedBytes).toBe(checked.before);
      }),
    );
  });

  test("takes two, four or eight bytes an integer, as the widest needs", () => {
    const checked = new Checked();
    for (let i = 0n; i < 10n; i++) checked.add(i * 1000n);
    expect(checked.ints.bytes).toBe(EMPTY_BYTES + 20);
    checked.add(32_768n);
    expect(checked.ints.bytes).toBe(EMPTY_BYTES + 44);
    checked.add(-2_147_483_649n);
    expect(checked.ints.bytes).toBe(EMPTY_BYTES + 96);
    checked.check();
  });

  test("copies a set into a block of its own", () => {
    const checked = new Checked();
    for (const value of [3n, 1n, 2n]) checked.add(value);
    const copy = new IntSet(checked.arena);
    copy.open(checked.ints.copy(), checked.ints.bytes);
    checked.delete(2n);
    expect(copy.count).toBe(3);
    copy.free();
    expect(copy.copy()).toBe(NULL);
  });

  test("takes only integers as they are printed", () => {
    const checked = new Checked();
    for (const text of ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809"]) {
      expect(checked.ints.want(Buffer.from(text), 0, text.length)).toBe(false);
    }
  });
});
