import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { OwnedBytes } from "../../src/lib/bytes.ts";
import { PubSub, type Subscriber, type SubscriptionKind } from "../../src/pubsub/pubsub.ts";

class Listener implements Subscriber {
  subscriptionBytes = 0;
  channels: Set<string> | undefined;
  patterns: Set<string> | undefined;
  shardChannels: Set<string> | undefined;
  readonly received: OwnedBytes[] = [];
  onMessage: () => void = () => {};
  readonly link = {
    push: (message: OwnedBytes): void => {
      this.received.push(message);
      this.onMessage();
    },
  };

  constructor(readonly resp3: boolean) {}

  subscriptionsChanged(): void {}
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("PubSub", () => {
  test("gives all receivers of one protocol the same bytes", () => {
    const pubsub = new PubSub();
    const listeners = [false, false, true, true].map((resp3) => new Listener(resp3));
    for (const listener of listeners) pubsub.subscribe(listener, "channels", "c");
    expect(pubsub.publish(bytes("c"), bytes("m"))).toBe(4);
    const [a, b, c, d] = listeners.map((listener) => listener.received[0]!);
    expect([a === b, c === d, a === c]).toEqual([true, true, false]);
  });

  test("copies what it delivers out of borrowed buffers", () => {
    const pubsub = new PubSub();
    const listener = new Listener(false);
    pubsub.subscribe(listener, "patterns", "*");
    const buffer = Buffer.from("..chan..text..");
    pubsub.publishRange(buffer, 2, 4, buffer, 8, 4);
    buffer.fill(0);
    expect(Buffer.from(listener.received[0]!).toString()).toContain("chan\r\n$4\r\ntext");
  });

  test("lets receivers leave while a message is being delivered", () => {
    const pubsub = new PubSub();
    const listeners = [0, 1, 2].map(() => new Listener(false));
    for (const listener of listeners) {
      pubsub.subscribe(listener, "channels", "c");
      pubsub.subscribe(listener, "patterns", "c");
      listener.onMessage = () => pubsub.forget(listener);
    }
    expect(pubsub.publish(bytes("c"), bytes("m"))).toBe(3);
    expect(listeners.map((listener) => listener.received.length)).toEqual([1, 1, 1]);
    expect([pubsub.size("channels"), pubsub.size("patterns")]).toEqual([0, 0]);
  });

  test("delivers messages of megabytes whole", () => {
    const pubsub = new PubSub();
    const listener = new Listener(true);
    pubsub.subscribe(listener, "shardChannels", "c");
    const message = new Uint8Array(8 * 1024 * 1024).fill(120);
    pubsub.publishShard(bytes("c"), 0, 1, message, 0, message.length);
    const head = `>3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$${message.length}\r\n`;
    expect(Buffer.from(listener.received[0]!).equals(Buffer.concat([bytes(head), message, bytes("\r\n")]))).toBe(true);
  });

  test("agrees with a list of subscriptions", () => {
    const kinds: SubscriptionKind[] = ["channels", "patterns", "shardChannels"];
    const name = fc.constantFrom("a", "b", "ab", "", "*", "a*", "\xff");
    const step = fc.oneof(
      fc.record({
        do: fc.constantFrom("subscribe", "unsubscribe"),
        who: fc.nat(3),
        kind: fc.constantFrom(...kinds),
        name,
      }),
      fc.record({ do: fc.constant("forget"), who: fc.nat(3), kind: fc.constant(kinds[0]!), name }),
      fc.record({ do: fc.constant("publish"), who: fc.nat(3), kind: fc.constantFrom(...kinds), name }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), agrees));
  });
});

interface Step {
  readonly do: string;
  readonly who: number;
  readonly kind: SubscriptionKind;
  readonly name: string;
}

/** Whether the registry tells and delivers what a plain list of (client, kind, name) says. */
function agrees(steps: readonly Step[]): void {
  const pubsub = new PubSub();
  const listeners = [false, true, false, true].map((resp3) => new Listener(resp3));
  let model: [number, SubscriptionKind, string][] = [];
  for (const { do: action, who, kind, name } of steps) {
    const listener = listeners[who]!;
    const has = model.some(([w, k, n]) => w === who && k === kind && n === name);
    if (action === "subscribe") {
      pubsub.subscribe(listener, kind, name);
      if (!has) model.push([who, kind, name]);
    } else if (action === "unsubscribe") {
      pubsub.unsubscribe(listener, kind, name);
      model = model.filter(([w, k, n]) => !(w === who && k === kind && n === name));
    } else if (action === "forget") {
      pubsub.forget(listener);
      model = model.filter(([w]) => w !== who);
    } else {
      const sent = kind === "shardChannels" ? publishShard(pubsub, name) : pubsub.publish(bytes(name), bytes("m"));
      expect(sent).toBe(model.filter(([, k, n]) => receives(k, n, kind === "shardChannels", name)).length);
    }
    const named = model.filter(([, k, n]) => k === kind && n === name).length;
    expect(pubsub.count(kind, name)).toBe(named);
    expect(pubsub.size(kind)).toBe(new Set(model.filter(([, k]) => k === kind).map(([, , n]) => n)).size);
  }
}

function publishShard(pubsub: PubSub, name: string): number {
  return pubsub.publishShard(bytes(name), 0, name.length, bytes("m"), 0, 1);
}

/** Whether a subscription gets what is published on the channel: the patterns used here are names, "*" and "a*". */
function receives(kind: SubscriptionKind, name: string, shard: boolean, channel: string): boolean {
  if (shard || kind === "shardChannels") return shard && kind === "shardChannels" && name === channel;
  if (kind === "channels" || !name.endsWith("*")) return name === channel;
  return channel !== "" && channel.startsWith(name.slice(0, -1));
}
