import { freeBytes } from "../../lib/bytes.ts";

/** Bytes of an RDB file on their way to the disk: the first `length` of `buf`, in which the marked strings may still be compressed. */
export interface Chunk {
  buf: Uint8Array<ArrayBuffer>;
  length: number;
  marks: Int32Array<ArrayBuffer>;
  markCount: number;
}

/** Buffers have this size, unless a record is larger. */
export const CHUNK_BYTES = 256 * 1024;
/** A buffer that is filled so far is passed on: what follows is then seldom too large for it. */
export const CHUNK_FULL_BYTES = CHUNK_BYTES - 16 * 1024;
const MARKS = 4096;

/** Buffers that wait to be used again. The memory of those that are too many, or too large, is given back at once. */
export class ChunkPool {
  private readonly free: Chunk[] = [];

  constructor(private readonly keep: number) {}

  take(): Chunk {
    return (
      this.free.pop() ?? { buf: new Uint8Array(CHUNK_BYTES), length: 0, marks: new Int32Array(MARKS), markCount: 0 }
    );
  }

  give(chunk: Chunk): void {
    if (chunk.buf.length === CHUNK_BYTES && this.free.length < this.keep) this.free.push(chunk);
    else freeChunk(chunk);
  }

  /** Keeps none. */
  clear(): void {
    for (const chunk of this.free.splice(0)) freeChunk(chunk);
  }
}

function freeChunk({ buf, marks }: Chunk): void {
  freeBytes(buf);
  freeBytes(marks);
}

/** Where the bytes of a file go, in their order. */
export interface ChunkSink {
  readonly pool: ChunkPool;
  /** Takes a chunk over. */
  write(chunk: Chunk): void;
  /** So much is on its way that whoever can wait should. */
  readonly isFull: boolean;
}
