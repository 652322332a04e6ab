import type { Journal } from "../../src/command/context.ts";

/** A journal that gives what is appended to `append`, and has everything on the disk at once. */
export function fakeJournal(append: Journal["append"]): Journal {
  return {
    append,
    appendSteady: append,
    flush: () => true,
    settle: () => true,
    wantSync() {},
    lastError: "",
    end: 0,
    acknowledged: 0,
    durable: 0,
  };
}
