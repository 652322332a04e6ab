import { bigInteger } from "../command/big-argument.ts";
import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { journalForgotten, journalPending, journalPosition } from "../command/stream-effects.ts";
import {
  failNoGroup,
  findGroup,
  idArg,
  isId,
  isJournalled,
  rangeStart,
  readStream,
  replyEntry,
  replyId,
  useConsumer,
} from "../command/stream-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { Reply } from "../resp/reply.ts";
import { StreamId } from "../types/stream-id.ts";

const invalid = (option: string, name: string) => error(`ERR Invalid ${option} argument for ${name}`);
const CLAIM_IDLE = invalid("min-idle-time", "XCLAIM");
const AUTOCLAIM_IDLE = invalid("min-idle-time", "XAUTOCLAIM");
const INVALID_IDLE = invalid("IDLE option", "XCLAIM");
const INVALID_TIME = invalid("TIME option", "XCLAIM");
const INVALID_RETRYCOUNT = invalid("RETRYCOUNT option", "XCLAIM");
const COUNT_TOO_SMALL = error("ERR COUNT must be > 0");
const COUNT_TOO_HIGH = error("ERR Insufficient memory, failed allocating transient memory, COUNT too high.");
const DEFAULT_COUNT = 100n;
/** Of each entry that is asked for, so many are looked at. */
const ATTEMPTS = 10;
/** More are refused as no count at all; and before that, Redis makes room for them in advance, and fails when there is not so much. */
const COUNT_MAX = 576_460_752_303_423_487n;
const COUNT_ALLOCATED_MAX = 2n ** 33n;

const id = new StreamId();
const lastId = new StreamId();
const current = new StreamId();
let minIdle = 0;
let deliveryMs = 0;
/** -1: delivered once more. */
let retryCount = -1;
let force = false;
let justId = false;

export const xclaim = command({
  name: "xclaim",
  arity: -6,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "5.0.0",
  summary: "Gives pending entries of a consumer group to another consumer.",
  complexity: "O(log P) for each ID, P being the pending entries of the group",
  tips: ["nondeterministic_output"],
  syntax:
    "key:key group consumer min-idle-time id... [ms:integer=IDLE] [unix-time-milliseconds:unix-time=TIME] [count:integer=RETRYCOUNT] [force=FORCE] [justid=JUSTID] [lastid:string=LASTID]",
  run(c) {
    const h = readStream(c, 1);
    if (c.failed) return;
    const g = findGroup(c, h, 2);
    if (g === NULL) return failNoGroup(c);
    minIdle = c.integer(4, CLAIM_IDLE);
    let end = 5;
    while (!c.failed && end < c.argc && isId(c, end, id)) end++;
    readClaimOptions(c, end);
    if (c.failed) return;
    const { groups } = c.keyspace.streams;
    groups.lastId(g, current);
    const moves = lastId.compare(current) > 0;
    if (moves) groups.setLastId(g, lastId);
    const mark = c.reply.beginDeferred();
    const before = c.changes;
    let claimed = 0;
    for (let i = 5; i < end; i++) if (claim(c, h, g, i)) claimed++;
    c.reply.endDeferred(mark, claimed);
    if (!moves || c.changes > before) return;
    c.changes++;
    if (isJournalled(c)) journalPosition(c, 1, 2, g);
  },
});

function readClaimOptions(c: Call, from: number): void {
  const { args } = c;
  lastId.setMin();
  deliveryMs = -1;
  retryCount = -1;
  force = false;
  justId = false;
  for (let i = from; i < c.argc && !c.failed; i++) {
    const hasValue = i + 1 < c.argc;
    if (args.is(i, "FORCE")) force = true;
    else if (args.is(i, "JUSTID")) justId = true;
    else if (hasValue && args.is(i, "IDLE")) deliveryMs = c.timeMs - c.integer(++i, INVALID_IDLE);
    else if (hasValue && args.is(i, "TIME")) deliveryMs = c.integer(++i, INVALID_TIME);
    else if (hasValue && args.is(i, "RETRYCOUNT")) retryCount = c.integer(++i, INVALID_RETRYCOUNT);
    else if (hasValue && args.is(i, "LASTID")) idArg(c, ++i, lastId);
    else c.failText(`ERR Unrecognized XCLAIM option '${args.quoted(i)}'`);
  }
  // Clients reckon with their own clocks: what is not a moment of the past is taken for now.
  if (!(deliveryMs >= 0 && deliveryMs <= c.timeMs)) deliveryMs = c.timeMs;
}

