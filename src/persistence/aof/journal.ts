import type { Journal } from "../../command/context.ts";
import { copyBytes } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../observe/log.ts";
import { Reply } from "../../resp/reply.ts";
import type { AppendFile } from "./append-file.ts";

export type FsyncPolicy = "always" | "everysec" | "no";

const INITIAL_BYTES = 256 * 1024;
/** A buffer that grew beyond this is given back once it is empty. */
const KEEP_BYTES_MAX = 4 * 1024 * 1024;
/** Pieces from this size on go to the file without being copied. */
const DIRECT_BYTES_MIN = 32 * 1024;
/** A failed write is tried again after this, not in every poll: each try may fill the disk and be cut off again. */
const RETRY_MS = 100;
/** Redis says at most every 30 seconds that it can't write. */
const LOG_PAUSE_MS = 30_000;
/** A sync that keeps the next one waiting this long is counted and logged, as in Redis. */
const SLOW_SYNC_MS = 2000;

/**
 * The journal: gathers what changed the data in RESP, and brings it to the end of a file.
 *
 *     file   | good                          | inFile |
 *     buf                                    | inFile      | not written yet   |
 *                                            0                                 used
 *
 * Invariants
 * 1. The file holds `good` bytes that are never written again, and then the first `inFile` bytes of `buf`. So what fails is cut off and
 *    written again, or, if it can't even be cut off, gone on with: nothing is lost or doubled, whichever call fails.
 * 2. `used` falls to 0 only when all of `buf` is in the file, and under "always" on the disk as well: bytes whose sync failed may be
 *    gone from the system's cache although it calls the next sync a success, so they are written anew.
 * 3. `flush` is true only if everything appended is in the file (under "always": on the disk). Then replies may be sent.
 * 4. At most one sync runs off the main loop. `dirty` says that the file has bytes that no sync begun so far covers.
 * 5. Whoever reads the file from its start meets a SELECT before the first request, and before each that is for another database
 *    than the one before it.
 *
 * | state           | `lastError` | append       | flush                                            | left by            |
 * |-----------------|-------------|--------------|--------------------------------------------------|--------------------|
 * | well            | ""          | buf, or file | writes; "always" syncs                           | an error           |
 * | write failed    | its text    | buf          | false; from RETRY_MS after the failure tries again | a flush that works |
 * | sync failed     | its text    | buf, or file | false, though it writes; "always" as write failed | a sync that works  |
 *
 * A sync that failed under "everysec" leaves bytes that we no longer have. As Redis does, we refuse writes until a later sync works;
 * only a new base file (BGREWRITEAOF) makes sure that they are on the disk.
 *
 * Redis holds its writes back for up to two seconds while a sync runs, because they may have to wait for it, and acknowledges them
 * meanwhile. A reply of ours means that the bytes are in the file, so we write at once: most writes during a sync do not wait.
 */
export class AofJournal implements Journal {
  policy: FsyncPolicy = "everysec";
  /** Notes the time before what was written in a new second (aof-timestamp-enabled). */
  timestamps = false;
  /** How often a sync was so slow that the next one had to wait two seconds. */
  delayedSyncs = 0;
  /** A sync is running off the main loop. */
  syncing = false;
  /** Bytes in `buf`, and how many of them are in the file already. */
  used = 0;
  private inFile = 0;
  private buf = new Uint8Array(INITIAL_BYTES);
  private readonly selection = new Reply(64);
  private database = -1;
  private noted = 0;
  private dirty = false;
  private writeError = "";
  private syncError = "";
  private failedMs = 0;
  private loggedMs = 0;
  /** The log was told of the last failure. */
  private told = false;
  private postponedMs = 0;

