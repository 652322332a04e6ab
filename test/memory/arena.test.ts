import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../../src/memory/arena.ts";
import { Evacuation } from "../../src/memory/evacuation.ts";
import { blockBytes, CLASS_BYTES, CLASS_COUNT, classOf, SLAB_BYTES_MAX } from "../../src/memory/size-classes.ts";

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 20_000 }),
  fc.integer({ min: 16_000, max: 3_000_000 }),
);

describe("size classes", () => {
  test("waste at most an eighth, and agree with each other", () => {
    for (let n = 1; n <= SLAB_BYTES_MAX; n++) {
      expect(CLASS_BYTES[classOf(n)]).toBe(blockBytes(n));
      expect(blockBytes(n)).toBeGreaterThanOrEqual(n);
      expect(blockBytes(n) - n).toBeLessThanOrEqual(Math.max(7, n / 8));
    }
    expect(classOf(SLAB_BYTES_MAX)).toBe(CLASS_COUNT - 1);
  });
});

describe("arena", () => {
  test("hands out blocks that do not overlap and counts them exactly", () => {
    const operation = fc.tuple(fc.boolean(), size, fc.nat(1000));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400, size: "max" }), (operations) => {
        const arena = new Arena();
        const live: { p: Ptr; bytes: number; mark: number }[] = [];
        let expected = 0;
        let mark = 0;
        for (const [take, bytes, pick] of operations) {
          if (take || live.length === 0) {
            const p = arena.alloc(bytes);
            mark = (mark + 1) & 0xff;
            fill(arena, p, bytes, mark);
            live.push({ p, bytes, mark });
            expected += blockBytes(bytes);
          } else {
            const [block] = live.splice(pick % live.length, 1);
            check(arena, block.p, block.bytes, block.mark);
            arena.free(block.p, block.bytes);
            expected -= blockBytes(block.bytes);
          }
          expect(arena.usedBytes).toBe(expected);
        }
        for (const block of live) check(arena, block.p, block.bytes, block.mark);
      }),
      { numRuns: 40 },
    );
  });

  test("gives empty segments and huge blocks back", () => {
    const arena = new Arena();
    const small = arena.alloc(40);
    const before = arena.mappedBytes;
    const runs = Array.from({ length: 40 }, () => arena.alloc(8_000_000));
    const huge = arena.alloc(200_000_000);
    expect(arena.mappedBytes).toBeGreaterThan(before + 500_000_000);
    for (const p of runs) arena.free(p, 8_000_000);
    arena.free(huge, 200_000_000);
    arena.free(small, 40);
    const evacuation = new Evacuation(arena);
    evacuation.beginToFind(false);
    evacuation.find(() => false);
    evacuation.giveBackFound(() => false);
    expect(arena.mappedBytes).toBe(before);
    expect(arena.usedBytes).toBe(0);
  });
});

function fill(arena: Arena, p: Ptr, bytes: number, mark: number): void {
  const at = (p & UNIT_MASK) << 3;
  arena.u8[p >>> SEGMENT_SHIFT].fill(mark, at, at + bytes);
}

function check(arena: Arena, p: Ptr, bytes: number, mark: number): void {
  const at = (p & UNIT_MASK) << 3;
  const view = arena.u8[p >>> SEGMENT_SHIFT];
  for (const i of [0, bytes >> 1, bytes - 1]) expect(view[at + i]).toBe(mark);
}
