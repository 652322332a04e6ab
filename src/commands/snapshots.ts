import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";

const FAILED = error("ERR");
const IN_PROGRESS = error("ERR Background save already in progress");
const OTHER_IN_PROGRESS = error(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever " +
    "possible.",
);

export const save = command({
  name: "save",
  arity: 1,
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
  group: "server",
  since: "1.0.0",
  summary: "Saves all data in a file while everybody waits.",
  complexity: "O(N) with the number of keys and elements",
  run(c) {
    const { snapshots, stats } = c.server;
    if (snapshots.isSaving) return c.fail(IN_PROGRESS);
    stats.rdbSaves++;
    if (snapshots.save()) c.reply.ok();
    else c.fail(FAILED);
  },
});

export const bgsave = command({
  name: "bgsave",
  arity: -1,
  flags: ["admin", "noscript", "no_async_loading"],
  group: "server",
  since: "1.0.0",
  summary: "Saves all data, as it is now, in a file, in the background.",
  complexity: "O(1)",
  syntax: "[schedule=SCHEDULE@3.2.2]",
  run(c) {
    const schedules = c.argc > 1;
    if (c.argc > 2 || (schedules && !c.args.is(1, "SCHEDULE"))) return c.fail(ERRORS.syntax);
    const { snapshots } = c.server;
    if (snapshots.isSaving) return c.fail(IN_PROGRESS);
    if (snapshots.isBusy || !c.mayWait) {
      // Within a transaction the data is not what others may see.
      if (!schedules && c.mayWait) return c.fail(OTHER_IN_PROGRESS);
      snapshots.schedule();
      c.reply.status("Background saving scheduled");
    } else if (snapshots.saveInBackground()) {
      c.reply.status("Background saving started");
    } else {
      c.fail(FAILED);
    }
  },
});

export const lastsave = command({
  name: "lastsave",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  tips: ["nondeterministic_output"],
  group: "server",
  since: "1.0.0",
  summary: "Tells when the data was last saved, in Unix seconds.",
  complexity: "O(1)",
  run(c) {
    c.reply.integer(Math.floor(c.server.snapshots.lastSaveMs / 1000));
  },
});
