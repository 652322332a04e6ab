import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { failUsage } from "../command/help.ts";
import type { PauseMode } from "../command/pause.ts";

const BAD_MODE = error("ERR CLIENT PAUSE mode must be WRITE or ALL");
const NOT_INTEGER = error("ERR timeout is not an integer or out of range");
const NEGATIVE = error("ERR timeout is negative");
const TOO_LARGE = error("ERR timeout is out of range");

export const clientPause = command({
  name: "pause",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "3.0.0",
  summary: "Holds back the requests of all clients, or only those that write, for some milliseconds.",
  complexity: "O(1)",
  syntax: "timeout:integer [mode<write=WRITE | all=ALL>@6.2.0]",
  run(c) {
    if (c.argc > 4) return failUsage(c);
    const mode = c.argc === 4 ? readMode(c, 3) : "all";
    const timeoutMs = c.integer(2, NOT_INTEGER);
    if (timeoutMs < 0) c.fail(NEGATIVE);
    // Redis takes such a timeout, overflows and does not pause at all.
    if (c.nowMs + timeoutMs > Number.MAX_SAFE_INTEGER) c.fail(TOO_LARGE);
    if (c.failed) return;
    c.server.pause.start(mode, c.nowMs + timeoutMs, c.nowMs);
    c.reply.ok();
  },
});

function readMode(c: Call, i: number): PauseMode {
  if (c.args.is(i, "WRITE")) return "write";
  if (!c.args.is(i, "ALL")) c.fail(BAD_MODE);
  return "all";
}

export const clientUnpause = command({
  name: "unpause",
  arity: 2,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.2.0",
  summary: "Ends a pause.",
  complexity: "O(1)",
  run(c) {
    c.server.pause.end();
    c.reply.ok();
  },
});
