import { copyBytes, type OwnedBytes } from "../lib/bytes.ts";
import { QUEUE_GATHER_BYTES } from "../limits.ts";

/** Where bytes are sent to: takes as many as it can and says how many; negative when it is closed. */
export interface Sink {
  write(buf: Uint8Array, start: number, len: number): number;
}

const gather = new Uint8Array(QUEUE_GATHER_BYTES);
/** The items that `gather` holds, whole and in a row: subscribers of one channel are sent the same ones, one after the other. */
const gathered: OwnedBytes[] = [];

/** Bytes that may be sent when the journal acknowledges that offset. */
interface Stretch {
  bytes: number;
  readonly offset: number;
}

/**
 * Replies and messages that wait for a slow client, or for the journal. Messages are shared with other queues: they are read, never changed.
 *
 *     | open: may be sent | stretches, which wait for the journal, in the order of their offsets | pushed since the last `open` or `hold` |
 */
export class SendQueue {
  private items: OwnedBytes[] = [];
  private first = 0;
  /** Bytes of the first item that are sent already. */
  private sent = 0;
  /** Of all parts together, and of the first. */
  bytes = 0;
  private openBytes = 0;
  private heldBytes = 0;
  private readonly held: Stretch[] = [];

  get length(): number {
    return this.items.length - this.first;
  }

  push(item: OwnedBytes): void {
    this.items.push(item);
    this.bytes += item.length;
  }

  /** All that is there may be sent. */
  open(): void {
    this.openBytes = this.bytes;
    this.heldBytes = 0;
    this.held.length = 0;
  }

  /** What is neither open nor held yet waits for the journal to acknowledge an offset, which is not below that of an earlier call. */
  hold(offset: number): void {
    const bytes = this.bytes - this.openBytes - this.heldBytes;
    if (bytes === 0) return;
    this.heldBytes += bytes;
    const last = this.held.at(-1);
    if (last?.offset === offset) last.bytes += bytes;
    else this.held.push({ bytes, offset });
  }

  /** What waited for the journal to acknowledge that offset may be sent. True when nothing waits for it any longer. */
  release(offset: number): boolean {
    const { held } = this;
    while (held.length > 0 && held[0].offset <= offset) {
      const { bytes } = held.shift()!;
      this.openBytes += bytes;
      this.heldBytes -= bytes;
    }
    return held.length === 0;
  }

  /** Sends what may be sent until the sink takes no more. True when it took all of that. */
  drain(sink: Sink): boolean {
    while (this.openBytes > 0) {
      const item = this.items[this.first];
      const left = item.length - this.sent;
      const taken =
        left >= QUEUE_GATHER_BYTES || this.length === 1
          ? this.take(left, sink.write(item, this.sent, left))
          : this.sendGathered(sink);
      if (!taken) return false;
    }
    return true;
  }

  /** Sends several small items with one write. */
  private sendGathered(sink: Sink): boolean {
    const { items, first } = this;
    const room = Math.min(QUEUE_GATHER_BYTES, this.openBytes);
    let len = 0;
    let n = 0;
    // What is partly sent is not a whole item: then everything is copied anew.
    let same = this.sent === 0;
    for (let i = first; i < items.length; i++, n++) {
      const item = items[i];
      const from = i === first ? this.sent : 0;
      if (len + item.length - from > room) break;
      same &&= gathered[n] === item;
      if (!same) {
        copyBytes(item, from, item.length - from, gather, len);
        gathered[n] = item;
      }
      len += item.length - from;
    }
    if (!same) gathered.length = this.sent === 0 ? n : 0;
    return this.take(len, sink.write(gather, 0, len));
  }

  /** Drops what was written. True when that was all of it. */
  private take(offered: number, written: number): boolean {
    if (written < 0) return false;
    this.bytes -= written;
    this.openBytes -= written;
    if (this.bytes === 0) {
      this.restart();
      return true;
    }
    this.sent += written;
    while (this.first < this.items.length && this.sent >= this.items[this.first].length) {
      this.sent -= this.items[this.first].length;
      this.items[this.first++] = NOTHING;
    }
    if (this.first > 1024) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return written === offered;
  }

  private restart(): void {
    this.items.length = 0;
    this.first = 0;
    this.sent = 0;
  }
}

const NOTHING = new Uint8Array(0) as OwnedBytes;
