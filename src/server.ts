import type { Socket } from "bun";
import { Background } from "./background.ts";
import { ClientRegistry } from "./command/client.ts";
import {
  GATE_BUSY,
  GATE_LOADING,
  GATE_PAUSED_ALL,
  GATE_PAUSED_WRITES,
  GATE_WRITES_REFUSED,
  type Journal,
  type ServerContext,
} from "./command/context.ts";
import { Executor } from "./command/executor.ts";
import { KeyChanges } from "./command/key-changes.ts";
import { MemoryLimit } from "./command/memory-limit.ts";
import { stopMonitoring } from "./command/monitoring.ts";
import { Pause } from "./command/pause.ts";
import { Scripting } from "./command/scripting.ts";
import { SyncWaits } from "./command/sync-waits.ts";
import type { CommandTable } from "./command/table.ts";
import { Tracking } from "./command/tracking.ts";
import type { UnsyncedKeys } from "./command/unsynced-keys.ts";
import { WaitingClients } from "./command/waiting.ts";
import { Watches } from "./command/watches.ts";
import type { ConfigStore } from "./config/store.ts";
import { heapBytes, notePeak, noteStartup } from "./info/memory.ts";
import { ExpiryCycle } from "./keyspace/expiry.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { Random, randomHex } from "./lib/random.ts";
import { REQUESTS_US_MAX } from "./limits.ts";
import { forgetIdleCode } from "./memory/advice.ts";
import { type PageRange, PageToucher } from "./memory/page-toucher.ts";
import { Admission } from "./net/admission.ts";
import type { Connection } from "./net/connection.ts";
import { Guard } from "./net/guard.ts";
import type { Host } from "./net/host.ts";
import { type Handler, Listeners } from "./net/listeners.ts";
import { OutgoingConnections } from "./net/outgoing.ts";
import { GatheredOutput } from "./net/output.ts";
import { SpentChunks } from "./net/spent-chunks.ts";
import type { Log } from "./observe/log.ts";
import { Observation } from "./observe/observation.ts";
import { Rates } from "./observe/rates.ts";
import { ServerStats } from "./observe/stats.ts";
import { Aof } from "./persistence/aof/aof.ts";
import { type FileCalls, systemFileCalls } from "./persistence/file-calls.ts";
import { ValuePayloads } from "./persistence/rdb/payloads.ts";
import { Snapshots } from "./persistence/snapshot/snapshots.ts";
import type { WriterThread } from "./persistence/snapshot/writer-thread.ts";
import { KeyEvents } from "./pubsub/key-events.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { Args } from "./resp/args.ts";
import { Parser } from "./resp/parser.ts";
import { applyConfig } from "./server-config.ts";

const CRON_MS = 100;
/** After this the code that only the start needed has run. */
const STARTUP_MS = 1000;
/** Code that has not run for so long is not resident: under load the compilers and the collector leave much of it behind. */
const IDLE_CODE_MS = 10_000;

type EndingSignal = "SIGTERM" | "SIGINT";

/**
 * Owns the parts of a running server and the order of things within a poll of the event loop: requests are executed as they arrive, and
 * when all ready sockets have been served, the journal is written, then the replies sent, then background work done for a moment.
 */
export class Server implements ServerContext, Host {
  private readonly programBytes = heapBytes();
  readonly memory = { startupBytes: 0, peakBytes: 0 };
  readonly keyspace: Keyspace;
  readonly clients = new ClientRegistry();
  readonly pubsub = new PubSub();
  readonly pause = new Pause(this);
  readonly memoryLimit = new MemoryLimit(this);
  readonly watches = new Watches();
  readonly waiting = new WaitingClients();
  readonly syncWaits = new SyncWaits(this);
  readonly tracking: Tracking;
  readonly keyChanges: KeyChanges;
  readonly events = new KeyEvents(this.pubsub);
  readonly scripting = new Scripting(this);
  readonly stats = new ServerStats();
  readonly observation = new Observation();
  readonly rates = new Rates();
  readonly random = new Random();
  readonly runId = randomHex(40);
  replicationId = randomHex(40);
  readonly startedMs: number;
  readonly persistence: Aof;
  readonly payloads: ValuePayloads;
  readonly snapshots: Snapshots;
  readonly targets = new OutgoingConnections();
  cronPaused = false;
  journal: Journal | undefined;
  unsynced: UnsyncedKeys | undefined;
  gate = 0;
  writeError = "";

