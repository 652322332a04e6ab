import type { Call } from "../command/call.ts";
import { type Command, command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { failUsage, helpCommand } from "../command/help.ts";
import { findGroup, readStream, replyEntry, replyId } from "../command/stream-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { UNKNOWN } from "../types/stream-groups.ts";
import { StreamId } from "../types/stream-id.ts";

/** Entries that FULL shows of each list, unless COUNT says otherwise. */
const DEFAULT_COUNT = 10;
const id = new StreamId();
const metadata = { flags: ["readonly"], categories: ["stream"], group: "stream" } as const;

/** The stream that must be there, in the key of argument 2. */
function expectStream(c: Call): Ptr {
  const h = readStream(c, 2);
  if (h === NULL) c.fail(ERRORS.noSuchKey);
  return h;
}

const stream = command({
  ...metadata,
  name: "stream",
  arity: -3,
  keys: [keysAt(2, "RO access")],
  since: "5.0.0",
  summary: "Describes a stream, with FULL its entries and groups, too.",
  complexity: "O(1), with FULL O(N) for N entries that are shown",
  syntax: "key:key [full-block(full=FULL [count:integer=COUNT])]",
  run(c) {
    const h = expectStream(c);
    if (c.failed) return;
    if (c.argc === 3) return replyStream(c, h);
    const hasCount = c.argc === 6 && c.args.is(4, "COUNT");
    if (!c.args.is(3, "FULL") || (c.argc !== 4 && !hasCount)) return failUsage(c);
    const count = hasCount ? c.integer(5) : DEFAULT_COUNT;
    if (c.failed) return;
    if (count < 0) replyFullStream(c, h, DEFAULT_COUNT);
    else replyFullStream(c, h, count === 0 ? Number.POSITIVE_INFINITY : count);
  },
});

function replyStream(c: Call, h: Ptr): void {
  const { reply } = c;
  const { streams } = c.keyspace;
  reply.map(10 + producerFields(c, h));
  replyFacts(c, h);
  replyProducers(c, h);
  integer(c, "groups", streams.groups.count(h));
  reply.bulkText("first-entry");
  if (streams.entries.seekFirst(h)) replyEntry(c, reply);
  else reply.nil();
  reply.bulkText("last-entry");
  if (streams.topId(h, id)) replyEntry(c, reply);
  else reply.nil();
}

function replyFullStream(c: Call, h: Ptr, count: number): void {
  const { reply } = c;
  const { entries, groups } = c.keyspace.streams;
  reply.map(9 + producerFields(c, h));
  replyFacts(c, h);
  replyProducers(c, h);
  reply.bulkText("entries");
  const mark = reply.beginDeferred();
  let written = 0;
  for (let more = entries.seekFirst(h); more && written < count; more = entries.next()) {
    replyEntry(c, reply);
    written++;
  }
  reply.endDeferred(mark, written);
  reply.bulkText("groups");
  reply.array(groups.count(h));
  for (let i = 0; i < groups.count(h); i++) replyFullGroup(c, h, groups.group(h, i), count);
}

/** The seven fields that all descriptions of a stream begin with. */
function replyFacts(c: Call, h: Ptr): void {
  const { reply } = c;
  const { streams } = c.keyspace;
  integer(c, "length", streams.size(h));
  integer(c, "radix-tree-keys", streams.leaves(h));
  integer(c, "radix-tree-nodes", streams.leaves(h) + 1);
  reply.bulkText("last-generated-id");
  streams.lastId(h, id);
  replyId(reply, id);
  reply.bulkText("max-deleted-entry-id");
  streams.maxDeletedId(h, id);
  replyId(reply, id);
  reply.bulkText("entries-added");
  reply.bigInteger(streams.entriesAdded(h));
  reply.bulkText("recorded-first-entry-id");
  streams.firstId(h, id);
  replyId(reply, id);
}

/** Redis shows these where messages are told apart. */
function producerFields(c: Call, h: Ptr): number {
  return c.keyspace.streams.producers.has(h) ? 6 : 0;
}

function replyProducers(c: Call, h: Ptr): void {
  const { producers } = c.keyspace.streams;
  if (!producers.has(h)) return;
  producers.expire(h, c.timeMs);
  integer(c, "idmp-duration", producers.duration(h));
  integer(c, "idmp-maxsize", producers.maxSize(h));
  integer(c, "pids-tracked", producers.count(h));
  integer(c, "iids-tracked", producers.messageCount(h));
  c.reply.bulkText("iids-added");
  c.reply.bigInteger(producers.added(h));
  c.reply.bulkText("iids-duplicates");
  c.reply.bigInteger(producers.duplicates(h));
}

function integer(c: Call, name: string, value: number): void {
  c.reply.bulkText(name);
  c.reply.integer(value);
}

function replyFullGroup(c: Call, h: Ptr, g: Ptr, count: number): void {
  const { reply } = c;
  const { groups } = c.keyspace.streams;
  const { pending } = groups;
  const givenBack = groups.givenBackCount(g);
  reply.map(givenBack > 0 ? 8 : 7);
  replyGroupName(c, g);
  replyPosition(c, h, g);
  integer(c, "pel-count", groups.pendingCount(g));
  if (givenBack > 0) integer(c, "nacked-count", givenBack);
  reply.bulkText("pending");
  const mark = reply.beginDeferred();
  let written = 0;
  for (let more = pending.seekFirst(groups.pendingOf(g)); more && written < count; more = pending.next()) {
    reply.array(4);
    id.load(pending.words, pending.at);
    replyId(reply, id);
    if (groups.owner === NULL) reply.bulkText("");
    else replyConsumerName(c, groups.owner);
    replyDelivery(c);
    written++;
  }
  reply.endDeferred(mark, written);
  reply.bulkText("consumers");
  reply.array(groups.consumerCount(g));
  for (let i = 0; i < groups.consumerCount(g); i++) replyFullConsumer(c, g, groups.consumer(g, i), count);
}

/** Delivery time and count of the record that `groups.pending` stands on. */
function replyDelivery(c: Call): void {
  const { groups } = c.keyspace.streams;
  c.reply.integer(groups.deliveryMs);
  c.reply.bigInteger(groups.deliveriesBig);
}

function replyFullConsumer(c: Call, g: Ptr, consumer: Ptr, count: number): void {
  const { reply } = c;
  const { groups } = c.keyspace.streams;
  const { owned, pending } = groups;
  reply.map(4);
  reply.bulkText("name");
  replyConsumerName(c, consumer);
  integer(c, "seen-time", groups.seenMs(consumer));
  integer(c, "pel-count", groups.ownedCount(consumer));
  reply.bulkText("pending");
  const mark = reply.beginDeferred();
  let written = 0;
  for (let more = owned.seekFirst(groups.ownedBy(consumer)); more && written < count; more = owned.next()) {
    reply.array(3);
    id.load(owned.words, owned.at);
    pending.find(groups.pendingOf(g), id);
    replyId(reply, id);
    replyDelivery(c);
    written++;
  }
  reply.endDeferred(mark, written);
}

function replyGroupName(c: Call, g: Ptr): void {
  const { groups } = c.keyspace.streams.groups;
  c.reply.bulkText("name");
  c.reply.bulk(groups.segment(g), groups.nameStart(g), groups.nameLength(g));
}

function replyConsumerName(c: Call, consumer: Ptr): void {
  const { consumers } = c.keyspace.streams.groups;
  c.reply.bulk(consumers.segment(consumer), consumers.nameStart(consumer), consumers.nameLength(consumer));
}

/** The three fields that tell how far a group has read. */
function replyPosition(c: Call, h: Ptr, g: Ptr): void {
  const { reply } = c;
  const { streams } = c.keyspace;
  reply.bulkText("last-delivered-id");
  streams.groups.lastId(g, id);
  replyId(reply, id);
  reply.bulkText("entries-read");
  const read = streams.groups.entriesRead(g);
  if (read === UNKNOWN) reply.nil();
  else reply.bigInteger(read);
  reply.bulkText("lag");
  const lag = streams.lag(h, g);
  if (lag === undefined) reply.nil();
  else reply.bigInteger(lag);
}

const groups = command({
  ...metadata,
  name: "groups",
  arity: 3,
  keys: [keysAt(2, "RO access")],
  since: "5.0.0",
  summary: "Describes the consumer groups of a stream.",
  complexity: "O(N), N being the number of groups",
  syntax: "key:key",
  run(c) {
    const h = expectStream(c);
    if (c.failed) return;
    const all = c.keyspace.streams.groups;
    c.reply.array(all.count(h));
    for (let i = 0; i < all.count(h); i++) {
      const g = all.group(h, i);
      c.reply.map(6);
      replyGroupName(c, g);
      integer(c, "consumers", all.consumerCount(g));
      integer(c, "pending", all.pendingCount(g));
      replyPosition(c, h, g);
    }
  },
});

const consumers = command({
  ...metadata,
  name: "consumers",
  arity: 4,
  keys: [keysAt(2, "RO access")],
  since: "5.0.0",
  summary: "Describes the consumers of a consumer group.",
  complexity: "O(N), N being the number of consumers",
  tips: ["nondeterministic_output"],
  syntax: "key:key group",
  run(c) {
    const h = expectStream(c);
    if (c.failed) return;
    const g = findGroup(c, h, 3);
    if (g === NULL) {
      return c.failText(`NOGROUP No such consumer group '${c.args.quoted(3)}' for key name '${c.args.quoted(2)}'`);
    }
    const all = c.keyspace.streams.groups;
    c.reply.array(all.consumerCount(g));
    for (let i = 0; i < all.consumerCount(g); i++) {
      const consumer = all.consumer(g, i);
      c.reply.map(3);
      c.reply.bulkText("name");
      replyConsumerName(c, consumer);
      integer(c, "pending", all.ownedCount(consumer));
      integer(c, "idle", Math.max(0, c.timeMs - all.seenMs(consumer)));
    }
  },
});

const subcommands: readonly Command[] = [consumers, groups, stream];
const help = helpCommand("XINFO", { group: "stream", since: "5.0.0", categories: ["stream"] }, subcommands, {
  consumers: "<key> <groupname>",
  groups: "<key>",
  stream: "<key> [FULL [COUNT <count>]]",
});

export const xinfo = command({
  name: "xinfo",
  arity: -2,
  group: "stream",
  since: "5.0.0",
  summary: "Describes streams, their consumer groups and consumers.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