  /** `good` is the length of the file. */
  constructor(
    private readonly file: AppendFile,
    private good: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Why writes are to be refused, in the operating system's words; "" when all is well. */
  get lastError(): string {
    return this.writeError !== "" ? this.writeError : this.syncError;
  }

  /** Length of the file. */
  get size(): number {
    return this.good + this.inFile;
  }

  append(db: number, buf: Uint8Array, start: number, len: number): void {
    if (this.timestamps) this.noteTime();
    if (db !== this.database) this.select(db);
    if (len >= DIRECT_BYTES_MIN && this.policy !== "always" && this.writeError === "") this.pass(buf, start, len);
    else this.hold(buf, start, len);
  }

  private hold(buf: Uint8Array, start: number, len: number): void {
    if (this.used + len > this.buf.length) this.grow(len);
    copyBytes(buf, start, len, this.buf, this.used);
    this.used += len;
  }

  private grow(bytes: number): void {
    const bigger = new Uint8Array(Math.max(this.buf.length * 2, this.used + bytes));
    copyBytes(this.buf, 0, this.used, bigger, 0);
    this.buf = bigger;
  }

  private select(db: number): void {
    const { selection } = this;
    selection.truncate(0);
    selection.array(2);
    selection.bulkText("SELECT");
    selection.bulkInteger(db);
    this.hold(selection.buf, 0, selection.at);
    this.database = db;
  }

  private noteTime(): void {
    const seconds = Math.floor(this.clock.unixMs() / 1000);
    if (seconds <= this.noted) return;
    this.noted = seconds;
    const note = Buffer.from(`#TS:${seconds}\r\n`);
    this.hold(note, 0, note.length);
  }

  /** Writes a large piece without copying it, after what is held. What does not get into the file is held. */
  private pass(buf: Uint8Array, start: number, len: number): void {
    if (this.used > 0) {
      if (!this.write()) {
        this.hold(buf, start, len);
        return;
      }
      this.release();
    }
    const written = this.file.append(buf, start, len);
    this.dirty = true;
    if (written === len) {
      this.good += len;
      return;
    }
    this.hold(buf, start, len);
    this.inFile = written;
    this.fellShort();
  }

  flush(): boolean {
    if (this.used > 0 && !this.save()) return false;
    return this.syncError === "";
  }

  /** Empties the buffer into the file. */
  private save(): boolean {
    if (this.writeError !== "" && this.clock.unixMs() - this.failedMs < RETRY_MS) return false;
    if (!this.write()) return false;
    if (this.policy === "always" && !this.syncHeld()) return false;
    this.release();
    this.recovered();
    return true;
  }

  private write(): boolean {
    this.dirty = true;
    if (this.inFile < this.used) this.inFile += this.file.append(this.buf, this.inFile, this.used - this.inFile);
    if (this.inFile === this.used) return true;
    this.fellShort();
    return false;
  }

  private fellShort(): void {
    const { error } = this.file;
    if (this.inFile === 0) this.failed(error, `Error writing to the AOF file: ${error}`);
    else
      this.failed(error, `Short write while writing to the AOF file: (nwritten=${this.inFile}, expected=${this.used})`);
    this.cutBack();
  }

  /** Takes what is not complete off the file, so that a process that starts now finds no torn tail. */
  private cutBack(): void {
    if (this.inFile === 0) return;
    if (this.file.truncate(this.good)) {
      this.inFile = 0;
      return;
    }
    if (!this.told) return;
    this.log.warning(
      "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  " +
        `ftruncate: ${this.file.error}`,
    );
  }

  /** Under "always": makes the bytes just written durable. */
  private syncHeld(): boolean {
    if (this.file.syncNow()) {
      this.dirty = false;
      this.syncWorked();
      return true;
    }
    const { error } = this.file;
    this.failed(error, `Fail to fsync the AOF file: ${error}`);
    this.cutBack();
    return false;
  }

  private failed(error: string, message: string): void {
    this.failedMs = this.clock.unixMs();
    this.told = this.failedMs - this.loggedMs >= LOG_PAUSE_MS;
    if (this.told) {
      this.loggedMs = this.failedMs;
      this.log.warning(message);
    }
    this.writeError = error;
  }

  private recovered(): void {
    if (this.writeError === "") return;
    this.writeError = "";
    this.loggedMs = 0;
    this.log.warning("AOF write error looks solved, Redis can write again.");
  }

  private release(): void {
    this.good += this.used;
    this.used = this.inFile = 0;
    if (this.buf.length > KEEP_BYTES_MAX) this.buf = new Uint8Array(INITIAL_BYTES);
  }

  /** To be called once a second: starts the sync that "everysec" promises, off the main loop. */
  everySecond(): void {
    if (!this.dirty || (this.policy === "no" && this.syncError === "")) return;
    if (this.syncing) {
      this.postpone();
      return;
    }
    this.postponedMs = 0;
    this.dirty = false;
    this.syncing = true;
    this.file.sync(this.synced);
  }

  private postpone(): void {
    const nowMs = this.clock.unixMs();
    if (this.postponedMs === 0) this.postponedMs = nowMs;
    if (nowMs - this.postponedMs < SLOW_SYNC_MS) return;
    this.postponedMs = 0;
    this.delayedSyncs++;
    this.log.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, " +
        "this may slow down Redis.",
    );
  }

  private readonly synced = (error: string): void => {
    this.syncing = false;
    if (error !== "") {
      this.dirty = true;
      if (this.syncError === "") this.log.warning(`Fail to fsync the AOF file: ${error}`);
      this.syncError = error;
    } else {
      this.syncWorked();
    }
  };

  private syncWorked(): void {
    if (this.syncError === "") return;
    this.syncError = "";
    this.log.warning("AOF fsync error looks solved, Redis can write again.");
  }

  /** Writes and syncs what there is, and closes the file. False when bytes could not be written, or perhaps not be synced. */
  close(): boolean {
    this.failedMs = 0;
    const flushed = this.flush();
    const synced = this.file.syncNow();
    if (!synced) this.log.warning(`Fail to fsync the AOF file: ${this.file.error}`);
    this.file.close();
    return flushed && synced;
  }
}
