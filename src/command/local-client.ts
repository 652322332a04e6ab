import type { Client } from "./client.ts";

/** Whether the client connects from this machine: over the loopback interface or a Unix socket, whose address ends in port 0. */
export function isLocalClient({ link: { address } }: Client): boolean {
  return address.endsWith(":0") || address.startsWith("127.0.0.1:") || address.startsWith("[::1]:");
}
