/** A connection for single commands of any size whose time is taken: requests of hundreds of megabytes go out as the kernel takes them. */
import { nowNs } from "./now.ts";
import { ReplyCounter } from "./replies.ts";

/** What an answer was like: the replies themselves are not kept. */
export interface Answered {
  /** From sending the first byte to the last one of the reply. */
  readonly us: number;
  /** The text of the error that was the answer. */
  readonly error: string | null;
}

export class Caller {
  private socket!: Bun.Socket<undefined>;
  private counter = new ReplyCounter();
  private awaited = 0;
  private answered: PromiseWithResolvers<void> | undefined;
  private readonly unsent: Uint8Array[] = [];

  static async connect(port: number): Promise<Caller> {
    const caller = new Caller();
    caller.socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => caller.received(chunk),
        drain: () => caller.push(),
        close: () => caller.answered?.reject(new Error("the server hung up")),
      },
    });
    return caller;
  }

  /** Sends one command. */
  async call(...args: readonly (string | Uint8Array)[]): Promise<Answered> {
    return this.send([encodeCommand(args)], 1);
  }

  /** Sends commands encoded before, as many as `replies`, and waits for all their replies. */
  async send(parts: readonly Uint8Array[], replies: number): Promise<Answered> {
    this.counter = new ReplyCounter();
    this.awaited = replies;
    this.answered = Promise.withResolvers<void>();
    this.unsent.push(...parts);
    const startNs = nowNs();
    this.push();
    await this.answered.promise;
    return { us: (nowNs() - startNs) / 1000, error: this.counter.firstError };
  }

  /** Sends commands whose replies are never read. */
  sendDeaf(parts: readonly Uint8Array[]): void {
    this.socket.pause();
    this.unsent.push(...parts);
    this.push();
  }

  close(): void {
    this.answered = undefined;
    this.socket.terminate();
  }

  private push(): void {
    for (let part = this.unsent[0]; part !== undefined; part = this.unsent[0]) {
      const taken = Math.max(0, this.socket.write(part, 0, part.length));
      if (taken < part.length) {
        this.unsent[0] = part.subarray(taken);
        return;
      }
      this.unsent.shift();
    }
  }

  private received(chunk: Uint8Array): void {
    this.awaited -= this.counter.feed(chunk);
    if (this.awaited <= 0) this.answered?.resolve();
  }
}

/** A command in RESP. */
export function encodeCommand(args: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = args.flatMap((arg) => {
    const bytes = typeof arg === "string" ? Buffer.from(arg) : arg;
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}
