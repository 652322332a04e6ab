/** The command line of the benchmark. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { AofMode, Contender } from "./servers.ts";

export const MODES = [
  "rss",
  "stall",
  "idle",
  "start",
  "replay",
  "expiry",
  "rss-collections",
  "rss-after",
  "stall-collections",
  "scripts",
  "bullmq",
  "aof-cost",
  "snapshot",
  "rdb",
  "hit-ratio",
  "overload",
  "gc",
  "events",
] as const;
export type ModeName = (typeof MODES)[number];

export interface Options {
  readonly contenders: readonly Contender[];
  readonly modes: readonly ModeName[];
  readonly aof: readonly AofMode[];
  readonly rounds: number;
  readonly roundMs: number;
  /** Matched against a row's whole label, such as `GET 16 B P=16 everysec`. */
  readonly workload: RegExp;
  readonly quick: boolean;
  readonly json: string | null;
  readonly scratch: string;
}

export const USAGE = `bun run bench [options]         compares go-redis with redis-server on this machine

  --workload <regex>   only rows whose label (such as "GET 16 B P=16 everysec") matches
  --aof off|everysec|always|both   default both: off and everysec
  --rounds <n>         measured rounds per row and server (default 36)
  --round-ms <n>       length of a round (default 200)
  --quick              few keys and short rounds: a smoke test, no figures to quote
  --ours <command>     default: dist/go-redis, else bun --production src/main.ts
  --theirs <command>   default: redis-server, where there is one; "none" to measure ours alone
  --before <command>   a third server in the same rounds: an executable of an earlier commit, to show what a change costs
  --dir <folder>       where data folders are made (default: the system's folder for temporary files)
  --json <file>        all figures as JSON too

Instead of the workloads, one or more of:
  --rss      resident bytes per key, 5M keys, without and with TTL
  --stall    longest event-loop stalls while 5M keys are loaded and deleted
  --idle     memory of 10,000 idle connections
  --start    time from start to ready with an empty folder
  --replay   time to load the same AOF
  --expiry   lag of expiry, 1M keys with deadlines spread over a minute (takes 80 s per server)
  --rss-collections    resident bytes per element of hashes, lists, sets and sorted sets; --workload picks rows (takes 12 minutes)
  --rss-after          resident memory after 90% of 5M keys are deleted and other sizes are written
  --stall-collections  longest event-loop stalls on collections of 1M elements, and what deleting 10M takes
  --scripts  the first script after the start, and the memory that scripts take
  --bullmq   adding and processing 10,000 jobs of BullMQ
  --hit-ratio  what the servers find as caches, by policy; --workload picks traces and policies (takes 8 minutes)
  --overload   memory and latency while writers go on at full speed at the limit of memory (takes 2 minutes per server)
  --gc       pauses for collections of our JavaScript heap, with 10M keys under full load
  --events   longest waits for FLUSHALL, deletion of collections, 10,000 connections at once and more; --workload picks (takes 30 minutes)
  --snapshot BGSAVE and BGREWRITEAOF of 5M keys and three collections of 1M elements under 20,000 writes/s
  --rdb      time to load the same RDB file, and to save it: 5M strings, small collections, and each type by itself (takes 8 minutes;
             --workload picks rows, such as "hashes of 4$")
  --aof-cost the workloads that write, on each server with the AOF (everysec) beside the same without
`;

const DEFAULT_ROUNDS = 36;
const DEFAULT_ROUND_MS = 200;

/** Throws an error with a one-line reason for anything it does not understand. Null: only the usage was asked for. */
export function parseOptions(argv: readonly string[], root: string): Options | null {
  const { values } = parseArgs({ args: [...argv], options: FLAGS, strict: true, allowPositionals: false });
  if (values.help) return null;
  return {
    contenders: contenders(values.ours ?? defaultOurs(root), values.theirs ?? defaultTheirs(), values.before),
    modes: MODES.filter((mode) => values[mode]),
    aof: aofModes(values.aof ?? "both"),
    rounds: positive("--rounds", values.rounds, values.quick ? 1 : DEFAULT_ROUNDS),
    roundMs: positive("--round-ms", values["round-ms"], values.quick ? 100 : DEFAULT_ROUND_MS),
    workload: new RegExp(values.workload ?? "", "i"),
    quick: values.quick ?? false,
    json: values.json ?? null,
    scratch: values.dir ?? tmpdir(),
  };
}

const FLAGS = {
  ours: { type: "string" },
  theirs: { type: "string" },
  before: { type: "string" },
  aof: { type: "string" },
  rounds: { type: "string" },
  "round-ms": { type: "string" },
  workload: { type: "string" },
  json: { type: "string" },
  dir: { type: "string" },
  quick: { type: "boolean" },
  help: { type: "boolean" },
  rss: { type: "boolean" },
  stall: { type: "boolean" },
  idle: { type: "boolean" },
  start: { type: "boolean" },
  replay: { type: "boolean" },
  expiry: { type: "boolean" },
  "rss-collections": { type: "boolean" },
  "rss-after": { type: "boolean" },
  "stall-collections": { type: "boolean" },
  scripts: { type: "boolean" },
  bullmq: { type: "boolean" },
  "aof-cost": { type: "boolean" },
  snapshot: { type: "boolean" },
  rdb: { type: "boolean" },
  "hit-ratio": { type: "boolean" },
  overload: { type: "boolean" },
  gc: { type: "boolean" },
  events: { type: "boolean" },
} as const;

function defaultOurs(root: string): string {
  const binary = join(root, "dist/go-redis");
  if (existsSync(binary)) return binary;
  return `${process.execPath} --production ${join(root, "src/main.ts")}`;
}

function defaultTheirs(): string {
  return Bun.which("redis-server") ?? "none";
}

/** The servers to compare, ours first. Commands are split at blanks; the same name twice becomes "name A" and "name B". */
function contenders(ours: string, theirs: string, before: string | undefined): Contender[] {
  const commands = theirs === "none" ? [ours] : [ours, theirs];
  const list = commands.map((command) => ({ name: nameOf(command), command: words(command) }));
  const same = list.length === 2 && list[0]!.name === list[1]!.name;
  const named = same ? list.map((one, i) => ({ ...one, name: `${one.name} ${"AB"[i]}` })) : list;
  return before === undefined ? named : [...named, { name: "before", command: words(before) }];
}

function words(command: string): string[] {
  return command.trim().split(/\s+/);
}

function nameOf(command: string): string {
  return command.includes("redis-server") ? "redis-server" : "go-redis";
}

function aofModes(text: string): AofMode[] {
  if (text === "both") return ["off", "everysec"];
  if (text === "off" || text === "everysec" || text === "always") return [text];
  throw new Error(`--aof takes off, everysec, always or both, not ${text}`);
}

function positive(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} takes a whole number above 0, not ${text}`);
  return value;
}
