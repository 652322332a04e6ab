import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  GATE_LOADING,
  type LoadProgress,
  type Persistence,
  type RewriteAnswer,
  type ServerContext,
} from "../../command/context.ts";
import type { Executor } from "../../command/executor.ts";
import { UnsyncedKeys } from "../../command/unsynced-keys.ts";
import { dumpPath } from "../dump-path.ts";
import type { FileCalls } from "../file-calls.ts";
import { RdbLoadError } from "../rdb/rdb-loader.ts";
import type { WriterFile } from "./append-file.ts";
import { adoptName } from "./file-name.ts";
import { AofError, AofFolder } from "./folder.ts";
import { AofJournal } from "./journal.ts";
import { ManifestError } from "./manifest.ts";
import { MeasuredFile } from "./measured-file.ts";
import { AofRewrite, type BaseWriter, type Continuation, type RewriteHost } from "./rewrite.ts";
import { StoredData } from "./stored-data.ts";

const SYNC_MS = 1000;

type Figures = Persistence["figures"];

/**
 * The append-only file of a server: loads it at the start, opens it for writing, and is switched on and off and told its policy by the
 * configuration.
 *
 * | state   | the journal writes to        | what a start would load                    |
 * |---------|------------------------------|--------------------------------------------|
 * | off     | -                            | what was there when it was switched off    |
 * | waiting | a temporary file, or nothing | the same: the first rewrite is not done yet |
 * | on      | the last increment           | everything                                 |
 *
 * Switched on while the server runs it is waiting until a rewrite has brought the data to the files; one that fails is tried again.
 */
export class Aof implements Persistence, RewriteHost {
  writeDelayUs = 0;
  state: "off" | "waiting" | "on" = "off";
  folder: AofFolder;
  private journal: AofJournal | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Bytes of all files but the one that is written, and of all when the last rewrite was done; at first, of the base file. */
  private closedBytes = 0;
  private baseBytes = 0;
  /** Where the offsets of the next journal begin. */
  private offset = 0;
  private readonly rewrite: AofRewrite;
  private readonly stored: StoredData;

  /** `calls` change the folder. */
  constructor(
    private readonly context: ServerContext,
    executor: Executor,
    writer: () => BaseWriter,
    private readonly calls: FileCalls,
  ) {
    const { config } = context;
    this.folder = this.newFolder();
    this.rewrite = new AofRewrite(context, this, writer);
    this.stored = new StoredData(context, executor);
    config.onChange("appendonly", (on) => (on ? this.switchOn() : this.switchOff()));
    config.onChange("appendfsync", () => this.configure());
    config.onChange("aof-timestamp-enabled", () => this.configure());
    config.onChange("no-appendfsync-on-rewrite", () => this.configure());
  }

  /**
   * Loads the files and opens them for writing, if the AOF is on; if there are none, but a snapshot, they are made from that. With
   * `restoreTo`, a Unix time in seconds, they are cut back to what was written until then; all that there was is kept. Returns why that
   * is impossible.
   */
  async load(restoreTo?: number): Promise<string | undefined> {
    this.context.gate |= GATE_LOADING;
    try {
      await this.settled();
      await this.removeTemporary();
      if (this.context.config.values.appendonly) await this.loadFolder(restoreTo);
      else if (restoreTo === undefined) await this.stored.loadDump();
      else throw new AofError("Can't restore to a time: the append only file is off");
      return undefined;
    } catch (error) {
      return reasonOf(error);
    } finally {
      this.loadingEnded();
    }
  }

  /** Loads the files again, or, while the AOF is off, those that are there. Returns why that is impossible. */
  async reload(): Promise<string | undefined> {
    if (this.state === "on") {
      this.close();
      return this.load();
    }
    this.context.gate |= GATE_LOADING;
    try {
      await this.settled();
      this.folder = this.newFolder();
      this.folder.read();
      await this.stored.replay(this.folder);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    } finally {
      this.loadingEnded();
    }
  }

  private loadingEnded(): void {
    this.stored.loading = undefined;
    this.context.gate &= ~GATE_LOADING;
    this.context.keyspace.bigKeys.search();
  }

  private async loadFolder(restoreTo: number | undefined): Promise<void> {
    adoptName(this.context.config, this.context.log);
    const hasDump = restoreTo === undefined && existsSync(dumpPath(this.context.config.values));
    const folder = this.newFolder();
    this.folder = folder;
    await folder.readToLoad(hasDump);
    if (hasDump && folder.files.length === 0) await this.takeOverDump();
    else await this.stored.loadFiles(folder, restoreTo);
    this.use(await this.folder.open());
    this.measure();
    this.baseBytes = this.sizeOfBase();
    this.state = "on";
    this.rewrite.enqueue(() => this.removeHistory());
  }

