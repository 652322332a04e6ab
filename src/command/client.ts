import type { Database } from "../keyspace/database.ts";
import type { OwnedBytes } from "../lib/bytes.ts";

/** What a client is connected by. Commands see no more of the network than this. */
export interface Link {
  /** "127.0.0.1:50000"; a Unix socket's path and ":0". */
  readonly address: string;
  readonly localAddress: string;
  readonly descriptor: number;
  /** Sends bytes that are shared with others, in order with the replies. */
  push(message: OwnedBytes): void;
  /** Ends the connection: after what is to be sent, or at once. */
  close(when: "flushed" | "now"): void;
  /** Stops and goes on reading and executing requests. */
  suspend(): void;
  resume(): void;
  /** Unparsed request bytes held; free bytes in that buffer. */
  readonly queryBytes: number;
  readonly queryFreeBytes: number;
  /** Unsent reply bytes, and the number of buffers they are in. */
  readonly outputBytes: number;
  readonly outputBuffers: number;
}

/** Reasons why a request of this client may not go straight to its command. One bit each; 0 is the common case. */
export const GATE_UNAUTHENTICATED = 1;
export const GATE_SUBSCRIBED = 2;
export const GATE_QUIET = 4;

export type ReplyMode = "on" | "off" | "skip-next" | "skip";

/** One connected client, as commands know it. */
export class Client {
  resp3 = false;
  gate = 0;
  name = "";
  libraryName = "";
  libraryVersion = "";
  replyMode: ReplyMode = "on";
  /** CLIENT NO-EVICT and NO-TOUCH. */
  noEvict = false;
  noTouch = false;
  /** Changed data in this poll: what it is told of that waits for the journal. */
  unsaved = false;
  /** The link is being closed: nothing more is executed. */
  closing = false;
  lastCommand = "NULL";
  lastActiveMs: number;
  commandCount = 0;
  inputBytes = 0;
  outputBytes = 0;
  /** Subscriptions by name in latin1; created with the first one. */
  channels: Set<string> | undefined;
  patterns: Set<string> | undefined;
  shardChannels: Set<string> | undefined;

  constructor(
    readonly id: number,
    readonly link: Link,
    public db: Database,
    readonly createdMs: number,
  ) {
    this.lastActiveMs = createdMs;
  }

  /** How many subscriptions hold the client in RESP2's subscriber mode. */
  get subscriptions(): number {
    return (this.channels?.size ?? 0) + (this.patterns?.size ?? 0);
  }

  get shardSubscriptions(): number {
    return this.shardChannels?.size ?? 0;
  }

  setGate(bit: number, shut: boolean): void {
    this.gate = shut ? this.gate | bit : this.gate & ~bit;
  }
}

/** All connected clients by id, in the order of their ids. */
export class ClientRegistry {
  private readonly byId = new Map<number, Client>();
  private nextId = 1;
  /** Largest output and input buffer at present, for INFO; kept by the network. */
  get size(): number {
    return this.byId.size;
  }

  takeId(): number {
    return this.nextId++;
  }

  add(client: Client): void {
    this.byId.set(client.id, client);
  }

  remove(client: Client): void {
    this.byId.delete(client.id);
  }

  get(id: number): Client | undefined {
    return this.byId.get(id);
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.byId.values();
  }
}