  readonly context = this;
  readonly executor: Executor;
  get runner(): Executor {
    return this.executor;
  }
  readonly parser = new Parser();
  readonly output: GatheredOutput;
  readonly spent = new SpentChunks();
  args = new Args();

  readonly expiry: ExpiryCycle;
  private readonly background: Background;
  private readonly guard: Guard;
  private readonly admission: Admission;
  private readonly listeners: Listeners;
  /** Connections with output that waits for the journal. */
  private readonly awaiting = new Set<Connection>();
  /** Up to where the journal's acknowledgements have been passed on. */
  private acknowledged = 0;
  private polling = false;
  private pollStartUs = 0;
  private cron: ReturnType<typeof setInterval> | undefined;
  private forgetting: ReturnType<typeof setInterval> | undefined;
  /** Connections whose next request waits for the end of a pause. */
  private paused = new Set<Connection>();
  /** Connections that go on when the present requests have been executed. */
  private resuming: Connection[] = [];

  constructor(
    readonly config: ConfigStore,
    readonly table: CommandTable,
    readonly log: Log,
    readonly clock: Clock = systemClock,
    fileCalls: FileCalls = systemFileCalls,
  ) {
    this.startedMs = clock.unixMs();
    const toucher = config.values["disable-thp"] ? undefined : new PageToucher(touchInWorker());
    this.keyspace = new Keyspace(config.values.databases, clock, this.random, toucher);
    this.tracking = new Tracking(this);
    this.keyChanges = new KeyChanges(this.watches, this.waiting, this.tracking);
    this.executor = new Executor(this);
    this.persistence = new Aof(this, this.executor, () => this.snapshots, fileCalls);
    this.payloads = new ValuePayloads(this.keyspace, config, log);
    this.snapshots = new Snapshots(this, newSnapshotThread, () => this.startPoll());
    this.expiry = new ExpiryCycle(this.keyspace);
    this.background = new Background(this.waiting, clock, this.stats, this.observation.latency, () => this.startPoll());
    this.background.add(this.expiry);
    this.background.add(this.memoryLimit);
    this.background.add(this.keyspace.reclaimer);
    this.background.add(this.snapshots);
    this.background.add(this.snapshots.rehearsals);
    this.background.add(this.keyspace.defragmentation);
    this.background.add(this.keyspace.bigKeys);
    this.keyspace.defragmentation.onShrunk = forgetIdleCode;
    this.output = new GatheredOutput((error) => log.warning(`A connection failed: ${(error as Error).stack}`));
    this.guard = new Guard(this);
    this.admission = new Admission(this);
    this.listeners = new Listeners(this.socketHandler(), (message) => log.warning(message));
    noteStartup(this.memory, this.programBytes);
    applyConfig(this);
  }

  /** Starts to accept connections. Returns why that failed. */
  listen(): string | undefined {
    const { values } = this.config;
    return this.listeners.open({
      bind: values.bind,
      port: values.port,
      unixSocket: values.unixsocket,
      unixSocketMode: values.unixsocketperm,
    });
  }

  /** Listens on the addresses and port that the configuration has now. Returns why that failed; then all is as before. */
  rebind(): string | undefined {
    return this.listeners.rebind(this.config.values.bind, this.config.values.port);
  }

  /** Starts the periodic work. */
  start(): void {
    let dueUs = this.clock.monotonicUs() + CRON_MS * 1000;
    this.cron = setInterval(() => {
      const nowUs = this.clock.monotonicUs();
      this.stats.loop.recordLag(Math.max(0, nowUs - dueUs));
      dueUs = nowUs + CRON_MS * 1000;
      if (this.cronPaused) return;
      if (this.awaitedSignal !== undefined) this.endAsConfigured(this.awaitedSignal);
      this.startPoll();
      notePeak(this);
      this.rates.sample(this.keyspace.nowMs, this.stats);
      this.guard.watch(this.keyspace.nowMs);
      this.persistence.watch();
      this.snapshots.cron(this.keyspace.nowMs);
      this.targets.cron(this.keyspace.nowMs);
    }, CRON_MS);
    setTimeout(forgetIdleCode, STARTUP_MS).unref();
    this.forgetting = setInterval(forgetIdleCode, IDLE_CODE_MS).unref();
  }

  /** A signal that is to end the server as soon as no script runs. */
  private awaitedSignal: EndingSignal | undefined;

  /** Called when everything has stopped, with the status for the process to exit with. */
  onEnd: (status: number) => void = () => {};

