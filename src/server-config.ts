import { readFileSync } from "node:fs";
import { followPassword } from "./command/authentication.ts";
import type { ServerContext } from "./command/context.ts";
import { bytesInUse } from "./command/memory-limit.ts";
import type { Config, DirectiveName } from "./config/directives.ts";
import { policyOf } from "./keyspace/eviction.ts";
import { osErrorText } from "./lib/os-errors.ts";
import { RESERVED_DESCRIPTORS } from "./limits.ts";
import { OomScore } from "./memory/oom-score.ts";
import { EVENTS, eventClasses } from "./pubsub/key-events.ts";
import type { Parser } from "./resp/parser.ts";

/** maxmemory in a container, if nobody sets it. */
const CONTAINER_SHARE = "75%";

/** When Redis saves, if nobody says so. */
const REDIS_SAVE_POINTS = "3600 1 300 100 60 10000";

/** A server whose configuration takes effect here. */
interface Configurable extends ServerContext {
  readonly parser: Parser;
  /** Listens on the addresses and port that the configuration has now. Returns why that failed; then all is as before. */
  rebind(): string | undefined;
}

/**
 * Makes the values of directives take effect, now and whenever they change: this is where values are copied to for the code that needs
 * them for every request. Directives that are not named here are read where they are used, or followed by whom they concern
 * (persistence/aof/aof.ts).
 */
export function applyConfig(server: Configurable): void {
  limitToContainer(server);
  saveWithoutFile(server);
  followLimit(server);
  followEncodings(server);
  followDefragmentation(server);
  followObservation(server);
  followOomScore(server);
  followNetwork(server);
  followPassword(server.config, server.clients);
  server.config.onChange("dir", changeDirectory);
}

/** Calls `apply` with the value now and after every change. */
function follow<K extends DirectiveName>(server: Configurable, name: K, apply: (value: Config[K]) => void): void {
  apply(server.config.values[name]);
  server.config.onChange(name, (value) => {
    apply(value);
    return undefined;
  });
}

/** What is done at the limit of memory. */
function followLimit(server: Configurable): void {
  const { access, eviction } = server.keyspace;
  const { memoryLimit } = server;
  follow(server, "maxmemory-policy", (policy) => {
    access.lfu = policy.endsWith("-lfu");
    access.countsReads = !policy.endsWith("-lrm");
    eviction.setPolicy(policyOf(policy));
    memoryLimit.apply();
  });
  follow(server, "maxmemory", ({ bytes }) => {
    memoryLimit.bytes = bytes;
  });
  server.config.onChange("maxmemory", ({ bytes }) => warnOfSmallLimit(server, bytes));
  follow(server, "maxmemory-samples", (keys) => {
    eviction.samples = keys;
  });
  follow(server, "maxmemory-eviction-tenacity", (percent) => {
    memoryLimit.tenacity = percent;
    memoryLimit.apply();
  });
  follow(server, "lfu-log-factor", (factor) => {
    access.lfuLogFactor = factor;
  });
  follow(server, "lfu-decay-time", (minutes) => {
    access.lfuDecayMinutes = minutes;
  });
}

/** How values are kept. */
function followEncodings(server: Configurable): void {
  const { hashes, lists, sets, streams, zsets } = server.keyspace;
  follow(server, "hash-max-listpack-entries", (entries) => {
    hashes.hashMaxListpackEntries = entries;
  });
  follow(server, "hash-max-listpack-value", (bytes) => {
    hashes.hashMaxListpackValue = bytes;
  });
  follow(server, "list-max-listpack-size", (size) => lists.limitLeaves(size));
  follow(server, "set-max-intset-entries", (entries) => {
    sets.setMaxIntsetEntries = entries;
  });
  follow(server, "set-max-listpack-entries", (entries) => {
    sets.setMaxListpackEntries = entries;
  });
  follow(server, "set-max-listpack-value", (bytes) => {
    sets.setMaxListpackValue = bytes;
  });
  follow(server, "zset-max-listpack-entries", (entries) => {
    zsets.zsetMaxListpackEntries = entries;
  });
  follow(server, "zset-max-listpack-value", (bytes) => {
    zsets.zsetMaxListpackValue = bytes;
  });
  follow(server, "stream-node-max-bytes", (bytes) => {
    streams.entries.maxBytes = Number(bytes);
  });
  follow(server, "stream-node-max-entries", (entries) => {
    streams.entries.maxEntries = Number(entries);
  });
  follow(server, "stream-idmp-duration", (seconds) => {
    streams.producers.defaultDuration = seconds;
  });
  follow(server, "stream-idmp-maxsize", (count) => {
    streams.producers.defaultMaxSize = count;
  });
}

/** In a container whose memory is limited the server leaves some of it to what is not data, unless it is told what to take. */
function limitToContainer({ config, log }: Configurable): void {
  const available = config.containerMemoryBytes;
  if (available === undefined || config.isGiven("maxmemory")) return;
  config.set([["maxmemory", CONTAINER_SHARE]]);
  const { bytes } = config.values.maxmemory;
  log.notice(`maxmemory is ${bytes} bytes: ${CONTAINER_SHARE} of the ${available} that this container may use`);
}

/** Who switches the append-only file off and says nothing of snapshots, as Redis's own redis.conf does, counts on Redis's. */
function saveWithoutFile({ config, log }: Configurable): void {
  if (!config.isGiven("appendonly") || config.values.appendonly || config.isGiven("save")) return;
  config.set([["save", REDIS_SAVE_POINTS]]);
  log.notice(`save is "${REDIS_SAVE_POINTS}", as in Redis, because the append only file is off`);
}

