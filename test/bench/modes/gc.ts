/** How long the collections of our JavaScript heap stop the server with 10M keys, by the runtime's own log of them. */
import { readFileSync } from "node:fs";
import { ask, askLongestTurn } from "../ask.ts";
import { type Bench, progress, serverOptions } from "../bench.ts";
import { type Argument, filler, random, sequence } from "../encode.ts";
import { count, fixed, milliseconds, type Section } from "../report.ts";
import { type Server, withServer } from "../servers.ts";

const KEYS = 10_000_000;
const KEYS_QUICK = 100_000;
const PHASE_MS = 15_000;
const PHASE_MS_QUICK = 1000;
const LOAD = { connections: 50, pipeline: 16, sendExactly: null };
/** Has the runtime write a line for every part of a collection to the standard error. */
const LOGGING = { BUN_JSC_logGC: "1" };

/** Collections of one heap, and the pauses in which it stood still for them. */
export interface Collections {
  readonly eden: number;
  readonly full: number;
  readonly pausesMs: readonly number[];
}

interface Phase extends Collections {
  readonly name: string;
  readonly commandsPerSecond: number;
  readonly seconds: number;
  readonly turnUsMax: number | undefined;
}

export async function gc(bench: Bench): Promise<Section[]> {
  const keys = bench.options.quick ? KEYS_QUICK : KEYS;
  const options = serverOptions(bench, "off", { env: LOGGING });
  const phases = await withServer(bench.options.contenders[0]!, options, (server) => measure(bench, server, keys));
  return [section(phases, keys)];
}

async function measure(bench: Bench, server: Server, keys: number): Promise<Phase[]> {
  const msMax = bench.options.quick ? PHASE_MS_QUICK : PHASE_MS;
  const phases: Phase[] = [];
  const run = async (name: string, args: Argument[], commandsMax: number): Promise<void> => {
    progress(`gc: ${name}`);
    await ask(server.port, "CONFIG", "RESETSTAT");
    const from = readFileSync(server.log).length;
    const measured = { msMax: commandsMax === keys ? Number.MAX_SAFE_INTEGER : msMax, commandsMax };
    const { commands, seconds } = await bench.generator.fill(server, args, keys, { ...LOAD, measured });
    const turnUsMax = await askLongestTurn(server.port);
    const collections = readCollections(readFileSync(server.log).subarray(from).toString("latin1"));
    phases.push({ name, commandsPerSecond: commands / seconds, seconds, turnUsMax, ...collections });
  };
  await run(`SET of ${count(keys)} new keys`, ["SET", sequence("key:"), filler(16)], keys);
  await run("SET", ["SET", random("key:", keys), filler(16)], Number.MAX_SAFE_INTEGER);
  await run("GET", ["GET", random("key:", keys)], Number.MAX_SAFE_INTEGER);
  return phases;
}

/** What a part of the runtime's log says of the largest heap, the main thread's: each worker has one of its own. */
export function readCollections(log: string): Collections {
  const lines = log.split("\n").map((line) => ({ line, heap: /^\[GC<(0x[0-9a-f]+)>: /.exec(line)?.[1] }));
  let [heap, largest] = ["", -1];
  for (const { line, heap: one } of lines) {
    const kilobytes = Number(/START M (\d+)kb/.exec(line)?.[1] ?? -1);
    if (one !== undefined && kilobytes > largest) [heap, largest] = [one, kilobytes];
  }
  const text = lines.filter((one) => one.heap === heap).map(({ line }) => line);
  const starts = (kind: string) => text.filter((line) => line.includes("START M") && line.includes(kind)).length;
  const pauses = text.flatMap((line) => [...line.matchAll(/ p=([\d.]+)ms/g)]);
  return {
    eden: starts("=> EdenCollection"),
    full: starts("=> FullCollection"),
    pausesMs: pauses.map((match) => Number(match[1])),
  };
}

function section(phases: readonly Phase[], keys: number): Section {
  return {
    title: "Collections of the JavaScript heap",
    head: [
      "Load",
      "commands/s",
      "eden / full collections",
      "longest pause ms",
      "paused, % of the time",
      "longest turn ms",
    ],
    rows: phases.map(({ name, commandsPerSecond, seconds, eden, full, pausesMs, turnUsMax }) => [
      name,
      count(commandsPerSecond),
      `${eden} / ${full}`,
      fixed(Math.max(0, ...pausesMs), 2),
      fixed(pausesMs.reduce((sum, ms) => sum + ms, 0) / seconds / 10, 2),
      milliseconds(turnUsMax ?? Number.NaN),
    ]),
    notes: [
      `${count(keys)} keys of 16 bytes with values of 16, ${LOAD.connections} connections with ${LOAD.pipeline} commands each. Pauses of the ` +
        "main thread's heap by the runtime's log (BUN_JSC_logGC=1). Longest turn: of the event loop, by INFO eventloop, requests, background " +
        "work and pauses in it together.",
    ],
    data: phases,
  };
}
