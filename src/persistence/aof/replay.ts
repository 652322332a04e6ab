import { readSync } from "node:fs";
import type { Client } from "../../command/client.ts";
import type { Executor } from "../../command/executor.ts";
import type { CommandTable } from "../../command/table.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { Args } from "../../resp/args.ts";
import { COMPLETE, INCOMPLETE, type ParseResult, Parser } from "../../resp/parser.ts";
import { AofError } from "./folder.ts";
import { isBeginning, isRegular } from "./frames.ts";
import { continuation } from "./torn-tail.ts";

const READ_BYTES = 1024 * 1024;
/** Positions in the buffer are 32-bit integers. */
const BUFFER_BYTES_MAX = 2 ** 31 - 1;
/** The clock is read after this many requests, or their equivalent in bytes. */
const WORK_PER_LOOK = 64;
const WORK_BYTES_SHIFT = 12;
const LF = 10;
const HASH = 35;
const STAR = 42;

/** What replaying needs besides the file. */
export interface ReplayHost {
  readonly executor: Executor;
  readonly table: CommandTable;
  readonly clock: Clock;
}

/**
 * Executes the requests of one file in slices.
 *
 * Invariants
 * 1. Bytes before `at` have been executed; `at` is at the start of a request, note or transaction. Only what is whole is executed:
 *    of a transaction nothing before its EXEC has been seen. So a torn tail starts at `at`.
 * 2. `buf` holds the file's bytes from `offset` to `offset + end`. What is not whole stays at its front and gets more room each time, so
 *    that looking at it again from its start costs no more than twice in all.
 * 3. While a script is paused nothing is read or executed, and `args` stays as it is.
 */
export class FileReplay {
  /** Set at the end of the file when its tail is no whole request: the length of the file without it. */
  tornAt: number | undefined;
  /** Set where the first note of a time is that is later than `until`; nothing from there on is executed. */
  cutAt: number | undefined;
  /** There are notes of the time. */
  notesTime = false;
  /** The torn tail starts with a transaction that has no EXEC. */
  tornTransaction = false;
  private inTransaction = false;
  /** The end of a script that has been paused. */
  private scriptEnd: Promise<void> | undefined;
  private readonly parser = new Parser();
  private readonly args = new Args();
  private readonly ahead = new Args();
  private buf = new Uint8Array(READ_BYTES);
  private at = 0;
  private end = 0;

  /** `offset` is where the requests start, `size` the length of the file, `until` a Unix time in seconds. */
  constructor(
    private readonly host: ReplayHost,
    private readonly client: Client,
    private readonly name: string,
    private readonly fd: number,
    private offset: number,
    private readonly size: number,
    private readonly until = Number.POSITIVE_INFINITY,
  ) {
    this.parser.bulkBytesMax = BUFFER_BYTES_MAX;
  }

  /** Bytes of the file that have been dealt with. */
  get loadedBytes(): number {
    return this.offset + this.at;
  }

  /**
   * Goes on until the clock shows that time or the file is at its end, which it returns; or until a script takes long, for whose end to wait.
   * Throws AofError.
   */
  step(untilUs: number): boolean | Promise<void> {
    this.scriptEnd = undefined;
    while (this.run(untilUs)) {
      if (this.tornAt !== undefined || this.cutAt !== undefined) return true;
      if (!this.fill()) {
        this.finish();
        return true;
      }
    }
    return this.scriptEnd ?? false;
  }

  /** True when it needs more bytes, false when the time is up or a script is to be waited for. */
  private run(untilUs: number): boolean {
    const { args, host } = this;
    let work = 0;
    for (;;) {
      this.skipNotes();
      if (this.cutAt !== undefined || this.at >= this.end || this.parse(args, this.at) !== COMPLETE) return true;
      if (args.count === 1 && this.isTransactionWord(args)) {
        if (!this.takeTransactionWord(args)) return true;
      } else {
        this.execute(args);
      }
      const done = args.pos - this.at;
      this.at = args.pos;
      if (this.scriptEnd !== undefined) return false;
      work += 1 + (done >>> WORK_BYTES_SHIFT);
      if (work >= WORK_PER_LOOK) {
        work = 0;
        if (host.clock.monotonicUs() >= untilUs) return false;
      }
    }
  }

  private skipNotes(): void {
    while (this.at < this.end && this.buf[this.at] === HASH) {
      const after = this.afterNote(this.at);
      if (after < 0) return;
      if (this.isLater(this.at, after)) {
        this.cut();
        return;
      }
      this.at = after;
    }
  }

  /** Whether the note there is of a time that is later than `until`. */
  private isLater(pos: number, end: number): boolean {
    if (this.until === Number.POSITIVE_INFINITY) return false;
    const time = /^#TS:(\d+)\r\n$/.exec(latin1(this.buf, pos, end - pos))?.[1];
    if (time === undefined) return false;
    this.notesTime = true;
    return Number(time) > this.until;
  }

  private cut(): void {
    this.cutAt = this.loadedBytes;
  }

  private afterNote(pos: number): number {
    const lf = this.buf.indexOf(LF, pos);
    return lf < 0 || lf >= this.end ? -1 : lf + 1;
  }

  /** Parses the request at `pos`. Throws when there is none. */
  private parse(args: Args, pos: number): ParseResult {
    args.begin(this.buf, pos);
    const first = this.buf[pos];
    if (first === HASH) return INCOMPLETE;
    if (first !== STAR) throw this.damage(pos, `expected '*', got '${String.fromCharCode(first)}'`);
    const result = this.parser.parse(args, this.end, true);
    if (result === COMPLETE && args.count > 0 && isRegular(args)) return COMPLETE;
    if (result !== INCOMPLETE) throw this.damage(pos, this.parser.error || "not a request");
    this.checkRoom(args, pos);
    return INCOMPLETE;
  }

