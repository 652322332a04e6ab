import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Reply } from "../resp/reply.ts";
import { STREAM } from "../types/kinds.ts";
import { STREAM_VALUE } from "../types/stream.ts";
import { IdText, type StreamId } from "../types/stream-id.ts";
import { INVALID, OPEN, parseExtreme, parseId } from "../types/stream-id-text.ts";
import type { Call } from "./call.ts";
import { GATE_LOADING } from "./context.ts";
import { error } from "./errors.ts";

const INVALID_ID = error("ERR Invalid stream ID specified as stream command argument");
const INVALID_START = error("ERR invalid start ID for the interval");
const INVALID_END = error("ERR invalid end ID for the interval");
const OPENING = 40;
const idText = new IdText();

/** The stream in the key of argument i, for reading: its header, or NULL when there is none and when it is no stream, which fails. */
export function readStream(c: Call, i: number): Ptr {
  const e = c.readAs(i, STREAM);
  return e === NULL ? NULL : c.keyspace.streams.header(e);
}

export function writeStream(c: Call, i: number): Ptr {
  const e = c.writeAs(i, STREAM);
  return e === NULL ? NULL : c.keyspace.streams.header(e);
}

/** Makes the key in argument i a stream without entries. */
export function createStream(c: Call, i: number): Ptr {
  const { streams } = c.keyspace;
  streams.create();
  c.putNew(i, STREAM_VALUE, streams);
  return streams.root;
}

/** The group that argument i names; `h` may be NULL. */
export function findGroup(c: Call, h: Ptr, i: number): Ptr {
  const { buf, start, len } = c.args;
  return h === NULL ? NULL : c.keyspace.streams.groups.find(h, buf, start[i], len[i]);
}

/** Fails as most commands do when there is no key of argument 1, or no group in it of argument 2. */
export function failNoGroup(c: Call): void {
  c.failText(`NOGROUP No such key '${c.args.quoted(1)}' or consumer group '${c.args.quoted(2)}'`);
}

/** The consumer that argument i names. */
export function findConsumer(c: Call, g: Ptr, i: number): Ptr {
  const { buf, start, len } = c.args;
  return c.keyspace.streams.groups.findConsumer(g, buf, start[i], len[i]);
}

/**
 * The consumer of the group `g` (argument `groupArg`, in the key of argument `keyArg`) that argument i names. It is made if need be, and
 * counts as seen.
 */
export function useConsumer(c: Call, g: Ptr, keyArg: number, groupArg: number, i: number): Ptr {
  const { groups } = c.keyspace.streams;
  const found = findConsumer(c, g, i);
  if (found !== NULL) {
    groups.setSeen(found, c.timeMs);
    return found;
  }
  const consumer = addConsumer(c, g, keyArg, i);
  if (isJournalled(c)) {
    c.effect(5).bulkText("XGROUP");
    c.effects.bulkText("CREATECONSUMER");
    c.effectArg(keyArg);
    c.effectArg(groupArg);
    c.effectArg(i);
  }
  return consumer;
}

/** Makes the consumer that was looked for last. */
export function addConsumer(c: Call, g: Ptr, keyArg: number, i: number): Ptr {
  const { buf, start, len } = c.args;
  const consumer = c.keyspace.streams.groups.addConsumer(g, buf, start[i], len[i], c.timeMs);
  c.changed(keyArg, EVENTS.stream, "xgroup-createconsumer");
  return consumer;
}

/** Argument i as "<ms>-<seq>" or "<ms>"; else fails. */
export function idArg(c: Call, i: number, id: StreamId): void {
  if (!isId(c, i, id)) c.fail(INVALID_ID);
}

/** Whether argument i is an ID. */
export function isId(c: Call, i: number, id: StreamId): boolean {
  const { buf, start, len } = c.args;
  const what = parseId(buf, start[i], len[i], false, id);
  return what !== INVALID && what !== OPEN;
}

/** Argument i as an ID, "-" or "+"; else fails. */
export function anyIdArg(c: Call, i: number, id: StreamId): void {
  const { buf, start, len } = c.args;
  if (!parseExtreme(buf, start[i], len[i], id)) idArg(c, i, id);
}

/** Argument i as what XADD takes: an ID, or one with an open sequence number: then true. */
export function newIdArg(c: Call, i: number, id: StreamId): boolean {
  const { buf, start, len } = c.args;
  const what = parseId(buf, start[i], len[i], false, id);
  if (what === INVALID) c.fail(INVALID_ID);
  return what === OPEN;
}

/** Argument i as the start of a range: an ID, "-", "+", or after a parenthesis an ID that is left out; else fails. */
export function rangeStart(c: Call, i: number, id: StreamId): void {
  if (rangeEdge(c, i, false, id) && !id.increment()) c.fail(INVALID_START);
}

/** Argument i as the end of a range. A missing sequence number is the greatest one. */
export function rangeEnd(c: Call, i: number, id: StreamId): void {
  if (rangeEdge(c, i, true, id) && !id.decrement()) c.fail(INVALID_END);
}

/** Reads an edge; true when it is to be left out. */
function rangeEdge(c: Call, i: number, lastOfMs: boolean, id: StreamId): boolean {
  const { buf, start, len } = c.args;
  if (parseExtreme(buf, start[i], len[i], id)) return false;
  const without = len[i] > 1 && buf[start[i]] === OPENING;
  const skip = without ? 1 : 0;
  const what = parseId(buf, start[i] + skip, len[i] - skip, lastOfMs, id);
  if (what !== INVALID && what !== OPEN) return without;
  c.fail(INVALID_ID);
  return false;
}

export function replyId(reply: Reply, id: StreamId): void {
  const len = idText.set(id);
  reply.bulk(idText.bytes, 0, len);
}

/** Writes the entry that the walk through `streams.entries` stands on: its ID, and its fields and values. */
export function replyEntry(c: Call, reply: Reply): void {
  reply.array(2);
  replyEntryParts(c, reply);
}

/** Writes the two parts of an entry without the header of an array around them. */
export function replyEntryParts(c: Call, reply: Reply): void {
  const { entries } = c.keyspace.streams;
  const { span } = c;
  replyId(reply, entries.id);
  const texts = entries.fields * 2;
  reply.array(texts);
  for (let i = 0; i < texts; i++) {
    entries.nextText(span);
    reply.bulk(span.buf, span.start, span.len);
  }
}

/** Whether what the command does is to be written down. */
export function isJournalled(c: Call): boolean {
  return c.server.journal !== undefined;
}

/** The request comes from a file: it was checked, and made exact, when it was first executed. */
export function isReplayed(c: Call): boolean {
  return (c.server.gate & GATE_LOADING) !== 0;
}
