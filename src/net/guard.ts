import type { ServerContext } from "../command/context.ts";
import { OUTPUT_BYTES_MAX } from "../limits.ts";
import type { Connection } from "./connection.ts";

/** How many clients are looked at in one round of `watch`. */
const CLIENTS_PER_ROUND = 200;

/** Keeps clients within their limits: unsent replies, unfinished requests, idle time. */
export class Guard {
  private readonly connections = new Set<Connection>();
  private rounds: IterableIterator<Connection> | undefined;

  constructor(private readonly context: ServerContext) {}

  add(connection: Connection): void {
    this.connections.add(connection);
  }

  remove(connection: Connection): void {
    this.connections.delete(connection);
  }

  get size(): number {
    return this.connections.size;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.connections.values();
  }

  /** Looks at some of the clients in turn, so that all are seen about every second. */
  watch(nowMs: number): void {
    let left = Math.max(CLIENTS_PER_ROUND, Math.ceil(this.connections.size / 10));
    while (left-- > 0) {
      this.rounds ??= this.connections.values();
      const { value, done } = this.rounds.next();
      if (done) {
        this.rounds = undefined;
        return;
      }
      this.watchOne(value, nowMs);
    }
  }

  private watchOne(connection: Connection, nowMs: number): void {
    const { client } = connection;
    const idleMax = this.context.config.values.timeout;
    if (idleMax > 0 && !client.isSubscriber && nowMs - client.lastActiveMs > idleMax * 1000) {
      this.context.log.verbose("Closing idle client");
      connection.close("now");
      return;
    }
    this.checkOutput(connection, nowMs);
  }

  /** Cuts off clients, the largest first, until what all of them take is within maxmemory-clients. */
  limitClients(): void {
    const { clients, stats, log } = this.context;
    if (clients.usedBytes <= clients.usedBytesMax) return;
    const bySize = [...this.connections].filter(({ client }) => !client.noEvict && !client.closing);
    bySize.sort((a, b) => b.client.usedBytes - a.client.usedBytes);
    for (const connection of bySize) {
      if (clients.usedBytes <= clients.usedBytesMax) return;
      log.notice(`Evicting client: ${connection.describe()}`);
      stats.evictedClients++;
      connection.close("now");
    }
  }

  /** Cuts off a client that does not read what it is sent. */
  checkOutput(connection: Connection, nowMs: number): void {
    const bytes = connection.outputBytes;
    const limits = this.context.config.values["client-output-buffer-limit"];
    const { client } = connection;
    const limit = limits[client.class];
    const overHard = bytes >= (limit.hardBytes > 0 ? limit.hardBytes : OUTPUT_BYTES_MAX);
    const overSoft = limit.softBytes > 0 && bytes >= limit.softBytes;
    if (!overSoft) connection.softLimitSinceMs = 0;
    else if (connection.softLimitSinceMs === 0) connection.softLimitSinceMs = nowMs;
    const softForMs = overSoft ? nowMs - connection.softLimitSinceMs : 0;
    if (!overHard && !(overSoft && softForMs > limit.softSeconds * 1000)) return;
    this.context.stats.clientOutputBufferLimitDisconnections++;
    const what = connection.describe();
    this.context.log.warning(`Client ${what} scheduled to be closed ASAP for overcoming of output buffer limits.`);
    connection.close("now");
  }

  /** Cuts off a client whose request does not end. */
  checkQueryBuffer(connection: Connection): void {
    if (connection.queryBytes <= this.context.config.values["client-query-buffer-limit"]) return;
    this.context.stats.clientQueryBufferLimitDisconnections++;
    const what = connection.describe();
    this.context.log.warning(`Closing client that reached max query buffer length: ${what}`);
    connection.close("now");
  }
}
