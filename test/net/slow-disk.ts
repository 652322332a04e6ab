import { expect } from "bun:test";
import { CommandTable } from "../../src/command/table.ts";
import { UnsyncedKeys } from "../../src/command/unsynced-keys.ts";
import { COMMANDS } from "../../src/commands/index.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { AofJournal, type FsyncPolicy } from "../../src/persistence/aof/journal.ts";
import { Server } from "../../src/server.ts";
import { CapturedLog } from "../persistence/captured-log.ts";
import { FakeFile } from "../persistence/fake-file.ts";
import { freePort } from "../support/oracle.ts";
import { type Arg, encodePipeline, RawConnection } from "../support/raw.ts";

/** A clock on which no write takes long. */
const QUICK: Clock = { unixMs: () => systemClock.unixMs(), unixUs: () => systemClock.unixUs(), monotonicUs: () => 0 };

/** A server whose journal is synced when the test says so. */
export class SlowDisk {
  private static started: SlowDisk[] = [];
  readonly file = new FakeFile();
  readonly journal: AofJournal;
  private readonly connections: RawConnection[] = [];

  private constructor(
    readonly server: Server,
    private readonly port: number,
    private readonly watcher: RawConnection,
    policy: FsyncPolicy,
  ) {
    this.journal = new AofJournal(this.file, 0, QUICK, server.log);
    this.journal.policy = policy;
    this.journal.onSynced = () => server.startPoll();
    server.journal = this.journal;
    if (policy === "always") server.unsynced = new UnsyncedKeys(this.journal);
  }

  static async start(policy: FsyncPolicy = "always"): Promise<SlowDisk> {
    const port = await freePort();
    const config = new ConfigStore();
    const refusal = config.set([
      ["appendonly", "yes"],
      ["port", String(port)],
      ["bind", "127.0.0.1"],
    ]);
    expect(refusal).toBeUndefined();
    const server = new Server(config, new CommandTable(COMMANDS), new CapturedLog(systemClock));
    expect(server.listen()).toBeUndefined();
    const disk = new SlowDisk(server, port, await RawConnection.connect(port), policy);
    SlowDisk.started.push(disk);
    return disk;
  }

  /** For `afterEach`. */
  static stopAll(): void {
    for (const disk of SlowDisk.started.splice(0)) disk.stop();
  }

  async connect(): Promise<RawConnection> {
    const connection = await RawConnection.connect(this.port);
    this.connections.push(connection);
    return connection;
  }

  /** Sends requests and returns when they have been executed and all that may be sent has been. */
  async send(connection: RawConnection, ...requests: Arg[][]): Promise<void> {
    const { stats } = this.server;
    const before = stats.inputBytes;
    const bytes = encodePipeline(requests);
    connection.send(bytes);
    while (stats.inputBytes < before + bytes.length) await turn();
    await this.settle();
  }

  /** Lets the current sync end, and what follows from it happen. */
  async sync(): Promise<void> {
    expect(this.file.syncsInFlight).toBe(1);
    this.file.finishSyncs();
    await this.settle();
  }

  /** The file is switched off. */
  giveUp(): void {
    expect(this.server.config.set([["appendonly", "no"]])).toBeUndefined();
    this.server.journal = this.server.unsynced = undefined;
  }

  /** Everything that can happen by itself has happened, and has arrived. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await this.watcher.command("ECHO", "x");
  }

  private stop(): void {
    for (const connection of [...this.connections, this.watcher]) connection.close();
    this.server.stop();
  }
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export const held = (connection: RawConnection) =>
  connection.takeHeld().map((reply) => Buffer.from(reply).toString("latin1"));
export const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
