/** Nanoseconds on the monotonic clock. A benchmark measures real time, so this is its one way to ask for it. */
export function nowNs(): number {
  return Bun.nanoseconds();
}

/** Waits `ms` milliseconds of real time. */
export function pause(ms: number): Promise<void> {
  return Bun.sleep(ms);
}

/**
 * How long a server is left alone before its resident memory is read: what a collector or allocator gives back by itself, and the buffers of connections that
 * have become silent, may go first, and go-redis lets go of idle code every ten seconds. Without it one figure of a pair has that code and the other has not.
 */
const SETTLE_MS = 11_000;
const SETTLE_MS_QUICK = 20;

export function settle(quick: boolean): Promise<void> {
  return pause(quick ? SETTLE_MS_QUICK : SETTLE_MS);
}
