import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, NO_LINK } from "../../src/command/client.ts";
import { CommandTable } from "../../src/command/table.ts";
import { COMMANDS } from "../../src/commands/index.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { splitArgs } from "../../src/lib/split-args.ts";
import type { FileCalls } from "../../src/persistence/file-calls.ts";
import { argsOf } from "../../src/resp/args.ts";
import { Reply } from "../../src/resp/reply.ts";
import { Server } from "../../src/server.ts";
import { seed } from "../support/seed.ts";
import { CapturedLog } from "./captured-log.ts";
import { removeScratch, scratch } from "./scratch.ts";

const started: AofServer[] = [];

/** Ends the servers of a test and removes its folders: for `afterEach`. */
export function cleanUp(): void {
  for (const one of started.splice(0)) one.server.persistence.close();
  removeScratch();
}

/** A clock whose monotonic time advances with every look, so that slices end. */
class TickingClock extends ManualClock {
  /** What a look costs. */
  lookMs = 0;

  override monotonicUs(): number {
    this.advance(this.lookMs);
    return super.monotonicUs();
  }
}

export const FOLDER = "appendonlydir";
export const MANIFEST = "file database.aof.1.base.aof seq 1 type b\nfile database.aof.1.incr.aof seq 1 type i\n";

/** A server over a folder, without a network. */
export class AofServer {
  readonly clock = new TickingClock();
  readonly log = new CapturedLog(this.clock);
  readonly config = new ConfigStore();
  readonly server: Server;
  private readonly client: Client;
  private readonly reply = new Reply();

  constructor(
    readonly dir: string,
    settings: Record<string, string> = {},
    fileCalls?: FileCalls,
  ) {
    const refusal = this.config.set(Object.entries({ dir, appendonly: "yes", ...settings }));
    if (refusal !== undefined) throw new Error(refusal);
    this.server = new Server(this.config, new CommandTable(COMMANDS), this.log, this.clock, fileCalls);
    this.server.random.seed(seed);
    started.push(this);
    this.client = new Client(1, NO_LINK, this.server.keyspace.databases[0]!, 0);
  }

  load(): Promise<string | undefined> {
    return this.server.persistence.load();
  }

  /** Executes a request line and writes the journal, as one poll does. Returns the reply. */
  say(line: string): string {
    this.server.keyspace.setNow(this.clock.unixMs());
    this.reply.truncate(0);
    this.server.executor.execute(this.client, argsOf(...splitArgs(Buffer.from(line, "latin1"))!), this.reply);
    this.server.journal?.flush();
    return Buffer.from(this.reply.buf.subarray(0, this.reply.at)).toString("latin1");
  }

  /** Resolves when no rewrite is going on any more. */
  async rewritten(): Promise<void> {
    const { persistence } = this.server;
    while (persistence.figures["aof_rewrite_in_progress"] === 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await persistence.settled();
  }

  /** Keys in all databases. */
  get keyCount(): number {
    return this.server.keyspace.databases.reduce((sum, db) => sum + db.size, 0);
  }

  /** All keys of a database with their string values, sorted. */
  strings(db = 0): Record<string, string> {
    this.say(`SELECT ${db}`);
    const keys = bulks(this.say("KEYS *")).sort();
    return Object.fromEntries(keys.map((key) => [key, bulks(this.say(`GET ${key}`))[0]!]));
  }
}

function bulks(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map(([, text]) => text!);
}

/** A folder for data that holds an append-only file: base and one increment, or the files given by name. */
export function aofFolder(increment: string | Uint8Array, others: Record<string, string | Uint8Array> = {}): string {
  const dir = scratch();
  mkdirSync(join(dir, FOLDER));
  const files = {
    "database.aof.manifest": MANIFEST,
    "database.aof.1.base.aof": "",
    "database.aof.1.incr.aof": increment,
    ...others,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, FOLDER, name), content);
  return dir;
}
