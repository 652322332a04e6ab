import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import type { Reply } from "../resp/reply.ts";
import { STRING } from "../types/kinds.ts";

const NOT_ONE_FILE = error("ERR value is out of range, value must between 0 and 1");

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

/** Times out if replicas are asked for: there are none. */
export const waitaof = command({
  name: "waitaof",
  arity: 4,
  flags: ["blocking"],
  categories: ["connection"],
  group: "generic",
  since: "7.2.0",
  summary: "Waits until the connection's writes are on the disk.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  syntax: "numlocal:integer numreplicas:integer timeout:integer",
  run(c) {
    const local = c.integer(1);
    if (local < 0 || local > 1) c.fail(NOT_ONE_FILE);
    const replicas = c.integer(2, ERRORS.mustBePositive);
    if (replicas < 0) c.fail(ERRORS.mustBePositive);
    const timeoutMs = c.timeoutWholeMs(3);
    if (local === 1 && !c.server.config.values.appendonly) c.fail(ERRORS.noFileToSync);
    if (!c.failed) c.server.syncWaits.wait(c, local === 1, replicas, timeoutMs);
  },
});

function replyNone(reply: Reply): void {
  reply.integer(0);
}
