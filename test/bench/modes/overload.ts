/** Writers at full speed with no room for more: how far memory goes beyond its limit, and how long others wait. */
import { ask, askInfo } from "../ask.ts";
import { type Bench, progress, withEach } from "../bench.ts";
import { filler, random } from "../encode.ts";
import { Histogram } from "../histogram.ts";
import type { LoadResult } from "../jobs.ts";
import { pause } from "../now.ts";
import { count, fixed, megabytes, milliseconds, type Section } from "../report.ts";
import type { Contender, Server } from "../servers.ts";

const LIMIT_BYTES = 100 * 1024 ** 2;
const LIMIT_BYTES_QUICK = 10 * 1024 ** 2;
const SECONDS = 120;
const SECONDS_QUICK = 1;
const SAMPLE_MS = 20;
const POLICY = "allkeys-lru";
const LOAD = { connections: 10, pipeline: 16, probe: true };

interface Figures {
  readonly contender: string;
  readonly load: LoadResult;
  /** The most that was seen of each. */
  readonly usedBytes: number;
  readonly rssBytes: number;
  readonly samples: number;
  readonly evictedKeys: number;
}

export async function overload(bench: Bench): Promise<Section[]> {
  const { quick } = bench.options;
  const limit = quick ? LIMIT_BYTES_QUICK : LIMIT_BYTES;
  const seconds = quick ? SECONDS_QUICK : SECONDS;
  const extra = ["--maxmemory", String(limit), "--maxmemory-policy", POLICY];
  const figures = await withEach(
    bench,
    "off",
    (server, contender) => measure(bench, server, contender, seconds * 1000),
    extra,
  );
  return [section(figures, limit, seconds)];
}

async function measure(bench: Bench, server: Server, contender: Contender, ms: number): Promise<Figures> {
  progress(`overload ${contender.name}`);
  const most = { usedBytes: 0, rssBytes: 0, samples: 0 };
  const stop = new AbortController();
  const watching = watch(server, most, stop.signal);
  const load = await bench.generator.load({
    port: server.port,
    serverPid: server.pid,
    args: ["SET", random("key:", 1_000_000_000), filler(100)],
    firstNumber: 0,
    seed: 1,
    warmup: { msMax: 0, commandsMax: 0 },
    measured: { msMax: ms, commandsMax: Number.MAX_SAFE_INTEGER },
    sendExactly: null,
    subscribers: 0,
    channel: "",
    ...LOAD,
  });
  stop.abort();
  await watching;
  const [[, evicted]] = (await askInfo(server.port, /^evicted_keys$/)) as [[string, string]];
  return { contender: contender.name, load, ...most, evictedKeys: Number(evicted) };
}

/** Looks at the server's memory all the time. */
async function watch(
  server: Server,
  most: { usedBytes: number; rssBytes: number; samples: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const used = /used_memory:(\d+)/.exec(await ask(server.port, "INFO", "memory"))?.[1];
    most.usedBytes = Math.max(most.usedBytes, Number(used));
    most.rssBytes = Math.max(most.rssBytes, server.rssBytes());
    most.samples++;
    await pause(SAMPLE_MS);
  }
}

function section(figures: readonly Figures[], limit: number, seconds: number): Section {
  return {
    title: "Overload at the limit of memory",
    head: [
      "Server",
      "commands/s",
      "evicted",
      "most in use, % of the limit",
      "most RSS",
      "p50 / p99.9 ms of a batch",
      "p99.9 / max ms of a ping",
      "p99.9 / max ms, own",
    ],
    rows: figures.map(({ contender, load, usedBytes, rssBytes, evictedKeys }) => {
      const batches = Histogram.of(load.latency);
      const [all, own] = [load.probe!.gaps, load.probe!.ownGaps].map((gaps) => Histogram.of(gaps));
      return [
        contender,
        count(load.commands / load.seconds),
        count(evictedKeys),
        fixed((usedBytes / limit) * 100, 2),
        megabytes(rssBytes),
        `${milliseconds(batches.quantile(0.5))} / ${milliseconds(batches.quantile(0.999))}`,
        ...[all!, own!].map((one) => `${milliseconds(one.quantile(0.999))} / ${milliseconds(one.max)}`),
      ];
    }),
    notes: [
      `SET of 100 B to new keys for ${seconds} s by ${LOAD.connections} connections with ${LOAD.pipeline} commands each, ` +
        `maxmemory ${megabytes(limit)}, ${POLICY}, AOF off. Memory by INFO every ${SAMPLE_MS} ms (${figures.map(({ samples }) => samples).join(", ")} ` +
        "times). A second client pings every millisecond. Own: without the time for which the kernel kept the server's main " +
        "thread or the client waiting for a core.",
    ],
    data: figures,
  };
}
