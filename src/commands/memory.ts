import { fullGC } from "bun:jsc";
import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { readCursor } from "../command/scan-page.ts";
import { memoryReport } from "../info/doctor.ts";
import { humanBytes, percent } from "../info/format.ts";
import { type MemoryFigures, memoryFigures } from "../info/memory.ts";
import type { BigKey, Measure } from "../keyspace/big-keys.ts";
import { EMPTY, type OwnedBytes, own } from "../lib/bytes.ts";
import { compareBytes } from "../lib/compare-bytes.ts";
import { BACKGROUND_US_MAX } from "../limits.ts";
import { NULL, type Ptr, SLAB_BYTES } from "../memory/arena.ts";
import { Slice } from "../observe/job.ts";
import { TYPE_NAMES } from "../types/kinds.ts";

/** Keys that a page of MEMORY PREFIX looks at, and at most. */
const PAGE_KEYS = 100;
const PAGE_KEYS_MAX = 10_000;
/** Keys that MEMORY TOP gives, and at most. */
const TOP_KEYS = 10;
const TOP_KEYS_MAX = 64;

const usage = command({
  name: "usage",
  arity: -3,
  flags: ["readonly"],
  keys: [keysAt(2, "RO")],
  group: "server",
  since: "4.0.0",
  summary: "Tells how many bytes a key takes with its value.",
  complexity: "O(1)",
  syntax: "key:key [count:integer=SAMPLES]",
  run(c) {
    checkSamples(c);
    if (c.failed) return;
    const e = c.peek(2);
    if (e === NULL) c.reply.nil();
    else c.reply.integer(keyBytes(c, e));
  },
});

/** How many elements are to be measured makes no difference: what all of them take is known. */
function checkSamples(c: Call): void {
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    if (!c.args.is(i, "SAMPLES") || i + 1 === c.argc) c.fail(ERRORS.syntax);
    else if (c.integer(i + 1) < 0) c.fail(ERRORS.syntax);
  }
}

/** The key's blocks, and its share of the table. */
function keyBytes({ keyspace, db }: Call, e: Ptr): number {
  return keyspace.bytesOf(e) + Math.ceil(keyspace.dict.tableBytes(db.table) / db.size);
}

/** Of one type: keys, their bytes, and the one with the most. */
interface Share {
  keys: number;
  bytes: number;
  largest: OwnedBytes;
  largestBytes: number;
}

const prefix = command({
  name: "prefix",
  arity: -4,
  flags: ["readonly"],
  group: "server",
  since: "8.6.0",
  summary:
    "Tells page by page, as SCAN does, how many bytes the keys take whose names begin with a prefix: by type, with the largest.",
  complexity: "O(1) for every page, O(N) for all N keys",
  tips: ["nondeterministic_output", "request_policy:special", "response_policy:special"],
  syntax: "prefix cursor:integer [count:integer=COUNT]",
  run(c) {
    const start = readCursor(c, 3);
    if (c.argc > 4 && (c.argc !== 6 || !c.args.is(4, "COUNT"))) c.fail(ERRORS.syntax);
    const count = c.argc === 6 && !c.failed ? c.integerBetween(5, 1, PAGE_KEYS_MAX) : PAGE_KEYS;
    if (c.failed) return;
    const shares = new Map<number, Share>();
    let met = 0;
    const visit = (e: Ptr): void => {
      met++;
      if (hasPrefix(c, e) && !c.db.isPast(e)) addShare(c, e, shares);
    };
    let cursor = start;
    do cursor = c.keyspace.dict.scan(c.db.table, cursor, visit);
    while (cursor !== 0 && met < count);
    writeShares(c, cursor, shares);
  },
});

function hasPrefix({ args, entries }: Call, e: Ptr): boolean {
  const wanted = args.len[2];
  if (entries.nameLength(e) < wanted) return false;
  const name = entries.segment(e);
  return compareBytes(name, entries.nameStart(e), wanted, args.buf, args.start[2], wanted) === 0;
}

function addShare(c: Call, e: Ptr, shares: Map<number, Share>): void {
  const { entries, span } = c;
  const type = entries.type(e);
  let share = shares.get(type);
  if (share === undefined) shares.set(type, (share = { keys: 0, bytes: 0, largest: own(EMPTY), largestBytes: 0 }));
  const bytes = keyBytes(c, e);
  share.keys++;
  share.bytes += bytes;
  if (bytes <= share.largestBytes) return;
  entries.name(e, span);
  share.largest = own(span.buf, span.start, span.len);
  share.largestBytes = bytes;
}

