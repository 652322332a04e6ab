import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../observe/log.ts";

/** A failed write is tried again after this, not in every poll: each try may fill the disk and be cut off again. */
const RETRY_MS = 100;
/** Redis says at most every 30 seconds that it can't write. */
const LOG_PAUSE_MS = 30_000;

/** That the journal can't write, for whoever is to know of it. */
export class WriteFailure {
  /** In the operating system's words; "" when all is well. */
  error = "";
  /** The log was told of the last one. */
  private told = false;
  private atMs = 0;
  private loggedMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** It is too early for another try. */
  get isFresh(): boolean {
    return this.error !== "" && this.clock.unixMs() - this.atMs < RETRY_MS;
  }

  happened(error: string, message: string): void {
    this.error = error;
    this.atMs = this.clock.unixMs();
    this.told = this.atMs - this.loggedMs >= LOG_PAUSE_MS;
    if (!this.told) return;
    this.loggedMs = this.atMs;
    this.log.warning(message);
  }

  /** What could not be written is in the file. */
  solved(): void {
    if (this.error === "") return;
    this.error = "";
    this.loggedMs = 0;
    this.log.warning("AOF write error looks solved, Redis can write again.");
  }

  /** Part of what could not be written could not be cut off either. */
  staysInFile(error: string): void {
    if (!this.told) return;
    this.log.warning(
      "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  " +
        `ftruncate: ${error}`,
    );
  }
}
