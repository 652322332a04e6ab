import { nameArgument } from "../command/client-name.ts";
import { command } from "../command/command.ts";

export const clientId = command({
  name: "id",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "5.0.0",
  summary: "Gives the id of the connection.",
  complexity: "O(1)",
  run(c) {
    c.reply.integer(c.client.id);
  },
});

export const clientGetname = command({
  name: "getname",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "2.6.9",
  summary: "Gives the name of the connection.",
  complexity: "O(1)",
  run(c) {
    if (c.client.name === "") c.reply.nil();
    else c.reply.bulkText(c.client.name);
  },
});

export const clientSetname = command({
  name: "setname",
  arity: 3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "2.6.9",
  summary: "Names the connection.",
  complexity: "O(1)",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  syntax: "connection-name",
  run(c) {
    const name = nameArgument(c, 2, "Client names");
    if (c.failed) return;
    c.client.name = name;
    c.reply.ok();
  },
});

export const clientSetinfo = command({
  name: "setinfo",
  arity: 4,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "7.2.0",
  summary: "Tells which client library uses the connection.",
  complexity: "O(1)",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  syntax: "attr<libname:string=LIB-NAME | libver:string=LIB-VER>",
  run(c) {
    const { args } = c;
    const isName = args.is(2, "LIB-NAME");
    if (!isName && !args.is(2, "LIB-VER")) return c.failText(`ERR Unrecognized option '${args.quoted(2)}'`);
    const text = nameArgument(c, 3, args.text(2));
    if (c.failed) return;
    if (isName) c.client.libraryName = text;
    else c.client.libraryVersion = text;
    c.reply.ok();
  },
});
