import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { GATE_BUSY } from "../command/context.ts";
import { ERRORS, error } from "../command/errors.ts";
import { drawAutomaton } from "../lib/automaton.ts";
import type { Random } from "../lib/random.ts";
import { REDIS_VERSION } from "../version.ts";

const NO_SHUTDOWN = error("ERR No shutdown in progress.");
const SHUTDOWN_FAILED = error("ERR Errors trying to SHUTDOWN. Check logs.");
const REWRITE_FAILED = error(
  "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
);
const REWRITE_GOES_ON = error("ERR Background append only file rewriting already in progress");
const LOLWUT_COLUMNS = 64;
const LOLWUT_LINES = 24;
/** Rules of cellular automata whose patterns are neither plain nor mere noise. */
const LOLWUT_RULES = [18, 22, 30, 45, 60, 73, 90, 105, 110, 126, 150, 182];

export const time = command({
  name: "time",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  group: "server",
  since: "2.6.0",
  summary: "Tells the time: seconds since 1970, and microseconds.",
  complexity: "O(1)",
  tips: ["nondeterministic_output"],
  run(c) {
    const us = c.server.clock.unixUs();
    c.reply.array(2);
    c.reply.bulkInteger(Math.floor(us / 1e6));
    c.reply.bulkInteger(us % 1e6);
  },
});

export const role = command({
  name: "role",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  group: "server",
  since: "2.8.12",
  summary: "Tells the server's part in replication.",
  complexity: "O(1)",
  run(c) {
    c.reply.array(3);
    c.reply.bulkText("master");
    c.reply.integer(0);
    c.reply.array(0);
  },
});

export const lolwut = command({
  name: "lolwut",
  arity: -1,
  flags: ["readonly", "fast"],
  group: "server",
  since: "5.0.0",
  summary: "Draws something, and tells the version.",
  syntax: "[version:integer=VERSION]",
  run(c) {
    const version = c.argc > 2 && c.args.is(1, "VERSION") ? readVersion(c) : undefined;
    if (!c.failed) c.reply.verbatim("txt", picture(version, c.server.random));
  },
});

function readVersion(c: Call): number {
  return c.integerBetween(2, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

/** The version chooses the automaton's rule, and the picture starts from one cell; without a version chance chooses both. */
function picture(version: number | undefined, random: Random): string {
  const rule = version === undefined ? LOLWUT_RULES[random.below(LOLWUT_RULES.length)] : Math.abs(version) % 256;
  const first = Array.from({ length: LOLWUT_COLUMNS }, (_, i) =>
    version === undefined ? random.below(8) === 0 : i === LOLWUT_COLUMNS / 2,
  );
  const lines = drawAutomaton(rule, first, LOLWUT_LINES);
  return [...lines, "", `Elementary cellular automaton, rule ${rule}. Redis ver. ${REDIS_VERSION}`, ""].join("\n");
}

export const bgrewriteaof = command({
  name: "bgrewriteaof",
  arity: 1,
  flags: ["admin", "noscript", "no_async_loading"],
  group: "server",
  since: "1.0.0",
  summary: "Writes the append-only file anew, with nothing but the data that there is now, in the background.",
  complexity: "O(1)",
  run(c) {
    const answer = c.server.persistence.rewriteFile();
    if (answer === "busy") c.fail(REWRITE_GOES_ON);
    else if (answer === "failed") c.fail(REWRITE_FAILED);
    else c.reply.status(`Background append only file rewriting ${answer}`);
  },
});

export const shutdown = command({
  name: "shutdown",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  group: "server",
  since: "1.0.0",
  summary: "Writes and syncs the append-only file, saves a snapshot if that is wanted, and ends the server.",
  complexity: "O(N) with the data to be saved, or O(N) with the bytes that are not in the file yet",
  syntax: "[save-selector<nosave=NOSAVE | save=SAVE>] [now=NOW@7.0.0] [force=FORCE@7.0.0] [abort=ABORT@7.0.0]",
  run(c) {
    const options = readShutdownOptions(c);
    if (c.failed) return;
    if (options.has("ABORT")) return c.fail(NO_SHUTDOWN);
    if (c.server.gate & GATE_BUSY && !options.has("NOSAVE")) return c.fail(c.server.scripting.busyError);
    const saves = options.has("SAVE") ? true : options.has("NOSAVE") ? false : undefined;
    if (!c.server.shutDown(options.has("FORCE"), saves)) c.fail(SHUTDOWN_FAILED);
    else c.client.link.close("now");
  },
});

function readShutdownOptions(c: Call): Set<string> {
  const options = new Set<string>();
  for (let i = 1; i < c.argc; i++) {
    const word = c.args.text(i).toUpperCase();
    if (!["NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"].includes(word)) c.fail(ERRORS.syntax);
    options.add(word);
  }
  const alone = options.has("ABORT") && options.size > 1;
  if (alone || (options.has("SAVE") && options.has("NOSAVE"))) c.fail(ERRORS.syntax);
  return options;
}
