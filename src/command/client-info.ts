import type { Args } from "../resp/args.ts";
import type { Client } from "./client.ts";
import { clientMemory } from "./client-memory.ts";
import type { TrackingState } from "./tracking-state.ts";

/**
 * A client in one line without its end, as CLIENT LIST and the log show it. Fields are named and ordered as in Redis 7.0; later ones follow. Requests are
 * executed where they were received and replies gathered in a buffer that all connections share, so those of a client's own buffers
 * that Redis has beyond that are 0: rbs, rbp. `running` is the client's request that is being executed.
 */
export function clientInfo(client: Client, nowMs: number, running?: Args): string {
  const { link, transaction } = client;
  const queued = link.outputBuffers;
  const request = running ?? client.waiting?.args;
  const requestBytes = running === undefined ? 0 : running.frameEnd - running.frameStart;
  return [
    `id=${client.id} addr=${link.address} laddr=${link.localAddress} fd=${link.descriptor} name=${client.name}`,
    `age=${seconds(nowMs - client.createdMs)} idle=${seconds(nowMs - client.lastActiveMs)} flags=${flagsOf(client)}`,
    `db=${client.db.id} sub=${client.channels?.size ?? 0} psub=${client.patterns?.size ?? 0}`,
    `ssub=${client.shardSubscriptions} multi=${transaction?.requests.length ?? -1}`,
    `qbuf=${link.queryBytes + requestBytes} qbuf-free=${link.queryFreeBytes}`,
    `argv-mem=${request === undefined ? 0 : argumentBytes(request)} multi-mem=${transaction?.bytes ?? 0} rbs=0 rbp=0 obl=${queued === 0 ? link.outputBytes : 0} oll=${queued}`,
    `omem=${queued === 0 ? 0 : link.outputBytes} tot-mem=${clientMemory(client)} events=${queued === 0 ? "r" : "rw"}`,
    `cmd=${client.lastCommand} user=default redir=${client.tracking?.redirect ?? -1} resp=${client.resp3 ? 3 : 2}`,
    `lib-name=${client.libraryName} lib-ver=${client.libraryVersion} watch=${client.watched?.size ?? 0}`,
    `tot-net-in=${client.inputBytes} tot-net-out=${client.outputBytes} tot-cmds=${client.commandCount}`,
  ].join(" ");
}

function argumentBytes({ len, count }: Args): number {
  return len.subarray(0, count).reduce((sum, bytes) => sum + bytes, 0);
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

function flagsOf(client: Client): string {
  let flags = "";
  if (client.isMonitor) flags += "O";
  if (client.isSubscriber) flags += "P";
  if (client.transaction !== undefined) flags += "x";
  if (client.waiting !== undefined) flags += "b";
  if (client.tracking !== undefined) flags += trackingFlags(client.tracking);
  if (client.watchBroken) flags += "d";
  if (client.closing) flags += "c";
  if (isUnixSocket(client)) flags += "U";
  if (client.noEvict) flags += "e";
  if (client.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}

function trackingFlags({ broken, broadcast }: TrackingState): string {
  return `t${broken ? "R" : ""}${broadcast ? "B" : ""}`;
}

/** TCP has no port 0. */
function isUnixSocket(client: Client): boolean {
  return client.link.address.endsWith(":0");
}
