import { type Command, command } from "../command/command.ts";
import { type Argument, parseSyntax } from "../command/syntax.ts";
import type { TableEntry } from "../command/table.ts";
import type { Reply } from "../resp/reply.ts";
import { writeStatuses } from "./command-info.ts";
import { replyOnceMade } from "./command-replies.ts";

export const commandDocs = command({
  name: "docs",
  arity: -2,
  flags: ["loading", "stale"],
  categories: ["connection"],
  group: "server",
  since: "7.0.0",
  summary: "Describes commands, those named or all, as people need it.",
  complexity: "O(N) where N is the number of commands to look up",
  tips: ["nondeterministic_output_order"],
  syntax: "[command-name...]",
  run(c) {
    const { args, argc, server } = c;
    if (argc === 2) return replyOnceMade(c, "docs", () => writeAllDocs(c.reply, [...server.table]));
    const found: TableEntry[] = [];
    for (let i = 2; i < argc; i++) {
      const entry = server.table.get(args.text(i).toLowerCase());
      if (entry !== undefined) found.push(entry);
    }
    writeAllDocs(c.reply, found);
  },
});

function writeAllDocs(reply: Reply, entries: readonly TableEntry[]): void {
  reply.map(entries.length);
  for (const entry of entries) {
    reply.bulkText(entry.fullName);
    writeDocs(reply, entry);
  }
}

/** A field of a description, and what writes its value. */
type Field = [name: string, write: (reply: Reply) => void];

function writeDocs(reply: Reply, entry: TableEntry): void {
  const fields = docFields(entry);
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulkText(name);
    write(reply);
  }
}

function docFields(entry: TableEntry): Field[] {
  const { command, subcommands } = entry;
  const syntax = parseSyntax(command.syntax ?? "");
  return [
    text("summary", command.summary),
    text("since", command.since),
    text("group", command.group),
    ...optionalText("complexity", command.complexity),
    ...deprecation(command),
    ...(syntax.length > 0 ? [["arguments", (reply) => writeArguments(reply, syntax)] satisfies Field] : []),
    ...(subcommands === undefined
      ? []
      : [["subcommands", (reply) => writeAllDocs(reply, [...subcommands.values()])] satisfies Field]),
  ];
}

function deprecation({ deprecatedSince, replacedBy }: Command): Field[] {
  if (deprecatedSince === undefined) return [];
  return [
    ["doc_flags", (reply) => writeStatuses(reply, ["deprecated"])],
    text("deprecated_since", deprecatedSince),
    ...optionalText("replaced_by", replacedBy),
  ];
}

function text(name: string, value: string): Field {
  return [name, (reply) => reply.bulkText(value)];
}

function optionalText(name: string, value: string | undefined): Field[] {
  return value === undefined ? [] : [text(name, value)];
}

function writeArguments(reply: Reply, list: readonly Argument[]): void {
  reply.array(list.length);
  for (const argument of list) {
    const fields = argumentFields(argument);
    reply.map(fields.length);
    for (const [name, write] of fields) {
      reply.bulkText(name);
      write(reply);
    }
  }
}

function argumentFields(argument: Argument): Field[] {
  const { keySpecIndex, arguments: members } = argument;
  const flags = argumentFlags(argument);
  return [
    text("name", argument.name),
    text("type", argument.type),
    ...(keySpecIndex === undefined ? [] : [["key_spec_index", (reply) => reply.integer(keySpecIndex)] satisfies Field]),
    ...optionalText("token", argument.token),
    ...optionalText("since", argument.since),
    ...(flags.length > 0 ? [["flags", (reply) => writeStatuses(reply, flags)] satisfies Field] : []),
    ...(members.length > 0 ? [["arguments", (reply) => writeArguments(reply, members)] satisfies Field] : []),
  ];
}

function argumentFlags({ optional, multiple, multipleToken }: Argument): string[] {
  return [
    ...(optional ? ["optional"] : []),
    ...(multiple ? ["multiple"] : []),
    ...(multipleToken ? ["multiple_token"] : []),
  ];
}