  /** A length beyond the end of the file: then no more of it need be read. */
  private checkRoom(args: Args, pos: number): void {
    if (args.bulkBytes < 0 || this.offset + args.pos + args.bulkBytes + 2 <= this.size) return;
    this.endTornAt(pos);
  }

  private execute(args: Args): void {
    const error = this.host.executor.replay(this.client, args);
    if (error === undefined) return;
    if (typeof error === "string") throw this.failure(args, error);
    this.scriptEnd = error.then((later) => {
      if (later !== undefined) throw this.failure(args, later);
    });
  }

  private failure(args: Args, error: string): AofError {
    const place = `(offset ${this.offset + args.frameStart})`;
    const command = args.text(0).slice(0, 128);
    if (this.host.table.find(args) === undefined) {
      return new AofError(`Unknown command '${command}' reading the append only file ${this.name} ${place}`);
    }
    return new AofError(`Command '${command}' failed reading the append only file ${this.name} ${place}: ${error}`);
  }

  private isTransactionWord(args: Args): boolean {
    return args.is(0, "MULTI") || args.is(0, "EXEC");
  }

  /** MULTI, if all up to its EXEC is there, or that EXEC. False when more bytes are needed. */
  private takeTransactionWord(args: Args): boolean {
    const starts = args.is(0, "MULTI");
    if (starts === this.inTransaction) throw this.damage(args.frameStart, `unexpected ${args.text(0)}`);
    if (starts && !this.hasExec(args.pos)) return false;
    this.inTransaction = starts;
    return true;
  }

  private hasExec(pos: number): boolean {
    const { ahead } = this;
    for (;;) {
      while (pos < this.end && this.buf[pos] === HASH) {
        const after = this.afterNote(pos);
        if (after < 0) return false;
        if (this.isLater(pos, after)) {
          this.cut();
          return false;
        }
        pos = after;
      }
      if (pos >= this.end || this.parse(ahead, pos) !== COMPLETE) return false;
      if (ahead.count === 1 && this.isTransactionWord(ahead)) {
        if (ahead.is(0, "EXEC")) return true;
        throw this.damage(pos, "unexpected MULTI");
      }
      if (this.host.table.find(ahead) === undefined) throw this.damage(pos, `unknown command '${ahead.text(0)}'`);
      pos = ahead.pos;
    }
  }

  /** Reads on, after moving what is left to the front. False at the end of the file. */
  private fill(): boolean {
    const left = this.end - this.at;
    let to = this.buf;
    if (left > this.buf.length >> 1) {
      if (left >= BUFFER_BYTES_MAX) throw this.damage(this.at, "a transaction or command larger than 2 GiB");
      to = new Uint8Array(Math.min(BUFFER_BYTES_MAX, this.buf.length * 2));
    }
    to.set(this.buf.subarray(this.at, this.end));
    this.buf = to;
    this.offset += this.at;
    this.at = 0;
    this.end = left;
    const n = this.read(to, left);
    this.end += n;
    return n > 0;
  }

  private read(to: Uint8Array, at: number): number {
    try {
      const from = this.offset + at;
      return readSync(this.fd, to, at, Math.min(to.length - at, Math.max(0, this.size - from)), from);
    } catch (error) {
      throw new AofError(
        `Unrecoverable error reading the append only file ${this.name}: ${osErrorText(error)} (offset ${this.offset + at})`,
      );
    }
  }

  /** The file is at its end. */
  private finish(): void {
    if (this.at === this.end) return;
    const { args } = this;
    // What is whole but was not executed is a transaction.
    const isWhole = this.buf[this.at] === STAR && this.parse(args, this.at) === COMPLETE;
    this.endTornAt(isWhole ? this.endOfWhole(args.pos) : this.at);
  }

  /** Makes `at` the end of what is good. `pos` is where the incomplete request starts: behind `at` within a transaction. */
  private endTornAt(pos: number): void {
    if (pos < this.end && this.buf[pos] === STAR) this.refuseDamage(pos);
    this.tornTransaction = pos > this.at;
    this.tornAt = this.loadedBytes;
  }

  /** Where, from `pos` on, the last whole request ends. */
  private endOfWhole(pos: number): number {
    while (pos < this.end) {
      if (this.buf[pos] === HASH) {
        const after = this.afterNote(pos);
        if (after < 0) break;
        pos = after;
      } else {
        if (this.parse(this.ahead, pos) !== COMPLETE) break;
        pos = this.ahead.pos;
      }
    }
    return pos;
  }

  /** Throws if the incomplete request at `pos` is not what a torn write leaves, but damage with good data behind it. */
  private refuseDamage(pos: number): void {
    const { ahead } = this;
    ahead.begin(this.buf, pos);
    this.parser.parse(ahead, this.end, true);
    if (!isBeginning(ahead, this.end)) throw this.damage(pos, "not a request");
    const next = continuation(this.fd, this.offset + pos, this.size, this.host.table);
    if (next === undefined) return;
    throw this.damage(
      pos,
      `a length reaches beyond the end of the file, but there are whole commands from offset ${next} on`,
    );
  }

  private damage(pos: number, reason: string): AofError {
    return new AofError(
      `Bad file format reading the append only file ${this.name}: make a backup of your AOF file, then use ` +
        `./redis-check-aof --fix <filename.manifest> (offset ${this.offset + pos}: ${reason})`,
    );
  }
}
