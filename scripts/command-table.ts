// bun scripts/command-table.ts [--write]
//
// Prints the tables of commands and of directives that README holds between marker comments; --write puts them there. What they
// say is in the source: test/readme.test.ts checks that README says the same.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandTable, type TableEntry } from "../src/command/table.ts";
import { COMMANDS } from "../src/commands/index.ts";
import { directiveTableMarkdown } from "../src/config/documentation.ts";

export const README = join(import.meta.dir, "../README.md");

/** Titles of the groups, in the order in which they are shown; groups that are not named here follow. */
const GROUPS: Readonly<Record<string, string>> = {
  generic: "Keys",
  string: "Strings",
  bitmap: "Bitmaps",
  hyperloglog: "HyperLogLog",
  list: "Lists",
  set: "Sets",
  "sorted-set": "Sorted sets",
  geo: "Geo",
  hash: "Hashes",
  stream: "Streams",
  transactions: "Transactions",
  pubsub: "Publish/subscribe",
  connection: "Connection",
  server: "Server",
  scripting: "Scripts and functions",
};

/** All commands in Markdown, one table for each group. Containers are left out: their subcommands say it all. */
export function commandTableMarkdown(): string {
  const byGroup = new Map<string, TableEntry[]>(Object.keys(GROUPS).map((group) => [group, []]));
  for (const entry of new CommandTable(COMMANDS).all()) {
    const { group, run } = entry.command;
    if (run === undefined || entry.command.name === "help") continue;
    const known = byGroup.get(group);
    if (known === undefined) byGroup.set(group, [entry]);
    else known.push(entry);
  }
  return [...byGroup].map(([group, entries]) => groupMarkdown(GROUPS[group] ?? group, entries)).join("");
}

function groupMarkdown(title: string, entries: readonly TableEntry[]): string {
  const rows = [...entries].sort((a, b) => (a.fullName < b.fullName ? -1 : 1)).map(row);
  return ["", `### ${title}`, "", "| Command | Since | |", "|---|---|---|", ...rows, ""].join("\n");
}

function row({ fullName, command }: TableEntry): string {
  const { since, summary, deprecatedSince, replacedBy } = command;
  const instead = replacedBy === undefined ? "" : `: use ${replacedBy}`;
  const old = deprecatedSince === undefined ? "" : ` Deprecated since ${deprecatedSince}${instead}.`;
  return `| ${fullName.replace("|", " ").toUpperCase()} | ${since} | ${(summary + old).replaceAll("|", "\\|")} |`;
}

/** The sections of README by the name in their markers. */
export function generatedSections(): Record<string, string> {
  return { commands: commandTableMarkdown(), directives: `\n${directiveTableMarkdown()}` };
}

/** The text between the markers of that name; undefined when there are none. */
export function sectionOf(text: string, name: string): string | undefined {
  return boundsOf(text, name)?.[1];
}

/** The text with other sections. Throws when it has no markers for one. */
export function withSections(text: string, sections: Readonly<Record<string, string>>): string {
  return Object.entries(sections).reduce((written, [name, section]) => {
    const parts = boundsOf(written, name);
    if (parts === undefined) throw new Error(`README has no markers for ${name}`);
    return parts[0] + section + parts[2];
  }, text);
}

/** What stands before, between and behind the markers, these on the outer sides. */
function boundsOf(text: string, name: string): [before: string, between: string, behind: string] | undefined {
  const begin = `<!-- ${name}: begin -->\n`;
  const end = `<!-- ${name}: end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) return undefined;
  return [text.slice(0, from + begin.length), text.slice(from + begin.length, to), text.slice(to)];
}

if (import.meta.main) {
  const sections = generatedSections();
  if (process.argv.includes("--write")) writeFileSync(README, withSections(readFileSync(README, "utf8"), sections));
  else console.log(Object.values(sections).join("\n"));
}
