import { resolve } from "node:path";
import { osErrorText } from "../lib/os-errors.ts";
import { type CommandLine, readCommandLine } from "./argv.ts";
import { type AnyDirective, DIRECTIVES, type DirectiveName, FILE_WORDS, findDirective, RETIRED } from "./directives.ts";
import { readEnvironment } from "./environment.ts";
import { type Host, systemHost } from "./host.ts";
import { includedFiles } from "./include.ts";
import { ConfigStore } from "./store.ts";
import { type ByteString, splitLine, textOf } from "./text.ts";

export interface LoadOptions {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name and version of the server, for the heading of errors. */
  readonly product: string;
  /**
   * Renames a command, or removes it when `to` is empty; may give a reason against it. Without this, rename-command is
   * refused.
   */
  readonly renameCommand?: (from: string, to: string) => string | undefined;
  readonly host?: Host;
}

export interface LoadedConfig {
  readonly action: "run" | "healthcheck";
  readonly config: ConfigStore;
  /** Directives that somebody set to another value than the default although they do nothing here. */
  readonly withoutEffect: readonly DirectiveName[];
  /** The append-only file is to be cut back to that second, Unix time. */
  readonly restoreTo: number | undefined;
}

/** The text to print before the process ends with status 1. */
export interface ConfigLoadError {
  readonly action: "fail";
  readonly error: string;
}

export type LoadResult = LoadedConfig | ConfigLoadError | { readonly action: "version" | "help" };

/**
 * Collects the configuration: the file, over it the environment, over that the command line. Each later word on a
 * directive counts, except that lines of `save` add up within the file and the command line together.
 */
export function loadConfig(options: LoadOptions): LoadResult {
  const command = readCommandLine(options.argv);
  if (command.action === "version" || command.action === "help") return { action: command.action };
  const loader = new Loader(options);
  try {
    const config = loader.load(command);
    const { action, restoreTo } = command;
    return { action, config, withoutEffect: loader.withoutEffect(), restoreTo: unixTime(restoreTo) };
  } catch (error) {
    if (error instanceof LoadFailure) return { action: "fail", error: error.message };
    throw error;
  }
}

class LoadFailure extends Error {}

function unixTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new LoadFailure("--restore-to wants a Unix time in seconds");
  return Number(text);
}

/** A text of configuration and where it came from. */
interface Source {
  readonly lines: readonly ByteString[];
  /** The number of its first line. */
  readonly firstLine: number;
  /** Set for included files. */
  readonly path?: string;
}

const INCLUDE_DEPTH_MAX = 16;
const BAD_LINE = "Bad directive or wrong number of arguments";

class Loader {
  private readonly config: ConfigStore;
  private readonly host: Host;
  /** Directives that the file or the command line named, and nobody overrode as a whole since. */
  private readonly seen = new Set<DirectiveName>();

  constructor(private readonly options: LoadOptions) {
    this.host = options.host ?? systemHost();
    this.config = new ConfigStore(this.host);
  }

  load(command: CommandLine): ConfigStore {
    const text = this.readMainFile(command.file) + (command.readsStdin ? this.host.readStdin() : "");
    const lines = text.split("\n");
    this.readLines({ lines, firstLine: 1 }, 0);
    this.readVariables();
    this.readLines({ lines: command.lines, firstLine: lines.length + 1 }, 0);
    return this.config;
  }

  withoutEffect(): DirectiveName[] {
    return (Object.keys(DIRECTIVES) as DirectiveName[]).filter((name) => {
      const { effect, kind, fallback } = DIRECTIVES[name] as AnyDirective;
      return effect === "none" && this.config.text(name) !== kind.format(fallback);
    });
  }

  private readMainFile(given: string | undefined): ByteString {
    if (given === undefined) return "";
    const path = resolve(this.host.cwd, given);
    const text = this.readFile(path);
    this.config.file = path;
    return text === "" || text.endsWith("\n") ? text : `${text}\n`;
  }

  private readFile(path: string): ByteString {
    try {
      return this.host.readFile(path);
    } catch (error) {
      throw new LoadFailure(`Fatal error, can't open config file '${path}': ${osErrorText(error)}`);
    }
  }

  private readVariables(): void {
    for (const { line, named, text } of readEnvironment(this.options.env)) {
      if (named === undefined) throw this.failure("Reading the environment", line, BAD_LINE);
      const words = named.directive.kind.manyWords ? text.split(" ") : [text];
      const reason = this.config.load(named, words, false);
      if (reason !== undefined) throw this.failure("Reading the environment", line, reason);
      this.seen.delete(named.canonical);
    }
  }

  private readLines(source: Source, depth: number): void {
    source.lines.forEach((raw, index) => {
      const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
      if (line === "" || line.startsWith("#")) return;
      const reason = this.readLine(line, depth);
      if (reason === undefined) return;
      const file = source.path === undefined ? "" : ` '${source.path}'`;
      const where = `Reading the configuration file${file}, at line ${source.firstLine + index}`;
      throw this.failure(where, textOf(line), reason);
    });
  }

  private readLine(line: ByteString, depth: number): string | undefined {
    const words = splitLine(line);
    if (words === undefined) return "Unbalanced quotes in configuration line";
    const [name, ...args] = words;
    const named = findDirective(name ?? "");
    if (named === undefined) return this.readFileWord((name ?? "").toLowerCase(), args, depth);
    const reason = this.config.load(named, lineWords(named.directive, args), this.seen.has(named.canonical));
    this.seen.add(named.canonical);
    return reason;
  }

  private readFileWord(name: string, args: readonly ByteString[], depth: number): string | undefined {
    if (!FILE_WORDS.includes(name)) return BAD_LINE;
    if (name === "sentinel") return "sentinel directive while not in sentinel mode";
    if (RETIRED.includes(name)) return args.length === 1 ? undefined : BAD_LINE;
    if (name === "include") return args.length === 1 ? this.include(textOf(args[0]), depth) : BAD_LINE;
    if (name === "rename-command") return args.length === 2 ? this.renameCommand(args[0], args[1]) : BAD_LINE;
    if (args.length === 0) return BAD_LINE;
    if (name === "loadmodule") return "go-redis cannot load modules";
    return "go-redis has no users but the default one: use requirepass";
  }

  private include(pattern: string, depth: number): string | undefined {
    if (depth >= INCLUDE_DEPTH_MAX) return `Files include each other more than ${INCLUDE_DEPTH_MAX} levels deep`;
    for (const path of includedFiles(pattern, this.config.values.dir, this.host)) {
      this.readLines({ lines: this.readFile(path).split("\n"), firstLine: 1, path }, depth + 1);
    }
    return undefined;
  }

  private renameCommand(from: ByteString, to: ByteString): string | undefined {
    const rename = this.options.renameCommand;
    return rename === undefined ? "go-redis cannot rename commands" : rename(from, to);
  }

  private failure(where: string, line: string, reason: string): LoadFailure {
    const heading = `*** FATAL CONFIG FILE ERROR (${this.options.product}) ***`;
    return new LoadFailure(`\n${heading}\n${where}\n>>> '${line}'\n${reason}`);
  }
}

/** The one word of a directive that takes several may hold them all. */
function lineWords(directive: AnyDirective, args: readonly ByteString[]): readonly ByteString[] {
  const together = directive.kind.manyWords && args.length === 1 && args[0] !== "";
  return together ? args[0].split(" ") : args;
}
