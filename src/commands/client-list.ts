import type { Call } from "../command/call.ts";
import type { Client } from "../command/client.ts";
import { clientInfo as lineOf } from "../command/client-info.ts";
import { readClientType } from "../command/client-type.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";

const INVALID_ID = error("ERR Invalid client ID");

export const clientInfo = command({
  name: "info",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.2.0",
  summary: "Describes the connection.",
  complexity: "O(1)",
  tips: ["nondeterministic_output"],
  run(c) {
    c.reply.verbatim("txt", linesOf(c, [c.client]));
  },
});

export const clientList = command({
  name: "list",
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "2.4.0",
  summary: "Describes all connections, those of one type or those with given ids.",
  complexity: "O(N) where N is the number of client connections",
  tips: ["nondeterministic_output"],
  syntax:
    "[client-type<normal=NORMAL | master=MASTER | replica=REPLICA | pubsub=PUBSUB>=TYPE@5.0.0] " +
    "[client-id:integer=ID@6.2.0...]",
  run(c) {
    const clients = chosenClients(c);
    if (!c.failed) c.reply.verbatim("txt", linesOf(c, clients));
  },
});

function chosenClients(c: Call): Iterable<Client> {
  const { args, argc } = c;
  const { clients } = c.server;
  if (argc === 2) return clients;
  if (argc === 4 && args.is(2, "TYPE")) {
    const type = readClientType(c, 3);
    return [...clients].filter((client) => client.class === type);
  }
  if (argc > 3 && args.is(2, "ID")) return clientsWithIds(c);
  c.fail(ERRORS.syntax);
  return [];
}

function clientsWithIds(c: Call): Client[] {
  const found: Client[] = [];
  for (let i = 3; i < c.argc && !c.failed; i++) {
    const client = c.server.clients.get(c.integer(i, INVALID_ID));
    if (client !== undefined) found.push(client);
  }
  return found;
}

function linesOf(c: Call, clients: Iterable<Client>): string {
  // What is running counts as the client's last command already.
  c.client.lastCommand = c.entry.fullName;
  c.client.lastActiveMs = c.nowMs;
  let lines = "";
  for (const client of clients) lines += `${lineOf(client, c.nowMs, client === c.client ? c.args : undefined)}\n`;
  return lines;
}
