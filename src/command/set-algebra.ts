import type { Span } from "../lib/bytes.ts";
import { Census, Element, REGISTERS } from "../lib/hyperloglog.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { SET } from "../types/kinds.ts";
import type { SetValues } from "../types/set.ts";
import type { Call } from "./call.ts";
import { deleteTarget } from "./store-target.ts";

/**
 * Intersection, union and difference of the sets of a request. They are given as entries, NULL for a key that is not there, in the order
 * of the request. `visit` sees each member of the result once and says whether that is enough; it must not ask the sets.
 */
export type ResultVisitor = (member: Span) => boolean;

/** How often the estimate of an approximate count is looked at when there is a limit, in members. */
const ESTIMATE_INTERVAL = 1024;

/** The sets of `count` key arguments from `first` on. Fails at the first that is of another type. */
export function readSets(c: Call, first: number, count: number): Ptr[] {
  const found: Ptr[] = [];
  for (let i = 0; i < count && !c.failed; i++) found.push(c.readAs(first + i, SET));
  return found;
}

/** Goes over the smallest set and asks the others, the smaller ones first. */
export function intersect(sets: SetValues, given: readonly Ptr[], visit: ResultVisitor): void {
  if (given.includes(NULL)) return;
  const [smallest, ...others] = given.toSorted((a, b) => sets.length(a) - sets.length(b));
  const asked = others.filter((other) => other !== smallest);
  sets.forEachUntil(smallest, (member) => hasAll(sets, asked, member) && visit(member));
}

function hasAll(sets: SetValues, asked: readonly Ptr[], { buf, start, len }: Span): boolean {
  for (let i = 0; i < asked.length; i++) if (!sets.has(asked[i], buf, start, len)) return false;
  return true;
}

function hasNone(sets: SetValues, asked: readonly Ptr[], { buf, start, len }: Span): boolean {
  for (let i = 0; i < asked.length; i++) if (sets.has(asked[i], buf, start, len)) return false;
  return true;
}

/** A draft of the union, in a table unless it is to be stored; the caller's to finish or discard. It has at most `limit` members. */
export function unite(
  sets: SetValues,
  given: readonly Ptr[],
  forStore: boolean,
  limit = Number.POSITIVE_INFINITY,
): Ptr {
  const draft = sets.draft(!forStore);
  let left = limit;
  const add = ({ buf, start, len }: Span): boolean => sets.add(draft, buf, start, len) && --left === 0;
  for (const e of given) if (e !== NULL && left > 0) sets.forEachUntil(e, add);
  return draft;
}

/** An estimate of the number of members of the union; one that reaches `limit` is not made more exact. */
export function estimateUnion(sets: SetValues, given: readonly Ptr[], limit: number): number {
  const registers = new Uint8Array(REGISTERS);
  const element = new Element();
  const census = new Census();
  let seen = 0;
  const estimate = (): number => {
    census.takeBytes(registers);
    return census.estimate();
  };
  const count = ({ buf, start, len }: Span): boolean => {
    element.locate(buf, start, len);
    if (element.count > registers[element.index]) registers[element.index] = element.count;
    return limit !== Number.POSITIVE_INFINITY && ++seen % ESTIMATE_INTERVAL === 0 && estimate() >= limit;
  };
  for (const e of given) if (e !== NULL) sets.forEachUntil(e, count);
  return Math.min(estimate(), limit);
}

/**
 * How a difference is found: by asking the other sets for each member of the first, or by taking all their members out of a copy of the
 * first. The choice is by the number of steps, half weight for asking, which ends at the first set that has the member.
 */
function asksOthers(sets: SetValues, given: readonly Ptr[]): boolean {
  const first = sets.length(given[0]);
  let asking = 0;
  let removing = 0;
  for (const e of given) {
    if (e === NULL) continue;
    asking += first;
    removing += sets.length(e);
  }
  return asking / 2 <= removing;
}

/** The members of the first set that no other one has. */
export function subtract(c: Call, given: readonly Ptr[], forStore: boolean, visit: ResultVisitor): void {
  const { sets, reclaimer } = c.keyspace;
  const [first, ...rest] = given;
  if (first === NULL || rest.includes(first)) return;
  const others = rest.filter((e) => e !== NULL);
  if (asksOthers(sets, given)) {
    others.sort((a, b) => sets.length(b) - sets.length(a));
    sets.forEachUntil(first, (member) => hasNone(sets, others, member) && visit(member));
    return;
  }
  const draft = unite(sets, [first], forStore);
  for (const e of others) sets.forEach(e, ({ buf, start, len }) => sets.delete(draft, buf, start, len));
  sets.forEachUntil(draft, visit);
  sets.discard(draft, reclaimer);
}

/** Replies with a set whose members `find` gives to its visitor. */
export function replyFound(c: Call, find: (visit: ResultVisitor) => void): void {
  const { reply } = c;
  const mark = reply.beginDeferred();
  let count = 0;
  find(({ buf, start, len }) => {
    reply.bulk(buf, start, len);
    count++;
    return false;
  });
  reply.endDeferredSet(mark, count);
}

/** Makes a drafted set the value of key argument 1, which is deleted if there are no members, and replies with their number. */
export function storeDraft(c: Call, draft: Ptr, event: string): void {
  const { sets, reclaimer } = c.keyspace;
  const count = sets.length(draft);
  if (count > 0) {
    c.putNew(1, sets.finish(draft), sets);
    c.changed(1, EVENTS.set, event);
  } else {
    sets.discard(draft, reclaimer);
    deleteTarget(c, 1);
  }
  c.reply.integer(count);
}
