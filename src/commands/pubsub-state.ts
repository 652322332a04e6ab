import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { failUsage } from "../command/help.ts";
import { globMatch } from "../lib/glob.ts";
import type { SubscriptionKind } from "../pubsub/pubsub.ts";

export const pubsubChannels = command({
  name: "channels",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
  since: "2.8.0",
  summary: "Lists the channels that have subscribers, or those of them that match a pattern.",
  complexity: "O(N) where N is the number of channels with subscribers.",
  syntax: "[pattern:pattern]",
  run(c) {
    replyNames(c, "channels");
  },
});

export const pubsubShardchannels = command({
  name: "shardchannels",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
  since: "7.0.0",
  summary: "Lists the shard channels that have subscribers, or those of them that match a pattern.",
  complexity: "O(N) where N is the number of shard channels with subscribers.",
  syntax: "[pattern:pattern]",
  run(c) {
    replyNames(c, "shardChannels");
  },
});

export const pubsubNumsub = command({
  name: "numsub",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
  since: "2.8.0",
  summary: "Counts the subscribers of channels, those of patterns not included.",
  complexity: "O(N) where N is the number of channels given.",
  syntax: "[channel...]",
  run(c) {
    replyCounts(c, "channels");
  },
});

export const pubsubShardnumsub = command({
  name: "shardnumsub",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
  since: "7.0.0",
  summary: "Counts the subscribers of shard channels.",
  complexity: "O(N) where N is the number of shard channels given.",
  syntax: "[shardchannel...]",
  run(c) {
    replyCounts(c, "shardChannels");
  },
});

export const pubsubNumpat = command({
  name: "numpat",
  arity: 2,
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
  since: "2.8.0",
  summary: "Counts the different patterns that clients have subscribed to.",
  complexity: "O(1)",
  run(c) {
    c.reply.integer(c.server.pubsub.size("patterns"));
  },
});

function replyNames(c: Call, kind: SubscriptionKind): void {
  if (c.argc > 3) {
    failUsage(c);
    return;
  }
  const { buf, start, len } = c.args;
  const mark = c.reply.beginDeferred();
  let found = 0;
  for (const name of c.server.pubsub.names(kind)) {
    if (c.argc === 3 && !globMatch(buf, start[2], len[2], name, 0, name.length, false)) continue;
    c.reply.bulk(name, 0, name.length);
    found++;
  }
  c.reply.endDeferred(mark, found);
}

/** Name and count in turn, flat in both protocols. */
function replyCounts(c: Call, kind: SubscriptionKind): void {
  const { buf, start, len } = c.args;
  c.reply.array(2 * (c.argc - 2));
  for (let i = 2; i < c.argc; i++) {
    c.reply.bulk(buf, start[i], len[i]);
    c.reply.integer(c.server.pubsub.count(kind, c.args.text(i)));
  }
}
