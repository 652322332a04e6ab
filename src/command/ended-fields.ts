import { Span } from "../lib/bytes.ts";
import type { ServerStats } from "../observe/stats.ts";
import type { Reply } from "../resp/reply.ts";
import type { EndedFields } from "../types/hash-deadlines.ts";

const field = new Span();

/** Counts fields that have ended, and how late they were removed; those that went with their key are as late as the last of the others. */
export function noteLag(stats: ServerStats, ended: EndedFields, nowMs: number): void {
  const { count, unnamed } = ended;
  stats.expiredFields += count + unnamed;
  for (let i = 0; i < count; i++) stats.expiredLag.record(nowMs - ended.deadline(i));
  if (count > 0 && unnamed > 0) stats.expiredLag.record(nowMs - ended.deadline(count - 1), unnamed);
}

/** What the journal gets for them: HDEL with their names, or DEL when the key goes and not all of them are named. */
export function writeDeletion(out: Reply, ended: EndedFields, buf: Uint8Array, start: number, len: number): void {
  const { count, unnamed } = ended;
  out.truncate(0);
  out.array(unnamed > 0 ? 2 : 2 + count);
  out.bulkText(unnamed > 0 ? "DEL" : "HDEL");
  out.bulk(buf, start, len);
  for (let i = 0; unnamed === 0 && i < count; i++) {
    ended.name(i, field);
    out.bulk(field.buf, field.start, field.len);
  }
}
