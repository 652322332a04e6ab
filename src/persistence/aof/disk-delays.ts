import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../observe/log.ts";

/** A sync that keeps the next one waiting this long is counted and logged, as in Redis. */
const SLOW_SYNC_MS = 2000;
/** A write that takes this long, and longer than copying does, had to wait: the system's limit of unwritten pages is reached. */
const SLOW_WRITE_US = 10_000;
const COPIED_BYTES_PER_US = 256;
/** The next writes will have to wait, too, for about so long. */
const SLOW_SPELL_US = 1_000_000;

/** How long the disk lets the journal wait. */
export class DiskDelays {
  /** How often a sync was so slow that the next one had to wait two seconds. */
  slowSyncs = 0;
  private waitsSinceMs = 0;
  private slowUntilUs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Writes were slow lately. */
  get isSlow(): boolean {
    if (this.slowUntilUs === 0) return false;
    if (this.nowUs < this.slowUntilUs) return true;
    this.slowUntilUs = 0;
    return false;
  }

  get nowUs(): number {
    return this.clock.monotonicUs();
  }

  /** A write has ended. */
  written(bytes: number, startUs: number): void {
    const { nowUs } = this;
    if (nowUs - startUs >= SLOW_WRITE_US + bytes / COPIED_BYTES_PER_US) this.slowUntilUs = nowUs + SLOW_SPELL_US;
  }

  syncBegins(): void {
    this.waitsSinceMs = 0;
  }

  /** Something was appended that the sync which is running does not cover. */
  syncWaits(): void {
    const nowMs = this.clock.unixMs();
    if (this.waitsSinceMs === 0) this.waitsSinceMs = nowMs;
    if (nowMs - this.waitsSinceMs < SLOW_SYNC_MS) return;
    this.waitsSinceMs = 0;
    this.slowSyncs++;
    this.log.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, " +
        "this may slow down Redis.",
    );
  }

  /** To be called once a second while a sync runs. */
  watch(): void {
    if (this.waitsSinceMs !== 0) this.syncWaits();
  }
}
