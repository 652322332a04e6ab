import { basename, dirname, join } from "node:path";
import type { ServerContext } from "../../command/context.ts";
import { nextTurn } from "../../lib/next-turn.ts";
import type { SnapshotJob, SnapshotRequest } from "../snapshot/snapshots.ts";
import type { WriterFile } from "./append-file.ts";
import { AofError, type AofFolder, type NewBase } from "./folder.ts";
import { RewriteLimit } from "./rewrite-limit.ts";

/** Writes the data of one moment, that of the call, to a file, in the background. */
export interface BaseWriter {
  /** It is writing, for whomever. */
  readonly isBusy: boolean;
  start(request: SnapshotRequest): SnapshotJob;
  /** Gives it up, if it is not done. */
  abort(job: SnapshotJob): void;
}

/** Where the writes after the base's moment go. */
export interface Continuation {
  /** An increment that the manifest lists, or the temporary one, or nothing because the AOF is off. */
  readonly since: NewBase["since"];
  readonly file: WriterFile | undefined;
}

/** What a rewrite asks of the append-only file it is for. */
export interface RewriteHost {
  readonly folder: AofFolder;
  /** Why there can't be a rewrite, as far as it is seen without trying. */
  refusal(): string | undefined;
  prepare(): Promise<Continuation>;
  /** `goOn` would have to wait for the disk. */
  readonly mustWait: boolean;
  /** From now on the writes go there. False when those before can't be brought to where they belong; then nothing has changed. */
  goOn(to: Continuation): boolean;
  /** It is not needed after all. */
  discard(to: Continuation): Promise<void>;
  /** It is over; `done`: the new base is in its place. */
  ended(done: boolean): Promise<void>;
}

/** One run of the rewriting. */
interface Attempt {
  aborted: boolean;
  /** There is a result; what is left is to clear up. */
  over: boolean;
  job: SnapshotJob | undefined;
  /** Called at an abort. */
  give: () => void;
}

/**
 * Rewrites the append-only file: one at a time, on demand, or as soon as something else is done, or when the file has grown.
 *
 * | step                                              | the folder, should the server end there           |
 * |---------------------------------------------------|---------------------------------------------------|
 * | an increment is made and listed, still unused     | as before                                         |
 * | the journal goes on in it; the base's moment      | the old base and all increments                   |
 * | the base is written under a temporary name        | the same; the temporary file is removed at a start |
 * | it is given its name                              | the same; a later rewrite takes another name      |
 * | the manifest lists it, and what was before it as history | the new base and the increment             |
 * | the history is removed, then listed no more       | the same                                          |
 *
 * While the file is being switched on there is no old base, and the increment is a temporary file, renamed together with the base.
 */
