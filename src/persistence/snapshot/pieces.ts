import { EMPTY, freeBytes } from "../../lib/bytes.ts";
import { type Compression, MARK_WORDS, RdbOutput } from "../rdb/output.ts";
import { CHUNK_FULL_BYTES, type Chunk, type ChunkPool } from "./chunk.ts";

/** What was written, to be passed on. */
export function chunkOf({ buf, at, marks, markCount }: RdbOutput): Chunk {
  return { buf: buf as Chunk["buf"], length: at, marks: marks as Chunk["marks"], markCount };
}

/** A part of an RDB file that is being written, in chunks. `out` is what to write to; `settle` is to be called after each record. */
export class Pieces {
  readonly out: RdbOutput;
  /** The database that was selected last in this part. */
  private db = -1;

  /** `pass` gets chunks that are full, in their order. */
  constructor(
    private readonly pool: ChunkPool,
    compression: Compression,
    private readonly pass: (chunk: Chunk) => void,
  ) {
    this.out = new RdbOutput(compression, freeBytes, 0);
    this.use(pool.take());
  }

  private use({ buf, marks }: Chunk): void {
    this.out.reset(buf);
    this.out.marks = marks;
  }

  settle(): void {
    if (this.out.at >= CHUNK_FULL_BYTES) this.cut();
  }

  /** Passes on what there is. */
  cut(): void {
    const { out } = this;
    if (out.at === 0) return;
    this.pass(chunkOf(out));
    this.use(this.pool.take());
  }

  /** Nothing more will be written: gives back what there is room in. */
  close(): void {
    const { out } = this;
    if (out.buf === EMPTY) return;
    this.pool.give(chunkOf(out));
    out.reset(EMPTY);
  }

  /** Whether `db` has to be selected before a key of it. */
  selects(db: number): boolean {
    if (this.db === db) return false;
    this.db = db;
    return true;
  }

  /** Whatever was selected before, the next key has its database selected anew. */
  selectsNone(): void {
    this.db = -1;
  }

  /** What was written elsewhere follows: passed on, or copied when it is little. */
  append(chunk: Chunk): void {
    const { out } = this;
    if (out.at + chunk.length > CHUNK_FULL_BYTES) {
      this.cut();
      this.pass(chunk);
      return;
    }
    const from = out.at;
    out.bytes(chunk.buf, 0, chunk.length);
    for (let m = 0; m < chunk.markCount * MARK_WORDS; m += MARK_WORDS) {
      out.mark(from + chunk.marks[m], chunk.marks[m + 1]);
    }
    this.pool.give(chunk);
  }
}