/** Claims the entry that argument i names, and writes it. False when it can't be had. */
function claim(c: Call, h: Ptr, g: Ptr, i: number): boolean {
  const { entries, groups } = c.keyspace.streams;
  idArg(c, i, id);
  const exists = entries.find(h, id);
  const isPending = groups.pending.find(groups.pendingOf(g), id);
  if (!exists) {
    if (isPending) forget(c, g, id);
    return false;
  }
  if (!isPending) {
    if (!force) return false;
    groups.insert(g, id);
  } else if (groups.owner !== NULL && minIdle > 0 && c.timeMs - groups.deliveryMs < minIdle) {
    return false;
  }
  take(c, g, id);
  groups.deliveryMs = deliveryMs;
  groups.noteDelivery(g, deliveryMs);
  if (retryCount >= 0) groups.deliveries = retryCount;
  else if (!justId) groups.deliveries++;
  reply(c, c.reply, id);
  if (isJournalled(c)) journalPending(c, 1, 2, g, id);
  return true;
}

/** The pending entry, which `groups.pending` stands on, is no longer in the stream. */
function forget(c: Call, g: Ptr, of: StreamId): void {
  c.keyspace.streams.groups.remove(g, of);
  c.changes++;
  if (isJournalled(c)) journalForgotten(c, 1, 2, of);
}

/** Gives the pending entry that `groups.pending` stands on to the consumer of argument 3. */
function take(c: Call, g: Ptr, of: StreamId): void {
  const { groups } = c.keyspace.streams;
  const consumer = useConsumer(c, g, 1, 2, 3);
  groups.setActive(consumer, c.timeMs);
  groups.assign(g, consumer, of);
  c.changes++;
}

function reply(c: Call, out: Reply, of: StreamId): void {
  if (justId) replyId(out, of);
  else replyEntry(c, out);
}

export const xautoclaim = command({
  name: "xautoclaim",
  arity: -6,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW delete")],
  group: "stream",
  since: "6.2.0",
  summary: "Gives entries that have been pending for long to another consumer, some at a time.",
  complexity: "O(log P + N), P being the pending entries of the group and N those that are looked at",
  tips: ["nondeterministic_output"],
  syntax: "key:key group consumer min-idle-time start [count:integer=COUNT] [justid=JUSTID]",
  run(c) {
    minIdle = c.integer(4, AUTOCLAIM_IDLE);
    if (!c.failed) rangeStart(c, 5, id);
    justId = false;
    let count = DEFAULT_COUNT;
    for (let i = 6; i < c.argc && !c.failed; i++) {
      if (c.args.is(i, "JUSTID")) justId = true;
      else if (c.args.is(i, "COUNT") && i + 1 < c.argc) count = readCount(c, ++i);
      else c.fail(ERRORS.syntax);
    }
    if (c.failed) return;
    const h = readStream(c, 1);
    if (c.failed) return;
    const g = findGroup(c, h, 2);
    if (g === NULL) return failNoGroup(c);
    if (count > COUNT_ALLOCATED_MAX) return c.fail(COUNT_TOO_HIGH);
    autoClaim(c, h, g, Number(count));
  },
});

function readCount(c: Call, i: number): bigint {
  const count = bigInteger(c, i, COUNT_TOO_SMALL);
  if (count < 1n || count > COUNT_MAX) c.fail(COUNT_TOO_SMALL);
  return count;
}

/** Claims from `id` on: replies with the ID to go on from, the entries, and the IDs of those that are no longer in the stream. */
function autoClaim(c: Call, h: Ptr, g: Ptr, count: number): void {
  const { groups } = c.keyspace.streams;
  const { pending } = groups;
  const set = groups.pendingOf(g);
  const claimed = new Parts(c);
  const deleted = new Parts(c);
  let left = count;
  let more = pending.seek(set, id);
  for (let attempts = count * ATTEMPTS; more && left > 0 && attempts > 0; attempts--) {
    id.load(pending.words, pending.at);
    if (!c.keyspace.streams.entries.find(h, id)) {
      forget(c, g, id);
      replyId(deleted.add(), id);
      left--;
      more = pending.seek(set, id);
      continue;
    }
    if (minIdle <= 0 || groups.owner === NULL || c.timeMs - groups.deliveryMs >= minIdle) {
      take(c, g, id);
      groups.deliveryMs = c.timeMs;
      groups.noteDelivery(g, c.timeMs);
      if (!justId) groups.deliveries++;
      reply(c, claimed.add(), id);
      if (isJournalled(c)) journalPending(c, 1, 2, g, id);
      left--;
    }
    more = pending.next();
  }
  if (more) id.load(pending.words, pending.at);
  else id.setMin();
  c.reply.array(3);
  replyId(c.reply, id);
  claimed.send(c);
  deleted.send(c);
}

/** The elements of an array that can't be sent before something else is known. */
class Parts {
  private readonly body = new Reply(256);
  private count = 0;

  constructor(c: Call) {
    this.body.resp3 = c.reply.resp3;
  }

  /** Where to write the next element. */
  add(): Reply {
    this.count++;
    return this.body;
  }

  send(c: Call): void {
    c.reply.array(this.count);
    c.reply.raw(this.body.buf, 0, this.body.at);
  }
}
