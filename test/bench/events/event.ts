/** Single events that may keep everybody waiting, each on a server prepared for it. */
import type { Bench } from "../bench.ts";
import type { Answered, Caller } from "../caller.ts";
import type { Argument } from "../encode.ts";
import type { ProbeResult } from "../probe.ts";
import type { Server } from "../servers.ts";

/** Where an event takes place. */
export interface Stage {
  readonly bench: Bench;
  readonly server: Server;
  readonly caller: Caller;
  /** So many, or for a smoke test a hundredth of it. */
  scaled(count: number): number;
}

/** What an event was seen to do; `probe`: if it pinged by itself. */
export interface Seen {
  readonly answered?: Answered | undefined;
  readonly probe?: ProbeResult;
}

export interface Event {
  readonly name: string;
  /** Pings go on for so long, and until the event is over. */
  readonly watchMs: number;
  /** Done before anything is measured. */
  prepare?(stage: Stage): Promise<void>;
  happen(stage: Stage): Promise<Seen>;
  /** Undone afterwards. */
  clear?(stage: Stage): Promise<void>;
}

/** Events that follow each other on one server. */
export interface Scenario {
  readonly name: string;
  readonly settings: readonly string[];
  readonly events: readonly Event[];
}

const WATCH_MS = 1000;

/** One command. */
export function sends(args: readonly string[], watchMs = WATCH_MS): Event {
  return {
    name: args.join(" "),
    watchMs,
    happen: async ({ caller }) => ({ answered: await caller.call(...args) }),
  };
}

/** A load of commands that pings beside it: `pipeline` commands on each of `connections`. */
export function loads(
  name: string,
  args: () => readonly Argument[],
  count: number,
  shape: { connections: number; pipeline: number },
): Event {
  return {
    name,
    watchMs: 0,
    happen: async ({ bench, server, scaled }) => {
      const { probe } = await bench.generator.fill(server, args(), scaled(count), { ...shape, probe: true });
      return { probe: probe! };
    },
  };
}
