// A server without a network: commands run as from a connection, and clients see the bytes they would be sent. The time stands still.
import { Client, ClientRegistry, GATE_UNAUTHENTICATED, type Link } from "../../src/command/client.ts";
import type { ServerContext } from "../../src/command/context.ts";
import { DONE, Executor } from "../../src/command/executor.ts";
import { KeyChanges } from "../../src/command/key-changes.ts";
import { MemoryLimit } from "../../src/command/memory-limit.ts";
import { stopMonitoring } from "../../src/command/monitoring.ts";
import { Pause } from "../../src/command/pause.ts";
import { Scripting } from "../../src/command/scripting.ts";
import { SyncWaits } from "../../src/command/sync-waits.ts";
import { CommandTable } from "../../src/command/table.ts";
import { Tracking } from "../../src/command/tracking.ts";
import { WaitingClients } from "../../src/command/waiting.ts";
import { Watches } from "../../src/command/watches.ts";
import { COMMANDS } from "../../src/commands/index.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { type OwnedBytes, own } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { splitArgs } from "../../src/lib/split-args.ts";
import { OutgoingConnections } from "../../src/net/outgoing.ts";
import { Observation } from "../../src/observe/observation.ts";
import { Rates } from "../../src/observe/rates.ts";
import { ServerStats } from "../../src/observe/stats.ts";
import { ValuePayloads } from "../../src/persistence/rdb/payloads.ts";
import { Snapshots } from "../../src/persistence/snapshot/snapshots.ts";
import { KeyEvents } from "../../src/pubsub/key-events.ts";
import { PubSub } from "../../src/pubsub/pubsub.ts";
import { type Args, argsOf } from "../../src/resp/args.ts";
import { Reply } from "../../src/resp/reply.ts";
import { CapturedLog } from "../persistence/captured-log.ts";
import { InlineThread } from "../persistence/inline-thread.ts";
import { secret, seed } from "../support/seed.ts";

export class LocalServer implements ServerContext {
  readonly clock = new ManualClock();
  readonly random = new Random(seed);
  readonly keyspace = new Keyspace(16, this.clock, this.random, undefined, secret);
  readonly config = new ConfigStore();
  readonly clients = new ClientRegistry();
  readonly pubsub = new PubSub();
  readonly pause = new Pause(this);
  readonly memoryLimit = new MemoryLimit(this);
  readonly watches = new Watches();
  readonly waiting = new WaitingClients();
  readonly syncWaits = new SyncWaits(this);
  readonly tracking = new Tracking(this);
  readonly keyChanges = new KeyChanges(this.watches, this.waiting, this.tracking);
  readonly events = new KeyEvents(this.pubsub);
  readonly scripting = new Scripting(this);
  readonly stats = new ServerStats();
  readonly observation = new Observation();
  readonly rates = new Rates();
  readonly table = new CommandTable(COMMANDS);
  readonly log = new CapturedLog(this.clock);
  readonly runId = "0".repeat(40);
  replicationId = "1".repeat(40);
  readonly memory = { startupBytes: 0, peakBytes: 0 };
  readonly persistence = {
    loading: undefined,
    lastLoad: { keysLoaded: 0, keysExpired: 0 },
    figures: {},
    writeDelayUs: 0,
    load: () => Promise.resolve(undefined),
    close: () => true,
    isWaiting: false,
    reload: () => Promise.resolve(undefined),
    rewriteFile: () => "started" as const,
  };
  readonly payloads = new ValuePayloads(this.keyspace, this.config, this.log);
  /** What writes the files of snapshots. */
  readonly threads: InlineThread[] = [];
  readonly snapshots: Snapshots;
  readonly targets = new OutgoingConnections();
  readonly expiry = { enabled: true };
  cronPaused = false;
  readonly startedMs = this.clock.unixMs();
  readonly journal = undefined;
  readonly unsynced = undefined;
  gate = 0;
  writeError = "";
  readonly resuming: LocalClient[] = [];
  readonly executor = new Executor(this);
  readonly runner = this.executor;

  constructor() {
    const newThread = (): InlineThread => {
      const thread = new InlineThread();
      this.threads.push(thread);
      return thread;
    };
    this.snapshots = new Snapshots(this, newThread, () => {});
  }

  shutDown(_force: boolean, _saves?: boolean): boolean {
    return true;
  }

  startPoll(): void {}

  /** Clients that waited go on: the end of a poll. */
  resumeAll(): void {
    for (let client = this.resuming.shift(); client !== undefined; client = this.resuming.shift()) client.resume();
  }

  /** A new connection. */
  connect(address = "127.0.0.1:5000"): LocalClient {
    return new LocalClient(this, address);
  }

