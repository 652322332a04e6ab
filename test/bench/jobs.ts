/** What the main process asks of the load generator's process, and what it answers: plain values, for the pipe between them. */
import type { Argument } from "./encode.ts";
import type { HistogramData } from "./histogram.ts";
import type { ProbeResult } from "./probe.ts";

/** A closed loop: every connection sends a batch, waits for its replies, sends the next. */
export interface LoadJob {
  kind: "load";
  port: number;
  serverPid: number;
  connections: number;
  /** Commands per batch. */
  pipeline: number;
  args: readonly Argument[];
  /** Running number of the first command, for slots drawn by sequence. */
  firstNumber: number;
  seed: number;
  warmup: Window;
  measured: Window;
  /** Commands sent in all, exactly; null when the windows alone bound the load. */
  sendExactly: number | null;
  /** Connections that subscribe to `channel` before the load starts; 0 for none. */
  subscribers: number;
  channel: string;
  /** Ping every millisecond beside the load. */
  probe: boolean;
}

/** A stretch of the load that ends at whichever comes first. */
export interface Window {
  msMax: number;
  commandsMax: number;
}

/** Figures of the measured window. */
export interface LoadResult {
  commands: number;
  seconds: number;
  serverCpuNs: number;
  clientCpuNs: number;
  /** Microseconds from a batch's sending to its last reply. */
  latency: HistogramData;
  nils: number;
  /** Commands sent in all, before and after the measured window too. */
  sent: number;
  probe: ProbeResult | null;
}

/** Pings alone, for `ms`. */
export interface ProbeJob {
  kind: "probe";
  port: number;
  serverPid: number;
  ms: number;
}

/** Opens connections that ping once each and then stay silent until the next job of this kind, or the process's end. */
export interface IdleJob {
  kind: "idle";
  port: number;
  connections: number;
}

export type Job = LoadJob | ProbeJob | IdleJob;

export type Answer = { ok: true; value: unknown } | { ok: false; reason: string };
