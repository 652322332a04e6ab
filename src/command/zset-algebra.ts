import type { Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { SET, ZSET } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";

/** One input of ZUNION and its like: a sorted set, a set, whose members have the score 1, or nothing (NULL). */
export interface Source {
  readonly e: Ptr;
  readonly length: number;
  weight: number;
}

/** How scores of one member become one. COUNT adds up the weights whatever the scores are. */
export type Aggregate = "SUM" | "MIN" | "MAX" | "COUNT";

/** Sees a member and says whether that is enough. */
type Visitor = (member: Span, score: number) => boolean;

/** The inputs in `count` key arguments from `first` on; fails when one is neither a set nor a sorted set. */
export function readSources(c: Call, first: number, count: number): Source[] {
  const found: Source[] = [];
  for (let i = first; i < first + count && !c.failed; i++) {
    const e = c.read(i);
    const type = e === NULL ? ZSET : c.entries.type(e);
    if (type !== ZSET && type !== SET) c.fail(ERRORS.wrongType);
    else found.push({ e, length: e === NULL ? 0 : c.keyspace.collections[type]!.length(e), weight: 1 });
  }
  return found;
}

/** A draft of the union of the inputs; the caller's to store or abandon. */
export function unite(c: Call, sources: readonly Source[], aggregate: Aggregate): Ptr {
  const { zsets } = c.keyspace;
  const draft = zsets.begin();
  for (const source of smallestFirst(sources)) {
    forEachUntil(c, source, ({ buf, start, len }, score) => {
      const value = weighted(source, score, aggregate);
      const isThere = zsets.find(draft, buf, start, len);
      const result = isThere ? combine(zsets.score, value, aggregate) : value;
      if (!isThere || result !== zsets.score) zsets.put(draft, result, buf, start, len);
      return false;
    });
  }
  return draft;
}

/** A draft of the intersection. */
export function intersect(c: Call, sources: readonly Source[], aggregate: Aggregate): Ptr {
  const { zsets } = c.keyspace;
  const draft = zsets.begin();
  forEachShared(c, sources, aggregate, ({ buf, start, len }, score) => {
    zsets.set(draft, score, buf, start, len);
    return false;
  });
  return draft;
}

/** How many members all inputs share; no more than `limit` (0: none) are counted. */
export function countShared(c: Call, sources: readonly Source[], limit: number): number {
  let count = 0;
  forEachShared(c, sources, "SUM", () => ++count === limit);
  return count;
}

/** A draft of the members of the first input that no other one has, with their scores there. */
export function subtract(c: Call, [first, ...others]: readonly Source[]): Ptr {
  const { zsets } = c.keyspace;
  const draft = zsets.begin();
  forEachUntil(c, first, (member, score) => {
    for (let i = 0; i < others.length; i++) if (!Number.isNaN(scoreIn(c, others[i], member))) return false;
    zsets.set(draft, score, member.buf, member.start, member.len);
    return false;
  });
  return draft;
}

/** Goes over the smallest input and asks the others, the smaller ones first. */
function forEachShared(c: Call, sources: readonly Source[], aggregate: Aggregate, visit: Visitor): void {
  const [smallest, ...others] = smallestFirst(sources);
  forEachUntil(c, smallest, (member, score) => {
    let result = weighted(smallest, score, aggregate);
    for (let i = 0; i < others.length; i++) {
      const other = others[i];
      const otherScore = scoreIn(c, other, member);
      if (Number.isNaN(otherScore)) return false;
      const value = aggregate === "COUNT" ? other.weight : otherScore * other.weight;
      result = combine(result, value, aggregate);
    }
    return visit(member, result);
  });
}

function smallestFirst(sources: readonly Source[]): Source[] {
  return sources.toSorted((a, b) => a.length - b.length);
}

function forEachUntil(c: Call, { e }: Source, visit: Visitor): void {
  if (e === NULL) return;
  const { zsets, sets } = c.keyspace;
  if (c.entries.type(e) === SET) {
    sets.forEachUntil(e, (member) => visit(member, 1));
    return;
  }
  const { cursor } = zsets;
  for (let more = cursor.seek(e, 0); more && !visit(cursor.member, cursor.score); ) more = cursor.next();
}

/** The score of a member in an input; NaN when it is not there. */
function scoreIn(c: Call, { e }: Source, { buf, start, len }: Span): number {
  if (e === NULL) return Number.NaN;
  const { zsets, sets } = c.keyspace;
  if (c.entries.type(e) === SET) return sets.has(e, buf, start, len) ? 1 : Number.NaN;
  return zsets.find(e, buf, start, len) ? zsets.score : Number.NaN;
}

/** A score times its input's weight; infinity times 0 is 0 here. */
function weighted({ weight }: Source, score: number, aggregate: Aggregate): number {
  const value = aggregate === "COUNT" ? weight : weight * score;
  return Number.isNaN(value) ? 0 : value;
}

/** Two scores made one; infinities that cancel each other make 0. */
function combine(a: number, b: number, aggregate: Aggregate): number {
  if (aggregate === "MIN" || aggregate === "MAX") {
    // Of 0 and -0 the first one stays, so this is not Math.min.
    const isBetter = aggregate === "MIN" ? b < a : b > a;
    return isBetter ? b : a;
  }
  const sum = a + b;
  return Number.isNaN(sum) ? 0 : sum;
}
