import type { Call } from "../command/call.ts";
import { command, type Flag, keysAt } from "../command/command.ts";
import { helpCommand } from "../command/help.ts";
import type { SubscriptionKind } from "../pubsub/pubsub.ts";
import { pubsubChannels, pubsubNumpat, pubsubNumsub, pubsubShardchannels, pubsubShardnumsub } from "./pubsub-state.ts";

const SUBSCRIBE_FLAGS: readonly Flag[] = ["denyoom", "pubsub", "noscript", "loading", "stale"];
const UNSUBSCRIBE_FLAGS: readonly Flag[] = ["pubsub", "noscript", "loading", "stale"];

export const subscribe = command({
  name: "subscribe",
  arity: -2,
  flags: SUBSCRIBE_FLAGS,
  group: "pubsub",
  since: "2.0.0",
  summary: "Listens for messages published to channels.",
  complexity: "O(N) where N is the number of channels to subscribe to.",
  syntax: "channel...",
  run(c) {
    subscribeAll(c, "channels", "subscribe");
  },
});

export const psubscribe = command({
  name: "psubscribe",
  arity: -2,
  flags: SUBSCRIBE_FLAGS,
  group: "pubsub",
  since: "2.0.0",
  summary: "Listens for messages published to channels whose names match patterns.",
  complexity: "O(N) where N is the number of patterns to subscribe to.",
  syntax: "pattern:pattern...",
  run(c) {
    subscribeAll(c, "patterns", "psubscribe");
  },
});

export const ssubscribe = command({
  name: "ssubscribe",
  arity: -2,
  flags: SUBSCRIBE_FLAGS,
  keys: [keysAt(1, "not_key", -1)],
  group: "pubsub",
  since: "7.0.0",
  summary: "Listens for messages published to shard channels.",
  complexity: "O(N) where N is the number of shard channels to subscribe to.",
  syntax: "shardchannel...",
  run(c) {
    subscribeAll(c, "shardChannels", "ssubscribe");
  },
});

export const unsubscribe = command({
  name: "unsubscribe",
  arity: -1,
  flags: UNSUBSCRIBE_FLAGS,
  group: "pubsub",
  since: "2.0.0",
  summary: "Stops listening to channels; to all, if none is given.",
  complexity: "O(N) where N is the number of channels to unsubscribe.",
  syntax: "[channel...]",
  run(c) {
    unsubscribeAll(c, "channels", "unsubscribe");
  },
});

export const punsubscribe = command({
  name: "punsubscribe",
  arity: -1,
  flags: UNSUBSCRIBE_FLAGS,
  group: "pubsub",
  since: "2.0.0",
  summary: "Stops listening to patterns; to all, if none is given.",
  complexity: "O(N) where N is the number of patterns to unsubscribe.",
  syntax: "[pattern:pattern...]",
  run(c) {
    unsubscribeAll(c, "patterns", "punsubscribe");
  },
});

export const sunsubscribe = command({
  name: "sunsubscribe",
  arity: -1,
  flags: UNSUBSCRIBE_FLAGS,
  keys: [keysAt(1, "not_key", -1)],
  group: "pubsub",
  since: "7.0.0",
  summary: "Stops listening to shard channels; to all, if none is given.",
  complexity: "O(N) where N is the number of shard channels to unsubscribe.",
  syntax: "[shardchannel...]",
  run(c) {
    unsubscribeAll(c, "shardChannels", "sunsubscribe");
  },
});

export const publish = command({
  name: "publish",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
  group: "pubsub",
  since: "2.0.0",
  summary: "Sends a message to the subscribers of a channel.",
  complexity: "O(N+M) where N is the number of subscribers of the channel and M that of all patterns subscribed to.",
  syntax: "channel message",
  run(c) {
    const { buf, start, len } = c.args;
    c.reply.integer(c.server.pubsub.publishRange(buf, start[1], len[1], buf, start[2], len[2]));
  },
});

export const spublish = command({
  name: "spublish",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
  keys: [keysAt(1, "not_key")],
  group: "pubsub",
  since: "7.0.0",
  summary: "Sends a message to the subscribers of a shard channel.",
  complexity: "O(N) where N is the number of subscribers of the shard channel.",
  syntax: "shardchannel message",
  run(c) {
    const { buf, start, len } = c.args;
    c.reply.integer(c.server.pubsub.publishShard(buf, start[1], len[1], buf, start[2], len[2]));
  },
});

const subcommands = [pubsubChannels, pubsubNumpat, pubsubNumsub, pubsubShardchannels, pubsubShardnumsub];

const help = helpCommand("PUBSUB", { group: "pubsub", since: "6.2.0" }, subcommands, {
  channels: "[<pattern>]",
  numsub: "[<channel> ...]",
  shardchannels: "[<pattern>]",
  shardnumsub: "[<shardchannel> ...]",
});

export const pubsub = command({
  name: "pubsub",
  arity: -2,
  group: "pubsub",
  since: "2.8.0",
  summary: "Holds the commands about subscriptions.",
  complexity: "Depends on subcommand.",
  subcommands: [...subcommands, help],
});

/** Confirmations are messages: one for each name, sent whatever CLIENT REPLY says. */
function subscribeAll(c: Call, kind: SubscriptionKind, word: string): void {
  c.client.loud = true;
  for (let i = 1; i < c.argc; i++) {
    c.server.pubsub.subscribe(c.client, kind, c.args.text(i));
    confirm(c, kind, word, c.args.text(i));
  }
}

function unsubscribeAll(c: Call, kind: SubscriptionKind, word: string): void {
  c.client.loud = true;
  const names = c.argc > 1 ? givenNames(c) : [...(c.client[kind] ?? [])];
  for (const name of names) {
    c.server.pubsub.unsubscribe(c.client, kind, name);
    confirm(c, kind, word, name);
  }
  if (names.length === 0) confirm(c, kind, word, undefined);
}

function givenNames(c: Call): string[] {
  return Array.from({ length: c.argc - 1 }, (_none, i) => c.args.text(i + 1));
}

function confirm(c: Call, kind: SubscriptionKind, word: string, name: string | undefined): void {
  const { reply, client } = c;
  reply.push(3);
  reply.bulkText(word);
  if (name === undefined) {
    reply.nil();
  } else {
    const bytes = Buffer.from(name, "latin1");
    reply.bulk(bytes, 0, bytes.length);
  }
  reply.integer(kind === "shardChannels" ? client.shardSubscriptions : client.subscriptions);
}
