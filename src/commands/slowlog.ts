import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { failUsage, helpCommand } from "../command/help.ts";

const DEFAULT_COUNT = 10;
const BAD_COUNT = error("ERR count should be greater than or equal to -1");

const metadata = { flags: ["admin", "loading", "stale"], group: "server", since: "2.2.12" } as const;

const get = command({
  ...metadata,
  name: "get",
  arity: -2,
  summary: "Gives the last commands that took long.",
  complexity: "O(N) where N is the number of entries returned",
  tips: ["request_policy:all_nodes", "nondeterministic_output"],
  syntax: "[count:integer]",
  run(c) {
    if (c.argc > 3) return failUsage(c);
    const count = c.argc === 3 ? c.integerBetween(2, -1, Number.POSITIVE_INFINITY, BAD_COUNT) : DEFAULT_COUNT;
    if (!c.failed) writeEntries(c, count < 0 ? Number.POSITIVE_INFINITY : count);
  },
});

function writeEntries({ reply, server }: Call, count: number): void {
  const calls = server.observation.slowlog.latest(count);
  reply.array(calls.length);
  for (const { id, unixSeconds, microseconds, args, address, name } of calls) {
    reply.array(6);
    reply.integer(id);
    reply.integer(unixSeconds);
    reply.integer(microseconds);
    reply.array(args.length);
    for (const arg of args) reply.bulk(arg, 0, arg.length);
    reply.bulkText(address);
    reply.bulkText(name);
  }
}

const len = command({
  ...metadata,
  name: "len",
  arity: 2,
  summary: "Tells how many commands that took long are remembered.",
  complexity: "O(1)",
  tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
  run(c) {
    c.reply.integer(c.server.observation.slowlog.length);
  },
});

const reset = command({
  ...metadata,
  name: "reset",
  arity: 2,
  summary: "Forgets the commands that took long.",
  complexity: "O(N) where N is the number of entries",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run(c) {
    c.server.observation.slowlog.reset();
    c.reply.ok();
  },
});

const subcommands = [get, len, reset];
const help = helpCommand("SLOWLOG", { group: "server", since: "6.2.0" }, subcommands, { get: "[<count>]" });

export const slowlog = command({
  name: "slowlog",
  arity: -2,
  group: "server",
  since: "2.2.12",
  summary: "Holds the commands about the slow log.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
