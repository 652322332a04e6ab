// The thread that compresses, sums up, writes and syncs the file of a snapshot (see persistence/snapshot/snapshots.ts).
import { giveWay } from "./lib/thread-priority.ts";
import { FileService } from "./persistence/snapshot/file-service.ts";
import type { WriterRequest } from "./persistence/snapshot/messages.ts";

declare const self: Worker;

// Where there is but one processor, clients must not wait for time slices of this thread.
giveWay();
const service = new FileService();

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  const report = service.serve(data);
  if (report === undefined) return;
  const { buf, marks } = report.kind === "written" ? report.chunk : { buf: undefined, marks: undefined };
  self.postMessage(report, buf === undefined ? [] : [buf.buffer, marks.buffer]);
};
