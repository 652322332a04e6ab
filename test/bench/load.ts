/**
 * The load generator: a process of its own, so that it can be pinned to a core of its own. It takes one job at a time over the
 * pipe from the main process and ends with it.
 *
 * It must cost less than the server it drives. Requests are encoded beforehand and patched in place, replies are counted and not
 * kept, and nothing is allocated per command; what Bun's sockets allocate is per chunk.
 */
import { encode, Patcher } from "./encode.ts";
import { Histogram } from "./histogram.ts";
import type { Answer, IdleJob, Job, LoadJob, LoadResult, ProbeJob } from "./jobs.ts";
import { Lane, type LaneOwner, Subscriber } from "./lane.ts";
import { nowNs, pause } from "./now.ts";
import { Probe, type ProbeResult } from "./probe.ts";
import { type CpuReading, cpuBetween, readCpu } from "./proc.ts";

const SILENCE_SECONDS_MAX = 60;
const NS_PER_MS = 1e6;

type Phase = "warmup" | "measured" | "draining";

class Load implements LaneOwner {
  readonly #job: LoadJob;
  readonly #patcher: Patcher;
  readonly #lanes: Lane[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #latency = new Histogram();
  readonly #done = Promise.withResolvers<void>();
  readonly #probe: Probe | null;
  #phase: Phase = "warmup";
  #sent = 0;
  #completed = 0;
  #delivered = 0;
  #idle = 0;
  #windowStartNs = 0;
  #windowCommands = 0;
  #serverBefore: CpuReading | null = null;
  #clientBeforeUs = 0;
  #figures: Pick<LoadResult, "commands" | "seconds" | "serverCpuNs" | "clientCpuNs"> | null = null;

  constructor(job: LoadJob) {
    this.#job = job;
    const template = encode(job.args);
    this.#patcher = new Patcher(template, job.seed, job.firstNumber);
    for (let i = 0; i < job.connections; i++) this.#lanes.push(new Lane(this, template, job.pipeline));
    this.#probe = job.probe ? new Probe(job.serverPid, () => this.#completed) : null;
  }

