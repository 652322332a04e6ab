import { ChunkEncoder } from "./chunk-encoder.ts";
import type { WriterReport, WriterRequest } from "./messages.ts";
import { RdbFile, type RdbFileCalls } from "./rdb-file.ts";

/** What the thread does that writes snapshots' files: requests in their order, and what there is to report of each. */
export class FileService {
  private file: RdbFile | undefined;
  private rehearsed: ChunkEncoder | undefined;
  private failed = false;

  constructor(private readonly calls?: RdbFileCalls) {}

  serve(request: WriterRequest): WriterReport | undefined {
    const begins = request.kind === "open" || request.kind === "rehearse";
    if (this.failed && !begins && request.kind !== "abort") return undefined;
    this.failed = false;
    try {
      return this.attempt(request);
    } catch (error) {
      this.failed = true;
      this.file?.abort();
      this.file = undefined;
      return { kind: "failed", message: (error as Error).message };
    }
  }

  private attempt(request: WriterRequest): WriterReport | undefined {
    switch (request.kind) {
      case "open":
        this.file = new RdbFile(request.options, this.calls);
        return undefined;
      case "rehearse":
        this.rehearsed = new ChunkEncoder(true);
        return undefined;
      case "chunk":
        if (this.rehearsed !== undefined) this.rehearsed.encode(request.chunk);
        else this.file!.write(request.chunk);
        return { kind: "written", chunk: request.chunk };
      case "finish": {
        const { file } = this;
        file!.finish();
        this.file = undefined;
        return { kind: "finished", bytes: file!.bytes };
      }
      case "abort":
        this.file?.abort();
        this.file = undefined;
        this.rehearsed = undefined;
        return { kind: "aborted" };
    }
  }
}
