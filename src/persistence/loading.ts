import type { LoadProgress, ServerContext } from "../command/context.ts";
import { nextTurn } from "../lib/next-turn.ts";

/** Clients are answered between two slices. */
const SLICE_US = 5000;
/** How often the log tells how far it is. */
const PROGRESS_US = 5_000_000;

type Step = (untilUs: number) => boolean | Promise<void>;

/** How far the loading of files is, and the slices in which it is done. */
export class Loading implements LoadProgress {
  readonly startedMs: number;
  totalBytes = 0;
  loadedBytes = 0;
  usedMemoryBytes = 0;
  private readonly startedUs: number;
  private toldUs: number;

  /** `what`: what is loaded, for the log. */
  constructor(
    protected readonly context: ServerContext,
    private readonly what: string,
  ) {
    this.startedMs = context.clock.unixMs();
    this.startedUs = this.toldUs = context.clock.monotonicUs();
  }

  /**
   * Calls `step` with the time at which it should stop until it says true; between two calls the event loop runs, and if it returned a promise,
   * until that is resolved. `loaded` tells how many bytes have been dealt with. While `step` runs no key's time comes.
   */
  protected async inSlices(step: Step, loaded: () => number): Promise<void> {
    for (let result = this.slice(step); result !== true; result = this.slice(step)) {
      this.loadedBytes = loaded();
      this.tell();
      await (result === false ? nextTurn() : result);
    }
    this.loadedBytes = loaded();
  }

  private slice(step: Step): ReturnType<Step> {
    return this.stepUntil(step, this.context.clock.monotonicUs() + SLICE_US);
  }

  /** One step, during which no key's time comes. */
  protected stepUntil(step: Step, untilUs: number): ReturnType<Step> {
    const { keyspace, clock } = this.context;
    keyspace.nowMs = 0;
    try {
      return step(untilUs);
    } finally {
      keyspace.setNow(clock.unixMs());
    }
  }

  get etaSeconds(): number {
    const elapsed = (this.context.clock.monotonicUs() - this.startedUs) / 1e6;
    return Math.ceil((elapsed * (this.totalBytes - this.loadedBytes)) / (this.loadedBytes + 1));
  }

  private tell(): void {
    const nowUs = this.context.clock.monotonicUs();
    if (nowUs - this.toldUs < PROGRESS_US) return;
    this.toldUs = nowUs;
    const { loadedBytes, totalBytes } = this;
    const percent = ((loadedBytes * 100) / totalBytes).toFixed(2);
    this.context.log.notice(
      `Loading ${this.what}: ${percent}% (${loadedBytes} of ${totalBytes} bytes), about ${this.etaSeconds} seconds left`,
    );
  }

  protected secondsSince(us = this.startedUs): string {
    return `${((this.context.clock.monotonicUs() - us) / 1e6).toFixed(3)} seconds`;
  }
}