export class AofRewrite {
  /** To be started as soon as that is possible. */
  scheduled = false;
  lastStatus: "ok" | "err" = "ok";
  lastSeconds = -1;
  /** How many were started. */
  count = 0;
  private readonly limit: RewriteLimit;
  private startedMs = 0;
  private active: Attempt | undefined;
  /** What was begun ends before the next begins: an aborted attempt may still be busy with the folder. */
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ServerContext,
    private readonly host: RewriteHost,
    private readonly writer: () => BaseWriter,
  ) {
    this.limit = new RewriteLimit(context.log);
  }

  get inProgress(): boolean {
    return this.active !== undefined;
  }

  /** The base is being written. */
  get isWriting(): boolean {
    return this.active?.over === false;
  }

  /** Resolves when nothing that was begun touches the folder any more. */
  settled(): Promise<void> {
    return this.last;
  }

  /** Does something to the folder when nothing else does. */
  enqueue(job: () => Promise<void>): void {
    this.last = this.last.then(job).catch((error) => void this.tell(error));
  }

  /** How many failed one after the other, up to now. */
  get failures(): number {
    return this.limit.failures;
  }

  /** Seconds since it was started; -1 when there is none. */
  get seconds(): number {
    return this.inProgress ? this.secondsSinceStart() : -1;
  }

  /** Something else writes the data, or a transaction is being executed. */
  get mustWait(): boolean {
    return this.writer().isBusy || this.context.runner.inUnit;
  }

  /** Does it when nothing else is done any more, and at once, however often it failed. */
  schedule(): void {
    this.scheduled = true;
    this.limit.reset();
  }

  /** Starts what is scheduled, or due to the growth in percent beyond that of the configuration. To be called regularly. */
  watch(grown: number | undefined): void {
    if (this.inProgress || this.mustWait) return;
    const percent = this.context.config.values["auto-aof-rewrite-percentage"];
    const isDue = grown !== undefined && percent > 0 && grown >= percent;
    if ((!this.scheduled && !isDue) || this.limit.holds(this.context.clock.unixMs())) return;
    if (!this.scheduled) this.context.log.notice(`Starting automatic rewriting of AOF on ${grown}% growth`);
    this.start();
  }

  /** Starts it. False when that is impossible, of which the log tells. */
  start(): boolean {
    const refusal = this.host.refusal();
    if (refusal !== undefined) {
      this.context.log.warning(refusal);
      this.failed();
      return false;
    }
    this.count++;
    this.scheduled = false;
    this.startedMs = this.context.clock.unixMs();
    const attempt: Attempt = { aborted: false, over: false, job: undefined, give: () => {} };
    this.active = attempt;
    this.enqueue(() => this.run(attempt));
    return true;
  }

  /** Ends a rewrite without a result, unless its result is there already. */
  abort(): void {
    const { active } = this;
    this.scheduled = false;
    if (active === undefined) return;
    this.active = undefined;
    if (active.over) return;
    this.context.log.notice(`Killing running AOF rewrite child: ${process.pid}`);
    active.aborted = true;
    if (active.job !== undefined) this.writer().abort(active.job);
    active.give();
  }

  private async run(attempt: Attempt): Promise<void> {
    const done = await this.rewrite(attempt).catch((error) => this.tell(error));
    if (this.active !== attempt) return;
    attempt.over = true;
    this.lastSeconds = this.secondsSinceStart();
    if (done) this.succeeded();
    else this.failed();
    try {
      await this.host.ended(done);
    } finally {
      if (this.active === attempt) this.active = undefined;
    }
  }

  /** Whatever failed, the next rewrite is a new attempt. */
  private tell(error: unknown): false {
    const isKnown = error instanceof AofError;
    this.context.log.warning(
      isKnown ? error.message : `Unexpected failure: ${(error as Error).stack ?? String(error)}`,
    );
    return false;
  }

  /** False when it was aborted. Rejects with AofError. */
  private async rewrite(attempt: Attempt): Promise<boolean> {
    const { host, context } = this;
    const { log, config } = context;
    if (attempt.aborted) return false;
    const to = await host.prepare();
    await this.quietMoment();
    if (attempt.aborted || !host.goOn(to)) {
      await host.discard(to);
      if (attempt.aborted) return false;
      throw new AofError("Can't rewrite the AOF while writes to it fail");
    }
    const commands = !config.values["aof-use-rdb-preamble"];
    const path = join(config.values.dir, `temp-rewriteaof-bg-${process.pid}.aof`);
    const ended = this.writeBase(attempt, path, commands);
    log.notice(`Background append only file rewriting started by pid ${process.pid}`);
    const error = await ended;
    if (attempt.aborted) return false;
    if (error !== undefined) {
      log.warning(error);
      throw new AofError("Background AOF rewrite terminated with error");
    }
    log.notice(`Successfully created the temporary AOF base file ${basename(path)}`);
    log.notice("Background AOF rewrite terminated with success");
    await host.folder.replaceBase({ path, rdb: !commands, since: to.since });
    return true;
  }

  /** Resolves with why there is no base, if there is none. Its moment is that of the call. */
  private writeBase(attempt: Attempt, path: string, commands: boolean): Promise<string | undefined> {
    return new Promise((resolve) => {
      attempt.give = () => resolve(undefined);
      try {
        // The thread of an attempt that was given up may make its file only now.
        const temporary = join(dirname(path), `temp-rewriteaof-${process.pid}.${this.count}.aof`);
        attempt.job = this.writer().start({ path, temporary, isAofBase: true, commands, onEnd: resolve });
      } catch (error) {
        resolve(error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Between two requests: not while a script is paused, of which some effects are there and none is in the journal. */
  private async quietMoment(): Promise<void> {
    while (this.mustWait || this.host.mustWait) await nextTurn();
  }

  private succeeded(): void {
    this.lastStatus = "ok";
    this.limit.reset();
    this.context.log.notice("Background AOF rewrite finished successfully");
  }

  private failed(): void {
    this.lastStatus = "err";
    this.limit.failed();
  }

  private secondsSinceStart(): number {
    return Math.floor((this.context.clock.unixMs() - this.startedMs) / 1000);
  }
}
