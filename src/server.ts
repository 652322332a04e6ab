import type { Socket, TCPSocketListener } from "bun";
import { type ClientRegistry, ClientRegistry as Registry } from "./command/client.ts";
import type { Journal, ServerContext } from "./command/context.ts";
import { Executor } from "./command/executor.ts";
import { CommandTable } from "./command/table.ts";
import { COMMANDS } from "./commands/index.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { Random, randomHex } from "./lib/random.ts";
import { Connection } from "./net/connection.ts";
import type { Host } from "./net/host.ts";
import { GatheredOutput } from "./net/output.ts";
import { Log } from "./observe/log.ts";
import { ServerStats } from "./observe/stats.ts";
import { KeyEvents } from "./pubsub/key-events.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { Args } from "./resp/args.ts";
import { Parser } from "./resp/parser.ts";

export class Server implements ServerContext, Host {
  readonly clock: Clock = systemClock;
  readonly random = new Random();
  readonly keyspace = new Keyspace(16, this.clock, this.random);
  readonly clients: ClientRegistry = new Registry();
  readonly pubsub = new PubSub();
  readonly events = new KeyEvents(this.pubsub);
  readonly stats = new ServerStats();
  readonly table = new CommandTable(COMMANDS);
  readonly log = new Log(this.clock);
  readonly runId = randomHex(40);
  readonly startedMs = this.clock.unixMs();
  config = undefined as never;
  journal: Journal | undefined;
  gate = 0;
  writeError = "";
  readonly context = this;
  readonly executor = new Executor(this);
  readonly parser = new Parser();
  readonly output = new GatheredOutput();
  args = new Args();
  private polling = false;
  private readonly onImmediate = () => {
    this.polling = false;
    this.endOfPoll();
  };

  startPoll(): void {
    if (this.polling) return;
    this.polling = true;
    this.keyspace.nowMs = this.clock.unixMs();
    setImmediate(this.onImmediate);
  }
  endOfPoll(): void {
    this.journal?.flush();
    this.output.flush();
  }
  isJournalled(): boolean {
    return true;
  }
  checkQueryBuffer(): void {}
  checkOutput(): void {}
  waitForUnpause(): void {}
  terminateLater(socket: Socket<Connection>, ms: number): void {
    setTimeout(() => socket.terminate(), ms);
  }
  disconnected(connection: Connection): void {
    this.clients.remove(connection.client);
  }
  listen(port: number): TCPSocketListener<Connection> {
    return Bun.listen<Connection>({
      hostname: "127.0.0.1",
      port,
      socket: {
        binaryType: "uint8array",
        open: (socket) => {
          socket.data = new Connection(this, socket, "", "", this.clients.takeId(), 0);
          this.clients.add(socket.data.client);
        },
        data: (socket, chunk) => socket.data.receive(chunk),
        drain: (socket) => socket.data.drain(),
        close: (socket) => socket.data?.ended(),
        error: (_socket, error) => console.log(error),
      },
    });
  }
}

if (import.meta.main) new Server().listen(Number(process.argv[2] ?? 7000));
