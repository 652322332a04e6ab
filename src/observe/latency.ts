const SAMPLES_MAX = 160;

/** A delay: when it was (Unix seconds) and how long (ms). */
export interface Delay {
  readonly unixSeconds: number;
  readonly ms: number;
}

/** The last delays of one kind of event, at most one a second, the oldest first. */
export class Delays {
  readonly samples: Delay[] = [];
  /** The longest of all, also of those that are forgotten. */
  maxMs = 0;

  add(ms: number, unixSeconds: number): void {
    this.maxMs = Math.max(this.maxMs, ms);
    const last = this.samples.at(-1);
    if (last?.unixSeconds === unixSeconds) {
      if (ms > last.ms) this.samples[this.samples.length - 1] = { unixSeconds, ms };
      return;
    }
    this.samples.push({ unixSeconds, ms });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }
}

/** What is measured, with Redis's names as far as Redis has it. */
export const DELAYS = {
  /** Commands without and with the flag `fast`. */
  command: "command",
  fastCommand: "fast-command",
  /** A turn of the event loop, and how late its periodic timer was. */
  turn: "eventloop-turn",
  lag: "eventloop-lag",
  /** A slice of removing keys whose time has come. */
  expireCycle: "expire-cycle",
  /** A slice of freeing what was deleted; Redis does that in a thread. */
  freeCycle: "free-cycle",
  /** A slice of saving the data; Redis has a process for that, and `fork` for what it takes to make it. */
  snapshotCycle: "snapshot-cycle",
  /** Evicting keys until there is room or the time for it is over; choosing and deleting one of them. */
  evictionCycle: "eviction-cycle",
  evictionDeletion: "eviction-del",
  /** A slice of looking through all keys for the biggest. */
  searchCycle: "big-keys-cycle",
  /** A slice of moving data that is scattered. */
  defragCycle: "active-defrag-cycle",
  /** Writing the append-only file: in any case, while it is being synced, else while a snapshot or a base is made, and otherwise. */
  aofWrite: "aof-write",
  aofWriteDuringSync: "aof-write-pending-fsync",
  aofWriteDuringSnapshot: "aof-write-active-child",
  aofWriteAlone: "aof-write-alone",
  /** Removing the file of a save that was given up. */
  unlinkTemporary: "rdb-unlink-temp-file",
  /** Syncing it when every write must be. */
  aofSync: "aof-fsync-always",
} as const;

/** Remembers what held the server up. */
export class LatencyMonitor {
  /** Milliseconds from which on a delay is remembered; 0: none is. */
  thresholdMs = 0;
  private readonly events = new Map<string, Delays>();

  get isOn(): boolean {
    return this.thresholdMs > 0;
  }

  /** Something took so long, measured with the monotonic clock; remembered if it is worth it. */
  add(event: string, microseconds: number, nowMs: number): void {
    const ms = Math.floor(microseconds / 1000);
    if (!this.isOn || ms < this.thresholdMs) return;
    let delays = this.events.get(event);
    if (delays === undefined) this.events.set(event, (delays = new Delays()));
    delays.add(ms, Math.floor(nowMs / 1000));
  }

  get(event: string): Delays | undefined {
    return this.events.get(event);
  }

  /** All kinds of events there were. */
  [Symbol.iterator](): IterableIterator<[string, Delays]> {
    return this.events.entries();
  }

  /** Forgets a kind of event. False when there was none. */
  forget(event: string): boolean {
    return this.events.delete(event);
  }

  /** Forgets everything. Returns how many kinds of events there were. */
  reset(): number {
    const { size } = this.events;
    this.events.clear();
    return size;
  }
}
