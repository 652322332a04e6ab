/** Writes at a fixed rate, whatever the server does: random updates of keys and of large collections, in turn. */
import { Histogram } from "./histogram.ts";
import { nowNs, pause } from "./now.ts";
import { ReplyCounter } from "./replies.ts";

/** How many keys and elements there are, by which commands are drawn. */
export interface Extent {
  readonly keys: number;
  readonly elements: number;
}

const PERIOD_MS = 1;

export class SteadyWriter {
  private latency = new Histogram();
  private readonly counter = new ReplyCounter();
  private readonly sentNs: number[] = [];
  private readonly sentCommands: number[] = [];
  private answered = 0;
  private running = true;
  private done: Promise<void> = Promise.resolve();
  private state = 1;

  constructor(
    private readonly extent: Extent,
    private readonly perSecond: number,
  ) {}

  async start(port: number): Promise<void> {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_socket, chunk) => this.hear(chunk) },
    });
    this.done = this.write(socket);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  /** The latencies (microseconds from when a command was due to its reply) since the last call. */
  take(): Histogram {
    const taken = this.latency;
    this.latency = new Histogram();
    return taken;
  }

  private async write(socket: Bun.Socket<undefined>): Promise<void> {
    const startNs = nowNs();
    let sent = 0;
    while (this.running) {
      const due = Math.floor(((nowNs() - startNs) / 1e9) * this.perSecond);
      const commands = due - sent;
      if (commands > 0) {
        let text = "";
        for (let i = 0; i < commands; i++) text += this.command(sent + i);
        this.sentNs.push(nowNs());
        this.sentCommands.push((sent = due));
        socket.write(text);
      }
      await pause(PERIOD_MS);
    }
    socket.terminate();
  }

  private hear(chunk: Uint8Array): void {
    this.answered += this.counter.feed(chunk);
    while (this.sentCommands.length > 0 && this.sentCommands[0] <= this.answered) {
      this.sentCommands.shift();
      this.latency.record((nowNs() - this.sentNs.shift()!) / 1000);
    }
  }

  private command(number: number): string {
    const { keys, elements } = this.extent;
    const element = this.random(elements);
    switch (number & 3) {
      case 0:
        return encode("SET", `key:${digits(this.random(keys))}`, digits(this.random(keys)));
      case 1:
        return encode("ZADD", "zset", String(this.random(elements)), `member:${digits(element)}`);
      case 2:
        return encode("HSET", "hash", `field:${digits(element)}`, digits(this.random(elements)));
      default:
        return encode("LSET", "list", String(element), `element:${digits(this.random(elements))}`);
    }
  }

  /** Marsaglia's xorshift32. */
  private random(below: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % below;
  }
}

function digits(n: number): string {
  return String(n).padStart(12, "0");
}

function encode(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}
