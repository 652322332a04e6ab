import { GATE_LOADING, type LoadProgress, type Persistence, type ServerContext } from "../../command/context.ts";
import type { Executor } from "../../command/executor.ts";
import { UnsyncedKeys } from "../../command/unsynced-keys.ts";
import { DumpLoading } from "../rdb/dump-loading.ts";
import { RdbLoadError } from "../rdb/rdb-loader.ts";
import type { WriterFile } from "./append-file.ts";
import { AofError, AofFolder } from "./folder.ts";
import { AofJournal } from "./journal.ts";
import { AofLoader } from "./loader.ts";
import { ManifestError } from "./manifest.ts";
import { MeasuredFile } from "./measured-file.ts";

const SYNC_MS = 1000;

type Figures = Persistence["figures"];

/**
 * The append-only file of a server: loads it at the start, opens it for writing, and is switched on and off and told its policy by the
 * configuration. While it is on, `context.journal` is its journal.
 */
export class Aof implements Persistence {
  writeDelayUs = 0;
  lastLoad = { keysLoaded: 0, keysExpired: 0 };
  private journal: AofJournal | undefined;
  private loader: LoadProgress | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Bytes of the base file, and of all files but the one that is written. */
  private baseBytes = 0;
  private closedBytes = 0;
  /** Where the offsets of the next journal begin. */
  private offset = 0;

  constructor(
    private readonly context: ServerContext,
    private readonly executor: Executor,
  ) {
    const { config } = context;
    config.onChange("appendonly", (on) => (on ? this.switchOn() : this.switchOff()));
    config.onChange("appendfsync", () => this.configure());
    config.onChange("aof-timestamp-enabled", () => this.configure());
  }

  /** Loads the files and opens them for writing, if the AOF is on. Returns why that is impossible. */
  async load(): Promise<string | undefined> {
    this.context.gate |= GATE_LOADING;
    try {
      if (!this.context.config.values.appendonly) {
        const dump = new DumpLoading(this.context);
        this.loader = dump;
        await dump.load();
        const { keysLoaded, keysExpired } = dump;
        this.lastLoad = { keysLoaded, keysExpired };
        return undefined;
      }
      const folder = this.newFolder();
      folder.read();
      const loader = new AofLoader(this.context, this.executor, folder);
      this.loader = loader;
      await loader.load();
      this.use(folder, folder.open());
      this.removeHistory(folder);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    } finally {
      this.loader = undefined;
      this.context.gate &= ~GATE_LOADING;
    }
  }

  /** Writes and syncs what there is, and closes the file. False when that failed. */
  close(): boolean {
    const { journal } = this;
    if (journal === undefined) return true;
    clearInterval(this.timer);
    this.journal = this.context.journal = this.context.unsynced = undefined;
    this.offset = journal.end;
    return journal.close();
  }

  /** The loading that is going on. */
  get loading(): LoadProgress | undefined {
    return this.loader;
  }

  get figures(): Figures {
    return {
      ...this.rewriteFigures(),
      ...(this.journal === undefined ? {} : this.fileFigures(this.journal)),
    };
  }

  private rewriteFigures(): Figures {
    return {
      aof_enabled: this.journal === undefined ? 0 : 1,
      aof_rewrite_in_progress: 0,
      aof_rewrite_scheduled: 0,
      aof_last_rewrite_time_sec: -1,
      aof_current_rewrite_time_sec: -1,
      aof_last_bgrewrite_status: "ok",
      aof_rewrites: 0,
      aof_rewrites_consecutive_failures: 0,
      aof_last_write_status: (this.journal?.lastError ?? "") === "" ? "ok" : "err",
      aof_last_cow_size: 0,
    };
  }

  private fileFigures(journal: AofJournal): Figures {
    return {
      aof_current_size: this.closedBytes + journal.size,
      aof_base_size: this.baseBytes,
      aof_pending_rewrite: 0,
      aof_buffer_length: journal.used,
      aof_pending_bio_fsync: journal.syncing ? 1 : 0,
      aof_delayed_fsync: journal.delayedSyncs,
    };
  }

  /** CONFIG SET appendonly yes. The base file of a folder is empty, so the data must be, too. */
  private switchOn(): string | undefined {
    if (this.context.keyspace.databases.some((db) => db.size > 0)) {
      return (
        "the append only file can be switched on only while there is no data, because the data would have to be rewritten into it; " +
        "start the server with appendonly yes"
      );
    }
    try {
      const folder = this.newFolder();
      folder.read();
      this.use(folder, folder.openAnew());
      this.removeHistory(folder);
      return undefined;
    } catch (error) {
      this.context.log.warning(reasonOf(error));
      return "Unable to turn on AOF. Check server logs.";
    }
  }

  private switchOff(): undefined {
    this.close();
  }

  private newFolder(): AofFolder {
    const { values } = this.context.config;
    return new AofFolder(values.dir, values.appenddirname, values.appendfilename, this.context.log);
  }

  private use(folder: AofFolder, file: WriterFile): void {
    const { base } = folder.manifest;
    const bytes = folder.files.reduce((sum, one) => sum + folder.sizeOf(one), 0);
    this.baseBytes = base === undefined ? 0 : folder.sizeOf(base);
    this.closedBytes = bytes - file.size;
    const { clock, log, observation } = this.context;
    const measured = new MeasuredFile(file, observation.latency, clock, this);
    this.journal = this.context.journal = new AofJournal(measured, file.size, clock, log, this.offset);
    this.journal.onSynced = () => this.context.startPoll();
    this.configure();
    this.timer = setInterval(() => this.journal?.everySecond(), SYNC_MS);
  }

  private removeHistory(folder: AofFolder): void {
    if (!this.context.config.values["aof-disable-auto-gc"]) folder.removeHistory();
  }

  private configure(): undefined {
    const { values } = this.context.config;
    if (this.journal === undefined) return;
    this.journal.policy = values.appendfsync;
    this.journal.timestamps = values["aof-timestamp-enabled"];
    if (values.appendfsync === "always") this.context.unsynced ??= new UnsyncedKeys(this.journal);
    else this.context.unsynced = undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AofError || error instanceof ManifestError || error instanceof RdbLoadError)
    return error.message;
  const trace = error instanceof Error ? error.stack : String(error);
  return `Fatal error loading the DB, check server logs. Exiting. ${trace}`;
}
