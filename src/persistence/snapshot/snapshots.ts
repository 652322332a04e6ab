import { unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { GATE_LOADING, GATE_SNAPSHOT_FAILED, type ServerContext, type SnapshotControl } from "../../command/context.ts";
import { EMPTY } from "../../lib/bytes.ts";
import { CompilerThreads } from "../../lib/thread-priority.ts";
import { type BackgroundJob, type Budget, Slice, UNBOUNDED } from "../../observe/job.ts";
import { DELAYS } from "../../observe/latency.ts";
import { timeNote } from "../aof/time-note.ts";
import { dumpPath } from "../dump-path.ts";
import { DumpLoading } from "../rdb/dump-loading.ts";
import type { AccessKind } from "../rdb/file-writer.ts";
import { RdbLoadError } from "../rdb/rdb-loader.ts";
import { CommandSnapshotWriter } from "./command-snapshot-writer.ts";
import type { ContentWriter } from "./content-writer.ts";
import { FileSink } from "./file-sink.ts";
import { RdbFile, RdbFileError, type RdbFileOptions } from "./rdb-file.ts";
import { Rehearsals } from "./rehearsals.ts";
import { Snapshot } from "./snapshot.ts";
import { type SnapshotContent, SnapshotWriter } from "./snapshot-writer.ts";
import { type FileEnd, FileThread, ThreadSink, type WriterThread } from "./writer-thread.ts";

/** A save that is due is not tried again for so long after one that failed. */
const RETRY_MS = 5000;
/** A slice lasts no longer, even when nobody asks for anything: there are many of them, and whoever asks then waits for its end. */
const SLICE_US_MAX = 400;

/** What is to become of the data as it is now. */
export interface SnapshotRequest {
  /** Where the file is to be, and where it is until it is complete: in the same folder. */
  readonly path: string;
  readonly temporary: string;
  /** It is the base of an append-only file; and then, whether it is made of commands. */
  readonly isAofBase: boolean;
  readonly commands?: boolean;
  /** The file is complete and on the disk, or it is not and this is why, in a text for the log. Not called after `abort`. */
  onEnd(error: string | undefined): void;
}

/** A snapshot that is being taken in the background. */
export class SnapshotJob {
  /** All is encoded; what is left is for the thread. */
  encoded = false;

  constructor(
    readonly request: SnapshotRequest,
    readonly snapshot: Snapshot,
    readonly sink: ThreadSink,
    readonly startedMs: number,
  ) {}
}

/**
 * Saves the data in files: at once, or in the background, of which there is one at a time. As Redis has it: after so many changes in so much
 * time (`save`), and what INFO tells of it.
 */
export class Snapshots implements SnapshotControl, BackgroundJob {
  readonly name = "snapshot";
  readonly delay = DELAYS.snapshotCycle;
  readonly weight = 4;
  readonly nextMs = Number.POSITIVE_INFINITY;

  /** Unix ms. */
  lastSaveMs: number;
  private readonly slice: Slice;
  private job: SnapshotJob | undefined;
  /** BGSAVE's job, if that is it. */
  private saving: SnapshotJob | undefined;
  private scheduled = false;
  private number = 0;
  private lastTryMs = 0;
  private lastStatus: "ok" | "err" = "ok";
  private lastDurationMs = -1;
  private versionTold = 0;
  /** Changes when the running save began. */
  private dirtyBefore = 0;

  private readonly compilers = new CompilerThreads();
  private readonly thread: FileThread;
  readonly rehearsals: Rehearsals;

  /** `newThread` starts a thread that runs snapshot-worker.ts; `wake` makes a poll happen. */
  constructor(
    private readonly context: ServerContext,
    newThread: () => WriterThread,
    private readonly wake: () => void,
  ) {
    this.lastSaveMs = context.startedMs;
    this.slice = new Slice(context.clock);
    this.thread = new FileThread(newThread);
    this.rehearsals = new Rehearsals(context, this.thread, () => this.content(false), wake);
    for (const name of ["save", "stop-writes-on-bgsave-error"] as const) {
      context.config.onChange(name, () => this.applyStatus());
    }
  }

  // ---- the background

  get isBusy(): boolean {
    return this.job !== undefined;
  }

  get isSaving(): boolean {
    return this.saving !== undefined;
  }

  isDue(): boolean {
    const { job } = this;
    return job !== undefined && !job.encoded && !job.sink.isFull;
  }

  run(budget: Budget): boolean {
    const job = this.job!;
    this.slice.start(Math.min(budget.us, SLICE_US_MAX));
    try {
      job.encoded = job.snapshot.run(this.slice.isSpent);
    } catch (error) {
      this.abort(job);
      job.request.onEnd(`The data could not be saved: ${error instanceof Error ? error.stack : String(error)}`);
      return true;
    }
    if (job.encoded) job.sink.finish();
    return job.encoded || job.sink.isFull;
  }

  /** Begins to save the data as it is now. There must be no other job. Throws RdbFileError. */
  start(request: SnapshotRequest): SnapshotJob {
    if (this.job !== undefined) throw new Error("snapshot: there is one already");
    this.rehearsals.stop();
    const open = { kind: "open", options: this.fileOptions(request) } as const;
    const sink = new ThreadSink(this.thread, open, this.wake, (end) => this.ended(job, end));
    const snapshot = new Snapshot(this.context.keyspace, this.writer(request), sink);
    const job = new SnapshotJob(request, snapshot, sink, this.context.clock.unixMs());
    snapshot.guard();
    this.job = job;
    this.wake();
    return job;
  }

  /** Gives a job up, if it is still running. What it wrote is removed. */
  abort(job: SnapshotJob): void {
    if (this.job !== job) return;
    this.job = undefined;
    job.snapshot.close();
    job.sink.abort();
    const { clock, observation } = this.context;
    const startUs = clock.monotonicUs();
    try {
      unlinkSync(job.request.temporary);
    } catch {
      // The thread has not made it yet, and removes it itself.
    }
    observation.latency.add(DELAYS.unlinkTemporary, clock.monotonicUs() - startUs, clock.unixMs());
  }

  private ended(job: SnapshotJob, end: FileEnd): void {
    this.job = undefined;
    job.snapshot.close();
    if ("bytes" in end) this.rehearsals.saved();
    job.request.onEnd("error" in end ? end.error : undefined);
    this.wake();
  }

  private fileOptions({ path, temporary, isAofBase, commands }: Omit<SnapshotRequest, "onEnd">): RdbFileOptions {
    const { values } = this.context.config;
    return {
      path,
      temporary,
      checksum: commands ? undefined : values.rdbchecksum,
      syncsBits: values[isAofBase ? "aof-rewrite-incremental-fsync" : "rdb-save-incremental-fsync"],
    };
  }

  private writer({ isAofBase = false, commands }: Partial<SnapshotRequest>): ContentWriter {
    if (commands) return this.commandWriter();
    const writer = new SnapshotWriter(this.context.keyspace, this.content(isAofBase));
    this.tellOfVersion(writer.version);
    return writer;
  }

  private get functions(): readonly Uint8Array[] {
    return Array.from(this.context.scripting.libraries.all, ({ code }) => code);
  }

  private commandWriter(): CommandSnapshotWriter {
    const { keyspace, clock } = this.context;
    const { values } = this.context.config;
    const note = values["aof-timestamp-enabled"] ? timeNote(clock.unixMs()) : EMPTY;
    return new CommandSnapshotWriter(keyspace, values["rdb-version"], this.functions, note);
  }

  private content(isAofBase: boolean): SnapshotContent {
    const { keyspace, clock } = this.context;
    const { values } = this.context.config;
    return {
      nowMs: clock.unixMs(),
      usedBytes: keyspace.arena.usedBytes,
      isAofBase,
      version: values["rdb-version"],
      compression: values.rdbcompression ? "later" : "never",
      access: accessKind(values["maxmemory-policy"]),
      functions: this.functions,
    };
  }

  /** Says once that servers of the version that was asked for can't load the file. */
  private tellOfVersion(version: number): void {
    const { config, log } = this.context;
    const wanted = config.values["rdb-version"];
    if (version <= Math.max(wanted, this.versionTold)) return;
    this.versionTold = version;
    log.notice(
      `Snapshots have version ${version} of their format, not ${wanted}: there is data that only that can hold, such as fields of hashes that end`,
    );
  }

  // ---- SAVE and BGSAVE

  save(): boolean {
    const { log, config, stats } = this.context;
    const path = dumpPath(config.values);
    const temporary = join(dirname(path), `temp-${process.pid}.rdb`);
    let file: RdbFile | undefined;
    try {
      file = new RdbFile(this.fileOptions({ path, temporary, isAofBase: false }));
      this.writeTo(file);
      file.finish();
    } catch (error) {
      file?.abort();
      if (!(error instanceof RdbFileError)) throw error;
      log.warning(error.message);
      return false;
    }
    log.notice("DB saved on disk");
    // What BGSAVE is saving meanwhile is of a moment before.
    this.dirtyBefore -= stats.dirty;
    stats.dirty = 0;
    this.lastSaveMs = this.context.clock.unixMs();
    this.setStatus("ok");
    return true;
  }

  private writeTo(file: RdbFile): void {
    const sink = new FileSink(file);
    const snapshot = new Snapshot(this.context.keyspace, this.writer({}), sink);
    try {
      snapshot.run(UNBOUNDED.isSpent);
    } finally {
      snapshot.close();
      sink.pool.clear();
    }
  }

  load(replace: boolean): boolean {
    try {
      return new DumpLoading(this.context).loadAtOnce({ replace });
    } catch (error) {
      if (!(error instanceof RdbLoadError)) throw error;
      this.context.log.warning(error.message);
      return false;
    }
  }

  saveInBackground(): boolean {
    const { log, config, stats, clock } = this.context;
    this.lastTryMs = clock.unixMs();
    stats.rdbSaves++;
    this.dirtyBefore = stats.dirty;
    this.scheduled = false;
    const path = dumpPath(config.values);
    this.saving = this.start({
      path,
      temporary: join(dirname(path), `temp-${process.pid}.${++this.number}.rdb`),
      isAofBase: false,
      onEnd: (error) => this.savingEnded(error),
    });
    log.notice(`Background saving started by pid ${process.pid}`);
    return true;
  }

  private savingEnded(error: string | undefined): void {
    const { log, stats, clock } = this.context;
    const job = this.saving!;
    const nowMs = clock.unixMs();
    this.saving = undefined;
    this.lastDurationMs = nowMs - job.startedMs;
    if (error !== undefined) {
      log.warning(error);
      log.warning("Background saving error");
      this.setStatus("err");
      return;
    }
    log.notice("DB saved on disk");
    log.notice("Background saving terminated with success");
    stats.dirty -= this.dirtyBefore;
    this.lastSaveMs = nowMs;
    this.setStatus("ok");
  }

  /** Redis refuses writes after a failure only if it was told to save by itself. */
  private setStatus(status: "ok" | "err"): void {
    this.lastStatus = status;
    this.applyStatus();
  }

  private applyStatus(): undefined {
    const { config } = this.context;
    const refuses =
      this.lastStatus === "err" && config.values["stop-writes-on-bgsave-error"] && config.values.save.length > 0;
    if (refuses) this.context.gate |= GATE_SNAPSHOT_FAILED;
    else this.context.gate &= ~GATE_SNAPSHOT_FAILED;
  }

  schedule(): void {
    this.scheduled = true;
  }

  abortSaving(): void {
    const { saving } = this;
    if (saving === undefined) return;
    this.saving = undefined;
    this.abort(saving);
  }

  flushedAll(): void {
    this.abortSaving();
    if (this.context.config.values.save.length === 0) return;
    const { stats } = this.context;
    const { dirty } = stats;
    this.save();
    // The flush itself is still to be counted.
    stats.dirty = dirty;
  }

  /** To be called often: starts a save that is due. */
  cron(nowMs: number): void {
    // A snapshot has much compiled, and clients would wait meanwhile.
    if (this.rehearsals.began) this.compilers.giveWay();
    const { gate, runner } = this.context;
    // Half of what a script does is not to be saved.
    if (this.isBusy || runner.inUnit || gate & GATE_LOADING) return;
    if (nowMs - this.lastTryMs <= RETRY_MS && this.lastStatus === "err") return;
    if (this.scheduled) {
      this.saveInBackground();
      return;
    }
    const { config, stats, log } = this.context;
    const sinceMs = nowMs - this.lastSaveMs;
    const due = config.values.save.find(({ seconds, changes }) => stats.dirty >= changes && sinceMs > seconds * 1000);
    if (due === undefined) return;
    log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`);
    this.saveInBackground();
  }

  get figures(): Readonly<Record<string, number | string>> {
    const { saving, job } = this;
    const nowMs = this.context.clock.unixMs();
    const snapshot = job?.snapshot;
    return {
      current_save_keys_processed: snapshot?.keys ?? 0,
      current_save_keys_total: snapshot?.keysTotal ?? 0,
      rdb_changes_since_last_save: this.context.stats.dirty,
      rdb_bgsave_in_progress: saving === undefined ? 0 : 1,
      rdb_last_save_time: Math.floor(this.lastSaveMs / 1000),
      rdb_last_bgsave_status: this.lastStatus,
      rdb_last_bgsave_time_sec: this.lastDurationMs < 0 ? -1 : Math.floor(this.lastDurationMs / 1000),
      rdb_current_bgsave_time_sec: saving === undefined ? -1 : Math.floor((nowMs - saving.startedMs) / 1000),
      rdb_saves: this.context.stats.rdbSaves,
      rdb_last_cow_size: 0,
    };
  }
}

function accessKind(policy: string): AccessKind {
  if (policy.includes("lru")) return "idle";
  return policy.includes("lfu") ? "frequency" : "none";
}
