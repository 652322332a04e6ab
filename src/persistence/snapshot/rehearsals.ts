import { GATE_LOADING, type ServerContext } from "../../command/context.ts";
import type { Ptr } from "../../memory/arena.ts";
import { type BackgroundJob, type Budget, Slice } from "../../observe/job.ts";
import { DELAYS } from "../../observe/latency.ts";
import { STRING } from "../../types/kinds.ts";
import type { RdbOutput } from "../rdb/output.ts";
import type { BigValue } from "./big-value.ts";
import type { GuardedBlocks } from "./guarded-blocks.ts";
import { Snapshot } from "./snapshot.ts";
import { type SnapshotContent, SnapshotWriter } from "./snapshot-writer.ts";
import { type FileThread, ThreadSink } from "./writer-thread.ts";

/** With less data than this a save is over before it is noticed. */
const DATA_BYTES_MIN = 32 * 1024 * 1024;
const TIMES = 8;
const PAUSE_MS = 2000;
/** So many chunks are made, 2.5 MB, and it takes so long at most. With 8 MB the first save was no better, and a busy server slower. */
const CHUNKS = 10;
const MS_MAX = 1000;

/** Longer strings are left out: they are copied whole. */
const STRING_BYTES_MAX = 1024 * 1024;

class RehearsalWriter extends SnapshotWriter {
  override open(db: number, e: Ptr, blocks: GuardedBlocks): BigValue | undefined {
    return this.isLong(e) ? undefined : super.open(db, e, blocks);
  }

  override write(e: Ptr, out: RdbOutput): void {
    if (!this.isLong(e)) super.write(e, out);
  }

  private isLong(e: Ptr): boolean {
    const { entries } = this.keyspace;
    return entries.type(e) === STRING && entries.valueLength(e) > STRING_BYTES_MAX;
  }
}

interface Rehearsal {
  readonly snapshot: Snapshot;
  readonly sink: ThreadSink;
  readonly endMs: number;
}

/**
 * Takes snapshots of the beginning of the data, and throws them away, before the first real one.
 *
 * Code that ran a few times only is slow, and compilers that work beside it take the processor that it needs. Worse, what every command runs
 * was compiled when nobody had ever guarded the data, and is compiled anew when somebody does. So in the first save of a process turns
 * took 20 ms, and in the second 5. A rehearsal does what a save does with what the clients write at that time, including the thread's
 * part, but for the file. There are some, a while apart, while the data is large enough and clients are at work; none when a snapshot was taken.
 */
export class Rehearsals implements BackgroundJob {
  readonly name = "rehearsal";
  readonly delay = DELAYS.snapshotCycle;
  readonly weight = 2;
  readonly nextMs = Number.POSITIVE_INFINITY;

  private left = TIMES;
  private nextAtMs = 0;
  private commandsBefore = 0;
  private active: Rehearsal | undefined;
  private readonly slice: Slice;

  /** `content` is what a save would write; `wake` makes a poll happen. */
  constructor(
    private readonly context: ServerContext,
    private readonly thread: FileThread,
    private readonly content: () => SnapshotContent,
    private readonly wake: () => void,
  ) {
    this.slice = new Slice(context.clock);
  }

  /** There was one. */
  get began(): boolean {
    return this.left < TIMES;
  }

  isDue(nowMs: number): boolean {
    const { active } = this;
    if (active !== undefined) return !active.sink.isFull || nowMs >= active.endMs;
    return this.left > 0 && nowMs >= this.nextAtMs && this.isUseful;
  }

  private get isUseful(): boolean {
    const { keyspace, stats, gate } = this.context;
    return (
      stats.commandsProcessed !== this.commandsBefore &&
      keyspace.arena.usedBytes >= DATA_BYTES_MIN &&
      keyspace.arena.guard === undefined &&
      (gate & GATE_LOADING) === 0
    );
  }

  run(budget: Budget): boolean {
    const { nowMs } = this.context.keyspace;
    const { snapshot, sink, endMs } = (this.active ??= this.begin(nowMs));
    this.slice.start(budget.us);
    const done = snapshot.run(() => sink.sent >= CHUNKS || this.slice.isSpent());
    if (done || sink.sent >= CHUNKS || nowMs >= endMs) this.stop();
    return this.active === undefined || sink.isFull;
  }

  private begin(nowMs: number): Rehearsal {
    const { keyspace } = this.context;
    const sink = new ThreadSink(this.thread, { kind: "rehearse" }, this.wake, () => this.stop());
    const snapshot = new Snapshot(keyspace, new RehearsalWriter(keyspace, this.content()), sink);
    snapshot.guard();
    this.left--;
    return { snapshot, sink, endMs: nowMs + MS_MAX };
  }

  /** Ends the one that is going on, if any: whoever wants to save does not wait for it. */
  stop(): void {
    const { active, context } = this;
    if (active === undefined) return;
    this.active = undefined;
    active.snapshot.close();
    active.sink.abort();
    this.nextAtMs = context.keyspace.nowMs + PAUSE_MS;
    this.commandsBefore = context.stats.commandsProcessed;
  }

  /** All of the data was saved in the background. */
  saved(): void {
    if (this.context.keyspace.arena.usedBytes >= DATA_BYTES_MIN) this.left = 0;
  }
}
