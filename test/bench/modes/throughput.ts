/**
 * The workloads. Both servers of a workload run side by side, on the same core, and are driven in turn, in short rounds whose order
 * is swapped from round to round (ABBA): what else the machine does then hits both alike. Half of the rounds are done with servers
 * started and filled anew in the opposite order, because where a process's memory happens to lie is worth some percent.
 *
 * Figures are totals over all rounds, not medians: a garbage collection or a sync happens in few rounds, and its cost belongs to
 * the commands that caused it.
 */
import { ask, askInfo } from "../ask.ts";
import { type Bench, orNote, progress, serverOptions } from "../bench.ts";
import { encode } from "../encode.ts";
import type { LoadResult, Window } from "../jobs.ts";
import { pause } from "../now.ts";
import type { Section } from "../report.ts";
import { type AofMode, Server } from "../servers.ts";
import { CONNECTIONS_MAX, type Fill, type KeyCounts, type Workload } from "../workload.ts";
import { CHANNEL, workloads } from "../workloads.ts";
import { type Filled, filledSection, type Row, rowsSection } from "./throughput-report.ts";

/** Requests or replies under way; where 50 batches are more, fewer connections are used. */
const UNDER_WAY_BYTES_MAX = 16e6;
const CONNECTIONS =
  `${CONNECTIONS_MAX} connections (fewer for 64 KB at P=16 and 64, to keep ${UNDER_WAY_BYTES_MAX / 1e6} MB under way, and for ` +
  "LINSERT)";
const KEYS: KeyCounts = { small: 1_000_000, large: 10_000, deep: 3_000_000 };
const KEYS_QUICK: KeyCounts = { small: 10_000, large: 500, deep: 300_000 };
/** Before each round, to get the server's data back into its caches. */
const WARMUP_MS = 80;
/** Before a row's first round: a just-in-time compiler needs more. */
const FIRST_WARMUP_MS = 1000;
/** What one round may write to the AOF. */
const ROUND_BYTES_MAX = 128e6;
const WARMUP_BYTES_MAX = 32e6;
const SETTLE_MS = 300;

export async function throughput(bench: Bench, isWanted = (_: Workload) => true): Promise<Section[]> {
  const sections: Section[] = [];
  for (const aof of bench.options.aof) {
    const rows: Row[] = [];
    const filled: Filled[] = [];
    for (const workload of workloads(bench.options.quick ? KEYS_QUICK : KEYS).filter(isWanted)) {
      const nothing = { rows: [], filled: null };
      const measured = await orNote(bench, `${workload.name}, AOF ${aof}`, nothing, () =>
        measure(bench, workload, aof),
      );
      rows.push(...measured.rows);
      if (measured.filled !== null) filled.push(measured.filled);
    }
    if (rows.length > 0) sections.push(rowsSection(bench, aof, rows, CONNECTIONS));
    if (filled.length > 0) sections.push(filledSection(bench, aof, filled));
  }
  return sections;
}

/** A contender's server, while its workload is measured. */
interface Turn {
  /** The contender's place among the contenders. */
  readonly at: number;
  readonly server: Server;
  /** Commands that it was sent to restore its data. */
  restored: number;
}

interface Measured {
  readonly rows: Row[];
  /** Null when nothing was filled. */
  readonly filled: Filled | null;
}

async function measure(bench: Bench, workload: Workload, aof: AofMode): Promise<Measured> {
  const { contenders, rounds, workload: wanted } = bench.options;
  const rows = workload.pipelines
    .filter((pipeline) => wanted.test(`${workload.name} P=${pipeline} ${aof}`))
    .map((pipeline) => ({ workload, pipeline, rounds: contenders.map(() => []) }));
  const filled = { workload, bytesPerKey: contenders.map(() => []) };
  const firstPass = Math.ceil(rounds / 2);
  const passes = rows.length === 0 ? [] : [firstPass, rounds - firstPass];
  for (const [at, count] of passes.entries()) {
    if (count > 0) await pass(bench, aof, rows, filled, count, at === 0);
  }
  return { rows, filled: rows.length > 0 && workload.fill !== null ? filled : null };
}

/** Starts and fills all servers and does `rounds` rounds of every row. */
async function pass(
  bench: Bench,
  aof: AofMode,
  rows: readonly Row[],
  filled: Filled,
  rounds: number,
  oursFirst: boolean,
): Promise<void> {
  const order = bench.options.contenders.map((_, at) => at);
  if (!oursFirst) order.reverse();
  const turns: Turn[] = [];
  try {
    for (const at of order) {
      const server = await Server.start(bench.options.contenders[at]!, serverOptions(bench, aof));
      turns.push({ at, server, restored: 0 });
      await prepare(filled.workload, server);
      if (filled.workload.fill !== null) filled.bytesPerKey[at]!.push(await fill(bench, filled.workload.fill, server));
      if (filled.workload.evicts !== null) await limitMemory(server.port, filled.workload.evicts);
    }
    for (const row of rows) await passRow(bench, aof, row, rounds, [...turns]);
  } finally {
    for (const { server } of turns) await server.stop();
  }
}

