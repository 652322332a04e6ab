import { command } from "../command/command.ts";
import { GATE_LOADING } from "../command/context.ts";
import { ERRORS } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { isLocalClient } from "../command/local-client.ts";
import { findDirective } from "../config/directives.ts";
import type { Args } from "../resp/args.ts";

const metadata = { flags: ["admin", "noscript", "loading", "stale"], group: "server" } as const;

const get = command({
  ...metadata,
  name: "get",
  arity: -3,
  since: "2.0.0",
  summary: "Gives the values of directives; patterns are allowed.",
  complexity: "O(N) when N is the number of configuration parameters provided",
  syntax: "parameter...",
  run(c) {
    const patterns: string[] = [];
    for (let i = 2; i < c.argc; i++) patterns.push(c.args.text(i));
    const found = c.server.config.get(patterns);
    c.reply.map(found.length);
    for (const [name, text] of found) {
      c.reply.bulkText(name);
      const bytes = Buffer.from(text, "latin1");
      c.reply.bulk(bytes, 0, bytes.length);
    }
  },
});

const set = command({
  ...metadata,
  name: "set",
  arity: -4,
  since: "2.0.0",
  summary: "Sets directives, all of them or none.",
  complexity: "O(N) when N is the number of configuration parameters provided",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  secrets: secretValues,
  syntax: "data(parameter value)...",
  run(c) {
    if (c.argc % 2 !== 0) return c.fail(ERRORS.syntax);
    const pairs: [string, string][] = [];
    for (let i = 2; i < c.argc; i += 2) pairs.push([c.args.text(i), c.args.text(i + 1)]);
    const caller = { local: isLocalClient(c.client), loading: (c.server.gate & GATE_LOADING) !== 0 };
    const failure = c.server.config.set(pairs, caller);
    if (failure === undefined) c.reply.ok();
    else c.failText(failure);
  },
});

/** The places of passwords and the like. */
function secretValues(args: Args): number[] {
  const places: number[] = [];
  for (let i = 2; i + 1 < args.count; i += 2) {
    if (findDirective(args.text(i))?.directive.secret) places.push(i + 1);
  }
  return places;
}

const rewrite = command({
  ...metadata,
  name: "rewrite",
  arity: 2,
  since: "2.8.0",
  summary: "Writes the present values into the configuration file.",
  complexity: "O(1)",
  run(c) {
    const failure = c.server.config.rewrite();
    if (failure !== undefined) {
      c.server.log.warning(`CONFIG REWRITE failed: ${failure.replace(/^ERR /, "")}`);
      return c.failText(failure);
    }
    c.server.log.notice("CONFIG REWRITE executed with success.");
    c.reply.ok();
  },
});

const resetstat = command({
  ...metadata,
  name: "resetstat",
  arity: 2,
  since: "2.0.0",
  summary: "Starts all counters of INFO anew.",
  complexity: "O(N) where N is the number of commands",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run(c) {
    c.server.stats.reset();
    c.server.observation.hotKeys.reset();
    c.server.memoryLimit.resetStatistics();
    c.keyspace.reclaimer.freed = 0;
    c.keyspace.defragmentation.resetFigures();
    for (const { stats } of c.server.table.all()) stats.reset();
    c.reply.ok();
  },
});

const subcommands = [get, resetstat, rewrite, set];
const help = helpCommand("CONFIG", { group: "server", since: "5.0.0" }, subcommands, {
  get: "<directive or pattern> [...]",
  set: "<directive> <value> [...]",
});

export const config = command({
  name: "config",
  arity: -2,
  group: "server",
  since: "2.0.0",
  summary: "Reads and changes the configuration.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
