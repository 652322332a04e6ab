/** The tables of the workloads. */
import { type Bench, ratio } from "../bench.ts";
import { Histogram, jackknifeError } from "../histogram.ts";
import type { LoadResult } from "../jobs.ts";
import { count, fixed, milliseconds, type Section } from "../report.ts";
import type { AofMode } from "../servers.ts";
import type { Workload } from "../workload.ts";

/** One row of the table. */
export interface Row {
  readonly workload: Workload;
  readonly pipeline: number;
  /** The rounds' results of each server, in the contenders' order. */
  readonly rounds: readonly LoadResult[][];
}

/** Growth of each server's resident memory by a workload's fill, per key, in every pass. */
export interface Filled {
  readonly workload: Workload;
  readonly bytesPerKey: readonly number[][];
}

function sum(rounds: readonly LoadResult[], figure: "commands" | "seconds" | "serverCpuNs" | "clientCpuNs"): number {
  return rounds.reduce((total, one) => total + one[figure], 0);
}

function rate(rounds: readonly LoadResult[]): number {
  return sum(rounds, "commands") / sum(rounds, "seconds");
}

function cpuUs(rounds: readonly LoadResult[]): number {
  return sum(rounds, "serverCpuNs") / sum(rounds, "commands") / 1000;
}

function busy(rounds: readonly LoadResult[]): number {
  return sum(rounds, "serverCpuNs") / sum(rounds, "seconds") / 1e9;
}

function latencyOf(rounds: readonly LoadResult[]): Histogram {
  const latency = new Histogram();
  for (const one of rounds) latency.add(one.latency);
  return latency;
}

/** Ours/theirs in processor time per command, and its standard error; NaN when there is only ours. */
export function cpuRatio([ours, theirs]: Row["rounds"]): { ratio: number; error: number } {
  if (ours === undefined || theirs === undefined) return { ratio: Number.NaN, error: Number.NaN };
  const without = ours.map((_, left) => {
    const rest = [ours, theirs].map((rounds) => cpuUs(rounds.filter((_, i) => i !== left)));
    return rest[0]! / rest[1]!;
  });
  return { ratio: cpuUs(ours) / cpuUs(theirs), error: jackknifeError(without) };
}

export function rowsSection(bench: Bench, aof: AofMode, rows: readonly Row[], connections: string): Section {
  const { contenders, rounds, roundMs } = bench.options;
  const names = contenders.map((one) => one.name);
  const head = [
    "Workload",
    "P",
    ...names.map((name) => `commands/s ${name}`),
    ...names.map((name) => `CPU us ${name}`),
    ...ratioHeads(names),
    ...names.map((name) => `p50 / p99 / p99.9 ms ${name}`),
  ];
  const busiest = rows.flatMap((row) => row.rounds.map(busy));
  return {
    title: contenders.some((one) => one.aof !== undefined)
      ? "Workloads, with and without AOF"
      : `Workloads, AOF ${aof}`,
    head,
    rows: rows.map(rowCells),
    notes: [
      `${connections}, each sending P commands and waiting for their replies; ${rounds} rounds of ${roundMs} ms per row and ` +
        "server, in turn. CPU us: processor time of the server, all its threads, per command. CPU ratio: " +
        `${names.slice(0, 2).join(" / ")}, with its standard error. Latency: from sending a batch to its last reply.`,
      `The servers used their core for at least ${fixed(Math.min(...busiest) * 100, 0)}% of the time in every row.`,
    ],
    data: rows.map((row) => rowData(names, aof, row)),
  };
}

function rowCells(row: Row): string[] {
  return [
    row.workload.name,
    String(row.pipeline),
    ...row.rounds.map((rounds) => count(rate(rounds))),
    ...row.rounds.map((rounds) => fixed(cpuUs(rounds), 2)),
    ...ratios(row.rounds),
    ...row.rounds.map((rounds) => percentiles(latencyOf(rounds))),
  ];
}

/** A first column for ours by theirs, and one more for each further server. */
function ratioHeads(names: readonly string[]): string[] {
  return ["CPU ratio", ...names.slice(2).map((name) => `CPU ratio to ${name}`)];
}

function ratios([ours, theirs, ...others]: Row["rounds"]): string[] {
  return [theirs, ...others].map((other) => {
    const { ratio, error } = cpuRatio(other === undefined ? [ours!] : [ours!, other]);
    return Number.isNaN(error) ? fixed(ratio, 2) : `${fixed(ratio, 2)} ± ${fixed(error, 2)}`;
  });
}

function percentiles(latency: Histogram): string {
  return [0.5, 0.99, 0.999].map((share) => milliseconds(latency.quantile(share))).join(" / ");
}

function rowData(names: readonly string[], aof: AofMode, row: Row): unknown {
  const servers = row.rounds.map((rounds, i) => {
    const latency = latencyOf(rounds);
    return {
      name: names[i],
      commandsPerSecond: rate(rounds),
      cpuUs: cpuUs(rounds),
      cpuUsOfRounds: rounds.map((one) => cpuUs([one])),
      busy: busy(rounds),
      clientBusy: sum(rounds, "clientCpuNs") / sum(rounds, "seconds") / 1e9,
      latencyUs: { p50: latency.quantile(0.5), p99: latency.quantile(0.99), p999: latency.quantile(0.999) },
    };
  });
  return { workload: row.workload.name, pipeline: row.pipeline, aof, ...cpuRatio(row.rounds), servers };
}

export function filledSection(bench: Bench, aof: AofMode, filled: readonly Filled[]): Section {
  const names = bench.options.contenders.map((one) => one.name);
  const table = filled.map(({ workload, bytesPerKey }) => ({
    workload: workload.name,
    keys: workload.fill!.count,
    bytes: bytesPerKey.map(mean),
  }));
  return {
    title: `Memory after filling, AOF ${aof}`,
    head: ["Workload", "keys", ...names.map((name) => `RSS bytes per key ${name}`), "ratio"],
    rows: table.map(({ workload, keys, bytes }) => [
      workload,
      count(keys),
      ...bytes.map((one) => fixed(one, 1)),
      fixed(ratio(bytes), 2),
    ]),
    notes: [
      "Growth of the server's resident memory while the keys (of one collection: its elements) are written, divided by their number.",
    ],
    data: table,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0) / values.length;
}
