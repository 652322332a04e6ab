import { statSync } from "node:fs";
import type { LoadProgress, Persistence, ServerContext } from "../../command/context.ts";
import type { Executor } from "../../command/executor.ts";
import { dumpPath } from "../dump-path.ts";
import { DumpLoading } from "../rdb/dump-loading.ts";
import { AofError, type AofFolder, type Cut } from "./folder.ts";
import { AofLoader } from "./loader.ts";

/** Brings what is in the files of a data folder to the keyspace: those of the append-only file, or the snapshot. */
export class StoredData {
  /** The loading that is going on. */
  loading: LoadProgress | undefined;
  lastLoad: Persistence["lastLoad"] = { keysLoaded: 0, keysExpired: 0 };

  constructor(
    private readonly context: ServerContext,
    private readonly executor: Executor,
  ) {}

  /** Loads the snapshot, if there is one. */
  async loadDump(): Promise<void> {
    const dump = new DumpLoading(this.context);
    this.loading = dump;
    await dump.load();
    const { keysLoaded, keysExpired } = dump;
    this.lastLoad = { keysLoaded, keysExpired };
  }

  /**
   * Replays the files of a folder. With `restoreTo`, a Unix time in seconds, they are cut back to what was written until then. Throws AofError
   * when that is impossible.
   */
  async loadFiles(folder: AofFolder, restoreTo: number | undefined): Promise<void> {
    this.tellOfNewerDump(folder);
    const refusal = restoreTo === undefined ? undefined : folder.restoringRefusal(restoreTo);
    if (refusal !== undefined) throw new AofError(refusal);
    const cut = await this.replay(folder, restoreTo);
    if (restoreTo !== undefined) await this.cutBack(folder, cut, restoreTo);
  }

  /** Replays the files of a folder; those of a restoring up to the place that is returned. */
  async replay(folder: AofFolder, restoreTo?: number): Promise<Cut | undefined> {
    const loader = new AofLoader(this.context, this.executor, folder, restoreTo);
    this.loading = loader;
    await loader.load();
    return loader.cut;
  }

  /** A Redis that only saves snapshots may have been at work here since: what it wrote must not be missed without a word. */
  private tellOfNewerDump(folder: AofFolder): void {
    const { values } = this.context.config;
    const { dbfilename, appendfilename, appenddirname } = values;
    const dumpMs = changedMs(dumpPath(values));
    if (folder.files.length === 0 || folder.files.some((file) => changedMs(folder.path(file)) >= dumpMs)) return;
    this.context.log.notice(
      `The append only file ${appendfilename} is loaded. The snapshot ${dbfilename} is newer than it, but not read: if a Redis has saved ` +
        `it since, end this server and put ${appenddirname} away to have it instead`,
    );
  }

  private async cutBack(folder: AofFolder, cut: Cut | undefined, time: number): Promise<void> {
    const { log } = this.context;
    if (cut === undefined) {
      log.warning(`Restored to ${time}: nothing is left out, because nothing was written later`);
      return;
    }
    const { files } = folder;
    const later = files.slice(files.findIndex(({ name }) => name === cut.file.name) + 1);
    const bytes = later.reduce((sum, file) => sum + folder.sizeOf(file), folder.sizeOf(cut.file) - cut.length);
    const kept = await folder.cutBack(cut, time);
    log.warning(
      `Restored to ${time}: ${bytes} bytes that were written later are left out (${cut.file.name} from offset ${cut.length} on, ` +
        `and ${later.length} files after it). Everything there was is kept in ${kept}`,
    );
  }
}

/** When a file was changed, Unix time; 0 if there is none. */
function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
