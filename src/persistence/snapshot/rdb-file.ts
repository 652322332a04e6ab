import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { osErrorText } from "../../lib/os-errors.ts";
import { CHECKSUM_BYTES } from "../rdb/codes.ts";
import type { Chunk } from "./chunk.ts";
import { ChunkEncoder } from "./chunk-encoder.ts";

/** After so many bytes the file is synced, so that the sync at the end has little left to do. */
const SYNC_STEP_BYTES = 4 * 1024 * 1024;

export interface RdbFileOptions {
  /** Where the file is to be in the end, and where it is until it is complete: in the same folder. */
  readonly path: string;
  readonly temporary: string;
  /** What it ends with: its checksum, or zeros for none; undefined: neither, it is no RDB file. */
  readonly checksum: boolean | undefined;
  readonly syncsBits: boolean;
}

/** The calls that make the file. They throw the operating system's error. Tests put others in their place. */
export interface RdbFileCalls {
  open(path: string): number;
  write(fd: number, buf: Uint8Array, start: number, len: number): number;
  sync(fd: number): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  syncFolder(path: string): void;
}

export const systemRdbFileCalls: RdbFileCalls = {
  open: (path) => openSync(path, "w"),
  write: writeSync,
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  syncFolder,
};

/**
 * An RDB file that is being written. It has its name only when it is complete and on the disk: until then, and if anything fails, what
 * had that name before stays. Methods throw RdbFileError.
 */
export class RdbFile {
  /** Length so far. */
  bytes = 0;
  private readonly fd: number;
  private readonly encoder: ChunkEncoder;
  private synced = 0;
  private isOpen = true;

  constructor(
    private readonly options: RdbFileOptions,
    private readonly calls: RdbFileCalls = systemRdbFileCalls,
  ) {
    this.fd = open(options.temporary, calls);
    this.encoder = new ChunkEncoder(options.checksum === true);
  }

  write(chunk: Chunk): void {
    const count = this.encoder.encode(chunk);
    this.put(this.encoder.bytes, count);
    if (!this.options.syncsBits || this.bytes - this.synced < SYNC_STEP_BYTES) return;
    this.synced = this.bytes;
    attempt("fsync", () => this.calls.sync(this.fd));
  }

  private put(buf: Uint8Array, length: number): void {
    for (let at = 0; at < length; ) at += attempt("fwrite", () => this.calls.write(this.fd, buf, at, length - at));
    this.bytes += length;
  }

  /** Ends the file with its checksum, and gives it its name. */
  finish(): void {
    const { calls, options } = this;
    if (options.checksum !== undefined) this.putChecksum();
    attempt("fsync", () => calls.sync(this.fd));
    this.isOpen = false;
    attempt("fclose", () => calls.close(this.fd));
    attempt("rename", () => calls.rename(options.temporary, options.path));
    attempt("fsyncFileDir", () => calls.syncFolder(dirname(options.path)));
  }

  private putChecksum(): void {
    const checksum = new Uint8Array(CHECKSUM_BYTES);
    if (this.options.checksum) new DataView(checksum.buffer).setBigUint64(0, this.encoder.sum(), true);
    this.put(checksum, CHECKSUM_BYTES);
  }

  /** Gives up. */
  abort(): void {
    const { isOpen } = this;
    this.isOpen = false;
    try {
      if (isOpen) closeSync(this.fd);
      unlinkSync(this.options.temporary);
    } catch {
      // What can't be removed now stays as what it is, a temporary file.
    }
  }
}

function open(path: string, calls: RdbFileCalls): number {
  try {
    return calls.open(path);
  } catch (error) {
    throw new RdbFileError(
      `Failed opening the temp RDB file ${basename(path)} (in server root dir ${dirname(path)}) for saving: ${osErrorText(error)}`,
    );
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What went wrong with a file, in the words of Redis's log. */
export class RdbFileError extends Error {}

function attempt<T>(call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new RdbFileError(`Write error saving DB on disk(${call}): ${osErrorText(error)}`);
  }
}
