import { formatInteger, INTEGER_TEXT_MAX } from "../lib/integer.ts";
import type { Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Reply } from "../resp/reply.ts";
import type { ZsetCursor } from "../types/zset-cursor.ts";
import type { Call } from "./call.ts";
import { deleteTarget } from "./store-target.ts";

const DOLLAR = 36;
const ZERO = 48;
const COMMA = 44;
const CR = 13;
const LF = 10;
/** A short bulk string's length has no more than two digits, and it is copied faster by a loop. */
const SHORT_BYTES_MAX = 32;
const SHORT_FRAME_BYTES = 7;
const digits = new Uint8Array(INTEGER_TEXT_MAX + 3);

/** Replies with a score. Most are whole, and need no text. */
export function replyScore(reply: Reply, score: number): void {
  if (!Number.isSafeInteger(score) || Object.is(score, -0)) {
    reply.double(score);
    return;
  }
  const end = 1 + formatInteger(score, digits, 1);
  if (!reply.resp3) {
    reply.bulk(digits, 1, end - 1);
    return;
  }
  digits[0] = COMMA;
  digits[end] = CR;
  digits[end + 1] = LF;
  reply.raw(digits, 0, end + 2);
}

/** Starts an array of members, in RESP2 with their scores between them. */
export function startMembers(reply: Reply, count: number, withScores: boolean): void {
  reply.array(withScores && !reply.resp3 ? count * 2 : count);
}

/** A member, and its score if wanted: in RESP3 the two are an array of their own. */
export function replyMember(reply: Reply, cursor: ZsetCursor, withScores: boolean): void {
  const { member } = cursor;
  if (withScores && reply.resp3) reply.array(2);
  if (member.len <= SHORT_BYTES_MAX) replyShort(reply, member.buf, member.start, member.len);
  else reply.bulk(member.buf, member.start, member.len);
  if (withScores) replyScore(reply, cursor.score);
}

/** A bulk string of at most SHORT_BYTES_MAX bytes, at half of what any other takes: ranges are made of them. */
function replyShort(reply: Reply, buf: Uint8Array, start: number, len: number): void {
  reply.reserve(len + SHORT_FRAME_BYTES);
  const out = reply.buf;
  let { at } = reply;
  out[at++] = DOLLAR;
  const tens = (len * 205) >> 11;
  if (tens > 0) out[at++] = ZERO + tens;
  out[at] = ZERO + len - tens * 10;
  out[at + 1] = CR;
  out[at + 2] = LF;
  at += 3;
  for (let i = 0; i < len; i++) out[at + i] = buf[start + i];
  out[at + len] = CR;
  out[at + len + 1] = LF;
  reply.at = at + len + 2;
}

/** Replies with the `count` members of a sorted set from a rank on, forward or else backward. */
export function replyRanks(c: Call, e: Ptr, from: number, count: number, reverse: boolean, withScores: boolean): void {
  const { reply } = c;
  const { cursor } = c.keyspace.zsets;
  startMembers(reply, count, withScores);
  let more = count > 0 && cursor.seek(e, from);
  for (let left = count; more; more = reverse ? cursor.previous() : cursor.next()) {
    replyMember(reply, cursor, withScores);
    if (--left === 0) return;
  }
}

/** Makes a drafted sorted set the value of key argument 1, which is deleted if there are no members, and replies with their number. */
export function storeDraft(c: Call, draft: Ptr, event: string): void {
  const { zsets, reclaimer } = c.keyspace;
  const count = zsets.length(draft);
  if (count > 0) {
    c.putNew(1, zsets.finish(draft), zsets);
    c.changed(1, EVENTS.zset, event);
  } else {
    zsets.abandon(draft, reclaimer);
    deleteTarget(c, 1);
  }
  c.reply.integer(count);
}

/** Takes members out by rank, `last` included, and tells of it; a sorted set without any is deleted. */
export function removeRanks(c: Call, keyArg: number, e: Ptr, first: number, last: number, event: string): void {
  const { zsets } = c.keyspace;
  const count = last - first + 1;
  const isAll = count === zsets.length(e);
  if (!isAll) zsets.removeRange(e, first, last);
  c.changes += count - 1;
  c.changed(keyArg, EVENTS.zset, event);
  if (isAll) c.deleteEmptied(keyArg, e);
}
