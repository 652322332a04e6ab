import type { Args } from "../resp/args.ts";
import type { Call } from "./call.ts";
import type { ServerContext } from "./context.ts";

/** What a command is and may do, as COMMAND INFO names it. One bit each. */
export const FLAGS = {
  write: 1 << 0,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  module: 1 << 3,
  admin: 1 << 4,
  pubsub: 1 << 5,
  noscript: 1 << 6,
  blocking: 1 << 7,
  loading: 1 << 8,
  stale: 1 << 9,
  skip_monitor: 1 << 10,
  skip_slowlog: 1 << 11,
  asking: 1 << 12,
  fast: 1 << 13,
  no_auth: 1 << 14,
  may_replicate: 1 << 15,
  no_async_loading: 1 << 16,
  no_multi: 1 << 17,
  movablekeys: 1 << 18,
  allow_busy: 1 << 19,
} as const;
export type Flag = keyof typeof FLAGS;

/** Where keys stand among the arguments, and what happens to them: one specification as COMMAND INFO (Redis 7) gives it. */
export interface KeySpec {
  /** RO, RW, OW or RM; access, update, insert, delete; not_key, incomplete, variable_flags. */
  readonly flags: readonly string[];
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number } | "unknown";
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyCountIndex: number; readonly firstKey: number; readonly step: number }
    | "unknown";
  readonly notes?: string;
}

/** A key of a request: which argument it is, and what the command does to it (the flags of a key specification). */
export interface RequestKey {
  readonly index: number;
  readonly flags: readonly string[];
}

export interface CommandSpec {
  /** Lower case; of a subcommand only its own word. */
  readonly name: string;
  /** Number of arguments, the name included; -n: at least n. */
  readonly arity: number;
  readonly flags?: readonly Flag[];
  /** ACL categories that do not follow from the flags (see `categoriesOf`). */
  readonly categories?: readonly string[];
  readonly keys?: readonly KeySpec[];
  /** The flags of the keys of one request, where those of the specification (variable_flags) only say what any request may do. */
  readonly keyFlags?: (args: Args) => readonly string[];
  /** Places of the arguments that neither the slow log nor monitors may show. */
  readonly secrets?: (args: Args) => readonly number[];
  /** All keys of one request, where the specifications would take for keys what is none. Undefined: it is malformed. */
  readonly requestKeys?: (args: Args) => readonly RequestKey[] | undefined;
  /** Keys of one request that no specification finds: those of unknown ones. */
  readonly moreKeys?: (args: Args) => readonly RequestKey[];
  /** The flags (bits) that count for one request, where they depend on what it would run, or are stricter than those that are shown. */
  readonly requestFlags?: (server: ServerContext, args: Args) => number;
  readonly group: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity?: string;
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  /** Hints for clients, as COMMAND INFO lists them. */
  readonly tips?: readonly string[];
  /** The arguments in the notation of command/syntax.ts, for COMMAND DOCS. */
  readonly syntax?: string;
  readonly subcommands?: readonly Command[];
  /** Writes exactly one reply. Absent in containers, whose subcommands run. */
  readonly run?: (c: Call) => void;
}

export interface Command extends CommandSpec {
  readonly flagBits: number;
  /** The only specification is at fixed places: first key, last key, step. Zeros when there are no keys. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
}

/** Makes a command of its specification. Every command is one exported value made by this. */
export function command(spec: CommandSpec): Command {
  let flagBits = 0;
  for (const flag of spec.flags ?? []) flagBits |= FLAGS[flag];
  return { ...spec, flagBits, ...legacyKeyRange(spec.keys ?? []) };
}

/** A key at a fixed place, or a range of them: from argument `index` to `lastKey` (negative: from the end), every `step`. */
export function keysAt(index: number, flags: string, lastKey = 0, step = 1): KeySpec {
  return { flags: flags.split(" "), begin: { index }, find: { lastKey, step, limit: 0 } };
}

/** Keys behind their number: the number is `keyCountIndex` arguments after `index`, the first key `firstKey` after it. */
export function keysCounted(index: number, flags: string, keyCountIndex = 0, firstKey = 1, step = 1): KeySpec {
  return { flags: flags.split(" "), begin: { index }, find: { keyCountIndex, firstKey, step } };
}

/** First key, last key and step as clients older than key specifications want them: the hull of all ranges at fixed places. */
function legacyKeyRange(specs: readonly KeySpec[]): { firstKey: number; lastKey: number; keyStep: number } {
  let range = { firstKey: 0, lastKey: 0, keyStep: 0 };
  for (const { begin, find } of specs) {
    if (typeof begin !== "object" || !("index" in begin) || typeof find !== "object" || !("lastKey" in find)) continue;
    const last = find.lastKey < 0 ? find.lastKey : begin.index + find.lastKey;
    if (range.firstKey === 0) {
      range = { firstKey: begin.index, lastKey: last, keyStep: find.step };
    } else if (begin.index === range.lastKey + 1 || range.lastKey < 0) {
      range = { firstKey: range.firstKey, lastKey: last, keyStep: 1 };
    }
  }
  return range;
}

/** All ACL categories, in the order in which Redis lists them. */
export const CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

/** ACL categories that follow from the flags, and those the command names itself, as Redis computes them. */
export function categoriesOf(c: Command): string[] {
  const has = (flag: Flag) => (c.flagBits & FLAGS[flag]) !== 0;
  const implied = [
    has("write") && "write",
    has("readonly") && !c.categories?.includes("scripting") && "read",
    has("admin") && "admin",
    has("admin") && "dangerous",
    has("pubsub") && "pubsub",
    has("fast") ? "fast" : "slow",
    has("blocking") && "blocking",
  ].filter((name): name is string => name !== false);
  const all = new Set([...(c.categories ?? []), ...implied]);
  return CATEGORIES.filter((name) => all.has(name));
}
