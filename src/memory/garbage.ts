/** Growth of the process beside its data after which all garbage is looked for. */
const GROWTH_BYTES = 24 * 1024 * 1024;

/**
 * Has the collector look at everything when the process has grown beside its data.
 *
 * By itself it mostly looks at what is new. What was in use at such a moment stays until it looks at everything, which it does when the heap has
 * grown in proportion to all it counts, and it counts the arena: at full speed that is a hundred megabytes of requests and replies of
 * long ago.
 */
export class GarbageWatch {
  private leastBytes = Number.POSITIVE_INFINITY;
  private hasCollected = false;

  constructor(private readonly collect: () => void) {}

  /** To be called every few seconds with the resident bytes that are not data. */
  look(bytes: number): void {
    // What a collection has left is in use.
    this.leastBytes = this.hasCollected ? bytes : Math.min(this.leastBytes, bytes);
    this.hasCollected = bytes > this.leastBytes + GROWTH_BYTES;
    if (this.hasCollected) this.collect();
  }
}
