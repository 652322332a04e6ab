/** `bun run bench`: compares go-redis with redis-server on this machine. See options.ts for its arguments. */
import { join } from "node:path";
import { type Bench, chooseCores, type Mode, orNote, progress } from "./bench.ts";
import { Generator } from "./generator.ts";
import { describeMachine } from "./machine.ts";
import { aofCost } from "./modes/aof-cost.ts";
import { bullmq } from "./modes/bullmq.ts";
import { events } from "./modes/events.ts";
import { expiry } from "./modes/expiry.ts";
import { gc } from "./modes/gc.ts";
import { hitRatio } from "./modes/hit-ratio.ts";
import { idle } from "./modes/idle.ts";
import { overload } from "./modes/overload.ts";
import { rdb } from "./modes/rdb.ts";
import { replay } from "./modes/replay.ts";
import { rss } from "./modes/rss.ts";
import { rssAfter } from "./modes/rss-after.ts";
import { rssCollections } from "./modes/rss-collections.ts";
import { scripts } from "./modes/scripts.ts";
import { snapshot } from "./modes/snapshot.ts";
import { stall } from "./modes/stall.ts";
import { stallCollections } from "./modes/stall-collections.ts";
import { start } from "./modes/start.ts";
import { throughput } from "./modes/throughput.ts";
import { type ModeName, type Options, parseOptions, USAGE } from "./options.ts";
import { markdown, type Section } from "./report.ts";
import { cleanUp } from "./servers.ts";

const modes: Record<ModeName, Mode> = {
  rss,
  stall,
  idle,
  start,
  replay,
  expiry,
  "rss-collections": rssCollections,
  "rss-after": rssAfter,
  "stall-collections": stallCollections,
  scripts,
  bullmq,
  "aof-cost": aofCost,
  snapshot,
  rdb,
  "hit-ratio": hitRatio,
  overload,
  gc,
  events,
};

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 0;
  if (typeof options === "string") {
    progress(options);
    return 2;
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
  process.on("exit", cleanUp);
  const cores = chooseCores();
  if (cores.client !== null) Bun.spawnSync(["taskset", "-a", "-c", "-p", String(cores.client), String(process.pid)]);
  const bench: Bench = { options, cores, generator: new Generator(cores.client), failures: [] };
  await report(bench);
  await bench.generator.stop();
  return bench.failures.length > 0 ? 1 : 0;
}

/** The options; null when only the usage was wanted; the reason when there is one to refuse them. */
function readOptions(): Options | string | null {
  try {
    const options = parseOptions(process.argv.slice(2), join(import.meta.dir, "../.."));
    if (options === null) process.stdout.write(USAGE);
    return options;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function report(bench: Bench): Promise<void> {
  const facts = describeMachine(bench);
  const commandLine = ["bun run bench", ...process.argv.slice(2)].join(" ");
  const sections: Section[] = [];
  if (bench.options.modes.length === 0) sections.push(...(await throughput(bench)));
  for (const name of bench.options.modes) {
    sections.push(...(await orNote(bench, `--${name}`, [], () => modes[name](bench))));
  }
  if (bench.options.quick) facts.push("A quick run: a smoke test, its figures mean nothing.");
  process.stdout.write(`\`${commandLine}\`\n\n${facts.map((fact) => `- ${fact}`).join("\n")}\n\n`);
  process.stdout.write(`${sections.map(markdown).join("\n")}`);
  for (const failure of bench.failures) process.stdout.write(`\n**Not measured:** ${failure}\n`);
  if (bench.options.json !== null) {
    const all = {
      commandLine,
      facts,
      failures: bench.failures,
      sections: sections.map(({ title, data }) => ({ title, data })),
    };
    await Bun.write(bench.options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  progress(error instanceof Error ? error.message : String(error));
  return 1;
});
process.exit();
