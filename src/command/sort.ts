import { EMPTY, Span } from "../lib/bytes.ts";
import { parseSortNumber } from "../lib/sort-number.ts";
import type { Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";
import { SortOptions } from "./sort-options.ts";
import { isSet, lengthOf, readSource, takeElements } from "./sort-source.ts";
import { SortTexts } from "./sort-texts.ts";
import { deleteTarget } from "./store-target.ts";

const NO_NUMBER = error("ERR One or more scores can't be converted into double");

/**
 * SORT: the elements are copied, ordered by numbers or by bytes, and what GET asks for is looked up for those that LIMIT leaves.
 *
 * Elements whose numbers are equal are ordered by their bytes. Elements whose texts by BY are equal are, too, in a set; others keep
 * their order. So the result follows from the data alone, and SORT ... STORE may be journalled as it is.
 */
export function runSort(c: Call, mayStore: boolean): void {
  const options = new SortOptions(c, mayStore);
  if (c.failed) return;
  const source = readSource(c);
  if (c.failed) return;
  const isKept = options.storeArg > 0 || c.server.scripting.running !== undefined;
  if (options.keepsOrder && isKept && isSet(c, source)) options.orderByBytes();
  const length = lengthOf(c, source);
  const from = Math.min(Math.max(options.offset, 0), length);
  const count = options.count < 0 ? length - from : Math.min(options.count, length - from);
  const sorted = options.keepsOrder
    ? presentOrder(c, source, from, count, options.descending)
    : wantedOrder(c, source, length, from, count, options);
  if (c.failed) return;
  if (options.storeArg > 0) store(c, options, sorted);
  else reply(c, options, sorted);
}

interface Sorted {
  elements: SortTexts;
  /** Numbers of the elements that are wanted, in the order in which they are. */
  order: Uint32Array;
}

function presentOrder(c: Call, source: Ptr, from: number, count: number, backward: boolean): Sorted {
  const elements = takeElements(c, source, from, count, backward);
  return { elements, order: numbers(count) };
}

function numbers(count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return order;
}

function wantedOrder(c: Call, source: Ptr, length: number, from: number, count: number, options: SortOptions): Sorted {
  const elements = takeElements(c, source, 0, length, false);
  const compare = options.alphabetic ? byTexts(c, source, elements, options) : byNumbers(c, elements, options);
  const order = numbers(length);
  if (!c.failed) order.sort(options.descending ? (i, j) => compare(j, i) : compare);
  return { elements, order: order.subarray(from, from + count) };
}

type Comparison = (i: number, j: number) => number;

function byNumbers(c: Call, elements: SortTexts, options: SortOptions): Comparison {
  const weights = new Float64Array(elements.count);
  forEachWeight(c, elements, options, (i, weight) => {
    if (weight === undefined) return;
    const value = parseSortNumber(weight.buf, weight.start, weight.len);
    if (value === undefined) c.fail(NO_NUMBER);
    else weights[i] = value;
  });
  return (i, j) => {
    const [a, b] = [weights[i], weights[j]];
    if (a !== b) return a < b ? -1 : 1;
    return elements.compare(i, j);
  };
}

function byTexts(c: Call, source: Ptr, elements: SortTexts, options: SortOptions): Comparison {
  if (options.by === undefined) return (i, j) => elements.compare(i, j);
  const weights = new SortTexts(elements.count);
  forEachWeight(c, elements, options, (_i, weight) => {
    if (weight === undefined) weights.addAbsent();
    else weights.add(weight.buf, weight.start, weight.len);
  });
  if (!isSet(c, source)) return (i, j) => weights.compare(i, j);
  return (i, j) => weights.compare(i, j) || elements.compare(i, j);
}

/** Shows for every element what decides its place; undefined when BY finds nothing. */
function forEachWeight(
  c: Call,
  elements: SortTexts,
  { by }: SortOptions,
  visit: (i: number, weight: Span | undefined) => void,
): void {
  const element = new Span();
  const weight = new Span();
  for (let i = 0; i < elements.count; i++) {
    elements.read(i, element);
    if (by === undefined) visit(i, element);
    else visit(i, by.lookUp(c, element, weight) ? weight : undefined);
  }
}

/** Shows the elements in order, or what GET wants of each; undefined when there is no such thing. */
function forEachResult(
  c: Call,
  { gets }: SortOptions,
  { elements, order }: Sorted,
  visit: (text: Span | undefined) => void,
): void {
  const element = new Span();
  const found = new Span();
  for (const i of order) {
    elements.read(i, element);
    if (gets.length === 0) visit(element);
    for (const pattern of gets) visit(pattern.lookUp(c, element, found) ? found : undefined);
  }
}

function resultCount({ gets }: SortOptions, { order }: Sorted): number {
  return order.length * Math.max(1, gets.length);
}

function reply(c: Call, options: SortOptions, sorted: Sorted): void {
  c.reply.array(resultCount(options, sorted));
  forEachResult(c, options, sorted, (text) => {
    if (text === undefined) c.reply.nil();
    else c.reply.bulk(text.buf, text.start, text.len);
  });
}

/** Makes the result a list in the key of STORE, which is deleted when there is no result. */
function store(c: Call, options: SortOptions, sorted: Sorted): void {
  const count = resultCount(options, sorted);
  if (count > 0) storeList(c, options, sorted, count);
  else deleteTarget(c, options.storeArg);
  c.reply.integer(count);
}

function storeList(c: Call, options: SortOptions, sorted: Sorted, count: number): void {
  const { lists } = c.keyspace;
  const results = new SortTexts(count);
  forEachResult(c, options, sorted, (text) => {
    if (text === undefined) results.add(EMPTY, 0, 0);
    else results.add(text.buf, text.start, text.len);
  });
  const text = new Span();
  results.read(0, text);
  const e = c.putNew(options.storeArg, lists.create(text.buf, text.start, text.len), lists);
  for (let i = 1; i < count; i++) {
    results.read(i, text);
    lists.push(e, false, text.buf, text.start, text.len);
  }
  c.changes += count - 1;
  c.changed(options.storeArg, EVENTS.list, "sortstore");
}
