import type { Journal } from "../../command/context.ts";
import { copyBytes, freeBytes } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import {
  JOURNAL_ASIDE_BYTES_MIN,
  JOURNAL_ASIDE_ROOM_BYTES,
  JOURNAL_DIRECT_BYTES_MIN,
  JOURNAL_INITIAL_BYTES,
  JOURNAL_KEEP_BYTES_MAX,
} from "../../limits.ts";
import type { Log } from "../../observe/log.ts";
import { Reply } from "../../resp/reply.ts";
import type { AppendFile } from "./append-file.ts";
import { DiskDelays } from "./disk-delays.ts";
import { timeNote } from "./time-note.ts";
import { WriteFailure } from "./write-failure.ts";

export type FsyncPolicy = "always" | "everysec" | "no";

/**
 * The journal: gathers what changed the data in RESP, brings it to the end of a file, and knows how much of it is on the disk.
 *
 *     file   | good                          | inFile                      | lent        |
 *     buf                                    | being synced | inFile       | being written | not written yet |
 *                                            0                                                             used
 *     offset                                 base           syncTo         written         lentTo          end
 *
 * Offsets count the bytes appended since the server started, whatever file they are in.
 *
 * Invariants
 * 1. The file holds `good` bytes that are never written again, and then the first `inFile` bytes of `buf`. So what fails is cut off and
 *    written again, or, if it can't even be cut off, gone on with: nothing is lost or doubled, whichever call fails.
 * 2. Bytes leave `buf` only when they are in the file, and under "always" on the disk as well: bytes whose sync failed may be gone from the
 *    system's cache although it calls the next sync a success, so they are written anew, with all that was written behind them.
 * 3. A reply may be sent when `acknowledged` has come to the `end` that the journal had behind its write. Up to there everything is in the
 *    file, under "always" on the disk. It never goes back.
 * 4. At most one sync runs off the main loop. It covers the offsets below `syncTo`, of which none is cut off while it runs. Under "always"
 *    the next one begins at the end of the poll in which it ends, and covers everything appended by then, whoever did it: group commit.
 * 5. `synced`, up to which everything is on the disk, never goes beyond what a sync that worked has covered.
 * 6. What `appendSteady` got last is still where it was, and belongs behind `buf`: whatever looks at `buf` gathers it first.
 * 7. The main loop does not wait for a slow disk: while a sync runs, or writes were slow lately, it does not write, and never much. A write may have to
 *    wait for all that a sync waits for (the file's lock, a page that is on its way to the disk) from its first moment on, so that no pause
 *    before would help. What is appended meanwhile is written by another thread, one write at a time (`lent` is what it reads from); or,
 *    under "always", when the sync has ended: before the next one nobody may be told of it anyway. Those who changed something wait for
 *    that; who reads does not. Only `settle` and `moveTo` do wait.
 * 8. While another thread writes, nothing is cut off the file, and the bytes in `lent` stay as they are. `settle` writes the same bytes to
 *    the same place once more, and it does not matter who is last.
 * 9. Whoever reads the file from its start meets a SELECT before the first request, and before each that is for another database
 *    than the one before it.
 *
 * | state           | `lastError` | append       | flush                                            | left by            |
 * |-----------------|-------------|--------------|--------------------------------------------------|--------------------|
 * | well            | ""          | buf, or file | writes; "always" begins a sync                   | an error           |
 * | write failed    | its text    | buf          | false; from RETRY_MS after the failure tries again | a write, under "always" a sync, of all there was |
 * | sync failed     | its text    | buf, or file | false, though it writes; "always" as write failed | a sync that works  |
 *
 * A sync that failed under "everysec" leaves bytes that we no longer have. As Redis does, we refuse writes until a later sync works;
 * only a new base file (BGREWRITEAOF) makes sure that they are on the disk.
 *
 * Redis, too, holds its writes back while a sync runs, for up to two seconds; but it acknowledges them meanwhile, and then waits on its
 * main loop. A reply of ours means that the bytes are in the file.
 */
