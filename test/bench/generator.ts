/** The main process's end of the load generator. */
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Argument } from "./encode.ts";
import type { Answer, IdleJob, Job, LoadJob, LoadResult, ProbeJob } from "./jobs.ts";
import type { ProbeResult } from "./probe.ts";
import { pinned, type Server, track } from "./servers.ts";

const FILL_CONNECTIONS = 8;
const FILL_PIPELINE = 64;
/** Fills with large values use fewer commands per batch: a batch should stay in the caches. */
const FILL_BATCH_BYTES = 256 * 1024;
const UNBOUNDED = { msMax: Number.MAX_SAFE_INTEGER, commandsMax: Number.MAX_SAFE_INTEGER };

export class Generator {
  readonly #child: Subprocess;
  #pending: PromiseWithResolvers<unknown> | null = null;

  constructor(core: number | null) {
    const cmd = [...pinned(core), process.execPath, join(import.meta.dir, "load.ts")];
    const ipc = (answer: Answer): void => this.#answered(answer);
    this.#child = track(Bun.spawn({ cmd, ipc, stdout: "inherit", stderr: "inherit" }));
    this.#child.exited.then(() => this.#answered({ ok: false, reason: "the load generator ended" }));
  }

  load(job: Omit<LoadJob, "kind">): Promise<LoadResult> {
    return this.#ask({ ...job, kind: "load" }) as Promise<LoadResult>;
  }

  probe(job: Omit<ProbeJob, "kind">): Promise<ProbeResult> {
    return this.#ask({ ...job, kind: "probe" }) as Promise<ProbeResult>;
  }

  async idle(job: Omit<IdleJob, "kind">): Promise<void> {
    await this.#ask({ ...job, kind: "idle" });
  }

  /** Sends each of `count` commands once, in the order of their running numbers. */
  fill(server: Server, args: readonly Argument[], count: number, more: Partial<LoadJob> = {}): Promise<LoadResult> {
    return this.load({
      port: server.port,
      serverPid: server.pid,
      connections: FILL_CONNECTIONS,
      pipeline: fillPipeline(args),
      args,
      firstNumber: 0,
      seed: 1,
      warmup: { msMax: 0, commandsMax: 0 },
      measured: { ...UNBOUNDED, commandsMax: count },
      sendExactly: count,
      subscribers: 0,
      channel: "",
      probe: false,
      ...more,
    });
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.exited;
  }

  #ask(job: Job): Promise<unknown> {
    this.#pending = Promise.withResolvers<unknown>();
    this.#child.send(job);
    return this.#pending.promise;
  }

  #answered(answer: Answer): void {
    const pending = this.#pending;
    this.#pending = null;
    if (answer.ok) pending?.resolve(answer.value);
    else pending?.reject(new Error(answer.reason));
  }
}

function fillPipeline(args: readonly Argument[]): number {
  const bytes = args.reduce((sum, arg) => sum + (typeof arg === "string" ? arg.length : arg.digits), 0);
  return Math.max(1, Math.min(FILL_PIPELINE, Math.floor(FILL_BATCH_BYTES / bytes)));
}
