import { bigInteger } from "../command/big-argument.ts";
import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { idArg, writeStream } from "../command/stream-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { EncodedReply } from "../resp/reply.ts";
import { StreamId } from "../types/stream-id.ts";

const ADDED_NEGATIVE = error("ERR entries_added must be positive");
const SMALLER_THAN_GIVEN = error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
const SMALLER_THAN_TOP = error("ERR The ID specified in XSETID is smaller than the target stream top item");
const ADDED_TOO_FEW = error("ERR The entries_added specified in XSETID is smaller than the target stream length");
const INVALID_DURATION = error("ERR IDMP-DURATION must be between 1 and 86400 seconds");
const INVALID_MAX_SIZE = error("ERR IDMP-MAXSIZE must be between 1 and 10000 entries");
const EMPTY_NAME = error("ERR XIDMPRECORD requires a non-empty producer ID and idempotent ID");
const NO_ENTRY = error("ERR The stream ID specified in XIDMPRECORD does not exist");
const OTHER_ENTRY = error("ERR The idempotent ID specified in XIDMPRECORD belongs to another stream ID");
const DURATION_SECONDS_MAX = 86_400;
const MAX_SIZE_MAX = 10_000;

const id = new StreamId();
const maxDeleted = new StreamId();
const other = new StreamId();
let added = -1n;

export const xsetid = command({
  name: "xsetid",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "5.0.0",
  summary: "Sets the last ID of a stream, for copying streams.",
  complexity: "O(1)",
  syntax: "key:key last-id [entries-added:integer=ENTRIESADDED@7.0.0] [max-deleted-id:string=MAXDELETEDID@7.0.0]",
  run(c) {
    readSettings(c);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    if (h === NULL) return c.fail(ERRORS.noSuchKey);
    checkSettings(c, h);
    if (c.failed) return;
    const { streams } = c.keyspace;
    streams.setLastId(h, id);
    if (added >= 0n) streams.setEntriesAdded(h, added);
    if (!maxDeleted.isMin) streams.setMaxDeletedId(h, maxDeleted);
    c.changed(1, EVENTS.stream, "xsetid");
    c.reply.ok();
  },
});

function readSettings(c: Call): void {
  added = -1n;
  maxDeleted.setMin();
  idArg(c, 2, id);
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    if (i + 1 < c.argc && c.args.is(i, "ENTRIESADDED")) {
      added = bigInteger(c, i + 1);
      if (added < 0n) c.fail(ADDED_NEGATIVE);
    } else if (i + 1 < c.argc && c.args.is(i, "MAXDELETEDID")) {
      idArg(c, i + 1, maxDeleted);
      if (id.compare(maxDeleted) < 0) c.fail(SMALLER_THAN_GIVEN);
    } else {
      c.fail(ERRORS.syntax);
    }
  }
}

function checkSettings(c: Call, h: Ptr): void {
  const { streams } = c.keyspace;
  if (!streams.topId(h, other)) return;
  if (id.compare(other) < 0) {
    c.fail(SMALLER_THAN_TOP);
    return;
  }
  if (added >= 0n && added < BigInt(streams.size(h))) c.fail(ADDED_TOO_FEW);
}

export const xcfgset = command({
  name: "xcfgset",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "8.6.0",
  summary: "Sets how long, and how many, messages of each producer are remembered, so that they are not added twice.",
  complexity: "O(1), and O(N) for N messages that are forgotten",
  syntax: "key:key [idmp-duration:integer=IDMP-DURATION] [idmp-maxsize:integer=IDMP-MAXSIZE]",
  run(c) {
    let duration = 0;
    let maxSize = 0;
    for (let i = 2; i < c.argc && !c.failed; i += 2) {
      const hasValue = i + 1 < c.argc;
      if (hasValue && c.args.is(i, "IDMP-DURATION")) {
        duration = setting(c, i + 1, DURATION_SECONDS_MAX, INVALID_DURATION);
      } else if (hasValue && c.args.is(i, "IDMP-MAXSIZE")) {
        maxSize = setting(c, i + 1, MAX_SIZE_MAX, INVALID_MAX_SIZE);
      } else {
        c.fail(ERRORS.syntax);
      }
    }
    if (duration === 0 && maxSize === 0) c.fail(ERRORS.syntax);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    if (h === NULL) return c.fail(ERRORS.noSuchKey);
    const { producers } = c.keyspace.streams;
    producers.configure(h, duration || producers.duration(h), maxSize || producers.maxSize(h));
    c.changedSilently(1);
    c.reply.ok();
  },
});

function setting(c: Call, i: number, max: number, outOfRange: EncodedReply): number {
  const value = c.integer(i);
  if (value < 1 || value > max) c.fail(outOfRange);
  return value;
}

export const xidmprecord = command({
  name: "xidmprecord",
  arity: 5,
  flags: ["write", "denyoom", "fast"],
  categories: ["stream"],
  keys: [keysAt(1, "RW update")],
  group: "stream",
  since: "8.6.2",
  summary: "Remembers a producer's message as an entry of a stream, for the append-only file.",
  complexity: "O(1)",
  syntax: "key:key pid iid stream-id",
  run(c) {
    const producer = c.args.own(2);
    const name = c.args.own(3);
    idArg(c, 4, id);
    if (producer.length === 0 || name.length === 0) c.fail(EMPTY_NAME);
    if (c.failed) return;
    const h = writeStream(c, 1);
    if (c.failed) return;
    if (h === NULL) return c.fail(ERRORS.noSuchKey);
    const { producers, entries } = c.keyspace.streams;
    if (producers.find(h, producer, name, c.timeMs, other)) {
      if (other.compare(id) !== 0) return c.fail(OTHER_ENTRY);
    } else if (!entries.find(h, id)) {
      return c.fail(NO_ENTRY);
    } else {
      producers.add(h, producer, name, c.timeMs, id);
      c.changedSilently(1);
    }
    c.reply.ok();
  },
});
