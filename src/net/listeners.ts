import { chmodSync, existsSync, unlinkSync } from "node:fs";
import type { SocketHandler, TCPSocketListener, UnixSocketListener } from "bun";
import { osErrorText } from "../lib/os-errors.ts";
import type { Connection } from "./connection.ts";

/** What to listen on, as the directives say it. */
export interface Endpoints {
  /** Addresses; a leading "-" lets one be missing on this machine. None: no TCP. */
  readonly bind: readonly string[];
  readonly port: number;
  /** "" for none. */
  readonly unixSocket: string;
  /** Mode bits; 0 leaves what the umask gives. */
  readonly unixSocketMode: number;
}

/** Bun takes this kind of handler, but its types know only that for Buffers. */
export type Handler = SocketHandler<Connection, "uint8array">;
type Listener = TCPSocketListener<Connection> | UnixSocketListener<Connection>;

/** The sockets a server accepts connections on. */
export class Listeners {
  private readonly handler: SocketHandler<Connection>;
  private tcp: Listener[] = [];
  private bound: { bind: readonly string[]; port: number } = { bind: [], port: 0 };
  private unix: Listener | undefined;
  private unixPath = "";

  constructor(
    handler: Handler,
    private readonly warn: (message: string) => void,
  ) {
    this.handler = handler as unknown as SocketHandler<Connection>;
  }

  /** Opens all endpoints; returns why that failed, and nothing is open then. */
  open(endpoints: Endpoints): string | undefined {
    const failure = this.rebind(endpoints.bind, endpoints.port);
    if (failure !== undefined) return failure;
    return endpoints.unixSocket === "" ? undefined : this.openUnix(endpoints.unixSocket, endpoints.unixSocketMode);
  }

  /** Listens on other addresses or another port instead of the present ones, or, if that fails, on the present ones still. */
  rebind(bind: readonly string[], port: number): string | undefined {
    // The old listeners must go first: an address that stays can't be listened on twice.
    for (const listener of this.tcp) listener.stop(false);
    const failure = this.openAllTcp(bind, port);
    if (failure === undefined) this.bound = { bind, port };
    else this.openAllTcp(this.bound.bind, this.bound.port);
    return failure;
  }

  private openAllTcp(bind: readonly string[], port: number): string | undefined {
    const opened: Listener[] = [];
    this.tcp = [];
    for (const address of port === 0 ? [] : bind) {
      const failure = this.openTcp(address, port, opened);
      if (failure === undefined) continue;
      for (const listener of opened) listener.stop(false);
      return failure;
    }
    this.tcp = opened;
    return undefined;
  }

  private openTcp(directive: string, port: number, opened: Listener[]): string | undefined {
    const optional = directive.startsWith("-");
    const address = optional ? directive.slice(1) : directive;
    const hostname = address === "*" ? "0.0.0.0" : address === "::*" ? "::" : address;
    try {
      // An IPv6 address must not take the IPv4 one of the same port: that may be listened on apart.
      const options = { hostname, port, ipv6Only: hostname.includes(":"), allowHalfOpen: true, socket: this.handler };
      opened.push(Bun.listen<Connection>(options));
      return undefined;
    } catch (error) {
      const missing = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "ENOENT"].includes((error as { code?: string }).code ?? "");
      if (optional && missing) return undefined;
      const reason = osErrorText(error);
      this.warn(`Warning: Could not create server TCP listening socket ${address}:${port}: bind: ${reason}`);
      return `Failed listening on port ${port} (TCP), aborting.`;
    }
  }

  private openUnix(path: string, mode: number): string | undefined {
    try {
      if (existsSync(path)) unlinkSync(path);
      const options = { unix: path, allowHalfOpen: true, socket: this.handler };
      this.unix = Bun.listen<Connection>(options);
      this.unixPath = path;
      if (mode !== 0) chmodSync(path, mode);
      return undefined;
    } catch (error) {
      return `Failed opening Unix socket: bind: ${osErrorText(error)}`;
    }
  }

  /** Accepts no more; connections stay. */
  close(): void {
    for (const listener of this.tcp) listener.stop(false);
    this.tcp = [];
    if (this.unix === undefined) return;
    this.unix.stop(false);
    this.unix = undefined;
    if (existsSync(this.unixPath)) unlinkSync(this.unixPath);
  }
}
