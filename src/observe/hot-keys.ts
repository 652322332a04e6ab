import { TopKeys } from "./top-keys.ts";

/** One of so many commands on average is looked at. */
const INTERVAL = 512;
const RECENT_PLACES = 256;
/** After so long what was counted counts half. */
const HALF_LIFE_MS = 60_000;
/** More places than keys are asked for make the estimates better. */
const PLACES_PER_KEY = 10;

/** What HOTKEYS START asks for. */
export interface HotKeyWishes {
  readonly cpu: boolean;
  readonly net: boolean;
  /** Keys to be named. */
  readonly count: number;
  /** 0: until it is stopped. */
  readonly durationMs: number;
  /** One of so many commands is remembered, by chance. */
  readonly ratio: number;
}

/** A time in which every command with keys is measured. */
export class HotKeySession {
  /** Absent when they are not asked for. Microseconds, and bytes of requests and replies, each divided among a command's keys. */
  readonly cpu: TopKeys | undefined;
  readonly net: TopKeys | undefined;
  /** Of all commands with keys, remembered or not. */
  commandsUs = 0;
  commandsBytes = 0;
  private endMs: number;

  constructor(
    readonly wishes: HotKeyWishes,
    readonly startMs: number,
    readonly startCpu: { readonly user: number; readonly system: number },
  ) {
    const places = wishes.count * PLACES_PER_KEY;
    this.cpu = wishes.cpu ? new TopKeys(places) : undefined;
    this.net = wishes.net ? new TopKeys(places) : undefined;
    this.endMs = wishes.durationMs === 0 ? Number.POSITIVE_INFINITY : startMs + wishes.durationMs;
  }

  isActive(nowMs: number): boolean {
    return nowMs < this.endMs;
  }

  stop(nowMs: number): void {
    this.endMs = nowMs;
  }

  durationMs(nowMs: number): number {
    return Math.min(nowMs, this.endMs) - this.startMs;
  }

  /** A command with these keys took so long, and so many bytes came and went with it. */
  record(names: readonly string[], us: number, bytes: number, isRemembered: boolean): void {
    this.commandsUs += us;
    this.commandsBytes += bytes;
    if (!isRemembered) return;
    for (const name of names) {
      this.cpu?.add(name, us / names.length);
      this.net?.add(name, bytes / names.length);
    }
  }
}

/**
 * The keys that are asked for most. Always, from a sample of the commands whose cost is not noticed; and, while there is a session, exactly,
 * with the time and the bytes they took.
 */
export class HotKeys {
  session: HotKeySession | undefined;
  recent = new TopKeys(RECENT_PLACES);
  /** So many commands the last sample stands for. */
  private interval = 1;
  private halvedMs = 0;

  /** Counts the keys of a command that was chosen after `next` said how many commands to let pass. */
  count(names: readonly string[], nowMs: number): void {
    if (nowMs >= this.halvedMs + HALF_LIFE_MS) {
      this.recent.halve();
      this.halvedMs = nowMs;
    }
    for (const name of names) this.recent.add(name, this.interval);
  }

  /** By chance (from 0 to 1), because regular distances would miss what comes regularly. */
  next(chance: number): number {
    this.interval = (1 + chance * (INTERVAL * 2 - 1)) | 0;
    return this.interval;
  }

  reset(): void {
    this.recent = new TopKeys(RECENT_PLACES);
  }
}
