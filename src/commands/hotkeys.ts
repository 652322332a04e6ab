import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { GATE_HOT_KEYS } from "../command/context.ts";
import { ERRORS, error } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { HotKeySession } from "../observe/hot-keys.ts";
import type { TopKey } from "../observe/top-keys.ts";

const COUNT_MAX = 64;
const DEFAULT_COUNT = 10;
const DURATION_S_MAX = 1_000_000;
const RATIO_MAX = 2 ** 31 - 1;
const LAST_SLOT = 16_383;
const METRICS = ["CPU", "NET"] as const;

const NO_METRICS = error("ERR METRICS parameter is required");
const BAD_METRICS_COUNT = error("ERR METRICS count must be > 0 and <= 2");
const METRICS_MISSING = error("ERR METRICS count does not match number of metric types provided");
const UNKNOWN_METRICS = error("ERR METRICS no valid metrics passed. Supported: CPU|NET");
const BAD_COUNT = error("ERR COUNT must be between 1 and 64");
const BAD_DURATION = error("ERR DURATION must be between 1 and 1000000");
const BAD_RATIO = error("ERR SAMPLE ratio must be positive");
const NO_SLOTS = error("ERR SLOTS parameter cannot be used in non-cluster mode");
const IN_PROGRESS = error("ERR hotkey tracking session already in progress");
const STOP_FIRST = error("ERR hotkey tracking session in progress, stop tracking first");

const metadata = {
  flags: ["admin", "noscript"],
  group: "server",
  since: "8.6.0",
} as const;

const start = command({
  ...metadata,
  name: "start",
  arity: -2,
  summary: "Starts to measure what each key costs.",
  complexity: "O(1)",
  syntax:
    "metrics(count:integer [cpu=CPU] [net=NET])=METRICS [k:integer=COUNT] [seconds:integer=DURATION] [ratio:integer=SAMPLE] " +
    "[slots(count:integer slot:integer...)=SLOTS]",
  run(c) {
    const { hotKeys } = c.server.observation;
    if (hotKeys.session?.isActive(c.nowMs) === true) return c.fail(IN_PROGRESS);
    const metrics = readMetrics(c);
    if (c.failed) return;
    const options = readOptions(c, 4 + metrics.count);
    if (c.failed) return;
    hotKeys.session = new HotKeySession({ ...metrics, ...options }, c.nowMs, cpuUsed());
    c.server.gate |= GATE_HOT_KEYS;
    c.reply.ok();
  },
});

/** The metrics are named from argument 4 on; `count` of them, known or not. */
function readMetrics(c: Call): { cpu: boolean; net: boolean; count: number } {
  const metrics = { cpu: false, net: false, count: 0 };
  if (c.argc < 4 || !c.args.is(2, "METRICS")) {
    c.fail(NO_METRICS);
    return metrics;
  }
  metrics.count = c.integerBetween(3, 1, METRICS.length, BAD_METRICS_COUNT);
  for (let i = 4; i < 4 + metrics.count && i < c.argc && !c.failed; i++) {
    const metric = METRICS.find((name) => c.args.is(i, name));
    if (metric === undefined) continue;
    const name = metric === "CPU" ? "cpu" : "net";
    if (metrics[name]) c.failText(`ERR METRICS ${metric} defined more than once!`);
    metrics[name] = true;
  }
  if (c.argc < 4 + metrics.count) c.fail(METRICS_MISSING);
  if (!metrics.cpu && !metrics.net) c.fail(UNKNOWN_METRICS);
  return metrics;
}

function readOptions(c: Call, from: number): { count: number; durationMs: number; ratio: number } {
  const options = { count: DEFAULT_COUNT, durationMs: 0, ratio: 1 };
  for (let i = from; i < c.argc && !c.failed; i += 2) {
    if (i + 1 === c.argc) c.fail(ERRORS.syntax);
    else if (c.args.is(i, "COUNT")) options.count = c.integerBetween(i + 1, 1, COUNT_MAX, BAD_COUNT);
    else if (c.args.is(i, "DURATION")) {
      options.durationMs = c.integerBetween(i + 1, 1, DURATION_S_MAX, BAD_DURATION) * 1000;
    } else if (c.args.is(i, "SAMPLE")) options.ratio = c.integerBetween(i + 1, 1, RATIO_MAX, BAD_RATIO);
    else c.fail(c.args.is(i, "SLOTS") ? NO_SLOTS : ERRORS.syntax);
  }
  return options;
}

/** Microseconds of processor time of the whole process. */
function cpuUsed(): { user: number; system: number } {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { user: userCPUTime, system: systemCPUTime };
}

