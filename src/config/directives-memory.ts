import { directive, inert } from "./directive.ts";
import { INT_MAX, integer, LONG_MAX, memory, oneOf, yesNo } from "./kinds.ts";
import { memoryLimit } from "./kinds-special.ts";

const limit = {
  maxmemory: directive(
    memoryLimit,
    { bytes: 0, percent: undefined },
    "Memory for data; 0 is no limit. In percent: of what the container may use, or else of the machine's. Not set, it is 75% of what the " +
      "container may use, if that is limited.",
  ),
  "maxmemory-policy": directive(
    oneOf([
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "volatile-lrm",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "allkeys-lrm",
      "noeviction",
    ]),
    "noeviction",
    "Which keys make room at the limit; with noeviction requests that need more are refused.",
  ),
  "maxmemory-samples": directive(
    integer(1, INT_MAX),
    5,
    "Keys that are looked at, at least, for each one that is evicted.",
  ),
  "maxmemory-eviction-tenacity": directive(
    integer(0, 100),
    10,
    "How long requests wait for keys to be evicted: 0 shortest, 100 until there is room.",
  ),
  "lfu-log-factor": directive(integer(0, INT_MAX), 10, "How slowly the counter of uses grows."),
  "lfu-decay-time": directive(integer(0, INT_MAX), 1, "Minutes after which the counter of uses shrinks."),
  "active-expire-effort": directive(
    integer(1, 10),
    1,
    "Effort of looking for expired keys; here they are removed at their time.",
    inert,
  ),
};

/** What clients may read in CONFIG GET is true: everything that was large is freed bit by bit, after the reply. */
const freedLater = (what: string) =>
  directive(yesNo, true, `Free ${what} after the reply, bit by bit; here that is always so, whatever is set.`, inert);

const freeing = {
  "lazyfree-lazy-eviction": freedLater("evicted keys"),
  "lazyfree-lazy-expire": freedLater("expired keys"),
  "lazyfree-lazy-server-del": freedLater("overwritten values"),
  "lazyfree-lazy-user-del": freedLater("what DEL deletes"),
  "lazyfree-lazy-user-flush": freedLater("what FLUSHALL and FLUSHDB delete"),
  activerehashing: directive(yesNo, true, "Resize tables in idle time; here tables resize between requests.", inert),
};

/** Small collections are kept packed until they are larger than this. */
const packing = {
  "hash-max-listpack-entries": directive(integer(0, LONG_MAX), 512, "Fields of a hash that is kept packed.", {
    aliases: ["hash-max-ziplist-entries"],
  }),
  "hash-max-listpack-value": directive(
    memory(0, LONG_MAX),
    64,
    "Length of the longest field or value in a packed hash.",
    {
      aliases: ["hash-max-ziplist-value"],
    },
  ),
  "set-max-intset-entries": directive(
    integer(0, LONG_MAX),
    512,
    "Members of a set of whole numbers that is kept packed.",
  ),
  "set-max-listpack-entries": directive(integer(0, LONG_MAX), 128, "Members of a set that is kept packed."),
  "set-max-listpack-value": directive(memory(0, LONG_MAX), 64, "Length of the longest member of a packed set."),
  "zset-max-listpack-entries": directive(integer(0, LONG_MAX), 128, "Members of a sorted set that is kept packed.", {
    aliases: ["zset-max-ziplist-entries"],
  }),
  "zset-max-listpack-value": directive(
    memory(0, LONG_MAX),
    64,
    "Length of the longest member of a packed sorted set.",
    {
      aliases: ["zset-max-ziplist-value"],
    },
  ),
  "list-max-listpack-size": directive(
    integer(-INT_MAX - 1, INT_MAX),
    -2,
    "Size of a block of a list: elements, or -1 to -5 for 1 to 16 KB, a quarter of what Redis takes.",
    { aliases: ["list-max-ziplist-size"] },
  ),
  "list-compress-depth": directive(
    integer(0, INT_MAX),
    0,
    "Blocks at both ends of a list that are not compressed.",
    inert,
  ),
  "stream-node-max-bytes": directive(memory(0, LONG_MAX), 4096, "Size of a block of a stream."),
  "stream-node-max-entries": directive(integer(0, LONG_MAX), 100, "Entries of a block of a stream."),
  "stream-idmp-duration": directive(
    integer(1, 86_400),
    100,
    "Seconds for which a stream remembers messages that XADD was given names for, unless XCFGSET says otherwise.",
  ),
  "stream-idmp-maxsize": directive(
    integer(1, 10_000),
    100,
    "Such messages of each producer that a stream remembers, unless XCFGSET says otherwise.",
  ),
  "hll-sparse-max-bytes": directive(memory(0, LONG_MAX), 3000, "Size of a HyperLogLog that is kept sparse."),
};

/** On, unlike Redis's, and from a smaller waste on: it costs nothing while there is nothing to gain. */
const defragmentation = {
  activedefrag: directive(
    yesNo,
    true,
    "Move data together when little is left of much, so that its memory can be given back; not during a snapshot.",
  ),
  "active-defrag-cycle-min": directive(integer(1, 99), 1, "Least share of a processor for it, in percent."),
  "active-defrag-cycle-max": directive(integer(1, 99), 25, "Greatest share of a processor for it, in percent."),
  "active-defrag-ignore-bytes": directive(memory(1, LONG_MAX), 8 * 1024 ** 2, "Waste that is not worth it."),
  "active-defrag-max-scan-fields": directive(
    integer(1, LONG_MAX),
    1000,
    "Elements of a collection handled at once; here always few.",
    inert,
  ),
  "active-defrag-threshold-lower": directive(integer(0, 1000), 10, "Waste in percent at which it starts."),
  "active-defrag-threshold-upper": directive(integer(0, 1000), 100, "Waste in percent at which it does its utmost."),
};

export const memoryDirectives = { ...limit, ...freeing, ...packing, ...defragmentation };
