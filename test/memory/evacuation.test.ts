import { describe, expect, test } from "bun:test";
import { Arena, type Ptr } from "../../src/memory/arena.ts";
import { Evacuation } from "../../src/memory/evacuation.ts";
import { CHUNK_BYTES } from "../../src/memory/page-map.ts";

const CHUNKS = 60;
const RUN_BYTES = CHUNK_BYTES / 4;
const FILLED = 0.9;
const never = () => false;

/** An arena with blocks in so many chunks, of which only every fourth stays, and what goes over its chunks. */
function sparse(): { arena: Arena; evacuation: Evacuation } {
  const arena = new Arena();
  const blocks = Array.from({ length: CHUNKS * 4 }, () => arena.alloc(RUN_BYTES));
  blocks.forEach((p: Ptr, i) => {
    if (i % 4 > 0) arena.free(p, RUN_BYTES);
  });
  return { arena, evacuation: new Evacuation(arena) };
}

/** Runs `work` in slices in which the clock may be looked at once before they are over; how many it takes. */
function slicesOf(work: (isSpent: () => boolean) => boolean): number {
  for (let slices = 1; ; slices++) {
    let looks = 0;
    if (work(() => looks++ > 0)) return slices;
    expect(looks).toBeLessThanOrEqual(2);
  }
}

describe("the chunks to be emptied", () => {
  test("are chosen bit by bit, however many there are", () => {
    const { evacuation } = sparse();
    evacuation.begin(FILLED);
    expect(slicesOf((isSpent) => evacuation.choose(isSpent))).toBeGreaterThan(CHUNKS / 5);
    expect(evacuation.isGoingOn).toBe(true);
  });

  test("are the same as when they are chosen at once", () => {
    const [slow, fast] = [sparse(), sparse()];
    slow.evacuation.begin(FILLED);
    slicesOf((isSpent) => slow.evacuation.choose(isSpent));
    fast.evacuation.begin(FILLED);
    expect(fast.evacuation.choose(never)).toBe(true);
    const p = slow.arena.alloc(RUN_BYTES);
    expect(fast.arena.alloc(RUN_BYTES)).toBe(p);
  });

  test("are none when nothing is wasted", () => {
    const arena = new Arena();
    for (let i = 0; i < CHUNKS * 4; i++) arena.alloc(RUN_BYTES);
    const evacuation = new Evacuation(arena);
    evacuation.begin(FILLED);
    expect(evacuation.choose(never)).toBe(true);
    expect(evacuation.isGoingOn).toBe(false);
  });
});

describe("chunks with nothing in them", () => {
  test("are found bit by bit, and given back", () => {
    const arena = new Arena();
    const blocks = Array.from({ length: CHUNKS * 4 }, () => arena.alloc(RUN_BYTES));
    for (const p of blocks) arena.free(p, RUN_BYTES);
    const evacuation = new Evacuation(arena);
    evacuation.beginToFind(false);
    expect(slicesOf((isSpent) => evacuation.find(isSpent))).toBeGreaterThan(CHUNKS / 5);
    expect(evacuation.giveBackFound(never)).toBeGreaterThanOrEqual(CHUNKS);
    expect(evacuation.hasFound).toBe(false);
  });
});
