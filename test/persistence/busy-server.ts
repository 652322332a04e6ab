// Servers to which requests come by chance, and what they hold.
import { expect } from "bun:test";
import { closeSync, openSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { ServerContext } from "../../src/command/context.ts";
import { valueDigest } from "../../src/commands/debug-digest.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { LzfCompressor } from "../../src/lib/lzf.ts";
import { Random } from "../../src/lib/random.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { applyMarks, MARKS_SCRATCH_BYTES } from "../../src/persistence/rdb/marks.ts";
import { RdbLoader } from "../../src/persistence/rdb/rdb-loader.ts";
import { type Chunk, ChunkPool, type ChunkSink } from "../../src/persistence/snapshot/chunk.ts";
import { Snapshot } from "../../src/persistence/snapshot/snapshot.ts";
import { SnapshotWriter } from "../../src/persistence/snapshot/snapshot-writer.ts";
import { HASH, LIST, STREAM, STRING } from "../../src/types/kinds.ts";
import { type LocalClient, LocalServer } from "../commands/local-server.ts";
import { FAMILIES } from "../differential/families/all.ts";
import { anyCommand } from "../differential/generate.ts";
import { show } from "../differential/words.ts";
import { scratch } from "./scratch.ts";

const TYPES = ["strings", "bitmaps", "streams", "hashes", "hyperloglog", "geo", "lists", "keys", "expiry"];
const FAMILY_NAMES = [...TYPES, "sets", "sorted sets", "sorts"];
const families = FAMILIES.filter(({ name }) => FAMILY_NAMES.includes(name));
/** Strings of a megabyte and more only take time; and who loads what was saved has the usual configuration. */
const LEFT_OUT = /^((setbit|setrange|bitfield) .*\d{6}|config )/i;
const any = fc.oneof(...families.map(({ commands, avoid }) => anyCommand(commands).filter((c) => avoid?.(c) !== true)));
const requests = fc
  .sample(any, { seed: 1, numRuns: 4000 })
  .map(show)
  .filter((line) => !LEFT_OUT.test(line));
const all = Array.from({ length: 300 }, (_, n) => n);
const KEYS = ["k1", "k2", "k3", "k4", "{t}a", "{t}b"];

/** Knows which buffers are not back yet. */
class WatchedPool extends ChunkPool {
  private readonly taken = new Set<Uint8Array>();

  override take(): Chunk {
    const chunk = super.take();
    this.taken.add(chunk.buf);
    return chunk;
  }

  override give(chunk: Chunk): void {
    this.taken.delete(chunk.buf);
    super.give(chunk);
  }

  /** How many there are that still take memory. */
  get away(): number {
    return [...this.taken].filter(({ length }) => length > 0).length;
  }
}

/** Keeps a file in memory. */
export class MemorySink implements ChunkSink {
  readonly pool = new WatchedPool(4);
  isFull = false;
  private readonly parts: Uint8Array[] = [];
  private readonly lzf = new LzfCompressor();

  write(chunk: Chunk): void {
    const { buf, length, marks, markCount } = chunk;
    const out = new Uint8Array(length + MARKS_SCRATCH_BYTES);
    this.parts.push(out.subarray(0, applyMarks(this.lzf, buf, length, marks, markCount, out)));
    this.pool.give(chunk);
  }

  /** The file, with no checksum. */
  get bytes(): Uint8Array {
    return Buffer.concat([...this.parts, new Uint8Array(8)]);
  }
}

/** Small bounds, so that there are many leaves, and conversions. */
export function limitLeaves({ keyspace }: Pick<ServerContext, "keyspace">): void {
  const { hashes, lists, sets, zsets, streams } = keyspace;
  hashes.hashMaxListpackEntries = sets.setMaxListpackEntries = sets.setMaxIntsetEntries = 8;
  zsets.zsetMaxListpackEntries = 8;
  lists.limitLeaves(4);
  streams.entries.maxEntries = 5;
}

/** A server that is sent requests by chance; every choice follows from the seed. */
export class Busy {
  readonly server = new LocalServer();
  readonly emptyBytes = this.server.keyspace.arena.usedBytes;
  readonly random: Random;
  private client: LocalClient = this.server.connect();

  constructor(seed: number) {
    this.random = new Random(seed);
    limitLeaves(this.server);
  }

  say(...lines: string[]): void {
    this.client.say(...lines);
    if (this.client.client.waiting === undefined && this.client.closed === "") return;
    this.server.pass(20);
    this.client.close("now");
    this.client = this.server.connect();
  }

  private key(): string {
    return KEYS[this.random.below(KEYS.length)];
  }

  /** Large values, and many keys. */
  fill(): void {
    this.say("SELECT 0");
    this.say(`HSET big:h ${all.map((n) => `f${n} 1`).join(" ")}`);
    this.say(`ZADD big:z ${all.map((n) => `${n} m${n}`).join(" ")}`);
    this.say(`RPUSH big:l ${all.join(" ")}`);
    for (const n of all) this.say(`XADD big:x * f ${n}`);
    for (const n of all) this.say(`SET filler:${n} ${n}`);
  }

  step(): void {
    for (const line of this.lines()) this.say(line);
  }

  /** A request, or several that make a value large, or empty it. */
  private lines(): string[] {
    const { random } = this;
    const key = this.key();
    const some = Array.from({ length: 1 + random.below(60) }, () => random.below(300));
    switch (random.below(32)) {
      case 0:
        return [`HSET ${key} ${some.map((n) => `f${n} ${"v".repeat(n)}`).join(" ")}`];
      case 1:
        return [`SADD ${key} ${some.map((n) => `m${n}`).join(" ")}`];
      case 2:
        return [`ZADD ${key} ${some.map((n) => `${random.below(50)} m${n}`).join(" ")}`];
      case 3:
        return [`${random.below(2) ? "R" : "L"}PUSH ${key} ${some.map((n) => `e${n}`).join(" ")}`];
      case 4:
        return some.map((n) => `XADD ${key} * f ${n}`);
      case 5:
        return [`SET ${key} ${"s".repeat(random.below(9000))}`];
      case 6:
        return some.map((n) => `SET filler:${n} ${random.below(1000)}`);
      case 7:
        return [`DEL ${some.map((n) => `filler:${n}`).join(" ")}`];
      case 8:
        return [
          `HPEXPIRE ${key} ${1 + random.below(2000)} FIELDS ${some.length} ${some.map((n) => `f${n}`).join(" ")}`,
        ];
      case 9:
        return [`PEXPIRE ${random.below(2) ? key : `filler:${some[0]}`} ${1 + random.below(3000)}`];
      case 10:
        return [`SELECT ${random.below(3)}`];
      case 11:
        return [this.rare(key)];
      case 12:
        return [`LTRIM ${key} ${random.below(20)} -${1 + random.below(20)}`];
      case 13:
        return [`XTRIM ${key} MAXLEN ${random.below(100)}`];
      case 14:
        return [`HDEL ${key} ${some.map((n) => `f${n}`).join(" ")}`];
      case 15:
        return [`SREM ${key} ${some.map((n) => `m${n}`).join(" ")}`];
      case 16:
        return [`ZREMRANGEBYRANK ${key} 0 ${random.below(60)}`];
      case 17:
        this.server.pass(random.below(400));
        return [];
      case 18:
        return [`HSET big:h ${some.map((n) => `f${n} ${random.below(10)}`).join(" ")}`];
      case 19:
        return [`ZADD big:z ${some.map((n) => `${random.below(50)} m${n}`).join(" ")}`];
      case 20:
        return some.map((n) => `HINCRBY big:h f${n} 1`);
      case 21:
        return [
          `HPEXPIRE big:h ${1000 + random.below(9000)} FIELDS ${some.length} ${some.map((n) => `f${n}`).join(" ")}`,
        ];
      case 22:
        return some.map((n) => `LSET big:l ${n} ${n + 1}`);
      case 23:
        return [...some.map((n) => `XADD big:x * f ${n}`), `XTRIM big:x MAXLEN ~ 200`];
      case 24:
        return [`DEL ${all.map((n) => `filler:${n}`).join(" ")}`];
      default:
        return [requests[random.below(requests.length)]];
    }
  }

  private rare(key: string): string {
    const { random } = this;
    const other = this.key();
    const choices = [
      "FLUSHALL",
      "FLUSHDB",
      `SWAPDB ${random.below(3)} ${random.below(3)}`,
      `RENAME ${key} ${other}`,
      `MOVE ${key} ${random.below(3)}`,
      `COPY ${key} ${other} REPLACE`,
      `COPY ${key} ${other} DB ${random.below(3)} REPLACE`,
      `DEL ${key}`,
      `XGROUP CREATE ${key} g 0 MKSTREAM`,
      `XREADGROUP GROUP g c COUNT 10 STREAMS ${key} >`,
      `XACK ${key} g 1-1`,
      `DEBUG SLEEP 0`,
    ];
    return choices[random.below(choices.length)];
  }

  /** Frees what is to be freed: some of it, or all. */
  reclaim(all = false): void {
    let left = 1 + this.random.below(50);
    this.server.keyspace.reclaimer.run(all ? UNBOUNDED : { us: 0, isSpent: () => left-- <= 0 });
  }

  start(sink: ChunkSink): Snapshot {
    const { keyspace } = this.server;
    const writer = new SnapshotWriter(keyspace, {
      nowMs: keyspace.nowMs,
      usedBytes: keyspace.arena.usedBytes,
      isAofBase: false,
      version: 11,
      compression: "later",
      access: "none",
      functions: [],
    });
    writer.bigBytes = 500;
    writer.bigStringBytes = 5000;
    const snapshot = new Snapshot(keyspace, writer, sink);
    snapshot.guard();
    return snapshot;
  }
}

type Ask = (line: string) => string;

/** Everything a server holds, and when it ends. */
export function contents(server: LocalServer): Map<string, string> {
  const client = server.connect();
  const found = contentsBy(server, (line) => client.say(line));
  client.close("now");
  return found;
}

/** The same of any server, which `ask` asks. */
export function contentsBy(server: Pick<ServerContext, "keyspace" | "payloads">, ask: Ask): Map<string, string> {
  const { keyspace, payloads } = server;
  const { entries, dict, hashes } = keyspace;
  const found = new Map<string, string>();
  for (const db of keyspace.databases) {
    dict.forEach(db.table, (e) => {
      if (db.isPast(e)) return;
      const type = entries.type(e);
      const name = latin1(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
      const parts = [String(type), String(entries.deadline(e))];
      if (type === STRING || type === LIST) {
        const { buf, start, len } = payloads.dump(e);
        parts.push(Buffer.from(buf.buffer, buf.byteOffset + start, len).toString("hex"));
      } else {
        parts.push(valueDigest(keyspace, e));
      }
      if (type === HASH) {
        const ends: string[] = [];
        hashes.forEach(e, ({ buf, start, len }, _value, deadlineMs) =>
          ends.push(`${latin1(buf, start, len)}:${deadlineMs}`),
        );
        parts.push(ends.sort().join(","));
      }
      if (type === STREAM) parts.push(streamOf(ask, db.id, name));
      found.set(`${db.id}:${name}`, parts.join(" "));
    });
  }
  return found;
}

/** All of a stream but how its leaves are divided. */
function streamOf(ask: Ask, db: number, name: string): string {
  ask(`SELECT ${db}`);
  const info = ask(show(["XINFO", "STREAM", name, "FULL", "COUNT", "0"]));
  return info.replace(/radix-tree-keys\r\n:\d+/, "").replace(/radix-tree-nodes\r\n:\d+/, "");
}

export function load(bytes: Uint8Array, atMs: number): LocalServer {
  const path = join(scratch(), "dump.rdb");
  writeFileSync(path, bytes);
  const server = new LocalServer();
  limitLeaves(server);
  server.clock.advance(atMs - server.clock.unixMs());
  server.keyspace.setNow(atMs);
  const fd = openSync(path, "r");
  const loader = new RdbLoader(server, fd, statSync(path).size);
  while (!loader.step(Number.POSITIVE_INFINITY));
  closeSync(fd);
  server.keyspace.setNow(atMs);
  return server;
}

/** What differs, cut short. */
export function differences(found: Map<string, string>, wanted: Map<string, string>): string[] {
  return [...new Set([...found.keys(), ...wanted.keys()])]
    .filter((key) => found.get(key) !== wanted.get(key))
    .map((key) => `${key}: ${found.get(key)?.slice(0, 200)} instead of ${wanted.get(key)?.slice(0, 200)}`);
}

/** Empties a server and looks whether anything is left in memory. */
export function expectNothingLeft(busy: Busy): void {
  busy.say("FLUSHALL");
  busy.reclaim(true);
  expect(busy.server.keyspace.arena.usedBytes).toBe(busy.emptyBytes);
}
