import type { ServerContext } from "../command/context.ts";
import { humanBytes, percent } from "./format.ts";
import { memoryFigures } from "./memory.ts";

/** Below this nothing that the doctor looks for means anything. */
const SMALL_BYTES = 5 * 1024 * 1024;
const PEAK_RATIO_MAX = 1.5;
const RESIDENT_RATIO_MAX = 1.4;
const OVERHEAD_RATIO_MAX = 1.4;
/** What the process takes beside its data in any case, its program for the most part. */
const PROCESS_BYTES = 128 * 1024 * 1024;
const CLIENT_BYTES_MAX = 200 * 1024;
const PENDING_OBJECTS_MAX = 100_000;

/** What is remarkable about the memory in use, in words. */
export function memoryReport(server: ServerContext): string {
  const { dataset, used, peak, rss, clients, allocated, resident } = memoryFigures(server);
  const { defragmentation, reclaimer } = server.keyspace;
  if (dataset < SMALL_BYTES)
    return "There is hardly any data, so its use of memory tells nothing. Come back when there is more.";
  const findings: string[] = [];
  if (peak > used * PEAK_RATIO_MAX) {
    findings.push(
      `Peak: ${humanBytes(peak)} were in use once, now it is ${humanBytes(used)}. Memory that was in use is given back in ` +
        "parts of 2 MB, when nothing is in them any more: the process may seem larger than its data for a while.",
    );
  }
  if (resident > allocated * RESIDENT_RATIO_MAX) {
    const advice = defragmentation.activedefrag
      ? "They are moved together when that is more than active-defrag-ignore-bytes and active-defrag-threshold-lower tolerate."
      : "CONFIG SET activedefrag yes has them moved together.";
    findings.push(
      `Fragmentation: the data's ${humanBytes(allocated)} fill ${percent(allocated, resident).toFixed(0)}% of the ${humanBytes(resident)} ` +
        `they are scattered over. New data will use the gaps. ${advice}`,
    );
  }
  if (rss > Math.max(resident * OVERHEAD_RATIO_MAX, resident + PROCESS_BYTES)) {
    findings.push(
      `Overhead: the process has ${humanBytes(rss)} of main memory, of which ${humanBytes(resident)} are for the data. MEMORY PURGE gives ` +
        "back what the rest does not need.",
    );
  }
  if (clients > CLIENT_BYTES_MAX * server.clients.size) {
    findings.push(
      `Clients: they take ${humanBytes(clients)}, more than ${humanBytes(CLIENT_BYTES_MAX)} each. Look with CLIENT LIST for those with a ` +
        "large omem (they do not read what they are sent) or qbuf, and set client-output-buffer-limit.",
    );
  }
  if (reclaimer.pending > PENDING_OBJECTS_MAX) {
    findings.push(`Deletions: ${reclaimer.pending} deleted values are still being freed, between requests.`);
  }
  if (findings.length === 0) return "Nothing is remarkable about the use of memory.";
  return findings.map((finding) => `* ${finding}\n`).join("\n");
}
