import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { failUsage, helpCommand } from "../command/help.ts";

const BAD_MODE = error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
const NO_NAME = error("ERR library name argument was not given");

const flush = command({
  name: "flush",
  arity: -2,
  flags: ["write", "noscript"],
  categories: ["scripting"],
  group: "scripting",
  since: "7.0.0",
  summary: "Deletes all libraries. There are none: no engine runs them yet.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  syntax: "[flush-type<async=ASYNC | sync=SYNC>]",
  run(c) {
    if (c.argc > 3) return failUsage(c);
    if (c.argc === 3 && !c.args.is(2, "SYNC") && !c.args.is(2, "ASYNC")) return c.fail(BAD_MODE);
    // As in Redis it counts as a change even if there was nothing to delete.
    c.changes++;
    c.reply.ok();
  },
});

const list = command({
  name: "list",
  arity: -2,
  flags: ["noscript"],
  categories: ["scripting"],
  group: "scripting",
  since: "7.0.0",
  summary: "Describes the libraries. There are none: no engine runs them yet.",
  complexity: "O(1)",
  tips: ["nondeterministic_output_order"],
  syntax: "[library-name-pattern:string=LIBRARYNAME] [withcode=WITHCODE]",
  run(c) {
    checkListOptions(c);
    if (!c.failed) c.reply.array(0);
  },
});

/** Each option may be given once. */
function checkListOptions(c: Call): void {
  const { args, argc } = c;
  let named = false;
  let withCode = false;
  for (let i = 2; i < argc && !c.failed; i++) {
    if (!withCode && args.is(i, "WITHCODE")) {
      withCode = true;
    } else if (!named && args.is(i, "LIBRARYNAME")) {
      named = true;
      if (++i === argc) c.fail(NO_NAME);
    } else {
      c.failText(`ERR Unknown argument ${args.quoted(i)}`);
    }
  }
}

const subcommands = [flush, list];
const metadata = { group: "scripting", since: "7.0.0", categories: ["scripting"] } as const;
const help = helpCommand("FUNCTION", metadata, subcommands, {
  flush: "[ASYNC|SYNC]",
  list: "[LIBRARYNAME <pattern>] [WITHCODE]",
});

export const functions = command({
  name: "function",
  arity: -2,
  group: "scripting",
  since: "7.0.0",
  summary: "Holds the commands about libraries of functions.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
