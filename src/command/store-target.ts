import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Call } from "./call.ts";

/** Deletes the key in argument `keyArg`, in which an empty result was to be stored, whatever it holds. */
export function deleteTarget(c: Call, keyArg: number): void {
  const old = c.peek(keyArg);
  if (old === NULL) return;
  c.db.delete(old);
  c.changed(keyArg, EVENTS.generic, "del");
}
