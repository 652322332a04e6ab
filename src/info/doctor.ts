import type { ServerContext } from "../command/context.ts";
import { humanBytes, percent } from "./format.ts";
import { memoryFigures } from "./memory.ts";

/** Below this nothing that the doctor looks for means anything. */
const SMALL_BYTES = 5 * 1024 * 1024;
const PEAK_RATIO_MAX = 1.5;
const RSS_RATIO_MAX = 1.4;
const CLIENT_BYTES_MAX = 200 * 1024;
const PENDING_OBJECTS_MAX = 100_000;

/** What is remarkable about the memory in use, in words. */
export function memoryReport(server: ServerContext): string {
  const { dataset, used, peak, rss, clients } = memoryFigures(server);
  const { arena, reclaimer } = server.keyspace;
  if (dataset < SMALL_BYTES)
    return "There is hardly any data, so its use of memory tells nothing. Come back when there is more.";
  const findings: string[] = [];
  if (peak > used * PEAK_RATIO_MAX) {
    findings.push(
      `Peak: ${humanBytes(peak)} were in use once, now it is ${humanBytes(used)}. Memory that was in use is given back in ` +
        "segments of 64 MB, when a whole one is free: the process may seem larger than its data for a while.",
    );
  }
  if (rss > used * RSS_RATIO_MAX) {
    const share = percent(arena.usedBytes, arena.mappedBytes).toFixed(0);
    findings.push(
      `Fragmentation: the process has ${humanBytes(rss)} of main memory for ${humanBytes(used)} in use. The data fills ${share}% of ` +
        "its segments. If there were deletions, new data will use the gaps.",
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
