import type { Ptr } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import type { Dict } from "../structures/dict.ts";
import { type Entries, REFERENCE } from "../structures/entry.ts";

/**
 * Bytes of a table of a collection and of its entries, with the blocks that they refer to. Entries are taken to be as large as the first
 * `samples` of them on average; 0: all are measured.
 */
export function tableBytes(dict: Dict, entries: Entries, table: Ptr, samples: number): number {
  const count = dict.count(table);
  const wanted = samples === 0 ? count : Math.min(count, samples);
  let bytes = 0;
  let seen = 0;
  for (let home = 0; seen < wanted; home++) {
    dict.visitHome(table, home, (e) => {
      bytes += entryBytes(entries, e);
      seen++;
    });
  }
  return dict.tableBytes(table) + Math.round((bytes / Math.max(1, seen)) * count);
}

function entryBytes(entries: Entries, e: Ptr): number {
  const own = blockBytes(entries.bytesOf(e));
  return entries.head(e) & (REFERENCE << 8) ? own + blockBytes(entries.valueLength(e)) : own;
}
