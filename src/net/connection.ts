import type { Socket } from "bun";
import { Client, GATE_UNAUTHENTICATED, type Link } from "../command/client.ts";
import { POSTPONED } from "../command/executor.ts";
import { type OwnedBytes, own } from "../lib/bytes.ts";
import { OUTPUT_GATHER_BYTES, OUTPUT_UNCHECKED_BYTES_MAX, REQUESTS_PER_LOOK } from "../limits.ts";
import type { Args } from "../resp/args.ts";
import { COMPLETE, INCOMPLETE } from "../resp/parser.ts";
import { addressOf } from "./address.ts";
import { Carry, spareArgs } from "./carry.ts";
import type { Host } from "./host.ts";
import type { Pending } from "./output.ts";
import { SendQueue, type Sink } from "./send-queue.ts";

const LINGER_MS = 5000;

/**
 * One socket: takes chunks apart into requests, has them executed, sends what they answer.
 *
 * Invariants
 * 1. Bytes are executed in the order in which they came. While the connection is suspended they are kept in `waiting`.
 * 2. Replies and pushed messages leave in the order in which they were made: first `queue`, then the range [rangeStart, rangeEnd) of the
 *    gathered output. A message that is pushed while the range is not empty moves the range into the queue before it.
 * 3. Nothing is written to the socket before the end of the poll, and before the journal acknowledges what the client is told of
 *    (`Host.isAcknowledged`): its own changes, and in messages those of others. What follows in the same connection waits with it.
 * 4. What the kernel does not take is copied, and counts against the limits of the client's class.
 * 5. Whoever sends many requests at once does not keep the others waiting: when the poll has lasted for long the rest of the chunk is left to
 *    the next one. Nothing more is read until it is executed, so what waits is bounded, and the client's end is seen after it.
 */
export class Connection implements Link, Pending, Sink {
  readonly client: Client;
  /** The request that did not end with its chunk. This and the next two are made when needed: most connections are idle. */
  private carry: Carry | undefined;
  private queue: SendQueue | undefined;
  /** Chunks that came while the connection was suspended, and their bytes. */
  private waiting: Uint8Array[] | undefined;
  private waitingBytes = 0;
  /** Messages that were pushed in the middle of a request, to be sent after its reply. */
  private held: OwnedBytes[] | undefined;
  /** Messages were pushed in this poll: others may have changed something. */
  private wasTold = false;
  private suspended = false;
  /** Suspended only to let others have their turn. */
  private yielding = false;
  /** Nothing is read. */
  private deaf = false;
  /** The client has sent all, and that was seen before all was executed. */
  private peerIsDone = false;
  private executing = false;
  private rangeStart = 0;
  private rangeEnd = 0;
  private isPending = false;
  private closeWhenFlushed = false;
  private closed = false;
  /** Since when the queue is above the soft limit, Unix ms; 0: it is not. */
  softLimitSinceMs = 0;

  constructor(
    private readonly host: Host,
    private readonly socket: Socket<Connection>,
    id: number,
    readonly descriptor: number,
  ) {
    this.client = new Client(id, this, host.context.keyspace.databases[0], host.context.keyspace.nowMs);
  }

  get isTcp(): boolean {
    return this.socket.remoteAddress !== undefined;
  }

  /** Asked of the socket each time: as texts the two addresses would be a tenth of what an idle connection takes. */
  get address(): string {
    return addressOf(this.socket.remoteAddress, this.socket.remotePort, this.host.context.config.values.unixsocket);
  }

  get localAddress(): string {
    return addressOf(this.socket.localAddress, this.socket.localPort, this.host.context.config.values.unixsocket);
  }

  get queryBytes(): number {
    return (this.carry?.unparsedBytes ?? 0) + this.waitingBytes;
  }

  get inputBytes(): number {
    return (this.carry?.bufferBytes ?? 0) + this.waitingBytes;
  }

  get queryFreeBytes(): number {
    return this.carry?.freeBytes ?? 0;
  }

  get outputBytes(): number {
    return this.queuedBytes + (this.executing ? this.host.output.reply.at : this.rangeEnd) - this.rangeStart;
  }

  get outputBuffers(): number {
    return this.queue?.length ?? 0;
  }

