/** Uses a server as a cache: asks for keys, and stores those that it did not have. */
import { filler } from "./encode.ts";
import { nowNs, pause } from "./now.ts";

/** Requests that are sent together. */
const BATCH = 64;
const VALUE_BYTES = 64;
const DIGITS = 10;
const HIT_BYTES = `$${VALUE_BYTES}\r\n\r\n`.length + VALUE_BYTES;
const MISS_BYTES = "$-1\r\n".length;
const STORED = "+OK\r\n";
/** Keys that may end do so after 11 to 115 days; the later the more they are asked for, nearly, as users of volatile-ttl see to it. */
const TTL_MS_MIN = 1_000_000_000;
const TTL_MS_BY_RANK = 8_600_000_000;
const TTL_MS_BY_CHANCE = 300_000_000;

export class CacheClient {
  private socket: Bun.Socket<undefined> | undefined;
  private received = Buffer.alloc(0);
  private waiting: (PromiseWithResolvers<Buffer> & { readonly replies: number }) | undefined;
  private misses: number[] = [];

  /** `timedKeys`: what is stored has a deadline, and there are so many keys, of which the first are asked for most. 0: it has none. */
  constructor(private readonly timedKeys: number) {}

  async connect(port: number): Promise<void> {
    const data = (_socket: unknown, chunk: Uint8Array): void => this.take(chunk);
    this.socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data } });
  }

  close(): void {
    this.socket?.terminate();
  }

  /** Stores keys. */
  async fill(keys: readonly number[]): Promise<void> {
    for (let at = 0; at < keys.length; at += BATCH) {
      this.misses = keys.slice(at, at + BATCH);
      await this.ask([]);
    }
  }

  /** Plays the requests at up to so many a second. Returns the share of those from `from` on that the server could answer. */
  async play(keys: Int32Array, from: number, perSecond: number): Promise<number> {
    const startNs = nowNs();
    let hits = 0;
    for (let at = 0; at < keys.length; at += BATCH) {
      const asked = [...keys.subarray(at, at + BATCH)];
      await this.ask(asked);
      if (at >= from) hits += asked.length - this.misses.length;
      const aheadMs = (at / perSecond) * 1000 - (nowNs() - startNs) / 1e6;
      if (aheadMs > 1) await pause(aheadMs);
    }
    return hits / (keys.length - from);
  }

  /** Stores what the last batch missed, and asks for the next one. */
  private async ask(keys: readonly number[]): Promise<void> {
    const stores = this.misses.map((key) => this.store(key));
    const text = stores.join("") + keys.map((key) => `*2\r\n$3\r\nGET\r\n${nameOf(key)}`).join("");
    const answered = Promise.withResolvers<Buffer>();
    this.waiting = { ...answered, replies: stores.length + keys.length };
    this.send(Buffer.from(text, "latin1"));
    const replies = await answered.promise;
    let pos = stores.length * STORED.length;
    this.misses = keys.filter(() => {
      const hit = replies[pos + 1] !== 45;
      pos += hit ? HIT_BYTES : MISS_BYTES;
      return !hit;
    });
  }

  private store(key: number): string {
    const set = `$3\r\nSET\r\n${nameOf(key)}$${VALUE_BYTES}\r\n${filler(VALUE_BYTES)}\r\n`;
    if (this.timedKeys === 0) return `*3\r\n${set}`;
    const chance = ((key * 40_503) % 65_536) / 65_536;
    const ttl = TTL_MS_MIN + Math.floor(TTL_MS_BY_RANK * (1 - key / this.timedKeys) + TTL_MS_BY_CHANCE * chance);
    return `*5\r\n${set}$2\r\nPX\r\n$${DIGITS}\r\n${ttl}\r\n`;
  }

  private send(bytes: Buffer): void {
    const sent = this.socket!.write(bytes, 0, bytes.length);
    if (sent < bytes.length) setTimeout(() => this.send(bytes.subarray(Math.max(0, sent))), 1);
  }

  private take(chunk: Uint8Array): void {
    this.received = Buffer.concat([this.received, chunk]);
    const { waiting, received } = this;
    if (waiting === undefined) return;
    const replies = repliesIn(received);
    if (replies < 0) waiting.reject(new Error(received.toString("latin1").slice(0, 200)));
    if (replies < waiting.replies) return;
    this.waiting = undefined;
    this.received = Buffer.alloc(0);
    waiting.resolve(received);
  }
}

function nameOf(key: number): string {
  return `$14\r\nkey:${String(key).padStart(DIGITS, "0")}\r\n`;
}

/** Number of whole replies, of those that there can be; -1: an error is among them. */
function repliesIn(bytes: Buffer): number {
  let replies = 0;
  for (let pos = 0; pos < bytes.length; replies++) {
    if (bytes[pos] === 45) return -1;
    if (bytes[pos] === 43) pos += STORED.length;
    else pos += bytes[pos + 1] === 45 ? MISS_BYTES : HIT_BYTES;
    if (pos > bytes.length) break;
  }
  return replies;
}
