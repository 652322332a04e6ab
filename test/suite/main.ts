/**
 * Runs Redis's own test suite against our server and compares with what passes against redis-server:
 *
 *   bun test/suite/main.ts [--mode external|normal] [--files unit/expire,unit/type/list] [--lanes 2] [--source FOLDER]
 *
 * It fails when a test is lost that is not in the mode's list of expected failures, and when one passes that is. Without a mode both are
 * run: the suite's files against a server that runs, and those that need servers of their own, which the suite starts (those of them that
 * are about what is there). GO_REDIS_UNDER_TEST names the executable; without it the server runs from source. `--source` is a folder
 * with the source of redis-server 7.0.15, which is else fetched from the distribution. Needs tcl, redis-cli and redis-benchmark.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LANES_MAX, Lane, type Mode, type Run } from "./harness.ts";
import { suiteSource } from "./source.ts";
import {
  type Baseline,
  type ExpectedFailure,
  judge,
  notRun,
  readExpectedFailures,
  rowFor,
  type Verdict,
} from "./verdict.ts";

const DETAILS_MAX = 20;

/** The longest file of all is of the normal mode, so that comes first. */
const MODES = {
  normal: { baseline: "baseline-normal.json", expected: "expected-failures-normal.md" },
  external: { baseline: "baseline.json", expected: "expected-failures.md" },
} as const;

/** A file of tests, with what is wanted of it. No file is in the baselines of both modes. */
interface Task {
  readonly mode: Mode;
  readonly file: string;
  readonly wanted: readonly string[];
  readonly expected: readonly ExpectedFailure[];
}

interface Options {
  readonly tasks: readonly Task[];
  readonly lanes: number;
  readonly source: string;
}

async function main(): Promise<number> {
  const { tasks, lanes: laneCount, source } = readOptions();
  const lanes = Array.from({ length: laneCount }, (_, i) => new Lane(source, i));
  process.on("exit", () => {
    for (const lane of lanes) lane.remove();
  });
  const left = [...tasks];
  const verdicts: Verdict[] = [];
  const again: (() => Promise<Verdict>)[] = [];
  const work = async (lane: Lane): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const outcome = await examine(lane, task);
      if (typeof outcome === "function") again.push(outcome);
      else verdicts.push(outcome);
    }
  };
  await Promise.all(lanes.map(work));
  for (const examineAgain of again) verdicts.push(await examineAgain());
  return summarize(verdicts);
}

function read(name: string): string {
  return readFileSync(join(import.meta.dir, name), "utf8");
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      mode: { type: "string" },
      files: { type: "string" },
      lanes: { type: "string", default: "2" },
      source: { type: "string" },
    },
  });
  const modes = (Object.keys(MODES) as Mode[]).filter((mode) => (values.mode ?? mode) === mode);
  const all = modes.flatMap(tasksOf);
  const files = values.files?.split(",");
  const unknown = files?.filter((file) => !all.some((task) => task.file === file)) ?? [];
  if (unknown.length > 0) throw new Error(`not in the baseline: ${unknown.join(", ")}`);
  const tasks = files === undefined ? all : all.filter(({ file }) => files.includes(file));
  return { tasks, lanes: Math.min(LANES_MAX, Number(values.lanes)), source: values.source ?? suiteSource() };
}

/** The baselines have the longest files first, so that no lane ends with a long one. */
function tasksOf(mode: Mode): Task[] {
  const baseline = JSON.parse(read(MODES[mode].baseline)) as Baseline;
  const expected = readExpectedFailures(read(MODES[mode].expected));
  return Object.entries(baseline).map(([file, wanted]) => ({ mode, file, wanted, expected }));
}

/**
 * Runs a file. If tests are lost, what is returned runs it once more: that is to be done when nothing else runs, as some tests depend on how
 * busy the machine is.
 */
async function examine(
  lane: Lane,
  { mode, file, wanted, expected }: Task,
): Promise<Verdict | (() => Promise<Verdict>)> {
  const skip = notRun(file, expected);
  const runs = [await lane.run(mode, file, skip)];
  const first = judge(file, wanted, runs, expected);
  if (first.lost.length === 0) {
    report(first, runs);
    return first;
  }
  return async () => {
    runs.push(await lane.run(mode, file, skip));
    const verdict = judge(file, wanted, runs, expected);
    report(verdict, runs);
    const recovered = first.lost.filter((test) => !verdict.lost.includes(test));
    for (const test of recovered) console.log(`  lost at first: ${test}`);
    describeFailures(runs[0]!, recovered);
    return verdict;
  };
}

function report({ file, passed, total, lost, stale }: Verdict, runs: readonly Run[]): void {
  const seconds = runs.map((run) => run.seconds.toFixed(1)).join(" + ");
  const broken = runs.at(-1)!.broken;
  console.log(`${file.padEnd(24)} ${passed}/${total}  ${seconds} s${broken === undefined ? "" : `  (${broken})`}`);
  for (const test of lost) console.log(`  lost: ${rowFor(file, test)}`);
  for (const test of stale) console.log(`  passes, or is gone, though listed as failing: ${test}`);
  describeFailures(runs.at(-1)!, lost);
}

function describeFailures({ failed }: Run, tests: readonly string[]): void {
  const failures = failed.filter(({ test }) => tests.includes(test));
  for (const { test, detail } of failures.slice(0, DETAILS_MAX)) {
    console.log(`  --- ${test}\n${detail.trimEnd().replace(/^/gm, "      ")}`);
  }
}

function summarize(verdicts: readonly Verdict[]): number {
  const sum = (figure: (verdict: Verdict) => number) => verdicts.reduce((total, one) => total + figure(one), 0);
  const lost = sum((one) => one.lost.length);
  const stale = sum((one) => one.stale.length);
  console.log(
    `${sum((one) => one.passed)} of ${sum((one) => one.total)} tests that pass against redis-server passed; ${lost} lost, ` +
      `${stale} rows of expected failures to be taken out`,
  );
  return lost + stale > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
process.exitCode = await main();
