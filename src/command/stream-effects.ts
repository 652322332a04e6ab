import { encode, type OwnedBytes } from "../lib/bytes.ts";
import type { Ptr } from "../memory/arena.ts";
import { StreamId } from "../types/stream-id.ts";
import type { Call } from "./call.ts";
import { replyId } from "./stream-key.ts";

const XCLAIM = encodedBulks("XCLAIM");
const TIME = encodedBulks("TIME");
const NO_IDLE_TIME = encodedBulks("0");
const RETRYCOUNT = encodedBulks("RETRYCOUNT");
const FORCED = encodedBulks("FORCE", "JUSTID", "LASTID");
const last = new StreamId();

/** Arguments of effects that are always the same. */
export function encodedBulks(...texts: readonly string[]): OwnedBytes {
  return encode(texts.map((text) => `$${text.length}\r\n${text}\r\n`).join(""));
}

/** Journals the record that `groups.pending` stands on, of the entry `id`: who has it, since when, and how often it was delivered. */
export function journalPending(c: Call, keyArg: number, groupArg: number, g: Ptr, id: StreamId): void {
  const { groups } = c.keyspace.streams;
  const { owner } = groups;
  const { consumers } = groups;
  const out = c.effect(14);
  out.raw(XCLAIM);
  c.effectArg(keyArg);
  c.effectArg(groupArg);
  out.bulk(consumers.segment(owner), consumers.nameStart(owner), consumers.nameLength(owner));
  out.raw(NO_IDLE_TIME);
  replyId(out, id);
  out.raw(TIME);
  out.bulkInteger(groups.deliveryMs);
  out.raw(RETRYCOUNT);
  out.bulkText(groups.deliveriesBig.toString());
  out.raw(FORCED);
  groups.lastId(g, last);
  replyId(out, last);
}

/** Journals that an entry is no longer pending. */
export function journalForgotten(c: Call, keyArg: number, groupArg: number, id: StreamId): void {
  const out = c.effect(4);
  out.bulkText("XACK");
  c.effectArg(keyArg);
  c.effectArg(groupArg);
  replyId(out, id);
}

/** Journals how far a group has read. */
export function journalPosition(c: Call, keyArg: number, groupArg: number, g: Ptr): void {
  const { groups } = c.keyspace.streams;
  const out = c.effect(7);
  out.bulkText("XGROUP");
  out.bulkText("SETID");
  c.effectArg(keyArg);
  c.effectArg(groupArg);
  groups.lastId(g, last);
  replyId(out, last);
  out.bulkText("ENTRIESREAD");
  out.bulkText(groups.entriesRead(g).toString());
}