export class AofJournal implements Journal {
  policy: FsyncPolicy = "everysec";
  /** Notes the time before what was written in a new second (aof-timestamp-enabled). */
  timestamps = false;
  /** No syncs for the time being, as if the policy were "no" (no-appendfsync-on-rewrite). */
  resting = false;
  /** A sync is running off the main loop. */
  syncing = false;
  /** Bytes in `buf`. */
  used = 0;
  end: number;
  acknowledged: number;
  /** There is no base file yet, so that nobody could load what is in the file. */
  isBaseless = false;
  private synced: number;
  /** Called when a sync or a write off the main loop has ended. */
  onSynced: () => void = () => {};
  private inFile = 0;
  private buf = new Uint8Array(JOURNAL_INITIAL_BYTES);
  private readonly selection = new Reply(64);
  private database = -1;
  /** Where appended bytes are that are not copied yet. */
  private steady: Uint8Array | undefined;
  private steadyStart = 0;
  private steadyEnd = 0;
  /** What another thread writes from, up to that offset. */
  private lent: Uint8Array | undefined;
  private lentTo = 0;
  /** There is something to be cut off when that has ended. */
  private cutsLater = false;
  private noted = 0;
  private syncTo: number;
  private wanted = false;
  private closed = false;
  private syncError = "";
  /** What there was when it failed: all that must be in the file for it to be well again. */
  private failedTo = 0;
  /** Files that were written before this one, and are to be synced and closed. */
  private readonly former: AppendFile[] = [];
  readonly delays: DiskDelays;
  private readonly failure: WriteFailure;

  /** `good` is the length of the file; `start` where the offsets begin: where those of the server's journal before this one ended. */
  constructor(
    private file: AppendFile,
    private good: number,
    private readonly clock: Clock,
    private readonly log: Log,
    start = 0,
  ) {
    this.end = this.synced = this.acknowledged = this.syncTo = start;
    this.delays = new DiskDelays(clock, log);
    this.failure = new WriteFailure(clock, log);
  }

  /** Why writes are to be refused, in the operating system's words; "" when all is well. */
  get lastError(): string {
    return this.failure.error || this.syncError;
  }

  get durable(): number {
    return this.isBaseless ? -1 : this.synced;
  }

  /** What is appended does not have to wait for another thread. */
  get isIdle(): boolean {
    return !this.syncing && this.lent === undefined;
  }

  /** Length of the file. */
  get size(): number {
    return this.good + this.inFile;
  }

  /** The offset of `buf`. */
  private get base(): number {
    return this.end - this.used;
  }

  private get written(): number {
    return this.base + this.inFile;
  }

  private get isSyncedAlways(): boolean {
    return this.policy === "always" && !this.resting;
  }

  append(db: number, buf: Uint8Array, start: number, len: number): void {
    this.gather();
    this.name(db);
    this.take(buf, start, len);
  }

  appendSteady(db: number, buf: Uint8Array, start: number, len: number): void {
    if (buf !== this.steady || start !== this.steadyEnd || db !== this.database || this.timestamps) {
      this.gather();
      this.name(db);
      this.steady = buf;
      this.steadyStart = start;
    }
    this.steadyEnd = start + len;
    this.end += len;
  }

  /** Takes over what `appendSteady` got. */
  private gather(): void {
    const { steady } = this;
    if (steady === undefined) return;
    this.steady = undefined;
    const len = this.steadyEnd - this.steadyStart;
    this.end -= len;
    this.take(steady, this.steadyStart, len);
  }

  /** Writes what must be before a request for that database. */
  private name(db: number): void {
    if (this.timestamps) this.noteTime();
    if (db !== this.database) this.select(db);
  }

  private take(buf: Uint8Array, start: number, len: number): void {
    const isDirect = len >= JOURNAL_DIRECT_BYTES_MIN && !this.isSyncedAlways && this.failure.error === "";
    if (isDirect && this.mayWrite(this.used + len)) this.pass(buf, start, len);
    else this.hold(buf, start, len);
  }

  private hold(buf: Uint8Array, start: number, len: number): void {
    if (this.used + len > this.buf.length) this.grow(len);
    copyBytes(buf, start, len, this.buf, this.used);
    this.used += len;
    this.end += len;
  }

  private grow(bytes: number): void {
    // Room that nothing is in yet takes no memory. It is for what is appended while all this is being written.
    const room = bytes < JOURNAL_ASIDE_BYTES_MIN ? 0 : JOURNAL_ASIDE_ROOM_BYTES;
    const bigger = new Uint8Array(Math.max(this.buf.length * 2, this.used + bytes + room));
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
    const nowMs = this.clock.unixMs();
    const seconds = Math.floor(nowMs / 1000);
    if (seconds <= this.noted) return;
    this.noted = seconds;
    const note = timeNote(nowMs);
    this.hold(note, 0, note.length);
  }

