import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlink,
} from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../../config/replace-file.ts";
import { type ByteString, byteString, bytesOf, textOf } from "../../config/text.ts";
import { latin1 } from "../../lib/bytes.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import type { Log } from "../../observe/log.ts";
import { isEmptySnapshot } from "../rdb/empty-snapshot.ts";
import { WriterFile } from "./append-file.ts";
import {
  type AofFile,
  type AofFileType,
  EMPTY_MANIFEST,
  formatManifest,
  type Manifest,
  parseManifest,
  replaceAll,
} from "./manifest.ts";

/** Why the append-only file can't be used, in a text for the log. */
export class AofError extends Error {}

/**
 * The folder with the files of the append-only file and the manifest that lists them, as redis-server 7 has them.
 *
 * Invariants
 * 1. What the manifest on disk lists is what a start loads. It is replaced as a whole, after the files that it newly lists are there, and
 *    before those that it lists no more are removed.
 * 2. Files with data that no manifest lists are never overwritten.
 */
export class AofFolder {
  manifest: Manifest = EMPTY_MANIFEST;
  private readonly folder: string;

  /** `dir` is the folder for data, `dirName` the folder in it, `fileName` the first part of the names of the files. */
  constructor(
    private readonly dir: string,
    private readonly dirName: string,
    private readonly fileName: string,
    private readonly log: Log,
  ) {
    this.folder = join(dir, dirName);
  }

  /** Reads the manifest, or takes over the one file of a Redis before 7. Throws AofError or ManifestError. */
  read(): void {
    this.manifest = this.readManifest() ?? EMPTY_MANIFEST;
    if (this.hasOldFile()) this.takeOver();
    else if (this.files.length === 0) this.refuseStrays();
  }

  /** The files to be loaded, in order. */
  get files(): AofFile[] {
    const { base, increments } = this.manifest;
    return base === undefined ? [...increments] : [base, ...increments];
  }

  path(file: AofFile): string {
    return join(this.folder, textOf(file.name));
  }

  /** Length of a file in bytes. Throws AofError when there is none. */
  sizeOf(file: AofFile): number {
    try {
      return statSync(this.path(file)).size;
    } catch (error) {
      throw new AofError(`Unable to obtain the AOF file ${file.name} length. stat: ${osErrorText(error)}`);
    }
  }

  /** Opens the last increment, or a new one, to go on with. Makes the folder and the base file where there are none. */
  open(): WriterFile {
    this.makeFolder();
    let { base, increments } = this.manifest;
    if (this.files.length === 0) base = this.makeBase("on server start");
    const last = increments.at(-1) ?? this.newFile("i");
    const isNew = increments.length === 0;
    this.log.notice(`${isNew ? "Creating" : "Opening"} AOF incr file ${last.name} on server start`);
    if (isNew) increments = [last];
    const file = this.openWriter(last);
    this.persist({ ...this.manifest, base, increments });
    return file;
  }

  /** Starts with an empty base file and a new increment; what was there before is not needed any more. */
  openAnew(): WriterFile {
    this.makeFolder();
    const base = this.makeBase("on CONFIG SET");
    const increment = this.newFile("i");
    const file = this.openWriter(increment);
    this.persist(replaceAll(this.manifest, base, increment));
    return file;
  }

  /** Removes the files that are not needed any more. */
  removeHistory(): void {
    const { history } = this.manifest;
    if (history.length === 0) return;
    for (const file of history) {
      this.log.notice(`Removing the history file ${file.name} in the background`);
      unlink(this.path(file), (error) => {
        if (error && error.code !== "ENOENT") this.log.warning(`Can't remove ${file.name}: ${osErrorText(error)}`);
      });
    }
    this.persist({ ...this.manifest, history: [] });
  }

  private get manifestName(): string {
    return `${this.fileName}.manifest`;
  }

  private readManifest(): Manifest | undefined {
    let text: ByteString;
    try {
      text = latin1(readFileSync(join(this.folder, this.manifestName)));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ENOENT") return undefined;
      if (code === "ENOTDIR") throw this.folderError(error);
      throw new AofError(
        `Fatal error: can't open the AOF manifest file ${this.manifestName} for reading: ${osErrorText(error)}`,
      );
    }
    return parseManifest(text);
  }

