// Starts real servers as subprocesses: redis-server 7.0 as the oracle, and the server under test.
//
// The server under test is src/main.ts, run from source. GO_REDIS_UNDER_TEST names another executable instead: the
// compiled dist/go-redis, or redis-server itself, with which every comparison must come out equal. That is the self-check
// of the harness:  GO_REDIS_UNDER_TEST=redis-server bun test test/differential
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { RawConnection } from "./raw.ts";

const READY_TRIES = 400;
const READY_PAUSE_MS = 25;
const STOP_LIMIT_MS = 20_000;
const LOG_CHARACTERS_MAX = 1 << 20;
const PORT_TRIES = 5;

export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Its working folder; removed when the server ends, unless the caller gave it. */
  readonly dir: string;
  /** Everything it printed so far (the last MiB of it). */
  log(): string;
  /** False once the process has ended. */
  running(): boolean;
  /** SIGTERM; resolves with the exit code. Kills and throws when it does not end in time. */
  stop(): Promise<number>;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
}

export interface StartOptions {
  /** A fixed port, for a restart; otherwise a free one. */
  readonly port?: number;
  /** A folder that outlives the server; otherwise a new one that is removed with it. */
  readonly dir?: string;
  /** Environment variables on top of this process's. */
  readonly env?: Record<string, string>;
  /** False: do not wait until PING answers PONG (for servers that load, or need a password). Default true. */
  readonly awaitReady?: boolean;
}

const live = new Set<Subprocess>();
process.on("exit", () => {
  for (const child of live) child.kill("SIGKILL");
});

/** The path of a redis-server 7.0, or undefined when there is none here. In CI a missing one is an error. */
export function requireRedisServer(): string | undefined {
  const path = Bun.which("redis-server");
  const version = path === null ? "" : spawnSync(path, ["--version"], { encoding: "utf8" }).stdout;
  if (path !== null && version.includes("v=7.0.")) return path;
  const reason = path === null ? "redis-server is not installed" : `not a redis-server 7.0: ${version.trim()}`;
  if (process.env["CI"]) throw new Error(`${reason}; the differential tests need it`);
  return undefined;
}

/** Starts redis-server 7.0 without persistence; `args` follow the default arguments and so override them. */
export function startRedis(args: readonly string[] = [], options: StartOptions = {}): Promise<Server> {
  const path = requireRedisServer();
  if (path === undefined) throw new Error("no redis-server 7.0 here: skip tests that need one (requireRedisServer)");
  return start([path], args, options);
}

/** Starts the server under test without persistence; `args` follow the default arguments and so override them. */
export function startOurs(args: readonly string[] = [], options: StartOptions = {}): Promise<Server> {
  return start(commandUnderTest(), args, options);
}

/** True when the server under test is redis-server itself, which lacks what came after 7.0. */
export function underTestIsRedis(): boolean {
  return (process.env["GO_REDIS_UNDER_TEST"] ?? "").endsWith("redis-server");
}

/** The command line that starts the server under test, without arguments. */
export function commandUnderTest(): string[] {
  const chosen = process.env["GO_REDIS_UNDER_TEST"];
  if (chosen) return [chosen];
  return [process.execPath, "--production", join(import.meta.dir, "../../src/main.ts")];
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    probe.close(() => resolve(port));
  });
  return promise;
}

async function start(command: readonly string[], args: readonly string[], options: StartOptions): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = launch(command, port, args, options);
    try {
      if (options.awaitReady !== false) await untilReady(server);
      return server;
    } catch (error) {
      const log = server.log();
      await server.kill9();
      const portTaken = /in use|EADDRINUSE/i.test(log);
      if (options.port === undefined && portTaken && attempt < PORT_TRIES) continue;
      throw new Error(`${command.join(" ")} did not start: ${(error as Error).message}\n${log}`);
    }
  }
}

function launch(command: readonly string[], port: number, args: readonly string[], options: StartOptions): Server {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "go-redis-test-"));
  // Without maxmemory the server under test would take what a container has for its limit.
  const defaults = ["--port", String(port), "--dir", dir, "--appendonly", "no", "--save", "", "--maxmemory", "0"];
  const child = Bun.spawn([...command, ...defaults, "--enable-debug-command", "yes", ...args], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    env: { ...inheritedEnv(), ...options.env },
  });
  live.add(child);
  const log = collectLog([child.stdout, child.stderr]);
  const gone = child.exited.then((code) => {
    live.delete(child);
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    return code;
  });
  return {
    port,
    pid: child.pid,
    dir,
    log,
    running: () => live.has(child),
    stop: () => stop(child, gone, log),
    kill9: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Without GO_REDIS_*: the server reads directives from such variables, and the tests have theirs under the same prefix. */
export function inheritedEnv(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GO_REDIS_")));
}

async function stop(child: Subprocess, gone: Promise<number>, log: () => string): Promise<number> {
  child.kill("SIGTERM");
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), STOP_LIMIT_MS);
  const code = await Promise.race([gone, limit.promise]);
  clearTimeout(timer);
  if (code !== undefined) return code;
  child.kill("SIGKILL");
  await gone;
  throw new Error(`the server did not end ${STOP_LIMIT_MS} ms after SIGTERM\n${log()}`);
}

function collectLog(streams: readonly ReadableStream<Uint8Array>[]): () => string {
  let text = "";
  const drain = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) text = (text + Buffer.from(chunk).toString("latin1")).slice(-LOG_CHARACTERS_MAX);
  };
  for (const stream of streams) void drain(stream);
  return () => text;
}

/** Resolves when PING is answered with PONG, or with an error that shows a working server behind a password. */
async function untilReady(server: Server): Promise<void> {
  for (let i = 0; i < READY_TRIES; i++) {
    if (!server.running()) throw new Error("the process ended");
    const answer = await ping(server.port);
    if (answer.startsWith("+PONG") || answer.startsWith("-NOAUTH")) return;
    await Bun.sleep(READY_PAUSE_MS);
  }
  throw new Error(`not ready after ${READY_TRIES} tries`);
}

async function ping(port: number): Promise<string> {
  let connection: RawConnection | undefined;
  try {
    connection = await RawConnection.connect(port);
    return await connection.text("PING");
  } catch {
    return "";
  } finally {
    connection?.close();
  }
}
