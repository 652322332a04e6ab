/** One connection of a load: sends a batch, counts its replies, and reports the end of the batch to its owner. */
import { encodeBatch, type Patcher, type Template } from "./encode.ts";
import { ReplyCounter } from "./replies.ts";

export interface LaneOwner {
  batchDone(lane: Lane): void;
  failed(reason: string): void;
}

type LaneSocket = Bun.Socket<Lane>;

export class Lane {
  /** Commands of the batch under way. */
  size = 0;
  startedNs = 0;
  readonly counter = new ReplyCounter();
  readonly #owner: LaneOwner;
  readonly #batch: Uint8Array;
  readonly #stride: number;
  #socket: LaneSocket | null = null;
  #awaited = 0;
  #sent = 0;
  #toSend = 0;
  #closing = false;

  constructor(owner: LaneOwner, template: Template, pipeline: number) {
    this.#owner = owner;
    this.#batch = encodeBatch(template, pipeline);
    this.#stride = template.bytes.length;
  }

  async connect(port: number): Promise<void> {
    this.#socket = await Bun.connect<Lane>({ hostname: "127.0.0.1", port, data: this, socket: handlers });
  }

  /** Draws new slots for the first `commands` commands and sends them; the lane must be idle. */
  send(patcher: Patcher, commands: number, now: number): void {
    patcher.patch(this.#batch, commands);
    this.size = commands;
    this.startedNs = now;
    this.#awaited = commands;
    this.#sent = 0;
    this.#toSend = commands * this.#stride;
    this.push();
  }

  /** Hands the kernel what it takes of the batch's rest. */
  push(): void {
    if (this.#sent === this.#toSend) return;
    const taken = this.#socket!.write(this.#batch, this.#sent, this.#toSend - this.#sent);
    if (taken < 0) this.#owner.failed("the server closed a connection");
    else this.#sent += taken;
  }

  received(chunk: Uint8Array): void {
    this.#awaited -= this.counter.feed(chunk);
    if (this.counter.firstError !== null) this.#owner.failed(`error reply: ${this.counter.firstError.slice(0, 100)}`);
    else if (this.#awaited < 0) this.#owner.failed("more replies than commands");
    else if (this.#awaited === 0) this.#owner.batchDone(this);
  }

  closed(): void {
    if (!this.#closing) this.#owner.failed("the server closed a connection");
  }

  close(): void {
    this.#closing = true;
    this.#socket?.terminate();
  }
}

const handlers: Bun.SocketHandler<Lane> = {
  data: (socket, chunk) => socket.data.received(chunk),
  drain: (socket) => socket.data.push(),
  close: (socket) => socket.data.closed(),
  error: (_socket, error) => {
    throw error;
  },
};

/** A connection in subscribed mode that counts what it is sent. */
export class Subscriber {
  messages = -1;
  readonly #counter = new ReplyCounter();
  readonly #onMessages: (count: number) => void;
  #socket: Bun.Socket<Subscriber> | null = null;
  #subscribed: () => void = () => {};

  constructor(onMessages: (count: number) => void) {
    this.#onMessages = onMessages;
  }

  /** Resolves when the server has confirmed the subscription. */
  async subscribe(port: number, channel: string): Promise<void> {
    const confirmed = new Promise<void>((resolve) => {
      this.#subscribed = resolve;
    });
    this.#socket = await Bun.connect<Subscriber>({
      hostname: "127.0.0.1",
      port,
      data: this,
      socket: { data: (socket, chunk) => socket.data.#received(chunk) },
    });
    this.#socket.write(`*2\r\n$9\r\nSUBSCRIBE\r\n$${channel.length}\r\n${channel}\r\n`);
    await confirmed;
  }

  close(): void {
    this.#socket?.terminate();
  }

  // The first reply is the confirmation, hence the start at -1.
  #received(chunk: Uint8Array): void {
    const first = this.messages < 0;
    const count = this.#counter.feed(chunk);
    this.messages += count;
    if (first && this.messages >= 0) this.#subscribed();
    this.#onMessages(first ? count - 1 : count);
  }
}
