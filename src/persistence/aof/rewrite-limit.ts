import type { Log } from "../../observe/log.ts";

/** So many failures in a row are tried again at once. */
const FREE_FAILURES = 3;
const MINUTE_MS = 60_000;
const PAUSE_MINUTES_MAX = 60;

/** Makes pauses, twice as long each time, between rewrites that fail one after the other, as Redis does. */
export class RewriteLimit {
  /** How many failed in a row. */
  failures = 0;
  private pauseMinutes = 0;
  private untilMs = 0;

  constructor(private readonly log: Log) {}

  failed(): void {
    this.failures++;
  }

  reset(): void {
    this.failures = this.pauseMinutes = this.untilMs = 0;
  }

  /** Whether the next one has to wait. */
  holds(nowMs: number): boolean {
    if (this.failures < FREE_FAILURES) return false;
    if (this.untilMs > 0) {
      if (nowMs < this.untilMs) return true;
      this.untilMs = 0;
      return false;
    }
    this.pauseMinutes = Math.min(PAUSE_MINUTES_MAX, Math.max(1, this.pauseMinutes * 2));
    this.untilMs = nowMs + this.pauseMinutes * MINUTE_MS;
    this.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.pauseMinutes} minutes`,
    );
    return true;
  }
}
