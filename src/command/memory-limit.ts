import type { Eviction } from "../keyspace/eviction.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Clock } from "../lib/clock.ts";
import { EVICTION_SLICE_US_MAX } from "../limits.ts";
import type { BackgroundJob, Budget } from "../observe/job.ts";
import { DELAYS, type LatencyMonitor } from "../observe/latency.ts";
import type { ClientRegistry } from "./client.ts";
import {
  GATE_BUSY,
  GATE_LOADING,
  GATE_MEMORY_FULL,
  GATE_PAUSED_ALL,
  GATE_PAUSED_WRITES,
  type MemoryRecord,
} from "./context.ts";
import type { Scripting } from "./scripting.ts";

/** Whose memory is looked at. */
interface MemoryUser {
  readonly keyspace: Keyspace;
  readonly clients: ClientRegistry;
  readonly memory: MemoryRecord;
  readonly scripting: Scripting;
}

/** Whoever owns the gate that the limit shuts. */
interface Limited extends MemoryUser {
  readonly clock: Clock;
  readonly observation: { readonly latency: LatencyMonitor };
  gate: number;
}

/** While one of these bits is set no key goes: others' data is being changed, or nothing is to change. */
const NOT_NOW = GATE_BUSY | GATE_LOADING | GATE_PAUSED_ALL | GATE_PAUSED_WRITES;
/** Removals between two looks at the clock. */
const STEPS_PER_LOOK = 8;
/** Parts of unreachable values that are freed for one key that would have to go. */
const FREED_PER_STEP = 16;
/** Up to this tenacity a slice's time grows in proportion to it; from there on by 15% each. */
const TENACITY_LINEAR_MAX = 10;
const TENACITY_ENDLESS = 100;
const SLICE_US_PER_TENACITY = 50;
/** A slice may take longer the further memory is above the limit: by so many times at this share of the limit. */
const URGENT_SHARE = 0.005;
const URGENT_FACTOR = 8;

/** Memory in use that counts against the limit: the journal's buffer does not. Told without looking at every client. */
export function bytesInUse(user: MemoryUser): number {
  return besidesData(user) + user.keyspace.arena.usedBytes;
}

function besidesData({ memory, clients, scripting }: MemoryUser): number {
  return memory.startupBytes + clients.usedBytes + scripting.usedBytes;
}

/**
 * maxmemory: makes room for what requests need by evicting keys, or has them refused.
 *
 * Invariants
 * 1. Before each request whose effects are its own (not within EXEC or a script) memory is looked at, so that it is above the limit by what
 *    one request and a poll's buffers take. What is not in the arena counts as it was when the poll began.
 * 2. What is unreachable and not freed yet counts as freed: no key goes while there is any of it, but it is freed at once.
 * 3. A poll's evictions take a slice of time together. When that is over, those for a request go on until twice what was added since the
 *    last look is free: so memory never grows while it is above the limit, and no request waits for what others have taken, or for what was
 *    there when the limit was set.
 * 4. The gate is shut exactly if memory is above the limit and nothing can be done about it.
 */
export class MemoryLimit implements BackgroundJob {
  readonly name = "eviction";
  readonly delay = DELAYS.evictionCycle;
  readonly weight = 2;
  readonly nextMs = Number.POSITIVE_INFINITY;
  private limitBytes = 0;
  tenacity = TENACITY_LINEAR_MAX;
  /** With more than this in the arena memory is above the limit; Infinity: never. */
  arenaBytesMax = Number.POSITIVE_INFINITY;
  private sliceUs = 0;
  private spentUs = 0;
  /** The arena's use after the last look, or when the limit was set: what was there before was added by no request that could wait. */
  private seenBytes = Number.POSITIVE_INFINITY;
  /** Since when memory is above the limit; 0: it is not. Microseconds of the monotonic clock. */
  private exceededSinceUs = 0;
  private exceededUs = 0;
  private partsLeft = 0;

  constructor(private readonly server: Limited) {}

  /** 0: there is none. */
  get bytes(): number {
    return this.limitBytes;
  }

  set bytes(bytes: number) {
    this.limitBytes = bytes;
    this.seenBytes = Number.POSITIVE_INFINITY;
    this.apply();
  }

  private get eviction(): Eviction {
    return this.server.keyspace.eviction;
  }

  /** Milliseconds for which memory has been above the limit: this time, and all times together. */
  get exceededMs(): { readonly current: number; readonly total: number } {
    const currentUs = this.exceededSinceUs === 0 ? 0 : this.server.clock.monotonicUs() - this.exceededSinceUs;
    return { current: Math.floor(currentUs / 1000), total: Math.floor((this.exceededUs + currentUs) / 1000) };
  }

  resetStatistics(): void {
    this.exceededUs = 0;
    if (this.exceededSinceUs > 0) this.exceededSinceUs = this.server.clock.monotonicUs();
  }

