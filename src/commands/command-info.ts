import type { Call } from "../command/call.ts";
import { type Command, categoriesOf, command, FLAGS, type Flag, type KeySpec } from "../command/command.ts";
import type { TableEntry } from "../command/table.ts";
import type { Reply } from "../resp/reply.ts";
import { replyOnceMade } from "./command-replies.ts";

export const commandInfo = command({
  name: "info",
  arity: -2,
  flags: ["loading", "stale"],
  categories: ["connection"],
  group: "server",
  since: "2.8.13",
  summary: "Describes commands, those named or all, as clients need it.",
  complexity: "O(N) where N is the number of commands to look up",
  tips: ["nondeterministic_output_order"],
  syntax: "[command-name...]",
  run(c) {
    const { args, reply, argc, server } = c;
    if (argc === 2) return replyAllInfos(c);
    reply.array(argc - 2);
    for (let i = 2; i < argc; i++) {
      const entry = server.table.get(args.text(i).toLowerCase());
      if (entry === undefined) reply.nil();
      else writeInfo(reply, entry);
    }
  },
});

export function replyAllInfos(c: Call): void {
  replyOnceMade(c, "info", () => {
    c.reply.array(c.server.table.size);
    for (const entry of c.server.table) writeInfo(c.reply, entry);
  });
}

function writeInfo(reply: Reply, entry: TableEntry): void {
  const { command } = entry;
  reply.array(10);
  reply.bulkText(entry.fullName);
  reply.integer(command.arity);
  writeStatuses(reply, flagNames(command));
  reply.integer(command.firstKey);
  reply.integer(command.lastKey);
  reply.integer(command.keyStep);
  writeStatuses(
    reply,
    categoriesOf(command).map((name) => `@${name}`),
  );
  const tips = command.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  const specs = command.keys ?? [];
  reply.set(specs.length);
  for (const spec of specs) writeKeySpec(reply, spec);
  const subcommands = [...(entry.subcommands?.values() ?? [])];
  reply.set(subcommands.length);
  for (const subcommand of subcommands) writeInfo(reply, subcommand);
}

/** A flag that is for the server alone. */
const UNTOLD: Flag = "may_replicate";

function flagNames(command: Command): string[] {
  return (Object.keys(FLAGS) as Flag[]).filter((flag) => flag !== UNTOLD && (command.flagBits & FLAGS[flag]) !== 0);
}

export function writeStatuses(reply: Reply, names: readonly string[]): void {
  reply.set(names.length);
  for (const name of names) reply.status(name);
}

function writeKeySpec(reply: Reply, spec: KeySpec): void {
  reply.map(spec.notes === undefined ? 3 : 4);
  if (spec.notes !== undefined) {
    reply.bulkText("notes");
    reply.bulkText(spec.notes);
  }
  reply.bulkText("flags");
  writeStatuses(reply, spec.flags);
  reply.bulkText("begin_search");
  writeStep(reply, ...beginStep(spec));
  reply.bulkText("find_keys");
  writeStep(reply, ...findStep(spec));
}

type Step = [type: string, fields: Readonly<Record<string, string | number>>];

function beginStep({ begin }: KeySpec): Step {
  if (begin === "unknown") return ["unknown", {}];
  if ("index" in begin) return ["index", { index: begin.index }];
  return ["keyword", { keyword: begin.keyword, startfrom: begin.startFrom }];
}

function findStep({ find }: KeySpec): Step {
  if (find === "unknown") return ["unknown", {}];
  if ("lastKey" in find) return ["range", { lastkey: find.lastKey, keystep: find.step, limit: find.limit }];
  return ["keynum", { keynumidx: find.keyCountIndex, firstkey: find.firstKey, keystep: find.step }];
}

/** How keys are searched for: the kind of step and its parameters. */
function writeStep(reply: Reply, type: string, fields: Step[1]): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  const pairs = Object.entries(fields);
  reply.map(pairs.length);
  for (const [name, value] of pairs) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}
