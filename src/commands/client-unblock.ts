import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import type { Reply } from "../resp/reply.ts";

const BAD_REASON = error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
const UNBLOCKED = error("UNBLOCKED client unblocked via CLIENT UNBLOCK");

export const clientUnblock = command({
  name: "unblock",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "5.0.0",
  summary: "Ends the waiting of a client.",
  complexity: "O(log N) where N is the number of client connections",
  syntax: "client-id:integer [unblock-type<timeout=TIMEOUT | error=ERROR>]",
  run(c) {
    const asError = c.argc === 4 && c.args.is(3, "ERROR");
    if (c.argc > 4 || (c.argc === 4 && !asError && !c.args.is(3, "TIMEOUT"))) return c.fail(BAD_REASON);
    const id = c.integer(2);
    if (c.failed) return;
    const waiter = c.server.clients.get(id)?.waiting;
    if (waiter !== undefined) {
      c.server.runner.endWaiting(waiter, asError ? writeUnblocked : waiter.writeTimeoutReply);
    }
    c.reply.integer(waiter === undefined ? 0 : 1);
  },
});

function writeUnblocked(reply: Reply): void {
  reply.error(UNBLOCKED);
}
