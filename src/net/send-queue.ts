import { copyBytes, type OwnedBytes } from "../lib/bytes.ts";
import { QUEUE_GATHER_BYTES } from "../limits.ts";

/** Where bytes are sent to: takes as many as it can and says how many; negative when it is closed. */
export interface Sink {
  write(buf: Uint8Array, start: number, len: number): number;
}

const gather = new Uint8Array(QUEUE_GATHER_BYTES);
/** The items that `gather` holds, whole and in a row: subscribers of one channel are sent the same ones, one after the other. */
const gathered: OwnedBytes[] = [];

/** Replies and messages that wait for a slow client. Messages are shared with other queues: they are read, never changed. */
export class SendQueue {
  private items: OwnedBytes[] = [];
  private first = 0;
  /** Bytes of the first item that are sent already. */
  private sent = 0;
  bytes = 0;

  get length(): number {
    return this.items.length - this.first;
  }

  push(item: OwnedBytes): void {
    this.items.push(item);
    this.bytes += item.length;
  }

  /** Sends until the sink takes no more. True when the queue is empty. */
  drain(sink: Sink): boolean {
    while (this.bytes > 0) {
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
    let len = 0;
    let n = 0;
    // What is partly sent is not a whole item: then everything is copied anew.
    let same = this.sent === 0;
    for (let i = first; i < items.length; i++, n++) {
      const item = items[i];
      const from = i === first ? this.sent : 0;
      if (len + item.length - from > QUEUE_GATHER_BYTES) break;
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
