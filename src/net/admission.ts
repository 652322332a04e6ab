import type { Socket } from "bun";
import { GATE_UNAUTHENTICATED } from "../command/client.ts";
import type { ServerContext } from "../command/context.ts";
import { isLocal } from "./address.ts";
import { Connection } from "./connection.ts";
import type { Host } from "./host.ts";

const TOO_MANY = "-ERR max number of clients reached\r\n";
const PROTECTED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
  "In this mode connections are only accepted from the loopback interface. To connect from other computers, set a password " +
  "with requirepass, or turn the protection off with 'CONFIG SET protected-mode no' from this machine, with " +
  "'--protected-mode no' at the start, or with GO_REDIS_PROTECTED_MODE=no.\r\n";

/** Decides who is let in, and how a connection begins. */
export class Admission {
  constructor(private readonly context: ServerContext) {}

  /** What a client is told that is not let in; undefined when it is. */
  refusal(socket: Socket<Connection>, connected: number): string | undefined {
    const { values } = this.context.config;
    if (connected >= values.maxclients) return TOO_MANY;
    if (values["protected-mode"] && values.requirepass.length === 0 && !isLocal(socket)) return PROTECTED;
    return undefined;
  }

  connect(socket: Socket<Connection>, host: Host): Connection {
    const { values } = this.context.config;
    const connection = new Connection(host, socket, this.context.clients.takeId(), descriptorOf(socket));
    connection.client.setGate(GATE_UNAUTHENTICATED, values.requirepass.length > 0);
    socket.data = connection;
    const keepAlive = values["tcp-keepalive"];
    if (keepAlive > 0 && connection.isTcp) socket.setKeepAlive(true, keepAlive * 1000);
    return connection;
  }
}

/** The descriptor's number, as far as the runtime tells it. */
function descriptorOf(socket: Socket<Connection>): number {
  const { fd } = socket as unknown as { fd?: number };
  return typeof fd === "number" ? fd : -1;
}
