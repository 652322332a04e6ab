/** What every mode gets: the options, the load generator, and the cores. */
import { cpus } from "node:os";
import type { Generator } from "./generator.ts";
import type { Options } from "./options.ts";
import type { Section } from "./report.ts";
import { type AofMode, type Contender, type Server, type ServerOptions, withServer } from "./servers.ts";

export interface Cores {
  /** Null where nothing can be pinned. */
  readonly server: number | null;
  readonly client: number | null;
}

export interface Bench {
  readonly options: Options;
  readonly generator: Generator;
  readonly cores: Cores;
  /** What could not be measured, and why; the rest is still reported. */
  readonly failures: string[];
}

export type Mode = (bench: Bench) => Promise<Section[]>;

/** The server's core and everything else's. With one core, or without taskset, nothing is pinned. */
export function chooseCores(): Cores {
  const able = cpus().length > 1 && Bun.which("taskset") !== null;
  return able ? { server: 0, client: 1 } : { server: null, client: null };
}

export function serverOptions(bench: Bench, aof: AofMode, more: Partial<ServerOptions> = {}): ServerOptions {
  return { aof, dir: null, scratch: bench.options.scratch, core: bench.cores.server, extra: [], ...more };
}

/** Runs `body` with each contender's server in turn, one at a time; gives the results in the contenders' order. */
export async function withEach<T>(
  bench: Bench,
  aof: AofMode,
  body: (server: Server, contender: Contender) => Promise<T>,
  extra: readonly string[] = [],
): Promise<T[]> {
  const results: T[] = [];
  for (const contender of bench.options.contenders) {
    const options = serverOptions(bench, aof, { extra });
    results.push(await withServer(contender, options, (server) => body(server, contender)));
  }
  return results;
}

/** Ours divided by theirs; NaN when there is only ours. */
export function ratio(figures: readonly number[]): number {
  return figures.length >= 2 ? figures[0]! / figures[1]! : Number.NaN;
}

/** Runs `body`; if it fails, notes that and gives `fallback`, so that one failure does not lose the figures of the others. */
export async function orNote<T>(bench: Bench, what: string, fallback: T, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    bench.failures.push(`${what}: ${error instanceof Error ? error.message.trim() : String(error)}`);
    progress(`failed: ${bench.failures.at(-1)}`);
    return fallback;
  }
}

export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
