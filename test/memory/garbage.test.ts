import { expect, test } from "bun:test";
import { GarbageWatch } from "../../src/memory/garbage.ts";

const MB = 1024 * 1024;

/** At which of the looks all garbage was looked for. */
function looks(...megabytes: number[]): number[] {
  const found: number[] = [];
  let look = 0;
  const watch = new GarbageWatch(() => found.push(look));
  for (; look < megabytes.length; look++) watch.look(megabytes[look] * MB);
  return found;
}

test("garbage is looked for when there is much more than there was at least", () => {
  expect(looks(80, 70, 90, 94, 95)).toEqual([4]);
});

test("what a look has left is in use: no other follows before there is more again", () => {
  expect(looks(70, 170, 160, 170, 184, 185, 100, 125)).toEqual([1, 5, 7]);
});
