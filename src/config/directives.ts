import type { Directive } from "./directive.ts";
import { memoryDirectives } from "./directives-memory.ts";
import { networkDirectives } from "./directives-network.ts";
import { persistenceDirectives } from "./directives-persistence.ts";
import { replicationDirectives } from "./directives-replication.ts";
import { serverDirectives } from "./directives-server.ts";

/** Every directive that the server takes, in the order in which CONFIG GET and CONFIG REWRITE name them. */
export const DIRECTIVES = {
  ...networkDirectives,
  ...serverDirectives,
  ...persistenceDirectives,
  ...memoryDirectives,
  ...replicationDirectives,
};

export type DirectiveName = keyof typeof DIRECTIVES;
type ValueOf<D> = D extends Directive<infer T> ? T : never;

/** The value of every directive. */
export type Config = { readonly [K in DirectiveName]: ValueOf<(typeof DIRECTIVES)[K]> };

/** A directive without the type of its values, for code that treats all alike. */
export type AnyDirective = Directive<unknown>;

/** A name under which a directive can be called: its own or an alias. */
export interface Named {
  /** Its key in the table. */
  readonly canonical: DirectiveName;
  /** The name itself. */
  readonly name: string;
  readonly directive: AnyDirective;
}

/** All names, in lower case, aliases after the name they stand for. */
export const NAMES: ReadonlyMap<string, Named> = new Map(
  (Object.keys(DIRECTIVES) as DirectiveName[]).flatMap((canonical) => {
    const directive = DIRECTIVES[canonical] as AnyDirective;
    return [canonical, ...(directive.aliases ?? [])].map((name) => [name, { canonical, name, directive }] as const);
  }),
);

/** The directive of that name, in any case. */
export function findDirective(name: string): Named | undefined {
  return NAMES.get(name.toLowerCase());
}

/** Accepted with one word and otherwise ignored, as Redis does with them. */
export const RETIRED = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/** What configuration files may say besides values. */
export const FILE_WORDS = ["include", "rename-command", "loadmodule", "user", "sentinel", ...RETIRED];
