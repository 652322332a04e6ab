/**
 * The workloads. Both servers of a workload run side by side, on the same core, and are driven in turn: the order is swapped from
 * round to round (ABBA), so that what else the machine does hits both alike. Ratios are taken round by round, and their median is
 * reported.
 */
import { type Bench, progress, serverOptions } from "../bench.ts";
import { encode } from "../encode.ts";
import { Histogram, median, quantileOf } from "../histogram.ts";
import type { LoadResult, Window } from "../jobs.ts";
import { pause } from "../now.ts";
import { count, fixed, milliseconds, type Section } from "../report.ts";
import { type AofMode, Server } from "../servers.ts";
import { CHANNEL, type KeyCounts, type Workload, workloads } from "../workloads.ts";

const CONNECTIONS_MAX = 50;
/** Requests or replies under way; where 50 batches are more, fewer connections are used. */
const UNDER_WAY_BYTES_MAX = 16e6;
const KEYS: KeyCounts = { small: 1_000_000, large: 10_000 };
const KEYS_QUICK: KeyCounts = { small: 10_000, large: 500 };
/** Before each round, to get the server's data back into its caches. */
const WARMUP_MS = 150;
/** Before a row's first round: a just-in-time compiler needs more. */
const FIRST_WARMUP_MS = 1500;
/** What one round may write to the AOF. */
const ROUND_BYTES_MAX = 128e6;
const WARMUP_BYTES_MAX = 32e6;
const SETTLE_MS = 300;

/** One row of the table for one server. */
interface Figures {
  readonly rounds: readonly LoadResult[];
  readonly cpuUs: readonly number[];
  readonly latency: Histogram;
}

interface Row {
  readonly workload: string;
  readonly pipeline: number;
  /** In the contenders' order. */
  readonly figures: readonly Figures[];
}

interface Filled {
  readonly workload: string;
  readonly keys: number;
  readonly bytesPerKey: readonly number[];
}

export async function throughput(bench: Bench): Promise<Section[]> {
  const sections: Section[] = [];
  const keys = bench.options.quick ? KEYS_QUICK : KEYS;
  for (const aof of bench.options.aof) {
    const rows: Row[] = [];
    const filled: Filled[] = [];
    for (const workload of workloads(keys)) {
      const pipelines = workload.pipelines.filter((p) => bench.options.workload.test(labelOf(workload, p, aof)));
      if (pipelines.length > 0) await measure(bench, workload, pipelines, aof, rows, filled);
    }
    if (rows.length > 0) sections.push(rowsSection(bench, aof, rows));
    if (filled.length > 0) sections.push(filledSection(bench, aof, filled));
  }
  return sections;
}

function labelOf(workload: Workload, pipeline: number, aof: AofMode): string {
  return `${workload.name} P=${pipeline} ${aof}`;
}

