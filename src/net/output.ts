import { type OwnedBytes, own } from "../lib/bytes.ts";
import { OUTPUT_KEEP_BYTES_MAX } from "../limits.ts";
import { Reply } from "../resp/reply.ts";
import { DirectSender } from "./direct-send.ts";

/** Something that has replies waiting in the gathered output. */
export interface Pending {
  /** Sends what waits, or takes it away from the gathered output. */
  flush(): void;
}

/**
 * The replies of one poll, all connections' in one buffer: a connection's requests are executed in one go, so its replies are one range
 * of it. At the end of the poll each range is sent from here; only what the kernel does not take is copied.
 */
export class GatheredOutput {
  readonly reply = new Reply(64 * 1024);
  readonly sender = new DirectSender();
  private readonly pending: Pending[] = [];

  /** `report` is told what a connection threw. */
  constructor(private readonly report: (error: unknown) => void) {}

  add(connection: Pending): void {
    this.pending.push(connection);
  }

  /**
   * What the kernel did not take of a range: to be called while that is flushed. Copied, unless it is most of a buffer that is not used again
   * anyway: another copy of a reply of many megabytes would keep everybody waiting.
   */
  keep(start: number, len: number): OwnedBytes {
    const { buf } = this.reply;
    const isGiven = buf.length > OUTPUT_KEEP_BYTES_MAX && len * 2 >= buf.length;
    return isGiven ? (buf.subarray(start, start + len) as OwnedBytes) : own(buf, start, len);
  }

  /** Lets every connection send its range, then starts over at the buffer's beginning. */
  flush(): void {
    const { pending, reply } = this;
    // By index: flushing one may add another.
    for (let i = 0; i < pending.length; i++) {
      try {
        pending[i].flush();
      } catch (error) {
        // A bug: it must not keep the others from their replies.
        this.report(error);
      }
    }
    pending.length = 0;
    reply.truncate(0);
    if (reply.buf.length > OUTPUT_KEEP_BYTES_MAX) reply.buf = new Uint8Array(64 * 1024);
  }
}