  /** Writes a large piece without copying it, after what is held. What does not get into the file is held. */
  private pass(buf: Uint8Array, start: number, len: number): void {
    if (this.used > 0) {
      if (!this.write()) {
        this.hold(buf, start, len);
        return;
      }
      this.release(this.used);
    }
    const written = this.put(buf, start, len);
    if (written === len) {
      this.good += len;
      this.end += len;
      return;
    }
    this.hold(buf, start, len);
    this.inFile = written;
    this.fellShort(written, len);
  }

  flush(): boolean {
    this.gather();
    if (this.used > 0 || this.failure.error !== "") this.save();
    if (this.wanted) this.syncWanted();
    this.acknowledge();
    return this.lastError === "";
  }

  /** Brings what is held to the file, and empties the buffer or has it synced. */
  private save(): void {
    if (this.syncing && this.policy === "everysec") this.delays.syncWaits();
    if (this.lent !== undefined || this.failure.isFresh) return;
    if (this.used > this.inFile && !this.mayWrite(this.used - this.inFile)) {
      if (!this.syncing || !this.isSyncedAlways) this.lend();
      return;
    }
    this.saveNow();
  }

  private saveNow(): void {
    if (!this.write()) return;
    if (this.isSyncedAlways) {
      if (!this.syncing) this.startSync();
      return;
    }
    this.release(this.used);
    this.failure.solved();
  }

  /** The main loop will hardly have to wait if it writes so many bytes. */
  private mayWrite(bytes: number): boolean {
    return this.isIdle && !this.delays.isSlow && bytes < JOURNAL_ASIDE_BYTES_MIN;
  }

  /** Has another thread write what is held. */
  private lend(): void {
    const { inFile, used } = this;
    const len = used - inFile;
    const startUs = this.delays.nowUs;
    this.lent = this.buf;
    this.lentTo = this.end;
    this.file.appendAside(this.buf, inFile, len, (written) => {
      this.delays.written(len, startUs);
      this.lentEnded(written, len);
    });
  }

  private lentEnded(written: number, len: number): void {
    this.gather();
    this.lent = undefined;
    if (this.closed) {
      this.closeUnused();
      return;
    }
    // `settle` may have brought more of it to the file meanwhile, and none of it need be held any longer.
    this.inFile = Math.max(this.inFile, this.lentTo - len + written - this.base);
    if (this.written < this.lentTo) this.fellShort(written, len);
    else if (this.cutsLater) this.cutBack();
    else if (!this.isSyncedAlways) this.releaseLent();
    this.cutsLater = false;
    this.acknowledge();
    this.onSynced();
  }

  private releaseLent(): void {
    this.release(this.inFile);
    if (this.base >= this.failedTo) this.failure.solved();
  }

  private write(): boolean {
    const len = this.used - this.inFile;
    if (len === 0) return true;
    const written = this.put(this.buf, this.inFile, len);
    this.inFile += written;
    if (written === len) return true;
    this.fellShort(written, len);
    return false;
  }

  private put(buf: Uint8Array, start: number, len: number): number {
    const startUs = this.delays.nowUs;
    const written = this.file.append(buf, start, len);
    this.delays.written(len, startUs);
    return written;
  }

  private fellShort(written: number, len: number): void {
    const { error } = this.file;
    if (written === 0) this.failed(error, `Error writing to the AOF file: ${error}`);
    else this.failed(error, `Short write while writing to the AOF file: (nwritten=${written}, expected=${len})`);
    this.cutBack();
  }

  /** Takes off the file what is not being synced, so that a process that starts now finds no torn tail. */
  private cutBack(): void {
    const kept = this.syncing ? Math.max(0, this.syncTo - this.base) : 0;
    if (this.inFile <= kept) return;
    if (this.lent !== undefined) {
      this.cutsLater = true;
      return;
    }
    if (this.file.truncate(this.good + kept)) {
      this.inFile = kept;
      return;
    }
    this.failure.staysInFile(this.file.error);
  }

  private failed(error: string, message: string): void {
    this.failedTo = this.end;
    this.failure.happened(error, message);
  }

