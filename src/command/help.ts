import type { Call } from "./call.ts";
import { type Command, type CommandSpec, command } from "./command.ts";

/**
 * The HELP subcommand of a container: each subcommand's usage, and its summary below it. `usages` are the arguments of those that
 * take any, by the subcommand's name.
 */
export function helpCommand(
  container: string,
  metadata: Pick<CommandSpec, "group" | "since"> & { readonly categories?: readonly string[] },
  subcommands: readonly Command[],
  usages: Readonly<Record<string, string>>,
): Command {
  const lines = [`${container} <subcommand> [<argument> ...], where the subcommand is one of:`];
  for (const { name, summary } of subcommands) {
    lines.push(`${name.toUpperCase()} ${usages[name] ?? ""}`.trimEnd(), `    ${summary}`);
  }
  lines.push("HELP", "    Prints this text.");
  return command({
    name: "help",
    arity: 2,
    flags: ["loading", "stale"],
    summary: "Prints what the subcommands are for.",
    complexity: "O(1)",
    ...metadata,
    run(c) {
      c.reply.array(lines.length);
      for (const line of lines) c.reply.status(line);
    },
  });
}

/** Fails as containers do whose subcommand was given too many arguments, where its arity alone does not tell. */
export function failUsage(c: Call): void {
  const container = c.entry.parent!.fullName.toUpperCase();
  c.failText(
    `ERR unknown subcommand or wrong number of arguments for '${c.args.quoted(1, 128)}'. Try ${container} HELP.`,
  );
}
