import type { Call } from "../command/call.ts";
import { type Command, categoriesOf, command, type RequestKey } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { keysOf, takesKeys } from "../command/keys.ts";
import type { TableEntry } from "../command/table.ts";
import { globMatch } from "../lib/glob.ts";
import { type Args, argsOf } from "../resp/args.ts";
import { commandDocs } from "./command-docs.ts";
import { commandInfo, replyAllInfos, writeStatuses } from "./command-info.ts";

const INVALID_COMMAND = error("ERR Invalid command specified");
const NO_KEYS = error("ERR The command has no key arguments");
const INVALID_COUNT = error("ERR Invalid number of arguments specified for command");
const INVALID_ARGUMENTS = error("ERR Invalid arguments specified for command");

const metadata = { flags: ["loading", "stale"], categories: ["connection"], group: "server" } as const;

const count = command({
  ...metadata,
  name: "count",
  arity: 2,
  since: "2.8.13",
  summary: "Counts the commands.",
  complexity: "O(1)",
  run(c) {
    c.reply.integer(c.server.table.size);
  },
});

const list = command({
  ...metadata,
  name: "list",
  arity: -2,
  since: "7.0.0",
  summary: "Lists the names of commands, all or those that a filter chooses.",
  complexity: "O(N) where N is the number of commands",
  tips: ["nondeterministic_output_order"],
  syntax: "[filterby<module-name:string=MODULE | category:string=ACLCAT | pattern:pattern=PATTERN>=FILTERBY]",
  run(c) {
    const filter = filterOf(c);
    if (c.failed) return;
    const names = [...c.server.table.all()].filter(filter).map(({ fullName }) => fullName);
    c.reply.array(names.length);
    for (const name of names) c.reply.bulkText(name);
  },
});

function filterOf(c: Call): (entry: TableEntry) => boolean {
  const { args, argc } = c;
  if (argc === 2) return () => true;
  if (argc === 5 && args.is(2, "FILTERBY")) {
    const wanted = args.text(4).toLowerCase();
    // There are no modules.
    if (args.is(3, "MODULE")) return () => false;
    if (args.is(3, "ACLCAT")) return ({ command }) => categoriesOf(command).includes(wanted);
    if (args.is(3, "PATTERN")) return matcher(args.own(4));
  }
  c.fail(ERRORS.syntax);
  return () => false;
}

function matcher(pattern: Uint8Array): (entry: TableEntry) => boolean {
  return ({ fullName }) => {
    const name = Buffer.from(fullName, "latin1");
    return globMatch(pattern, 0, pattern.length, name, 0, name.length, true);
  };
}

const getkeys = command({
  ...metadata,
  name: "getkeys",
  arity: -3,
  since: "2.8.13",
  summary: "Tells which arguments of a request are keys.",
  complexity: "O(N) where N is the number of arguments of the request",
  syntax: "command [arg...]",
  run(c) {
    const request = requestOf(c);
    const keys = findKeys(c, request);
    if (c.failed) return;
    c.reply.array(keys.length);
    for (const { index } of keys) c.reply.bulk(request.buf, request.start[index], request.len[index]);
  },
});

const getkeysandflags = command({
  ...metadata,
  name: "getkeysandflags",
  arity: -3,
  since: "7.0.0",
  summary: "Tells which arguments of a request are keys, and what would be done to them.",
  complexity: "O(N) where N is the number of arguments of the request",
  syntax: "command [arg...]",
  run(c) {
    const request = requestOf(c);
    const keys = findKeys(c, request);
    if (c.failed) return;
    c.reply.array(keys.length);
    for (const { index, flags } of keys) {
      c.reply.array(2);
      c.reply.bulk(request.buf, request.start[index], request.len[index]);
      writeStatuses(c.reply, flags);
    }
  },
});

/** The request that is the present one's arguments. */
function requestOf({ args, argc }: Call): Args {
  const parts: Uint8Array[] = [];
  for (let i = 2; i < argc; i++) parts.push(args.own(i));
  return argsOf(...parts);
}

function findKeys(c: Call, request: Args): readonly RequestKey[] {
  const entry = c.server.table.find(request);
  const command = entry?.command;
  const keys = command === undefined ? [] : (keysOf(command, request) ?? []);
  if (command === undefined || isBareContainer(entry!, request)) c.fail(INVALID_COMMAND);
  else if (!takesKeys(command)) c.fail(NO_KEYS);
  else if (command.arity > 0 ? request.count !== command.arity : request.count < -command.arity) c.fail(INVALID_COUNT);
  else if (keys.length === 0 && !mayHaveNone(command)) c.fail(INVALID_ARGUMENTS);
  return keys;
}

/** Scripts may be given no keys. */
function mayHaveNone({ categories }: Command): boolean {
  return categories?.includes("scripting") ?? false;
}

/** A container was named with a word that is none of its subcommands. */
function isBareContainer({ command }: TableEntry, request: Args): boolean {
  return command.subcommands !== undefined && request.count > 1;
}

const subcommands = [count, commandDocs, getkeys, getkeysandflags, commandInfo, list];
const help = helpCommand("COMMAND", { group: "server", since: "5.0.0", categories: ["connection"] }, subcommands, {
  docs: "[<command-name> ...]",
  getkeys: "<command> [<argument> ...]",
  getkeysandflags: "<command> [<argument> ...]",
  info: "[<command-name> ...]",
  list: "[FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]",
});

export const commandCommand = command({
  ...metadata,
  name: "command",
  arity: -1,
  since: "2.8.13",
  summary: "Describes all commands.",
  complexity: "O(N) where N is the number of commands",
  tips: ["nondeterministic_output_order"],
  subcommands: [...subcommands, help],
  run(c) {
    if (c.argc > 1) c.failText(`ERR unknown subcommand '${c.args.text(1).slice(0, 128)}'. Try COMMAND HELP.`);
    else replyAllInfos(c);
  },
});