  /** Loads what was persisted; `restoreTo`: up to that second, Unix time. Returns why that is impossible. */
  async load(restoreTo?: number): Promise<string | undefined> {
    // What is past by now may have been changed, and given more time, later in the file.
    this.expiry.enabled = false;
    const failure = await this.persistence.load(restoreTo);
    this.expiry.enabled = true;
    return failure;
  }

  shutDown(force: boolean, saves?: boolean): boolean {
    this.log.warning("User requested shutdown...");
    if (this.end(force, force, saves)) return true;
    this.log.warning("Errors trying to shut down the server. Check the logs for more information.");
    return false;
  }

  /**
   * Ends as the configuration says for that signal. A journal that can't be written does not keep the server: what is not in it was never
   * acknowledged. False when something else failed: then the server goes on; and when a script has to end first.
   */
  endBySignal(signal: EndingSignal): boolean {
    this.log.warning(`Received ${signal} scheduling shutdown...`);
    return this.endAsConfigured(signal);
  }

  private endAsConfigured(signal: EndingSignal): boolean {
    const { values } = this.config;
    const options = signal === "SIGTERM" ? values["shutdown-on-sigterm"] : values["shutdown-on-sigint"];
    const saves = options.includes("save") || (!options.includes("nosave") && values.save.length > 0);
    // Half of what a script does is not to be saved. The append-only file has all of it or nothing.
    this.awaitedSignal = saves && this.executor.inUnit ? signal : undefined;
    if (this.awaitedSignal !== undefined) return false;
    if (this.end(options.includes("force"), true, saves)) return true;
    this.log.warning(
      `${signal} received but errors trying to shut down the server, check the logs for more information`,
    );
    return false;
  }

  private end(force: boolean, withoutJournal: boolean, saves = this.config.values.save.length > 0): boolean {
    if (this.snapshots.isSaving) {
      this.log.warning("There is a child saving an .rdb. Killing it!");
      this.snapshots.abortSaving();
    }
    if (!this.persistence.prepareToEnd(force)) return false;
    const journalled = this.journal === undefined || this.journal.settle();
    if (!journalled && !withoutJournal) {
      this.log.warning(`The append only file can't be written: ${this.journal?.lastError}`);
      return false;
    }
    // What is loaded only in part must not take the place of the whole.
    if (saves && (this.gate & GATE_LOADING) === 0 && !this.saveAtEnd(force)) return false;
    try {
      this.endOfPoll();
    } finally {
      this.stop();
    }
    if (this.journal !== undefined) this.log.notice("Calling fsync() on the AOF file.");
    this.onEnd(this.persistence.close() ? 0 : 1);
    return true;
  }

  private saveAtEnd(force: boolean): boolean {
    this.log.notice("Saving the final RDB snapshot before exiting.");
    if (this.snapshots.save()) return true;
    this.log.warning(`Error trying to save the DB${force ? ". Exit anyway" : ", can't exit"}.`);
    return force;
  }

  /** Accepts no connections and does nothing by itself any longer. */
  stop(): void {
    this.listeners.close();
    this.targets.close();
    this.background.stopTimers();
    clearInterval(this.cron);
    clearInterval(this.forgetting);
  }

  private socketHandler(): Handler {
    return {
      binaryType: "uint8array",
      open: (socket) => this.accept(socket),
      data: (socket, chunk) => socket.data?.receive(chunk),
      drain: (socket) => socket.data?.drain(),
      end: (socket) => socket.data?.peerEnded(),
      close: (socket) => socket.data?.ended(),
      error: (_socket, error) => this.log.warning(`Error on a connection: ${error.message}`),
    };
  }

  private accept(socket: Socket<Connection>): void {
    this.startPoll();
    const refusal = this.admission.refusal(socket, this.guard.size);
    if (refusal !== undefined) {
      this.stats.rejectedConnections++;
      socket.end(refusal);
      return;
    }
    const connection = this.admission.connect(socket, this);
    this.stats.connectionsReceived++;
    this.guard.add(connection);
    this.clients.add(connection.client);
  }

  startPoll(): void {
    if (this.polling) return;
    this.polling = true;
    this.pollStartUs = this.clock.monotonicUs();
    // For a script, the time stands still.
    if ((this.gate & GATE_BUSY) === 0) {
      this.keyspace.setNow(this.clock.unixMs());
      this.pause.apply(this.keyspace.nowMs);
      this.memoryLimit.apply();
    }
    setImmediate(this.afterPoll);
  }

