import { globMatch } from "../lib/glob.ts";
import { osErrorText } from "../lib/os-errors.ts";
import { containerMemoryBytes } from "./container-memory.ts";
import {
  type AnyDirective,
  type Config,
  DIRECTIVES,
  type DirectiveName,
  findDirective,
  NAMES,
  type Named,
} from "./directives.ts";
import { type Host, systemHost } from "./host.ts";
import type { Outcome } from "./kind.ts";
import { writeFileAtomically } from "./replace-file.ts";
import { type FileEntry, rewriteText } from "./rewrite.ts";
import { type ByteString, bytesOf } from "./text.ts";

/** An error reply without the leading dash: its code, a blank and the reason. */
export type ConfigError = string;

/** Told of a new value after all values of one CONFIG SET are in place. A returned reason undoes them all. */
export type ChangeListener<T> = (value: T, previous: T) => string | undefined;

/** What decides which directives a caller of `set` may change. */
export interface Caller {
  /** The client connects from this machine. */
  readonly local: boolean;
  /** Data is being loaded. */
  readonly loading: boolean;
}

interface Change {
  readonly named: Named;
  readonly words: readonly ByteString[];
}

type Values = Record<DirectiveName, unknown>;
type UntypedListener = ChangeListener<unknown>;

/**
 * The live configuration. Texts that go in and out are byte strings, see text.ts. `values` is one object for the life
 * of the server, changed in place; what is read for every command had better be copied by a listener.
 */
export class ConfigStore {
  readonly values: Config;
  /** The configuration file that the server was started with: an absolute path. */
  file: string | undefined;
  private readonly given = new Set<DirectiveName>();
  private readonly listeners = new Map<DirectiveName, UntypedListener[]>();

  constructor(private readonly host: Host = systemHost()) {
    const fallbacks = Object.entries(DIRECTIVES).map(([name, directive]) => [name, directive.fallback]);
    this.values = { ...(Object.fromEntries(fallbacks) as Config), dir: host.cwd };
  }

  /** The text of one value as CONFIG GET shows it. */
  text(name: DirectiveName): ByteString {
    return (DIRECTIVES[name] as AnyDirective).kind.format(this.values[name]);
  }

