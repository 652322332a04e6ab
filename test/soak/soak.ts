import { Random } from "../../src/lib/random.ts";
import { infoFields } from "../bench/ask.ts";
import { readRssBytes } from "../bench/proc.ts";
import { type Server, startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { CHANNEL, makeRequest } from "./requests.ts";

const CLIENTS = 6;
const PIPELINE = 32;
const MINUS = 45;
/** Requests of these names come from the clients alone: neither from scripts nor from the driver. */
const COUNTED = ["get", "set", "mget", "lpush", "zadd", "xadd", "publish", "hset", "sadd", "eval"];
/** So much of the resident memory's samples are not above the figure that is compared: what lasts shorter is no growth. */
const USUAL_PART = 0.99;
/**
 * That figure after the first third, to that of the first third. What has grown old waits for a full collection, and under load the engine
 * is in no hurry: in half an hour it comes to 5 %. Half a megabyte that each save left behind came to 9.
 */
const GROWTH_PART = 1.08;
const SETTINGS = ["--maxmemory", "64mb", "--appendonly", "yes"];
/** When memory is made short, so much of what the data takes has to go. Each time another policy chooses what. */
const EVICTED_PART = 0.1;
const POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random"];
/** What the operator does, by its step in a round of so many. */
const ROUND_STEPS = 200;
const DUTIES = new Map<number, "save" | "rewrite" | "shorten" | "widen">([
  [20, "shorten"],
  [50, "save"],
  [80, "widen"],
  [120, "shorten"],
  [150, "rewrite"],
  [180, "widen"],
]);

export interface SoakOptions {
  readonly seed: number;
  /** How far it is, from 0 to 1 (the end), after so many batches of all clients together. */
  readonly progressAfter: (batches: number) => number;
  readonly report: (line: string) => void;
  /** The memory may grow by so much because what runs often is still being compiled after the first third. */
  readonly warmUpBytes: number;
  /** Waited for by each of the clients after each batch of so many requests in all. */
  readonly rest?: (requests: number) => Promise<void>;
}

/** Works with every type of value, expiry, eviction, messages, scripts and rewrites at once. Throws when something does not add up. */
export async function soak(options: SoakOptions): Promise<void> {
  const server = await startOurs(SETTINGS);
  const run = new Soak(server, options);
  try {
    await run.work();
    await run.check();
    await server.stop();
  } catch (error) {
    throw new Error(`seed ${options.seed}: ${(error as Error).message}\n${server.log().slice(-2000)}`);
  } finally {
    await server.kill9();
  }
}

class Soak {
  private readonly sent = new Map<string, number>();
  private readonly random: Random;
  private batches = 0;
  private delivered = 0;
  private received = 0;
  private readonly rssFirstThird: number[] = [];
  private readonly rssAfterwards: number[] = [];
  private shortages = 0;
  /** The operator's next step is due after so many batches. */
  private stepDue = 0;
  private takeStep: () => void = () => {};

  constructor(
    private readonly server: Server,
    private readonly options: SoakOptions,
  ) {
    this.random = new Random(options.seed);
  }

  async work(): Promise<void> {
    const subscriber = await RawConnection.connect(this.server.port);
    await subscriber.command("SUBSCRIBE", CHANNEL);
    const clients = Array.from({ length: CLIENTS }, () => this.client(subscriber));
    await Promise.all([...clients, this.operator()]);
    this.received += (await subscriber.read(this.delivered - this.received)).length;
    subscriber.close();
  }

  private get part(): number {
    return this.options.progressAfter(this.batches);
  }

  private async client(subscriber: RawConnection): Promise<void> {
    const connection = await RawConnection.connect(this.server.port, { timeoutMs: 60_000 });
    while (this.part < 1) {
      const requests = Array.from({ length: PIPELINE }, () => makeRequest(this.random));
      connection.send(encodePipeline(requests));
      const replies = await connection.read(PIPELINE);
      for (const [i, reply] of replies.entries()) this.answered(requests[i]![0] as string, reply);
      this.received += subscriber.takeHeld().length;
      this.batches++;
      if (this.batches >= this.stepDue) this.takeStep();
      await this.options.rest?.(PIPELINE * CLIENTS);
    }
    this.takeStep();
    connection.close();
  }

  private answered(name: string, reply: Uint8Array): void {
    if (reply[0] === MINUS) throw new Error(`${name} answered ${Buffer.from(reply).toString("latin1")}`);
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1);
    if (name === "PUBLISH") this.delivered += Number(Buffer.from(reply).toString("latin1").slice(1));
  }

  /** Saves and rewrites again and again, makes memory short for a while, and watches the process's memory. */
  private async operator(): Promise<void> {
    const connection = await RawConnection.connect(this.server.port, { timeoutMs: 60_000 });
    for (let step = 0; this.part < 1; step++) {
      await this.untilNextStep();
      (this.part < 1 / 3 ? this.rssFirstThird : this.rssAfterwards).push(readRssBytes(this.server.pid));
      await this.serve(connection, step);
    }
    connection.close();
  }

  private untilNextStep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stepDue = this.batches + CLIENTS;
    this.takeStep = resolve;
    return promise;
  }

  private async serve(connection: RawConnection, step: number): Promise<void> {
    const duty = DUTIES.get(step % ROUND_STEPS);
    if (duty === "save") await this.start(connection, "BGSAVE", "SCHEDULE");
    if (duty === "rewrite") await this.start(connection, "BGREWRITEAOF");
    if (duty === "shorten") {
      const fields = infoFields(await connection.text("INFO", "memory"), /^used_memory(_startup)?$/);
      const [used, atStart] = fields.map(([, value]) => Number(value)) as [number, number];
      await connection.command("CONFIG", "SET", "maxmemory-policy", POLICIES[this.shortages++ % POLICIES.length]!);
      await connection.command("CONFIG", "SET", "maxmemory", Math.round(used - (used - atStart) * EVICTED_PART));
    }
    if (duty === "widen") await connection.command("CONFIG", "SET", "maxmemory", "64mb");
  }

  private async start(connection: RawConnection, ...request: string[]): Promise<void> {
    const reply = await connection.text(...request);
    const isBusy = /in progress|already|scheduled/i.test(reply);
    if (reply.startsWith("-") && !isBusy) throw new Error(`${request.join(" ")} answered ${reply}`);
    const percent = (this.part * 100).toFixed(0);
    this.options.report(
      `${percent}%: ${this.batches * PIPELINE} requests, ${this.memory()}; ${request[0]}: ${reply.trim()}`,
    );
  }

  private memory(): string {
    const text = (samples: readonly number[]): string =>
      samples.length === 0 ? "-" : `${mb(usual(samples))} MB (at most ${mb(Math.max(...samples))} MB)`;
    return `RSS ${text(this.rssFirstThird)} in the first third, ${text(this.rssAfterwards)} since`;
  }

  async check(): Promise<void> {
    const connection = await RawConnection.connect(this.server.port);
    const info = await connection.text("INFO", "everything");
    connection.close();
    const figure = (name: string): number => Number(infoFields(info, new RegExp(`^${name}$`))[0]?.[1]);
    for (const name of COUNTED) {
      const calls = Number(
        /calls=(\d+)/.exec(infoFields(info, new RegExp(`^cmdstat_${name}$`))[0]?.[1] ?? "")?.[1] ?? 0,
      );
      this.expect(`calls of ${name}`, calls, this.sent.get(name.toUpperCase()) ?? 0);
    }
    for (const name of ["evicted_keys", "expired_keys"]) {
      if (!(figure(name) > 0)) throw new Error(`no ${name}`);
    }
    this.expect("messages", this.received, this.delivered);
    this.expect("unexpected errors", figure("unexpected_error_replies"), 0);
    this.expect("broken snapshots", infoFields(info, /^rdb_last_bgsave_status$/)[0]?.[1], "ok");
    this.expect("broken rewrites", infoFields(info, /^aof_last_bgrewrite_status$/)[0]?.[1], "ok");
    const limit = figure("maxmemory") * 1.01;
    if (figure("used_memory") > limit) throw new Error(`used_memory is ${figure("used_memory")}, above ${limit}`);
    const bound = usual(this.rssFirstThird) * GROWTH_PART + this.options.warmUpBytes;
    if (usual(this.rssAfterwards) > bound) throw new Error(`grew above ${mb(bound)} MB: ${this.memory()}`);
    const counts = `evicted ${figure("evicted_keys")}, expired ${figure("expired_keys")} keys`;
    this.options.report(`${this.batches * PIPELINE} requests, ${counts}, ${this.memory()}`);
  }

  private expect<T>(what: string, found: T, wanted: T): void {
    if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
  }
}

function usual(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * USUAL_PART)];
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
