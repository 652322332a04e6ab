// A connection that shows replies as the bytes they are: what a server test needs and no client library gives.
// Arguments may be latin1 strings (one character is one byte) or bytes.
import type { Socket } from "bun";
import { ReplyScanner } from "./reply-scanner.ts";

export type Arg = string | number | Uint8Array;

export interface RawOptions {
  readonly host?: string;
  /** How long one wait for replies may take before it fails. */
  readonly timeoutMs?: number;
}

interface Waiter {
  readonly ready: () => boolean;
  readonly settle: (error?: Error) => void;
}

/** One command as a RESP array of bulk strings. */
export function encodeCommand(args: readonly Arg[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = toBytes(arg);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** Several commands back to back: a pipeline. */
export function encodePipeline(commands: readonly (readonly Arg[])[]): Buffer {
  return Buffer.concat(commands.map(encodeCommand));
}

export function toBytes(arg: Arg): Buffer {
  if (typeof arg === "number") return Buffer.from(String(arg), "latin1");
  return typeof arg === "string" ? Buffer.from(arg, "latin1") : Buffer.from(arg);
}

/** Bytes as one printable line: \r, \n, \t, \\, \" and \xNN escaped, cut after `max` characters. */
export function escapeBytes(bytes: Uint8Array | string, max = 2000): string {
  const text = typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("latin1");
  const named: Record<string, string> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\", '"': '\\"' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  const escaped = text.replace(/[\x00-\x1f"\\\x7f-\xff]/g, (c) => {
    return named[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return escaped.length <= max ? escaped : `${escaped.slice(0, max)}... (${text.length} bytes in all)`;
}

export class RawConnection {
  readonly #scanner = new ReplyScanner();
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #replies: Uint8Array[] = [];
  #received: Uint8Array[] = [];
  #unsent: Uint8Array[] = [];
  #waiters: Waiter[] = [];
  #failure: Error | undefined;
  #closed = false;
  #keepStream = false;

  private constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Connects; rejects when nobody listens. */
  static async connect(port: number, options: RawOptions = {}): Promise<RawConnection> {
    const connection = new RawConnection(options.timeoutMs ?? 10_000);
    connection.#socket = await Bun.connect({
      hostname: options.host ?? "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => connection.#arrive(chunk),
        drain: () => connection.#flush(),
        close: () => connection.#close(),
        error: () => connection.#close(),
      },
    });
    return connection;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array | string): void {
    this.#unsent.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    this.#flush();
  }

  /** Exactly `count` replies, each as its raw bytes. Rejects when the stream ends or is malformed before that. */
  async read(count: number): Promise<Uint8Array[]> {
    await this.#wait(`${count} replies`, () => this.#replies.length >= count);
    return this.#replies.splice(0, count);
  }

  /** Replies up to the first one for which `last` is true; that one is the last element. */
  async readUntil(last: (reply: Uint8Array) => boolean): Promise<Uint8Array[]> {
    let seen = 0;
    const found = (): boolean => {
      while (seen < this.#replies.length) if (last(this.#replies[seen++]!)) return true;
      return false;
    };
    await this.#wait("a particular reply", found);
    return this.#replies.splice(0, seen);
  }

  /** The whole replies that are here now, without waiting. */
  takeHeld(): Uint8Array[] {
    return this.#replies.splice(0);
  }

  /** Sends one command and returns its one raw reply. */
  async command(...args: Arg[]): Promise<Uint8Array> {
    this.send(encodeCommand(args));
    return (await this.read(1))[0]!;
  }

  /** Like command, as latin1 text. */
  async text(...args: Arg[]): Promise<string> {
    return Buffer.from(await this.command(...args)).toString("latin1");
  }

  /** From now on keeps all bytes for readToEnd and cuts no replies: for streams that may be no RESP. */
  captureStream(): void {
    this.#keepStream = true;
  }

  /** All bytes received since captureStream, once the server has closed. */
  async readToEnd(): Promise<Uint8Array> {
    await this.#wait("the server to close", () => this.#closed);
    return Buffer.concat(this.#received);
  }

  /** Tells the server that nothing more comes, while still receiving. */
  halfClose(): void {
    this.#socket?.shutdown();
  }

  /** Leaves what the server sends in the kernel from now on: a client that does not read. */
  stopReading(): void {
    this.#socket?.pause();
  }

  close(): void {
    this.#socket?.terminate();
    this.#close();
  }

  #arrive(chunk: Uint8Array): void {
    if (this.#keepStream) this.#received.push(chunk);
    else this.#scan(chunk);
    this.#wake();
  }

  #scan(chunk: Uint8Array): void {
    try {
      for (const reply of this.#scanner.push(chunk)) this.#replies.push(reply);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #flush(): void {
    while (this.#unsent.length > 0 && this.#socket !== undefined && !this.#closed) {
      const bytes = this.#unsent[0]!;
      const sent = this.#socket.write(bytes, 0, bytes.length);
      if (sent < 0) {
        this.#close();
      } else if (sent < bytes.length) {
        this.#unsent[0] = bytes.subarray(sent);
        return;
      } else {
        this.#unsent.shift();
      }
    }
  }

  #close(): void {
    this.#closed = true;
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.ready()) waiter.settle();
      else if (this.#failure !== undefined) waiter.settle(this.#failure);
      else if (this.#closed) waiter.settle(new Error("the server closed the connection"));
    }
  }

  #wait(what: string, ready: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => waiter.settle(new Error(`no answer within ${this.#timeoutMs} ms`)), this.#timeoutMs);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      if (error === undefined) resolve();
      else reject(new Error(`while waiting for ${what}: ${error.message}; ${this.#held()}`));
    };
    const waiter: Waiter = { ready, settle };
    this.#waiters.push(waiter);
    this.#wake();
    return promise;
  }

  #held(): string {
    return `${this.#replies.length} replies held, then "${escapeBytes(this.#scanner.rest(), 200)}"`;
  }
}
