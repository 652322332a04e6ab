import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";

export const clientCapa = command({
  name: "capa",
  arity: -3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "8.0.0",
  summary: "Tells what the client understands, of Valkey's extensions of the protocol.",
  complexity: "O(1)",
  syntax: "capability...",
  run(c) {
    // What it does not know a server ignores. The one that there is, "redirect", matters to replicas, which this server never is.
    c.reply.ok();
  },
});

export const clientNoEvict = command({
  name: "no-evict",
  arity: 3,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "7.0.0",
  summary: "Spares the connection when clients are cut off to save memory.",
  complexity: "O(1)",
  syntax: "enabled<on=ON | off=OFF>",
  run(c) {
    const on = readSwitch(c, 2);
    if (c.failed) return;
    c.client.noEvict = on;
    c.reply.ok();
  },
});

export const clientNoTouch = command({
  name: "no-touch",
  arity: 3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "7.2.0",
  summary: "Lets the connection read keys without a trace in their access times.",
  complexity: "O(1)",
  syntax: "enabled<on=ON | off=OFF>",
  run(c) {
    const on = readSwitch(c, 2);
    if (c.failed) return;
    c.client.noTouch = on;
    c.reply.ok();
  },
});

function readSwitch(c: Call, i: number): boolean {
  const on = c.args.is(i, "ON");
  if (!on && !c.args.is(i, "OFF")) c.fail(ERRORS.syntax);
  return on;
}

export const clientReply = command({
  name: "reply",
  arity: 3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "3.2.0",
  summary: "Turns replies on or off, or suppresses the next one.",
  complexity: "O(1)",
  syntax: "action<on=ON | off=OFF | skip=SKIP>",
  run(c) {
    const { args, client } = c;
    if (args.is(2, "ON")) {
      client.setReplyMode("on");
      client.loud = true;
      c.reply.ok();
    } else if (args.is(2, "OFF")) {
      client.setReplyMode("off");
    } else if (args.is(2, "SKIP")) {
      if (client.replyMode !== "off") client.setReplyMode("skip");
    } else {
      c.fail(ERRORS.syntax);
    }
  },
});
