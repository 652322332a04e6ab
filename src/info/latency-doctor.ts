import type { ServerContext } from "../command/context.ts";
import { DELAYS, type Delays } from "../observe/latency.ts";

/** Above this the slow log misses much of what the latency monitor sees. */
const SLOWLOG_US_MAX = 100_000;

/** What to do about an event's delays. */
const ADVICE: Readonly<Record<string, string>> = {
  [DELAYS.command]:
    "Commands that look at many elements take long, and everybody waits for them. SLOWLOG GET names them; prefer the SCAN family to " +
    "KEYS, SMEMBERS, HGETALL and the like, and ranges with a limit.",
  [DELAYS.fastCommand]:
    "Commands that are quick by nature took long: the process did not get the processor, its memory was swapped out, or it collected " +
    "garbage. Look at the load of the machine and at its swap, and at the number of processors it may use.",
  [DELAYS.expireCycle]:
    "Keys expire in slices of at most a millisecond. If one lasts longer, the machine is overloaded.",
  [DELAYS.freeCycle]:
    "What was deleted is freed in slices of at most a millisecond. If one lasts longer, the machine is overloaded.",
  [DELAYS.snapshotCycle]:
    "The data is saved in slices between requests. If one lasts long, the machine is overloaded, or the thread that writes the file takes " +
    "the processor: a snapshot needs a second one.",
  [DELAYS.defragCycle]:
    "Scattered data is moved together in slices. CONFIG SET active-defrag-cycle-max lower makes them fewer, activedefrag no ends them.",
  [DELAYS.searchCycle]:
    "The biggest keys are searched for in slices of at most a millisecond. If one lasts longer, the machine is overloaded.",
  [DELAYS.evictionDeletion]:
    "Choosing and deleting one key took long: the process did not get the processor, or its memory was swapped out.",
  [DELAYS.evictionCycle]:
    "Requests wait for keys to be evicted. Writers add faster than that goes, or add large values; a lower " +
    "maxmemory-eviction-tenacity lets memory be above its limit for longer instead.",
  [DELAYS.aofWrite]:
    "Writing the append-only file waits for the disk. Is it shared with other programs, or slow? Faster storage helps.",
  [DELAYS.aofWriteDuringSync]:
    "Writing the append-only file waits for a sync that goes on at the same time. With appendfsync no the system syncs when it " +
    "likes, and more is lost at a power failure.",
  [DELAYS.aofWriteDuringSnapshot]:
    "Writing the append-only file waits for the disk while a snapshot is written to it. Save less often, or to another disk.",
  [DELAYS.unlinkTemporary]:
    "Removing the file of a save that was given up took long; file systems differ much in that.",
  [DELAYS.aofSync]:
    "appendfsync is set to always: every group of writes waits for the disk. With everysec at most a second is lost at a power failure.",
};

/** What the delays were and what might help, in words. */
export function latencyReport({ observation, keyspace }: ServerContext): string {
  const { latency, slowlog } = observation;
  if (!latency.isOn) {
    return 'Delays are not watched. Set a threshold with "CONFIG SET latency-monitor-threshold <milliseconds>" and ask again later.\n';
  }
  const events = [...latency];
  if (events.length === 0) return `Nothing took ${latency.thresholdMs} ms or longer.\n`;
  const nowSeconds = Math.floor(keyspace.nowMs / 1000);
  const findings = events.map(([event, delays], i) => `${i + 1}. ${finding(event, delays, nowSeconds)}\n`);
  const advice = events.flatMap(([event]) => ADVICE[event] ?? []);
  const commands = events.some(([event]) => event === DELAYS.command);
  if (commands && (slowlog.slowerThanUs < 0 || slowlog.slowerThanUs > SLOWLOG_US_MAX)) {
    advice.push(
      "The slow log is off or has a high limit. CONFIG SET slowlog-log-slower-than 10000 shows what takes 10 ms.",
    );
  }
  return `${findings.join("")}\n${advice.map((text) => `- ${text}\n`).join("")}`;
}

function finding(event: string, { samples, maxMs }: Delays, nowSeconds: number): string {
  const mean = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length;
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - mean), 0) / samples.length;
  const period = Math.max(1, nowSeconds - samples[0].unixSeconds) / samples.length;
  return (
    `${event}: ${samples.length} delays, ${mean.toFixed(0)} ms in the mean (mean deviation ${deviation.toFixed(0)} ms), one in ` +
    `${period.toFixed(2)} s. The longest ever: ${maxMs} ms.`
  );
}
