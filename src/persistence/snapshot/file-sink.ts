import { type Chunk, ChunkPool, type ChunkSink } from "./chunk.ts";
import type { RdbFile } from "./rdb-file.ts";

/** Writes a snapshot's file at once, for whoever waits for it. */
export class FileSink implements ChunkSink {
  readonly pool = new ChunkPool(2);
  readonly isFull = false;

  constructor(private readonly file: RdbFile) {}

  write(chunk: Chunk): void {
    this.file.write(chunk);
    this.pool.give(chunk);
  }
}