  private get queuedBytes(): number {
    return this.queue === undefined ? 0 : this.queue.bytes;
  }

  private enqueue(bytes: OwnedBytes): void {
    this.queue ??= new SendQueue();
    this.queue.push(bytes);
  }

  /** The connection in a line of the log. */
  describe(): string {
    const { id, name } = this.client;
    return `id=${id} addr=${this.address} laddr=${this.localAddress} fd=${this.descriptor} name=${name} qbuf=${this.queryBytes} omem=${this.outputBytes}`;
  }

  /** Bytes came in. The chunk is ours. */
  receive(chunk: Uint8Array): void {
    this.host.startPoll();
    const { stats, clients } = this.host.context;
    if (clients.usedBytes > clients.usedBytesMax) this.host.limitClients();
    stats.inputBytes += chunk.length;
    stats.readEvents++;
    this.client.inputBytes += chunk.length;
    if (this.closed || this.client.closing) return;
    if (this.suspended || this.waiting !== undefined) {
      this.hold(chunk);
      return;
    }
    this.executeAll(chunk);
    if (!this.suspended) this.host.spent.add(chunk);
  }

  private hold(chunk: Uint8Array): void {
    this.waiting ??= [];
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    this.measure();
    this.host.checkQueryBuffer(this);
  }

  /** What is left of the chunk that is being executed waits before those that came after it. */
  private putBack(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.waiting ??= [];
    this.waiting.unshift(rest);
    this.waitingBytes += rest.length;
  }

  /** Executes the requests of a chunk, the carried one first. */
  private executeAll(chunk: Uint8Array): void {
    this.openRange();
    this.host.executor.startRun();
    let pos = 0;
    if (this.carry !== undefined) pos = this.executeCarried(chunk, this.carry);
    if (pos < chunk.length && !this.isStopped) this.executeFrom(chunk, pos);
    else if (this.suspended) this.putBack(chunk.subarray(pos));
    this.host.executor.endRun();
    this.closeRange();
  }

  private get isStopped(): boolean {
    return this.suspended || this.client.closing || this.closed;
  }

  private executeFrom(chunk: Uint8Array, pos: number): void {
    const { parser, args, executor, output } = this.host;
    const { client } = this;
    let untilLook = REQUESTS_PER_LOOK;
    args.begin(chunk, pos);
    executor.steady = chunk;
    for (;;) {
      const result = parser.parse(args, chunk.length, (client.gate & GATE_UNAUTHENTICATED) === 0);
      if (result !== COMPLETE) {
        if (result === INCOMPLETE) this.carryOn(chunk, args);
        else this.protocolError(parser.error);
        return;
      }
      const next = args.pos;
      if (args.count > 0 && executor.execute(client, args, output.reply) === POSTPONED) {
        this.postpone(chunk.subarray(pos));
        return;
      }
      if (this.held !== undefined) this.releaseHeld(this.held);
      if (this.isStopped) {
        if (this.suspended) this.putBack(chunk.subarray(next));
        return;
      }
      if (output.reply.at > OUTPUT_GATHER_BYTES) {
        this.flushEarly();
        executor.steady = chunk;
        untilLook = 1;
      }
      if (--untilLook === 0) {
        untilLook = REQUESTS_PER_LOOK;
        if (next < chunk.length && this.host.isTurnOver) {
          this.yieldTurn(chunk.subarray(next));
          return;
        }
      }
      pos = next;
      args.begin(chunk, pos);
    }
  }

  /** Completes and executes the request that began in earlier chunks. Returns where in the chunk the next one starts. */
  private executeCarried(chunk: Uint8Array, carry: Carry): number {
    const { host, client } = this;
    let pos = 0;
    for (;;) {
      const result = host.parser.parse(carry.args, carry.length, (client.gate & GATE_UNAUTHENTICATED) === 0);
      if (result === COMPLETE) break;
      if (result !== INCOMPLETE) {
        this.protocolError(host.parser.error);
        return chunk.length;
      }
      if (pos === chunk.length) {
        host.checkQueryBuffer(this);
        return pos;
      }
      pos += carry.take(chunk, pos);
    }
    // Bytes behind the request were copied in vain: they are the chunk's last ones taken.
    pos -= carry.length - carry.args.pos;
    const { args } = carry;
    const outcome = args.count > 0 ? host.executor.execute(client, args, host.output.reply) : 0;
    if (outcome === POSTPONED) {
      this.putBack(chunk.subarray(pos));
      this.postpone(args.buf.slice(args.frameStart, args.frameEnd));
      this.dropCarry();
      return chunk.length;
    }
    if (this.held !== undefined) this.releaseHeld(this.held);
    this.dropCarry();
    return pos;
  }