  /**
   * There is a snapshot and no append-only file yet, as after a move from Redis: the data is loaded, and a base made of it. Writes are
   * accepted when that is done, so that the end of the process before loses nothing: the snapshot stays, and the next start begins anew.
   */
  private async takeOverDump(): Promise<void> {
    const { log, config } = this.context;
    const name = config.values.dbfilename;
    log.notice(
      `The append only file is on, and there is none yet: the snapshot ${name} is loaded and an append only file made from it`,
    );
    await this.stored.loadDump();
    await this.folder.beginFirstBase();
    if (this.rewrite.start()) await this.settled();
    if (this.folder.files.length === 0) throw new AofError(`No append only file can be made from the snapshot ${name}`);
    await this.folder.endFirstBase();
    log.notice(
      `From now on the data is in the append only file. The snapshot ${name} is left as it is and not read again`,
    );
  }

  /** Removes the base files that a process which is gone did not complete. */
  private async removeTemporary(): Promise<void> {
    const { dir } = this.context.config.values;
    const names = await readdir(dir).catch(() => []);
    for (const name of names) {
      const pid = Number(/^temp-rewriteaof-(?:bg-)?(\d+)(?:\.\d+)?\.aof$/.exec(name)?.[1]);
      if (pid > 0 && (pid === process.pid || !isRunning(pid))) await this.folder.removeFile(join(dir, name));
    }
  }

  /** Ends a rewrite, writes and syncs what there is, and closes the file. False when that failed. */
  close(): boolean {
    this.rewrite.abort();
    this.state = "off";
    return this.closeJournal();
  }

  private closeJournal(): boolean {
    const { journal } = this;
    if (journal === undefined) return true;
    clearInterval(this.timer);
    this.journal = this.context.journal = this.context.unsynced = undefined;
    this.offset = journal.end;
    return journal.close();
  }

  /** The loading that is going on. */
  get loading(): LoadProgress | undefined {
    return this.stored.loading;
  }

  get lastLoad(): Persistence["lastLoad"] {
    return this.stored.lastLoad;
  }

  get isWaiting(): boolean {
    return this.state === "waiting";
  }

  get figures(): Figures {
    return { ...this.rewriteFigures(), ...(this.state === "off" ? {} : this.fileFigures()) };
  }

  private rewriteFigures(): Figures {
    const { rewrite } = this;
    return {
      aof_enabled: this.state === "off" ? 0 : 1,
      aof_rewrite_in_progress: rewrite.inProgress ? 1 : 0,
      aof_rewrite_scheduled: rewrite.scheduled ? 1 : 0,
      aof_last_rewrite_time_sec: rewrite.lastSeconds,
      aof_current_rewrite_time_sec: rewrite.seconds,
      aof_last_bgrewrite_status: rewrite.lastStatus,
      aof_rewrites: rewrite.count,
      aof_rewrites_consecutive_failures: rewrite.failures,
      aof_last_write_status: (this.journal?.lastError ?? "") === "" ? "ok" : "err",
      aof_last_cow_size: 0,
    };
  }

  private fileFigures(): Figures {
    const { journal } = this;
    return {
      aof_current_size: this.size,
      aof_base_size: this.baseBytes,
      aof_pending_rewrite: this.rewrite.scheduled ? 1 : 0,
      aof_buffer_length: journal?.used ?? 0,
      aof_pending_bio_fsync: journal?.syncing ? 1 : 0,
      aof_delayed_fsync: journal?.delays.slowSyncs ?? 0,
    };
  }

  /** Bytes of all files. */
  private get size(): number {
    return this.closedBytes + (this.journal?.size ?? 0);
  }

  /** BGREWRITEAOF. */
  rewriteFile(): RewriteAnswer {
    const { rewrite } = this;
    if (rewrite.inProgress) return "busy";
    if (rewrite.mustWait) {
      rewrite.schedule();
      return "scheduled";
    }
    return rewrite.start() ? "started" : "failed";
  }

  /** Resolves when nothing changes the folder any more that was begun before. */
  settled(): Promise<void> {
    return this.rewrite.settled();
  }

  /** Starts a rewrite that is due. To be called regularly. */
  watch(): void {
    if (this.loading !== undefined) return;
    const { config } = this.context;
    const isLarge = this.state === "on" && this.size > config.values["auto-aof-rewrite-min-size"];
    this.rewrite.watch(isLarge ? Math.floor((this.size * 100) / (this.baseBytes || 1)) - 100 : undefined);
  }

  /** Whether the server may end now without losing data. Ends a rewrite. */
  prepareToEnd(force: boolean): boolean {
    const { log } = this.context;
    if (this.state === "waiting") {
      if (!force) {
        log.warning("Writing initial AOF, can't exit.");
        return false;
      }
      log.warning("Writing initial AOF. Exit anyway.");
    }
    if (!this.rewrite.isWriting) return true;
    log.warning("There is a child rewriting the AOF. Killing it!");
    this.rewrite.abort();
    return true;
  }

