/** How long a second client waits for single events that may keep everybody waiting: what is large deleted, copied, freed, moved. */
import { ask, askInfo, askLongestTurn } from "../ask.ts";
import { type Bench, orNote, progress, serverOptions } from "../bench.ts";
import { Caller } from "../caller.ts";
import { CLIENTS } from "../events/clients.ts";
import { DELETED_COLLECTIONS, WHOLE_COLLECTIONS } from "../events/collections.ts";
import type { Event, Scenario, Seen, Stage } from "../events/event.ts";
import { KEYSPACE } from "../events/keyspace.ts";
import { WASTED_MEMORY } from "../events/wasted-memory.ts";
import { Histogram } from "../histogram.ts";
import { pause } from "../now.ts";
import type { ProbeResult } from "../probe.ts";
import { milliseconds, type Section } from "../report.ts";
import { type Contender, withServer } from "../servers.ts";

const SCENARIOS = [KEYSPACE, ...DELETED_COLLECTIONS, ...WHOLE_COLLECTIONS, CLIENTS, WASTED_MEMORY];
const QUICK_PART = 0.01;
const QUICK_WATCH_PART = 0.02;
/** Between the first ping and the event. */
const LEAD_MS = 50;
/** What a preparation left to do is done before the next event. */
const SETTLE_MS = 1500;
const SETTLE_MS_QUICK = 20;

interface Figures {
  readonly contender: string;
  readonly scenario: string;
  readonly event: string;
  readonly error: string | null;
  /** Of the event's command, if it is one. */
  readonly replyUs: number;
  readonly probe: ProbeResult;
  /** The event loop's and the background jobs', if the server tells them. */
  readonly turnUsMax: number | undefined;
  readonly sliceUsMax: readonly (readonly [string, number])[];
}

export async function events(bench: Bench): Promise<Section[]> {
  const figures: Figures[] = [];
  for (const scenario of SCENARIOS) {
    const wanted = scenario.events.filter(({ name }) => bench.options.workload.test(`${scenario.name}: ${name}`));
    if (wanted.length === 0) continue;
    for (const contender of bench.options.contenders) {
      const what = `${scenario.name} on ${contender.name}`;
      figures.push(...(await orNote(bench, what, [], () => play(bench, contender, { ...scenario, events: wanted }))));
    }
  }
  return [section(figures)];
}

async function play(bench: Bench, contender: Contender, scenario: Scenario): Promise<Figures[]> {
  const { quick } = bench.options;
  const extra = ["--enable-debug-command", "yes", ...scenario.settings];
  return withServer(contender, serverOptions(bench, "off", { extra }), async (server) => {
    const caller = await Caller.connect(server.port);
    const scaled = (count: number) => (quick ? Math.ceil(count * QUICK_PART) : count);
    const figures: Figures[] = [];
    for (const event of scenario.events) {
      const seen = await watch({ bench, server, caller, scaled }, event, quick);
      figures.push({ contender: contender.name, scenario: scenario.name, event: event.name, ...seen });
      progress(cells(figures.at(-1)!).join(", "));
    }
    caller.close();
    return figures;
  });
}

async function watch(
  stage: Stage,
  event: Event,
  quick: boolean,
): Promise<Omit<Figures, "contender" | "scenario" | "event">> {
  const { server, bench } = stage;
  await event.prepare?.(stage);
  await pause(quick ? SETTLE_MS_QUICK : SETTLE_MS);
  await ask(server.port, "CONFIG", "RESETSTAT");
  const ms = event.watchMs * (quick ? QUICK_WATCH_PART : 1);
  const probing = ms > 0 ? bench.generator.probe({ port: server.port, serverPid: server.pid, ms }) : undefined;
  await pause(LEAD_MS);
  const seen: Seen = await event.happen(stage);
  const probe = (await probing) ?? seen.probe!;
  const turnUsMax = await askLongestTurn(server.port);
  const jobs = await askInfo(server.port, /^background_(?!budget)/);
  const sliceUsMax = jobs.map(
    ([name, text]) => [name.slice("background_".length), Number(/max=(\d+)/.exec(text)?.[1])] as const,
  );
  await event.clear?.(stage);
  const { answered } = seen;
  return { probe, turnUsMax, sliceUsMax, replyUs: answered?.us ?? Number.NaN, error: answered?.error ?? null };
}

function section(figures: readonly Figures[]): Section {
  return {
    title: "Longest waits for single events",
    head: ["", "event", "Server", "reply ms", "longest ping ms", "own", "longest turn ms", "longest slice ms"],
    rows: figures.map(cells),
    notes: [
      "A second client pings every millisecond meanwhile. Own: without the time for which the kernel kept the server's main thread or the " +
        "client waiting for a core. Longest turn of the server's event loop and longest slice of its work in the background, by INFO eventloop. " +
        "Reply: of the event's command. AOF off.",
    ],
    data: figures,
  };
}

function cells(figures: Figures): string[] {
  const { scenario, event, contender, error, replyUs, probe, turnUsMax, sliceUsMax } = figures;
  return [
    scenario,
    event,
    contender,
    error === null ? milliseconds(replyUs) : error.slice(0, 40),
    milliseconds(Histogram.of(probe.gaps).max),
    milliseconds(Histogram.of(probe.ownGaps).max),
    milliseconds(turnUsMax ?? Number.NaN),
    longest(sliceUsMax),
  ];
}

function longest(slices: readonly (readonly [string, number])[]): string {
  const [name, us] = slices.reduce((most, one) => (one[1] > most[1] ? one : most), ["", 0] as const);
  return us === 0 ? "-" : `${milliseconds(us)} ${name}`;
}