  /** Lets time pass, as one poll sees it. */
  pass(ms: number): void {
    this.clock.advance(ms);
    this.keyspace.setNow(this.clock.unixMs());
    this.pause.apply(this.keyspace.nowMs);
    this.executor.waking.endOverdue(this.keyspace.nowMs);
    this.executor.waking.serve();
    this.tracking.endOfPoll();
    this.resumeAll();
  }
}

export class LocalClient implements Link {
  readonly client: Client;
  readonly localAddress = "127.0.0.1:6379";
  readonly descriptor = 8;
  readonly queryBytes = 0;
  readonly queryFreeBytes = 0;
  readonly inputBytes = 0;
  readonly outputBytes = 0;
  readonly outputBuffers = 0;
  closed: "" | "flushed" | "now" = "";
  private readonly reply = new Reply();
  private received = "";
  private executing = false;
  private held: OwnedBytes[] = [];
  private postponed: Args[] = [];
  /** It waits for something. */
  private suspended = false;

  constructor(
    private readonly server: LocalServer,
    readonly address: string,
  ) {
    this.client = new Client(server.clients.takeId(), this, server.keyspace.databases[0], server.keyspace.nowMs);
    this.client.setGate(GATE_UNAUTHENTICATED, server.config.values.requirepass.length > 0);
    server.clients.add(this.client);
  }

  /** Sends requests, one line each, and returns all that the client has been sent since it was last asked. */
  say(...lines: string[]): string {
    for (const line of lines) this.request(argsOf(...splitArgs(Buffer.from(line, "latin1"))!));
    return this.heard();
  }

  /** Sends one request of these words, one character per byte, and returns what the client has been sent. */
  ask(...words: string[]): string {
    this.request(argsOf(...words.map((word) => Buffer.from(word, "latin1"))));
    return this.heard();
  }

  /** What the client has been sent since it was last asked, one character per byte. */
  heard(): string {
    const { received } = this;
    this.received = "";
    return received;
  }

  /** Executes the requests that were postponed. */
  retry(): string {
    const waiting = this.postponed;
    this.postponed = [];
    for (const args of waiting) this.request(args);
    return this.heard();
  }

  private request(args: Args): void {
    if (this.closed !== "") return;
    if (this.postponed.length > 0 || this.suspended) {
      this.postponed.push(args);
      return;
    }
    this.reply.truncate(0);
    const { executor, tracking } = this.server;
    this.executing = true;
    executor.startRun();
    if (executor.execute(this.client, args, this.reply) !== DONE) this.postponed.push(args);
    else tracking.endOfPoll();
    executor.endRun();
    this.executing = false;
    this.hear(own(this.reply.buf, 0, this.reply.at));
    for (const message of this.held.splice(0)) this.hear(message);
    this.server.resumeAll();
  }

  private hear(bytes: OwnedBytes): void {
    this.received += Buffer.from(bytes).toString("latin1");
  }

  push(message: OwnedBytes): void {
    if (this.executing) this.held.push(message);
    else this.hear(message);
  }

  close(when: "flushed" | "now"): void {
    this.closed = when;
    this.client.closing = true;
    this.server.clients.remove(this.client);
    this.server.pubsub.forget(this.client);
    this.server.watches.forget(this.client);
    this.server.tracking.forget(this.client);
    stopMonitoring(this.server, this.client);
    if (this.client.waiting !== undefined) this.server.waiting.remove(this.client.waiting);
  }

  suspend(): void {
    this.suspended = true;
  }

  resumeLater(): void {
    this.server.resuming.push(this);
  }

  /** Goes on with what was sent meanwhile. */
  resume(): void {
    this.suspended = false;
    const waiting = this.postponed;
    this.postponed = [];
    for (const args of waiting) this.request(args);
  }
}

/** Has every command last so long that `run` sends. */
export function lasting(server: LocalServer, ms: number, run: () => void): void {
  const { clock } = server;
  const monotonicUs = clock.monotonicUs.bind(clock);
  let readings = 0;
  clock.monotonicUs = () => monotonicUs() + 1000 * ms * readings++;
  run();
  clock.monotonicUs = monotonicUs;
}

/** The bulk strings, numbers and so on of a RESP2 array or RESP3 push, as they stand on the wire. */
export function frame(type: "*" | ">" | "%", length: number, ...items: (string | number)[]): string {
  const encode = (item: string | number): string =>
    typeof item === "number" ? `:${item}\r\n` : `$${item.length}\r\n${item}\r\n`;
  return `${type}${length}\r\n${items.map(encode).join("")}`;
}
