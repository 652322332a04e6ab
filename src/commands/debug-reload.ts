import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";

const BAD_OPTION = error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
const SAVE_FAILED = error("ERR");
const LOAD_FAILED = error("ERR Error trying to load the RDB dump");

/** Everybody waits meanwhile, so that it can be part of a transaction. */
export const debugReload = command({
  group: "server",
  since: "1.0.0",
  name: "reload",
  arity: -2,
  summary:
    "Saves all data, forgets it, and loads it again. NOSAVE: loads what was saved before; NOFLUSH: without forgetting; MERGE: keys may be " +
    "there already.",
  run(c) {
    const { server, keyspace, argc, args } = c;
    const has = (option: string): boolean => {
      for (let i = 2; i < argc; i++) if (args.is(i, option)) return true;
      return false;
    };
    for (let i = 2; i < argc; i++) {
      if (!args.is(i, "MERGE") && !args.is(i, "NOFLUSH") && !args.is(i, "NOSAVE")) return c.fail(BAD_OPTION);
    }
    if (!has("NOSAVE") && !server.snapshots.save()) return c.fail(SAVE_FAILED);
    if (!has("NOFLUSH")) {
      for (const db of keyspace.databases) keyspace.flush(db);
      server.scripting.libraries.flush();
    }
    server.keyspace.bigKeys.search();
    if (!server.snapshots.load(has("MERGE"))) return c.fail(LOAD_FAILED);
    server.log.warning("DB reloaded by DEBUG RELOAD");
    c.reply.ok();
  },
});
