import type { WriterReport, WriterRequest } from "./messages.ts";
import { RdbFile } from "./rdb-file.ts";

/** What the thread does that writes a snapshot's file: requests in their order, and what there is to report of each. */
export class FileService {
  private file: RdbFile | undefined;
  private failed = false;

  serve(request: WriterRequest): WriterReport | undefined {
    if (this.failed && request.kind !== "abort") return undefined;
    try {
      return this.attempt(request);
    } catch (error) {
      this.failed = true;
      this.file?.abort();
      return { kind: "failed", message: (error as Error).message };
    }
  }

  private attempt(request: WriterRequest): WriterReport | undefined {
    switch (request.kind) {
      case "open":
        this.file = new RdbFile(request.options);
        return undefined;
      case "chunk":
        this.file!.write(request.chunk);
        return { kind: "written", chunk: request.chunk };
      case "finish":
        this.file!.finish();
        return { kind: "finished", bytes: this.file!.bytes };
      case "abort":
        this.file?.abort();
        return { kind: "aborted" };
    }
  }
}
