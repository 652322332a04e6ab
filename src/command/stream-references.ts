import type { Ptr } from "../memory/arena.ts";
import type { StreamGroups } from "../types/stream-groups.ts";
import { StreamId } from "../types/stream-id.ts";
import type { Call } from "./call.ts";

/** What becomes of the references that groups have to entries which are deleted. */
export const KEEP_REFERENCES = 0;
export const DELETE_REFERENCES = 1;
/** Only entries are deleted that all groups have been given and have acknowledged. */
export const ONLY_ACKNOWLEDGED = 2;

const last = new StreamId();

/** The option at argument i: one of the above, or undefined when it is another one. */
export function readReferences(c: Call, i: number): number | undefined {
  if (c.args.is(i, "KEEPREF")) return KEEP_REFERENCES;
  if (c.args.is(i, "DELREF")) return DELETE_REFERENCES;
  return c.args.is(i, "ACKED") ? ONLY_ACKNOWLEDGED : undefined;
}

/** Whether a group of the stream has still to be given that entry, or to acknowledge it. */
export function isReferenced(groups: StreamGroups, h: Ptr, id: StreamId): boolean {
  for (let i = groups.count(h) - 1; i >= 0; i--) {
    const g = groups.group(h, i);
    groups.lastId(g, last);
    if (id.compare(last) > 0 || groups.pending.find(groups.pendingOf(g), id)) return true;
  }
  return false;
}
