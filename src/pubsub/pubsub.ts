import { latin1, type OwnedBytes, own } from "../lib/bytes.ts";
import { globMatch } from "../lib/glob.ts";
import { OUTPUT_KEEP_BYTES_MAX } from "../limits.ts";
import { Reply } from "../resp/reply.ts";

const SCRATCH_BYTES = 1024;
/** About what a subscription adds to a client besides its name. */
const SUBSCRIPTION_BYTES = 100;

/** What can be subscribed to. */
export type SubscriptionKind = "channels" | "patterns" | "shardChannels";
const KINDS: readonly SubscriptionKind[] = ["channels", "patterns", "shardChannels"];

/** Somebody who can subscribe: a client. */
export interface Subscriber {
  readonly resp3: boolean;
  /** The names subscribed to, of each kind; kept here, by `PubSub`. */
  channels: Set<string> | undefined;
  patterns: Set<string> | undefined;
  shardChannels: Set<string> | undefined;
  /** About what they take. */
  subscriptionBytes: number;
  readonly link: { push(message: OwnedBytes): void };
  /** Called after every change of these sets. */
  subscriptionsChanged(): void;
}

/** One channel or pattern that somebody has subscribed to. */
interface Topic {
  readonly name: OwnedBytes;
  readonly clients: Set<Subscriber>;
}

/**
 * Who has subscribed to what, and the delivery of messages.
 *
 * Invariants
 * 1. A client is in a topic's set exactly if the topic's name is in the client's own set of that kind; a topic without clients is gone.
 * 2. A name is a string of one character per byte, on both sides.
 * 3. A message is encoded at most once for each protocol, topic and way of delivery; all receivers share the bytes.
 * 4. A receiver may be cut off, and so leave all its topics, while a message is being delivered: Set and Map can be changed while they
 *    are iterated.
 */
export class PubSub {
  private readonly topics: Record<SubscriptionKind, Map<string, Topic>> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  };
  private scratch = new Reply(SCRATCH_BYTES);

  subscribe(client: Subscriber, kind: SubscriptionKind, name: string): void {
    const names = (client[kind] ??= new Set());
    if (names.has(name)) return;
    names.add(name);
    client.subscriptionBytes += name.length + SUBSCRIPTION_BYTES;
    client.subscriptionsChanged();
    const topics = this.topics[kind];
    const topic = topics.get(name);
    if (topic !== undefined) topic.clients.add(client);
    else topics.set(name, { name: own(Buffer.from(name, "latin1")), clients: new Set([client]) });
  }

  unsubscribe(client: Subscriber, kind: SubscriptionKind, name: string): void {
    if (client[kind]?.delete(name) !== true) return;
    client.subscriptionBytes -= name.length + SUBSCRIPTION_BYTES;
    client.subscriptionsChanged();
    this.leave(client, kind, name);
  }

  /** Ends all subscriptions of a client without a word. */
  forget(client: Subscriber): void {
    for (const kind of KINDS) {
      const names = client[kind];
      if (names === undefined) continue;
      client[kind] = undefined;
      for (const name of names) this.leave(client, kind, name);
    }
    client.subscriptionBytes = 0;
    client.subscriptionsChanged();
  }

  private leave(client: Subscriber, kind: SubscriptionKind, name: string): void {
    const topic = this.topics[kind].get(name)!;
    topic.clients.delete(client);
    if (topic.clients.size === 0) this.topics[kind].delete(name);
  }

  /** Number of clients that have subscribed to exactly that name. */
  count(kind: SubscriptionKind, name: string): number {
    return this.topics[kind].get(name)?.clients.size ?? 0;
  }

  /** Number of different names of that kind. */
  size(kind: SubscriptionKind): number {
    return this.topics[kind].size;
  }

  /** The different names of that kind. */
  names(kind: SubscriptionKind): Iterable<OwnedBytes> {
    return this.topics[kind].values().map((topic) => topic.name);
  }

  /** Sends a message to the channel's subscribers. Returns how often it was sent: several times to a client with several matches. */
  publish(channel: Uint8Array, message: Uint8Array): number {
    return this.publishRange(channel, 0, channel.length, message, 0, message.length);
  }

  /** The same for ranges of borrowed buffers. */
  publishRange(
    channelBuf: Uint8Array,
    channelStart: number,
    channelLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): number {
    const { channels, patterns } = this.topics;
    let receivers = 0;
    if (channels.size > 0) {
      const topic = channels.get(latin1(channelBuf, channelStart, channelLen));
      if (topic !== undefined) receivers = this.deliver(topic, "message", topic.name, buf, start, len);
    }
    if (patterns.size === 0) return receivers;
    const channel = own(channelBuf, channelStart, channelLen);
    for (const topic of patterns.values()) {
      if (!globMatch(topic.name, 0, topic.name.length, channel, 0, channel.length, false)) continue;
      receivers += this.deliver(topic, "pmessage", channel, buf, start, len);
    }
    return receivers;
  }

  /** Sends a message to the subscribers of a shard channel; patterns do not count. */
  publishShard(
    channelBuf: Uint8Array,
    channelStart: number,
    channelLen: number,
    buf: Uint8Array,
    start: number,
    len: number,
  ): number {
    const topic = this.topics.shardChannels.get(latin1(channelBuf, channelStart, channelLen));
    return topic === undefined ? 0 : this.deliver(topic, "smessage", topic.name, buf, start, len);
  }

  private deliver(
    topic: Topic,
    word: "message" | "pmessage" | "smessage",
    channel: OwnedBytes,
    buf: Uint8Array,
    start: number,
    len: number,
  ): number {
    const pattern = word === "pmessage" ? topic.name : undefined;
    let resp2: OwnedBytes | undefined;
    let resp3: OwnedBytes | undefined;
    let receivers = 0;
    for (const client of topic.clients) {
      if (client.resp3) client.link.push((resp3 ??= this.encode(true, word, pattern, channel, buf, start, len)));
      else client.link.push((resp2 ??= this.encode(false, word, pattern, channel, buf, start, len)));
      receivers++;
    }
    return receivers;
  }

  private encode(
    asResp3: boolean,
    word: string,
    pattern: OwnedBytes | undefined,
    channel: OwnedBytes,
    buf: Uint8Array,
    start: number,
    len: number,
  ): OwnedBytes {
    const { scratch } = this;
    scratch.truncate(0);
    scratch.resp3 = asResp3;
    scratch.push(pattern === undefined ? 3 : 4);
    scratch.bulkText(word);
    if (pattern !== undefined) scratch.bulk(pattern, 0, pattern.length);
    scratch.bulk(channel, 0, channel.length);
    scratch.bulk(buf, start, len);
    const message = own(scratch.buf, 0, scratch.at);
    if (scratch.buf.length > OUTPUT_KEEP_BYTES_MAX) this.scratch = new Reply(SCRATCH_BYTES);
    return message;
  }
}
