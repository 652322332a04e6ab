/** How long each server takes to load the same AOF, until it answers commands. */
import { cpSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { askNumber } from "../ask.ts";
import { type Bench, progress, ratio, serverOptions } from "../bench.ts";
import { type Argument, filler, random, sequence } from "../encode.ts";
import { median } from "../histogram.ts";
import { readCpu } from "../proc.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";
import { type Contender, makeFolder, removeFolder, type Server, withServer } from "../servers.ts";

const COMMANDS = 5_000_000;
const COMMANDS_QUICK = 50_000;
const LOADS = 3;
/** One file name and one form of the base file for both, whatever their defaults. */
const FILE = ["--appendfilename", "appendonly.aof", "--aof-use-rdb-preamble", "no"];

interface Figures {
  readonly readyMs: number;
  readonly cpuMs: number;
}

/** Shares of the commands in the file, and what each is. */
function mix(commands: number): [number, Argument[]][] {
  const keys = Math.ceil(commands / 5);
  return [
    [0.4, ["SET", sequence("key:"), filler(16)]],
    [0.2, ["SET", random("key:", keys), filler(100)]],
    [0.2, ["HSET", random("hash:", keys / 10), random("field:", 10), filler(16)]],
    [0.2, ["INCR", random("counter:", keys)]],
  ];
}

export async function replay(bench: Bench): Promise<Section[]> {
  const { contenders, quick, scratch } = bench.options;
  const commands = quick ? COMMANDS_QUICK : COMMANDS;
  const folder = makeFolder(scratch);
  try {
    const keys = await write(bench, folder, commands);
    const figures: Figures[][] = contenders.map(() => []);
    for (let i = 0; i < (quick ? 1 : LOADS); i++) {
      for (const [at, contender] of contenders.entries()) figures[at]!.push(await load(bench, contender, folder, keys));
    }
    return [section(bench, figures, commands, keys, folderBytes(folder))];
  } finally {
    removeFolder(folder);
  }
}

/** Has the last contender (redis-server, where there is one) write the file; gives the number of its keys. */
function write(bench: Bench, dir: string, commands: number): Promise<number> {
  progress("replay: writing the file");
  const options = serverOptions(bench, "everysec", { dir, extra: FILE });
  return withServer(bench.options.contenders.at(-1)!, options, async (server) => {
    for (const [share, args] of mix(commands)) await bench.generator.fill(server, args, Math.round(share * commands));
    return askNumber(server.port, "DBSIZE");
  });
}

async function load(bench: Bench, contender: Contender, folder: string, keys: number): Promise<Figures> {
  progress(`replay: ${contender.name}`);
  const dir = makeFolder(bench.options.scratch);
  try {
    cpSync(folder, dir, { recursive: true });
    const options = serverOptions(bench, "everysec", { dir, extra: FILE });
    return await withServer(contender, options, async (server: Server) => {
      const loaded = await askNumber(server.port, "DBSIZE");
      if (loaded !== keys) throw new Error(`${contender.name} loaded ${loaded} keys of ${keys}`);
      return { readyMs: server.readyMs, cpuMs: readCpu(server.pid).processNs / 1e6 };
    });
  } finally {
    removeFolder(dir);
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

function section(bench: Bench, figures: Figures[][], commands: number, keys: number, bytes: number): Section {
  const { contenders } = bench.options;
  const ready = figures.map((all) => median(all.map((one) => one.readyMs)));
  return {
    title: "AOF replay",
    head: ["Server", "ready after ms", "commands/s", "processor time ms"],
    rows: figures.map((all, i) => [
      contenders[i]!.name,
      count(ready[i]!),
      count((commands / ready[i]!) * 1000),
      count(median(all.map((one) => one.cpuMs))),
    ]),
    notes: [
      `${count(commands)} commands (${megabytes(bytes)}, ${count(keys)} keys) written by ${contenders.at(-1)!.name}: SET, HSET ` +
        `and INCR; each server loads a copy ${figures[0]!.length} times, from start of the process to the first PONG.`,
      `Time to ready, ratio: ${fixed(ratio(ready), 2)}.`,
    ],
    data: figures,
  };
}
