import { type ByteString, byteString, quoted, splitLine } from "./text.ts";

/** The command line, taken apart as redis-server takes it apart. */
export interface CommandLine {
  readonly action: "run" | "healthcheck" | "version" | "help";
  /** The configuration file as it was given. */
  readonly file: string | undefined;
  /** Further configuration comes from standard input. */
  readonly readsStdin: boolean;
  /** The options as lines of a configuration file. */
  readonly lines: ByteString[];
  /** What followed `--restore-to`, which is no directive: it is meant for one start. */
  readonly restoreTo: string | undefined;
}

const ACTIONS: Readonly<Record<string, CommandLine["action"]>> = {
  "-v": "version",
  "--version": "version",
  "-h": "help",
  "--help": "help",
  "--healthcheck": "healthcheck",
};

/**
 * Reads `[action] [file] [--directive value ...] [-]`. The first argument may be an action; the next is the file unless
 * it starts with a dash; a lone dash at either end asks for standard input.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const action = ACTIONS[argv[0] ?? ""] ?? "run";
  const rest = argv.slice(action === "run" ? 0 : 1);
  const file = rest.length > 0 && !rest[0].startsWith("-") ? rest.shift() : undefined;
  const dashFirst = file === undefined && rest[0] === "-";
  if (dashFirst) rest.shift();
  const dashLast = !dashFirst && rest.at(-1) === "-";
  if (dashLast) rest.pop();
  const restoring = rest.indexOf("--restore-to");
  const restoreTo = restoring < 0 ? undefined : (rest.splice(restoring, 2)[1] ?? "");
  return {
    action,
    file: file || undefined,
    readsStdin: dashFirst || dashLast,
    lines: optionLines(rest.map(byteString)),
    restoreTo,
  };
}

/**
 * An argument with two dashes starts a line, and what follows are its words. Three exceptions: right after a lone
 * directive name even such an argument is the value; except after `--save`, which without a value means no save points;
 * and an option argument that already contains blanks is a whole line.
 */
function optionLines(args: readonly ByteString[]): ByteString[] {
  const lines: ByteString[] = [];
  let wantsValue = false;
  for (const arg of args) {
    const isSave = wantsValue && lines.at(-1)?.toLowerCase() === "save";
    if (arg.startsWith("--") && (!wantsValue || isSave)) {
      if (isSave) addWord(lines, "");
      lines.push(arg.slice(2));
      wantsValue = splitLine(arg.slice(2))?.length === 1;
    } else {
      addWord(lines, arg);
      wantsValue = false;
    }
  }
  if (wantsValue && lines.at(-1)?.toLowerCase() === "save") addWord(lines, "");
  return lines;
}

function addWord(lines: ByteString[], word: ByteString): void {
  const last = lines.pop();
  lines.push(last === undefined ? quoted(word) : `${last} ${quoted(word)}`);
}
