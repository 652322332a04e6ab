import { Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { LIST, SET, ZSET } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";
import { SortTexts } from "./sort-texts.ts";

/** The collection in key argument 1, NULL if there is none; fails when it is of a type that has no elements to be sorted. */
export function readSource(c: Call): Ptr {
  const e = c.read(1);
  if (e === NULL) return NULL;
  const type = c.entries.type(e);
  if (type !== LIST && type !== SET && type !== ZSET) c.fail(ERRORS.wrongType);
  return e;
}

export function isSet(c: Call, e: Ptr): boolean {
  return e !== NULL && c.entries.type(e) === SET;
}

export function lengthOf(c: Call, e: Ptr): number {
  return e === NULL ? 0 : c.keyspace.collections[c.entries.type(e)]!.length(e);
}

/** Copies `count` elements from number `from` on, in the order of the collection or, of lists and sorted sets, backward. */
export function takeElements(c: Call, e: Ptr, from: number, count: number, backward: boolean): SortTexts {
  const texts = new SortTexts(count);
  if (count === 0) return texts;
  const type = c.entries.type(e);
  const first = backward ? lengthOf(c, e) - 1 - from : from;
  if (type === SET) takeMembers(c, e, from, texts, count);
  else if (type === LIST) takeListed(c, e, first, texts, count, backward);
  else takeRanked(c, e, first, texts, count, backward);
  return texts;
}

function takeMembers(c: Call, e: Ptr, from: number, texts: SortTexts, count: number): void {
  let skipped = 0;
  c.keyspace.sets.forEachUntil(e, ({ buf, start, len }) => {
    if (skipped++ >= from) texts.add(buf, start, len);
    return texts.count === count;
  });
}

function takeListed(c: Call, e: Ptr, first: number, texts: SortTexts, count: number, backward: boolean): void {
  const { lists } = c.keyspace;
  const element = new Span();
  lists.seek(e, first);
  for (let i = 0; i < count; i++) {
    lists.read(element);
    texts.add(element.buf, element.start, element.len);
    if (backward) lists.previous();
    else lists.next();
  }
}

function takeRanked(c: Call, e: Ptr, first: number, texts: SortTexts, count: number, backward: boolean): void {
  const { cursor } = c.keyspace.zsets;
  cursor.seek(e, first);
  for (let i = 0; i < count; i++) {
    const { buf, start, len } = cursor.member;
    texts.add(buf, start, len);
    if (backward) cursor.previous();
    else cursor.next();
  }
}