  async run(): Promise<LoadResult> {
    const watchdog = this.#watch();
    let probed: ProbeResult | null = null;
    try {
      await this.#connect();
      this.#start();
      await this.#done.promise;
    } finally {
      clearInterval(watchdog);
      probed = this.#probe?.stop() ?? null;
      for (const lane of this.#lanes) lane.close();
      for (const subscriber of this.#subscribers) subscriber.close();
    }
    return this.#result(probed);
  }

  batchDone(lane: Lane): void {
    const now = nowNs();
    this.#completed += lane.size;
    if (this.#phase === "measured") this.#latency.record((now - lane.startedNs) / 1000);
    if (this.#phase !== "draining") this.#turn(now);
    this.#next(lane, now);
  }

  failed(reason: string): void {
    this.#done.reject(new Error(reason));
  }

  async #connect(): Promise<void> {
    const { port, subscribers, channel } = this.#job;
    for (let i = 0; i < subscribers; i++) {
      const subscriber = new Subscriber((count) => this.#deliver(count));
      this.#subscribers.push(subscriber);
      await subscriber.subscribe(port, channel);
    }
    for (const lane of this.#lanes) await lane.connect(port);
    await this.#probe?.start(port);
  }

  #start(): void {
    const now = nowNs();
    this.#windowStartNs = now;
    if (this.#job.warmup.commandsMax === 0) this.#open(now);
    for (const lane of this.#lanes) this.#next(lane, now);
  }

  // Ends the window under way when its time or its count is full.
  #turn(now: number): void {
    const window = this.#phase === "warmup" ? this.#job.warmup : this.#job.measured;
    const full = this.#completed - this.#windowCommands >= window.commandsMax;
    if (!full && now - this.#windowStartNs < window.msMax * NS_PER_MS) return;
    if (this.#phase === "warmup") this.#open(now);
    else this.#close(now);
  }

  #open(now: number): void {
    this.#phase = "measured";
    this.#windowCommands = this.#completed;
    this.#windowStartNs = now;
    this.#serverBefore = readCpu(this.#job.serverPid);
    this.#clientBeforeUs = clientCpuUs();
  }

  #close(now: number): void {
    this.#phase = "draining";
    this.#figures = {
      commands: this.#completed - this.#windowCommands,
      seconds: (now - this.#windowStartNs) / 1e9,
      serverCpuNs: cpuBetween(this.#serverBefore!, readCpu(this.#job.serverPid)),
      clientCpuNs: (clientCpuUs() - this.#clientBeforeUs) * 1000,
    };
  }

  #next(lane: Lane, now: number): void {
    const left = this.#phase === "draining" ? 0 : (this.#job.sendExactly ?? Number.POSITIVE_INFINITY) - this.#sent;
    const commands = Math.min(left, this.#job.pipeline);
    if (commands > 0) {
      this.#sent += commands;
      lane.send(this.#patcher, commands, now);
    } else {
      this.#idle += 1;
      this.#finishIfAllDone();
    }
  }

  #deliver(count: number): void {
    this.#delivered += count;
    this.#finishIfAllDone();
  }

  #finishIfAllDone(): void {
    const everyMessage = this.#delivered === this.#sent * this.#subscribers.length;
    if (this.#idle === this.#lanes.length && everyMessage) this.#done.resolve();
  }

  // A server that stops answering would otherwise keep the benchmark for ever.
  #watch(): Timer {
    let seen = -1;
    let silentSeconds = 0;
    return setInterval(() => {
      const progress = this.#completed + this.#delivered;
      silentSeconds = progress === seen ? silentSeconds + 1 : 0;
      seen = progress;
      if (silentSeconds >= SILENCE_SECONDS_MAX) this.failed(`no reply for ${SILENCE_SECONDS_MAX} s`);
    }, 1000);
  }

  #result(probe: ProbeResult | null): LoadResult {
    const nils = this.#lanes.reduce((sum, lane) => sum + lane.counter.nils, 0);
    return { ...this.#figures!, latency: this.#latency.toData(), nils, sent: this.#sent, probe };
  }
}

function clientCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function probeAlone(job: ProbeJob): Promise<ProbeResult> {
  // What the loads before left behind would be collected, for 50 ms, while pings wait.
  Bun.gc(true);
  const probe = new Probe(job.serverPid, () => 0);
  await probe.start(job.port);
  await pause(job.ms);
  return probe.stopAnswered();
}

const idleSockets: Bun.Socket<undefined>[] = [];
const CONNECTS_AT_ONCE = 100;

async function openIdle(job: IdleJob): Promise<null> {
  for (const socket of idleSockets) socket.terminate();
  idleSockets.length = 0;
  while (idleSockets.length < job.connections) {
    const count = Math.min(CONNECTS_AT_ONCE, job.connections - idleSockets.length);
    idleSockets.push(...(await Promise.all(Array.from({ length: count }, () => connectAndPing(job.port)))));
  }
  return null;
}

async function connectAndPing(port: number): Promise<Bun.Socket<undefined>> {
  const answered = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, chunk) =>
        chunk[0] === "+".charCodeAt(0) ? answered.resolve() : answered.reject(new Error(chunk.toString("latin1"))),
      close: () => answered.reject(new Error("the server closed an idle connection")),
    },
  });
  socket.write("PING\r\n");
  await answered.promise;
  return socket;
}

function run(job: Job): Promise<unknown> {
  if (job.kind === "load") return new Load(job).run();
  return job.kind === "probe" ? probeAlone(job) : openIdle(job);
}

async function answer(job: Job): Promise<Answer> {
  try {
    return { ok: true, value: await run(job) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", async (job: Job) => process.send!(await answer(job)));
process.on("disconnect", () => process.exit(0));
