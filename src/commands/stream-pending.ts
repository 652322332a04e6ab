import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import {
  failNoGroup,
  findConsumer,
  findGroup,
  idArg,
  rangeEnd,
  rangeStart,
  readStream,
  replyId,
} from "../command/stream-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { StreamId } from "../types/stream-id.ts";

const id = new StreamId();
const start = new StreamId();
const end = new StreamId();

export const xack = command({
  name: "xack",
  arity: -4,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "5.0.0",
  summary: "Acknowledges pending entries of a consumer group, and tells how many were pending.",
  complexity: "O(log P) for each ID, P being the pending entries of the group",
  syntax: "key:key group id...",
  run(c) {
    const h = readStream(c, 1);
    if (c.failed) return;
    const { groups } = c.keyspace.streams;
    const g = findGroup(c, h, 2);
    if (g === NULL) return c.reply.integer(0);
    for (let i = 3; i < c.argc; i++) idArg(c, i, id);
    if (c.failed) return;
    let acknowledged = 0;
    for (let i = 3; i < c.argc; i++) {
      idArg(c, i, id);
      if (groups.forget(g, id)) acknowledged++;
    }
    c.changes += acknowledged;
    c.reply.integer(acknowledged);
  },
});

export const xpending = command({
  name: "xpending",
  arity: -3,
  flags: ["readonly"],
  categories: ["stream"],
  keys: [keysAt(1, "RO access")],
  group: "stream",
  since: "5.0.0",
  summary: "Shows what a consumer group has pending: a summary, or the entries of a range.",
  complexity: "O(log P + N), P being the pending entries of the group and N those that are looked at",
  tips: ["nondeterministic_output"],
  syntax: "key:key group [filters([min-idle-time:integer=IDLE@6.2.0] start end count:integer [consumer])]",
  run(c) {
    const isSummary = c.argc === 3;
    if (!isSummary && (c.argc < 6 || c.argc > 9)) return c.fail(ERRORS.syntax);
    const minIdle = !isSummary && c.args.is(3, "IDLE") ? c.integer(4) : Number.NaN;
    const at = Number.isNaN(minIdle) ? 3 : 5;
    if (at === 5 && c.argc < 8) c.fail(ERRORS.syntax);
    const count = isSummary || c.failed ? 0 : c.integer(at + 2);
    if (!isSummary && !c.failed) rangeStart(c, at, start);
    if (!isSummary && !c.failed) rangeEnd(c, at + 1, end);
    if (c.failed) return;
    const h = readStream(c, 1);
    if (c.failed) return;
    const g = findGroup(c, h, 2);
    if (g === NULL) return failNoGroup(c);
    if (isSummary) replySummary(c, g);
    else replyRecords(c, g, at + 3, count, minIdle || 0);
  },
});

function replySummary(c: Call, g: Ptr): void {
  const { reply } = c;
  const { groups } = c.keyspace.streams;
  const { pending } = groups;
  const set = groups.pendingOf(g);
  reply.array(4);
  reply.integer(pending.count(set));
  if (!pending.seekFirst(set)) {
    reply.nil();
    reply.nil();
    reply.nilArray();
    return;
  }
  id.load(pending.words, pending.at);
  replyId(reply, id);
  pending.seekLast(set);
  id.load(pending.words, pending.at);
  replyId(reply, id);
  const mark = reply.beginDeferred();
  let busy = 0;
  for (let i = 0; i < groups.consumerCount(g); i++) {
    const consumer = groups.consumer(g, i);
    const count = groups.ownedCount(consumer);
    if (count === 0) continue;
    busy++;
    reply.array(2);
    replyConsumer(c, consumer);
    reply.bulkInteger(count);
  }
  reply.endDeferred(mark, busy);
}

/** Writes a consumer's name; empty when an entry was given back and has none. */
function replyConsumer(c: Call, consumer: Ptr): void {
  const { consumers } = c.keyspace.streams.groups;
  if (consumer === NULL) c.reply.bulkText("");
  else c.reply.bulk(consumers.segment(consumer), consumers.nameStart(consumer), consumers.nameLength(consumer));
}

function replyRecords(c: Call, g: Ptr, consumerArg: number, count: number, minIdle: number): void {
  const { reply } = c;
  const { groups } = c.keyspace.streams;
  const { pending, owned } = groups;
  const all = groups.pendingOf(g);
  const consumer = consumerArg < c.argc ? findConsumer(c, g, consumerArg) : NULL;
  if (consumerArg < c.argc && consumer === NULL) {
    reply.array(0);
    return;
  }
  const records = consumer === NULL ? pending : owned;
  const mark = reply.beginDeferred();
  let written = 0;
  let more = records.seek(consumer === NULL ? all : groups.ownedBy(consumer), start);
  for (; more && written < count; more = records.next()) {
    id.load(records.words, records.at);
    if (id.compare(end) > 0) break;
    if (consumer !== NULL) pending.find(all, id);
    const { deliveryMs, owner } = groups;
    // A clock that was set back does not hide what was delivered before.
    const idle = Math.max(0, c.timeMs - deliveryMs);
    if (idle < minIdle) continue;
    written++;
    reply.array(4);
    replyId(reply, id);
    replyConsumer(c, owner);
    reply.integer(owner === NULL ? -1 : idle);
    reply.bigInteger(groups.deliveriesBig);
  }
  reply.endDeferred(mark, written);
}
