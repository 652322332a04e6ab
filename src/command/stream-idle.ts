import type { Ptr } from "../memory/arena.ts";
import { NULL } from "../memory/arena.ts";
import { StreamId } from "../types/stream-id.ts";
import type { Call } from "./call.ts";
import { journalForgotten } from "./stream-effects.ts";
import { isJournalled } from "./stream-key.ts";
import type { ReadOptions } from "./stream-read-options.ts";

/** At least so many more candidates than wanted are gathered before the best are picked. */
const SLACK = 64;
/** What was given back comes before what was delivered: it is ordered as if it were so much older. */
const GIVEN_BACK_MS = 1e15;

/** A pending entry that may be claimed, and its place in the order of claiming. */
interface Candidate {
  readonly id: StreamId;
  readonly order: number;
}

const id = new StreamId();

/**
 * The first `most` pending entries of the group (argument `options.groupArg`, in the key of argument `keyArg`) in the order in which CLAIM
 * takes them: first what was given back, then what is idle for the longest time. Those that are no longer in the stream are forgotten.
 */
export function takeIdle(
  c: Call,
  h: Ptr,
  g: Ptr,
  keyArg: number,
  options: ReadOptions,
  most: number,
): readonly StreamId[] {
  const { groups, entries } = c.keyspace.streams;
  const found: StreamId[] = [];
  for (;;) {
    const wanted = most - found.length;
    const candidates = wanted > 0 ? candidatesOf(c, g, options.claimMs, wanted + found.length).slice(found.length) : [];
    for (const candidate of candidates) {
      if (entries.find(h, candidate.id)) {
        found.push(candidate.id);
        continue;
      }
      groups.forget(g, candidate.id);
      c.changes++;
      if (isJournalled(c)) journalForgotten(c, keyArg, options.groupArg, candidate.id);
    }
    if (candidates.length < wanted || found.length === most) return found;
  }
}

/** The first `most` candidates, in order. Looks at no entry when it is known that none is old enough. */
function candidatesOf(c: Call, g: Ptr, minIdleMs: number, most: number): Candidate[] {
  const { groups } = c.keyspace.streams;
  const { pending } = groups;
  if (c.nowMs - groups.oldestMs(g) < minIdleMs) return [];
  const gathered = 2 * most + SLACK;
  let found: Candidate[] = [];
  // Of candidates with the same place the one with the smaller ID, which is seen first, comes first.
  let worst = Number.POSITIVE_INFINITY;
  let oldestMs = c.nowMs;
  for (let more = pending.seekFirst(groups.pendingOf(g)); more; more = pending.next()) {
    const { momentMs } = groups;
    const isGivenBack = groups.owner === NULL;
    oldestMs = Math.min(oldestMs, isGivenBack ? 0 : momentMs);
    if (!isGivenBack && c.nowMs - momentMs < minIdleMs) continue;
    const order = isGivenBack ? momentMs - GIVEN_BACK_MS : momentMs;
    if (order >= worst) continue;
    id.load(pending.words, pending.at);
    found.push({ id: id.clone(), order });
    if (found.length < gathered) continue;
    found = best(found, most);
    worst = found[most - 1].order;
  }
  groups.setOldest(g, oldestMs);
  return best(found, most);
}

function best(candidates: Candidate[], most: number): Candidate[] {
  return candidates.sort((a, b) => a.order - b.order || a.id.compare(b.id)).slice(0, most);
}
