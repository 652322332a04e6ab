/**
 * A second client that pings every millisecond: its longest waits are the server's event-loop stalls as a client sees them.
 *
 * On a machine that others share, a wait may also be the kernel's: it kept the server or this process off its core. Both
 * processes' run-queue waits are read around every ping, and each gap is also kept without them.
 */
import { Histogram, type HistogramData } from "./histogram.ts";
import { nowNs, pause } from "./now.ts";
import { WaitMeter } from "./proc.ts";
import { ReplyCounter } from "./replies.ts";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const WORST_KEPT = 8;
const PERIOD_US = 1000;

/** One wait, in microseconds from sending to reply. */
export interface Gap {
  us: number;
  /** Without the time that the server and this process waited for a core. */
  ownUs: number;
  /** Commands that the load had completed when the reply came. */
  at: number;
}

export interface ProbeResult {
  gaps: HistogramData;
  ownGaps: HistogramData;
  /** The longest by `ownUs`, longest first. */
  worst: Gap[];
}

export class Probe {
  readonly #gaps = new Histogram();
  readonly #ownGaps = new Histogram();
  readonly #worst: Gap[] = [];
  readonly #counter = new ReplyCounter();
  readonly #meters: WaitMeter[];
  readonly #progress: () => number;
  #socket: Bun.Socket<undefined> | null = null;
  #timer: Timer | null = null;
  #sentNs = 0;
  #sentWaitNs = 0;
  #out = false;

  constructor(serverPid: number, progress: () => number) {
    this.#meters = [new WaitMeter(serverPid), new WaitMeter(process.pid)];
    this.#progress = progress;
  }

  async start(port: number): Promise<void> {
    this.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_socket, chunk) => this.#received(chunk) },
    });
    this.#timer = setInterval(() => this.#ping(), PERIOD_US / 1000);
  }

  /** Stops when the ping that is out, if one is, has been answered: its wait counts. */
  async stopAnswered(): Promise<ProbeResult> {
    while (this.#out) await pause(PERIOD_US / 1000);
    return this.stop();
  }

  stop(): ProbeResult {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#socket?.terminate();
    for (const meter of this.#meters) meter.close();
    return { gaps: this.#gaps.toData(), ownGaps: this.#ownGaps.toData(), worst: this.#worst };
  }

  #ping(): void {
    if (this.#out) return;
    this.#out = true;
    this.#sentWaitNs = this.#waitedNs();
    this.#sentNs = nowNs();
    this.#socket!.write(PING, 0, PING.length);
  }

  #received(chunk: Uint8Array): void {
    if (this.#counter.feed(chunk) === 0) return;
    const gapNs = nowNs() - this.#sentNs;
    const ownNs = Math.max(0, gapNs - (this.#waitedNs() - this.#sentWaitNs));
    this.#out = false;
    recordLate(this.#gaps, gapNs / 1000);
    recordLate(this.#ownGaps, ownNs / 1000);
    keepWorst(this.#worst, { us: gapNs / 1000, ownUs: ownNs / 1000, at: this.#progress() });
  }

  #waitedNs(): number {
    return this.#meters[0]!.readNs() + this.#meters[1]!.readNs();
  }
}

/** Records a gap and the gaps of the pings that were due while it was out, so that one long stall is not one sample. */
export function recordLate(histogram: Histogram, gapUs: number): void {
  for (let left = gapUs; left > 0; left -= PERIOD_US) histogram.record(left);
}

function keepWorst(worst: Gap[], gap: Gap): void {
  if (worst.length === WORST_KEPT && gap.ownUs <= worst[WORST_KEPT - 1]!.ownUs) return;
  worst.push(gap);
  worst.sort((a, b) => b.ownUs - a.ownUs);
  worst.length = Math.min(worst.length, WORST_KEPT);
}
