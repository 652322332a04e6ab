/** Compares what passed with what passes against redis-server, and with what is known not to pass. */
import type { FileResult } from "./output.ts";

/** Names of the tests that pass against redis-server, by file; a name that occurs twice in a file stands there twice. */
export type Baseline = Readonly<Record<string, readonly string[]>>;

/** A row of expected-failures.md. */
export interface ExpectedFailure {
  readonly file: string;
  readonly test: string;
  readonly reason: string;
}

export interface Verdict {
  readonly file: string;
  /** How many tests of the baseline passed, and how many there are. */
  readonly passed: number;
  readonly total: number;
  /** Tests that should have passed and did not. */
  readonly lost: readonly string[];
  /** Tests that pass although they are listed as failing, or are no longer there. */
  readonly stale: readonly string[];
}

/** Judges a file by all its runs: a test passes if it does so in one of them. */
export function judge(
  file: string,
  wanted: readonly string[],
  runs: readonly FileResult[],
  expected: readonly ExpectedFailure[],
): Verdict {
  const excused = countOf(expected.filter((one) => one.file === file).map(({ test }) => test));
  const lost: string[] = [];
  const stale: string[] = [];
  let missed = 0;
  const names = countOf(wanted);
  for (const [test, count] of names) {
    const passed = Math.max(0, ...runs.map((run) => run.passed.filter((name) => name === test).length));
    const missing = Math.max(0, count - passed);
    const excuses = excused.get(test) ?? 0;
    missed += missing;
    for (let i = excuses; i < missing; i++) lost.push(test);
    for (let i = missing; i < excuses; i++) stale.push(test);
  }
  for (const [test] of excused) if (!names.has(test)) stale.push(test);
  return { file, passed: wanted.length - missed, total: wanted.length, lost, stale };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const NOT_RUN = "Not run: ";

/** Tests of a file that the harness must leave out, because they would spoil those after them. */
export function notRun(file: string, expected: readonly ExpectedFailure[]): string[] {
  return expected.filter((one) => one.file === file && one.reason.startsWith(NOT_RUN)).map(({ test }) => test);
}

const ROW = /^\| (\S+) \| (.+?) \| (.+) \|$/;

/** The rows of the table in expected-failures.md: file, test, reason. A `|` in a cell is written `\|`. */
export function readExpectedFailures(markdown: string): ExpectedFailure[] {
  const rows: ExpectedFailure[] = [];
  for (const line of markdown.split("\n")) {
    const [, file, test, reason] = ROW.exec(line.replaceAll("\\|", "\0")) ?? [];
    if (file === undefined || !file.includes("/")) continue;
    const cell = (text: string) => text.replaceAll("\0", "|");
    rows.push({ file: cell(file), test: cell(test!), reason: cell(reason!) });
  }
  return rows;
}

/** A row for expected-failures.md, its reason still to be written. */
export function rowFor(file: string, test: string): string {
  return `| ${file} | ${test.replaceAll("|", "\\|")} | |`;
}
