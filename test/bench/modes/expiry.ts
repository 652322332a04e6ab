/**
 * Lag of expiry. Keys get deadlines spread evenly over a stretch of time that begins after the load; then nobody touches them, and
 * the number of keys left is compared, again and again, with the number that should be left. The lag seen this way is the
 * distance in time between the two curves; it does not depend on what a server says of itself, which is printed too.
 */
import { ask, askInfo, askNumber } from "../ask.ts";
import { type Bench, progress, withEach } from "../bench.ts";
import { filler, risingNumber, sequence } from "../encode.ts";
import { nowNs, pause } from "../now.ts";
import { count, fixed, type Section } from "../report.ts";
import type { Contender, Server } from "../servers.ts";

interface Plan {
  readonly keys: number;
  readonly leadMs: number;
  readonly spreadMs: number;
}

const PLAN: Plan = { keys: 1_000_000, leadMs: 10_000, spreadMs: 60_000 };
const PLAN_QUICK: Plan = { keys: 20_000, leadMs: 2_000, spreadMs: 2_000 };
const SAMPLE_MS = 10;
/** After the last deadline, before it is given up. */
const PATIENCE_MS = 120_000;

/** Keys left at a moment, in milliseconds since the first deadline. */
interface Sample {
  readonly ms: number;
  readonly left: number;
}

interface Figures {
  readonly lag: Lag;
  readonly info: [string, string][];
}

/** Milliseconds between the deadline that the n-th removal should have met and that removal. */
export interface Lag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export async function expiry(bench: Bench): Promise<Section[]> {
  const plan = bench.options.quick ? PLAN_QUICK : PLAN;
  const figures = await withEach(bench, "everysec", (server, contender) => measure(bench, server, contender, plan));
  const names = bench.options.contenders.map((one) => one.name);
  return [
    {
      title: "Lag of expiry",
      head: ["Server", "p50 ms", "p99 ms", "max ms"],
      rows: figures.map(({ lag }, i) => [names[i]!, ...[lag.p50, lag.p99, lag.max].map((ms) => fixed(ms, 0))]),
      notes: [
        `${count(plan.keys)} keys with deadlines spread evenly over ${plan.spreadMs / 1000} s, not touched again. Time between ` +
          `a deadline and the removal due with it, from outside by DBSIZE every ${SAMPLE_MS} ms. AOF everysec.`,
        ...figures.flatMap(({ info }, i) => info.map(([name, value]) => `${names[i]}: ${name} ${value}`)),
      ],
      data: figures,
    },
  ];
}

async function measure(bench: Bench, server: Server, contender: Contender, plan: Plan): Promise<Figures> {
  progress(`expiry ${contender.name}`);
  const firstNs = nowNs() + plan.leadMs * 1e6;
  const firstDeadline = (await serverTimeMs(server.port)) + plan.leadMs;
  const deadline = risingNumber(firstDeadline, plan.spreadMs / plan.keys);
  await bench.generator.fill(server, ["SET", sequence("key:"), filler(16), "PXAT", deadline], plan.keys);
  if (nowNs() > firstNs) throw new Error("loading the keys took longer than the time before their first deadline");
  const samples = await watch(server.port, firstNs, plan);
  return { lag: lagOf(samples, plan.keys, plan.spreadMs), info: await askInfo(server.port, /expire/i) };
}

async function serverTimeMs(port: number): Promise<number> {
  const [, , seconds, , micros] = (await ask(port, "TIME")).split("\r\n");
  return Math.floor(Number(seconds) * 1000 + Number(micros) / 1000);
}

async function watch(port: number, firstNs: number, plan: Plan): Promise<Sample[]> {
  const samples: Sample[] = [];
  while ((nowNs() - firstNs) / 1e6 < plan.spreadMs + PATIENCE_MS) {
    const left = await askNumber(port, "DBSIZE");
    samples.push({ ms: (nowNs() - firstNs) / 1e6, left });
    if (left === 0) return samples;
    await pause(SAMPLE_MS);
  }
  throw new Error(`keys were left ${PATIENCE_MS / 1000} s after the last deadline`);
}

/**
 * The lag's quantiles over all keys, from samples that end with 0 keys left: the keys that went between two samples count as gone
 * at the second one.
 */
export function lagOf(samples: readonly Sample[], keys: number, spreadMs: number): Lag {
  const lags = new Float64Array(keys);
  let gone = 0;
  for (const { ms, left } of samples) {
    for (; gone < keys - left; gone++) lags[gone] = ms - Math.floor((gone * spreadMs) / keys);
  }
  lags.sort();
  return { p50: lags[Math.floor(keys / 2)]!, p99: lags[Math.floor(keys * 0.99)]!, max: lags[keys - 1]! };
}