/** The next cursor, and of each type: its name, keys, bytes, the name of the largest key, its bytes. */
function writeShares({ reply }: Call, cursor: number, shares: ReadonlyMap<number, Share>): void {
  reply.array(2);
  reply.bulkText(String(cursor));
  reply.array(shares.size);
  for (const [type, { keys, bytes, largest, largestBytes }] of shares) {
    reply.array(5);
    reply.bulkText(TYPE_NAMES[type]);
    reply.integer(keys);
    reply.integer(bytes);
    reply.bulk(largest, 0, largest.length);
    reply.integer(largestBytes);
  }
}

const top = command({
  name: "top",
  arity: -2,
  flags: ["readonly"],
  group: "server",
  since: "8.6.0",
  summary:
    "Gives the keys that take the most bytes, or have the most elements, of 64 KB or more: name, type, bytes, elements and database of each.",
  complexity: "O(N log N) where N is the number of such keys, at most some two thousand",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  syntax: "[k:integer=COUNT] [type=TYPE] [measure(bytes=BYTES | elements=ELEMENTS)=BY]",
  run(c) {
    const { count, by, type } = readTop(c);
    if (c.failed) return;
    const keys = c.keyspace.bigKeys.top(count, by, type);
    c.reply.array(keys.length);
    for (const key of keys) writeBigKey(c, key);
  },
});

function readTop(c: Call): { count: number; by: Measure; type: number | undefined } {
  const wishes = { count: TOP_KEYS, by: "bytes" as Measure, type: undefined as number | undefined };
  for (let i = 2; i < c.argc && !c.failed; i += 2) {
    if (i + 1 === c.argc) c.fail(ERRORS.syntax);
    else if (c.args.is(i, "COUNT")) wishes.count = c.integerBetween(i + 1, 1, TOP_KEYS_MAX);
    else if (c.args.is(i, "TYPE")) wishes.type = typeAt(c, i + 1);
    else if (c.args.is(i, "BY") && c.args.is(i + 1, "BYTES")) wishes.by = "bytes";
    else if (c.args.is(i, "BY") && c.args.is(i + 1, "ELEMENTS")) wishes.by = "elements";
    else c.fail(ERRORS.syntax);
  }
  return wishes;
}

function typeAt(c: Call, i: number): number {
  const type = (TYPE_NAMES as readonly string[]).indexOf(c.args.text(i).toLowerCase());
  if (type < 0) c.failText(`ERR unknown type '${c.args.quoted(i)}'`);
  return type;
}

function writeBigKey({ reply }: Call, { name, type, bytes, elements, db }: BigKey): void {
  reply.array(5);
  reply.bulkText(name);
  reply.bulkText(TYPE_NAMES[type]);
  reply.integer(bytes);
  reply.integer(elements);
  reply.integer(db.id);
}

const observing = {
  arity: 2,
  group: "server",
  since: "4.0.0",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
} as const;

const stats = command({
  ...observing,
  name: "stats",
  summary: "Tells what memory is used for.",
  complexity: "O(N) where N is the number of connections and databases",
  run(c) {
    const figures = memoryFigures(c.server);
    const { databases, dict } = c.keyspace;
    const mark = c.reply.beginDeferred();
    let pairs = writeIntegers(c, beforeDatabases(figures));
    for (const db of databases.filter(({ size }) => size > 0)) {
      c.reply.bulkText(`db.${db.id}`);
      c.reply.map(2);
      writeIntegers(c, {
        "overhead.hashtable.main": dict.tableBytes(db.table),
        "overhead.hashtable.expires": db.wheel?.bytes ?? 0,
      });
      pairs++;
    }
    pairs += writeIntegers(c, afterDatabases(figures));
    pairs += writeDoubles(c, ratios(figures));
    pairs += writeIntegers(c, behindRatios(c, figures));
    c.reply.endDeferredMap(mark, pairs);
  },
});

type Figures = Record<string, number>;

function beforeDatabases(figures: MemoryFigures): Figures {
  return {
    "peak.allocated": figures.peak,
    "total.allocated": figures.used,
    "startup.allocated": figures.startup,
    "replication.backlog": 0,
    "clients.slaves": 0,
    "clients.normal": figures.clients,
    "cluster.links": 0,
    "aof.buffer": figures.journal,
    "lua.caches": figures.scripts,
    "functions.caches": figures.libraries,
  };
}

