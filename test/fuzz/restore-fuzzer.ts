// Gives RESTORE, and the loader of RDB files, damaged data in this process: a server without a network. What is taken in spite of the damage
// is read and changed by all sorts of commands, and must come out of a further DUMP and RESTORE as it was.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Crc64 } from "../../src/lib/crc.ts";
import { RdbLoadError, RdbLoader } from "../../src/persistence/rdb/rdb-loader.ts";
import { type LocalClient, LocalServer } from "../commands/local-server.ts";
import { file, string } from "../persistence/rdb/encoders.ts";
import { NEW_FORMS, OLD_FORMS, STREAM_3 } from "../persistence/rdb/forms.ts";
import { Mutator } from "./mutator.ts";

/** Large seeds make a round slow and are damaged in the same ways. */
const SEED_BYTES_MAX = 3000;
const CHECKSUM_BYTES = 8;
const TRAILER_BYTES = 10;
const HEADER_BYTES = 9;
const ROUND = 500;
/** A table that once had more buckets keeps one more than it needs. */
const TABLE_SLACK_BYTES = 64;
const READS: Readonly<Record<string, readonly string[]>> = {
  string: ["GET k", "STRLEN k", "GETRANGE k 0 -1", "BITCOUNT k", "APPEND k x"],
  list: [
    "LLEN k",
    "LRANGE k 0 -1",
    "LINDEX k -1",
    "LPOS k a",
    "RPUSH k x",
    "LINSERT k BEFORE x y",
    "LPOP k",
    "RPOP k 3",
  ],
  set: ["SCARD k", "SMEMBERS k", "SRANDMEMBER k 3", "SSCAN k 0", "SADD k x 5", "SISMEMBER k 5", "SREM k x", "SPOP k 2"],
  zset: [
    ...["ZCARD k", "ZRANGE k 0 -1 WITHSCORES", "ZRANGEBYSCORE k -inf +inf", "ZRANGEBYLEX k - +", "ZSCAN k 0"],
    ...["ZADD k 1.5 x", "ZRANK k x", "ZINCRBY k 3 x", "ZREVRANGE k 0 -1", "ZPOPMIN k 2", "ZREM k x"],
  ],
  hash: [
    ...["HLEN k", "HGETALL k", "HRANDFIELD k 3 WITHVALUES", "HSCAN k 0", "HPEXPIRETIME k FIELDS 1 a"],
    ...["HSET k x y", "HGET k x", "HEXPIRE k 100 FIELDS 1 x", "HDEL k x", "HDEL k a"],
  ],
  stream: [
    ...[
      "XLEN k",
      "XRANGE k - +",
      "XREVRANGE k + -",
      "XINFO STREAM k FULL",
      "XPENDING k group",
      "XPENDING k group - + 9",
    ],
    ...["XADD k * a b", "XREADGROUP GROUP group alice COUNT 2 STREAMS k >", "XTRIM k MAXLEN 1"],
  ],
};

/** A stream as only Redis 8 has it: with producers, and an entry that was given back. */
const RECENT = [
  ...["XADD k IDMP producer message * a b", "XADD k IDMP producer other * a b", "XGROUP CREATE k group 0"],
  ...["XREADGROUP GROUP group alice COUNT 2 STREAMS k >", "XNACK k group FAIL IDS 1 1700000000000-1"],
];

/** What came of the data so far. */
export interface Outcome {
  tried: number;
  taken: number;
}

export class RestoreFuzzer {
  readonly outcome: Outcome = { tried: 0, taken: 0 };
  private readonly server = new LocalServer();
  private readonly client: LocalClient = this.server.connect();
  private readonly mutator: Mutator;
  private readonly crc = new Crc64();
  private baseBytes = 0;

  constructor(private readonly seed: number) {
    this.server.log.level = "nothing";
    this.mutator = new Mutator(this.payloads(), seed);
    this.clear();
    this.baseBytes = this.usedBytes;
  }

  /** The forms that values were ever written in, and those that are written here. */
  private payloads(): Uint8Array[] {
    const forms = [...OLD_FORMS, ...NEW_FORMS, STREAM_3].map(({ payload }) => payload);
    const own = forms.flatMap((payload) => {
      this.client.ask("RESTORE", "k", "0", latin1(payload), "REPLACE");
      return [payload, this.dump()];
    });
    this.client.ask("DEL", "k");
    for (const line of RECENT) this.client.ask(...line.split(" "));
    own.push(this.dump());
    this.client.ask("DEL", "k");
    return own.filter(({ length }) => length < SEED_BYTES_MAX);
  }

  private dump(): Uint8Array {
    const reply = this.client.ask("DUMP", "k");
    if (!reply.startsWith("$") || reply === "$-1\r\n") throw new Error(`DUMP replied ${reply}`);
    return Buffer.from(reply.slice(reply.indexOf("\n") + 1, -2), "latin1");
  }

