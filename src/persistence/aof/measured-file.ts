import type { Clock } from "../../lib/clock.ts";
import { DELAYS, type LatencyMonitor } from "../../observe/latency.ts";
import type { AppendFile } from "./append-file.ts";

/**
 * Another file whose delays the latency monitor is told of, while it is on: of what the main loop waits for, and of writes that another
 * thread does because a sync is running. It can be slowed down, for tests of what must wait for the file.
 */
export class MeasuredFile implements AppendFile {
  private syncing = false;

  constructor(
    private readonly file: AppendFile,
    private readonly latency: LatencyMonitor,
    private readonly clock: Clock,
    private readonly circumstances: { readonly writeDelayUs: number; readonly isSaving: boolean },
  ) {}

  get error(): string {
    return this.file.error;
  }

  append(buf: Uint8Array, start: number, len: number): number {
    const { writeDelayUs } = this.circumstances;
    if (writeDelayUs > 0) Bun.sleepSync(writeDelayUs / 1000);
    if (!this.latency.isOn) return this.file.append(buf, start, len);
    const startUs = this.clock.monotonicUs();
    const written = this.file.append(buf, start, len);
    this.note(DELAYS.aofWrite, startUs);
    this.note(this.writing, startUs);
    return written;
  }

  /** What a write that begins now is called. */
  private get writing(): string {
    if (this.syncing) return DELAYS.aofWriteDuringSync;
    return this.circumstances.isSaving ? DELAYS.aofWriteDuringSnapshot : DELAYS.aofWriteAlone;
  }

  appendAside(buf: Uint8Array, start: number, len: number, done: (written: number) => void): void {
    const { writeDelayUs } = this.circumstances;
    if (writeDelayUs > 0) setTimeout(() => this.pass(buf, start, len, done), writeDelayUs / 1000);
    else this.pass(buf, start, len, done);
  }

  private pass(buf: Uint8Array, start: number, len: number, done: (written: number) => void): void {
    const startUs = this.clock.monotonicUs();
    const event = this.writing;
    this.file.appendAside(buf, start, len, (written) => {
      this.note(event, startUs);
      done(written);
    });
  }

  truncate(length: number): boolean {
    return this.file.truncate(length);
  }

  syncNow(): boolean {
    const startUs = this.clock.monotonicUs();
    const synced = this.file.syncNow();
    this.note(DELAYS.aofSync, startUs);
    return synced;
  }

  sync(done: (error: string) => void): void {
    this.syncing = true;
    this.file.sync((error) => {
      this.syncing = false;
      done(error);
    });
  }

  close(): void {
    this.file.close();
  }

  private note(event: string, startUs: number): void {
    this.latency.add(event, this.clock.monotonicUs() - startUs, this.clock.unixMs());
  }
}