function warnOfSmallLimit(server: Configurable, bytes: number): undefined {
  const used = bytesInUse(server);
  if (bytes === 0 || bytes >= used) return;
  server.log.warning(
    `WARNING: the new maxmemory value set via CONFIG SET (${bytes}) is smaller than the current memory usage (${used}). This will ` +
      "result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.",
  );
}

function followDefragmentation(server: Configurable): void {
  const { defragmentation } = server.keyspace;
  follow(server, "activedefrag", (on) => {
    defragmentation.activedefrag = on;
  });
  follow(server, "active-defrag-ignore-bytes", (bytes) => {
    defragmentation.ignoreBytes = bytes;
  });
  follow(server, "active-defrag-threshold-lower", (percent) => {
    defragmentation.thresholdLower = percent;
  });
  follow(server, "active-defrag-threshold-upper", (percent) => {
    defragmentation.thresholdUpper = percent;
  });
  follow(server, "active-defrag-cycle-min", (percent) => {
    defragmentation.cycleMin = percent;
  });
  follow(server, "active-defrag-cycle-max", (percent) => {
    defragmentation.cycleMax = percent;
  });
}

function followObservation(server: Configurable): void {
  follow(server, "loglevel", (level) => {
    server.log.level = level;
  });
  follow(server, "notify-keyspace-events", (letters) => {
    const classes = eventClasses(letters) ?? 0;
    server.events.classes = classes;
    server.keyspace.announcesKeys = (classes & EVENTS.newKey) !== 0;
  });
  follow(server, "slowlog-log-slower-than", (us) => server.observation.setSlowerThan(us));
  follow(server, "slowlog-max-len", (entries) => {
    server.observation.slowlog.lengthMax = entries;
  });
  follow(server, "latency-monitor-threshold", (ms) => server.observation.setLatencyThreshold(ms));
  follow(server, "busy-reply-threshold", (ms) => {
    server.scripting.host.busyReplyThresholdMs = ms;
  });
  follow(server, "enable-js-functions", (who) => {
    server.scripting.libraries.enablesJavaScript = who !== "no";
  });
  server.scripting.host.deprecatedApi = server.config.values["lua-enable-deprecated-api"];
  follow(server, "latency-tracking", (on) => {
    server.observation.keepsLatency = on;
    for (const { stats } of server.table.all()) stats.latency = undefined;
  });
}

/** There are no replicas and no child processes, so that only the first of the values counts. */
function followOomScore({ config, log }: Configurable): void {
  const oom = new OomScore();
  const apply = (): string | undefined => {
    const failure = oom.set(config.values["oom-score-adj"], config.values["oom-score-adj-values"][0]);
    if (failure === undefined) return undefined;
    log.warning(`Unable to write oom_score_adj: ${failure}`);
    return "Failed to set current oom_score_adj. Check server logs.";
  };
  apply();
  config.onChange("oom-score-adj", apply);
  config.onChange("oom-score-adj-values", apply);
}

function followNetwork(server: Configurable): void {
  const { config } = server;
  follow(server, "proto-max-bulk-len", (bytes) => {
    server.parser.bulkBytesMax = bytes;
  });
  const limitClients = () => {
    server.clients.usedBytesMax = clientBytesMax(config.values);
    return undefined;
  };
  limitClients();
  config.onChange("maxmemory", limitClients);
  config.onChange("maxmemory-clients", limitClients);
  follow(server, "tracking-table-max-keys", (keys) => {
    server.tracking.keysMax = keys;
    server.tracking.limit();
  });
  config.onChange("port", () => server.rebind() && "Unable to listen on this port. Check server logs.");
  config.onChange("bind", () => server.rebind() && "Failed to bind to specified addresses.");
  lowerClientsMax(server);
  config.onChange("maxclients", (wanted) => {
    const possible = clientsPossible();
    if (wanted <= possible) return undefined;
    return `The operating system is not able to handle the specified number of clients, try with ${possible}`;
  });
}

function clientBytesMax({ maxmemory, "maxmemory-clients": share }: Config): number {
  const bytes = share.unit === "bytes" ? share.amount : Math.floor((maxmemory.bytes * share.amount) / 100);
  return bytes === 0 ? Number.POSITIVE_INFINITY : bytes;
}

/** At the start too many clients are no reason to refuse: as many as are possible will do. */
function lowerClientsMax({ config, log }: Configurable): void {
  const wanted = config.values.maxclients;
  const possible = clientsPossible();
  if (wanted <= possible) return;
  log.warning(
    `You requested maxclients of ${wanted} requiring at least ${wanted + RESERVED_DESCRIPTORS} max file descriptors.`,
  );
  log.warning(
    `Current maximum open files is ${possible + RESERVED_DESCRIPTORS}. maxclients has been reduced to ${possible} to compensate ` +
      "for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
  );
  config.set([["maxclients", String(possible)]]);
}

/** How many clients the process may have descriptors for. The runtime has raised the soft limit to the hard one. */
function clientsPossible(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Number(limit) - RESERVED_DESCRIPTORS);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function changeDirectory(path: string): string | undefined {
  try {
    process.chdir(path);
    return undefined;
  } catch (error) {
    return `Changing directory: ${osErrorText(error)}`;
  }
}