  /** Tries so many damaged payloads. Throws, with the seed and the payload, when something is wrong. */
  run(count: number): void {
    for (let i = 0; i < count; i++) {
      const payload = this.mutator.next(0, TRAILER_BYTES);
      this.sign(payload);
      this.attempt(payload);
      if (i % ROUND === ROUND - 1) this.checkMemory(payload);
    }
    this.checkMemory(new Uint8Array(0));
  }

  private sign(payload: Uint8Array): void {
    this.crc.reset();
    this.crc.update(payload, 0, payload.length - CHECKSUM_BYTES);
    this.crc.writeTo(payload, payload.length - CHECKSUM_BYTES);
  }

  private attempt(payload: Uint8Array): void {
    this.outcome.tried++;
    const reply = this.ask(payload, "RESTORE", "k", "0", latin1(payload));
    if (reply === "-ERR Bad data format\r\n") return;
    if (reply !== "+OK\r\n") throw this.failure(`RESTORE replied ${reply}`, payload);
    this.outcome.taken++;
    this.use(payload);
  }

  /** Reads and changes what was taken. */
  private use(payload: Uint8Array): void {
    const type = this.ask(payload, "TYPE", "k").slice(1, -2);
    const dump = this.dump();
    if (this.ask(payload, "RESTORE", "copy", "0", latin1(dump)) !== "+OK\r\n")
      throw this.failure("not its own DUMP", payload);
    this.ask(payload, "RENAME", "copy", "k");
    if (!this.same(dump)) throw this.failure("DUMP and RESTORE change it", payload);
    this.ask(payload, "OBJECT", "ENCODING", "k");
    this.ask(payload, "MEMORY", "USAGE", "k");
    this.ask(payload, "COPY", "k", "copy");
    for (const line of READS[type]!) this.ask(payload, ...line.split(" "));
    this.ask(payload, "DEL", "k", "copy");
  }

  /** Whether `k` is the same as what the payload was made of. The order of tables is by chance. */
  private same(dump: Uint8Array): boolean {
    return this.dump().length === dump.length;
  }

  private ask(payload: Uint8Array, ...words: string[]): string {
    let reply = "";
    try {
      reply = this.client.ask(...words);
    } catch (error) {
      throw this.failure((error as Error).stack ?? String(error), payload);
    }
    if (reply.includes("internal error")) throw this.failure(`${words[0]} replied ${reply}`, payload);
    return reply;
  }

  private failure(reason: string, payload: Uint8Array): Error {
    return new Error(
      `${reason}\nseed ${this.seed}, number ${this.outcome.tried}: ${Buffer.from(payload).toString("hex")}`,
    );
  }

  private get usedBytes(): number {
    return this.server.keyspace.arena.usedBytes;
  }

  private clear(): void {
    this.client.ask("FLUSHALL");
    this.server.keyspace.reclaimer.run({ isSpent: () => false });
  }

  private checkMemory(payload: Uint8Array): void {
    try {
      this.clear();
    } catch (error) {
      throw this.failure((error as Error).stack ?? String(error), payload);
    }
    if (this.usedBytes > this.baseBytes + TABLE_SLACK_BYTES)
      throw this.failure(`${this.usedBytes} bytes stay, not ${this.baseBytes}`, payload);
  }

  /** Tries so many damaged files. */
  runFiles(count: number): void {
    const folder = mkdtempSync(join(tmpdir(), "go-redis-fuzz-"));
    const fd = openSync(join(folder, "dump.rdb"), "w+");
    try {
      const mutator = new Mutator([this.file()], this.seed);
      for (let i = 0; i < count; i++) {
        const damaged = mutator.next(i % 10 === 0 ? 0 : HEADER_BYTES, 0);
        ftruncateSync(fd, 0);
        writeSync(fd, damaged, 0, damaged.length, 0);
        this.load(fd, damaged);
      }
    } finally {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  }

  /** A file with a key of every form, without a checksum. */
  private file(): Uint8Array {
    const keys = [...OLD_FORMS, ...NEW_FORMS, STREAM_3].map(({ name, payload }) => {
      const value = payload.subarray(1, payload.length - TRAILER_BYTES);
      return Buffer.concat([payload.subarray(0, 1), string(name), value]);
    });
    const whole = file(
      12,
      [0xfe, 0, 0xfb, 40, 0],
      [0xfa],
      string("aux"),
      string("x"),
      ...keys.filter((k) => k.length < 500),
    );
    whole.fill(0, whole.length - CHECKSUM_BYTES);
    return whole;
  }

  private load(fd: number, damaged: Uint8Array): void {
    this.outcome.tried++;
    const loader = new RdbLoader(this.server, fd, damaged.length);
    try {
      while (!loader.step(Number.POSITIVE_INFINITY));
      this.outcome.taken++;
    } catch (error) {
      if (!(error instanceof RdbLoadError)) throw this.failure((error as Error).stack ?? String(error), damaged);
    }
    this.checkMemory(damaged);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