  /**
   * Names and texts that the patterns match, without repetition. A name without wildcards comes back as it was asked
   * for.
   */
  get(patterns: readonly ByteString[]): [string, ByteString][] {
    const found = new Map<string, [string, ByteString]>();
    for (const pattern of patterns) {
      const wild = /[*?[]/.test(pattern);
      const matches = wild ? matching(pattern) : [findDirective(pattern)];
      for (const named of matches) {
        if (named === undefined || found.has(named.name)) continue;
        found.set(named.name, [wild ? named.name : pattern, this.text(named.canonical)]);
      }
    }
    return [...found.values()];
  }

  /**
   * Sets all of these directives, or none. The texts are taken as they are: quotes have no meaning, and directives of
   * several words are split at each blank. Without a caller it is the server itself that sets them, and nothing is
   * protected.
   */
  set(pairs: readonly (readonly [ByteString, ByteString])[], caller?: Caller): ConfigError | undefined {
    const changes: Change[] = [];
    const seen = new Set<string>();
    for (const [given, text] of pairs) {
      const named = findDirective(given);
      if (named === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${given}'`;
      const reason = this.denial(named.directive, caller) ?? (seen.has(named.name) ? "duplicate parameter" : undefined);
      if (reason !== undefined) return failure(given, reason);
      if (caller?.loading && named.directive.notWhileLoading) return "LOADING Redis is loading the dataset in memory";
      seen.add(named.name);
      changes.push({ named, words: wordsOf(named.directive, text) });
    }
    return this.apply(changes);
  }

  /** Calls the listener at every later change of that directive. */
  onChange<K extends DirectiveName>(name: K, listener: ChangeListener<Config[K]>): void {
    const known = this.listeners.get(name) ?? [];
    this.listeners.set(name, [...known, listener as UntypedListener]);
  }

  /**
   * Takes one directive's words from a file, the command line or the environment, without telling listeners. `further`
   * says that the directive stood before in the same source. The result is the reason of a refusal.
   */
  load(named: Named, words: readonly ByteString[], further: boolean): string | undefined {
    const outcome = this.parse(named, words, further, "start");
    if (!outcome.ok) return outcome.reason;
    (this.values as Values)[named.canonical] = outcome.value;
    this.given.add(named.canonical);
    return undefined;
  }

  /** Somebody gave the directive a value at the start. */
  isGiven(name: DirectiveName): boolean {
    return this.given.has(name);
  }

  /** What the container that the server runs in may use, in bytes; undefined: as much as the machine has. */
  get containerMemoryBytes(): number | undefined {
    return containerMemoryBytes(this.host);
  }

  /** Writes the configuration to its file; with `all`, also what has its default value. */
  rewrite(all = false): ConfigError | undefined {
    if (this.file === undefined) return "ERR The server is running without a config file";
    try {
      const text = rewriteText(this.readOldFile(this.file), this.fileEntries(all));
      writeFileAtomically(this.file, bytesOf(text));
      return undefined;
    } catch (error) {
      return `ERR Rewriting config file: ${osErrorText(error)}`;
    }
  }

  private denial(directive: AnyDirective, caller: Caller | undefined): string | undefined {
    if (directive.immutable) return "can't set immutable config";
    if (directive.protected && caller !== undefined && !this.mayChangeProtected(caller))
      return "can't set protected config";
    return undefined;
  }

  private mayChangeProtected(caller: Caller): boolean {
    const allowed = this.values["enable-protected-configs"];
    return allowed === "yes" || (allowed === "local" && caller.local);
  }

  private parse(named: Named, words: readonly ByteString[], further: boolean, at: "start" | "set"): Outcome<unknown> {
    const { kind, refuse } = named.directive;
    const outcome = kind.parse(words, { previous: this.values[named.canonical], further, host: this.host });
    const refusal = outcome.ok ? refuse?.(outcome.value, at) : undefined;
    return refusal === undefined ? outcome : { ok: false, reason: refusal };
  }

  /** Puts all values in place, then tells the listeners. After the first failure everything is as before. */
  private apply(changes: readonly Change[]): ConfigError | undefined {
    const values = this.values as Values;
    const before = { ...values };
    for (const { named, words } of changes) {
      const outcome = this.parse(named, words, false, "set");
      if (!outcome.ok) {
        Object.assign(values, before);
        return failure(named.name, outcome.reason);
      }
      values[named.canonical] = outcome.value;
    }
    return this.tellListeners(changes, before);
  }

  private tellListeners(changes: readonly Change[], before: Values): ConfigError | undefined {
    const told: [UntypedListener, DirectiveName][] = [];
    for (const { named } of this.realChanges(changes, before)) {
      for (const listener of this.listeners.get(named.canonical) ?? []) {
        const reason = listener(this.values[named.canonical], before[named.canonical]);
        if (reason !== undefined) {
          this.undo(told, before);
          return failure(named.name, reason);
        }
        told.push([listener, named.canonical]);
      }
    }
    return undefined;
  }

  /** The changes that changed something, each directive once. */
  private realChanges(changes: readonly Change[], before: Values): Change[] {
    const seen = new Set<DirectiveName>();
    return changes.filter(({ named: { canonical, directive } }) => {
      const changed = directive.kind.format(before[canonical]) !== this.text(canonical);
      const first = !seen.has(canonical);
      seen.add(canonical);
      return changed && first;
    });
  }

  /** Restores the values and tells those who have acted on the new ones. That they cannot go back is not foreseen. */
  private undo(told: readonly [UntypedListener, DirectiveName][], before: Values): void {
    const attempted = { ...(this.values as Values) };
    Object.assign(this.values as Values, before);
    for (const [listener, name] of told.toReversed()) listener(before[name], attempted[name]);
  }

  private readOldFile(path: string): ByteString {
    try {
      return this.host.readFile(path);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return "";
      throw error;
    }
  }

  private fileEntries(all: boolean): FileEntry[] {
    return (Object.keys(DIRECTIVES) as DirectiveName[]).map((name) => {
      const directive = DIRECTIVES[name] as AnyDirective;
      const lines = directive.kind.fileLines(this.values[name], directive.fallback);
      // A start without a word on snapshots may make them if the append-only file is off (server-config.ts).
      const isNeeded = all || (name === "save" && !this.values.appendonly);
      return { name, lines: isNeeded ? lines.map(({ words }) => ({ words, needed: true })) : lines };
    });
  }
}

function failure(name: string, reason: string): ConfigError {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

function wordsOf(directive: AnyDirective, text: ByteString): ByteString[] {
  if (!directive.kind.manyWords) return [text];
  return text === "" ? [] : text.split(" ");
}

/** The names that a pattern matches. A name that is only another spelling, with dashes, is not shown beside the proper one. */
function matching(pattern: ByteString): Named[] {
  const glob = bytesOf(pattern);
  return [...NAMES.values()].filter(({ name, canonical, directive }) => {
    if (directive.hidden || (name !== canonical && name === canonical.replaceAll("_", "-"))) return false;
    const bytes = bytesOf(name);
    return globMatch(glob, 0, glob.length, bytes, 0, bytes.length, true);
  });
}
