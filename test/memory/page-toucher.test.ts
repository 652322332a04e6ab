import { ptr } from "bun:ffi";
import { describe, expect, test } from "bun:test";
import { Arena, SEGMENT_SHIFT, UNIT_MASK } from "../../src/memory/arena.ts";
import { type PageRange, PageToucher } from "../../src/memory/page-toucher.ts";

const MB = 1 << 20;

/** An arena, and what it had touched. */
function watchedArena(): { arena: Arena; touched: PageRange[] } {
  const touched: PageRange[] = [];
  return { arena: new Arena(new PageToucher((range) => touched.push(range))), touched };
}

function addressOf(arena: Arena, p: number): number {
  return ptr(arena.u8[p >>> SEGMENT_SHIFT]) + (p & UNIT_MASK) * 8;
}

function covers(touched: PageRange[], address: number): boolean {
  return touched.some(([from, bytes]) => address >= from && address < from + bytes);
}

describe("the pages of an arena", () => {
  test("are left alone while little is stored", () => {
    const { arena, touched } = watchedArena();
    for (let i = 0; i < 1000; i++) arena.alloc(1000);
    expect(touched).toEqual([]);
  });

  test.each([
    ["small", 1000],
    ["large", 300_000],
  ])("are touched ahead of the use by %s blocks, and each once", (_, bytes) => {
    const { arena, touched } = watchedArena();
    const count = Math.floor((150 * MB) / bytes);
    let late = 0;
    for (let i = 0; i < count; i++) {
      const before = touched.length;
      const address = addressOf(arena, arena.alloc(bytes));
      if (i * bytes > 8 * MB && !covers(touched.slice(0, before), address)) late++;
    }
    expect(late).toBe(0);
    const starts = touched.map(([from]) => from);
    expect(new Set(starts).size).toBe(starts.length);
    expect(touched.length * 2).toBeLessThan(150 + 64 + 16);
  });

  test("lie in the arena's segments", () => {
    const { arena, touched } = watchedArena();
    for (let i = 0; i < 400; i++) arena.alloc(i % 2 ? 200_000 : 16_000);
    const segments = arena.u8.map((bytes) => [ptr(bytes), bytes.length] as const);
    for (const [from, bytes] of touched) {
      expect(segments.some(([start, length]) => from >= start && from + bytes <= start + length)).toBe(true);
    }
  });
});
