/** Requests for keys, by number, as caches get them: the same ones in every run. And how many of them the best possible cache could answer. */
import { MinHeap } from "../../src/lib/heap.ts";
import { Random } from "../../src/lib/random.ts";

export interface Trace {
  readonly name: string;
  readonly keys: Int32Array;
}

export interface TraceSize {
  /** Different keys, scans left out. */
  readonly keys: number;
  readonly requests: number;
}

/** A scan begins after so many requests, and is as long as this share of them. */
const SCAN_EVERY = 10_000;
const SCAN_SHARE = 0.25;
/** How often the hot keys are others, in a whole trace, and what share of all keys they move on by. */
const SHIFTS = 8;
const SHIFT_SHARE = 0.1;

export function traces(size: TraceSize): Trace[] {
  const zipfs = [0.8, 1, 1.2].map((skew) => ({ name: `Zipf ${skew.toFixed(1)}`, keys: zipf(size, skew) }));
  return [
    ...zipfs,
    { name: "Zipf 1.0 and scans", keys: scanned(size) },
    { name: "Zipf 1.0, hot keys shift", keys: shifting(size) },
  ];
}

/** The n-th key of all is asked for with a probability in proportion to 1/n^skew. */
export function zipf({ keys, requests }: TraceSize, skew: number): Int32Array {
  const random = new Random(keys + requests);
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let n = 0; n < keys; n++) sums[n] = sum += 1 / (n + 1) ** skew;
  return Int32Array.from({ length: requests }, () => placeOf(sums, random.unit() * sum));
}

/** The first place whose sum is not below `value`. */
function placeOf(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** From time to time somebody asks for many keys in a row that nobody asks for again. */
function scanned({ keys, requests }: TraceSize): Int32Array {
  const used = zipf({ keys, requests }, 1);
  let scan = keys;
  return used.map((key, i) => (i % SCAN_EVERY < SCAN_EVERY * (1 - SCAN_SHARE) ? key : scan++));
}

function shifting({ keys, requests }: TraceSize): Int32Array {
  const step = Math.floor(keys * SHIFT_SHARE);
  const every = Math.ceil(requests / SHIFTS);
  return zipf({ keys, requests }, 1).map((key, i) => (key + step * Math.floor(i / every)) % keys);
}

/**
 * The share of the requests from `from` on that a cache of so many keys answers which always lets go of the key that is asked for again last
 * (Belady 1966): none can do better.
 */
export function bestHitRatio(keys: Int32Array, capacity: number, from: number): number {
  const next = nextUses(keys);
  const until = new Map<number, number>();
  const latest = new MinHeap<number>((at) => -next[at]!);
  let hits = 0;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!;
    if (until.has(key)) hits += at < from ? 0 : 1;
    else if (until.size === capacity) until.delete(farthest(keys, until, latest));
    until.set(key, at);
    latest.push(at);
  }
  return hits / (keys.length - from);
}

/** The key that is asked for again last. A place in the heap counts only if it is where its key was asked for last. */
function farthest(keys: Int32Array, until: ReadonlyMap<number, number>, latest: MinHeap<number>): number {
  for (;;) {
    const at = latest.pop()!;
    if (until.get(keys[at]!) === at) return keys[at]!;
  }
}

/** For each request, when its key is asked for again. */
function nextUses(keys: Int32Array): Float64Array {
  const next = new Float64Array(keys.length);
  const seen = new Map<number, number>();
  for (let at = keys.length - 1; at >= 0; at--) {
    next[at] = seen.get(keys[at]!) ?? Number.POSITIVE_INFINITY;
    seen.set(keys[at]!, at);
  }
  return next;
}