  /** The first bytes of the buffer need not be kept any longer. */
  private release(bytes: number): void {
    this.good += bytes;
    this.used -= bytes;
    this.inFile -= bytes;
    const { buf } = this;
    if (buf === this.lent) this.buf = new Uint8Array(Math.max(JOURNAL_INITIAL_BYTES, this.used));
    if (this.used > 0) {
      copyBytes(buf, bytes, this.used, this.buf, 0);
    } else if (this.buf.length > JOURNAL_KEEP_BYTES_MAX) {
      this.buf = new Uint8Array(JOURNAL_INITIAL_BYTES);
      freeBytes(buf);
    }
  }

  private acknowledge(): void {
    if (this.isSyncedAlways) this.acknowledged = Math.max(this.acknowledged, this.synced);
    else if (this.lastError === "") this.acknowledged = Math.max(this.acknowledged, this.base);
  }

  /** To be called once a second: starts the sync that "everysec" promises, off the main loop. */
  everySecond(): void {
    this.gather();
    if ((this.policy === "no" || this.resting) && this.syncError === "") return;
    if (this.written <= this.synced && this.former.length === 0) return;
    if (!this.syncing) this.startSync();
    else this.delays.watch();
  }

  wantSync(): void {
    this.wanted = this.policy !== "no";
  }

  private syncWanted(): void {
    if (this.syncing) return;
    this.wanted = this.lent !== undefined;
    if (this.written > this.synced) this.startSync();
  }

  private startSync(): void {
    // What is to be cut off must not count as synced.
    if (this.cutsLater) return;
    this.delays.syncBegins();
    this.syncing = true;
    this.syncTo = this.written;
    this.syncNext();
  }

  /** Syncs the files one after the other, the present one last. */
  private syncNext(): void {
    const [oldest] = this.former;
    if (oldest === undefined) this.file.sync(this.syncEnded);
    else oldest.sync(this.formerSynced);
  }

  private readonly formerSynced = (error: string): void => {
    if (error === "") this.former.shift()!.close();
    if (error === "" && !this.closed) this.syncNext();
    else this.syncEnded(error);
  };

  private readonly syncEnded = (error: string): void => {
    this.gather();
    this.syncing = false;
    if (this.closed) this.closeUnused();
    else if (error === "") this.syncWorked(this.syncTo);
    else this.syncFailed(error);
    this.onSynced();
  };

  /** Everything up to that offset is on the disk. */
  private syncWorked(offset: number): void {
    this.synced = Math.max(this.synced, offset);
    const kept = this.synced - this.base;
    if (kept > 0) this.release(kept);
    if (this.synced >= this.failedTo) this.failure.solved();
    this.acknowledge();
    if (this.syncError === "") return;
    this.syncError = "";
    this.log.warning("AOF fsync error looks solved, Redis can write again.");
  }

  private syncFailed(error: string): void {
    // Meanwhile a sync on the main loop may have made good what this one covered.
    if (this.synced < this.syncTo) this.noteFailedSync(error);
  }

  private noteFailedSync(error: string): void {
    const message = `Fail to fsync the AOF file: ${error}`;
    if (this.synced === this.base) {
      this.failed(error, message);
    } else {
      if (this.syncError === "") this.log.warning(message);
      this.syncError = error;
    }
    this.cutBack();
  }

  settle(): boolean {
    this.gather();
    if (!this.write()) return false;
    const failing = [...this.former, this.file].find((file) => !file.syncNow());
    if (failing === undefined) {
      this.syncWorked(this.written);
      return true;
    }
    this.noteFailedSync(failing.error);
    return false;
  }

  /**
   * Goes on in another file, which has that length. False when what is for the present file can't be brought there: then nothing has
   * changed. Best called when it `isIdle`, or it may have to wait. The present file is synced off the main loop and closed; what is written to the other is not durable before that.
   */
  moveTo(file: AppendFile, length: number): boolean {
    this.gather();
    if (this.lent !== undefined) return false;
    if (this.isSyncedAlways) this.settle();
    else this.saveNow();
    this.acknowledge();
    if (this.used > 0) return false;
    this.former.push(this.file);
    this.file = file;
    this.good = length;
    this.database = -1;
    this.noted = 0;
    return true;
  }

  /** Writes and syncs what there is, and closes the file. False when bytes could not be written, or perhaps not be synced. */
  close(): boolean {
    const settled = this.settle();
    this.closed = true;
    this.closeUnused();
    return settled;
  }

  /** Closes the files when no other thread is at them. */
  private closeUnused(): void {
    if (this.syncing || this.lent !== undefined) return;
    for (const file of this.former.splice(0)) file.close();
    this.file.close();
  }
}
