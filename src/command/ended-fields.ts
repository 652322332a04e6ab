import type { Database } from "../keyspace/database.ts";
import { Span } from "../lib/bytes.ts";
import type { Ptr } from "../memory/arena.ts";
import type { ServerStats } from "../observe/stats.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Reply } from "../resp/reply.ts";
import type { Entries } from "../structures/entry.ts";
import type { EndedFields } from "../types/hash-deadlines.ts";
import type { ServerContext } from "./context.ts";

const span = new Span();

/** Tells all but the journal of fields of the key of entry `e` that have ended. */
export function tellOfEnded(server: ServerContext, db: Database, e: Ptr, ended: EndedFields): void {
  const { keyspace, stats, events, keyChanges } = server;
  noteLag(stats, ended, keyspace.nowMs);
  keyspace.entries.name(e, span);
  const { buf, start, len } = span;
  if (keyChanges.areFollowed) keyChanges.changed(db.id, buf, start, len, undefined);
  if (events.classes === 0) return;
  events.emit(EVENTS.hash, "hexpired", db.id, buf, start, len);
  if (ended.keyGoes) events.emit(EVENTS.generic, "del", db.id, buf, start, len);
}

/** Counts them, and how late they were removed; those that went with their key are as late as the last of the others. */
function noteLag(stats: ServerStats, ended: EndedFields, nowMs: number): void {
  const { count, unnamed } = ended;
  stats.expiredFields += count + unnamed;
  for (let i = 0; i < count; i++) stats.expiredLag.record(nowMs - ended.deadline(i));
  if (count > 0 && unnamed > 0) stats.expiredLag.record(nowMs - ended.deadline(count - 1), unnamed);
}

/** What the journal gets for them: HDEL with their names, or DEL when the key goes and not all of them are named. */
export function writeDeletion(out: Reply, ended: EndedFields, entries: Entries, e: Ptr): void {
  const { count, unnamed } = ended;
  out.truncate(0);
  out.array(unnamed > 0 ? 2 : 2 + count);
  out.bulkText(unnamed > 0 ? "DEL" : "HDEL");
  entries.name(e, span);
  out.bulk(span.buf, span.start, span.len);
  for (let i = 0; unnamed === 0 && i < count; i++) {
    ended.name(i, span);
    out.bulk(span.buf, span.start, span.len);
  }
}
