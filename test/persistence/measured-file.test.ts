import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/lib/clock.ts";
import { LatencyMonitor } from "../../src/observe/latency.ts";
import type { AppendFile } from "../../src/persistence/aof/append-file.ts";
import { MeasuredFile } from "../../src/persistence/aof/measured-file.ts";

/** A file that takes its time. */
class SlowFile implements AppendFile {
  readonly error = "";
  ended: (error: string) => void = () => {};
  written: () => void = () => {};

  constructor(private readonly clock: ManualClock) {}

  append(_buf: Uint8Array, _start: number, len: number): number {
    this.clock.advance(30);
    return len;
  }

  appendAside(_buf: Uint8Array, _start: number, len: number, done: (written: number) => void): void {
    this.written = () => done(len);
  }

  truncate(): boolean {
    return true;
  }

  syncNow(): boolean {
    this.clock.advance(50);
    return true;
  }

  sync(done: (error: string) => void): void {
    this.ended = done;
  }

  close(): void {}
}

function measured(thresholdMs: number) {
  const clock = new ManualClock();
  const latency = new LatencyMonitor();
  latency.thresholdMs = thresholdMs;
  const slow = new SlowFile(clock);
  const circumstances = { writeDelayUs: 0, isSaving: false };
  const file = new MeasuredFile(slow, latency, clock, circumstances);
  return { file, slow, circumstances, events: () => [...latency].map(([event, { maxMs }]) => [event, maxMs] as const) };
}

describe("the delays of the append-only file", () => {
  const bytes = new Uint8Array(10);

  test("are told with Redis's names", () => {
    const { file, slow, events } = measured(10);
    expect(file.append(bytes, 0, 10)).toBe(10);
    expect(events()).toEqual([
      ["aof-write", 30],
      ["aof-write-alone", 30],
    ]);
    file.sync(() => {});
    file.append(bytes, 0, 10);
    slow.ended("");
    file.append(bytes, 0, 10);
    file.syncNow();
    expect(events().slice(2)).toEqual([
      ["aof-write-pending-fsync", 30],
      ["aof-fsync-always", 50],
    ]);
  });

  test("are told apart while a snapshot is made", () => {
    const { file, circumstances, events } = measured(10);
    circumstances.isSaving = true;
    file.append(bytes, 0, 10);
    expect(events()).toEqual([
      ["aof-write", 30],
      ["aof-write-active-child", 30],
    ]);
  });

  test("are told only from the threshold on", () => {
    const { file, events } = measured(31);
    file.append(bytes, 0, 10);
    expect(events()).toEqual([]);
    file.syncNow();
    expect(events()).toEqual([["aof-fsync-always", 50]]);
  });
});
