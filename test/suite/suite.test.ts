import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readOutput } from "./output.ts";
import { type Baseline, judge, notRun, readExpectedFailures, rowFor } from "./verdict.ts";

const read = (name: string) => readFileSync(join(import.meta.dir, name), "utf8");

const PRINTED = [
  "[ready]: 4711",
  "[testing]: unit/some",
  "\x1b[0;32m[ok]\x1b[0m: Adds up (3 ms)",
  "noise before the mark [ok]: Adds twice (12 ms)",
  "[err]: Takes away in tests/unit/some.tcl",
  "Expected '1' to be equal to '2'",
  "[ok]: Ends process (pid 123) well (0 ms)",
  "[ok]: Adds up (1 ms)",
  "[1/1 done]: unit/some (1 seconds)",
  "                   The End",
  "[err]: Takes away in tests/unit/some.tcl",
].join("\n");

describe("the harness's output", () => {
  test("is read to its end, each test once", () => {
    expect(readOutput(PRINTED)).toEqual({
      passed: ["Adds up", "Adds twice", "Ends process (pid N) well", "Adds up"],
      failed: [{ test: "Takes away", detail: "Expected '1' to be equal to '2'\n" }],
      broken: undefined,
    });
  });

  test("that breaks off is no complete run", () => {
    const [start] = PRINTED.split("[1/1 done]");
    expect(readOutput(start!).broken).toStartWith("the harness ended early: ");
    expect(readOutput(`${start}[exception]: Executing test client: ERR x`).broken).toBe(
      "exception: Executing test client: ERR x",
    );
  });
});

describe("the verdict", () => {
  const run = (...passed: string[]) => ({ passed, failed: [], broken: undefined });
  const row = (test: string) => ({ file: "unit/a", test, reason: "because" });

  test("counts tests of one name", () => {
    const verdict = judge("unit/a", ["x", "x", "y"], [run("x", "y")], []);
    expect(verdict).toEqual({ file: "unit/a", passed: 2, total: 3, lost: ["x"], stale: [] });
  });

  test("takes what passed in any of the runs", () => {
    expect(judge("unit/a", ["x", "y"], [run("x"), run("y")], []).lost).toEqual([]);
  });

  test("excuses what is listed for that file, as often as it is listed", () => {
    const expected = [row("x"), { ...row("y"), file: "unit/b" }];
    expect(judge("unit/a", ["x", "x", "y"], [run()], expected).lost).toEqual(["x", "y"]);
  });

  test("names rows whose tests pass or are gone", () => {
    expect(judge("unit/a", ["x", "y"], [run("x", "y")], [row("x"), row("z")]).stale).toEqual(["x", "z"]);
  });
});

describe("a list of expected failures", () => {
  test("is read row by row, with bars inside of cells", () => {
    const table = "# Title\n\n| File | Test | Reason |\n| --- | --- | --- |\n| unit/a | one \\| two | needs EVAL |\n";
    expect(readExpectedFailures(table)).toEqual([{ file: "unit/a", test: "one | two", reason: "needs EVAL" }]);
    expect(notRun("unit/a", [{ file: "unit/a", test: "x", reason: "Not run: it needs EVAL" }])).toEqual(["x"]);
    expect(rowFor("unit/a", "one | two")).toBe("| unit/a | one \\| two | |");
  });

  test.each([
    ["baseline.json", "expected-failures.md"],
    ["baseline-normal.json", "expected-failures-normal.md"],
  ])("names tests of %s only, each with a reason", (baselineName, listName) => {
    const baseline = JSON.parse(read(baselineName)) as Baseline;
    for (const { file, test, reason } of readExpectedFailures(read(listName))) {
      expect(baseline[file]).toContain(test);
      expect(reason.length).toBeGreaterThan(10);
    }
  });
});

describe("the two modes", () => {
  test("share no file", () => {
    const [external, normal] = ["baseline.json", "baseline-normal.json"].map(
      (name) => JSON.parse(read(name)) as Baseline,
    );
    expect(Object.keys(normal!).filter((file) => file in external!)).toEqual([]);
  });
});