  /** CONFIG SET appendonly yes. */
  private switchOn(): string | undefined {
    const { rewrite, context } = this;
    const { log } = context;
    this.state = "waiting";
    if (rewrite.inProgress) {
      log.notice(
        "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.",
      );
      rewrite.abort();
    }
    if (context.runner.inUnit) {
      log.notice("AOF was enabled during a transaction. An AOF background was scheduled to start when possible.");
      rewrite.schedule();
    } else if (rewrite.mustWait) {
      log.notice(
        "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.",
      );
      rewrite.schedule();
    } else if (!rewrite.start()) {
      this.close();
      log.warning(
        "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. " +
          "Check the above logs for more info about the error.",
      );
      return "Unable to turn on AOF. Check server logs.";
    }
    return undefined;
  }

  private switchOff(): undefined {
    this.close();
  }

  private newFolder(): AofFolder {
    const { values } = this.context.config;
    return new AofFolder(values.dir, values.appenddirname, values.appendfilename, this.context.log, this.calls);
  }

  /** Goes on in that file. */
  private use(file: WriterFile): void {
    const { clock, log } = this.context;
    this.journal = this.context.journal = new AofJournal(this.measured(file), file.size, clock, log, this.offset);
    this.journal.isBaseless = this.state === "waiting";
    this.journal.onSynced = () => this.context.startPoll();
    this.configure();
    this.timer = setInterval(() => this.journal?.everySecond(), SYNC_MS);
  }

  /** A snapshot or a base is being made. */
  get isSaving(): boolean {
    return this.context.snapshots.isBusy;
  }

  private measured(file: WriterFile): MeasuredFile {
    return new MeasuredFile(file, this.context.observation.latency, this.context.clock, this);
  }

  /** Looks how large the files are that are not written to. */
  private measure(): void {
    const { folder } = this;
    const bytes = folder.files.reduce((sum, one) => sum + folder.sizeOf(one), 0);
    this.closedBytes = bytes - (this.journal?.size ?? 0);
  }

  private sizeOfBase(): number {
    const { base } = this.folder.manifest;
    return base === undefined ? 0 : this.folder.sizeOf(base);
  }

  refusal(): string | undefined {
    try {
      if (this.state !== "on") this.newFolder().read();
      return this.folder.refusal();
    } catch (error) {
      return reasonOf(error);
    }
  }

  async prepare(): Promise<Continuation> {
    if (this.state !== "on") {
      this.folder = this.newFolder();
      this.folder.read();
    }
    const { folder } = this;
    if (this.state === "off") return { since: undefined, file: undefined };
    if (this.state === "waiting") return { since: "temporary", file: await folder.openTemporaryIncrement() };
    const since = await folder.addIncrement();
    return { since, file: folder.openWriter(since) };
  }

  get mustWait(): boolean {
    return this.journal?.isIdle === false;
  }

  goOn({ file }: Continuation): boolean {
    const { journal } = this;
    if (file === undefined) return true;
    if (journal === undefined) {
      this.use(file);
      return true;
    }
    const { size } = journal;
    if (!journal.moveTo(this.measured(file), 0)) return false;
    this.closedBytes += size;
    this.configure();
    return true;
  }

  async discard({ since, file }: Continuation): Promise<void> {
    file?.close();
    if (since === "temporary") await this.folder.removeFile(this.folder.temporaryIncrement);
  }

  async ended(done: boolean): Promise<void> {
    this.configure();
    if (done) return this.rewritten();
    if (this.state !== "waiting") return;
    this.closeJournal();
    this.rewrite.scheduled = true;
    await this.folder.removeFile(this.folder.temporaryIncrement);
  }

  private async rewritten(): Promise<void> {
    if (this.state === "waiting") this.state = "on";
    if (this.journal !== undefined) this.journal.isBaseless = false;
    this.context.startPoll();
    if (this.state === "on") {
      this.measure();
      this.baseBytes = this.size;
    }
    await this.removeHistory();
  }

  private async removeHistory(): Promise<void> {
    if (this.context.config.values["aof-disable-auto-gc"]) return;
    await this.folder.removeHistory().catch((error) => this.context.log.warning(reasonOf(error)));
  }

  private configure(): undefined {
    const { values } = this.context.config;
    if (this.journal === undefined) return;
    this.journal.policy = values.appendfsync;
    this.journal.timestamps = values["aof-timestamp-enabled"];
    if (values.appendfsync === "always") this.context.unsynced ??= new UnsyncedKeys(this.journal);
    else this.context.unsynced = undefined;
    this.journal.resting = values["no-appendfsync-on-rewrite"] && this.rewrite.isWriting;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AofError || error instanceof ManifestError || error instanceof RdbLoadError)
    return error.message;
  const trace = error instanceof Error ? error.stack : String(error);
  return `Fatal error loading the DB, check server logs. Exiting. ${trace}`;
}
