import { dlopen } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const PRIO_PROCESS = 0;
const CALLER = 0;
/** A tenth of a processor that another thread wants, too: enough to get on, and whoever wakes up takes the processor over at once. */
const NICENESS = 10;

type SetPriority = (which: number, thread: number, niceness: number) => number;
let loaded: SetPriority | undefined;
let tried = false;

/** The system call, which on Linux is about a single thread, or nothing where the C library is another one: then threads keep their share. */
function loadSetPriority(): SetPriority | undefined {
  if (tried) return loaded;
  tried = true;
  try {
    const library = dlopen("libc.so.6", { setpriority: { args: ["i32", "u32", "i32"], returns: "i32" } });
    loaded = library.symbols.setpriority as unknown as SetPriority;
  } catch {
    // Not glibc.
  }
  return loaded;
}

/** Leaves most of the processor to other threads than the calling one. */
export function giveWay(): void {
  loadSetPriority()?.(PRIO_PROCESS, CALLER, NICENESS);
}

const THREADS = "/proc/self/task";
/** What the engine calls the threads that compile; those that help with a collection, which others wait for, are called otherwise. */
const COMPILER = "JITWorker\n";

/**
 * The threads that compile what runs often. They work beside the code that still has to do without their result, and take the processor from it
 * where there are few. They come and go: those that have come since the last time are looked for each time.
 */
export class CompilerThreads {
  private known = new Set<string>();

  /** `processors`: what the process may use. */
  constructor(private readonly processors = availableParallelism()) {}

  /**
   * Lets them leave most of the processor to others. Takes some microseconds. Where there is only one, beside a busy main thread they would
   * hardly come to an end, and everything would stay slow for long: there they keep their share.
   */
  giveWay(): void {
    if (this.processors < 2) return;
    try {
      const threads = readdirSync(THREADS);
      for (const thread of threads) if (!this.known.has(thread)) this.look(thread);
      this.known = new Set(threads);
    } catch {
      // No such folder, or a thread that is gone already.
    }
  }

  private look(thread: string): void {
    if (readFileSync(`${THREADS}/${thread}/comm`, "latin1") !== COMPILER) return;
    loadSetPriority()?.(PRIO_PROCESS, Number(thread), NICENESS);
  }
}
