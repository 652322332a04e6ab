import { closeSync, ftruncateSync, openSync, readSync } from "node:fs";
import { Client, type Link } from "../../command/client.ts";
import type { LoadProgress, ServerContext } from "../../command/context.ts";
import type { Executor } from "../../command/executor.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { emptyRdbEnd, isRdb } from "./empty-rdb.ts";
import { AofError, type AofFolder } from "./folder.ts";
import type { AofFile } from "./manifest.ts";
import { FileReplay } from "./replay.ts";

/** Clients are answered between two slices. */
const SLICE_US = 5000;
/** How often the log tells how far it is. */
const PROGRESS_US = 5_000_000;
/** An empty snapshot has some hundred bytes. */
const RDB_BYTES_MAX = 64 * 1024;

/** The link of the client that executes what is in the file. */
const NO_LINK: Link = {
  address: "",
  localAddress: "",
  descriptor: -1,
  queryBytes: 0,
  queryFreeBytes: 0,
  outputBytes: 0,
  outputBuffers: 0,
  push() {},
  close() {},
  suspend() {},
  resumeLater() {},
};

/** Replays the files of a folder into the keyspace, in slices between which the event loop runs. */
export class AofLoader implements LoadProgress {
  readonly startedMs: number;
  totalBytes = 0;
  loadedBytes = 0;
  private readonly startedUs: number;
  private toldUs: number;

  constructor(
    private readonly context: ServerContext,
    private readonly executor: Executor,
    private readonly folder: AofFolder,
  ) {
    this.startedMs = context.clock.unixMs();
    this.startedUs = this.toldUs = context.clock.monotonicUs();
  }

  /** Loads everything. Throws AofError, or what a command threw. */
  async load(): Promise<void> {
    const { files } = this.folder;
    const sizes = files.map((file) => this.folder.sizeOf(file));
    this.totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const [i, file] of files.entries()) {
      const size = sizes[i]!;
      if (size > 0) await this.loadFile(file, size, before, i === files.length - 1);
      before += size;
    }
    if (this.totalBytes > 0)
      this.context.log.notice(`DB loaded from append only file: ${this.secondsSince(this.startedUs)}`);
  }

  private async loadFile(file: AofFile, size: number, before: number, isLast: boolean): Promise<void> {
    const { log } = this.context;
    const startUs = this.context.clock.monotonicUs();
    const fd = this.open(file);
    try {
      const replay = this.start(file, fd, size);
      while (!this.slice(replay)) {
        this.loadedBytes = before + replay.loadedBytes;
        this.tell();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      this.loadedBytes = before + size;
      if (replay.tornAt !== undefined) this.handleTorn(file, replay.tornAt, replay.tornTransaction, isLast);
    } finally {
      closeSync(fd);
    }
    const kind = file.type === "b" ? "base" : "incr";
    log.notice(`DB loaded from ${kind} file ${file.name}: ${this.secondsSince(startUs)}`);
  }

  private open(file: AofFile): number {
    try {
      return openSync(this.folder.path(file), "r");
    } catch (error) {
      throw new AofError(`Fatal error: can't open the append log file ${file.name} for reading: ${osErrorText(error)}`);
    }
  }

  /** Skips a snapshot at the start of the file, if it holds nothing. */
  private start(file: AofFile, fd: number, size: number): FileReplay {
    const head = new Uint8Array(Math.min(size, RDB_BYTES_MAX));
    try {
      readSync(fd, head, 0, head.length, 0);
    } catch (error) {
      throw new AofError(`Unrecoverable error reading the append only file ${file.name}: ${osErrorText(error)}`);
    }
    let from: number | undefined = 0;
    if (isRdb(head)) {
      this.context.log.notice("Reading RDB base file on AOF loading...");
      from = emptyRdbEnd(head);
      if (from === undefined) throw rdbRefusal(file);
    }
    const { context, executor } = this;
    const client = new Client(0, NO_LINK, context.keyspace.databases[0]!, this.startedMs);
    const host = { executor, table: context.table, clock: context.clock };
    return new FileReplay(host, client, file.name, fd, from, size);
  }

  /** Works for one slice, in which no key's time comes. True at the end of the file. */
  private slice(replay: FileReplay): boolean {
    const { keyspace, clock } = this.context;
    keyspace.nowMs = 0;
    try {
      return replay.step(clock.monotonicUs() + SLICE_US);
    } finally {
      keyspace.setNow(clock.unixMs());
    }
  }

  private handleTorn(file: AofFile, at: number, inTransaction: boolean, isLast: boolean): void {
    const { log, config } = this.context;
    const { name } = file;
    if (inTransaction) log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    if (!config.values["aof-load-truncated"]) {
      throw new AofError(
        `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use ` +
          "./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration " +
          `option to yes and restart the server. (offset ${at})`,
      );
    }
    log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
    if (!isLast) throw new AofError(`Fatal error: the truncated file is not the last file (${name}, offset ${at})`);
    log.warning(`!!! Truncating the AOF ${name} at offset ${at} !!!`);
    this.truncate(file, at);
    log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
  }

  private truncate(file: AofFile, length: number): void {
    try {
      const fd = openSync(this.folder.path(file), "r+");
      try {
        ftruncateSync(fd, length);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw new AofError(`Error truncating the AOF file ${file.name}: ${osErrorText(error)}`);
    }
  }

  get etaSeconds(): number {
    const elapsed = (this.context.clock.monotonicUs() - this.startedUs) / 1e6;
    return Math.ceil((elapsed * (this.totalBytes - this.loadedBytes)) / (this.loadedBytes + 1));
  }

  private tell(): void {
    const nowUs = this.context.clock.monotonicUs();
    if (nowUs - this.toldUs < PROGRESS_US) return;
    this.toldUs = nowUs;
    const { loadedBytes, totalBytes } = this;
    const percent = ((loadedBytes * 100) / totalBytes).toFixed(2);
    this.context.log.notice(
      `Loading the AOF: ${percent}% (${loadedBytes} of ${totalBytes} bytes), about ${this.etaSeconds} seconds left`,
    );
  }

  private secondsSince(us: number): string {
    return `${((this.context.clock.monotonicUs() - us) / 1e6).toFixed(3)} seconds`;
  }
}

function rdbRefusal(file: AofFile): AofError {
  return new AofError(
    `The append only file ${file.name} starts with a snapshot in RDB format that holds data, or is damaged. This version reads only ` +
      "commands. To move the data here, let redis-server write it anew: CONFIG SET aof-use-rdb-preamble no, then BGREWRITEAOF.",
  );
}
