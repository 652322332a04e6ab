import { dlopen } from "bun:ffi";

const PRIO_PROCESS = 0;
const CALLER = 0;
/** A tenth of a processor that another thread wants, too: enough to get on, and whoever wakes up takes the processor over at once. */
const NICENESS = 10;

/**
 * Leaves most of the processor to other threads than the calling one: on Linux setpriority(2) is about a single thread. Where that can't be
 * asked for, the thread keeps its share.
 */
export function giveWay(): void {
  try {
    const library = dlopen("libc.so.6", { setpriority: { args: ["i32", "u32", "i32"], returns: "i32" } });
    library.symbols.setpriority(PRIO_PROCESS, CALLER, NICENESS);
  } catch {
    // Not glibc.
  }
}
