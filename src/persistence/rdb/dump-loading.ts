import { closeSync, fstatSync, openSync } from "node:fs";
import type { ServerContext } from "../../command/context.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { dumpPath } from "../dump-path.ts";
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
    const fd = this.open();
    if (fd === undefined) return false;
    try {
      const loader = this.loaderOf(fd, options);
      const loaded = () => {
        this.usedMemoryBytes = loader.usedMemoryBytes;
        return loader.loadedBytes;
      };
      await this.inSlices((untilUs) => loader.step(untilUs), loaded);
      this.ended(loader);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  /** `load` without slices: everybody waits. */
  loadAtOnce(options: RdbLoadOptions): boolean {
    const fd = this.open();
    if (fd === undefined) return false;
    try {
      const loader = this.loaderOf(fd, options);
      this.stepUntil((untilUs) => loader.step(untilUs), Number.POSITIVE_INFINITY);
      this.ended(loader);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  private loaderOf(fd: number, options: RdbLoadOptions): RdbLoader {
    this.totalBytes = fstatSync(fd).size;
    return new RdbLoader(this.context, fd, this.totalBytes, options);
  }

  private ended({ keysLoaded, keysExpired }: RdbLoader): void {
    this.keysLoaded = keysLoaded;
    this.keysExpired = keysExpired;
    this.context.log.notice(`DB loaded from disk: ${this.secondsSince()}`);
  }

  private open(): number | undefined {
    const { values } = this.context.config;
    const path = dumpPath(values);
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
