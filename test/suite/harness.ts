/** Runs files of Redis's test suite against servers under test: each file in a process of its own, with fresh servers. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandUnderTest, inheritedEnv, startOurs } from "../support/oracle.ts";
import { type FileResult, readOutput } from "./output.ts";

/** Whose the servers are: one that runs already, for all tests of a file, or those that the suite starts in the place of redis-server. */
export type Mode = "external" | "normal";

const FILE_SECONDS_MAX = 400;
/** Without any progress the harness gives up by itself. */
const SILENCE_SECONDS_MAX = 60;
/**
 * Ports that a harness may use for itself. Lanes must not share them, and other processes should not: every run takes another range, so that
 * one that finds them taken does so once.
 */
const PORTS_FROM = 21_111;
const PORTS_PER_RUN = 200;
const RANGES = 16;
export const LANES_MAX = 3;
/** Programs that the suite looks for beside the server's. */
const HELPERS = ["redis-cli", "redis-benchmark", "redis-check-aof", "redis-check-rdb"];
/** Servers that the harness did not start can't pass this: it asks for their process, after it has changed their settings. */
const NEVER_RUN = "SRANDMEMBER with a dict containing long chain";
/**
 * Tests of what memory is used for are run only where INFO names jemalloc. The conditions are taken out, as the tests are of commands and
 * directives that are here; and so is what they ask of jemalloc itself.
 */
const JEMALLOC = "[string match {*jemalloc*} [s mem_allocator]]";
const ABOUT_JEMALLOC = ["unit/memefficiency", "unit/type/string"];
const JEMALLOC_ONLY = /^.*\br debug mallctl-str .*$|&& \[r debug mallctl \S+\] <= \d+/gm;

const groups = new Set<number>();
process.on("exit", () => groups.forEach(killGroup));

export interface Run extends FileResult {
  readonly seconds: number;
}

/** What the suite's servers are started with, and what differs here on purpose while tests rely on it. */
const SETTINGS = "tests/assets/default.conf";
const REDIS_DEFAULTS = "\nappendfilename appendonly.aof\n";

/** A copy of the suite for one run at a time. */
export class Lane {
  private readonly folder = mkdtempSync(join(tmpdir(), "go-redis-suite-"));
  private runs = process.pid;

  /** `index` is below LANES_MAX and the lane's own. */
  constructor(
    source: string,
    private readonly index: number,
  ) {
    for (const part of ["tests", "runtest", "redis.conf"]) {
      cpSync(join(source, part), join(this.folder, part), { recursive: true });
    }
    symlinkSync(join(source, "utils"), join(this.folder, "utils"));
    mkdirSync(join(this.folder, "src"));
    symlinkSync(join(source, "src/commands"), join(this.folder, "src/commands"));
    mkdirSync(join(this.folder, "tests/tmp"), { recursive: true });
    for (const name of HELPERS) this.link(name);
    for (const file of ABOUT_JEMALLOC) this.forgetJemalloc(file);
    appendFileSync(join(this.folder, SETTINGS), REDIS_DEFAULTS);
    const quoted = commandUnderTest().map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    writeFileSync(join(this.folder, "src/redis-server"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
  }

  private forgetJemalloc(file: string): void {
    const path = join(this.folder, "tests", `${file}.tcl`);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replaceAll(JEMALLOC, "1").replace(JEMALLOC_ONLY, ""));
  }

  private link(program: string): void {
    const path = Bun.which(program);
    if (path === null) throw new Error(`${program} is not installed`);
    symlinkSync(path, join(this.folder, "src", program));
  }

  has(file: string): boolean {
    return existsSync(join(this.folder, "tests", `${file}.tcl`));
  }

  /** Runs a file without the tests named in `skip`. */
  async run(mode: Mode, file: string, skip: readonly string[]): Promise<Run> {
    const startNs = Bun.nanoseconds();
    const result = await (mode === "normal" ? this.runNormal(file, skip) : this.runExternal(file, skip));
    return { ...result, seconds: (Bun.nanoseconds() - startNs) / 1e9 };
  }

  private async runNormal(file: string, skip: readonly string[]): Promise<FileResult> {
    return readOutput(await this.harness(file, ["--clients", "1"], skip));
  }

  private async runExternal(file: string, skip: readonly string[]): Promise<FileResult> {
    const server = await startOurs(["--enable-protected-configs", "yes"]);
    try {
      const where = ["--host", "127.0.0.1", "--port", String(server.port)];
      const result = readOutput(await this.harness(file, where, [NEVER_RUN, ...skip]));
      const broken = server.running() ? result.broken : `the server ended: ${server.log().slice(-500)}`;
      return { ...result, broken };
    } finally {
      await server.kill9();
    }
  }

  /** What the harness prints. It has a process group of its own, of which nothing is left behind. */
  private async harness(file: string, where: readonly string[], skip: readonly string[]): Promise<string> {
    const range = (this.runs++ % RANGES) * LANES_MAX + this.index;
    const ports = ["--baseport", String(PORTS_FROM + range * PORTS_PER_RUN), "--portcount", String(PORTS_PER_RUN)];
    const manner = ["--durable", "--no-latency", "--timeout", String(SILENCE_SECONDS_MAX)];
    const skipped = skip.flatMap((test) => ["--skiptest", test]);
    const child = Bun.spawn(["./runtest", "--single", file, ...where, ...ports, ...manner, ...skipped], {
      cwd: this.folder,
      env: { ...inheritedEnv(), TERM: "dumb", LC_ALL: "C.UTF-8" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    groups.add(child.pid);
    const timer = setTimeout(() => killGroup(child.pid), FILE_SECONDS_MAX * 1000);
    const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    clearTimeout(timer);
    killGroup(child.pid);
    groups.delete(child.pid);
    return text + errors;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}