  /** A poll begins, or what is done about the limit has changed. */
  apply(): void {
    this.spentUs = 0;
    this.measure();
    this.look();
  }

  private measure(): void {
    const { server, limitBytes } = this;
    this.arenaBytesMax = limitBytes === 0 ? Number.POSITIVE_INFINITY : limitBytes - besidesData(server);
    server.keyspace.arena.thriftBytes = this.arenaBytesMax;
    if (limitBytes === 0) return;
    this.sliceUs = this.sliceFor(server.keyspace.arena.usedBytes - this.arenaBytesMax);
  }

  private sliceFor(excessBytes: number): number {
    const { tenacity } = this;
    if (tenacity >= TENACITY_ENDLESS) return Number.POSITIVE_INFINITY;
    const beyond = Math.max(0, tenacity - TENACITY_LINEAR_MAX);
    const us = SLICE_US_PER_TENACITY * (tenacity - beyond) * 1.15 ** beyond;
    const urgency = Math.min(1, Math.max(0, excessBytes) / (this.limitBytes * URGENT_SHARE));
    return Math.max(us, Math.min(EVICTION_SLICE_US_MAX, us * (1 + (URGENT_FACTOR - 1) * urgency)));
  }

  /** Opens the gate again if there is room by now, and shuts it if there is none and no key may go. */
  look(): void {
    if (this.server.keyspace.arena.usedBytes <= this.arenaBytesMax) this.fits();
    else if (!this.eviction.isOn) this.makeRoom();
  }

  /** Memory is above the limit: frees some, or shuts the gate. */
  makeRoom(): void {
    const { server } = this;
    if (server.gate & NOT_NOW) return;
    const { latency } = server.observation;
    const startUs = latency.isOn ? server.clock.monotonicUs() : 0;
    const full = !this.free();
    const { usedBytes } = server.keyspace.arena;
    this.seenBytes = usedBytes;
    if (usedBytes <= this.arenaBytesMax) {
      this.fits();
    } else {
      if (this.exceededSinceUs === 0) this.exceededSinceUs = server.clock.monotonicUs();
      server.gate = full ? server.gate | GATE_MEMORY_FULL : server.gate & ~GATE_MEMORY_FULL;
    }
    if (startUs > 0) latency.add(DELAYS.evictionCycle, server.clock.monotonicUs() - startUs, server.keyspace.nowMs);
  }

  private fits(): void {
    this.server.gate &= ~GATE_MEMORY_FULL;
    if (this.exceededSinceUs === 0) return;
    this.exceededUs += this.server.clock.monotonicUs() - this.exceededSinceUs;
    this.exceededSinceUs = 0;
  }

  isDue(): boolean {
    if (this.limitBytes === 0 || this.server.gate & NOT_NOW) return false;
    this.measure();
    return this.eviction.isOn && this.server.keyspace.arena.usedBytes > this.arenaBytesMax;
  }

  /** Goes on with what requests have left over. */
  run({ isSpent }: Budget): boolean {
    const { arena } = this.server.keyspace;
    while (arena.usedBytes > this.arenaBytesMax) {
      for (let n = STEPS_PER_LOOK; n > 0 && arena.usedBytes > this.arenaBytesMax; n--) {
        if (!this.step()) return true;
      }
      if (isSpent()) return false;
    }
    this.fits();
    return true;
  }

  /** Until memory is below the limit or the time is over. False when there is nothing that may go. */
  private free(): boolean {
    const { arena } = this.server.keyspace;
    const limit = this.arenaBytesMax;
    const enough = arena.usedBytes - 2 * Math.max(0, arena.usedBytes - this.seenBytes);
    let untilLook = STEPS_PER_LOOK;
    let lookedUs = 0;
    while (arena.usedBytes > limit) {
      if (!this.step()) return false;
      if (--untilLook > 0) continue;
      untilLook = STEPS_PER_LOOK;
      const nowUs = this.server.clock.monotonicUs();
      if (lookedUs > 0) this.spentUs += nowUs - lookedUs;
      lookedUs = nowUs;
      if (this.spentUs >= this.sliceUs && arena.usedBytes <= enough) return true;
    }
    return true;
  }

  private step(): boolean {
    const { keyspace, observation } = this.server;
    if (keyspace.reclaimer.isDue()) {
      this.partsLeft = FREED_PER_STEP;
      keyspace.reclaimer.run(this.someParts);
      return true;
    }
    if (!observation.latency.isOn) return this.eviction.evictOne();
    const startUs = this.server.clock.monotonicUs();
    const evicted = this.eviction.evictOne();
    observation.latency.add(DELAYS.evictionDeletion, this.server.clock.monotonicUs() - startUs, keyspace.nowMs);
    return evicted;
  }

  private readonly someParts = { isSpent: () => --this.partsLeft < 0 };
}
