/** What saving costs those who write meanwhile: BGSAVE and BGREWRITEAOF of many keys and three large collections. */
import { ask, askLongestTurn, infoFields } from "../ask.ts";
import { type Bench, progress, withEach } from "../bench.ts";
import { filler, sequence } from "../encode.ts";
import type { Histogram } from "../histogram.ts";
import { nowNs, pause } from "../now.ts";
import { readStolenMs } from "../proc.ts";
import { count, fixed, megabytes, milliseconds, type Section } from "../report.ts";
import type { AofMode, Contender, Server } from "../servers.ts";
import { type Extent, SteadyWriter } from "../steady-writer.ts";

const EXTENT = { keys: 5_000_000, elements: 1_000_000 };
const EXTENT_QUICK = { keys: 100_000, elements: 20_000 };
const WRITES_PER_SECOND = 20_000;
/** The clients' code, and the server's, is compiled meanwhile. */
const WARM_MS = 10_000;
const QUIET_MS = 5000;
/** The first save of a process is one of its own: its code is new. */
const SAVES = ["first", "second"] as const;
const LOOK_MS = 25;
const IN_PROGRESS = /^(rdb_bgsave_in_progress|aof_rewrite_in_progress)$/;

interface Figures {
  readonly contender: string;
  readonly what: string;
  readonly which: (typeof SAVES)[number];
  readonly quiet: Histogram;
  readonly during: Histogram;
  /** Of the server's event loop, where it tells it. */
  readonly turnUsMax: number | undefined;
  readonly seconds: number;
  /** Milliseconds in which the machine had work and was not run, by which the figures of a shared one are to be judged. */
  readonly stolenMs: number;
  readonly rssBefore: number;
  readonly rssPeak: number;
}

export async function snapshot(bench: Bench): Promise<Section[]> {
  const extent = bench.options.quick ? EXTENT_QUICK : EXTENT;
  const figures: Figures[] = [];
  // One server saves in a process of its own and the other in a thread: both need a second core as they have it in practice.
  const unpinned: Bench = { ...bench, cores: { ...bench.cores, server: null } };
  for (const aof of bench.options.aof) {
    const found = await withEach(unpinned, aof, (server, contender) => measure(bench, server, contender, extent, aof));
    figures.push(...found.flat());
  }
  return [section(extent, figures)];
}

/** With the AOF off snapshots are saved, else the file is rewritten. */
async function measure(
  bench: Bench,
  server: Server,
  { name }: Contender,
  extent: Extent,
  aof: AofMode,
): Promise<Figures[]> {
  const what = aof === "off" ? "BGSAVE" : "BGREWRITEAOF";
  progress(`${what} ${name}`);
  await fill(bench, server, extent);
  const writer = new SteadyWriter(extent, WRITES_PER_SECOND);
  await writer.start(server.port);
  await pause(WARM_MS);
  const figures: Figures[] = [];
  for (const which of SAVES) figures.push({ contender: name, what, which, ...(await save(server, writer, what)) });
  await writer.stop();
  return figures;
}

async function save(
  server: Server,
  writer: SteadyWriter,
  what: string,
): Promise<Omit<Figures, "contender" | "what" | "which">> {
  writer.take();
  await pause(QUIET_MS);
  const quiet = writer.take();
  const rssBefore = server.rssBytes();
  await ask(server.port, "CONFIG", "RESETSTAT");
  const stolenBefore = readStolenMs();
  const startNs = nowNs();
  await ask(server.port, what);
  let rssPeak = rssBefore;
  const seconds = await untilSaved(server, startNs, () => {
    rssPeak = Math.max(rssPeak, server.rssBytes());
  });
  const stolenMs = readStolenMs() - stolenBefore;
  const during = writer.take();
  return { quiet, during, turnUsMax: await askLongestTurn(server.port), seconds, stolenMs, rssBefore, rssPeak };
}

async function fill({ generator }: Bench, server: Server, { keys, elements }: Extent): Promise<void> {
  await generator.fill(server, ["SET", sequence("key:"), filler(16)], keys);
  await generator.fill(server, ["ZADD", "zset", sequence(""), sequence("member:")], elements);
  await generator.fill(server, ["HSET", "hash", sequence("field:"), filler(10)], elements);
  await generator.fill(server, ["RPUSH", "list", sequence("element:")], elements);
}

/** Seconds until nothing is being saved any more. */
async function untilSaved(server: Server, startNs: number, look: () => void): Promise<number> {
  for (;;) {
    await pause(LOOK_MS);
    look();
    const states = infoFields(await ask(server.port, "INFO", "persistence"), IN_PROGRESS);
    if (states.every(([, value]) => value === "0")) return (nowNs() - startNs) / 1e9;
  }
}

function section(extent: Extent, figures: readonly Figures[]): Section {
  const head = [
    "",
    "",
    "Server",
    "p99.9 quiet",
    "p99.9 during",
    "ratio",
    "longest",
    "longest turn",
    "seconds",
    "stolen",
    "RSS before",
    "peak",
    "ratio",
  ];
  const rows = figures.map(
    ({ contender, what, which, quiet, during, turnUsMax, seconds, stolenMs, rssBefore, rssPeak }) => [
      what,
      which,
      contender,
      milliseconds(quiet.quantile(0.999)),
      milliseconds(during.quantile(0.999)),
      fixed(during.quantile(0.999) / quiet.quantile(0.999), 1),
      milliseconds(during.max),
      turnUsMax === undefined ? "-" : milliseconds(turnUsMax),
      fixed(seconds, 2),
      milliseconds(stolenMs * 1000),
      megabytes(rssBefore),
      megabytes(rssPeak),
      fixed(rssPeak / rssBefore, 2),
    ],
  );
  const notes = [
    `${count(extent.keys)} keys of 14 bytes with values of 16, and a sorted set, a hash and a list of ${count(extent.elements)} elements each; ` +
      `${count(WRITES_PER_SECOND)} random updates of all of them a second, sent every millisecond, for ${count(WARM_MS / 1000)} seconds before anything is measured. Stolen: the time in which the machine, a virtual one, was not run while it saved. Milliseconds from sending to the last reply; longest turn: of the server's event loop, by INFO eventloop; ` +
      "servers on both cores here; RSS of the server's own process, in megabytes: redis-server's child has what was written meanwhile once more.",
  ];
  return { title: "Saving while others write", head, rows, notes, data: figures };
}
