import type { ServerContext } from "../command/context.ts";
import { commandStats, errorStats, latencyStats } from "./commands.ts";
import { clients, cluster, cpu, modules, replication, server } from "./general.ts";
import { keysizes } from "./keysizes.ts";
import { keyspace } from "./keyspace.ts";
import { loop } from "./loop.ts";
import { memory } from "./memory.ts";
import { persistence } from "./persistence.ts";
import type { Section } from "./section.ts";
import { stats } from "./stats.ts";

/** In the order in which they are shown. */
const SECTIONS: readonly Section[] = [
  server,
  clients,
  memory,
  persistence,
  stats,
  loop,
  replication,
  cpu,
  modules,
  commandStats,
  errorStats,
  latencyStats,
  cluster,
  keyspace,
  keysizes,
];
const LONG = [commandStats, latencyStats, keysizes].map(({ name }) => name);
const ALL = SECTIONS.map(({ name }) => name);

/** Names that stand for other sections. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  default: ALL.filter((name) => !LONG.includes(name)),
  all: ALL,
  everything: ALL,
  module_list: ["modules"],
};

/** INFO's text: the sections of those names (letter case aside), or, without names, those that are shown by default. */
export function infoText(context: ServerContext, names: readonly string[]): string {
  const asked = names.length === 0 ? ["default"] : names.map((name) => name.toLowerCase());
  const wanted = new Set(asked.flatMap((name) => GROUPS[name] ?? [name]));
  return SECTIONS.filter(({ name }) => wanted.has(name))
    .map((section) => sectionText(context, section))
    .join("\r\n");
}

function sectionText(context: ServerContext, section: Section): string {
  const lines = Object.entries(section.fields(context)).map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${section.title}\r\n${lines.join("")}`;
}
