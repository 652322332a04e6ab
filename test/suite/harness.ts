/** Runs files of Redis's test suite against servers under test: each file in a process of its own against a fresh server. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOurs } from "../support/oracle.ts";
import { type FileResult, readOutput } from "./output.ts";

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
const HELPERS = ["redis-cli", "redis-benchmark"];
/** Servers that the harness did not start can't pass this: it asks for their process, after it has changed their settings. */
const NEVER_RUN = "SRANDMEMBER with a dict containing long chain";

const groups = new Set<number>();
process.on("exit", () => groups.forEach(killGroup));

export interface Run extends FileResult {
  readonly seconds: number;
}

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
  async run(file: string, skip: readonly string[]): Promise<Run> {
    const startNs = Bun.nanoseconds();
    const server = await startOurs(["--enable-protected-configs", "yes"]);
    try {
      const result = readOutput(await this.harness(file, server.port, [NEVER_RUN, ...skip]));
      const broken = server.running() ? result.broken : `the server ended: ${server.log().slice(-500)}`;
      return { ...result, broken, seconds: (Bun.nanoseconds() - startNs) / 1e9 };
    } finally {
      await server.kill9();
    }
  }

  /** What the harness prints. It has a process group of its own, of which nothing is left behind. */
  private async harness(file: string, port: number, skip: readonly string[]): Promise<string> {
    const where = ["--host", "127.0.0.1", "--port", String(port), "--single", file];
    const range = (this.runs++ % RANGES) * LANES_MAX + this.index;
    const ports = ["--baseport", String(PORTS_FROM + range * PORTS_PER_RUN), "--portcount", String(PORTS_PER_RUN)];
    const manner = ["--durable", "--no-latency", "--timeout", String(SILENCE_SECONDS_MAX)];
    const skipped = skip.flatMap((test) => ["--skiptest", test]);
    const child = Bun.spawn(["./runtest", ...where, ...ports, ...manner, ...skipped], {
      cwd: this.folder,
      env: { ...process.env, TERM: "dumb", LC_ALL: "C.UTF-8" },
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
