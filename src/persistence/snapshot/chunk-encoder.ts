import { Crc64 } from "../../lib/crc.ts";
import { LzfCompressor } from "../../lib/lzf.ts";
import { applyMarks, MARKS_SCRATCH_BYTES } from "../rdb/marks.ts";
import { CHUNK_BYTES, type Chunk } from "./chunk.ts";

/** Makes the bytes of a file of its chunks, in their order, and sums them up. */
export class ChunkEncoder {
  /** The bytes of the last chunk. */
  bytes = new Uint8Array(CHUNK_BYTES + MARKS_SCRATCH_BYTES);
  private readonly crc = new Crc64();
  private readonly lzf = new LzfCompressor();

  constructor(private readonly sums: boolean) {}

  /** Puts a chunk, its marked strings compressed, in `bytes`. Returns how many there are. */
  encode({ buf, length, marks, markCount }: Chunk): number {
    const room = length + MARKS_SCRATCH_BYTES;
    // A buffer that a huge record took is not kept.
    if (this.bytes.length < room || this.bytes.length > 2 * CHUNK_BYTES) {
      this.bytes = new Uint8Array(Math.max(room, CHUNK_BYTES + MARKS_SCRATCH_BYTES));
    }
    const count = applyMarks(this.lzf, buf, length, marks, markCount, this.bytes);
    if (this.sums) this.crc.update(this.bytes, 0, count);
    return count;
  }

  /** The checksum of all so far. */
  sum(): bigint {
    return this.crc.value();
  }
}
