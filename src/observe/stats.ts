import { Histogram } from "../lib/histogram.ts";
import { LoopFigures } from "./loop.ts";

/** Longer durations are counted as these. */
const LATENCY_NS_MAX = 1_000_000_000;
const LAG_MS_MAX = 100_000_000;

/** What INFO commandstats, errorstats' counters and latencystats say of one command. */
export class CommandStats {
  calls = 0;
  microseconds = 0;
  /** Refused before it ran. */
  rejected = 0;
  /** Ran and answered with an error. */
  failed = 0;
  /** In nanoseconds. Created at the first call: most commands are never called. */
  latency: Histogram | undefined;

  /** Counts calls that took so long together: each is taken to have lasted the same. */
  record(calls: number, microseconds: number, keepsLatency = true): void {
    this.calls += calls;
    this.microseconds += microseconds;
    if (!keepsLatency) return;
    this.latency ??= new Histogram(LATENCY_NS_MAX);
    this.latency.record((microseconds * 1000) / calls, calls);
  }

  reset(): void {
    this.calls = 0;
    this.microseconds = 0;
    this.rejected = 0;
    this.failed = 0;
    this.latency = undefined;
  }
}

/** Counters of the whole server since its start or CONFIG RESETSTAT. */
export class ServerStats {
  connectionsReceived = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  rejectedConnections = 0;
  expiredKeys = 0;
  /** Fields of hashes. */
  expiredFields = 0;
  evictedKeys = 0;
  evictedClients = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  clientQueryBufferLimitDisconnections = 0;
  clientOutputBufferLimitDisconnections = 0;
  readEvents = 0;
  writeEvents = 0;
  errorReplies = 0;
  unexpectedErrors = 0;
  /** Writes since the last snapshot: rdb_changes_since_last_save. */
  dirty = 0;
  /** How often SAVE and BGSAVE, whoever asked for that, began. */
  rdbSaves = 0;
  /** How late expired keys were removed, in ms. */
  expiredLag = new Histogram(LAG_MS_MAX);
  readonly errors = new Map<string, number>();
  loop = new LoopFigures();

  countError(code: string): void {
    this.errorReplies++;
    // Redis bounds this table too: codes come from scripts as well.
    if (this.errors.size < 128 || this.errors.has(code)) this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  reset(): void {
    Object.assign(this, new ServerStats(), { dirty: this.dirty, errors: this.errors });
    this.errors.clear();
  }
}
