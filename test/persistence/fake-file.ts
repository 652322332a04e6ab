import type { AppendFile } from "../../src/persistence/aof/append-file.ts";

/** How a byte of the file stands towards the disk. A sync that fails makes the system forget that bytes were not written. */
type Standing = "dirty" | "durable" | "forgotten";

/** A file in memory that fails as it is told to. */
export class FakeFile implements AppendFile {
  error = "";
  bytes = Buffer.alloc(0);
  /** Bytes the disk has room for. */
  room = Number.POSITIVE_INFINITY;
  canTruncate = true;
  canSync = true;
  closed = false;
  /** The calls that reached the file. */
  readonly calls: string[] = [];
  private standing: Standing[] = [];
  /** Of `syncNow`: a sync that runs meanwhile is told of them, too. */
  private failures = 0;
  private pendingSyncs: (() => void)[] = [];
  private pendingWrite: (() => void) | undefined;

  /** Called before each write of the main loop. */
  onAppend: () => void = () => {};

  append(buf: Uint8Array, start: number, len: number): number {
    this.onAppend();
    return this.put(buf, start, len, this.bytes.length, "append");
  }

  appendAside(buf: Uint8Array, start: number, len: number, done: (written: number) => void): void {
    if (this.pendingWrite !== undefined) throw new Error("two writes at once");
    this.calls.push(`aside ${len}`);
    const at = this.bytes.length;
    this.pendingWrite = () => done(this.put(buf, start, len, at, "aside"));
  }

  /** Ends the write that runs off the main loop. */
  finishWrite(): void {
    const finish = this.pendingWrite;
    this.pendingWrite = undefined;
    finish?.();
  }

  get isWriting(): boolean {
    return this.pendingWrite !== undefined;
  }

  private put(buf: Uint8Array, start: number, len: number, at: number, how: string): number {
    if (this.closed) throw new Error("the file is closed");
    const n = Math.max(0, Math.min(len, this.room - at));
    this.calls.push(`${how} ${n}/${len}`);
    this.bytes = Buffer.concat([
      this.bytes.subarray(0, at),
      buf.subarray(start, start + n),
      this.bytes.subarray(at + n),
    ]);
    // What is written a second time is the same.
    for (let i = at; i < at + n; i++) if (this.standing[i] !== "durable") this.standing[i] = "dirty";
    if (n < len) this.error = "No space left on device";
    return n;
  }

  truncate(length: number): boolean {
    if (this.isWriting) throw new Error("cut while it is written");
    this.calls.push(`truncate ${length}`);
    if (!this.canTruncate) {
      this.error = "Input/output error";
      return false;
    }
    this.bytes = this.bytes.subarray(0, length);
    this.standing.length = length;
    return true;
  }

  syncNow(): boolean {
    this.calls.push("syncNow");
    this.settle(this.standing.length);
    if (!this.canSync) this.failures++;
    return this.canSync;
  }

  sync(done: (error: string) => void): void {
    this.calls.push("sync");
    const { length } = this.standing;
    const { failures } = this;
    this.pendingSyncs.push(() => {
      // A failure may have hit what was written since as well.
      this.settle(this.canSync ? length : this.standing.length);
      done(this.canSync && this.failures === failures ? "" : this.error);
    });
  }

  /** Ends the syncs that run off the main loop. */
  finishSyncs(): void {
    for (const finish of this.pendingSyncs.splice(0)) finish();
  }

  get syncsInFlight(): number {
    return this.pendingSyncs.length;
  }

  close(): void {
    if (this.isWriting) throw new Error("closed while it is written");
    this.closed = true;
  }

  /** Whether every byte is on the disk for certain. */
  get isDurable(): boolean {
    return this.durableBytes === this.bytes.length;
  }

  /** So many bytes from the beginning are on the disk for certain. */
  get durableBytes(): number {
    const first = this.standing.findIndex((one) => one !== "durable");
    return first < 0 ? this.bytes.length : first;
  }

  private settle(length: number): void {
    if (!this.canSync) this.error = "Input/output error";
    const to: Standing = this.canSync ? "durable" : "forgotten";
    for (let i = 0; i < Math.min(length, this.standing.length); i++) {
      if (this.standing[i] === "dirty") this.standing[i] = to;
    }
  }
}
