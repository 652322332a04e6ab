// What writes a snapshot's file, not in a thread of its own: it works when it is told to.
import { FileService } from "../../src/persistence/snapshot/file-service.ts";
import type { WriterReport, WriterRequest } from "../../src/persistence/snapshot/messages.ts";
import type { RdbFileCalls } from "../../src/persistence/snapshot/rdb-file.ts";
import type { WriterThread } from "../../src/persistence/snapshot/writer-thread.ts";

export class InlineThread implements WriterThread {
  onmessage: WriterThread["onmessage"] = null;
  onerror: WriterThread["onerror"] = null;
  ended = false;
  private readonly requests: WriterRequest[] = [];
  private readonly service: FileService;

  constructor(calls?: RdbFileCalls) {
    this.service = new FileService(calls);
  }

  postMessage(request: WriterRequest, transfer: ArrayBuffer[] = []): void {
    this.requests.push(structuredClone(request, { transfer }));
  }

  terminate(): void {
    this.ended = true;
  }

  /** Serves the first `count` requests, and tells of what became of them. */
  work(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && this.requests.length > 0; i++) {
      const report = this.service.serve(this.requests.shift()!);
      if (report !== undefined) this.onmessage?.({ data: report } as MessageEvent<WriterReport>);
    }
  }
}
