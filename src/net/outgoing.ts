import type { Socket } from "bun";
import type { Target, Targets } from "../command/context.ts";
import { latin1 } from "../lib/bytes.ts";
import { TARGET_ANSWER_BYTES_MAX, TARGET_IDLE_MS_MAX, TARGETS_KEPT_MAX } from "../limits.ts";

/** The longest time that a timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const LINE_END = /\r?\n/;

/** A connection that this server has opened to another. Whoever uses it waits for one thing at a time. */
class OutgoingConnection implements Target {
  db = "";
  failure: Target["failure"] = "";
  /** Since when nobody uses it, Unix ms. */
  idleSinceMs = 0;
  private socket: Socket | undefined;
  private answers = "";
  /** Wakes whoever waits. */
  private wake: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly onIdle: (connection: OutgoingConnection) => void,
  ) {}

  /** False when there is no such host, or it took too long. That it refuses is noticed when it is used, as Redis's clients expect. */
  async open(host: string, port: number, timeoutMs: number): Promise<boolean> {
    let isRefused = false;
    this.connect(host, port).catch((error: { code?: string }) => {
      isRefused = error.code === "ECONNREFUSED";
      this.fail("closed");
    });
    while (this.socket === undefined && this.failure === "") await this.something(timeoutMs);
    return this.failure === "" || isRefused;
  }

  private async connect(hostname: string, port: number): Promise<void> {
    await Bun.connect({
      hostname,
      port,
      socket: {
        binaryType: "uint8array",
        open: (socket) => this.opened(socket),
        data: (_socket, chunk: Uint8Array) => this.receive(chunk),
        drain: () => this.wake(),
        end: () => this.fail("closed"),
        close: () => this.fail("closed"),
        error: () => this.fail("closed"),
      },
    });
  }

  private opened(socket: Socket): void {
    this.socket = socket;
    // Whoever wanted it has given up.
    if (this.failure !== "") socket.terminate();
    this.wake();
  }

  private receive(chunk: Uint8Array): void {
    this.answers += latin1(chunk);
    if (this.answers.length > TARGET_ANSWER_BYTES_MAX) this.fail("closed");
    this.wake();
  }

  private fail(failure: "timeout" | "closed"): void {
    if (this.failure !== "") return;
    this.failure = failure;
    this.socket?.terminate();
    this.wake();
  }

  /** Waits until something happens on the connection, or nothing has for so long, which is a failure. */
  private async something(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const timer = setTimeout(() => this.fail("timeout"), Math.min(timeoutMs, TIMER_MS_MAX));
    await promise;
    clearTimeout(timer);
  }

  async send(buf: Uint8Array, len: number, timeoutMs: number): Promise<boolean> {
    for (let sent = 0; ; await this.something(timeoutMs)) {
      if (this.failure !== "") return false;
      sent += Math.max(0, this.socket!.write(buf, sent, len - sent));
      if (sent === len) return true;
    }
  }

  async readLine(timeoutMs: number): Promise<string | undefined> {
    for (;;) {
      const end = LINE_END.exec(this.answers);
      if (end !== null) {
        const line = this.answers.slice(0, end.index);
        this.answers = this.answers.slice(end.index + end[0].length);
        return line;
      }
      if (this.failure !== "") return undefined;
      await this.something(timeoutMs);
    }
  }

  keep(nowMs: number): void {
    this.idleSinceMs = nowMs;
    // What comes unasked would be taken for the answer to the next request.
    if (this.answers !== "" || this.failure !== "") this.close();
    else this.onIdle(this);
  }

  close(): void {
    this.fail("closed");
  }
}

/** The connections to other servers that nobody uses at present, by where they lead to. */
export class OutgoingConnections implements Targets {
  private readonly idle = new Map<string, OutgoingConnection>();

  get idleCount(): number {
    return this.idle.size;
  }

  async take(host: string, port: number, known: boolean, timeoutMs: number): Promise<Target | undefined> {
    // Who does not say who he is must not get the rights of somebody who did.
    const name = `${known ? "known" : "unknown"} ${host}:${port}`;
    const kept = this.idle.get(name);
    if (kept !== undefined) {
      this.idle.delete(name);
      return kept;
    }
    const connection = new OutgoingConnection(name, (idle) => this.keep(idle));
    return (await connection.open(host, port, timeoutMs)) ? connection : undefined;
  }

  private keep(connection: OutgoingConnection): void {
    const { name } = connection;
    this.drop(this.idle.get(name));
    if (this.idle.size === TARGETS_KEPT_MAX) this.drop(this.idle.values().next().value);
    this.idle.set(name, connection);
  }

  private drop(connection: OutgoingConnection | undefined): void {
    if (connection === undefined) return;
    this.idle.delete(connection.name);
    connection.close();
  }

  /** Closes those that nobody has used for a while, and forgets those that the other side has closed. */
  cron(nowMs: number): void {
    for (const connection of this.idle.values()) {
      if (connection.failure !== "" || nowMs - connection.idleSinceMs > TARGET_IDLE_MS_MAX) this.drop(connection);
    }
  }

  close(): void {
    for (const connection of this.idle.values()) this.drop(connection);
  }
}
