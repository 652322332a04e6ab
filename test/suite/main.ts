/**
 * Runs Redis's own test suite against our server and compares with what passes against redis-server:
 *
 *   bun test/suite/main.ts [--files unit/expire,unit/type/list] [--lanes 2] [--source FOLDER]
 *
 * It fails when a test is lost that is not in expected-failures.md, and when one passes that is. GO_REDIS_UNDER_TEST names the
 * executable; without it the server runs from source. `--source` is a folder with the source of redis-server 7.0.15, which is else
 * fetched from the distribution. Needs tcl, redis-cli and redis-benchmark.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LANES_MAX, Lane, type Run } from "./harness.ts";
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

interface Options {
  readonly files: readonly string[];
  readonly lanes: number;
  readonly source: string;
}

async function main(): Promise<number> {
  const baseline = JSON.parse(read("baseline.json")) as Baseline;
  const expected = readExpectedFailures(read("expected-failures.md"));
  const { files, lanes: laneCount, source } = readOptions(baseline);
  const lanes = Array.from({ length: laneCount }, (_, i) => new Lane(source, i));
  process.on("exit", () => {
    for (const lane of lanes) lane.remove();
  });
  const left = [...files];
  const verdicts: Verdict[] = [];
  const work = async (lane: Lane): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      verdicts.push(await examine(lane, file, baseline[file]!, expected));
    }
  };
  await Promise.all(lanes.map(work));
  return summarize(verdicts);
}

function read(name: string): string {
  return readFileSync(join(import.meta.dir, name), "utf8");
}

function readOptions(baseline: Baseline): Options {
  const { values } = parseArgs({
    options: {
      files: { type: "string" },
      lanes: { type: "string", default: "2" },
      source: { type: "string" },
    },
  });
  // The baseline has the longest files first, so that no lane ends with a long one.
  const files = values.files?.split(",") ?? Object.keys(baseline);
  const unknown = files.filter((file) => baseline[file] === undefined);
  if (unknown.length > 0) throw new Error(`not in the baseline: ${unknown.join(", ")}`);
  const lanes = Math.min(LANES_MAX, Number(values.lanes));
  return { files, lanes, source: values.source ?? suiteSource() };
}

/** Runs a file; once more if tests are lost, as some of them depend on how busy the machine is. */
async function examine(
  lane: Lane,
  file: string,
  wanted: readonly string[],
  expected: readonly ExpectedFailure[],
): Promise<Verdict> {
  const skip = notRun(file, expected);
  const runs = [await lane.run(file, skip)];
  const first = judge(file, wanted, runs, expected);
  if (first.lost.length > 0) runs.push(await lane.run(file, skip));
  const verdict = judge(file, wanted, runs, expected);
  report(verdict, runs);
  for (const test of first.lost) if (!verdict.lost.includes(test)) console.log(`  lost at first: ${test}`);
  return verdict;
}

function report({ file, passed, total, lost, stale }: Verdict, runs: readonly Run[]): void {
  const seconds = runs.map((run) => run.seconds.toFixed(1)).join(" + ");
  const broken = runs.at(-1)!.broken;
  console.log(`${file.padEnd(24)} ${passed}/${total}  ${seconds} s${broken === undefined ? "" : `  (${broken})`}`);
  for (const test of lost) console.log(`  lost: ${rowFor(file, test)}`);
  for (const test of stale) console.log(`  passes, or is gone, though listed as failing: ${test}`);
  const failures = runs.at(-1)!.failed.filter(({ test }) => lost.includes(test));
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
      `${stale} rows of expected-failures.md to be taken out`,
  );
  return lost + stale > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
process.exitCode = await main();
