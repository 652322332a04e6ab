/** What Lua costs before and at its first use: memory, and the time of the first EVAL. */
import { ask } from "../ask.ts";
import { type Bench, progress, serverOptions } from "../bench.ts";
import { median } from "../histogram.ts";
import { nowNs } from "../now.ts";
import { fixed, megabytes, type Section } from "../report.ts";
import { type Server, withServer } from "../servers.ts";

const STARTS = 9;
const STARTS_QUICK = 2;
/** Different scripts, as a library has them. */
const SCRIPTS = 100;

interface Figures {
  readonly pingMs: number;
  readonly firstMs: number;
  readonly secondMs: number;
  readonly idleBytes: number;
  readonly usedBytes: number;
}

export async function scripts(bench: Bench): Promise<Section[]> {
  const { contenders, quick } = bench.options;
  const figures: Figures[][] = contenders.map(() => []);
  progress("scripts");
  for (let i = 0; i < (quick ? STARTS_QUICK : STARTS); i++) {
    for (const [at, contender] of contenders.entries()) {
      figures[at]!.push(await withServer(contender, serverOptions(bench, "everysec"), measure));
    }
  }
  const names = contenders.map((one) => one.name);
  const middle = (all: readonly Figures[], of: (one: Figures) => number) => median(all.map(of));
  return [
    {
      title: "The first script",
      head: [
        "Server",
        "PING ms",
        "first EVAL ms",
        "second EVAL ms",
        "RSS without scripts",
        `RSS after ${SCRIPTS} scripts`,
      ],
      rows: figures.map((all, i) => [
        names[i]!,
        ...[(one: Figures) => one.pingMs, (one: Figures) => one.firstMs, (one: Figures) => one.secondMs].map((of) =>
          fixed(middle(all, of), 1),
        ),
        megabytes(middle(all, (one) => one.idleBytes)),
        megabytes(middle(all, (one) => one.usedBytes)),
      ]),
      notes: [
        `Medians of ${figures[0]!.length} starts each, in turn, with an empty folder. Times are with connecting.`,
      ],
      data: figures.map((all, i) => ({ name: names[i], figures: all })),
    },
  ];
}

async function measure(server: Server): Promise<Figures> {
  const idleBytes = server.rssBytes();
  const pingMs = await timed(server, "PING");
  const firstMs = await timed(server, "EVAL", "return redis.call('INCR', KEYS[1])", "1", "counter");
  const secondMs = await timed(server, "EVAL", "return redis.call('DECR', KEYS[1])", "1", "counter");
  for (let i = 0; i < SCRIPTS; i++)
    await ask(server.port, "EVAL", `return redis.call('INCRBY', KEYS[1], ${i})`, "1", "n");
  return { pingMs, firstMs, secondMs, idleBytes, usedBytes: server.rssBytes() };
}

async function timed(server: Server, ...args: string[]): Promise<number> {
  const startedNs = nowNs();
  const reply = await ask(server.port, ...args);
  if (reply.startsWith("-")) throw new Error(reply.trim());
  return (nowNs() - startedNs) / 1e6;
}
