import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { memoryReport } from "../info/doctor.ts";
import { humanBytes, percent } from "../info/format.ts";
import { type MemoryFigures, memoryFigures } from "../info/memory.ts";
import { BACKGROUND_US_MAX } from "../limits.ts";
import { NULL, type Ptr, SLAB_BYTES } from "../memory/arena.ts";
import { blockBytes } from "../memory/size-classes.ts";
import { Slice } from "../observe/job.ts";
import { REFERENCE } from "../structures/entry.ts";

const DEFAULT_SAMPLES = 5;

const usage = command({
  name: "usage",
  arity: -3,
  flags: ["readonly"],
  keys: [keysAt(2, "RO")],
  group: "server",
  since: "4.0.0",
  summary: "Tells how many bytes a key takes with its value.",
  complexity: "O(N) where N is the number of samples",
  syntax: "key:key [count:integer=SAMPLES]",
  run(c) {
    const samples = readSamples(c);
    if (c.failed) return;
    const e = c.peek(2);
    if (e === NULL) c.reply.nil();
    else c.reply.integer(keyBytes(c, e, samples));
  },
});

function readSamples(c: Call): number {
  let samples = DEFAULT_SAMPLES;
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    if (!c.args.is(i, "SAMPLES") || i + 1 === c.argc) c.fail(ERRORS.syntax);
    else samples = c.integer(i + 1);
    if (samples < 0) c.fail(ERRORS.syntax);
  }
  return samples;
}

/** The key's blocks, and its share of the table. Of a collection that many elements are measured; 0: all. */
function keyBytes({ keyspace, entries, db }: Call, e: Ptr, samples: number): number {
  const share = Math.ceil(keyspace.dict.tableBytes(db.table) / db.size);
  const own = blockBytes(entries.bytesOf(e)) + share;
  const collection = keyspace.collections[entries.type(e)];
  if (collection !== undefined) return own + collection.memoryBytes(e, samples);
  return entries.head(e) & (REFERENCE << 8) ? own + blockBytes(entries.valueLength(e)) : own;
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
      c.reply.map(1);
      writeIntegers(c, { "overhead.hashtable.main": dict.tableBytes(db.table) });
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

function ratios({ dataset, used, startup, peak, rss }: MemoryFigures): Figures {
  return {
    "dataset.percentage": percent(dataset, used - startup),
    "peak.percentage": percent(used, peak),
    fragmentation: rss / used,
  };
}

function behindRatios({ keyspace: { arena } }: Call, { used, rss }: MemoryFigures): Figures {
  return {
    "fragmentation.bytes": rss - used,
    "allocator.allocated": arena.usedBytes,
    "arena.mapped": arena.mappedBytes,
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
    Bun.gc(false);
    c.reply.ok();
  },
});

const subcommands = [doctor, mallocStats, purge, stats, usage];
const help = helpCommand("MEMORY", { group: "server", since: "4.0.0" }, subcommands, {
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