function afterDatabases({ overhead, keys, used, startup, dataset }: MemoryFigures): Figures {
  return {
    "overhead.total": overhead,
    "keys.count": keys,
    "keys.bytes-per-key": keys === 0 ? 0 : Math.floor((used - startup) / keys),
    "dataset.bytes": dataset,
  };
}

function ratios({ dataset, used, startup, peak, rss, allocated, active, resident }: MemoryFigures): Figures {
  return {
    "dataset.percentage": percent(dataset, used - startup),
    "peak.percentage": percent(used, peak),
    "allocator-fragmentation.ratio": active / Math.max(1, allocated),
    "allocator-rss.ratio": resident / Math.max(1, active),
    "rss-overhead.ratio": rss / Math.max(1, resident),
    fragmentation: rss / used,
  };
}

function behindRatios({ keyspace }: Call, { used, rss, allocated, active, resident }: MemoryFigures): Figures {
  return {
    "allocator.allocated": allocated,
    "allocator.active": active,
    "allocator.resident": resident,
    "allocator-fragmentation.bytes": active - allocated,
    "allocator-rss.bytes": resident - active,
    "rss-overhead.bytes": rss - resident,
    "fragmentation.bytes": rss - used,
    "arena.mapped": keyspace.arena.mappedBytes,
  };
}

/** Returns the number of pairs written. */
function writeIntegers({ reply }: Call, figures: Figures): number {
  const pairs = Object.entries(figures);
  for (const [name, value] of pairs) {
    reply.bulkText(name);
    reply.integer(value);
  }
  return pairs.length;
}

function writeDoubles({ reply }: Call, figures: Figures): number {
  const pairs = Object.entries(figures);
  for (const [name, value] of pairs) {
    reply.bulkText(name);
    reply.double(value);
  }
  return pairs.length;
}

const doctor = command({
  ...observing,
  name: "doctor",
  summary: "Tells what is remarkable about the use of memory.",
  complexity: "O(N) where N is the number of connections and databases",
  run(c) {
    c.reply.verbatim("txt", memoryReport(c.server));
  },
});

const mallocStats = command({
  ...observing,
  name: "malloc-stats",
  summary: "Tells about the segments and the sizes of blocks that data is kept in.",
  complexity: "O(N) where N is the size of the memory in units of 64 KB",
  run(c) {
    const { arena } = c.keyspace;
    const segments = arena.u8.flatMap((bytes, i) =>
      bytes.length > 0 ? [`segment ${i}: ${humanBytes(bytes.length)}`] : [],
    );
    const total = `in use: ${humanBytes(arena.usedBytes)} of ${humanBytes(arena.mappedBytes)}`;
    const classes: string[] = [];
    arena.forEachClass((bytes, slabs, blocks) => {
      const filled = percent(blocks * bytes, slabs * SLAB_BYTES).toFixed(0);
      classes.push(`blocks of ${bytes}: ${blocks} in ${slabs} slabs, ${filled}% filled`);
    });
    c.reply.verbatim("txt", `${[total, ...segments, ...classes].join("\n")}\n`);
  },
});

const purge = command({
  name: "purge",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Gives memory that nothing is in back to the system, and has the garbage of the JavaScript heap collected.",
  complexity: "O(N) where N is the size of the memory given back and of the JavaScript heap",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run(c) {
    const slice = new Slice(c.server.clock);
    slice.start(BACKGROUND_US_MAX);
    c.keyspace.defragmentation.purge(slice);
    // Bun.gc(false) looks for young garbage only.
    fullGC();
    c.reply.ok();
  },
});

const subcommands = [doctor, mallocStats, prefix, purge, stats, top, usage];
const help = helpCommand("MEMORY", { group: "server", since: "4.0.0" }, subcommands, {
  prefix: "<prefix> <cursor> [COUNT <count>]",
  top: "[COUNT <k>] [TYPE <type>] [BY <BYTES|ELEMENTS>]",
  usage: "<key> [SAMPLES <count>]",
});

export const memory = command({
  name: "memory",
  arity: -2,
  group: "server",
  since: "4.0.0",
  summary: "Tells about the use of memory.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
