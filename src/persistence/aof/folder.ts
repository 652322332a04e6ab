import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type ByteString, byteString, bytesOf, textOf } from "../../config/text.ts";
import { latin1 } from "../../lib/bytes.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import type { Log } from "../../observe/log.ts";
import { type FileCalls, systemFileCalls } from "../file-calls.ts";
import { isEmptySnapshot } from "../rdb/empty-snapshot.ts";
import { WriterFile } from "./append-file.ts";
import { isFile, partNames } from "./file-name.ts";
import {
  type AofFile,
  type AofFileType,
  EMPTY_MANIFEST,
  formatManifest,
  type Manifest,
  parseManifest,
  withBase,
} from "./manifest.ts";

/** Why the append-only file can't be used, in a text for the log. */
export class AofError extends Error {}

/** Where the files of a folder are to end. */
export interface Cut {
  readonly file: AofFile;
  /** The length of the file that is kept. Later files are left out as a whole. */
  readonly length: number;
}

/** A base file in the making. */
export interface NewBase {
  /** Where it was written. */
  readonly path: string;
  /** It is a snapshot; otherwise it is made of commands. */
  readonly rdb: boolean;
  /** What was written since the base's moment: an increment that the manifest lists, or the temporary one, or nothing. */
  readonly since: AofFile | "temporary" | undefined;
}

/**
 * The folder with the files of the append-only file and the manifest that lists them, as redis-server 7 has them.
 *
 * Invariants
 * 1. What the manifest on disk lists is what a start loads. It is replaced as a whole, after the files that it newly lists are there, and
 *    before those that it lists no more are removed. So the server may end between any two calls.
 * 2. Files with data that no manifest lists are never overwritten, but for temporary ones.
 * 3. `manifest` is what the disk has. Only if the last call of a change failed, a crash of the machine may bring back the one before: then
 *    no file of either is removed.
 * 4. Changes of the manifest are made one after the other.
 */
export class AofFolder {
  manifest: Manifest = EMPTY_MANIFEST;
  private readonly folder: string;
  private changes: Promise<unknown> = Promise.resolve();

  /** `dir` is the folder for data, `dirName` the folder in it, `fileName` the first part of the names of the files. */
  constructor(
    private readonly dir: string,
    private readonly dirName: string,
    private readonly fileName: string,
    private readonly log: Log,
    private readonly calls: FileCalls = systemFileCalls,
  ) {
    this.folder = join(dir, dirName);
  }

  /** Reads the manifest. Throws AofError or ManifestError. */
  read(): void {
    this.manifest = this.readManifest() ?? EMPTY_MANIFEST;
  }

  /**
   * Reads it to load the files, or takes over the one file of a Redis before 7. `hasSource`: what a first base can be made from is there.
   * Rejects with AofError or ManifestError.
   */
  async readToLoad(hasSource = false): Promise<void> {
    this.read();
    const isUnfinished = isFile(this.firstBaseMark);
    if (this.hasOldFile()) await this.takeOver();
    else if (this.files.length > 0) await this.endFirstBase();
    else if (!isUnfinished || !hasSource) this.refuseStrays();
  }

  /** Its file says that a base of which no manifest knows has nothing that is not elsewhere, too. */
  private get firstBaseMark(): string {
    return join(this.folder, `temp-${this.fileName}.first`);
  }

  /** To be called before a first base is made from a file that is kept: a process that ends meanwhile may begin anew. */
  async beginFirstBase(): Promise<void> {
    await this.makeFolder();
    try {
      await this.calls.create(this.firstBaseMark);
      await this.calls.syncFolder(this.folder);
    } catch (error) {
      throw cannotOpen(basename(this.firstBaseMark), error);
    }
  }

  /** The manifest lists the base. */
  async endFirstBase(): Promise<void> {
    if (isFile(this.firstBaseMark)) await this.removeFile(this.firstBaseMark);
  }

