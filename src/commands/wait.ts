import { command } from "../command/command.ts";
import type { Reply } from "../resp/reply.ts";
import { STRING } from "../types/kinds.ts";

export const wait = command({
  name: "wait",
  arity: 3,
  flags: ["blocking"],
  categories: ["connection"],
  group: "generic",
  since: "3.0.0",
  summary: "Waits until so many replicas have the connection's writes. There are none, so it waits for the timeout.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  syntax: "numreplicas:integer timeout:integer",
  run(c) {
    const replicas = c.integer(1);
    const timeoutMs = c.timeoutWholeMs(2);
    if (c.failed) return;
    if (replicas <= 0) replyNone(c.reply);
    else c.block(STRING, 0, 0, timeoutMs, replyNone);
  },
});

function replyNone(reply: Reply): void {
  reply.integer(0);
}
