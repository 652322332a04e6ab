import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";

const BAD_FLUSH_MODE = error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
const BAD_DEBUG_MODE = error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
const NO_DEBUGGER = error("ERR this server has no debugger for scripts");
const NO_SCRIPT = error("NOSCRIPT No matching script. Please use EVAL.");

const metadata = { group: "scripting", categories: ["scripting"] } as const;

const debug = command({
  ...metadata,
  name: "debug",
  arity: 3,
  flags: ["noscript"],
  since: "3.2.0",
  summary: "Switches the debugger for scripts off. There is none to be switched on.",
  complexity: "O(1)",
  syntax: "mode<yes=YES | sync=SYNC | no=NO>",
  run(c) {
    if (c.args.is(2, "NO")) c.reply.ok();
    else c.fail(c.args.is(2, "YES") || c.args.is(2, "SYNC") ? NO_DEBUGGER : BAD_DEBUG_MODE);
  },
});

const exists = command({
  ...metadata,
  name: "exists",
  arity: -3,
  flags: ["noscript"],
  since: "2.6.0",
  summary: "Tells of each SHA1 whether the script is kept.",
  complexity: "O(N) with the number of SHA1s",
  tips: ["request_policy:all_shards", "response_policy:agg_logical_and"],
  syntax: "sha1...",
  run(c) {
    const { scripts } = c.server.scripting;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) c.reply.integer(scripts.find(c.args.text(i)) === undefined ? 0 : 1);
  },
});

const flush = command({
  ...metadata,
  name: "flush",
  arity: -2,
  flags: ["noscript"],
  since: "2.6.0",
  summary: "Forgets all scripts.",
  complexity: "O(N) with the number of scripts",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  syntax: "[flush-type<async=ASYNC | sync=SYNC>@6.2.0]",
  run(c) {
    if (c.argc > 3 || (c.argc === 3 && !c.args.is(2, "SYNC") && !c.args.is(2, "ASYNC"))) return c.fail(BAD_FLUSH_MODE);
    c.server.scripting.flush();
    c.reply.ok();
  },
});

const kill = command({
  ...metadata,
  name: "kill",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  since: "2.6.0",
  summary: "Ends the script that runs, if it has changed nothing.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
  run: (c) => c.server.scripting.kill(c, "eval"),
});

const load = command({
  ...metadata,
  name: "load",
  arity: 3,
  flags: ["noscript", "stale"],
  since: "2.6.0",
  summary: "Keeps a script to be run by its SHA1.",
  complexity: "O(N) with the length of the script",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  syntax: "script",
  run(c) {
    const sha = c.server.scripting.load(c, 2);
    if (sha !== undefined) c.reply.bulkText(sha);
  },
});

const show = command({
  ...metadata,
  name: "show",
  arity: 3,
  flags: ["noscript"],
  since: "8.0.0",
  summary: "Gives the text of a script that is kept.",
  complexity: "O(1)",
  syntax: "sha1",
  run(c) {
    const script = c.server.scripting.scripts.find(c.args.text(2));
    if (script === undefined) return c.fail(NO_SCRIPT);
    c.reply.bulk(script.body, 0, script.body.length);
  },
});

const subcommands = [debug, exists, flush, kill, load, show];
const help = helpCommand("SCRIPT", { ...metadata, since: "5.0.0" }, subcommands, {
  debug: "(YES|SYNC|NO)",
  exists: "<sha1> [<sha1> ...]",
  flush: "[ASYNC|SYNC]",
  load: "<script>",
  show: "<sha1>",
});

export const script = command({
  name: "script",
  arity: -2,
  group: "scripting",
  since: "2.6.0",
  summary: "Holds the commands about kept scripts.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
