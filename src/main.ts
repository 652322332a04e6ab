import { existsSync, unlinkSync, writeFileSync } from "node:fs";
import { banner } from "./banner.ts";
import { CommandTable } from "./command/table.ts";
import { COMMANDS } from "./commands/index.ts";
import { type LoadedConfig, loadConfig } from "./config/load.ts";
import type { ConfigStore } from "./config/store.ts";
import { usageText } from "./config/usage.ts";
import { healthcheck } from "./healthcheck.ts";
import { systemClock } from "./lib/clock.ts";
import { osErrorText } from "./lib/os-errors.ts";
import { Log } from "./observe/log.ts";
import { checkAof } from "./persistence/tools/check-aof.ts";
import { checkRdb } from "./persistence/tools/check-rdb.ts";
import { ProcessTerminal } from "./persistence/tools/terminal.ts";
import { Server } from "./server.ts";
import { PRODUCT, VERSION } from "./version.ts";

/** The only file that ends the process. */
async function main(): Promise<void> {
  const [word, ...rest] = process.argv.slice(2);
  const tool = { "check-aof": checkAof, "check-rdb": checkRdb }[word ?? ""];
  if (tool !== undefined) return runTool(tool, word!, rest);
  const table = new CommandTable(COMMANDS);
  const loaded = loadConfig({
    argv: process.argv.slice(2),
    env: process.env,
    product: `${PRODUCT} ${VERSION}`,
    renameCommand: (from, to) => table.rename(from, to),
  });
  switch (loaded.action) {
    case "version":
      console.log(`${PRODUCT} v=${VERSION} runtime=bun-${Bun.version} bits=64`);
      return;
    case "help":
      process.stdout.write(usageText("./go-redis"));
      return;
    case "fail":
      process.stderr.write(`${loaded.error}\n`);
      return process.exit(1);
    case "healthcheck":
      return process.exit(await healthcheck(loaded.config.values));
    case "run":
      return run(loaded, table);
  }
}

type Tool = typeof checkAof;

function runTool(tool: Tool, word: string, args: readonly string[]): void {
  const terminal = new ProcessTerminal();
  const status = tool(`${PRODUCT} ${word}`, args, terminal, systemClock);
  terminal.flush();
  process.exitCode = status;
}

async function run({ config, withoutEffect, restoreTo }: LoadedConfig, table: CommandTable): Promise<void> {
  const log = new Log(systemClock);
  log.level = config.values.loglevel;
  log.file = config.values.logfile;
  const server = new Server(config, table, log);
  catchFailures(log);
  process.chdir(config.values.dir);
  const failure = server.listen();
  if (failure !== undefined) return abort(log, failure);
  // Whoever starts a server and waits for this connects at once.
  for (const line of banner(config, process.pid)) log.raw(line);
  if (withoutEffect.length > 0) {
    log.notice(`These directives are accepted for compatibility but have no effect: ${withoutEffect.join(", ")}`);
  }
  writePidFile(config, log);
  endOnSignals(server, log);
  const damage = await server.load(restoreTo);
  if (damage !== undefined) return abort(log, damage);
  log.notice("Server initialized");
  server.start();
  log.notice("Ready to accept connections");
}

function abort(log: Log, reason: string): void {
  log.warning(reason);
  process.exit(1);
}

function writePidFile(config: ConfigStore, log: Log): void {
  const path = config.values.pidfile;
  if (path === "") return;
  try {
    writeFileSync(path, `${process.pid}\n`);
    process.on("exit", () => existsSync(path) && unlinkSync(path));
  } catch (error) {
    log.warning(`Failed to write PID file: ${osErrorText(error)}`);
  }
}

function endOnSignals(server: Server, log: Log): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => server.endBySignal(signal));
  server.onEnd = (status) => {
    log.warning(`${PRODUCT} is now ready to exit, bye bye...`);
    process.exit(status);
  };
}

/** A failure outside commands is a bug: say all that is known of it and go on serving. */
function catchFailures(log: Log): void {
  const report = (error: unknown) => log.warning(`Unexpected failure: ${(error as Error)?.stack ?? String(error)}`);
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

await main();
