import { command, keysAt } from "../command/command.ts";
import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { stringKind } from "../types/string.ts";

export const get = command({
  name: "get",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RO access")],
  group: "string",
  since: "1.0.0",
  summary: "Gives the value of a key.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readString(1);
    if (c.failed) return;
    if (e === NULL) c.reply.nil();
    else c.replyString(e);
  },
});

export const set = command({
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update variable_flags")],
  group: "string",
  since: "1.0.0",
  summary: "Sets the value of a key.",
  complexity: "O(1)",
  syntax: "key:key value",
  run(c) {
    const { args } = c;
    const old = c.peek(1);
    c.putString(1, old, stringKind(args.buf, args.start[2], args.len[2]), 2, 0);
    c.changed(1, EVENTS.string, "set");
    c.reply.ok();
  },
});

export const ping = command({
  name: "ping",
  arity: -1,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "x",
  run(c) {
    c.reply.status("PONG");
  },
});