  private readonly afterPoll = (): void => {
    this.polling = false;
    this.executor.waking.endOverdue(this.keyspace.nowMs);
    if (this.waiting.hasReady) this.executor.waking.serve();
    this.endOfPoll();
    this.limitClients();
    if ((this.gate & GATE_BUSY) === 0) this.background.run(this.pollStartUs, this.keyspace.nowMs);
    if (this.paused.size > 0) this.resumePaused();
    if (this.resuming.length > 0) this.resumeAll();
  };

  private resumeAll(): void {
    const connections = this.resuming;
    this.resuming = [];
    for (const connection of connections) connection.resume();
  }

  endOfPoll(): void {
    if (this.tracking.keyCount > 0) this.tracking.endOfPoll();
    const { journal } = this;
    const journalled = journal === undefined || journal.flush();
    this.spent.release();
    if (journalled !== ((this.gate & GATE_WRITES_REFUSED) === 0)) this.journalChanged(journalled);
    if (this.awaiting.size > 0) this.acknowledge(journal?.acknowledged ?? Number.POSITIVE_INFINITY);
    if (this.syncWaits.size > 0) this.syncWaits.serve();
    this.output.flush();
  }

  /** The journal can't be written, or can be again. */
  private journalChanged(journalled: boolean): void {
    if (!journalled) {
      this.gate |= GATE_WRITES_REFUSED;
      this.writeError = this.journal!.lastError;
      return;
    }
    this.gate &= ~GATE_WRITES_REFUSED;
  }

  private acknowledge(offset: number): void {
    if (offset === this.acknowledged) return;
    this.acknowledged = offset;
    for (const connection of this.awaiting) {
      if (connection.releaseOutput(offset)) this.awaiting.delete(connection);
    }
  }

  get isBehind(): boolean {
    const { journal } = this;
    return journal !== undefined && journal.end > journal.acknowledged && (this.gate & GATE_WRITES_REFUSED) === 0;
  }

  isAcknowledged(connection: Connection): boolean {
    const { client } = connection;
    const { journal } = this;
    if (journal === undefined) return true;
    if (client.unsaved) {
      client.unsaved = false;
      client.journalOffset = journal.end;
    }
    if (client.journalOffset <= journal.acknowledged) return true;
    this.awaiting.add(connection);
    return false;
  }

  limitClients(): void {
    this.guard.limitClients();
  }

  checkQueryBuffer(connection: Connection): void {
    this.guard.checkQueryBuffer(connection);
  }

  checkOutput(connection: Connection): void {
    this.guard.checkOutput(connection, this.keyspace.nowMs);
  }

  terminateLater(socket: Socket<Connection>, ms: number): void {
    setTimeout(() => socket.terminate(), ms).unref();
  }

  disconnected(connection: Connection): void {
    this.guard.remove(connection);
    this.awaiting.delete(connection);
    const { client } = connection;
    this.clients.remove(client);
    this.pubsub.forget(client);
    this.watches.forget(client);
    this.tracking.forget(client);
    if (this.paused.delete(connection)) this.pause.heldBack--;
    stopMonitoring(this, client);
    if (client.waiting !== undefined) this.waiting.remove(client.waiting);
  }

  get isTurnOver(): boolean {
    return this.clock.monotonicUs() - this.pollStartUs > REQUESTS_US_MAX;
  }

  resumeLater(connection: Connection): void {
    this.resuming.push(connection);
    this.startPoll();
  }

  waitForUnpause(connection: Connection): void {
    this.paused.add(connection);
    this.pause.heldBack = this.paused.size;
  }

  private resumePaused(): void {
    if (this.gate & (GATE_PAUSED_ALL | GATE_PAUSED_WRITES)) return;
    const waiting = this.paused;
    this.paused = new Set();
    this.pause.heldBack = 0;
    for (const connection of waiting) connection.resume();
  }
}

function newSnapshotThread(): WriterThread {
  return new Worker(new URL("./snapshot-worker.ts", import.meta.url), { smol: true, ref: false }) as WriterThread;
}

/** Passes ranges of memory to a thread that makes them resident. It is started with the first one. */
function touchInWorker(): (range: PageRange) => void {
  let worker: Worker | undefined;
  return (range) => {
    worker ??= new Worker(new URL("./page-worker.ts", import.meta.url), { smol: true, ref: false });
    worker.postMessage(range);
  };
}
