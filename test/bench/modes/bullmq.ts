/**
 * BullMQ, whose every step is a script: both servers run side by side on the same core and are given the same queue in turn, in swapped
 * order (ABBA), by one client process. What the first rounds take is told apart: scripts and server are compiled in them.
 */
import { join } from "node:path";
import { ask } from "../ask.ts";
import { type Bench, progress, ratio, serverOptions } from "../bench.ts";
import type { QueueJob, QueueResult } from "../bullmq-client.ts";
import { median } from "../histogram.ts";
import { cpuBetween, readCpu } from "../proc.ts";
import { count, fixed, type Section } from "../report.ts";
import { pinned, Server, track } from "../servers.ts";

const JOBS = 10_000;
const JOBS_QUICK = 200;
const WARMUPS = 2;
const ROUNDS = 8;

type Answer = { ok: true; value: QueueResult } | { ok: false; reason: string };

interface Round extends QueueResult {
  readonly cpuMs: number;
}

export async function bullmq(bench: Bench): Promise<Section[]> {
  const { contenders, quick } = bench.options;
  const jobs = quick ? JOBS_QUICK : JOBS;
  const client = new QueueClient(bench.cores.client);
  const servers: Server[] = [];
  const rounds: Round[][] = contenders.map(() => []);
  try {
    for (const contender of contenders) servers.push(await Server.start(contender, serverOptions(bench, "everysec")));
    // The client's own code is compiled at nobody's expense.
    for (let i = 0; i < WARMUPS; i++) await round(client, servers.at(-1)!, Math.ceil(jobs / 10));
    const order = [...servers.keys()];
    for (let i = 0; i < (quick ? 1 : WARMUPS + ROUNDS); i++) {
      progress(`bullmq round ${i + 1}`);
      for (const at of order) rounds[at]!.push(await round(client, servers[at]!, jobs));
      order.reverse();
    }
  } finally {
    for (const server of servers) await server.stop();
    client.stop();
  }
  return [section(bench, rounds, jobs)];
}

async function round(client: QueueClient, server: Server, jobs: number): Promise<Round> {
  const before = readCpu(server.pid);
  const result = await client.run({ port: server.port, jobs });
  const cpuMs = cpuBetween(before, readCpu(server.pid)) / 1e6;
  await ask(server.port, "FLUSHALL");
  return { ...result, cpuMs };
}

/** The main process's end of the client. */
class QueueClient {
  readonly #child;
  #pending: PromiseWithResolvers<QueueResult> | null = null;

  constructor(core: number | null) {
    const cmd = [...pinned(core), process.execPath, join(import.meta.dir, "../bullmq-client.ts")];
    const ipc = (answer: Answer): void => {
      if (answer.ok) this.#pending?.resolve(answer.value);
      else this.#pending?.reject(new Error(answer.reason));
    };
    this.#child = track(Bun.spawn({ cmd, ipc, stdout: "inherit", stderr: "inherit" }));
    this.#child.exited.then(() => this.#pending?.reject(new Error("BullMQ's process ended")));
  }

  run(job: QueueJob): Promise<QueueResult> {
    this.#pending = Promise.withResolvers<QueueResult>();
    this.#child.send(job);
    return this.#pending.promise;
  }

  stop(): void {
    this.#child.kill("SIGTERM");
  }
}

function section(bench: Bench, rounds: readonly Round[][], jobs: number): Section {
  const names = bench.options.contenders.map((one) => one.name);
  const skipped = bench.options.quick ? 0 : WARMUPS;
  const warm = rounds.map((all) => all.slice(skipped));
  const figures: [string, (all: readonly Round[]) => number][] = [
    ["adding", (all) => median(all.map((one) => one.addMs))],
    ["processing", (all) => median(all.map((one) => one.processMs))],
    ["both", (all) => median(all.map((one) => one.addMs + one.processMs))],
    ["the server's processor time", (all) => median(all.map((one) => one.cpuMs))],
  ];
  const rows = figures.map(([what, of]) => row(what, warm.map(of)));
  const first = rounds.map(([one]) => one!.addMs + one!.processMs);
  return {
    title: "BullMQ",
    head: ["Milliseconds", ...names, "ratio"],
    rows: [...rows, row("both, first round after the start", first)],
    notes: [
      `${count(jobs)} jobs added, 50 at a time, then processed by 5 workers; AOF everysec. Medians of ${warm[0]!.length} rounds ` +
        `per server, in turn, after ${skipped} that do not count.`,
    ],
    data: rounds.map((all, i) => ({ name: names[i], rounds: all })),
  };
}

function row(what: string, figures: readonly number[]): string[] {
  return [what, ...figures.map((one) => fixed(one, 0)), fixed(ratio(figures), 2)];
}
