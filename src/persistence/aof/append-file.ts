import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  write,
  writeSync,
} from "node:fs";
import type { FileSink } from "bun";
import { osErrorText } from "../../lib/os-errors.ts";

const MODE = 0o644;

/**
 * A file that only grows at its end. Nothing throws: what goes wrong is told by the result, and in `error` in the operating system's
 * words ("No space left on device").
 */
export interface AppendFile {
  /** Why the last call fell short. */
  readonly error: string;
  /** Writes a range at the end of the file. Returns how many of its bytes are in the file now; fewer than `len`: see `error`. */
  append(buf: Uint8Array, start: number, len: number): number;
  /**
   * Does so off the main loop, then tells how many bytes are in the file. Meanwhile the range must not change, the file must not be cut, and
   * what `append` gets must begin with the same bytes.
   */
  appendAside(buf: Uint8Array, start: number, len: number, done: (written: number) => void): void;
  /** Cuts the file to `length` bytes. */
  truncate(length: number): boolean;
  /** Waits until all that was appended is on the disk. */
  syncNow(): boolean;
  /** Does so off the main loop, then tells the error, "" for none. */
  sync(done: (error: string) => void): void;
  close(): void;
}

/**
 * `Bun.file(fd).writer()` on a descriptor opened for appending.
 *
 * The writer was put to the test with full disks and file size limits (test/persistence/disk-full.test.ts). What must be known of it:
 * 1. `write` of 4 KiB or more is one write(2) of the caller's bytes; less is copied, and written by `flush`. Nothing is left for later.
 * 2. On an error `write` returns a rejected promise, or `flush` throws. The promise is settled when it is returned, so
 *    `Bun.peek` has the error at once. A promise that is still pending would mean a file that is no regular one; `open` refuses those.
 * 3. After an error the writer has dropped what it could not write and never tries again by itself. How much of it is in the file
 *    only the file's own length tells, which is ours alone to change.
 *
 * What another thread writes goes to its place and not just to the end, so that it does not matter if it is written twice.
 * While `sync` runs in another thread, `syncNow` may run here. They use different openings of the file: of one opening, whichever asked
 * first would be told of an error, and the other that all is well.
 */
export class WriterFile implements AppendFile {
  error = "";
  private readonly writer: FileSink;
  /** `appendAside` is at work. */
  private isAside = false;

  /** `syncFd`: another opening of the file. The system tells each of them, once, of a write that failed after the call. */
  private constructor(
    private readonly fd: number,
    private readonly syncFd: number,
    private length: number,
  ) {
    this.writer = Bun.file(fd).writer();
  }

  /** Opens a file, which is made if it is not there. Throws the operating system's error. */
  static open(path: string): WriterFile {
    const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, MODE);
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      closeSync(fd);
      throw new Error("Not a regular file");
    }
    return new WriterFile(fd, openSync(path, constants.O_WRONLY), stat.size);
  }

  /** Bytes in the file. */
  get size(): number {
    return this.length;
  }

  append(buf: Uint8Array, start: number, len: number): number {
    const failure = this.isAside ? this.writeAgain(buf, start, len) : this.write(buf.subarray(start, start + len));
    if (failure === undefined) {
      this.length += len;
      return len;
    }
    return this.fellShort(failure);
  }

  /** Returns what was written nevertheless. */
  private fellShort(failure: unknown): number {
    this.error = osErrorText(failure);
    const before = this.length;
    this.length = fstatSync(this.fd).size;
    return Math.max(0, this.length - before);
  }

  /** Where `appendAside` is writing the same, through the opening that does not append. Returns the error. */
  private writeAgain(buf: Uint8Array, start: number, len: number): unknown {
    try {
      for (let at = 0; at < len; ) at += writeSync(this.syncFd, buf, start + at, len - at, this.length + at);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  appendAside(buf: Uint8Array, start: number, len: number, done: (written: number) => void): void {
    const from = this.length;
    this.isAside = true;
    const next = (at: number) => {
      write(this.syncFd, buf, start + at, len - at, from + at, (error, written) => {
        if (!error && at + written < len) {
          next(at + written);
          return;
        }
        this.isAside = false;
        if (error) this.fellShort(error);
        else this.length = Math.max(this.length, from + len);
        done(Math.min(len, this.length - from));
      });
    };
    next(0);
  }

  /** Returns the error. */
  private write(bytes: Uint8Array): unknown {
    let written: number | Promise<number>;
    try {
      written = this.writer.write(bytes);
      if (typeof written === "number") this.writer.flush();
    } catch (error) {
      return error;
    }
    return typeof written === "number" ? undefined : settledError(written);
  }

  truncate(length: number): boolean {
    try {
      ftruncateSync(this.fd, length);
      this.length = length;
      return true;
    } catch (error) {
      this.error = osErrorText(error);
      return false;
    }
  }

  syncNow(): boolean {
    try {
      fdatasyncSync(this.syncFd);
      return true;
    } catch (error) {
      this.error = osErrorText(error);
      return false;
    }
  }

  sync(done: (error: string) => void): void {
    fdatasync(this.fd, (error) => {
      if (!error) done("");
      // The other opening has the same error to tell; it must not be told when what it was about has been made good.
      else fdatasync(this.syncFd, () => done(osErrorText(error)));
    });
  }

  close(): void {
    void this.writer.end();
    closeSync(this.syncFd);
    closeSync(this.fd);
  }
}

function settledError(promise: Promise<number>): unknown {
  promise.catch(() => {});
  const status = Bun.peek.status(promise);
  if (status === "pending") throw new Error("the writer of a regular file left a write pending");
  return status === "rejected" ? Bun.peek(promise) : undefined;
}
