// The facts of every command (arity, flags, categories, keys, arguments) against the list of Redis 8's commands that may lie beside
// the checkout. It is no part of the repository: without it there is nothing to compare with.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, categoriesOf, FLAGS, type Flag, type KeySpec } from "../../src/command/command.ts";
import { type Argument, parseSyntax } from "../../src/command/syntax.ts";
import { CommandTable } from "../../src/command/table.ts";
import { COMMANDS } from "../../src/commands/index.ts";

const PATH = join(import.meta.dir, "../../../shared/reference/commands.json");
const missing = !existsSync(PATH);
if (missing) console.warn("skipped: no list of commands beside the checkout");

interface ReferenceArgument {
  name: string;
  type: string;
  token?: string;
  since?: string;
  key_spec_index?: number;
  optional?: true;
  /** Valkey's files say "true". */
  multiple?: true | "true";
  multiple_token?: true;
  arguments?: ReferenceArgument[];
}

interface ReferenceKeySpec {
  notes?: string;
  begin_search: { type: string; spec: Record<string, number | string> };
  find_keys: { type: string; spec: Record<string, number> };
  [flag: string]: unknown;
}

interface Reference {
  source: string;
  arity: number;
  command_flags?: string[];
  acl_categories: string[];
  group: string;
  since: string;
  deprecated_since?: string;
  key_specs?: ReferenceKeySpec[];
  arguments?: ReferenceArgument[];
}

/** Flags about mechanisms that are not here. */
const FOREIGN_FLAGS = ["no_mandatory_keys", "script_runner"];
/** Flags that the list leaves out. */
const UNLISTED_FLAGS: readonly Flag[] = ["may_replicate"];

function keySpecOf(spec: KeySpec): unknown {
  const { begin, find, flags } = spec;
  return {
    flags: [...flags].sort(),
    begin: begin === "unknown" ? begin : "index" in begin ? [begin.index] : [begin.keyword, begin.startFrom],
    find:
      find === "unknown"
        ? find
        : "lastKey" in find
          ? ["range", find.lastKey, find.step, find.limit]
          : ["keynum", find.keyCountIndex, find.firstKey, find.step],
  };
}

function referenceKeySpec({ begin_search, find_keys, notes: _, ...flags }: ReferenceKeySpec): unknown {
  const begin = begin_search.spec;
  const find = find_keys.spec;
  return {
    flags: Object.keys(flags).sort(),
    begin:
      begin_search.type === "unknown"
        ? "unknown"
        : [begin["index"] ?? begin["keyword"], begin["startfrom"]].filter((x) => x !== undefined),
    find:
      find_keys.type === "unknown"
        ? "unknown"
        : find_keys.type === "range"
          ? ["range", find["lastkey"], find["keystep"], find["limit"]]
          : ["keynum", find["keynumidx"], find["firstkey"], find["keystep"]],
  };
}

function argumentOf(argument: Argument): ReferenceArgument {
  const { name, type, token, since, keySpecIndex, optional, multiple, multipleToken } = argument;
  return {
    name,
    type,
    ...(token !== undefined && { token }),
    ...(since !== undefined && { since }),
    ...(keySpecIndex !== undefined && { key_spec_index: keySpecIndex }),
    ...(optional && { optional }),
    ...(multiple && { multiple }),
    ...(multipleToken && { multiple_token: multipleToken }),
    ...(argument.arguments.length > 0 && { arguments: argument.arguments.map(argumentOf) }),
  };
}

function flagsOf(command: Command): Flag[] {
  return (Object.keys(FLAGS) as Flag[]).filter((flag) => (command.flagBits & FLAGS[flag]) !== 0);
}

function factsOf(command: Command): Record<string, unknown> {
  return {
    arity: command.arity,
    flags: flagsOf(command)
      .filter((flag) => !UNLISTED_FLAGS.includes(flag))
      .sort(),
    categories: categoriesOf(command).sort(),
    group: command.group,
    since: command.since,
    deprecatedSince: command.deprecatedSince,
    keys: (command.keys ?? []).map(keySpecOf),
    arguments: parseSyntax(command.syntax ?? "").map(argumentOf),
  };
}

function referenceFacts(reference: Reference): Record<string, unknown> {
  return {
    arity: reference.arity,
    flags: (reference.command_flags ?? []).filter((flag) => !FOREIGN_FLAGS.includes(flag)).sort(),
    categories: referenceCategories(reference),
    group: reference.group,
    since: reference.since,
    deprecatedSince: reference.deprecated_since,
    keys: (reference.key_specs ?? []).map(referenceKeySpec),
    arguments: (reference.arguments ?? []).map((one) => (one.multiple ? { ...one, multiple: true } : one)),
  };
}

/** Valkey's files leave out those that follow from the flags. */
function referenceCategories({ source, acl_categories: categories }: Reference): string[] {
  const names = categories.map((name) => name.slice(1));
  return (source === "valkey" ? [...names, "slow"] : names).sort();
}

/** What no other server has. */
const OURS_ALONE = ["hotkeys|top", "memory|prefix", "memory|top"];

describe.skipIf(missing)("the table of commands", () => {
  const all: Record<string, Reference> = missing ? {} : JSON.parse(readFileSync(PATH, "utf8"));
  for (const { fullName, command } of new CommandTable(COMMANDS).all()) {
    if (OURS_ALONE.includes(fullName)) continue;
    test(`has the facts of ${fullName.toUpperCase()}`, () => {
      const reference = all[fullName.toUpperCase().replace("|", " ")];
      if (reference === undefined) throw new Error("not a command of Redis 8");
      expect(factsOf(command)).toEqual(referenceFacts(reference));
    });
  }
});
