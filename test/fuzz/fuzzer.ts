// Sends batches (batch.ts) to a server until it has had a given number of frames, and looks after each round whether
// it lives, answers, and has not grown.
//
// Every batch goes over a connection of its own, which is half-closed behind it; the server closing the other half is
// the proof that it has dealt with all of it. What it replies is read and thrown away: right replies are the matter of
// test/differential.
import { readFileSync } from "node:fs";
import type { Server } from "../support/oracle.ts";
import { escapeBytes, RawConnection } from "../support/raw.ts";
import { BatchMaker } from "./batch.ts";
import { commandsToFuzz } from "./commands.ts";

const LANES = 2;
const BATCHES_PER_ROUND = 500;
const BATCH_TIMEOUT_MS = 30_000;
const SETTLE_TRIES = 500;
const SETTLE_PAUSE_MS = 10;
/** What makes a server let go of everything that commands have left behind. */
const GIVE_BACK = ["FLUSHALL", "SCRIPT FLUSH", "FUNCTION FLUSH", "SLOWLOG RESET", "CONFIG RESETSTAT", "MEMORY PURGE"];
/** What may stay in use after FLUSHALL, above what an untouched server used. */
const USED_MEMORY_SLACK_BYTES = 16 << 20;
/** What the process may hold above what it held after the first round, which has warmed it up. */
const RSS_SLACK_BYTES = 256 << 20;

export interface FuzzPlan {
  readonly frames: number;
  readonly seed: number;
  /** The number of the first batch; for sending a reported batch again. */
  readonly firstBatch?: number;
  /** Called after every round. */
  readonly progress?: (state: FuzzState) => void;
}

export interface FuzzState {
  readonly frames: number;
  readonly batches: number;
  readonly bytesSent: number;
  readonly usedMemoryBytes: number;
  readonly rssBytes: number;
}

/** A server under the arguments that bound what one command may allocate. */
export const FUZZ_ARGS = ["--proto-max-bulk-len", "1048576", "--client-query-buffer-limit", "16mb"];

/** Runs the plan; throws at the first crash, hang or growth with the batches that were on their way. */
export async function fuzz(server: Server, plan: FuzzPlan): Promise<FuzzState> {
  const run = new FuzzRun(server, plan);
  return run.all();
}

class FuzzRun {
  #nextBatch: number;
  #frames = 0;
  #bytesSent = 0;
  #rssLimitBytes = Number.POSITIVE_INFINITY;
  readonly #inFlight = new Map<number, Uint8Array>();

  constructor(
    readonly server: Server,
    readonly plan: FuzzPlan,
  ) {
    this.#nextBatch = plan.firstBatch ?? 0;
  }

  async all(): Promise<FuzzState> {
    const admin = await RawConnection.connect(this.server.port, { timeoutMs: BATCH_TIMEOUT_MS });
    const commands = await commandsToFuzz(admin);
    const makers = Array.from({ length: LANES }, () => new BatchMaker(commands, this.plan.seed));
    const untouched = await usedMemory(admin);
    try {
      for (;;) {
        await Promise.all(makers.map((maker) => this.#lane(maker)));
        const state = await this.#checkHealth(admin, untouched + USED_MEMORY_SLACK_BYTES);
        this.plan.progress?.(state);
        if (this.#frames >= this.plan.frames) return state;
      }
    } catch (error) {
      throw new Error(this.#report(error as Error));
    } finally {
      admin.close();
    }
  }

  async #lane(maker: BatchMaker): Promise<void> {
    for (let i = 0; i < BATCHES_PER_ROUND / LANES && this.#frames < this.plan.frames; i++) {
      const index = this.#nextBatch++;
      const batch = maker.make(index);
      this.#inFlight.set(index, batch.bytes);
      await sendBatch(this.server.port, batch.bytes);
      this.#inFlight.delete(index);
      this.#frames += batch.frames;
      this.#bytesSent += batch.bytes.length;
    }
  }

  /** The server answers, gives its memory back, and has not grown. */
  async #checkHealth(admin: RawConnection, usedLimitBytes: number): Promise<FuzzState> {
    const answer = await admin.text("PING");
    if (answer !== "+PONG\r\n") throw new Error(`PING was answered with ${escapeBytes(answer)}`);
    for (const command of GIVE_BACK) await admin.command(...command.split(" "));
    const settled = (): boolean => usedMemoryBytes <= usedLimitBytes && rssBytes <= this.#rssLimitBytes;
    let usedMemoryBytes = await usedMemory(admin);
    let rssBytes = residentBytes(this.server.pid);
    for (let i = 0; i < SETTLE_TRIES && !settled(); i++) {
      await admin.command("MEMORY", "PURGE");
      await Bun.sleep(SETTLE_PAUSE_MS);
      usedMemoryBytes = await usedMemory(admin);
      rssBytes = residentBytes(this.server.pid);
    }
    if (usedMemoryBytes > usedLimitBytes) throw new Error(`used_memory stays at ${usedMemoryBytes} after FLUSHALL`);
    if (rssBytes > this.#rssLimitBytes)
      throw new Error(`resident memory stays at ${rssBytes} bytes after MEMORY PURGE`);
    if (this.#rssLimitBytes === Number.POSITIVE_INFINITY) this.#rssLimitBytes = rssBytes + RSS_SLACK_BYTES;
    const { frames, batches, bytesSent } = {
      frames: this.#frames,
      batches: this.#nextBatch,
      bytesSent: this.#bytesSent,
    };
    return { frames, batches, bytesSent, usedMemoryBytes, rssBytes };
  }

  #report(error: Error): string {
    const dead = this.server.running() ? "" : "; the server has ended";
    const batches = [...this.#inFlight].map(([index, bytes]) => `  batch ${index}: "${escapeBytes(bytes, 3000)}"`);
    return [
      `${error.message}${dead}`,
      `seed ${this.plan.seed}, ${this.#frames} frames sent, next batch ${this.#nextBatch}; on their way:`,
      ...batches,
      `end of the server's log:\n${this.server.log().slice(-4000)}`,
    ].join("\n");
  }
}

/** Resolves when the server has read all of it and closed. */
async function sendBatch(port: number, bytes: Uint8Array): Promise<void> {
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(() => done.reject(new Error("a batch was not dealt with in time")), BATCH_TIMEOUT_MS);
  let sent = 0;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: () => {},
      drain: (writable) => push(writable),
      close: () => done.resolve(),
      error: () => done.resolve(),
    },
  });
  const push = (writable: Bun.Socket): void => {
    const accepted = writable.write(bytes, sent, bytes.length - sent);
    if (accepted < 0) done.resolve();
    else sent += accepted;
    if (sent === bytes.length) writable.shutdown();
  };
  push(socket);
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}

async function usedMemory(admin: RawConnection): Promise<number> {
  const found = /used_memory:(\d+)/.exec(await admin.text("INFO", "memory"));
  if (found === null) throw new Error("INFO memory has no used_memory");
  return Number(found[1]);
}

function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return found === null ? 0 : Number(found[1]) * 1024;
}
