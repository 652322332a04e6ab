import { latin1 } from "../lib/bytes.ts";
import { TOP_KEY_BYTES_MAX } from "../observe/top-keys.ts";
import type { Args } from "../resp/args.ts";
import { GATE_HOT_KEYS, type ServerContext } from "./context.ts";
import { keysOf } from "./keys.ts";
import type { TableEntry } from "./table.ts";

/** Counts the keys of a request for all those since the last one. Returns how many requests there are to be until the next. */
export function sampleKeys({ observation, random, keyspace }: ServerContext, entry: TableEntry, args: Args): number {
  const { hotKeys } = observation;
  hotKeys.count(keyNames(entry, args), keyspace.nowMs);
  return hotKeys.next(random.unit());
}

/** Tells the session that is going on what a request cost that began at `startUs`. */
export function measureKeys(
  server: ServerContext,
  entry: TableEntry,
  args: Args,
  startUs: number,
  replyBytes: number,
): void {
  const { session } = server.observation.hotKeys;
  if (session?.isActive(server.keyspace.nowMs) !== true) {
    server.gate &= ~GATE_HOT_KEYS;
    return;
  }
  const names = keyNames(entry, args);
  if (names.length === 0) return;
  const bytes = Math.max(0, args.frameEnd - args.frameStart) + Math.max(0, replyBytes);
  const isRemembered = server.random.unit() * session.wishes.ratio < 1;
  session.record(names, server.clock.monotonicUs() - startUs, bytes, isRemembered);
}

/** Looks how big the keys of a request have become. */
export function lookAtSizes({ keyspace }: ServerContext, { command }: TableEntry, args: Args): void {
  for (const { index } of keysOf(command, args) ?? []) {
    keyspace.bigKeys.look(args.buf, args.start[index], args.len[index]);
  }
}

function keyNames({ command }: TableEntry, args: Args): string[] {
  const names: string[] = [];
  for (const { index } of keysOf(command, args) ?? []) {
    if (args.len[index] <= TOP_KEY_BYTES_MAX) names.push(latin1(args.buf, args.start[index], args.len[index]));
  }
  return names;
}
