import type { Random } from "../lib/random.ts";

/** LRU: 24 bits of seconds. LFU: 16 bits of minutes of the last decrement, and an 8-bit logarithmic counter (Morris 1978). */
const LRU_MASK = 0xffffff;
const MINUTES_MASK = 0xffff;
const LFU_INITIAL = 5;

/** What an entry's 24 access bits mean, and how an access changes them: recency, or frequency under an LFU policy. */
export class AccessClock {
  lfu = false;
  /** Reading a key is an access too: not under an LRM policy. */
  countsReads = true;
  /** Accesses it takes to saturate the counter grow with this. */
  lfuLogFactor = 10;
  /** Minutes without access after which the counter goes down by one; 0: never. */
  lfuDecayMinutes = 1;

  /** The present time in the units of the access bits. */
  private seconds = 0;
  private minutes = 0;
  private unixSeconds = 0;

  constructor(private readonly random: Random) {}

  setNow(nowMs: number): void {
    this.unixSeconds = Math.floor(nowMs / 1000);
    this.seconds = this.unixSeconds & LRU_MASK;
    this.minutes = Math.floor(nowMs / 60_000) & MINUTES_MASK;
  }

  initial(): number {
    return this.lfu ? (this.minutes << 8) | LFU_INITIAL : this.seconds;
  }

  /** The access bits after one more access. */
  touched(access: number): number {
    if (!this.lfu) return this.seconds;
    let counter = this.frequency(access);
    if (counter < 255) {
      const base = Math.max(0, counter - LFU_INITIAL);
      if (this.random.unit() < 1 / (base * this.lfuLogFactor + 1)) counter++;
    }
    return (this.minutes << 8) | counter;
  }

  /** The LFU counter as it stands now, decay included. */
  frequency(access: number): number {
    const counter = access & 0xff;
    if (this.lfuDecayMinutes === 0) return counter;
    return Math.max(0, counter - Math.floor(this.idleMinutes(access) / this.lfuDecayMinutes));
  }

  /** Minutes since the last access under LFU. */
  idleMinutes(access: number): number {
    return (this.minutes - (access >>> 8)) & MINUTES_MASK;
  }

  /** The second of the last access under LRU, as Unix time. */
  lastSecond(access: number): number {
    return this.unixSeconds - this.idleSeconds(access);
  }

  /** The access bits of an entry that was idle for so long, or was accessed so often, before it came here; below 0: not known. */
  restored(access: number, idleSeconds: number, frequency: number): number {
    if (this.lfu) return frequency < 0 ? access : (this.minutes << 8) | frequency;
    return idleSeconds < 0 ? access : (this.seconds - Math.min(idleSeconds, LRU_MASK)) & LRU_MASK;
  }

  /** Seconds since the last access under LRU. */
  idleSeconds(access: number): number {
    return (this.seconds - access) & LRU_MASK;
  }
}