async function prepare({ name, prepare }: Workload, server: Server): Promise<void> {
  if (prepare === null) return;
  const reply = await ask(server.port, ...prepare);
  if (reply.startsWith("-")) throw new Error(`${name}: ${reply.trim()}`);
}

async function fill(bench: Bench, { args, count: keys }: Fill, server: Server): Promise<number> {
  const before = server.rssBytes();
  await bench.generator.fill(server, args, keys);
  await pause(SETTLE_MS);
  return (server.rssBytes() - before) / keys;
}

/** What is in use becomes the most that may be. */
async function limitMemory(port: number, policy: string): Promise<void> {
  const [[, used]] = (await askInfo(port, /^used_memory$/)) as [[string, string]];
  const reply = await ask(port, "CONFIG", "SET", "maxmemory", used, "maxmemory-policy", policy);
  if (reply !== "+OK\r\n") throw new Error(`CONFIG SET maxmemory: ${reply.trim()}`);
}

async function passRow(bench: Bench, aof: AofMode, row: Row, rounds: number, turns: Turn[]): Promise<void> {
  progress(`${row.workload.name} P=${row.pipeline} ${aof}`);
  const bounds = roundBounds(bench, row.workload, aof);
  for (const turn of turns) await round(bench, row, turn, bounds.first, bounds.warmup, 0);
  for (let i = 0; i < rounds; i++) {
    for (const turn of turns) {
      row.rounds[turn.at]!.push(await round(bench, row, turn, bounds.warmup, bounds.measured, i + 1));
    }
    turns.reverse();
  }
}

function roundBounds(bench: Bench, workload: Workload, aof: AofMode): Record<"first" | "warmup" | "measured", Window> {
  const { quick, roundMs } = bench.options;
  const commandBytes = encode(workload.args).bytes.length;
  const bounded = workload.writes && aof !== "off";
  const commands = (bytes: number): number => (bounded ? Math.ceil(bytes / commandBytes) : Number.MAX_SAFE_INTEGER);
  return {
    first: { msMax: quick ? 50 : FIRST_WARMUP_MS, commandsMax: commands(ROUND_BYTES_MAX) },
    warmup: { msMax: quick ? 20 : WARMUP_MS, commandsMax: commands(WARMUP_BYTES_MAX) },
    measured: { msMax: roundMs, commandsMax: commands(ROUND_BYTES_MAX) },
  };
}

/**
 * Fewer connections where the bytes under way would be many: such a load measures the machine's memory, and its rounds would have
 * to write more to the AOF than a disk should get.
 */
export function connectionsFor(workload: Workload, pipeline: number): number {
  const requestBytes = encode(workload.args).bytes.length;
  const storedBytes = workload.fill === null ? 0 : encode(workload.fill.args).bytes.length;
  const batchBytes = Math.max(requestBytes, storedBytes) * pipeline;
  return Math.max(1, Math.min(workload.connectionsMax, Math.floor(UNDER_WAY_BYTES_MAX / batchBytes)));
}

/** One round, and what restores the data after it. */
async function round(
  bench: Bench,
  { workload, pipeline }: Row,
  turn: Turn,
  warmup: Window,
  measured: Window,
  seed: number,
): Promise<LoadResult> {
  const { server } = turn;
  const result = await bench.generator.load({
    port: server.port,
    serverPid: server.pid,
    connections: connectionsFor(workload, pipeline),
    pipeline,
    args: workload.args,
    firstNumber: 0,
    seed: 1_000_003 * (seed + 1),
    warmup,
    measured,
    sendExactly: null,
    subscribers: workload.subscribers,
    channel: CHANNEL,
    probe: false,
  });
  if (result.nils > 0) throw new Error(`${workload.name}: ${result.nils} replies were nil`);
  await restore(bench, workload, turn, result.sent);
  return result;
}

async function restore(bench: Bench, { fill, restore }: Workload, turn: Turn, sent: number): Promise<void> {
  if (restore === null) return;
  const commands = restore.run === "once" ? 1 : sent;
  const firstNumber = restore.run === "on" ? (fill?.count ?? 0) + turn.restored : 0;
  turn.restored += commands;
  await bench.generator.fill(turn.server, restore.args, commands, { firstNumber, seed: turn.restored });
}
