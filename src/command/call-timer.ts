import { encode, type OwnedBytes } from "../lib/bytes.ts";
import { DELAYS } from "../observe/latency.ts";
import { keptArguments } from "../observe/slowlog.ts";
import type { Args } from "../resp/args.ts";
import type { Client } from "./client.ts";
import { FLAGS } from "./command.ts";
import type { ServerContext } from "./context.ts";
import { lookAtSizes, sampleKeys } from "./key-sampling.ts";
import type { TableEntry } from "./table.ts";

/** From this size on, of request and reply together, a call is not taken for one like the others. */
const LARGE_BYTES = 4096;
/** So many quick calls take far less than any limit under which calls are measured together. */
const MEASURED_TOGETHER_MAX = 64;
/** Of a script's quick calls of one command, one in so many is measured. */
const SAMPLED_EVERY = 8;
/** A call that takes longer is not one of many alike. */
const QUICK_US_MAX = 50;
const NO_SECRETS: readonly number[] = [];

/** What the timer was in the middle of. */
export interface SuspendedTimer {
  readonly entry: TableEntry | undefined;
  readonly calls: number;
  readonly startUs: number;
}

/**
 * Measures how long commands take, for their statistics, the slow log and the latency monitor.
 *
 * Reading the clock costs as much as a small command. So consecutive calls of one quick command are measured together, and each is taken
 * to have lasted the same. A measurement ends with a call that may take long, has a large request or reply, or is the last of its chunk;
 * and with every call when limits are so low that the mean would hide what they are after. As calls are counted here, it is here, too, that
 * once in a while one is taken whose keys are counted, and one that has made something big, to see how big its keys are. Calls that were
 * together longer than a limit are remembered as one, without arguments: each was quick, and something else held the server up.
 */
export class CallTimer {
  private entry: TableEntry | undefined;
  /** Each of its calls is measured by itself. */
  private isAlone = false;
  private calls = 0;
  private startUs = 0;
  /** So many calls until the next whose keys are counted; below 0 if some of them were within others. It ends a measurement. */
  private untilSampled = 1;
  private callsMax = 1;
  /** The call that goes on, or one within it, has made something big. It ends a measurement. */
  private hasGrown = false;
  /** Whose call was the last. */
  private client: Client | undefined;

  constructor(private readonly server: ServerContext) {
    server.keyspace.arena.onGrowth = () => this.grown();
  }

  private grown(): void {
    this.hasGrown = true;
    this.callsMax = 0;
  }

  /** Requests follow, one after the other. */
  start(): void {
    this.startUs = this.server.clock.monotonicUs();
  }

  /** There are no more requests. */
  stop(): void {
    if (this.calls > 0) this.recordRun(undefined);
    this.entry = undefined;
  }

  /** A call of that command goes on, after others. How long it waited is not how long it took. */
  restart(entry: TableEntry): void {
    this.start();
    this.begin(entry);
  }

  /** A call of that command begins. */
  begin(entry: TableEntry): void {
    if (this.entry === entry) return;
    if (this.calls > 0) this.recordRun(undefined);
    this.entry = entry;
    this.isAlone = this.measuresAlone(entry);
  }

  private measuresAlone(entry: TableEntry): boolean {
    return !entry.isQuick || this.server.observation.measuresEach;
  }

  /** The call that began last has ended. Its arguments are still there. */
  end(client: Client, args: Args, replyBytes: number): void {
    const calls = ++this.calls;
    if (this.client !== client) this.client = client;
    const isLarge = args.frameEnd - args.frameStart + replyBytes >= LARGE_BYTES;
    if (isLarge || this.isAlone || calls >= this.callsMax || args.frameEnd === args.buf.length) {
      this.endTogether(args, isLarge);
    }
  }

  /** Ends a measurement with the call that has ended. */
  private endTogether(args: Args, isLarge: boolean): void {
    this.recordRun(isLarge || this.isAlone || this.calls === 1 ? args : undefined);
    if (this.hasGrown) this.lookAtSizes(args);
    if (this.untilSampled > 0) return;
    this.untilSampled = sampleKeys(this.server, this.entry!, args);
    this.callsMax = Math.min(this.untilSampled, MEASURED_TOGETHER_MAX);
  }

