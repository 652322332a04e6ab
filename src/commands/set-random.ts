import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { readPickCount, replyPicks } from "../command/pick-count.ts";
import { replySet } from "../command/set-key.ts";
import { encode, type Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { SET } from "../types/kinds.ts";

const SREM = encode("SREM");
/** A pop of many members is journalled as several requests of no more members each. */
const JOURNALLED_AT_ONCE_MAX = 1024;

export const spop = command({
  name: "spop",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RW access delete")],
  group: "set",
  since: "1.0.0",
  summary: "Takes members out of a set by chance.",
  complexity: "O(N), N being the number of members that are taken",
  tips: ["nondeterministic_output"],
  syntax: "key:key [count:integer@3.2.0]",
  run(c) {
    if (c.argc > 2) return popMany(c);
    const e = c.writeAs(1, SET);
    if (c.failed) return;
    if (e === NULL) c.reply.nil();
    else popOne(c, e);
  },
});

function popOne(c: Call, e: Ptr): void {
  const { sets } = c.keyspace;
  const { span } = c;
  sets.pick(e, c.server.random, span);
  c.reply.bulk(span.buf, span.start, span.len);
  startRemoval(c, 1);
  c.effects.bulk(span.buf, span.start, span.len);
  sets.removePicked(e);
  c.changed(1, EVENTS.set, "spop");
  if (sets.length(e) === 0) c.deleteEmptied(1, e);
}

/** Starts the journal's SREM of `count` members. */
function startRemoval(c: Call, count: number): void {
  const out = c.effect(count + 2);
  out.bulk(SREM, 0, SREM.length);
  c.effectArg(1);
}

function popMany(c: Call): void {
  if (c.argc > 3) c.fail(ERRORS.syntax);
  const count = c.failed ? 0 : c.integerBetween(2, 0, Number.POSITIVE_INFINITY, ERRORS.mustBePositive);
  if (c.failed) return;
  const e = c.writeAs(1, SET);
  if (c.failed) return;
  if (e === NULL || count === 0) c.reply.set(0);
  else if (count >= c.keyspace.sets.length(e)) popAll(c, e);
  else popSome(c, e, count);
}

function popAll(c: Call, e: Ptr): void {
  replySet(c, e);
  c.effect(2).bulkText("DEL");
  c.effectArg(1);
  c.changes += c.keyspace.sets.length(e) - 1;
  c.changed(1, EVENTS.set, "spop");
  c.deleteEmptied(1, e);
}

function popSome(c: Call, e: Ptr, count: number): void {
  const { reply } = c;
  reply.set(count);
  let left = count;
  c.keyspace.sets.pop(e, count, c.server.random, ({ buf, start, len }) => {
    if ((count - left) % JOURNALLED_AT_ONCE_MAX === 0) startRemoval(c, Math.min(left, JOURNALLED_AT_ONCE_MAX));
    left--;
    reply.bulk(buf, start, len);
    c.effects.bulk(buf, start, len);
  });
  c.changes += count - 1;
  c.changed(1, EVENTS.set, "spop");
}

export const srandmember = command({
  name: "srandmember",
  arity: -2,
  flags: ["readonly"],
  categories: ["set"],
  keys: [keysAt(1, "RO access")],
  group: "set",
  since: "1.0.0",
  summary: "Gives members of a set chosen by chance.",
  complexity: "O(N), N being the number of members that are returned",
  tips: ["nondeterministic_output"],
  syntax: "key:key [count:integer@2.6.0]",
  run(c) {
    const count = c.argc > 2 ? readCount(c) : 0;
    if (c.failed) return;
    const e = c.readAs(1, SET);
    if (c.failed) return;
    if (c.argc === 2) replyOne(c, e);
    else if (e === NULL || count === 0) c.reply.array(0);
    else if (count < 0) replyRepeated(c, e, -count);
    else replySample(c, e, count);
  },
});

function readCount(c: Call): number {
  if (c.argc > 3) c.fail(ERRORS.syntax);
  return c.failed ? 0 : readPickCount(c, 2);
}

function replyOne(c: Call, e: Ptr): void {
  const { reply, span } = c;
  if (e === NULL) {
    reply.nil();
    return;
  }
  c.keyspace.sets.pick(e, c.server.random, span);
  reply.bulk(span.buf, span.start, span.len);
}

/** `count` picks, each among all members. */
function replyRepeated(c: Call, e: Ptr, count: number): void {
  c.reply.array(count);
  replyPicks(c, count, () => replyOne(c, e));
}

/** `count` different members, or all. */
function replySample(c: Call, e: Ptr, count: number): void {
  const { reply, keyspace, server } = c;
  const wanted = Math.min(count, keyspace.sets.length(e));
  reply.array(wanted);
  keyspace.sets.sample(e, wanted, server.random, ({ buf, start, len }: Span) => reply.bulk(buf, start, len));
}
