import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { failNoGroup, findGroup, idArg, writeStream } from "../command/stream-key.ts";
import {
  DELETE_REFERENCES,
  isReferenced,
  KEEP_REFERENCES,
  ONLY_ACKNOWLEDGED,
  readReferences,
} from "../command/stream-references.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { StreamId } from "../types/stream-id.ts";

const BAD_COUNT = error("ERR Number of IDs must be a positive integer");
const OTHER_COUNT = error("ERR The `numids` parameter must match the number of arguments");
const RETRYCOUNT_NEGATIVE = error("ERR Invalid RETRYCOUNT value, must be >= 0");
const NACK_BAD_COUNT = error("ERR numids must be a positive integer");
const NACK_OTHER_COUNT = error("ERR number of IDs doesn't match numids");
const BAD_MODE = error("ERR mode must be SILENT, FAIL, or FATAL");
const NO_IDS = error("ERR syntax error, expected IDS keyword");
/** What became of an entry. */
const MISSING = -1;
const DELETED = 1;
const REFERENCED = 2;
/** XNACK FATAL: as often as can be told. */
const ALWAYS = Number.POSITIVE_INFINITY;

const id = new StreamId();
/** Where the IDs are among the arguments; `firstId` 0: nowhere. */
let firstId = 0;
let idCount = 0;
let references = KEEP_REFERENCES;
/** What XNACK is told; -1: no count of deliveries. */
let retryCount = -1;
let force = false;

/** Reads "IDS count id..." at argument i; returns the argument after it. */
function readIds(c: Call, i: number, badCount = BAD_COUNT, otherCount = OTHER_COUNT): number {
  idCount = c.integerBetween(i + 1, 1, Number.POSITIVE_INFINITY, badCount);
  firstId = i + 2;
  if (!c.failed && firstId + idCount > c.argc) c.fail(otherCount);
  for (let at = firstId; !c.failed && at < firstId + idCount; at++) idArg(c, at, id);
  return c.failed ? c.argc : firstId + idCount;
}

/** Reads what XDELEX and XACKDEL are told from argument `from` on. */
function readDeletion(c: Call, from: number): void {
  firstId = 0;
  references = KEEP_REFERENCES;
  let hasReferences = false;
  for (let i = from; i < c.argc && !c.failed; ) {
    const word = readReferences(c, i);
    if (word !== undefined && !hasReferences) {
      references = word;
      hasReferences = true;
      i++;
    } else if (c.args.is(i, "IDS") && i + 1 < c.argc && firstId === 0) {
      i = readIds(c, i);
    } else {
      c.fail(ERRORS.syntax);
    }
  }
  if (firstId === 0) c.fail(ERRORS.syntax);
}

function replyAllMissing(c: Call): void {
  c.reply.array(idCount);
  for (let i = 0; i < idCount; i++) c.reply.integer(MISSING);
}

/** Deletes the entry `id` as far as the references to it allow. */
function deleteEntry(c: Call, h: Ptr): number {
  const { streams } = c.keyspace;
  if (references === ONLY_ACKNOWLEDGED && isReferenced(streams.groups, h, id)) {
    return streams.entries.find(h, id) ? REFERENCED : MISSING;
  }
  if (references === DELETE_REFERENCES && streams.groups.forgetEverywhere(h, id)) c.changes++;
  if (!streams.delete(h, id)) return MISSING;
  c.changes++;
  return DELETED;
}

/** Acknowledges the entry `id` for the group, and deletes it as far as other references allow. One that is gone already is as good as deleted. */
function acknowledgeEntry(c: Call, h: Ptr, g: Ptr): number {
  if (!c.keyspace.streams.groups.forget(g, id)) return MISSING;
  c.changes++;
  const result = deleteEntry(c, h);
  return result === MISSING ? DELETED : result;
}

export const xdelex = command({
  name: "xdelex",
  arity: -5,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW delete")],
  group: "stream",
  since: "8.2.0",
  summary: "Deletes entries of a stream, and the references of groups to them, or only those without references.",
  complexity: "O(log S) for each ID, S being the entries of the stream",
  syntax: "key:key [condition<keepref=KEEPREF | delref=DELREF | acked=ACKED>] ids(numids:integer id...)=IDS",
  run(c) {
    readDeletion(c, 2);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    if (h === NULL) return replyAllMissing(c);
    deleteAll(c, h, NULL);
  },
});

