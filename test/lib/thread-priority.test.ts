import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { CompilerThreads } from "../../src/lib/thread-priority.ts";

const NICENESS = 16;

/** This process's threads: name and niceness by their numbers. */
function threads(): Map<string, readonly [name: string, niceness: string]> {
  const found = new Map<string, readonly [string, string]>();
  for (const thread of readdirSync("/proc/self/task")) {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "latin1");
    const end = stat.lastIndexOf(")");
    found.set(thread, [stat.slice(stat.indexOf("(") + 1, end), stat.slice(end + 2).split(" ")[NICENESS]]);
  }
  return found;
}

/** Runs often enough to be compiled. */
function work(): number {
  let sum = 0;
  for (let n = 0; n < 1_000_000; n++) sum = (sum * 31 + n) | 0;
  return sum;
}

/** What a call for so many processors makes of the threads that are there before and after it. */
function changed(processors: number): string[] {
  const before = threads();
  new CompilerThreads(processors).giveWay();
  const after = threads();
  return [...before].flatMap(([thread, [name, niceness]]) => {
    const now = after.get(thread)?.[1];
    return now === undefined || now === niceness ? [] : [`${name} ${now}`];
  });
}

test("the threads that compile give way, and no others, where there is more than one processor", () => {
  for (let n = 0; n < 20; n++) work();
  expect(changed(1)).toEqual([]);
  expect(Array.from(threads().values(), ([name]) => name)).toContain("JITWorker");
  expect([...new Set(changed(2))]).toEqual(["JITWorker 10"]);
});
