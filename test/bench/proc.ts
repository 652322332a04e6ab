/**
 * Figures of another process from /proc (Linux).
 *
 * Processor time is summed over the threads' `schedstat`, which counts nanoseconds; `stat` counts ticks of 10 ms but also keeps
 * the time of threads that have ended. `cpuBetween` takes the finer figure unless an ended thread made it lose time.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

const NS_PER_TICK = 10_000_000;
/** Two tick readings are each up to a tick off; more than this is a thread that ended between them. */
const TICK_SLACK_NS = 3 * NS_PER_TICK;

/** Processor time used so far: nanoseconds per living thread, and of the whole process by its tick counter. */
export interface CpuReading {
  threadsNs: ReadonlyMap<string, number>;
  processNs: number;
}

/** One thread's life on the run queue: nanoseconds running, and nanoseconds ready but kept waiting for a core. */
export interface SchedReading {
  runNs: number;
  waitNs: number;
}

/** utime + stime, in nanoseconds, of a `/proc/<pid>/stat` line. The name in brackets may hold blanks and brackets. */
export function parseStatNs(text: string): number {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * NS_PER_TICK;
}

/** As `parseStatNs`, with the time of children that have ended and been waited for. */
export function parseFamilyNs(text: string): number {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * NS_PER_TICK;
}

/** The first two fields of a `schedstat` line. */
export function parseSchedstat(text: string): SchedReading {
  const fields = text.split(" ");
  return { runNs: Number(fields[0]), waitNs: Number(fields[1]) };
}

/** VmRSS of a `/proc/<pid>/status` text, in bytes; 0 when the process has none (a zombie). */
export function parseRssBytes(text: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(text);
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Nanoseconds of processor time that a process used between two readings. */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let threadsNs = 0;
  for (const [thread, ns] of after.threadsNs) threadsNs += ns - (before.threadsNs.get(thread) ?? 0);
  const processNs = after.processNs - before.processNs;
  return processNs - threadsNs > TICK_SLACK_NS ? processNs : threadsNs;
}

export function readCpu(pid: number): CpuReading {
  const threadsNs = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readIfThere(`/proc/${pid}/task/${thread}/schedstat`);
    if (text !== null) threadsNs.set(thread, parseSchedstat(text).runNs);
  }
  return { threadsNs, processNs: parseStatNs(readFileSync(`/proc/${pid}/stat`, "utf8")) };
}

/** Processor time that a process used so far, and its children that have ended, in nanoseconds. */
export function readFamilyNs(pid: number): number {
  return parseFamilyNs(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Resident memory in bytes. */
export function readRssBytes(pid: number): number {
  return parseRssBytes(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Reads a process's main thread's run-queue wait again and again at little cost; `close` it at the end. */
export class WaitMeter {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(128);

  constructor(pid: number) {
    this.#fd = openSync(`/proc/${pid}/task/${pid}/schedstat`, "r");
  }

  readNs(): number {
    const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
    return parseSchedstat(this.#buffer.toString("latin1", 0, length)).waitNs;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

// A thread may end between the listing and the reading.
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Milliseconds, of all processors, in which this virtual machine had work and its host ran something else, since the start. */
export function readStolenMs(): number {
  const [, ...ticks] = readFileSync("/proc/stat", "latin1").split("\n", 1)[0].split(/\s+/);
  return (Number(ticks[7] ?? 0) * NS_PER_TICK) / 1e6;
}
