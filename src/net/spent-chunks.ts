import { freeBytes } from "../lib/bytes.ts";
import { SPENT_CHUNK_BYTES_MIN } from "../limits.ts";

/**
 * Received chunks that nothing looks at any more after the poll.
 *
 * Bun makes an ArrayBuffer of its own for each chunk. The collector counts the arena as heap, so the more data there is, the later it looks
 * for garbage: clients that write at full speed would fill hundreds of megabytes with requests executed long ago. Detaching a buffer frees
 * its memory at once. It takes a microsecond, which is why short chunks are left to the collector.
 */
export class SpentChunks {
  private chunks: Uint8Array[] = [];

  add(chunk: Uint8Array): void {
    if (chunk.length >= SPENT_CHUNK_BYTES_MIN) this.chunks.push(chunk);
  }

  /** To be called when the journal has taken over what it was given of them. */
  release(): void {
    const { chunks } = this;
    for (const chunk of chunks) freeBytes(chunk);
    chunks.length = 0;
  }
}
