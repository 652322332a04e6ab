import type { Args } from "../resp/args.ts";
import { secretsOf } from "./call-timer.ts";
import { type Client, GATE_MONITOR } from "./client.ts";
import { FLAGS } from "./command.ts";
import { GATE_MONITORED, type ServerContext } from "./context.ts";
import type { TableEntry } from "./table.ts";

/** Administrative commands are not for the eyes of monitors. */
const HIDDEN = FLAGS.skip_monitor | FLAGS.admin;

/** From now on the client is told of every command. */
export function startMonitoring(server: ServerContext, client: Client): void {
  server.observation.monitors.add(client);
  client.setGate(GATE_MONITOR, true);
  server.gate |= GATE_MONITORED;
}

export function stopMonitoring(server: ServerContext, client: Client): void {
  const { monitors } = server.observation;
  monitors.remove(client);
  client.setGate(GATE_MONITOR, false);
  if (monitors.size === 0) server.gate &= ~GATE_MONITORED;
}

/** Tells the monitors of a command that a client has had executed. */
export function tellMonitors(server: ServerContext, client: Client, entry: TableEntry, args: Args): void {
  if (entry.command.flagBits & HIDDEN) return;
  tell(server, client, entry, args, sender(client.link.address));
}

/** Tells the monitors of a command that runs a script: before those of the script, of which they are told, too. */
export function tellMonitorsOfScript(server: ServerContext, client: Client, entry: TableEntry, args: Args): void {
  tell(server, client, entry, args, sender(client.link.address));
}

/** Tells the monitors of a command that a script has had executed. */
export function tellMonitorsWithin(server: ServerContext, client: Client, entry: TableEntry, args: Args): void {
  if (entry.command.flagBits & HIDDEN) return;
  tell(server, client, entry, args, "lua");
}

function tell(server: ServerContext, client: Client, entry: TableEntry, args: Args, from: string): void {
  const unixUs = server.clock.unixMs() * 1000;
  server.observation.monitors.tell(args, secretsOf(entry, args), unixUs, client.db.id, from);
}

/** An address as monitors show it. TCP has no port 0: that is a Unix socket. */
function sender(address: string): string {
  return address.endsWith(":0") ? `unix:${address.slice(0, -2)}` : address;
}