async function measure(
  bench: Bench,
  workload: Workload,
  pipelines: readonly number[],
  aof: AofMode,
  rows: Row[],
  filled: Filled[],
): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const one of bench.options.contenders) servers.push(await Server.start(one, serverOptions(bench, aof)));
    if (workload.fill !== null) filled.push(await fill(bench, workload, servers));
    for (const pipeline of pipelines) {
      progress(labelOf(workload, pipeline, aof));
      rows.push(await measureRow(bench, workload, pipeline, aof, servers));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function fill(bench: Bench, workload: Workload, servers: readonly Server[]): Promise<Filled> {
  const { args, count: keys } = workload.fill!;
  const bytesPerKey: number[] = [];
  for (const server of servers) {
    const before = server.rssBytes();
    await bench.generator.fill(server, args, keys);
    await pause(SETTLE_MS);
    bytesPerKey.push((server.rssBytes() - before) / keys);
  }
  return { workload: workload.name, keys, bytesPerKey };
}

async function measureRow(
  bench: Bench,
  workload: Workload,
  pipeline: number,
  aof: AofMode,
  servers: readonly Server[],
): Promise<Row> {
  const rounds: LoadResult[][] = servers.map(() => []);
  const bounds = roundBounds(bench, workload, aof);
  for (const server of servers) await round(bench, workload, pipeline, server, bounds.first, bounds.warmup, 0);
  for (let i = 0; i < bench.options.rounds; i++) {
    const order = servers.map((_, at) => (i % 2 === 0 ? at : servers.length - 1 - at));
    for (const at of order) {
      const server = servers[at]!;
      rounds[at]!.push(await round(bench, workload, pipeline, server, bounds.warmup, bounds.measured, i + 1));
    }
  }
  return { workload: workload.name, pipeline, figures: rounds.map(figuresOf) };
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

/** A load of far more bytes than the caches hold measures the machine's memory, and needs longer rounds than an AOF should get. */
export function connectionsFor(workload: Workload, pipeline: number): number {
  const requestBytes = encode(workload.args).bytes.length;
  const storedBytes = workload.fill === null ? 0 : encode(workload.fill.args).bytes.length;
  const batchBytes = Math.max(requestBytes, storedBytes) * pipeline;
  return Math.max(1, Math.min(CONNECTIONS_MAX, Math.floor(UNDER_WAY_BYTES_MAX / batchBytes)));
}

async function round(
  bench: Bench,
  workload: Workload,
  pipeline: number,
  server: Server,
  warmup: Window,
  measured: Window,
  seed: number,
): Promise<LoadResult> {
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
  return result;
}

function figuresOf(rounds: readonly LoadResult[]): Figures {
  const latency = new Histogram();
  for (const one of rounds) latency.add(one.latency);
  return { rounds, cpuUs: rounds.map((one) => one.serverCpuNs / one.commands / 1000), latency };
}

/** Ours/theirs of every round. */
function ratios(row: Row): number[] {
  const [ours, theirs] = row.figures;
  return theirs === undefined ? [] : ours!.cpuUs.map((us, i) => us / theirs.cpuUs[i]!);
}

function rate(figures: Figures): number {
  return median(figures.rounds.map((one) => one.commands / one.seconds));
}

function busy(figures: Figures): number {
  return median(figures.rounds.map((one) => one.serverCpuNs / one.seconds / 1e9));
}

function percentiles(figures: Figures): string {
  return [0.5, 0.99, 0.999].map((share) => milliseconds(figures.latency.quantile(share))).join(" / ");
}

function rowsSection(bench: Bench, aof: AofMode, rows: readonly Row[]): Section {
  const names = bench.options.contenders.map((one) => one.name);
  const head = [
    "Workload",
    "P",
    ...names.map((name) => `commands/s ${name}`),
    ...names.map((name) => `CPU us ${name}`),
    "CPU ratio",
    "its quartiles",
    ...names.map((name) => `p50 / p99 / p99.9 ms ${name}`),
  ];
  const leastBusy = Math.min(...rows.flatMap((row) => row.figures.map(busy)));
  return {
    title: `Workloads, AOF ${aof}`,
    head,
    rows: rows.map(rowCells),
    notes: [
      `${CONNECTIONS_MAX} connections (fewer for 64 KB at P=16 and 64, to keep ${UNDER_WAY_BYTES_MAX / 1e6} MB under way), each ` +
        `sending P commands and waiting for their replies; ${bench.options.rounds} rounds of ${bench.options.roundMs} ms per ` +
        "row and server, in turn. CPU us: processor time of the server, all its threads, per command. CPU ratio: " +
        `${names.join(" / ")}, the median of the rounds. Latency: from sending a batch to its last reply.`,
      `The server kept its core at least ${fixed(leastBusy * 100, 0)}% busy in every row (median of its rounds).`,
    ],
    data: rows.map((row) => rowData(names, aof, row)),
  };
}

function rowCells(row: Row): string[] {
  const all = ratios(row);
  return [
    row.workload,
    String(row.pipeline),
    ...row.figures.map((one) => count(rate(one))),
    ...row.figures.map((one) => fixed(median(one.cpuUs), 2)),
    fixed(median(all), 2),
    all.length === 0 ? "-" : `${fixed(quantileOf(all, 0.25), 2)} to ${fixed(quantileOf(all, 0.75), 2)}`,
    ...row.figures.map(percentiles),
  ];
}

function rowData(names: readonly string[], aof: AofMode, row: Row): unknown {
  const servers = row.figures.map((one, i) => ({
    name: names[i],
    commandsPerSecond: rate(one),
    cpuUs: median(one.cpuUs),
    cpuUsOfRounds: one.cpuUs,
    busy: busy(one),
    clientBusy: median(one.rounds.map((result) => result.clientCpuNs / result.seconds / 1e9)),
    latencyUs: { p50: one.latency.quantile(0.5), p99: one.latency.quantile(0.99), p999: one.latency.quantile(0.999) },
  }));
  return { workload: row.workload, pipeline: row.pipeline, aof, cpuRatio: median(ratios(row)), servers };
}

function filledSection(bench: Bench, aof: AofMode, filled: readonly Filled[]): Section {
  const names = bench.options.contenders.map((one) => one.name);
  return {
    title: `Memory after filling, AOF ${aof}`,
    head: ["Workload", "keys", ...names.map((name) => `RSS bytes per key ${name}`), "ratio"],
    rows: filled.map((one) => [
      one.workload,
      count(one.keys),
      ...one.bytesPerKey.map((bytes) => fixed(bytes, 1)),
      fixed(one.bytesPerKey.length === 2 ? one.bytesPerKey[0]! / one.bytesPerKey[1]! : Number.NaN, 2),
    ]),
    notes: [
      "Growth of the server's resident memory while the keys (fields, for HSET) are written, divided by their number.",
    ],
    data: filled,
  };
}
