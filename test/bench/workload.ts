/** What a workload is. */
import type { Argument } from "./encode.ts";

export interface Workload {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Commands per batch; each is a row of the table. */
  readonly pipelines: readonly number[];
  /** One command that each server is sent before anything else. */
  readonly prepare: readonly string[] | null;
  /** Run once per server before measuring, with the running number from 0 to count - 1. */
  readonly fill: Fill | null;
  /** After the fill maxmemory becomes what is in use then, with this policy. */
  readonly evicts: string | null;
  /** Run after every round, outside of what is measured, so that the next one finds what this one found. */
  readonly restore: Restore | null;
  /** Written to the AOF, so its volume is bounded. */
  readonly writes: boolean;
  /** Connections subscribed to the channel `CHANNEL` while it runs. */
  readonly subscribers: number;
  /** Connections at most: few for slow commands, so that a round does not end long after its time. */
  readonly connectionsMax: number;
}

export interface Fill {
  readonly args: readonly Argument[];
  readonly count: number;
}

export interface Restore {
  readonly args: readonly Argument[];
  /**
   * "once"; or as often as the round sent its command: "again" with the running numbers that the round had, from 0 on, or "on" with
   * numbers that were not used before.
   */
  readonly run: "once" | "again" | "on";
}

/** Number of keys or elements: with values up to 1 KB, with larger ones, and where a round takes some away. */
export interface KeyCounts {
  readonly small: number;
  readonly large: number;
  readonly deep: number;
}

export const CONNECTIONS_MAX = 50;
const SHALLOW = [1, 16];

export function define(name: string, args: readonly Argument[], rest: Partial<Workload>): Workload {
  const nothing = { prepare: null, fill: null, evicts: null, restore: null };
  const defaults = { pipelines: SHALLOW, writes: true, subscribers: 0, connectionsMax: CONNECTIONS_MAX };
  return { name, args, ...nothing, ...defaults, ...rest };
}
