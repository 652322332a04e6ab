import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { type Pops, popFirst, popOrWait, readPops, replyKey, replyNilArray } from "../command/popping.ts";
import { removeRanks, replyScore } from "../command/zset-key.ts";
import { encode } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Reply } from "../resp/reply.ts";
import { ZSET } from "../types/kinds.ts";

const POP_SYNTAX = "key:key [count:integer]";
const ZPOPMIN = encode("ZPOPMIN");
const ZPOPMAX = encode("ZPOPMAX");

export const zpopmin = command({
  name: "zpopmin",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW access delete")],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Takes the members with the lowest scores out of a sorted set.",
  complexity: "O(log(N)*M), N being the number of members and M that of those taken out",
  syntax: POP_SYNTAX,
  run: (c) => pop(c, false),
});

export const zpopmax = command({
  name: "zpopmax",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW access delete")],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Takes the members with the highest scores out of a sorted set.",
  complexity: "O(log(N)*M), N being the number of members and M that of those taken out",
  syntax: POP_SYNTAX,
  run: (c) => pop(c, true),
});

function pop(c: Call, highest: boolean): void {
  if (c.argc > 3) c.fail(ERRORS.syntax);
  if (c.failed) return;
  const isCounted = c.argc === 3;
  const wanted = isCounted ? c.integerBetween(2, 0, Number.POSITIVE_INFINITY, ERRORS.mustBePositive) : 1;
  if (c.failed) return;
  const e = c.writeAs(1, ZSET);
  if (c.failed) return;
  const count = e === NULL ? 0 : Math.min(wanted, c.keyspace.zsets.length(e));
  if (count === 0) {
    c.reply.array(0);
    return;
  }
  const nested = isCounted && c.reply.resp3;
  c.reply.array(nested ? count : count * 2);
  takeOut(c, 1, e, highest, count, nested);
}

/** Replies with the `count` members of one end, the outermost first, and takes them out. `nested`: each is an array with its score. */
function takeOut(c: Call, keyArg: number, e: Ptr, highest: boolean, count: number, nested: boolean): void {
  if (count === 1) {
    takeOutOne(c, keyArg, e, highest, nested);
    return;
  }
  const { zsets } = c.keyspace;
  const { cursor } = zsets;
  const length = zsets.length(e);
  let more = cursor.seek(e, highest ? length - 1 : 0);
  for (let left = count; more; more = highest ? cursor.previous() : cursor.next()) {
    const { buf, start, len } = cursor.member;
    if (nested) c.reply.array(2);
    c.reply.bulk(buf, start, len);
    replyScore(c.reply, cursor.score);
    if (--left === 0) break;
  }
  const first = highest ? length - count : 0;
  removeRanks(c, keyArg, e, first, first + count - 1, eventOf(highest));
}

/** The same for one member, which is searched for only once. */
function takeOutOne(c: Call, keyArg: number, e: Ptr, highest: boolean, nested: boolean): void {
  const { zsets } = c.keyspace;
  const { member } = zsets;
  zsets.seekEnd(e, highest);
  if (nested) c.reply.array(2);
  c.reply.bulk(member.buf, member.start, member.len);
  replyScore(c.reply, zsets.score);
  zsets.removeEnd(e);
  c.changed(keyArg, EVENTS.zset, eventOf(highest));
  if (zsets.length(e) === 0) c.deleteEmptied(keyArg, e);
}

function eventOf(highest: boolean): string {
  return highest ? "zpopmax" : "zpopmin";
}

export const zmpop = command({
  name: "zmpop",
  arity: -4,
  flags: ["write", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(1, "RW access delete")],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Takes members out of an end of the first sorted set that has any.",
  complexity: "O(K)+O(log(N)*M), K being the number of keys, N that of members and M that of those taken out",
  syntax: "numkeys:integer key:key... where<min=MIN | max=MAX> [count:integer=COUNT]",
  run(c) {
    const request = readPops(c, 1, "MIN", "MAX");
    if (!c.failed && !popMany(c, 2, request) && !c.failed) c.reply.nilArray();
  },
});

export const bzmpop = command({
  name: "bzmpop",
  arity: -5,
  flags: ["write", "blocking", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(2, "RW access delete")],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Takes members out of an end of the first sorted set that has any; waits for one.",
  complexity: "O(K)+O(log(N)*M), K being the number of keys, N that of members and M that of those taken out",
  syntax: "timeout:double numkeys:integer key:key... where<min=MIN | max=MAX> [count:integer=COUNT]",
  run(c) {
    const request = readPops(c, 2, "MIN", "MAX");
    const timeoutMs = c.failed ? 0 : c.timeoutMs(1);
    if (!c.failed && !popMany(c, 3, request) && !c.failed) {
      c.block(ZSET, 3, request.keyCount, timeoutMs, replyNilArray);
    }
  },
});

/** Pops from the first sorted set among the keys; false when there is none. */
function popMany(c: Call, firstKey: number, { keyCount, atFirst, count }: Pops): boolean {
  return popFirst(c, ZSET, firstKey, keyCount, (keyArg, e) => {
    const taken = Math.min(count, c.keyspace.zsets.length(e));
    c.reply.array(2);
    replyKey(c, keyArg);
    c.reply.array(taken);
    startEffect(c, keyArg, !atFirst, 3).bulkInteger(taken);
    takeOut(c, keyArg, e, !atFirst, taken, true);
  });
}

export const bzpopmin = command({
  name: "bzpopmin",
  arity: -3,
  flags: ["write", "blocking", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW access delete", -2)],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Takes the member with the lowest score out of the first sorted set that has one; waits for one.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key... timeout:double",
  run: (c) => popOrWait(c, ZSET, popEnd(c, false)),
});

export const bzpopmax = command({
  name: "bzpopmax",
  arity: -3,
  flags: ["write", "blocking", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW access delete", -2)],
  group: "sorted-set",
  since: "5.0.0",
  summary: "Takes the member with the highest score out of the first sorted set that has one; waits for one.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key... timeout:double",
  run: (c) => popOrWait(c, ZSET, popEnd(c, true)),
});

function popEnd(c: Call, highest: boolean): (keyArg: number, e: Ptr) => void {
  return (keyArg, e) => {
    c.reply.array(3);
    replyKey(c, keyArg);
    startEffect(c, keyArg, highest, 2);
    takeOut(c, keyArg, e, highest, 1, false);
  };
}

/** Starts the journal's request for what is popped from key argument i. */
function startEffect(c: Call, i: number, highest: boolean, argc: number): Reply {
  const out = c.effect(argc);
  const name = highest ? ZPOPMAX : ZPOPMIN;
  out.bulk(name, 0, name.length);
  c.effectArg(i);
  return out;
}
