import { type Chunk, ChunkPool, type ChunkSink } from "./chunk.ts";
import type { WriterReport, WriterRequest } from "./messages.ts";

/** More chunks than these on their way, and whoever can wait does. */
const PENDING_MAX = 8;

/** A thread, as far as it is of interest here. */
export interface WriterThread {
  postMessage(request: WriterRequest, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<WriterReport>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** What became of a file: its length, or why there is none. */
export type FileEnd = { readonly bytes: number } | { readonly error: string };

/**
 * The thread that writes the files of snapshots, one after the other. It is started for the first one and kept: to start it takes the time of
 * both threads, and its code is slow until it has run for a while. What it takes meanwhile is two megabytes.
 */
export class FileThread {
  /** The chunks of the files that are being written. */
  readonly pool = new ChunkPool(PENDING_MAX + 2);
  private thread: WriterThread | undefined;
  /** Whose files have not been reported to be over, in their order: reports are about the first. */
  private readonly sinks: ThreadSink[] = [];

  constructor(private readonly newThread: () => WriterThread) {}

  begin(sink: ThreadSink, request: WriterRequest): void {
    this.sinks.push(sink);
    this.post(request);
  }

  post(request: WriterRequest, transfer?: ArrayBuffer[]): void {
    this.thread ??= this.start();
    this.thread.postMessage(request, transfer);
  }

  private start(): WriterThread {
    const thread = this.newThread();
    thread.onmessage = ({ data }) => this.hear(data);
    thread.onerror = ({ message }) => this.fail(`The thread that writes the file failed: ${message}`);
    return thread;
  }

  private hear(report: WriterReport): void {
    if (!this.sinks[0].hear(report)) return;
    this.sinks.shift();
    this.rest();
  }

  private fail(error: string): void {
    this.thread?.terminate();
    this.thread = undefined;
    for (const sink of this.sinks.splice(0)) sink.hear({ kind: "failed", message: error });
    this.rest();
  }

  /** Until the next file nothing needs its chunks. */
  private rest(): void {
    if (this.sinks.length === 0) this.pool.clear();
  }
}

/** Writes a snapshot's file in another thread. */
export class ThreadSink implements ChunkSink {
  readonly pool: ChunkPool;
  /** Chunks that were passed on. */
  sent = 0;
  private pending = 0;
  private ended = false;
  private aborted = false;

  /** `request` is the first about this file. `onEnd` is told of the end; `onRoom`, that `isFull` was true and is no more. */
  constructor(
    private readonly thread: FileThread,
    request: WriterRequest,
    private readonly onRoom: () => void,
    private readonly onEnd: (end: FileEnd) => void,
  ) {
    this.pool = thread.pool;
    thread.begin(this, request);
  }

  get isFull(): boolean {
    return this.pending >= PENDING_MAX;
  }

  write(chunk: Chunk): void {
    if (this.ended) return;
    this.sent++;
    this.pending++;
    this.thread.post({ kind: "chunk", chunk }, [chunk.buf.buffer, chunk.marks.buffer]);
  }

  /** All was written. */
  finish(): void {
    this.thread.post({ kind: "finish" });
  }

  /** Removes what was written. `onEnd` is not called any more. */
  abort(): void {
    if (this.ended) return;
    this.ended = true;
    this.aborted = true;
    this.thread.post({ kind: "abort" });
  }

  /** For the thread's owner. True: this file is over, and what is reported next is about another one. */
  hear(report: WriterReport): boolean {
    switch (report.kind) {
      case "written": {
        const wasFull = this.isFull;
        this.pending--;
        this.pool.give(report.chunk);
        if (wasFull && !this.ended) this.onRoom();
        return false;
      }
      case "aborted":
        return true;
      case "finished":
        this.end({ bytes: report.bytes });
        break;
      case "failed":
        this.end({ error: report.message });
    }
    // It was said to be over just before that was heard: the answer to that follows.
    return !this.aborted;
  }

  private end(end: FileEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd(end);
  }
}
