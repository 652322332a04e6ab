import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { startMonitoring } from "../command/monitoring.ts";

const IN_TRANSACTION = error("ERR MONITOR isn't allowed for DENY BLOCKING client");

export const monitor = command({
  name: "monitor",
  arity: 1,
  flags: ["admin", "noscript", "loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "Tells the connection of every request that the server executes.",
  run(c) {
    // A connection that is a monitor already is not answered: so does Redis.
    if (c.client.isMonitor) return;
    if (!c.mayWait) return c.fail(IN_TRANSACTION);
    startMonitoring(c.server, c.client);
    c.reply.ok();
  },
});