  /** Why files can't be made in the folder, as far as it is seen without trying. */
  refusal(): string | undefined {
    try {
      const isThere = statSync(this.folder, { throwIfNoEntry: false })?.isDirectory() === true;
      accessSync(isThere ? this.folder : this.dir, constants.W_OK | constants.X_OK);
      if (!isThere && existsSync(this.folder)) return this.folderError({ code: "EEXIST" }).message;
      return undefined;
    } catch (error) {
      return this.folderError(error).message;
    }
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
  async open(): Promise<WriterFile> {
    await this.makeFolder();
    let { base, increments } = this.manifest;
    if (this.files.length === 0) base = await this.makeBase();
    const last = increments.at(-1);
    const increment = last ?? this.newFile("i", "aof");
    this.log.notice(`${last === undefined ? "Creating" : "Opening"} AOF incr file ${increment.name} on server start`);
    if (last === undefined) {
      await this.create(increment);
      increments = [increment];
    }
    const file = this.openWriter(increment);
    await this.change((manifest) => ({ ...manifest, base, increments }));
    return file;
  }

  /** Makes an increment, to go on with from the moment of a rewrite on. */
  async addIncrement(): Promise<AofFile> {
    await this.makeFolder();
    const file = this.newFile("i", "aof");
    await this.create(file);
    await this.change((manifest) => ({ ...manifest, increments: [...manifest.increments, file] }));
    this.log.notice(`Creating AOF incr file ${file.name} on background rewrite`);
    return file;
  }

  openWriter(file: AofFile): WriterFile {
    try {
      return WriterFile.open(this.path(file));
    } catch (error) {
      throw cannotOpen(file.name, error);
    }
  }

  /** The increment that is not listed before its base is there. */
  get temporaryIncrement(): string {
    return join(this.folder, `temp-${this.fileName}.incr`);
  }

  /** Makes it anew. */
  async openTemporaryIncrement(): Promise<WriterFile> {
    const name = `temp-${this.fileName}.incr`;
    await this.makeFolder();
    try {
      await this.calls.write(this.temporaryIncrement, new Uint8Array(0));
      const file = WriterFile.open(this.temporaryIncrement);
      this.log.notice(`Creating AOF incr file ${name} on background rewrite`);
      return file;
    } catch (error) {
      throw cannotOpen(name, error);
    }
  }

  /** Puts a new base in the place of all there was before it, which becomes history. */
  async replaceBase({ path, rdb, since }: NewBase): Promise<void> {
    await this.makeFolder();
    const base = this.newFile("b", rdb ? "rdb" : "aof");
    await this.rename(path, base, "base");
    const before = this.manifest;
    try {
      const increment = since === "temporary" ? await this.keepTemporaryIncrement() : since;
      await this.calls.syncFolder(this.folder).catch((error) => this.failed(error));
      await this.change((manifest) => withBase(manifest, base, increment));
    } catch (error) {
      if (this.manifest === before) await this.removeFile(this.path(base));
      throw error;
    }
  }

  private async keepTemporaryIncrement(): Promise<AofFile> {
    const increment = this.newFile("i", "aof");
    await this.rename(this.temporaryIncrement, increment, "incr");
    return increment;
  }

  private async rename(from: string, to: AofFile, kind: string): Promise<void> {
    const words = `the temporary AOF ${kind} file ${basename(from)} into ${to.name}`;
    try {
      await this.calls.rename(from, this.path(to));
    } catch (error) {
      throw new AofError(`Error trying to rename ${words}: ${osErrorText(error)}`);
    }
    this.log.notice(`Successfully renamed ${words}`);
  }

  /** Where what was before a restoration to that time is kept. */
  private keptName(time: number): string {
    return `${this.dirName}.before-${time}`;
  }

  /** Why the folder can't be restored to that time. */
  restoringRefusal(time: number): string | undefined {
    const kept = this.keptName(time);
    if (!existsSync(join(this.dir, kept))) return undefined;
    return (
      `Can't restore to ${time}: ${kept} is there already, so that was done before, or broken off. ` +
      "Start without --restore-to, or move that folder away."
    );
  }

  /** Ends the files there; all that there was stays in a folder of its own, whose name is returned. Rejects with AofError. */
  async cutBack({ file, length }: Cut, time: number): Promise<string> {
    const kept = this.keptName(time);
    try {
      await this.keepAll(kept);
      const { base, increments } = this.manifest;
      const isBase = base !== undefined && base.name === file.name;
      const part = this.newFile(isBase ? "b" : "i", file.name.endsWith(".rdb") ? "rdb" : "aof");
      await this.calls.copyHead(this.path(file), this.path(part), length);
      await this.calls.syncFolder(this.folder);
      const before = this.files;
      const earlier = isBase ? [] : increments.filter(({ seq }) => seq < file.seq);
      await this.change((manifest) => ({
        ...manifest,
        base: isBase ? part : base,
        increments: isBase ? [] : [...earlier, part],
      }));
      const listed = new Set(this.files.map(({ name }) => name));
      for (const { name } of before) if (!listed.has(name)) await this.removeFile(join(this.folder, textOf(name)));
      return kept;
    } catch (error) {
      if (error instanceof AofError) throw error;
      throw new AofError(`Can't restore to ${time}: ${osErrorText(error)}`);
    }
  }

  /** Gives all files a second name in another folder, which has its own name when it is complete. */
  private async keepAll(kept: string): Promise<void> {
    const unfinished = join(this.dir, `temp-${kept}`);
    if (existsSync(unfinished)) {
      for (const name of readdirSync(unfinished)) await this.calls.remove(join(unfinished, name));
    } else {
      await this.calls.mkdir(unfinished);
    }
    for (const name of [...this.files.map((file) => textOf(file.name)), this.manifestName]) {
      await this.calls.link(join(this.folder, name), join(unfinished, name));
    }
    await this.calls.syncFolder(unfinished);
    await this.calls.rename(unfinished, join(this.dir, kept));
    await this.calls.syncFolder(this.dir);
  }

  /** Removes the files that are not needed any more. */
  async removeHistory(): Promise<void> {
    const { history } = this.manifest;
    if (history.length === 0) return;
    for (const file of history) {
      this.log.notice(`Removing the history file ${file.name} in the background`);
      await this.removeFile(this.path(file));
    }
    const isLeft = (file: AofFile) => !history.some(({ name }) => name === file.name);
    await this.change((manifest) => ({ ...manifest, history: manifest.history.filter(isLeft) }));
  }

  /** Removes a file, if there is one. That it can't be removed is only told. */
  async removeFile(path: string): Promise<void> {
    try {
      await this.calls.remove(path);
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return;
      this.log.warning(`Can't remove ${basename(path)}: ${osErrorText(error)}`);
    }
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

  private async takeOver(): Promise<void> {
    this.refuseStrays();
    await this.makeFolder();
    const base: AofFile = { name: byteString(this.fileName), seq: 1, type: "b" };
    await this.change(() => ({ base, history: [], increments: [] }));
    try {
      await this.calls.rename(join(this.dir, this.fileName), this.path(base));
      await this.calls.syncFolder(this.folder);
      await this.calls.syncFolder(this.dir);
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
    const stray = partNames(this.folder, this.fileName).find((name) => this.holdsData(name));
    if (stray === undefined) return;
    throw new AofError(
      `The AOF manifest file ${this.manifestName} lists no file, but there is data in ${join(this.dirName, stray)}. ` +
        "Put the right manifest back, or move the file away to start without its data.",
    );
  }

  private holdsData(name: string): boolean {
    const path = join(this.folder, name);
    if (statSync(path).size === 0) return false;
    return !name.endsWith(".rdb") || !isEmptySnapshot(path);
  }

  private async makeFolder(): Promise<void> {
    try {
      if (statSync(this.folder, { throwIfNoEntry: false })?.isDirectory()) return;
      await this.calls.mkdir(this.folder);
      await this.calls.syncFolder(this.dir);
    } catch (error) {
      throw this.folderError(error);
    }
  }

  private folderError(error: unknown): AofError {
    const text = (error as { code?: string }).code === "EEXIST" ? "Not a directory" : osErrorText(error);
    return new AofError(`Can't open or create append-only dir ${this.dirName}: ${text}`);
  }

  /** A file without data, in the form that needs no snapshot. */
  private async makeBase(): Promise<AofFile> {
    const file = this.newFile("b", "aof");
    this.log.notice(`Creating AOF base file ${file.name} on server start`);
    await this.create(file);
    return file;
  }

  /** Makes an empty file, whose name is on the disk before a manifest with it. */
  private async create(file: AofFile): Promise<void> {
    try {
      await this.calls.create(this.path(file));
      await this.calls.syncFolder(this.folder);
    } catch (error) {
      throw cannotOpen(file.name, error);
    }
  }

  /** The name that is next in line. Names of files that hold something are passed over, whoever left them there. */
  private newFile(type: Exclude<AofFileType, "h">, extension: "aof" | "rdb"): AofFile {
    const { base, history, increments } = this.manifest;
    const known = [...history, ...(type === "b" ? (base === undefined ? [] : [base]) : increments)];
    let seq = Math.max(0, ...known.map((file) => file.seq)) + 1;
    for (;;) {
      const name = byteString(`${this.fileName}.${seq}.${type === "b" ? "base" : "incr"}.${extension}`);
      const file = { name, seq, type };
      const size = statSync(this.path(file), { throwIfNoEntry: false })?.size ?? 0;
      if (size === 0) return file;
      this.log.warning(`The file ${name} is in ${this.dirName}, but not in the AOF manifest; it is left alone`);
      seq++;
    }
  }

  /** Replaces the manifest, after the changes that were asked for before. Rejects with AofError. */
  private change(update: (manifest: Manifest) => Manifest): Promise<void> {
    const done = this.changes.then(() => this.persist(update(this.manifest)));
    this.changes = done.catch(() => {});
    return done;
  }

  private async persist(manifest: Manifest): Promise<void> {
    const path = join(this.folder, this.manifestName);
    const temporary = join(this.folder, `temp-${this.manifestName}`);
    const text = formatManifest(manifest);
    if (text === formatManifest(this.manifest) && isFile(path)) return;
    try {
      await this.calls.write(temporary, bytesOf(text));
      await this.calls.rename(temporary, path);
    } catch (error) {
      await this.removeFile(temporary);
      this.failed(error);
    }
    this.manifest = manifest;
    await this.calls.syncFolder(this.folder).catch((error) => this.failed(error));
  }

  private failed(error: unknown): never {
    throw new AofError(`Error trying to write the AOF manifest file ${this.manifestName}: ${osErrorText(error)}`);
  }
}

function cannotOpen(name: string, error: unknown): AofError {
  return new AofError(`Can't open the append-only file ${name}: ${osErrorText(error)}`);
}