  private carryOn(chunk: Uint8Array, args: Args): void {
    if (args.frameStart >= chunk.length) return;
    this.carry = new Carry(chunk, args);
    this.host.args = spareArgs();
    this.host.checkQueryBuffer(this);
  }

  private dropCarry(): void {
    this.carry?.release();
    this.carry = undefined;
  }

  private postpone(rest: Uint8Array): void {
    this.putBack(rest);
    this.suspended = true;
    this.host.waitForUnpause(this);
  }

  private yieldTurn(rest: Uint8Array): void {
    this.putBack(rest);
    this.suspended = true;
    this.yielding = true;
    if (!this.deaf) this.socket.pause();
    this.deaf = true;
    this.host.resumeLater(this);
  }

  private protocolError(message: string): void {
    if (this.client.replyMode === "on") this.host.output.reply.errorText(`ERR Protocol error: ${message}`);
    this.host.context.log.verbose(`Protocol error (${message}) from client: ${this.describe()}`);
    this.close("flushed");
  }

  suspend(): void {
    this.suspended = true;
  }

  resumeLater(): void {
    this.host.resumeLater(this);
  }

  /** Goes on with what came meanwhile. */
  resume(): void {
    if (!this.suspended) return;
    this.suspended = false;
    this.yielding = false;
    this.host.startPoll();
    while (!this.isStopped && this.waiting !== undefined) {
      const chunk = this.waiting.shift()!;
      this.waitingBytes -= chunk.length;
      if (this.waiting.length === 0) this.waiting = undefined;
      this.executeAll(chunk);
      if (!this.suspended) this.host.spent.add(chunk);
    }
    if (!this.yielding && !this.closed) this.listen();
  }

  /** What waited is executed: reads on. */
  private listen(): void {
    if (this.deaf) this.socket.resume();
    this.deaf = false;
    if (this.peerIsDone) this.peerEnded();
  }

  private openRange(): void {
    const { at } = this.host.output.reply;
    if (this.rangeEnd !== at || this.rangeEnd === this.rangeStart) {
      this.moveRange();
      this.rangeStart = this.rangeEnd = at;
    }
    this.executing = true;
  }

  private closeRange(): void {
    this.executing = false;
    this.host.executor.steady = undefined;
    this.rangeEnd = this.host.output.reply.at;
    if (this.rangeEnd > this.rangeStart || this.closeWhenFlushed) this.schedule();
    else this.measure();
  }

  /** What the client's buffers take may have changed. */
  private measure(): void {
    if (!this.closed) this.host.context.clients.measure(this.client);
  }

  /** Moves the replies that wait in the gathered output into the queue. */
  private moveRange(): void {
    const { reply } = this.host.output;
    const end = this.executing ? reply.at : this.rangeEnd;
    if (end > this.rangeStart) this.enqueue(own(reply.buf, this.rangeStart, end - this.rangeStart));
    this.rangeStart = this.rangeEnd = end;
  }

  private flushEarly(): void {
    this.closeRange();
    this.host.endOfPoll();
    this.openRange();
  }

  private schedule(): void {
    if (this.isPending) return;
    this.isPending = true;
    this.host.output.add(this);
    this.host.startPoll();
  }

  push(message: OwnedBytes): void {
    if (this.closed || this.client.closing) return;
    if (this.executing) {
      // The reply that is being written must not be torn apart.
      this.held ??= [];
      this.held.push(message);
      return;
    }
    if (this.rangeEnd > this.rangeStart) this.moveRange();
    this.enqueue(message);
    this.wasTold = true;
    this.measure();
    if (!this.isPending) this.schedule();
    if (this.queuedBytes > OUTPUT_UNCHECKED_BYTES_MAX) this.host.checkOutput(this);
  }

