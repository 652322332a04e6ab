import type { Command } from "../command/command.ts";
import * as bitFields from "./bit-fields.ts";
import * as bitmaps from "./bitmaps.ts";
import * as boundedCounters from "./bounded-counters.ts";
import * as client from "./client.ts";
import * as commandCommand from "./command.ts";
import * as config from "./config.ts";
import * as connection from "./connection.ts";
import * as counters from "./counters.ts";
import * as databases from "./databases.ts";
import * as debug from "./debug.ts";
import * as digests from "./digests.ts";
import * as dump from "./dump.ts";
import * as expire from "./expire.ts";
import * as functions from "./functions.ts";
import * as geo from "./geo.ts";
import * as geoSearch from "./geo-search.ts";
import * as hashCounters from "./hash-counters.ts";
import * as hashExpire from "./hash-expire.ts";
import * as hashRandom from "./hash-random.ts";
import * as hashScan from "./hash-scan.ts";
import * as hashValues from "./hash-values.ts";
import * as hashes from "./hashes.ts";
import * as hotkeys from "./hotkeys.ts";
import * as hyperloglog from "./hyperloglog.ts";
import * as info from "./info.ts";
import * as keys from "./keys.ts";
import * as latency from "./latency.ts";
import * as lcs from "./lcs.ts";
import * as listMoves from "./list-moves.ts";
import * as listPops from "./list-pops.ts";
import * as listRanges from "./list-ranges.ts";
import * as lists from "./lists.ts";
import * as memory from "./memory.ts";
import * as migrate from "./migrate.ts";
import * as monitor from "./monitor.ts";
import * as multiStrings from "./multi-strings.ts";
import * as object from "./object.ts";
import * as pubsub from "./pubsub.ts";
import * as restore from "./restore.ts";
import * as scan from "./scan.ts";
import * as script from "./script.ts";
import * as scripting from "./scripting.ts";
import * as server from "./server.ts";
import * as setOperations from "./set-operations.ts";
import * as setRandom from "./set-random.ts";
import * as setScan from "./set-scan.ts";
import * as sets from "./sets.ts";
import * as slowlog from "./slowlog.ts";
import * as snapshots from "./snapshots.ts";
import * as sort from "./sort.ts";
import * as streamClaims from "./stream-claims.ts";
import * as streamDeletion from "./stream-deletion.ts";
import * as streamGroups from "./stream-groups.ts";
import * as streamInfo from "./stream-info.ts";
import * as streamPending from "./stream-pending.ts";
import * as streamReads from "./stream-reads.ts";
import * as streamSettings from "./stream-settings.ts";
import * as streams from "./streams.ts";
import * as stringRanges from "./string-ranges.ts";
import * as strings from "./strings.ts";
import * as transactions from "./transactions.ts";
import * as wait from "./wait.ts";
import * as zsetOperations from "./zset-operations.ts";
import * as zsetPops from "./zset-pops.ts";
import * as zsetRandom from "./zset-random.ts";
import * as zsetRanges from "./zset-ranges.ts";
import * as zsetRemoval from "./zset-removal.ts";
import * as zsetScan from "./zset-scan.ts";
import * as zsets from "./zsets.ts";

/** Every command of the server: each export of a family file is one. */
export const COMMANDS: readonly Command[] = [
  client,
  connection,
  databases,
  expire,
  functions,
  keys,
  object,
  dump,
  pubsub,
  migrate,
  restore,
  scan,
  strings,
  stringRanges,
  multiStrings,
  lcs,
  digests,
  counters,
  boundedCounters,
  bitmaps,
  bitFields,
  hashes,
  hashCounters,
  hashRandom,
  hashScan,
  hashExpire,
  hashValues,
  hyperloglog,
  lists,
  listRanges,
  listMoves,
  listPops,
  geo,
  geoSearch,
  sets,
  setOperations,
  setRandom,
  setScan,
  sort,
  streams,
  streamReads,
  streamGroups,
  streamPending,
  streamClaims,
  streamDeletion,
  streamSettings,
  streamInfo,
  zsets,
  zsetOperations,
  zsetPops,
  zsetRandom,
  zsetRanges,
  zsetRemoval,
  zsetScan,
  info,
  config,
  commandCommand,
  memory,
  script,
  scripting,
  server,
  snapshots,
  debug,
  slowlog,
  hotkeys,
  latency,
  monitor,
  transactions,
  wait,
].flatMap((family) => Object.values(family));
