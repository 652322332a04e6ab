import { latin1, type OwnedBytes, own } from "../lib/bytes.ts";
import { OUTPUT_KEEP_BYTES_MAX } from "../limits.ts";
import type { Args } from "../resp/args.ts";
import { Reply } from "../resp/reply.ts";
import { type Client, type ClientRegistry, GATE_TRACKING } from "./client.ts";
import { NAME_OVERHEAD_BYTES } from "./client-memory.ts";
import { keysOf } from "./keys.ts";
import { ReaderTable } from "./reader-table.ts";
import type { TableEntry } from "./table.ts";
import type { TrackingState } from "./tracking-state.ts";

const SCRATCH_BYTES = 1024;
const CHANNEL = "__redis__:invalidate";
/** Keys that are forgotten in one poll when there are more than may be. */
const EVICTIONS_PER_POLL_MAX = 1000;

/** Clients that broadcasts for one prefix go to, and what has changed in this poll: the key, and who changed it last. */
interface Prefix {
  readonly clients: Set<Client>;
  readonly changed: Map<string, Client | undefined>;
}

/** The keys that a client is told of; undefined: all. Encoded when the first one needs it, for all that get it. */
interface Invalidation {
  readonly keys: readonly string[] | undefined;
  resp2?: OwnedBytes;
  resp3?: OwnedBytes;
}

/**
 * Tells clients that keep copies of values which of them are out of date (client-side caching).
 *
 * Invariants
 * 1. A client's `tracking` is set exactly if the client is in `clients`, and its gate is shut exactly if what it reads is remembered.
 * 2. A key that a client has read is in the table until the client has been told that it changed, once. Names count, not databases.
 * 3. A client in broadcast mode is in the set of each of its prefixes; a prefix without clients is gone.
 * 4. `keyCount` is 0 exactly if no change of a key concerns anybody and no message is kept back.
 */
export class Tracking {
  /** While it is 0 nobody must hear of changes, and nothing is to be sent. */
  keyCount = 0;
  /** Keys that are remembered at most; 0: any number. */
  keysMax = 0;
  private readonly clients = new Set<Client>();
  private readonly prefixes = new Map<string, Prefix>();
  private readonly readers = new ReaderTable((id) => this.isReader(this.server.clients.get(id)));
  private hasGathered = false;
  /** Messages to clients whose waiting request has just been executed, to follow its reply. */
  private late: { readonly target: Client; readonly message: OwnedBytes }[] = [];
  private scratch = new Reply(SCRATCH_BYTES);

  constructor(private readonly server: { readonly clients: ClientRegistry }) {}

  /** Figures for INFO. */
  get clientCount(): number {
    return this.clients.size;
  }

  get tableKeys(): number {
    return this.readers.size;
  }

  get tableItems(): number {
    return this.readers.items;
  }

  get prefixCount(): number {
    return this.prefixes.size;
  }

  /** Turns tracking on as `state` says, or changes how it is done. Prefixes come to those that the client has. */
  enable(client: Client, wanted: Omit<TrackingState, "broken" | "caching" | "prefixBytes">): void {
    const before = client.tracking;
    const prefixes = [...new Set([...(before?.prefixes ?? []), ...wanted.prefixes])].sort();
    const prefixBytes = prefixes.reduce((sum, { length }) => sum + length + NAME_OVERHEAD_BYTES, 0);
    client.tracking = { ...wanted, prefixes, prefixBytes, broken: false, caching: before?.caching ?? false };
    client.setGate(GATE_TRACKING, !wanted.broadcast);
    this.clients.add(client);
    for (const name of prefixes) this.join(client, name);
    this.count();
  }

  private join(client: Client, name: string): void {
    const prefix = this.prefixes.get(name);
    if (prefix === undefined) this.prefixes.set(name, { clients: new Set([client]), changed: new Map() });
    else prefix.clients.add(client);
  }

  /** The client is disconnected or turned tracking off. What it has read stays in the table, to no effect. */
  forget(client: Client): void {
    const { tracking } = client;
    if (tracking === undefined) return;
    client.tracking = undefined;
    client.setGate(GATE_TRACKING, false);
    this.clients.delete(client);
    for (const name of tracking.prefixes) {
      const prefix = this.prefixes.get(name)!;
      prefix.clients.delete(client);
      if (prefix.clients.size === 0) this.prefixes.delete(name);
    }
    if (this.clients.size === 0) this.readers.clear();
    this.count();
  }

  private count(): void {
    this.keyCount = this.readers.size + this.prefixes.size + this.late.length;
  }

  private isReader(client: Client | undefined): boolean {
    return client?.tracking !== undefined && !client.tracking.broadcast;
  }

  /** A client with GATE_TRACKING has executed a command that reads: remembers the keys. */
  remember(client: Client, entry: TableEntry, args: Args): void {
    const { optIn, optOut, caching } = client.tracking!;
    if (optIn ? !caching : optOut && caching) return;
    for (const { index } of keysOf(entry.command, args) ?? []) this.readers.add(args.text(index), client.id);
    this.count();
  }

