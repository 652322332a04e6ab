import { type Chunk, ChunkPool, type ChunkSink } from "./chunk.ts";
import type { WriterReport, WriterRequest } from "./messages.ts";
import type { RdbFileOptions } from "./rdb-file.ts";

/** More chunks than these on their way, and whoever can wait does. */
const PENDING_MAX = 8;

/**
 * The chunks of all files that are written by threads, one after the other. If each had its own, they would be garbage afterwards, megabytes
 * of it that the collector is in no hurry to find: they are outside of its heap.
 */
export function newThreadPool(): ChunkPool {
  return new ChunkPool(PENDING_MAX + 2);
}

/** A thread, as far as it is of interest here. */
export interface WriterThread {
  postMessage(request: WriterRequest, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<WriterReport>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** What became of a file: its length, or why there is none. */
export type FileEnd = { readonly bytes: number } | { readonly error: string };

/** Writes a snapshot's file in another thread. */
export class ThreadSink implements ChunkSink {
  private pending = 0;
  private ended = false;

  /** `onEnd` is told of the end; `onRoom`, that `isFull` was true and is no more. */
  constructor(
    private readonly thread: WriterThread,
    readonly pool: ChunkPool,
    options: RdbFileOptions,
    private readonly onRoom: () => void,
    private readonly onEnd: (end: FileEnd) => void,
  ) {
    thread.onmessage = ({ data }) => this.hear(data);
    thread.onerror = ({ message }) => this.end({ error: `The thread that writes the file failed: ${message}` });
    thread.postMessage({ kind: "open", options });
  }

  get isFull(): boolean {
    return this.pending >= PENDING_MAX;
  }

  write(chunk: Chunk): void {
    if (this.ended) return;
    this.pending++;
    this.thread.postMessage({ kind: "chunk", chunk }, [chunk.buf.buffer, chunk.marks.buffer]);
  }

  /** All was written. */
  finish(): void {
    this.thread.postMessage({ kind: "finish" });
  }

  /** Removes what was written. `onEnd` is not called any more. */
  abort(): void {
    if (this.ended) return;
    this.ended = true;
    this.thread.postMessage({ kind: "abort" });
  }

  private hear(report: WriterReport): void {
    switch (report.kind) {
      case "written": {
        const wasFull = this.isFull;
        this.pending--;
        this.pool.give(report.chunk);
        if (wasFull && !this.ended) this.onRoom();
        return;
      }
      case "aborted":
        this.thread.terminate();
        return;
      case "finished":
        this.end({ bytes: report.bytes });
        return;
      case "failed":
        this.end({ error: report.message });
    }
  }

  private end(end: FileEnd): void {
    this.thread.terminate();
    if (this.ended) return;
    this.ended = true;
    this.onEnd(end);
  }
}
