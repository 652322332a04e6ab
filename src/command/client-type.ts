import type { Call } from "./call.ts";
import type { ClientClass } from "./client.ts";

/** A class of clients that one may ask for. Of the last two there are none here. */
export type ClientType = ClientClass | "replica" | "master";

/** Argument i as a class of clients; else fails. */
export function readClientType(c: Call, i: number): ClientType {
  const { args } = c;
  if (args.is(i, "PUBSUB")) return "pubsub";
  if (args.is(i, "REPLICA") || args.is(i, "SLAVE")) return "replica";
  if (args.is(i, "MASTER")) return "master";
  if (!args.is(i, "NORMAL")) c.failText(`ERR Unknown client type '${args.quoted(i)}'`);
  return "normal";
}
