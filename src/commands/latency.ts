import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { helpCommand } from "../command/help.ts";
import type { TableEntry } from "../command/table.ts";
import { latencyReport } from "../info/latency-doctor.ts";
import { latencyGraph } from "../info/latency-graph.ts";
import type { Histogram } from "../lib/histogram.ts";

/** The first bucket of LATENCY HISTOGRAM; each following one is twice as wide. */
const FIRST_BUCKET_NS = 1024;
const NS_PER_US = 1000;

const metadata = { flags: ["admin", "noscript", "loading", "stale"], group: "server", since: "2.8.13" } as const;
const reading = {
  ...metadata,
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
} as const;

const doctor = command({
  ...reading,
  name: "doctor",
  arity: 2,
  summary: "Tells in words what held the server up, and what might help.",
  complexity: "O(N) where N is the number of delays remembered",
  run(c) {
    c.reply.verbatim("txt", latencyReport(c.server));
  },
});

const graph = command({
  ...reading,
  name: "graph",
  arity: 3,
  summary: "Draws the delays of an event.",
  complexity: "O(N) where N is the number of delays remembered",
  syntax: "event",
  run(c) {
    const event = c.args.text(2);
    const delays = c.server.observation.latency.get(event);
    if (delays === undefined) return c.failText(`ERR No samples available for event '${c.args.quoted(2)}'`);
    c.reply.verbatim("txt", latencyGraph(event, delays, Math.floor(c.nowMs / 1000)));
  },
});

const histogram = command({
  ...reading,
  name: "histogram",
  arity: -2,
  since: "7.0.0",
  summary:
    "Gives the distribution of the time that commands took; and, if they are named as the other subcommands name them, that of background work, " +
    "and of eventloop-turn and eventloop-lag.",
  complexity: "O(N) where N is the number of commands",
  syntax: "[command...]",
  run(c) {
    const mark = c.reply.beginDeferred();
    let pairs = 0;
    for (const { fullName, stats } of chosenCommands(c)) {
      if (stats.latency === undefined || stats.latency.count === 0) continue;
      c.reply.bulkText(fullName);
      writeHistogram(c, stats.latency, NS_PER_US);
      pairs++;
    }
    for (let i = 2; i < c.argc; i++) {
      const event = c.args.text(i).toLowerCase();
      const lengths = c.server.stats.loop.histogram(event);
      if (lengths === undefined || lengths.count === 0) continue;
      c.reply.bulkText(event);
      writeHistogram(c, lengths, 1);
      pairs++;
    }
    c.reply.endDeferredMap(mark, pairs);
  },
});

/** Those that the arguments name, or all; a container stands for its subcommands. */
function chosenCommands(c: Call): Iterable<TableEntry> {
  const { table } = c.server;
  if (c.argc === 2) return table.all();
  const chosen: TableEntry[] = [];
  for (let i = 2; i < c.argc; i++) {
    const entry = table.get(c.args.text(i).toLowerCase());
    if (entry !== undefined) chosen.push(...(entry.subcommands?.values() ?? [entry]));
  }
  return chosen;
}

/** `unit`: so many of the histogram's are a microsecond. */
function writeHistogram({ reply }: Call, latency: Histogram, unit: number): void {
  const buckets = latency.doublings(unit === 1 ? 1 : FIRST_BUCKET_NS);
  reply.map(2);
  reply.bulkText("calls");
  reply.integer(latency.count);
  reply.bulkText("histogram_usec");
  reply.map(buckets.length);
  for (const { upTo, count } of buckets) {
    reply.integer(Math.floor(upTo / unit));
    reply.integer(count);
  }
}

const history = command({
  ...reading,
  name: "history",
  arity: 3,
  summary: "Gives the delays of an event with their times.",
  complexity: "O(N) where N is the number of delays remembered",
  syntax: "event",
  run(c) {
    const samples = c.server.observation.latency.get(c.args.text(2))?.samples ?? [];
    c.reply.array(samples.length);
    for (const { unixSeconds, ms } of samples) {
      c.reply.array(2);
      c.reply.integer(unixSeconds);
      c.reply.integer(ms);
    }
  },
});

const latest = command({
  ...reading,
  name: "latest",
  arity: 2,
  summary: "Gives the last delay of every event, and its longest.",
  complexity: "O(N) where N is the number of events",
  run(c) {
    const events = [...c.server.observation.latency];
    c.reply.array(events.length);
    for (const [event, { samples, maxMs }] of events) {
      const { unixSeconds, ms } = samples[samples.length - 1];
      c.reply.array(4);
      c.reply.bulkText(event);
      c.reply.integer(unixSeconds);
      c.reply.integer(ms);
      c.reply.integer(maxMs);
    }
  },
});

const reset = command({
  ...metadata,
  name: "reset",
  arity: -2,
  summary: "Forgets the delays of some events, or of all.",
  complexity: "O(N) where N is the number of events",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  syntax: "[event...]",
  run(c) {
    const { latency } = c.server.observation;
    let forgotten = c.argc === 2 ? latency.reset() : 0;
    for (let i = 2; i < c.argc; i++) if (latency.forget(c.args.text(i))) forgotten++;
    c.reply.integer(forgotten);
  },
});

const subcommands = [doctor, graph, histogram, history, latest, reset];
const help = helpCommand("LATENCY", { group: "server", since: "2.8.13" }, subcommands, {
  graph: "<event>",
  histogram: "[<command> ...]",
  history: "<event>",
  reset: "[<event> ...]",
});

export const latency = command({
  name: "latency",
  arity: -2,
  group: "server",
  since: "2.8.13",
  summary: "Holds the commands about what held the server up.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
