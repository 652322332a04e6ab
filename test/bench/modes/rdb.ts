/** What a snapshot costs: how long each server takes to load the same one, and to write it with BGSAVE when nobody asks it anything. */
import { cpSync, statSync } from "node:fs";
import { join } from "node:path";
import { ask, askInfo, askNumber } from "../ask.ts";
import { type Bench, orNote, progress, ratio, serverOptions } from "../bench.ts";
import { median } from "../histogram.ts";
import { nowNs, pause } from "../now.ts";
import { readFamilyNs } from "../proc.ts";
import { count, fixed, type Section } from "../report.ts";
import { type Contender, makeFolder, removeFolder, type Server, withServer } from "../servers.ts";
import { type RdbData, rdbData } from "./rdb-data.ts";

const LOADS = 3;
const LOOK_MS = 5;
const FILE = "dump.rdb";
const SAVED = "saved.rdb";

interface Figures {
  readonly loadMs: number;
  readonly loadCpuMs: number;
  readonly saveMs: number;
  readonly saveCpuMs: number;
}

interface Measured {
  readonly data: RdbData;
  readonly bytes: number;
  /** By contender, and then by load. */
  readonly figures: readonly (readonly Figures[])[];
}

export async function rdb(bench: Bench): Promise<Section[]> {
  const { quick, workload } = bench.options;
  const measured: Measured[] = [];
  for (const data of rdbData(quick).filter(({ title }) => workload.test(title))) {
    const one = await orNote(bench, data.title, undefined, () => compare(bench, data));
    if (one !== undefined) measured.push(one);
  }
  return [section(bench, measured)];
}

async function compare(bench: Bench, data: RdbData): Promise<Measured> {
  const { contenders, quick, scratch } = bench.options;
  const folder = makeFolder(scratch);
  try {
    await write(bench, folder, data);
    const figures: Figures[][] = contenders.map(() => []);
    for (let i = 0; i < (quick ? 1 : LOADS); i++) {
      for (const [at, contender] of contenders.entries())
        figures[at]!.push(await measure(bench, contender, folder, data));
    }
    return { data, bytes: statSync(join(folder, FILE)).size, figures };
  } finally {
    removeFolder(folder);
  }
}

/** Has the last contender (redis-server, where there is one) write the file. */
function write(bench: Bench, dir: string, { title, fills }: RdbData): Promise<void> {
  progress(`rdb: writing ${title}`);
  const options = serverOptions(bench, "off", { dir, extra: ["--dbfilename", FILE] });
  return withServer(bench.options.contenders.at(-1)!, options, async (server) => {
    for (const [args, count] of fills) await bench.generator.fill(server, args, count);
    await save(server);
  });
}

async function measure(bench: Bench, contender: Contender, folder: string, { title, keys }: RdbData): Promise<Figures> {
  progress(`rdb: ${title} ${contender.name}`);
  const dir = makeFolder(bench.options.scratch);
  try {
    cpSync(join(folder, FILE), join(dir, FILE));
    const options = serverOptions(bench, "off", { dir, extra: ["--dbfilename", FILE] });
    return await withServer(contender, options, async (server) => {
      const loadCpuMs = readFamilyNs(server.pid) / 1e6;
      const loaded = await askNumber(server.port, "DBSIZE");
      if (loaded < keys * 0.99) throw new Error(`${contender.name} loaded ${loaded} keys of ${keys}`);
      await ask(server.port, "CONFIG", "SET", "dbfilename", SAVED);
      const before = readFamilyNs(server.pid);
      const saveMs = await save(server);
      return { loadMs: server.readyMs, loadCpuMs, saveMs, saveCpuMs: (readFamilyNs(server.pid) - before) / 1e6 };
    });
  } finally {
    removeFolder(dir);
  }
}

/** Saves in the background; gives the milliseconds until that is done. */
async function save(server: Server): Promise<number> {
  const startNs = nowNs();
  const reply = await ask(server.port, "BGSAVE");
  if (!reply.startsWith("+")) throw new Error(`BGSAVE: ${reply.trim()}`);
  for (;;) {
    await pause(LOOK_MS);
    const states = await askInfo(server.port, /^rdb_(bgsave_in_progress|last_bgsave_status)$/);
    if (states[0]?.[1] !== "0") continue;
    if (states[1]?.[1] !== "ok") throw new Error("BGSAVE failed");
    return (nowNs() - startNs) / 1e6;
  }
}

function section(bench: Bench, measured: readonly Measured[]): Section {
  const { contenders, quick } = bench.options;
  const kinds = ["loadMs", "loadCpuMs", "saveMs", "saveCpuMs"] as const;
  const rows = measured.map(({ data, bytes, figures }) => {
    const cells = kinds.flatMap((kind) => {
      const medians = figures.map((all) => median(all.map((one) => one[kind])));
      return [...medians.map(count), fixed(ratio(medians), 2)];
    });
    return [data.title, count(data.keys), fixed(bytes / 1e6, 1), ...cells];
  });
  const names = contenders.map(({ name }) => name);
  const head = ["load ms", "processor ms", "BGSAVE ms", "processor ms"].flatMap((what) => [
    ...names.map((name) => `${what} ${name}`),
    "ratio",
  ]);
  return {
    title: "Snapshots",
    head: ["Of", "keys", "MB", ...head],
    rows,
    notes: [
      `Written by ${names.at(-1)}; each server loads a copy ${quick ? 1 : LOADS} times, from start of the process to the first PONG, and ` +
        "saves it. Processor time is all threads' and children's; that of loading has the start in it.",
    ],
    data: measured,
  };
}
