/** What a snapshot costs: how long each server takes to load the same one, and to write it with BGSAVE when nobody asks it anything. */
import { cpSync, statSync } from "node:fs";
import { join } from "node:path";
import { ask, askInfo, askNumber } from "../ask.ts";
import { type Bench, progress, ratio, serverOptions } from "../bench.ts";
import { type Argument, filler, random, randomNumber, sequence } from "../encode.ts";
import { median } from "../histogram.ts";
import { nowNs, pause } from "../now.ts";
import { readFamilyNs } from "../proc.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";
import { type Contender, makeFolder, removeFolder, type Server, withServer } from "../servers.ts";

const KEYS = 5_000_000;
/** A collection counts for so many of the keys. */
const COLLECTION_KEYS = 8;
const QUICK_SHARE = 100;
const LOADS = 3;
const LOOK_MS = 5;
const FILE = "dump.rdb";
const SAVED = "saved.rdb";

interface Data {
  readonly title: string;
  readonly keys: number;
  /** Commands that each make `keys` / number of commands keys. */
  readonly commands: readonly Argument[][];
}

interface Figures {
  readonly loadMs: number;
  readonly loadCpuMs: number;
  readonly saveMs: number;
  readonly saveCpuMs: number;
}

function datasets(quick: boolean): Data[] {
  const keys = quick ? KEYS / QUICK_SHARE : KEYS;
  const members = Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? randomNumber(10_000 + i, 80_000) : word(i)));
  const scored = members.flatMap((member, i) => [randomNumber(1000 * (i + 1), 1000), member]);
  const fields = ["name", word(0), "age", randomNumber(10, 90), "city", word(1), "id", randomNumber(100_000, 800_000)];
  return [
    { title: "strings", keys, commands: [["SET", sequence("key:"), filler(16)]] },
    {
      title: "small collections",
      keys: keys / COLLECTION_KEYS,
      commands: [
        ["HSET", sequence("hash:"), ...fields],
        ["SADD", sequence("set:"), ...members],
        ["ZADD", sequence("zset:"), ...scored],
        ["RPUSH", sequence("list:"), ...members],
        ["SADD", sequence("integers:"), ...Array.from({ length: 10 }, () => randomNumber(10_000, 90_000))],
      ],
    },
  ];
}

/** A short text that is no number. */
function word(i: number): Argument {
  return random(`word${i}-`, 1_000_000);
}

export async function rdb(bench: Bench): Promise<Section[]> {
  const sections: Section[] = [];
  for (const data of datasets(bench.options.quick)) {
    const folder = makeFolder(bench.options.scratch);
    try {
      await write(bench, folder, data);
      sections.push(await compare(bench, folder, data));
    } finally {
      removeFolder(folder);
    }
  }
  return sections;
}

/** Has the last contender (redis-server, where there is one) write the file. */
function write(bench: Bench, dir: string, { title, keys, commands }: Data): Promise<void> {
  progress(`rdb: writing ${title}`);
  const options = serverOptions(bench, "off", { dir, extra: ["--dbfilename", FILE] });
  return withServer(bench.options.contenders.at(-1)!, options, async (server) => {
    for (const args of commands) await bench.generator.fill(server, args, Math.round(keys / commands.length));
    await save(server);
  });
}

async function compare(bench: Bench, folder: string, data: Data): Promise<Section> {
  const { contenders, quick } = bench.options;
  const figures: Figures[][] = contenders.map(() => []);
  for (let i = 0; i < (quick ? 1 : LOADS); i++) {
    for (const [at, contender] of contenders.entries())
      figures[at]!.push(await measure(bench, contender, folder, data));
  }
  return section(bench, figures, data, statSync(join(folder, FILE)).size);
}

async function measure(bench: Bench, contender: Contender, folder: string, { title, keys }: Data): Promise<Figures> {
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

function section(bench: Bench, figures: Figures[][], { title, keys }: Data, bytes: number): Section {
  const { contenders } = bench.options;
  const kinds = ["loadMs", "loadCpuMs", "saveMs", "saveCpuMs"] as const;
  const medians = kinds.map((kind) => figures.map((all) => median(all.map((one) => one[kind]))));
  const rows = contenders.map(({ name }, i) => [name, ...medians.map((of) => count(of[i]!))]);
  if (contenders.length === 2) rows.push(["ratio", ...medians.map((of) => fixed(ratio(of), 2))]);
  return {
    title: `Snapshot of ${title}`,
    head: ["Server", "load ms", "processor ms", "BGSAVE ms", "processor ms"],
    rows,
    notes: [
      `${count(keys)} keys (${megabytes(bytes)}) written by ${contenders.at(-1)!.name}; each server loads a copy ` +
        `${figures[0]!.length} times, from start of the process to the first PONG, and saves it. Processor time is all threads' and children's; ` +
        "that of loading has the start in it.",
    ],
    data: figures,
  };
}
