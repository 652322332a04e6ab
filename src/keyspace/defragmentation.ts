import { Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { Evacuation } from "../memory/evacuation.ts";
import { CHUNK_BYTES } from "../memory/page-map.ts";
import type { BackgroundJob, Budget } from "../observe/job.ts";
import { DELAYS } from "../observe/latency.ts";
import { ALL_MOVED } from "../types/block-mover.ts";
import { ValueMover } from "../types/value-mover.ts";
import type { Keyspace } from "./keyspace.ts";

/** How often it is looked at how much memory is wasted. */
const LOOK_MS = 1000;
/** After so long, chunks with blocks that did not move are tried again. */
const FORGIVE_MS = 15_000;
/**
 * A round that gave back less than this part of what was wasted is followed by a pause that doubles each time up to PAUSE_MS_MAX, and ends when
 * so much more is wasted.
 */
const WORTHWHILE_PART = 0.2;
const PAUSE_MS_MAX = 600_000;

/** Much was given back. */
const SHRUNK_BYTES = 2 * CHUNK_BYTES;

/** A value that takes more than one step: its key, by name because it may be gone, and where to go on. */
interface Unfinished {
  readonly database: number;
  readonly name: Uint8Array;
  from: number;
}

/**
 * Gives memory that is wasted back to the system: what nothing is in at once, and, if it is to be active, what little is in after having moved
 * that elsewhere. A round looks at every key once, in slices; see memory/evacuation.ts for what is chosen.
 *
 * It rests while somebody reads the data bit by bit (a snapshot): what was read is known by where it is.
 */
export class Defragmentation implements BackgroundJob {
  readonly name = "defragmentation";
  readonly delay = DELAYS.defragCycle;
  readonly weight = 1;

  /** The directives of these names. */
  activedefrag = true;
  ignoreBytes = 0;
  thresholdLower = 0;
  thresholdUpper = 0;
  cycleMin = 0;
  cycleMax = 0;
  /** Told when a round has given back much: there may be other memory that is not needed any more. */
  onShrunk: () => void = () => {};

  /** The share of the time that a round takes now, in percent; 0 while there is none. */
  effort = 0;
  /** When the present or last round began, Unix ms, and how long all rounds before it lasted. */
  roundStartMs = 0;
  roundsMs = 0;
  /** Keys that were looked at, and those of which something was moved. */
  keysSeen = 0;
  keysMoved = 0;
  /** Bytes that were given back. */
  returnedBytes = 0;

  private readonly evacuation: Evacuation;
  readonly mover: ValueMover;
  private readonly unfinished: Unfinished[] = [];
  private readonly span = new Span();
  private database = 0;
  private cursor = 0;
  /** The round does not know yet what it is to empty. */
  private isBeginning = false;
  /** The round has been everywhere, and gives back what it has emptied. */
  private isEnding = false;
  private wasteBefore = 0;
  private wasteAfter = 0;
  private pauseMs = LOOK_MS;
  private nextRoundMs = 0;
  private forgivenMs = 0;
  private nextLookMs = 0;

  constructor(private readonly keyspace: Keyspace) {
    this.evacuation = new Evacuation(keyspace.arena);
    this.mover = new ValueMover(keyspace.arena, keyspace.entries, keyspace.dict);
  }

  get nextMs(): number {
    // Memory is wasted after something was freed, and that needs a poll; only what is going on needs a timer.
    return this.evacuation.isGoingOn && !this.isBlocked ? this.nextLookMs : Number.POSITIVE_INFINITY;
  }

  private get isBlocked(): boolean {
    return this.keyspace.arena.guard !== undefined || this.keyspace.reclaimer.isDue();
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.nextLookMs && !this.isBlocked;
  }

  /** Bytes of main memory that the segments of the arena take, and those of the blocks in them. */
  space(): { resident: number; used: number } {
    return { resident: this.evacuation.residentBytes(), used: this.evacuation.usedBytes() };
  }

  run(budget: Budget): boolean {
    const { nowMs } = this.keyspace;
    if (!this.evacuation.isGoingOn) return this.look(budget, nowMs);
    this.work(budget, nowMs);
    // So much of the time, and no more: a slice is followed by a pause.
    if (this.evacuation.isGoingOn) this.nextLookMs = nowMs + (budget.us / 1000) * (100 / this.effort - 1);
    return true;
  }

  /** Gives back what nothing is in, and begins a round if much is wasted. */
  private look({ isSpent }: Budget, nowMs: number): boolean {
    if (!this.evacuation.hasFound) this.evacuation.beginToFind(true);
    if (this.evacuation.find(isSpent)) this.giveBackFound(isSpent);
    if (this.evacuation.hasFound) return false;
    this.nextLookMs = nowMs + LOOK_MS;
    this.considerRound(nowMs);
    return true;
  }

  private considerRound(nowMs: number): void {
    if (!this.activedefrag) return;
    const { resident, used } = this.space();
    const wasted = resident - used;
    if (nowMs < this.nextRoundMs && wasted < this.wasteAfter * (1 + WORTHWHILE_PART) + this.ignoreBytes) return;
    const percent = (wasted / Math.max(1, used)) * 100;
    if (wasted < this.ignoreBytes || percent < this.thresholdLower) return;
    this.begin(nowMs, wasted, percent);
  }

  private begin(nowMs: number, wasted: number, percent: number): void {
    if (nowMs >= this.forgivenMs + FORGIVE_MS) {
      this.forgivenMs = nowMs;
      this.evacuation.forgive();
    }
    const { thresholdLower, thresholdUpper, cycleMin, cycleMax } = this;
    // Half of what is tolerated: some of the blocks won't fit in where others left.
    this.evacuation.begin(100 / (100 + thresholdLower / 2));
    const part = Math.min(1, (percent - thresholdLower) / Math.max(1, thresholdUpper - thresholdLower));
    this.effort = Math.max(1, cycleMin + part * (cycleMax - cycleMin));
    this.roundStartMs = nowMs;
    this.wasteBefore = wasted;
    this.database = 0;
    this.cursor = 0;
    this.isBeginning = true;
    this.isEnding = false;
    this.nextLookMs = nowMs;
  }

  /** Does a part of a round. */
  private work({ isSpent }: Budget, nowMs: number): void {
    if (this.isBeginning) {
      if (!this.evacuation.choose(isSpent)) return;
      this.isBeginning = false;
      this.startDatabase();
    }
    if (!this.activedefrag || !this.evacuation.isGoingOn) this.stop();
    while (!this.isEnding && !isSpent()) this.step();
    if (!this.isEnding || !this.evacuation.end(isSpent)) return;
    this.effort = 0;
    this.roundsMs += nowMs - this.roundStartMs;
    this.conclude(nowMs);
  }

  /** A round is over. If it was worth it and too much is wasted still, there is another one at once. */
  private conclude(nowMs: number): void {
    const { resident, used } = this.space();
    this.wasteAfter = resident - used;
    const gained = this.wasteBefore - this.wasteAfter;
    if (gained >= SHRUNK_BYTES) this.onShrunk();
    const isWorthwhile = gained >= this.wasteBefore * WORTHWHILE_PART;
    this.pauseMs = isWorthwhile ? LOOK_MS : Math.min(PAUSE_MS_MAX, this.pauseMs * 2);
    this.nextRoundMs = isWorthwhile ? nowMs : nowMs + this.pauseMs;
    this.nextLookMs = nowMs + LOOK_MS;
    if (isWorthwhile) this.considerRound(nowMs);
  }

  private stop(): void {
    this.unfinished.length = 0;
    this.isEnding = true;
  }

  private step(): void {
    const pending = this.unfinished.at(-1);
    if (pending !== undefined) {
      if (this.goOn(pending) === ALL_MOVED) this.unfinished.splice(this.unfinished.indexOf(pending), 1);
      return;
    }
    const { databases } = this.keyspace;
    this.cursor = this.mover.scan(databases[this.database].table, this.cursor, this.moveKey);
    if (this.cursor !== 0) return;
    if (++this.database === databases.length) this.isEnding = true;
    else this.startDatabase();
  }

  private startDatabase(): void {
    const db = this.keyspace.databases[this.database];
    db.table = this.mover.header(db.table);
  }

  private readonly moveKey = (e: Ptr): Ptr => {
    const { mover } = this;
    const { moved } = mover;
    const now = mover.entry(e);
    if (mover.isApart(now)) {
      const from = mover.move(now, 0);
      if (from !== ALL_MOVED) this.postpone(now, from);
    }
    this.keysSeen++;
    if (mover.moved > moved) this.keysMoved++;
    return now;
  };

  private postpone(e: Ptr, from: number): void {
    const { span } = this;
    this.keyspace.entries.name(e, span);
    const name = span.buf.slice(span.start, span.start + span.len);
    this.unfinished.push({ database: this.database, name, from });
  }

  /** Takes another step with a big value, if it is still there. */
  private goOn(pending: Unfinished): number {
    const { name, from } = pending;
    const db = this.keyspace.databases[pending.database];
    const e = db.inspect(name, 0, name.length, db.hash(name, 0, name.length));
    if (e === NULL || !this.mover.isApart(e)) return ALL_MOVED;
    pending.from = this.mover.move(e, from);
    return pending.from;
  }

  /** Gives back all that nothing is in: what takes longer than the budget, later. */
  purge({ isSpent }: Budget): void {
    this.evacuation.beginToFind(false);
    if (this.evacuation.find(isSpent)) this.giveBackFound(isSpent);
    this.nextLookMs = 0;
  }

  private giveBackFound(isSpent: () => boolean): void {
    this.returnedBytes += this.evacuation.giveBackFound(isSpent) * CHUNK_BYTES;
  }

  resetFigures(): void {
    this.mover.seen = 0;
    this.mover.moved = 0;
    this.keysSeen = 0;
    this.keysMoved = 0;
    this.roundsMs = 0;
    this.returnedBytes = 0;
  }
}
