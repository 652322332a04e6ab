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

test("the threads that compile give way, and no others", () => {
  for (let n = 0; n < 20; n++) work();
  const before = threads();
  new CompilerThreads().giveWay();
  const after = threads();
  for (const [thread, [name, niceness]] of before) {
    const now = after.get(thread);
    if (now !== undefined) expect([name, now[1]]).toEqual([name, name === "JITWorker" ? "10" : niceness]);
  }
  expect(Array.from(before.values(), ([name]) => name)).toContain("JITWorker");
});
