import type { Keyspace } from "../keyspace/keyspace.ts";
import { GATE_PAUSED_ALL, GATE_PAUSED_WRITES } from "./context.ts";

/** What a pause holds back: requests that write or reach other servers, or all. */
export type PauseMode = "write" | "all";

/** Whoever owns the gates that a pause shuts. */
interface Gated {
  gate: number;
  readonly keyspace: Keyspace;
}

/**
 * CLIENT PAUSE: shuts the server's gates until a moment. A second pause before that moment never ends the first one earlier nor
 * makes it milder.
 */
export class Pause {
  /** When it ends, Unix ms; 0: there is none. */
  endMs = 0;
  /** Clients whose next request waits for the end of it; kept by the server. */
  heldBack = 0;
  private mode: PauseMode = "write";
  /** Who waits for the end of it in the middle of a request. */
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly server: Gated) {}

  get isActive(): boolean {
    return this.endMs !== 0;
  }

  start(mode: PauseMode, endMs: number, nowMs: number): void {
    this.apply(nowMs);
    if (endMs <= nowMs && !this.isActive) return;
    this.mode = this.isActive && this.mode === "all" ? "all" : mode;
    this.endMs = Math.max(this.endMs, endMs);
    this.setGates(this.mode === "all" ? GATE_PAUSED_ALL : GATE_PAUSED_WRITES);
  }

  /** Ends a pause whose time is up. Called in every poll, before postponed requests are looked at. */
  apply(nowMs: number): void {
    if (this.isActive && nowMs >= this.endMs) this.end();
  }

  end(): void {
    this.endMs = 0;
    this.setGates(0);
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when there is none. */
  async over(): Promise<void> {
    while (this.isActive) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private setGates(bits: number): void {
    this.server.gate = (this.server.gate & ~(GATE_PAUSED_ALL | GATE_PAUSED_WRITES)) | bits;
    this.server.keyspace.holdsEnded = bits !== 0;
  }
}
