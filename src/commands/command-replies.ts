import type { Call } from "../command/call.ts";
import type { CommandTable } from "../command/table.ts";
import { type OwnedBytes, own } from "../lib/bytes.ts";

/** Replies about all commands of a server, by what they are and by protocol: libraries ask for them at every connection. */
const replies = new WeakMap<CommandTable, Map<string, OwnedBytes>>();

/** Writes a reply that is the same as long as the server runs: `write` is called the first time only. */
export function replyOnceMade({ server, reply }: Call, name: string, write: () => void): void {
  const made = replies.get(server.table) ?? new Map<string, OwnedBytes>();
  replies.set(server.table, made);
  const key = `${name} ${reply.resp3 ? 3 : 2}`;
  const known = made.get(key);
  if (known !== undefined) {
    reply.raw(known);
    return;
  }
  const mark = reply.at;
  write();
  made.set(key, own(reply.buf, mark, reply.at - mark));
}
