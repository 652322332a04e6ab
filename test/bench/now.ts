/** Nanoseconds on the monotonic clock. A benchmark measures real time, so this is its one way to ask for it. */
export function nowNs(): number {
  return Bun.nanoseconds();
}

/** Waits `ms` milliseconds of real time. */
export function pause(ms: number): Promise<void> {
  return Bun.sleep(ms);
}