  /** Whether the file of an older Redis waits in the folder for data: alone, or listed already but not yet moved. */
  private hasOldFile(): boolean {
    if (!isFile(join(this.dir, this.fileName))) return false;
    const { base, history, increments } = this.manifest;
    if (base === undefined) return this.files.length === 0 && history.length === 0;
    const isOnlyFile = increments.length === 0 && base.name === byteString(this.fileName);
    return isOnlyFile && !isFile(this.path(base));
  }

  private takeOver(): void {
    this.refuseStrays();
    this.makeFolder();
    const base: AofFile = { name: byteString(this.fileName), seq: 1, type: "b" };
    this.persist({ base, history: [], increments: [] });
    try {
      renameSync(join(this.dir, this.fileName), this.path(base));
      syncFolder(this.folder);
      syncFolder(this.dir);
    } catch (error) {
      throw new AofError(
        `Error trying to move the old AOF file ${this.fileName} into dir ${this.dirName}: ${osErrorText(error)}`,
      );
    }
    this.log.notice(
      `Successfully migrated an old-style AOF file (${this.fileName}) into the AOF directory (${this.dirName}).`,
    );
  }

  /** A lost manifest must not make us start empty over data: redis-server would. */
  private refuseStrays(): void {
    const stray = this.strays().find((name) => this.holdsData(name));
    if (stray === undefined) return;
    throw new AofError(
      `The AOF manifest file ${this.manifestName} lists no file, but there is data in ${join(this.dirName, stray)}. ` +
        "Put the right manifest back, or move the file away to start without its data.",
    );
  }

  private strays(): string[] {
    const prefix = `${this.fileName}.`;
    try {
      return readdirSync(this.folder).filter(
        (name) => name.startsWith(prefix) && /^\d+\.(base|incr)\.(aof|rdb)$/.test(name.slice(prefix.length)),
      );
    } catch {
      return [];
    }
  }

  private holdsData(name: string): boolean {
    const path = join(this.folder, name);
    if (statSync(path).size === 0) return false;
    return !name.endsWith(".rdb") || !isEmptySnapshot(path);
  }

  private makeFolder(): void {
    try {
      if (statSync(this.folder, { throwIfNoEntry: false })?.isDirectory()) return;
      mkdirSync(this.folder, 0o755);
      syncFolder(this.dir);
    } catch (error) {
      throw this.folderError(error);
    }
  }

  private folderError(error: unknown): AofError {
    const text = (error as { code?: string }).code === "EEXIST" ? "Not a directory" : osErrorText(error);
    return new AofError(`Can't open or create append-only dir ${this.dirName}: ${text}`);
  }

  /** A file without data, in the form that needs no snapshot. */
  private makeBase(when: string): AofFile {
    const file = this.newFile("b");
    this.log.notice(`Creating AOF base file ${file.name} ${when}`);
    try {
      closeSync(openSync(this.path(file), "w", 0o644));
    } catch (error) {
      throw new AofError(`Can't open the append-only file ${file.name}: ${osErrorText(error)}`);
    }
    return file;
  }

  /** The name that is next in line. */
  private newFile(type: Exclude<AofFileType, "h">): AofFile {
    const { base, history, increments } = this.manifest;
    const known = [...history, ...(type === "b" ? (base === undefined ? [] : [base]) : increments)];
    const seq = Math.max(0, ...known.map((file) => file.seq)) + 1;
    return { name: byteString(`${this.fileName}.${seq}.${type === "b" ? "base" : "incr"}.aof`), seq, type };
  }

  private openWriter(file: AofFile): WriterFile {
    try {
      return WriterFile.open(this.path(file));
    } catch (error) {
      throw new AofError(`Can't open the append-only file ${file.name}: ${osErrorText(error)}`);
    }
  }

  private persist(manifest: Manifest): void {
    const text = formatManifest(manifest);
    try {
      if (text !== formatManifest(this.manifest) || !isFile(join(this.folder, this.manifestName))) {
        writeFileAtomically(join(this.folder, this.manifestName), bytesOf(text));
      }
    } catch (error) {
      throw new AofError(`Error trying to write the AOF manifest file ${this.manifestName}: ${osErrorText(error)}`);
    }
    this.manifest = manifest;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