  /** A request of a client with GATE_TRACKING, or a whole transaction, has been executed: CLIENT CACHING has had its effect. */
  requestDone(client: Client, entry: TableEntry): void {
    if (client.tracking === undefined || client.transaction !== undefined) return;
    if (entry.parent?.fullName !== "client") client.tracking.caching = false;
  }

  /** A key was changed by that client, or expired. */
  changed(buf: Uint8Array, start: number, len: number, by: Client | undefined): void {
    const key = latin1(buf, start, len);
    for (const [name, { changed }] of this.prefixes) {
      if (!key.startsWith(name)) continue;
      changed.set(key, by);
      this.hasGathered = true;
    }
    this.invalidate(key, by);
  }

  /** Tells those who have read a key, and forgets that they have. */
  private invalidate(key: string, by: Client | undefined): void {
    const ids = this.readers.take(key);
    if (ids === undefined) return;
    this.count();
    const message: Invalidation = { keys: [key] };
    for (const id of ids) {
      const client = this.server.clients.get(id);
      if (!this.isReader(client) || (client === by && client!.tracking!.noLoop)) continue;
      this.tell(client!, message, by);
    }
  }

  /** All keys of a database are gone: tells everybody to keep nothing. */
  flushed(): void {
    const message: Invalidation = { keys: undefined };
    for (const client of this.clients) this.tell(client, message);
    this.readers.clear();
    this.count();
  }

  /** The requests of a poll have been executed: sends what was gathered, and forgets what is too much to remember. */
  endOfPoll(): void {
    const { late } = this;
    if (late.length > 0) {
      this.late = [];
      for (const { target, message } of late) target.link.push(message);
      this.count();
    }
    if (this.hasGathered) {
      this.hasGathered = false;
      for (const prefix of this.prefixes.values()) this.broadcast(prefix);
    }
    this.limit();
  }

  private broadcast({ clients, changed }: Prefix): void {
    if (changed.size === 0) return;
    const message: Invalidation = { keys: [...changed.keys()] };
    for (const client of clients) {
      if (!client.tracking!.noLoop) this.tell(client, message);
      else this.tellForeign(client, changed);
    }
    changed.clear();
  }

  /** Tells of the keys that others changed. */
  private tellForeign(client: Client, changed: ReadonlyMap<string, Client | undefined>): void {
    const keys = [...changed.keys()].filter((key) => changed.get(key) !== client);
    if (keys.length > 0) this.tell(client, { keys });
  }

  /** Forgets the keys that were read first if there are too many; their readers are told that they changed. */
  limit(): void {
    const { readers, keysMax } = this;
    if (keysMax === 0) return;
    for (let i = 0; i < EVICTIONS_PER_POLL_MAX && readers.size > keysMax; i++) {
      this.invalidate(readers.oldest(), undefined);
    }
  }

  private tell(client: Client, message: Invalidation, by?: Client): void {
    const { redirect } = client.tracking!;
    const target = redirect === 0 ? client : this.server.clients.get(redirect);
    if (target === undefined || target.closing) {
      this.tellBroken(client, client.tracking!);
    } else if (target.resp3) {
      this.send(target, (message.resp3 ??= this.encode(true, message.keys)), by);
    } else if (redirect !== 0 && target.isSubscriber) {
      this.send(target, (message.resp2 ??= this.encode(false, message.keys)), by);
    }
  }

  /** The link keeps a message back while the client's request is executed, but does not know of one that waited. */
  private send(target: Client, message: OwnedBytes, by: Client | undefined): void {
    if (target !== by || target.waiting === undefined) {
      target.link.push(message);
      return;
    }
    this.late.push({ target, message });
    this.count();
  }

  private tellBroken(client: Client, state: TrackingState): void {
    state.broken = true;
    if (!client.resp3) return;
    const { scratch } = this;
    scratch.truncate(0);
    scratch.resp3 = true;
    scratch.push(2);
    scratch.bulkText("tracking-redir-broken");
    scratch.integer(state.redirect);
    client.link.push(own(scratch.buf, 0, scratch.at));
  }

  private encode(resp3: boolean, keys: readonly string[] | undefined): OwnedBytes {
    const { scratch } = this;
    scratch.truncate(0);
    scratch.resp3 = resp3;
    scratch.push(resp3 ? 2 : 3);
    scratch.bulkText(resp3 ? "invalidate" : "message");
    if (!resp3) scratch.bulkText(CHANNEL);
    if (keys === undefined) scratch.nil();
    else scratch.array(keys.length);
    for (const key of keys ?? []) scratch.bulk(Buffer.from(key, "latin1"), 0, key.length);
    const message = own(scratch.buf, 0, scratch.at);
    if (scratch.buf.length > OUTPUT_KEEP_BYTES_MAX) this.scratch = new Reply(SCRATCH_BYTES);
    return message;
  }
}
