import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { encodedBulks } from "../command/stream-effects.ts";
import {
  createStream,
  idArg,
  isJournalled,
  newIdArg,
  rangeEnd,
  rangeStart,
  readStream,
  replyEntry,
  replyId,
  writeStream,
} from "../command/stream-key.ts";
import { StreamMessage } from "../command/stream-message.ts";
import { TrimOptions } from "../command/stream-trim.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { StreamId } from "../types/stream-id.ts";

const ID_IS_ZERO = error("ERR The ID specified in XADD must be greater than 0-0");
const EXHAUSTED = error("ERR The stream has exhausted the last possible ID, unable to add more items");
const ID_TOO_SMALL = error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const ID_NOT_AUTOMATIC = error("ERR IDMP/IDMPAUTO can be used only with auto-generated IDs");
const NO_STRATEGY = error("ERR syntax error, XTRIM must be called with a trimming strategy");
const XADD = encodedBulks("XADD");

/** What XADD was told, and the ID that comes of it. */
const trimming = new TrimOptions();
const message = new StreamMessage();
const id = new StreamId();
const other = new StreamId();
let noMakeStream = false;
let isAutomatic = false;
let isOpen = false;

export const xadd = command({
  name: "xadd",
  arity: -5,
  flags: ["write", "denyoom", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "5.0.0",
  summary: "Adds an entry to a stream, which may be shortened with it, and gives its ID.",
  complexity: "O(1), and O(N) for N entries that are trimmed",
  tips: ["nondeterministic_output"],
  syntax:
    "key:key [nomkstream=NOMKSTREAM@6.2.0] [condition<keepref=KEEPREF | delref=DELREF | acked=ACKED>] [idmp<pid:string=IDMPAUTO | idmp(pid iid)=IDMP>@8.6.0] [trim(strategy<maxlen=MAXLEN | minid=MINID@6.2.0> [operator<equal== | approximately=~>] threshold [count:integer=LIMIT@6.2.0])] id-selector<auto-id=* | id> data(field value)...",
  run(c) {
    const idArgument = readAddOptions(c);
    if (c.failed) return;
    const from = idArgument + 1;
    if (c.argc - from < 2 || ((c.argc - from) & 1) !== 0) return c.failArity();
    if (!isAutomatic && !message.isAbsent) return c.fail(ID_NOT_AUTOMATIC);
    if (!isAutomatic && !isOpen && id.isMin) return c.fail(ID_IS_ZERO);
    const found = writeStream(c, 1);
    if (c.failed) return;
    if (found === NULL && noMakeStream) return c.reply.nil();
    const h = found === NULL ? createStream(c, 1) : found;
    if (!message.isAbsent && replyIfKnown(c, h, from)) return;
    if (!takeId(c, h)) return;
    add(c, h, idArgument);
  },
});

/** Reads the options before the ID, and the ID. Returns the ID's argument. */
function readAddOptions(c: Call): number {
  trimming.reset();
  message.reset();
  noMakeStream = false;
  isAutomatic = false;
  isOpen = false;
  let i = 2;
  for (; i < c.argc && !c.failed; ) {
    isAutomatic = c.args.is(i, "*");
    if (isAutomatic) break;
    const after = readAddOption(c, i);
    if (after === i) {
      isOpen = newIdArg(c, i, id);
      break;
    }
    i = after;
  }
  trimming.check(c);
  return i;
}

function readAddOption(c: Call, i: number): number {
  if (c.args.is(i, "NOMKSTREAM")) {
    noMakeStream = true;
    return i + 1;
  }
  const after = message.read(c, i);
  return after === i ? trimming.read(c, i) : after;
}

/** Answers with the entry's ID when the message was added before. */
function replyIfKnown(c: Call, h: Ptr, from: number): boolean {
  const { producers } = c.keyspace.streams;
  if (!producers.find(h, message.producer(c), message.name(c, from), c.timeMs, id)) return false;
  producers.countDuplicate(h);
  replyId(c.reply, id);
  return true;
}

/** Makes `id` the ID of the new entry. False when there is none: that is answered. */
function takeId(c: Call, h: Ptr): boolean {
  const { streams } = c.keyspace;
  streams.lastId(h, other);
  if (other.isMax) {
    c.fail(EXHAUSTED);
    return false;
  }
  if (isAutomatic) {
    id.setMs(c.timeMs);
    if (id.compare(other) <= 0) {
      id.set(other);
      id.increment();
    }
    return true;
  }
  if (isOpen && id.hasMsOf(other) && !other.isLastOfMs) {
    id.set(other);
    id.increment();
  }
  if (id.compare(other) > 0) return true;
  c.fail(ID_TOO_SMALL);
  return false;
}

function add(c: Call, h: Ptr, idArgument: number): void {
  const { streams } = c.keyspace;
  const { buf, start, len } = c.args;
  const from = idArgument + 1;
  streams.entries.append(h, id, buf, start, len, from, c.argc, false);
  replyId(c.reply, id);
  c.changed(1, EVENTS.stream, "xadd");
  if (!message.isAbsent) streams.producers.add(h, message.producer(c), message.name(c, from), c.timeMs, id);
  if (!trimming.isAbsent && trimming.trim(c, h) > 0) c.notify(1, EVENTS.stream, "xtrim");
  if (isJournalled(c) && (isAutomatic || isOpen || trimming.approximate || !message.isAbsent)) journalAdd(c, h, from);
}

/** The entry with its ID, and trimmed as it was. */
function journalAdd(c: Call, h: Ptr, from: number): void {
  const out = c.effect(3 + trimming.exactCount(c, h) + c.argc - from);
  out.raw(XADD);
  c.effectArg(1);
  trimming.writeExact(c, h, out);
  replyId(out, id);
  for (let i = from; i < c.argc; i++) c.effectArg(i);
  if (message.isAbsent) return;
  const record = c.effect(5);
  record.bulkText("XIDMPRECORD");
  c.effectArg(1);
  const producer = message.producer(c);
  record.bulk(producer, 0, producer.length);
  const name = message.name(c, from);
  record.bulk(name, 0, name.length);
  replyId(record, id);
}

export const xtrim = command({
  name: "xtrim",
  arity: -4,
  flags: ["write"],
  categories: ["stream"],
  keys: [keysAt(1, "RW delete")],
  group: "stream",
  since: "5.0.0",
  summary: "Deletes the first entries of a stream, and tells how many.",
  complexity: "O(N), N being the number of entries that are deleted",
  tips: ["nondeterministic_output"],
  syntax:
    "key:key trim(strategy<maxlen=MAXLEN | minid=MINID@6.2.0> [operator<equal== | approximately=~>] threshold [count:integer=LIMIT@6.2.0] [condition<keepref=KEEPREF | delref=DELREF | acked=ACKED>])",
  run(c) {
    trimming.reset();
    for (let i = 2; i < c.argc && !c.failed; ) {
      const after = trimming.read(c, i);
      if (after === i) c.fail(ERRORS.syntax);
      i = after;
    }
    trimming.check(c, NO_STRATEGY);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    const deleted = h === NULL ? 0 : trimming.trim(c, h);
    c.reply.integer(deleted);
    if (deleted === 0) return;
    c.changes += deleted - 1;
    c.changed(1, EVENTS.stream, "xtrim");
    if (!trimming.approximate || !isJournalled(c)) return;
    const out = c.effect(2 + trimming.exactCount(c, h));
    out.bulkText("XTRIM");
    c.effectArg(1);
    trimming.writeExact(c, h, out);
  },
});

export const xlen = command({
  name: "xlen",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RO")],
  group: "stream",
  since: "5.0.0",
  summary: "Counts the entries of a stream.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const h = readStream(c, 1);
    if (!c.failed) c.reply.integer(h === NULL ? 0 : c.keyspace.streams.size(h));
  },
});

