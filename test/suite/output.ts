/** Reads what Redis's test harness prints about one file of tests. */

/** A test that did not pass, and what the harness said of it. */
export interface Failure {
  readonly test: string;
  readonly detail: string;
}

export interface FileResult {
  /** Names of tests; some occur more than once in a file. */
  readonly passed: readonly string[];
  readonly failed: readonly Failure[];
  /** Why the file did not run to its end; undefined when it did. */
  readonly broken: string | undefined;
}

const DETAIL_CHARACTERS_MAX = 600;
const END_CHARACTERS_MAX = 300;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
const COLOURS = /\x1b\[[0-9;]*m/g;
const MARK = /^\[(ok|err|exception|TIMEOUT|\d+\/\d+ done)\](?:: ?(.*))?$/;
/** What a test itself printed may stand before the mark. */
const LATE_OK = /\[ok\]: .* \(\d+ ms\)$/;
const MILLISECONDS = / \(\d+ ms\)$/;
const PLACE = / in tests\/\S+\.tcl$/;
const PID = /\(pid \d+\)/g;
const END = "The End";

/** Takes apart what `runtest --single <file>` printed. */
export function readOutput(text: string): FileResult {
  const passed: string[] = [];
  const failed: { test: string; detail: string }[] = [];
  let broken: string | undefined = `the harness ended early: ${text.slice(-END_CHARACTERS_MAX)}`;
  for (const line of text.replace(COLOURS, "").split(/\r?\n/)) {
    if (line.trim() === END) break;
    const [, kind, rest = ""] = MARK.exec(line) ?? MARK.exec(LATE_OK.exec(line)?.[0] ?? "") ?? [];
    if (kind === "ok") passed.push(nameOf(rest.replace(MILLISECONDS, "")));
    else if (kind === "err") failed.push({ test: nameOf(rest.replace(PLACE, "")), detail: "" });
    else if (kind === "exception") broken = `exception: ${rest}`;
    else if (kind === "TIMEOUT") broken = "no progress for too long";
    else if (kind?.endsWith("done")) broken = undefined;
    else describe(failed.at(-1), line);
  }
  return { passed, failed, broken };
}

function describe(failure: { detail: string } | undefined, line: string): void {
  if (failure === undefined || failure.detail.length > DETAIL_CHARACTERS_MAX) return;
  failure.detail += `${line.slice(0, DETAIL_CHARACTERS_MAX)}\n`;
}

/** A test's name without what differs from run to run. */
export function nameOf(text: string): string {
  return text.trim().replace(PID, "(pid N)");
}