export const xackdel = command({
  name: "xackdel",
  arity: -6,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update delete")],
  group: "stream",
  since: "8.2.0",
  summary: "Acknowledges entries of a consumer group, and deletes them from the stream.",
  complexity: "O(log S) for each ID, S being the entries of the stream",
  syntax: "key:key group [condition<keepref=KEEPREF | delref=DELREF | acked=ACKED>] ids(numids:integer id...)=IDS",
  run(c) {
    readDeletion(c, 3);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    const g = findGroup(c, h, 2);
    if (g === NULL) return replyAllMissing(c);
    deleteAll(c, h, g);
  },
});

/** Deletes the entries of the request and tells of each what became of it; with a group only those that it has pending, which are acknowledged. */
function deleteAll(c: Call, h: Ptr, g: Ptr): void {
  let deleted = 0;
  c.reply.array(idCount);
  for (let i = firstId; i < firstId + idCount; i++) {
    idArg(c, i, id);
    const result = g === NULL ? deleteEntry(c, h) : acknowledgeEntry(c, h, g);
    if (result === DELETED) deleted++;
    c.reply.integer(result);
  }
  if (deleted > 0) c.notify(1, EVENTS.stream, "xdel");
}

export const xnack = command({
  name: "xnack",
  arity: -7,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "8.8.0",
  summary: "Gives pending entries back to their consumer group, for any consumer to claim.",
  complexity: "O(log P) for each ID, P being the pending entries of the group",
  syntax:
    "key:key group mode<silent=SILENT | fail=FAIL | fatal=FATAL> ids(numids:integer id...)=IDS [count:integer=RETRYCOUNT] [force=FORCE]",
  run(c) {
    const change = changeOf(c, 3);
    firstId = 0;
    retryCount = -1;
    force = false;
    for (let i = 4; i < c.argc && !c.failed; ) i = readNackOption(c, i);
    if (firstId === 0) c.fail(NO_IDS);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    const g = findGroup(c, h, 2);
    if (g === NULL) return failNoGroup(c);
    c.reply.integer(giveBack(c, h, g, change));
  },
});

/** What the word in argument i does to the count of deliveries. */
function changeOf(c: Call, i: number): number {
  if (c.args.is(i, "SILENT")) return -1;
  if (c.args.is(i, "FATAL")) return ALWAYS;
  if (!c.args.is(i, "FAIL")) c.fail(BAD_MODE);
  return 0;
}

/** Reads the option of XNACK at argument i; returns the argument after it. */
function readNackOption(c: Call, i: number): number {
  const { args } = c;
  const hasValue = i + 1 < c.argc;
  if (args.is(i, "FORCE")) {
    force = true;
    return i + 1;
  }
  if (hasValue && args.is(i, "RETRYCOUNT")) {
    retryCount = c.integer(i + 1);
    if (retryCount < 0) c.fail(RETRYCOUNT_NEGATIVE);
    return i + 2;
  }
  if (hasValue && args.is(i, "IDS") && firstId === 0) return readIds(c, i, NACK_BAD_COUNT, NACK_OTHER_COUNT);
  c.failText(`ERR Unrecognized XNACK option '${args.quoted(i)}'`);
  return i;
}

/** Takes the entries of the request from their consumers. `change`: of the count of deliveries, unless `retryCount` replaces it. */
function giveBack(c: Call, h: Ptr, g: Ptr, change: number): number {
  const { groups, entries } = c.keyspace.streams;
  let count = 0;
  for (let i = firstId; i < firstId + idCount; i++) {
    idArg(c, i, id);
    const isPending = groups.pending.find(groups.pendingOf(g), id);
    if (!isPending && !(force && entries.find(h, id))) continue;
    if (!isPending) {
      groups.insert(g, id);
      groups.deliveries = 0;
    }
    groups.giveBack(g, id, c.timeMs);
    groups.deliveries = retryCount >= 0 ? retryCount : groups.deliveries + change;
    count++;
  }
  if (count === 0) return 0;
  c.changes += count - 1;
  // Who waits for entries to claim may have them now.
  c.changedSilently(1);
  return count;
}