const stop = command({
  ...metadata,
  name: "stop",
  arity: 2,
  summary: "Stops to measure what each key costs; the result stays.",
  complexity: "O(1)",
  run(c) {
    const { session } = c.server.observation.hotKeys;
    if (session?.isActive(c.nowMs) !== true) return c.reply.nil();
    session.stop(c.nowMs);
    c.server.gate &= ~GATE_HOT_KEYS;
    c.reply.ok();
  },
});

const reset = command({
  ...metadata,
  name: "reset",
  arity: 2,
  summary: "Forgets what was measured.",
  complexity: "O(1)",
  run(c) {
    const { hotKeys } = c.server.observation;
    if (hotKeys.session?.isActive(c.nowMs) === true) return c.fail(STOP_FIRST);
    hotKeys.session = undefined;
    c.reply.ok();
  },
});

const get = command({
  ...metadata,
  name: "get",
  arity: 2,
  summary: "Gives the keys that cost most, as far as it was measured.",
  complexity: "O(K) where K is the number of keys returned",
  run(c) {
    const { session } = c.server.observation.hotKeys;
    if (session === undefined) return c.reply.nil();
    // An array, so that those of several servers can be put together.
    c.reply.array(1);
    writeSession(c, session);
  },
});

function writeSession(c: Call, session: HotKeySession): void {
  const { reply, nowMs } = c;
  const { cpu, net, wishes, startCpu } = session;
  const mark = reply.beginDeferred();
  let pairs = 7;
  writeInteger(c, "tracking-active", session.isActive(nowMs) ? 1 : 0);
  writeInteger(c, "sample-ratio", wishes.ratio);
  reply.bulkText("selected-slots");
  reply.array(1);
  reply.array(2);
  reply.integer(0);
  reply.integer(LAST_SLOT);
  writeInteger(c, "all-commands-all-slots-us", session.commandsUs);
  writeInteger(c, "net-bytes-all-commands-all-slots", session.commandsBytes);
  writeInteger(c, "collection-start-time-unix-ms", session.startMs);
  writeInteger(c, "collection-duration-ms", session.durationMs(nowMs));
  if (cpu !== undefined) {
    const { user, system } = cpuUsed();
    writeInteger(c, "total-cpu-time-user-ms", (user - startCpu.user) / 1000);
    writeInteger(c, "total-cpu-time-sys-ms", (system - startCpu.system) / 1000);
    pairs += 2;
  }
  if (net !== undefined) {
    writeInteger(c, "total-net-bytes", net.total);
    pairs++;
  }
  if (cpu !== undefined) {
    writeKeys(c, "by-cpu-time-us", cpu.top(wishes.count));
    pairs++;
  }
  if (net !== undefined) {
    writeKeys(c, "by-net-bytes", net.top(wishes.count));
    pairs++;
  }
  reply.endDeferredMap(mark, pairs);
}

function writeInteger({ reply }: Call, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(Math.floor(value));
}

function writeKeys({ reply }: Call, name: string, keys: readonly TopKey[]): void {
  reply.bulkText(name);
  reply.array(keys.length * 2);
  for (const key of keys) {
    reply.bulkText(key.name);
    reply.integer(Math.round(key.sum));
  }
}

const top = command({
  ...metadata,
  name: "top",
  arity: -2,
  summary:
    "Gives the keys that were asked for most lately, always estimated from a sample, with the number of times and their share.",
  complexity: "O(K) where K is the number of keys returned",
  syntax: "[k:integer=COUNT]",
  run(c) {
    const { recent } = c.server.observation.hotKeys;
    if (c.argc > 2 && (c.argc > 4 || !c.args.is(2, "COUNT"))) return c.fail(ERRORS.syntax);
    const count = c.argc === 2 ? DEFAULT_COUNT : c.integerBetween(3, 1, COUNT_MAX, BAD_COUNT);
    if (c.failed) return;
    const keys = recent.top(count);
    c.reply.array(keys.length);
    for (const { name, sum } of keys) {
      c.reply.array(3);
      c.reply.bulkText(name);
      c.reply.integer(Math.round(sum));
      c.reply.double(Math.round((sum / recent.total) * 10_000) / 10_000);
    }
  },
});

const subcommands = [get, reset, start, stop, top];
const help = helpCommand("HOTKEYS", { group: "server", since: "8.6.1" }, subcommands, {
  start: "<METRICS count [CPU] [NET]> [COUNT k] [DURATION seconds] [SAMPLE ratio]",
  top: "[COUNT k]",
});

export const hotkeys = command({
  name: "hotkeys",
  arity: -2,
  group: "server",
  since: "8.6.0",
  summary: "Holds the commands about the keys that are asked for most.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
