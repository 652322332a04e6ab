// What `go-redis check-aof` says and does, compared with redis-check-aof 7.0 over the same files.
import { afterEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/lib/clock.ts";
import { checkAof } from "../../../src/persistence/tools/check-aof.ts";
import { requireRedisServer } from "../../support/oracle.ts";
import { removeScratch, scratch } from "../scratch.ts";
import { CapturedTerminal } from "./captured-terminal.ts";

afterEach(removeScratch);

type Files = Record<string, string>;

interface Outcome {
  readonly said: string;
  readonly status: number | null;
  /** The files afterwards. */
  readonly files: Files;
}

/** Hundreds of processes are started one after the other, which takes long while others use the machine. */
const LIMIT_MS = 60_000;
const GOOD =
  "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n#TS:1700000000\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n10\r\n*1\r\n$5\r\nMULTI\r\n" +
  "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n#TS:1700000001\r\n*1\r\n$4\r\nEXEC\r\n#TS:1700000002\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n";
const MANIFEST = "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n";

function folderOf(files: Files): string {
  const dir = scratch();
  for (const [name, text] of Object.entries(files)) {
    if (name.includes("/")) mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), text, "latin1");
  }
  return dir;
}

function filesIn(dir: string): Files {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), "latin1")]),
  );
}

/** Without what depends on the process, on the program's name, or, after a zero, on chance. */
function plain(text: string, dir: string): string {
  return text
    .replaceAll(dir, "<dir>")
    .replace(/^\d+:C .* # /gm, "")
    .replace(/Usage: \S+( check-aof)? /, "Usage: ")
    .replace(/got: 00../g, "got: 00")
    .replace(/^\n/gm, "");
}

function theirs(files: Files, args: string[], answer: string): Outcome {
  const dir = folderOf(files);
  const words = args.map((arg) => arg.replace("<dir>", dir));
  const { stdout, status } = spawnSync("redis-check-aof", words, { input: answer, encoding: "latin1" });
  return { said: plain(stdout, dir), status, files: filesIn(dir) };
}

function ours(files: Files, args: string[], answer: string): Outcome {
  const dir = folderOf(files);
  const terminal = new CapturedTerminal(answer);
  const words = args.map((arg) => arg.replace("<dir>", dir));
  const status = checkAof("go-redis check-aof", words, terminal, systemClock);
  return { said: plain(terminal.text, dir), status, files: filesIn(dir) };
}

function compare(files: Files, args: string[], answer = ""): Outcome {
  const outcome = ours(files, args, answer);
  const wanted = theirs(files, args, answer);
  expect({ of: files, ...outcome }).toEqual({ of: files, ...wanted });
  return outcome;
}

const one = (text: string, ...options: string[]) => compare({ "a.aof": text }, [...options, "<dir>/a.aof"], "y\n");

function flips(text: string): string[] {
  return [...text].flatMap((c, i) =>
    ["\0", "\n", "9", "\xff"]
      .filter((other) => other !== c)
      .map((other) => text.slice(0, i) + other + text.slice(i + 1)),
  );
}

describe.skipIf(requireRedisServer() === undefined)("check-aof", () => {
  test(
    "says the same of a file that is cut at every position, and mends it in the same way",
    () => {
      for (let i = 0; i <= GOOD.length; i++) {
        one(GOOD.slice(0, i));
        one(GOOD.slice(0, i), "--fix");
      }
    },
    LIMIT_MS,
  );

  test(
    "says the same of a file with another byte at every position",
    () => {
      for (const text of flips(GOOD)) one(text);
    },
    LIMIT_MS,
  );

  test("says the same of what is no regular request", () => {
    const texts = [
      "*0\r\n*-1\r\n",
      "*1\r\n$-1\r\n",
      "*1\r\n$-9223372036854775809\r\n",
      "*1\r\n$9223372036854775806\r\n",
      "*1\r\n$000000004\r\nEXEC\r\n",
      "*1\r\n$ +5\r\nmulti\r\n*1\r\n$5\r\nMuLtI\r\n",
      "*1\r\n$8\r\nexec\0abc\r\n",
      "*1\r\n$6\r\nmultis\r\n",
      `*1\r\n$3\r\nSET\r\n*${"1".repeat(200)}\r\n`,
      `#${"x".repeat(1021)}\r\n*1\r\n$4\r\nPING\r\n`,
      `#${"x".repeat(1030)}\r\n*1\r\n$4\r\nPING\r\n`,
      "",
      "PING\r\n",
    ];
    for (const text of texts) one(text);
  });

  test("cuts at the same time", () => {
    for (const time of [
      "1699999999",
      "1700000000",
      "1700000001",
      "1700000002",
      "-1",
      "",
      " 1700000000",
      "x",
      "9".repeat(20),
    ]) {
      one(GOOD, "--truncate-to-timestamp", time);
      one(`#TS:1700000001\r\n${GOOD}`, "--truncate-to-timestamp", time);
    }
    for (const note of ["#TS:\r\n", "#TS:1\n", "#TS:x\r\n", "#TS:99999999999999999999\r\n", "#TS:1"]) {
      one(GOOD + note, "--truncate-to-timestamp", "1700000005");
    }
  });

  test("changes nothing when that is not wanted", () => {
    const { files } = compare({ "a.aof": `${GOOD}*` }, ["--fix", "<dir>/a.aof"], "n\n");
    expect(files["a.aof"]).toBe(`${GOOD}*`);
    compare({ "a.aof": `${GOOD}*` }, ["--fix", "<dir>/a.aof"], "");
  });

  test("takes the same arguments", () => {
    compare({}, []);
    compare({}, ["--fix"]);
    compare({}, ["<dir>"]);
    compare({}, ["<dir>/none"]);
    compare({}, ["--mend", "<dir>/none"]);
    compare({}, ["--fix", "<dir>/none", "again"]);
    compare({}, ["--truncate-to-timestamp", "5"]);
  });

  test("says the same of the parts that a manifest lists", () => {
    const parts = (base: string, first: string, second: string, manifest = MANIFEST): Files => ({
      "a.manifest": manifest,
      "a.1.base.aof": base,
      "a.1.incr.aof": first,
      "a.2.incr.aof": second,
    });
    const tail = GOOD.slice(0, -3);
    const states = [
      parts(GOOD, GOOD, GOOD),
      parts("", "", ""),
      parts(tail, GOOD, GOOD),
      parts(GOOD, tail, GOOD),
      parts(GOOD, GOOD, tail),
      parts(GOOD, GOOD, tail, `# note\n${MANIFEST}`),
      parts(GOOD, GOOD, tail, MANIFEST.replace("seq 1 type b", "seq x type b")),
      parts(GOOD, GOOD, tail, MANIFEST.trimEnd()),
      parts(GOOD, GOOD, tail, MANIFEST.replace("a.2.incr.aof", "missing.aof")),
      parts(GOOD, GOOD, tail, MANIFEST.split("\n").slice(1).join("\n")),
      parts(GOOD, GOOD, tail, MANIFEST.split("\n").slice(0, 1).join("\n")),
      parts(GOOD, GOOD, tail, `${MANIFEST.split("\n")[0]}\n`),
      parts("*1\r\n$4\r\nEXEC\r\n", GOOD, GOOD),
    ];
    for (const files of states) {
      for (const options of [
        [],
        ["--fix"],
        ["--truncate-to-timestamp", "1700000001"],
        ["--truncate-to-timestamp", "1"],
      ]) {
        compare(files, [...options, "<dir>/a.manifest"], "y\n");
      }
    }
  });
});
