import type { Client } from "./client.ts";

/** What an idle connection adds to the process, socket and table entries included: measured with 4000 of them. */
const CONNECTION_BYTES = 3400;
/** About what a watched key or a prefix of tracked keys adds besides its name. */
export const NAME_OVERHEAD_BYTES = 100;

/** About how much memory the client takes, its buffers included. */
export function clientMemory(client: Client): number {
  const { link, transaction, waiting, tracking } = client;
  let bytes = CONNECTION_BYTES + client.name.length + client.libraryName.length + client.libraryVersion.length;
  bytes += link.inputBytes + link.outputBytes;
  if (transaction !== undefined) bytes += transaction.bytes;
  if (waiting !== undefined) bytes += waiting.args.buf.length;
  if (tracking !== undefined) bytes += tracking.prefixBytes;
  return bytes + client.subscriptionBytes + client.watchedBytes;
}