  /** Lets the messages that were held while a request was executed follow its reply. */
  private releaseHeld(held: OwnedBytes[]): void {
    this.held = undefined;
    this.moveRange();
    for (const message of held) this.enqueue(message);
    this.wasTold = true;
    this.schedule();
    this.host.checkOutput(this);
  }

  flush(): void {
    this.isPending = false;
    if (this.closed) return;
    this.send();
    this.measure();
  }

  private send(): void {
    const { reply } = this.host.output;
    if (this.wasTold) {
      this.wasTold = false;
      if (this.host.isBehind) this.client.unsaved = true;
    }
    if (!this.host.isAcknowledged(this)) {
      this.holdOutput();
      return;
    }
    if (this.queue !== undefined && this.queue.bytes > 0) {
      this.moveRange();
      this.queue.open();
      this.drain();
      return;
    }
    const len = this.rangeEnd - this.rangeStart;
    const sent = this.sendRange(reply.buf, this.rangeStart, len);
    if (sent < len && sent >= 0) {
      this.enqueue(this.host.output.keep(this.rangeStart + sent, len - sent));
      this.queue!.open();
      this.host.checkOutput(this);
    }
    this.rangeStart = this.rangeEnd = 0;
    if (this.closeWhenFlushed && this.queuedBytes === 0) this.shutDown();
  }

  /** As `write`, for the gathered output. */
  private sendRange(buf: Uint8Array, start: number, len: number): number {
    if (len === 0) return 0;
    const sent = this.host.output.sender.send(this.descriptor, buf, start, len);
    if (sent > 0) this.wrote(sent);
    if (sent === len) return len;
    const more = this.write(buf, start + sent, len - sent);
    return more < 0 ? more : sent + more;
  }

  /** Keeps what waits until the journal acknowledges what it tells of. */
  private holdOutput(): void {
    this.moveRange();
    this.queue?.hold(this.client.journalOffset);
    if (this.queuedBytes > OUTPUT_UNCHECKED_BYTES_MAX) this.host.checkOutput(this);
  }

  /** The journal acknowledges that offset. Sends what waited for it; true when nothing waits for the journal any longer. */
  releaseOutput(offset: number): boolean {
    const released = this.queue?.release(offset) ?? true;
    this.drain();
    return released;
  }

  /** Sends what waits and may be sent, as far as the kernel takes it. Also called when it has room again. */
  drain(): void {
    if (this.closed) return;
    if (this.queue !== undefined) {
      const drained = this.queue.drain(this);
      this.measure();
      if (!drained) {
        this.host.checkOutput(this);
        return;
      }
    }
    if (this.queuedBytes > 0) return;
    this.softLimitSinceMs = 0;
    if (this.closeWhenFlushed && !this.isPending) this.shutDown();
  }

  write(buf: Uint8Array, start: number, len: number): number {
    if (len === 0) return 0;
    const sent = this.socket.write(buf, start, len);
    this.wrote(sent);
    return sent;
  }

  /** The kernel took so many bytes; a negative number when the socket is closed. */
  private wrote(bytes: number): void {
    const { stats } = this.host.context;
    if (bytes > 0) {
      stats.outputBytes += bytes;
      this.client.outputBytes += bytes;
    }
    stats.writeEvents++;
  }

  close(when: "flushed" | "now"): void {
    if (this.closed) return;
    this.client.closing = true;
    if (when === "now") {
      this.socket.terminate();
      this.ended();
      return;
    }
    this.closeWhenFlushed = true;
    if (!this.executing) this.schedule();
  }

  /** All is sent: ends our side and leaves the client time to read it, because closing with unread input would destroy the reply. */
  private shutDown(): void {
    this.socket.shutdown();
    this.host.terminateLater(this.socket, LINGER_MS);
    this.ended();
  }

  /** The client sends nothing more; it may still read what it is owed for what it sent. */
  peerEnded(): void {
    this.peerIsDone = this.yielding;
    if (this.yielding) return;
    if (this.suspended) this.close("now");
    else this.close("flushed");
  }

  /** The socket is gone, or is as good as gone. */
  ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.client.closing = true;
    this.queue = undefined;
    this.dropCarry();
    this.waiting = undefined;
    this.waitingBytes = 0;
    this.rangeStart = this.rangeEnd = 0;
    this.host.disconnected(this);
  }
}