export const xrange = command({
  name: "xrange",
  arity: -4,
  flags: ["readonly"],
  categories: ["stream"],
  keys: [keysAt(1, "RO access")],
  group: "stream",
  since: "5.0.0",
  summary: "Gives the entries of a stream whose IDs are in a range.",
  complexity: "O(log S + N), S being the entries of the stream and N those that are returned",
  syntax: "key:key start end [count:integer=COUNT]",
  run(c) {
    replyRange(c, 2, 3, false);
  },
});

export const xrevrange = command({
  name: "xrevrange",
  arity: -4,
  flags: ["readonly"],
  categories: ["stream"],
  keys: [keysAt(1, "RO access")],
  group: "stream",
  since: "5.0.0",
  summary: "Gives the entries of a stream whose IDs are in a range, the last one first.",
  complexity: "O(log S + N), S being the entries of the stream and N those that are returned",
  syntax: "key:key end start [count:integer=COUNT]",
  run(c) {
    replyRange(c, 3, 2, true);
  },
});

function replyRange(c: Call, startArg: number, endArg: number, backward: boolean): void {
  rangeStart(c, startArg, id);
  if (!c.failed) rangeEnd(c, endArg, other);
  let count = -1;
  for (let i = 4; i < c.argc && !c.failed; i += 2) {
    if (c.args.is(i, "COUNT") && i + 1 < c.argc) count = Math.max(0, c.integer(i + 1));
    else c.fail(ERRORS.syntax);
  }
  if (c.failed) return;
  const h = readStream(c, 1);
  if (c.failed) return;
  if (h === NULL) {
    c.reply.array(0);
    return;
  }
  if (count === 0) {
    c.reply.nilArray();
    return;
  }
  const mark = c.reply.beginDeferred();
  c.reply.endDeferred(mark, writeRange(c, h, count < 0 ? Number.POSITIVE_INFINITY : count, backward));
}

/** Writes entries from `id` to `other`; returns how many. */
function writeRange(c: Call, h: Ptr, count: number, backward: boolean): number {
  const { entries } = c.keyspace.streams;
  let written = 0;
  let more = backward ? entries.seekBack(h, other) : entries.seek(h, id);
  for (; more && written < count; more = backward ? entries.previous() : entries.next()) {
    if (backward ? entries.id.compare(id) < 0 : entries.id.compare(other) > 0) break;
    replyEntry(c, c.reply);
    written++;
  }
  return written;
}

export const xdel = command({
  name: "xdel",
  arity: -3,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW delete")],
  group: "stream",
  since: "5.0.0",
  summary: "Deletes entries of a stream by their IDs, and tells how many there were.",
  complexity: "O(log S) for each ID, S being the entries of the stream",
  syntax: "key:key id...",
  run(c) {
    const h = writeStream(c, 1);
    if (c.failed) return;
    if (h === NULL) return c.reply.integer(0);
    for (let i = 2; i < c.argc; i++) idArg(c, i, id);
    if (c.failed) return;
    let deleted = 0;
    for (let i = 2; i < c.argc; i++) {
      idArg(c, i, id);
      if (c.keyspace.streams.delete(h, id)) deleted++;
    }
    c.reply.integer(deleted);
    if (deleted === 0) return;
    c.changes += deleted - 1;
    c.changed(1, EVENTS.stream, "xdel");
  },
});
