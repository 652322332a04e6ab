import { closeSync, ftruncateSync, openSync, readSync } from "node:fs";
import { Client, NO_LINK } from "../../command/client.ts";
import type { ServerContext } from "../../command/context.ts";
import type { Executor } from "../../command/executor.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { Loading } from "../loading.ts";
import { isRdb, MAGIC } from "../rdb/codes.ts";
import { RdbLoadError, RdbLoader } from "../rdb/rdb-loader.ts";
import { AofError, type AofFolder, type Cut } from "./folder.ts";
import type { AofFile } from "./manifest.ts";
import { FileReplay } from "./replay.ts";

/** Replays the files of a folder into the keyspace, in slices between which the event loop runs. */
export class AofLoader extends Loading {
  /** Where the first later time was noted. */
  cut: Cut | undefined;
  private notesTime = false;

  /** `until`: nothing is loaded that was written after that second, Unix time, as far as times are noted. */
  constructor(
    context: ServerContext,
    private readonly executor: Executor,
    private readonly folder: AofFolder,
    private readonly until?: number,
  ) {
    super(context, "the AOF");
  }

  /** Loads everything. Throws AofError, or what a command threw. */
  async load(): Promise<void> {
    const { files } = this.folder;
    const sizes = files.map((file) => this.folder.sizeOf(file));
    this.totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const [i, file] of files.entries()) {
      const size = sizes[i]!;
      if (this.cut !== undefined) break;
      const isLast = sizes.slice(i + 1).every((later) => later === 0);
      if (size > 0) await this.loadFile(file, size, before, isLast);
      before += size;
    }
    if (this.until !== undefined && !this.notesTime) {
      throw new AofError("Can't restore to a time: no times are noted in the append only file (aof-timestamp-enabled)");
    }
    if (this.totalBytes > 0) this.context.log.notice(`DB loaded from append only file: ${this.secondsSince()}`);
  }

  private async loadFile(file: AofFile, size: number, before: number, isLast: boolean): Promise<void> {
    const { log } = this.context;
    const startUs = this.context.clock.monotonicUs();
    const fd = this.open(file);
    try {
      const from = this.startsWithSnapshot(file, fd) ? await this.loadSnapshot(file, fd, size, before) : 0;
      const replay = this.start(file, fd, from, size);
      await this.inSlices(
        (untilUs) => replay.step(untilUs),
        () => before + replay.loadedBytes,
      );
      this.loadedBytes = before + size;
      this.notesTime ||= replay.notesTime;
      if (replay.cutAt === 0 && file.type === "b") throw this.tooLate(file, "a later time");
      if (replay.cutAt !== undefined) this.cut = { file, length: replay.cutAt };
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

  private startsWithSnapshot(file: AofFile, fd: number): boolean {
    const head = new Uint8Array(MAGIC.length);
    try {
      readSync(fd, head, 0, head.length, 0);
    } catch (error) {
      throw new AofError(`Unrecoverable error reading the append only file ${file.name}: ${osErrorText(error)}`);
    }
    return isRdb(head);
  }

  /** Loads the snapshot at the start of a file. Returns its length. */
  private async loadSnapshot(file: AofFile, fd: number, size: number, before: number): Promise<number> {
    this.context.log.notice("Reading RDB base file on AOF loading...");
    const loader = new RdbLoader(this.context, fd, size, { aofBase: true });
    try {
      await this.inSlices(
        (untilUs) => loader.step(untilUs),
        () => before + loader.loadedBytes,
      );
    } catch (error) {
      if (!(error instanceof RdbLoadError)) throw error;
      this.context.log.warning(`Error reading the RDB preamble of the AOF file ${file.name}, AOF loading aborted`);
      throw new AofError(error.message);
    }
    if (this.until !== undefined && loader.writtenAt > this.until) throw this.tooLate(file, loader.writtenAt);
    return loader.loadedBytes;
  }

  private tooLate(file: AofFile, writtenAt: number | string): AofError {
    return new AofError(
      `Can't restore to ${this.until}: the base file ${file.name} has the data as it was later, at ${writtenAt}. ` +
        "Restore a folder that was copied before that.",
    );
  }

  private start(file: AofFile, fd: number, from: number, size: number): FileReplay {
    const { context, executor } = this;
    const client = new Client(0, NO_LINK, context.keyspace.databases[0]!, this.startedMs);
    const host = { executor, table: context.table, clock: context.clock };
    return new FileReplay(host, client, file.name, fd, from, size, this.until);
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
}
