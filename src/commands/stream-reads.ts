import type { Call } from "../command/call.ts";
import { command, type KeySpec } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { journalPending, journalPosition } from "../command/stream-effects.ts";
import { takeIdle } from "../command/stream-idle.ts";
import {
  findGroup,
  idArg,
  isJournalled,
  readStream,
  replyEntry,
  replyEntryParts,
  replyId,
  useConsumer,
} from "../command/stream-key.ts";
import { ReadOptions } from "../command/stream-read-options.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { Reply } from "../resp/reply.ts";
import { STREAM } from "../types/kinds.ts";
import { StreamId } from "../types/stream-id.ts";

const NO_DOLLAR = error(
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying " +
    "a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);
const NO_GREATER = error(
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);
const STREAM_GONE = error("UNBLOCKED the stream key no longer exists");
const GROUP_GONE = error("NOGROUP the consumer group this client was blocked on no longer exists");
/** A client that waited without COUNT gets no more entries at once. */
const WAITED_COUNT = 1000;

/** What the request reads: for each key its stream, its group, and the ID after which it is read. */
const options = new ReadOptions();
const headers: Ptr[] = [];
const groupsOfKeys: Ptr[] = [];
const ids: StreamId[] = [];
const id = new StreamId();
/** Entries and bytes that may still be written. */
let entriesLeft = 0;
let bytesLeft = 0;
let served = 0;
let mark = 0;

function streamKeys(startFrom: number, notes: string): KeySpec {
  return {
    flags: ["RO", "access", "incomplete"],
    begin: { keyword: "STREAMS", startFrom },
    find: { lastKey: -1, step: 1, limit: 2 },
    notes,
  };
}

export const xread = command({
  name: "xread",
  arity: -4,
  flags: ["readonly", "blocking", "movablekeys"],
  categories: ["stream"],
  keys: [streamKeys(1, "A key or an option's value named STREAMS is taken for the keyword.")],
  group: "stream",
  since: "5.0.0",
  summary: "Gives the entries of streams after the given IDs, and may wait for some.",
  complexity: "O(N) for each stream, N being the entries that are returned",
  syntax:
    "[count:integer=COUNT] [maxcount:integer=MAXCOUNT@8.10.0] [maxsize:integer=MAXSIZE@8.10.0] [milliseconds:integer=BLOCK] streams(key:key... id...)=STREAMS",
  run(c) {
    options.read(c, false);
    if (c.failed) return;
    const { note } = c;
    if (note === undefined) resolveIds(c);
    else recallIds(c, note as readonly StreamId[]);
    if (c.failed) return;
    begin();
    for (let i = 0; i < options.keyCount && entriesLeft > 0; i++) readStreamAfter(c, i);
    if (served > 0) endReply(c);
    else wait(c, false, note ?? keptIds());
  },
});

export const xreadgroup = command({
  name: "xreadgroup",
  arity: -7,
  flags: ["write", "blocking", "movablekeys"],
  categories: ["stream"],
  keys: [streamKeys(4, "A group, consumer or key named STREAMS is taken for the keyword.")],
  group: "stream",
  since: "5.0.0",
  summary: "Gives a consumer of a group entries of streams: new ones, or those it has pending. May wait for new ones.",
  complexity: "O(N) for each stream, N being the entries that are returned",
  syntax:
    "group-block(group consumer)=GROUP [count:integer=COUNT] [maxcount:integer=MAXCOUNT@8.10.0] [maxsize:integer=MAXSIZE@8.10.0] [milliseconds:integer=BLOCK] [min-idle-time:integer=CLAIM@8.4.0] [noack=NOACK] streams(key:key... id...)=STREAMS",
  run(c) {
    options.read(c, true);
    if (c.failed) return;
    if (c.note === undefined) resolveGroups(c);
    else recallGroups(c);
    if (c.failed) return;
    begin();
    for (let i = 0; i < options.keyCount && entriesLeft > 0; i++) readForGroup(c, i);
    if (served > 0) endReply(c);
    else wait(c, true, true);
  },
});

// ---- what is to be read

function idOf(i: number): StreamId {
  ids[i] ??= new StreamId();
  return ids[i];
}

function resolveIds(c: Call): void {
  const { streams } = c.keyspace;
  for (let i = 0; i < options.keyCount && !c.failed; i++) {
    const h = readStream(c, options.firstKey + i);
    const argument = options.firstKey + options.keyCount + i;
    const after = idOf(i);
    headers[i] = h;
    if (c.failed) return;
    if (c.args.is(argument, ">")) {
      c.fail(NO_GREATER);
      return;
    }
    if (c.args.is(argument, "$")) {
      after.setMin();
      if (h !== NULL) streams.lastId(h, after);
    } else if (c.args.is(argument, "+")) {
      if (h === NULL || !streams.topId(h, after)) after.setMin();
      after.decrement();
    } else {
      idArg(c, argument, after);
    }
  }
}

/** The request is run again: what is no stream now is passed over. */
function recallIds(c: Call, kept: readonly StreamId[]): void {
  for (let i = 0; i < options.keyCount; i++) {
    const e = c.peek(options.firstKey + i);
    headers[i] = e !== NULL && c.entries.type(e) === STREAM ? c.keyspace.streams.header(e) : NULL;
    idOf(i).set(kept[i]);
  }
}

function keptIds(): readonly StreamId[] {
  return ids.slice(0, options.keyCount).map((kept) => kept.clone());
}

function failNoGroup(c: Call, keyArg: number): void {
  const group = c.args.quoted(options.groupArg);
  c.failText(
    `NOGROUP No such key '${c.args.quoted(keyArg)}' or consumer group '${group}' in XREADGROUP with GROUP option`,
  );
}

function resolveGroups(c: Call): void {
  for (let i = 0; i < options.keyCount && !c.failed; i++) {
    const key = options.firstKey + i;
    const h = readStream(c, key);
    if (c.failed) return;
    const g = findGroup(c, h, options.groupArg);
    if (g === NULL) {
      failNoGroup(c, key);
      return;
    }
    headers[i] = h;
    groupsOfKeys[i] = g;
    readGroupId(c, options.firstKey + options.keyCount + i, idOf(i));
  }
}

/** The greatest ID stands for ">", as it does in Redis. */
function readGroupId(c: Call, argument: number, after: StreamId): void {
  if (c.args.is(argument, "$")) c.fail(NO_DOLLAR);
  else if (c.args.is(argument, ">")) after.setMax();
  else idArg(c, argument, after);
}

function recallGroups(c: Call): void {
  for (let i = 0; i < options.keyCount; i++) {
    const e = c.peek(options.firstKey + i);
    if (e === NULL || c.entries.type(e) !== STREAM) {
      c.fail(STREAM_GONE);
      return;
    }
    headers[i] = c.keyspace.streams.header(e);
    groupsOfKeys[i] = findGroup(c, headers[i], options.groupArg);
    if (groupsOfKeys[i] === NULL) {
      c.fail(GROUP_GONE);
      return;
    }
    readGroupId(c, options.firstKey + options.keyCount + i, idOf(i));
  }
}

// ---- the reply

function begin(): void {
  served = 0;
  entriesLeft = options.maxCount;
  bytesLeft = options.maxBytes;
}

/** Starts the part of the reply for a key. */
function beginStream(c: Call, i: number): void {
  const { reply, args } = c;
  if (served++ === 0) mark = reply.beginDeferred();
  if (!reply.resp3) reply.array(2);
  const key = options.firstKey + i;
  reply.bulk(args.buf, args.start[key], args.len[key]);
}

function endReply(c: Call): void {
  if (c.reply.resp3) c.reply.endDeferredMap(mark, served);
  else c.reply.endDeferred(mark, served);
}

function wait(c: Call, whenGone: boolean, note: unknown): void {
  const { blockMs, firstKey, keyCount } = options;
  if (blockMs < 0) writeNothing(c.reply);
  else c.block(STREAM, firstKey, keyCount, blockMs, writeNothing, { whenGone, note });
}

function writeNothing(reply: Reply): void {
  reply.nilArray();
}

/** How many entries of one stream may be written. */
function limit(c: Call): number {
  const count = c.note !== undefined && options.count === Number.POSITIVE_INFINITY ? WAITED_COUNT : options.count;
  return Math.min(count, entriesLeft);
}

/** Takes the entry that was written from `at` on off what may be written. */
function spend(c: Call, at: number): void {
  entriesLeft--;
  bytesLeft -= c.reply.at - at;
  if (bytesLeft <= 0) entriesLeft = 0;
}

function readStreamAfter(c: Call, i: number): void {
  const h = headers[i];
  const { entries } = c.keyspace.streams;
  id.set(ids[i]);
  if (h === NULL || !id.increment() || !entries.seek(h, id)) return;
  beginStream(c, i);
  const { reply } = c;
  const most = limit(c);
  const list = reply.beginDeferred();
  let written = 0;
  do {
    const at = reply.at;
    replyEntry(c, reply);
    spend(c, at);
    written++;
  } while (written < most && entriesLeft > 0 && entries.next());
  reply.endDeferred(list, written);
}

// ---- groups

function readForGroup(c: Call, i: number): void {
  const { entries, groups } = c.keyspace.streams;
  const h = headers[i];
  const g = groupsOfKeys[i];
  if (!ids[i].isMax) {
    readHistory(c, i);
    return;
  }
  const idle = options.claimMs < 0 ? [] : takeIdle(c, h, g, options.firstKey + i, options, limit(c));
  groups.lastId(g, id);
  const hasNew = id.increment() && entries.seek(h, id);
  if (idle.length === 0 && !hasNew) return;
  const consumer = useConsumer(c, g, options.firstKey + i, options.groupArg, options.groupArg + 1);
  groups.setActive(consumer, c.timeMs);
  beginStream(c, i);
  const list = c.reply.beginDeferred();
  let written = claimIdle(c, i, consumer, idle);
  if (hasNew && entriesLeft > 0) written += deliverNew(c, i, consumer, written);
  c.reply.endDeferred(list, written);
}

/** Gives the consumer new entries; `before` have been written already. */
function deliverNew(c: Call, i: number, consumer: Ptr, before: number): number {
  const { streams } = c.keyspace;
  const { entries, groups } = streams;
  const h = headers[i];
  const g = groupsOfKeys[i];
  const key = options.firstKey + i;
  const journalled = isJournalled(c);
  const most = Math.min(limit(c), options.count - before);
  let written = 0;
  groups.lastId(g, id);
  id.increment();
  for (let more = most > 0 && entries.seek(h, id); more; more = written < most && entriesLeft > 0 && entries.next()) {
    const at = c.reply.at;
    streams.advance(h, g, entries.id);
    if (options.claimMs < 0) replyEntry(c, c.reply);
    else replyDelivered(c, 0, 0n);
    spend(c, at);
    written++;
    if (options.noAck) continue;
    groups.insert(g, entries.id);
    groups.assign(g, consumer, entries.id);
    groups.deliveryMs = c.timeMs;
    groups.deliveries = 1;
    groups.noteDelivery(g, c.timeMs);
    if (journalled) journalPending(c, key, options.groupArg, g, entries.id);
  }
  c.changes++;
  if (journalled) journalPosition(c, key, options.groupArg, g);
  return written;
}

/** Gives the consumer what it has pending after the given ID. An entry that was deleted has no fields. */
function readHistory(c: Call, i: number): void {
  const { entries, groups } = c.keyspace.streams;
  const { reply } = c;
  const h = headers[i];
  const g = groupsOfKeys[i];
  const consumer = useConsumer(c, g, options.firstKey + i, options.groupArg, options.groupArg + 1);
  beginStream(c, i);
  const { owned, pending } = groups;
  const most = limit(c);
  const list = reply.beginDeferred();
  let written = 0;
  ids[i].increment();
  let more = owned.seek(groups.ownedBy(consumer), ids[i]);
  for (; more && written < most && entriesLeft > 0; more = owned.next()) {
    const at = reply.at;
    id.load(owned.words, owned.at);
    if (entries.find(h, id)) {
      replyEntry(c, reply);
      pending.find(groups.pendingOf(g), id);
      groups.deliveryMs = c.timeMs;
      groups.deliveries++;
    } else {
      reply.array(2);
      replyId(reply, id);
      reply.nilArray();
    }
    spend(c, at);
    written++;
  }
  reply.endDeferred(list, written);
}

// ---- taking over what others have had pending for long

/** Gives the consumer these pending entries. */
function claimIdle(c: Call, i: number, consumer: Ptr, idle: readonly StreamId[]): number {
  const { entries, groups } = c.keyspace.streams;
  const g = groupsOfKeys[i];
  let written = 0;
  for (const of of idle) {
    if (entriesLeft <= 0) break;
    entries.find(headers[i], of);
    groups.pending.find(groups.pendingOf(g), of);
    const at = c.reply.at;
    replyDelivered(c, c.timeMs - groups.deliveryMs, groups.deliveriesBig);
    spend(c, at);
    written++;
    c.changes++;
    groups.assign(g, consumer, of);
    groups.deliveryMs = c.timeMs;
    groups.deliveries++;
    if (isJournalled(c)) journalPending(c, options.firstKey + i, options.groupArg, g, of);
  }
  return written;
}

/** Writes the entry that the walk stands on as CLAIM has it: with the ms since it was delivered, and how often it was. */
function replyDelivered(c: Call, idleMs: number, deliveries: bigint): void {
  c.reply.array(4);
  replyEntryParts(c, c.reply);
  c.reply.integer(idleMs);
  c.reply.bigInteger(deliveries);
}
