import type { Database } from "../keyspace/database.ts";
import type { OwnedBytes } from "../lib/bytes.ts";
import type { Subscriber } from "../pubsub/pubsub.ts";
import { clientMemory } from "./client-memory.ts";
import type { TrackingState } from "./tracking-state.ts";
import { Transaction } from "./transaction.ts";
import type { Waiter } from "./waiting.ts";

/** What a client is connected by. Commands see no more of the network than this. */
export interface Link {
  /** "127.0.0.1:50000"; a Unix socket's path and ":0". */
  readonly address: string;
  readonly localAddress: string;
  readonly descriptor: number;
  /** Sends bytes that are shared with others, in order with the replies and never inside of one. */
  push(message: OwnedBytes): void;
  /** Ends the connection: after what is to be sent, or at once. */
  close(when: "flushed" | "now"): void;
  /** Stops executing requests; those that come are kept. */
  suspend(): void;
  /** Goes on with them, when the present poll's requests have been executed. */
  resumeLater(): void;
  /** Unparsed request bytes held; free bytes in that buffer. */
  readonly queryBytes: number;
  readonly queryFreeBytes: number;
  /** All that is held of requests that are not executed yet, with what is kept free for their rest. */
  readonly inputBytes: number;
  /** Unsent reply bytes, and the number of buffers they are in. */
  readonly outputBytes: number;
  readonly outputBuffers: number;
}

/** What a client has that is not connected: the one that executes what is in a file. */
export const NO_LINK: Link = {
  address: "",
  localAddress: "",
  descriptor: -1,
  queryBytes: 0,
  queryFreeBytes: 0,
  inputBytes: 0,
  outputBytes: 0,
  outputBuffers: 0,
  push() {},
  close() {},
  suspend() {},
  resumeLater() {},
};

/** Reasons why a request of this client may not go straight to its command. One bit each; 0 is the common case. */
export const GATE_UNAUTHENTICATED = 1;
export const GATE_SUBSCRIBED = 2;
export const GATE_QUIET = 4;
export const GATE_TRANSACTION = 8;
export const GATE_TRACKING = 16;
export const GATE_MONITOR = 32;

/** What CLIENT REPLY asked for: replies, silence, or silence for one request. */
export type ReplyMode = "on" | "off" | "skip";

/** Whose limits hold for what a client leaves unread. There are no replicas. */
export type ClientClass = "normal" | "pubsub";

/** One connected client, as commands know it. */
export class Client implements Subscriber {
  resp3 = false;
  gate = 0;
  name = "";
  libraryName = "";
  libraryVersion = "";
  replyMode: ReplyMode = "on";
  /** What the present request writes is sent even though the client asked for silence. */
  loud = false;
  /** CLIENT NO-EVICT and NO-TOUCH. */
  noEvict = false;
  noTouch = false;
  /** Since its last reply, or message, was ready to be sent, it has changed data or been told of changes: that waits for the journal. */
  unsaved = false;
  /** What it is sent waits until the journal acknowledges this offset. */
  journalOffset = 0;
  /** The link is being closed: nothing more is executed. */
  closing = false;
  /** About what it took when it was last looked at. Kept by ClientRegistry. */
  usedBytes = 0;
  /** About what its subscriptions and watched keys take. */
  subscriptionBytes = 0;
  watchedBytes = 0;
  /** Since MULTI. */
  transaction: Transaction | undefined;
  /** Keys that WATCH named, by `keyId`; one of them changed since. Kept by Watches. */
  watched: Set<string> | undefined;
  watchBroken = false;
  /** The request that waits, if one does. Kept by WaitingClients. */
  waiting: Waiter | undefined;
  /** Since CLIENT TRACKING ON. Kept by Tracking. */
  tracking: TrackingState | undefined;
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

  /** Channels and patterns together, as confirmations of their subscriptions count them. */
  get subscriptions(): number {
    return (this.channels?.size ?? 0) + (this.patterns?.size ?? 0);
  }

  get shardSubscriptions(): number {
    return this.shardChannels?.size ?? 0;
  }

  get isSubscriber(): boolean {
    return this.subscriptions + this.shardSubscriptions > 0;
  }

  get isMonitor(): boolean {
    return (this.gate & GATE_MONITOR) !== 0;
  }

  get class(): ClientClass {
    return this.isSubscriber ? "pubsub" : "normal";
  }

  setProtocol(resp3: boolean): void {
    this.resp3 = resp3;
    this.subscriptionsChanged();
  }

  /** In RESP2 a message can't be told from a reply: a subscriber may not ask for replies. */
  subscriptionsChanged(): void {
    this.setGate(GATE_SUBSCRIBED, !this.resp3 && this.isSubscriber);
  }

  setReplyMode(mode: ReplyMode): void {
    this.replyMode = mode;
    this.setGate(GATE_QUIET, mode !== "on");
  }

  /** A request begins: whether it is to be answered with silence. "skip" holds for one request. */
  takeSilence(): boolean {
    this.loud = false;
    if (this.replyMode === "on") return false;
    if (this.replyMode === "skip") this.setReplyMode("on");
    return true;
  }

  startTransaction(): void {
    this.transaction = new Transaction();
    this.setGate(GATE_TRANSACTION, true);
  }

  /** Forgets what was queued and returns it. */
  endTransaction(): Transaction | undefined {
    const { transaction } = this;
    this.transaction = undefined;
    this.setGate(GATE_TRANSACTION, false);
    return transaction;
  }

  setGate(bit: number, shut: boolean): void {
    this.gate = shut ? this.gate | bit : this.gate & ~bit;
  }
}

/** All connected clients by id, in the order of their ids. */
export class ClientRegistry {
  private readonly byId = new Map<number, Client>();
  private nextId = 1;
  /** About how much memory all clients take with their buffers. */
  usedBytes = 0;
  /** Above this some of them are cut off. */
  usedBytesMax = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.byId.size;
  }

  takeId(): number {
    return this.nextId++;
  }

  add(client: Client): void {
    this.byId.set(client.id, client);
    this.measure(client);
  }

  remove(client: Client): void {
    if (this.byId.delete(client.id)) this.usedBytes -= client.usedBytes;
  }

  /** What the client takes may have changed. */
  measure(client: Client): void {
    const bytes = clientMemory(client);
    this.usedBytes += bytes - client.usedBytes;
    client.usedBytes = bytes;
  }

  get(id: number): Client | undefined {
    return this.byId.get(id);
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.byId.values();
  }
}
