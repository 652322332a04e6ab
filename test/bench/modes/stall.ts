/** The longest times that the event loop kept a second client waiting while a big keyspace grows, rests and shrinks. */
import { askInfo } from "../ask.ts";
import { type Bench, progress, withEach } from "../bench.ts";
import { type Argument, filler, sequence } from "../encode.ts";
import { Histogram } from "../histogram.ts";
import type { Gap, ProbeResult } from "../probe.ts";
import { count, milliseconds, type Section } from "../report.ts";
import type { AofMode, Contender, Server } from "../servers.ts";

const KEYS = 5_000_000;
const KEYS_QUICK = 100_000;
const REST_MS = 3000;
/** Few commands under way at a time: a ping should wait for the server's loop, not behind a crowd. */
export const GENTLE = { connections: 4, pipeline: 16, probe: true };
const INFO_FIELDS = /stall|eventloop|loop_/;

/** Stalls of one contender's server in one phase. */
export interface Stalls {
  readonly contender: string;
  readonly phase: string;
  readonly probe: ProbeResult;
}

export const STALL_HEAD = [
  "Server",
  "phase",
  "p99.9 ms",
  "max ms",
  "p99.9 ms, own",
  "max ms, own",
  "longest, own (after n commands)",
];
export const OWN_NOTE =
  "Own: without the time for which the kernel kept the server's main thread or the client waiting for a core.";

export async function stall(bench: Bench): Promise<Section[]> {
  const keys = bench.options.quick ? KEYS_QUICK : KEYS;
  const sections: Section[] = [];
  for (const aof of bench.options.aof) {
    const info: string[] = [];
    const figures = await withEach(bench, aof, (server, contender) => measure(bench, server, contender, keys, info));
    sections.push(section(aof, keys, figures.flat(), info));
  }
  return sections;
}

async function measure(
  bench: Bench,
  server: Server,
  contender: Contender,
  keys: number,
  info: string[],
): Promise<Stalls[]> {
  const figures: Stalls[] = [];
  const key = sequence("key:");
  const load = async (phase: string, args: Argument[], commands: number): Promise<void> => {
    progress(`stall ${contender.name}: ${phase}`);
    const result = await bench.generator.fill(server, args, commands, GENTLE);
    figures.push({ contender: contender.name, phase, probe: result.probe! });
  };
  await load(`load ${count(keys)} keys`, ["SET", key, filler(16)], keys);
  const probe = await bench.generator.probe({ port: server.port, serverPid: server.pid, ms: REST_MS });
  figures.push({ contender: contender.name, phase: "rest afterwards", probe });
  await load("delete 90% of them", ["DEL", key], keys * 0.9);
  for (const [name, value] of await askInfo(server.port, INFO_FIELDS)) info.push(`${contender.name}: ${name} ${value}`);
  return figures;
}

function section(aof: AofMode, keys: number, figures: readonly Stalls[], info: readonly string[]): Section {
  return {
    title: `Event-loop stalls, AOF ${aof}`,
    head: STALL_HEAD,
    rows: figures.map(stallCells),
    notes: [
      `A second client pings every millisecond while ${GENTLE.connections} connections with ${GENTLE.pipeline} commands each ` +
        `write ${count(keys)} keys, so the tables grow (and, deleting, shrink) meanwhile. ${OWN_NOTE}`,
      ...info,
    ],
    data: figures,
  };
}

export function stallCells({ contender, phase, probe }: Stalls): string[] {
  const all = Histogram.of(probe.gaps);
  const own = Histogram.of(probe.ownGaps);
  const worst = probe.worst.slice(0, 3).map((gap: Gap) => `${milliseconds(gap.ownUs)} (${count(gap.at)})`);
  const figures = [all, own].flatMap((one) => [milliseconds(one.quantile(0.999)), milliseconds(one.max)]);
  return [contender, phase, ...figures, worst.join(", ")];
}
