import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from "node:fs";
import type { ByteString } from "../../config/text.ts";
import { latin1 } from "../../lib/bytes.ts";

const WINDOW_BYTES = 256 * 1024;
const LF = 10;

/** A file that is read as the C library reads it, line by line or so many bytes. What goes wrong is thrown as the system's error. */
export class StdioFile {
  /** Where the next byte is read. */
  at = 0;
  readonly size: number;
  private readonly fd: number;
  private readonly window = new Uint8Array(WINDOW_BYTES);
  private start = 0;
  private end = 0;

  /** `flags` as for open(2), for example "r+". */
  constructor(path: string, flags: string) {
    this.fd = openSync(path, flags);
    this.size = fstatSync(this.fd).size;
  }

  /** The next byte, which stays; -1 at the end of the file. */
  peek(): number {
    if ((this.at < this.start || this.at >= this.end) && !this.fill()) return -1;
    return this.window[this.at - this.start];
  }

  private fill(): boolean {
    const n = readSync(this.fd, this.window, 0, WINDOW_BYTES, this.at);
    this.start = this.at;
    this.end = this.at + n;
    return n > 0;
  }

  /** Reads up to a line break, at most `max` bytes, into `line` and puts a zero behind them. Returns how many, 0 at the end of the file. */
  line(line: Uint8Array, max: number): number {
    let n = 0;
    while (n < max) {
      const byte = this.peek();
      if (byte < 0) break;
      line[n++] = byte;
      this.at++;
      if (byte === LF) break;
    }
    if (n > 0) line[n] = 0;
    return n;
  }

  /** Reads `n` bytes, of which the first go into `head` and the last two into `tail`. Returns how many there were. */
  string(n: number, head: Uint8Array, tail: Uint8Array): number {
    const first = this.at;
    while (this.at < first + n && this.peek() >= 0) {
      const done = this.at - first;
      if (done < head.length) head[done] = this.peek();
      if (done >= n - 2) tail[done - (n - 2)] = this.peek();
      if (done < head.length || done >= n - 2) this.at++;
      else this.at = Math.min(this.end, first + n - 2);
    }
    return this.at - first;
  }

  /** The whole file. */
  text(): ByteString {
    return latin1(readFileSync(this.fd));
  }

  truncate(length: number): void {
    ftruncateSync(this.fd, length);
  }

  close(): void {
    closeSync(this.fd);
  }
}
