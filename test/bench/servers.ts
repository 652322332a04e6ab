/**
 * The processes of the benchmark: servers under test and their data folders. Everything started here is in one register, so that
 * whatever ends the benchmark (its end, an error, Ctrl-C) ends the processes by their ids and removes the folders.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { ask } from "./ask.ts";
import { nowNs, pause } from "./now.ts";
import { readRssBytes } from "./proc.ts";

const READY_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 20;
const POLL_MS = 1;

/** A server to be measured: how the tables call it, and its command as words. */
export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** What this server is started with, whatever the benchmark's mode. */
  readonly aof?: AofMode;
}

export type AofMode = "off" | "everysec" | "always";

export interface ServerOptions {
  readonly aof: AofMode;
  /** An existing data folder, which stays the caller's; null for a fresh one that goes with the server. */
  readonly dir: string | null;
  /** Where fresh folders are made. */
  readonly scratch: string;
  readonly core: number | null;
  readonly extra: readonly string[];
  /** Environment variables beside those of the benchmark itself. */
  readonly env?: Record<string, string>;
}

const processes = new Set<Subprocess>();
const folders = new Set<string>();

export function track<T extends Subprocess>(child: T): T {
  processes.add(child);
  child.exited.then(() => processes.delete(child));
  return child;
}

export function makeFolder(scratch: string): string {
  const folder = mkdtempSync(join(scratch, "go-redis-bench-"));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** Ends every process and removes every folder; synchronous, so that it can run while the process exits. */
export function cleanUp(): void {
  for (const child of processes) child.kill("SIGKILL");
  for (const folder of folders) removeFolder(folder);
}

/** The words before a command that pin it to a core; none where that is not possible. */
export function pinned(core: number | null): string[] {
  return core === null ? [] : ["taskset", "-c", String(core)];
}

export class Server {
  readonly port: number;
  readonly pid: number;
  /** The file that all its output goes to. */
  readonly log: string;
  /** Milliseconds from starting the process to its first PONG. */
  readonly readyMs: number;
  readonly #child: Subprocess;
  readonly #ownFolder: string | null;

  private constructor(child: Subprocess, port: number, log: string, readyMs: number, ownFolder: string | null) {
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
    this.log = log;
    this.readyMs = readyMs;
    this.#ownFolder = ownFolder;
  }

  static async start(contender: Contender, options: ServerOptions): Promise<Server> {
    const ownFolder = options.dir === null ? makeFolder(options.scratch) : null;
    const dir = options.dir ?? ownFolder!;
    const port = freePort();
    const log = join(dir, "bench.log");
    const cmd = [
      ...pinned(options.core),
      ...contender.command,
      ...settings(port, dir, contender.aof ?? options.aof, options.extra),
    ];
    const startedNs = nowNs();
    // One descriptor: with two, one stream would overwrite the other's lines.
    const output = openSync(log, "a");
    const child = track(
      Bun.spawn({ cmd, env: { ...cleanEnvironment(), ...options.env }, stdout: output, stderr: output }),
    );
    closeSync(output);
    const readyNs = await ready(child, port, startedNs, log);
    const server = new Server(child, port, log, (readyNs - startedNs) / 1e6, ownFolder);
    // No rewrite in the middle of a round; a server that does not know the setting does not rewrite by itself either.
    await ask(port, "CONFIG", "SET", "auto-aof-rewrite-percentage", "0");
    return server;
  }

  rssBytes(): number {
    return readRssBytes(this.pid);
  }

  /** Asks the process to end as an operator would, and insists after a while. Its own folder goes with it. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const ended = await Promise.race([this.#child.exited.then(() => true), pause(STOP_SECONDS_MAX * 1000)]);
    if (ended !== true) this.#child.kill("SIGKILL");
    await this.#child.exited;
    if (this.#ownFolder !== null) removeFolder(this.#ownFolder);
  }
}

/** Runs `body` with a started server and stops it whatever happens. */
export async function withServer<T>(
  contender: Contender,
  options: ServerOptions,
  body: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await Server.start(contender, options);
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

function settings(port: number, dir: string, aof: AofMode, extra: readonly string[]): string[] {
  const common = ["--port", String(port), "--dir", dir, "--save", ""];
  const file = aof === "off" ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", aof];
  return [...common, ...file, ...extra];
}

// Directives in the environment would make the two settings differ.
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GO_REDIS_"));
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const port = listener.port;
  listener.stop(true);
  return port;
}

/** Asks until the server answers PONG (while it loads it answers LOADING); gives that moment. */
async function ready(child: Subprocess, port: number, startedNs: number, log: string): Promise<number> {
  while (nowNs() - startedNs < READY_SECONDS_MAX * 1e9) {
    const reply = await ask(port, "PING").catch(() => "");
    if (reply === "+PONG\r\n") return nowNs();
    if (child.exitCode !== null) break;
    await pause(POLL_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`the server did not get ready; the end of its log:\n${readFileSync(log, "utf8").slice(-2000)}`);
}
