import { closeSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import type { ServerContext } from "../../command/context.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { Loading } from "../loading.ts";
import { RdbLoadError, RdbLoader, type RdbLoadOptions } from "./rdb-loader.ts";

/** Loads the snapshot of a folder into the keyspace, in slices between which the event loop runs. */
export class DumpLoading extends Loading {
  keysLoaded = 0;
  keysExpired = 0;

  constructor(context: ServerContext) {
    super(context, "the RDB file");
  }

  /** False when there is no file. Throws RdbLoadError. */
  async load(options: RdbLoadOptions = {}): Promise<boolean> {
    const { values } = this.context.config;
    const fd = this.open(join(values.dir, values.dbfilename));
    if (fd === undefined) return false;
    try {
      this.totalBytes = fstatSync(fd).size;
      const loader = new RdbLoader(this.context, fd, this.totalBytes, options);
      const loaded = () => {
        this.usedMemoryBytes = loader.usedMemoryBytes;
        return loader.loadedBytes;
      };
      await this.inSlices((untilUs) => loader.step(untilUs), loaded);
      this.keysLoaded = loader.keysLoaded;
      this.keysExpired = loader.keysExpired;
    } finally {
      closeSync(fd);
    }
    this.context.log.notice(`DB loaded from disk: ${this.secondsSince()}`);
    return true;
  }

  private open(path: string): number | undefined {
    try {
      return openSync(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      const reason = osErrorText(error);
      this.context.log.warning(`Fatal error: can't open the RDB file ${path} for reading: ${reason}`);
      throw new RdbLoadError(`Fatal error loading the DB: ${reason}. Exiting.`);
    }
  }
}