  private lookAtSizes(args: Args): void {
    this.hasGrown = false;
    lookAtSizes(this.server, this.entry!, args);
  }

  /**
   * A script's call of that command begins. What the script does before and after it is not to be measured with it; so a quick command is
   * measured once in a while, and taken to last as long as then the other times. Large requests are measured always, and commands of which
   * the last measured call was not quick after all.
   */
  beginScripted(entry: TableEntry, { frameStart, frameEnd }: Args): void {
    this.entry = entry;
    const isLarge = frameEnd - frameStart >= LARGE_BYTES || entry.sampleUs > QUICK_US_MAX;
    this.isAlone = entry.sampleIn-- === 0 || isLarge || this.measuresAlone(entry);
    if (this.isAlone) this.start();
  }

  endScripted(client: Client, args: Args): void {
    const { entry, server } = this;
    if (this.hasGrown) this.lookAtSizes(args);
    if (!this.isAlone) {
      entry!.stats.record(1, entry!.sampleUs, server.observation.keepsLatency);
      server.stats.commandsProcessed++;
      return;
    }
    this.calls = 1;
    this.client = client;
    entry!.sampleUs = this.record(args);
    entry!.sampleIn = SAMPLED_EVERY - 1;
  }

  /** The call that began last does not count: it has to wait, and will be called again. */
  forget(): void {
    if (this.calls > 0) this.recordRun(undefined);
    else this.start();
  }

  /** The call that began last calls others, which are measured meanwhile. Give the result to `resume`. */
  suspend(): SuspendedTimer {
    const { entry, calls, startUs } = this;
    this.entry = undefined;
    this.calls = 0;
    this.start();
    return { entry, calls, startUs };
  }

  resume(outer: SuspendedTimer): void {
    this.stop();
    this.entry = outer.entry;
    this.isAlone = outer.entry !== undefined && this.measuresAlone(outer.entry);
    this.calls = outer.calls;
    this.startUs = outer.startUs;
  }

  /** Ends the measurement of what was called since the last one. */
  private recordRun(args: Args | undefined): void {
    this.untilSampled -= this.calls;
    this.callsMax = Math.min(this.untilSampled, MEASURED_TOGETHER_MAX);
    this.record(args);
  }

  /** Returns the microseconds that the calls took. */
  private record(args: Args | undefined): number {
    const { server, calls } = this;
    const entry = this.entry!;
    const nowUs = server.clock.monotonicUs();
    const us = nowUs - this.startUs;
    entry.stats.record(calls, us, server.observation.keepsLatency);
    server.stats.commandsProcessed += calls;
    if (us >= server.observation.limitUs) this.remember(entry, us, args);
    this.calls = 0;
    this.startUs = nowUs;
    return us;
  }

  private remember(entry: TableEntry, us: number, args: Args | undefined): void {
    const { observation, keyspace } = this.server;
    const { latency, slowlog } = observation;
    const { flagBits } = entry.command;
    latency.add(flagBits & FLAGS.fast ? DELAYS.fastCommand : DELAYS.command, us, keyspace.nowMs);
    if (slowlog.slowerThanUs < 0 || us < slowlog.slowerThanUs || flagBits & FLAGS.skip_slowlog) return;
    const { link, name } = this.client!;
    const kept = args === undefined ? this.summary(entry) : keptArguments(args, secretsOf(entry, args));
    slowlog.add(kept, us, keyspace.nowMs, { address: link.address, name });
  }

  private summary({ fullName }: TableEntry): OwnedBytes[] {
    const what = this.calls === 1 ? "arguments not kept" : `${this.calls} calls measured together`;
    return [...fullName.split("|"), `... (${what})`].map(encode);
  }
}

/** Places of arguments that are not to be shown. */
export function secretsOf({ command }: TableEntry, args: Args): readonly number[] {
  return command.secrets?.(args) ?? NO_SECRETS;
}
