/**
 * How well the servers choose what to evict: they play caches, each policy on traces of requests. Both get room for the same number of keys;
 * ours also gets as many bytes as redis-server needs for them, in which more keys fit.
 */
import { ask, askInfo, askNumber } from "../ask.ts";
import { type Bench, progress, serverOptions } from "../bench.ts";
import { CacheClient } from "../cache-client.ts";
import { count, fixed, type Section } from "../report.ts";
import { type Contender, Server } from "../servers.ts";
import { bestHitRatio, type Trace, type TraceSize, traces } from "../traces.ts";

const SIZE: TraceSize = { keys: 300_000, requests: 400_000 };
const SIZE_QUICK: TraceSize = { keys: 3_000, requests: 20_000 };
/** Share of the keys that the caches have room for. */
const ROOM = 0.1;
/** Requests before that fill the caches. */
const WARMUP = 0.4;
/** Times of use are kept in seconds: a cache must keep keys for several of them, or nobody can tell which were used last. */
const SECONDS_MIN = 20;
const ON_ALL = ["allkeys-lru", "allkeys-lfu", "allkeys-random"];
const ON_ONE = ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];
const SAME_KEYS = "as many keys";
const SAME_BYTES = "as many bytes";

/** A server and the room it is given. */
interface Player {
  readonly name: string;
  readonly contender: Contender;
  readonly room: typeof SAME_KEYS | typeof SAME_BYTES;
}

interface Played {
  readonly trace: string;
  readonly policy: string;
  readonly hitRatios: readonly number[];
  readonly keys: readonly number[];
  /** NaN where it was not asked for. */
  readonly best: number;
}

export async function hitRatio(bench: Bench): Promise<Section[]> {
  const size = bench.options.quick ? SIZE_QUICK : SIZE;
  const capacity = Math.floor(size.keys * ROOM);
  const all = players(bench);
  const played: Played[] = [];
  for (const trace of traces(size)) {
    const best = bestHitRatio(trace.keys, capacity, warmup(trace));
    const policies = trace.name === "Zipf 1.0" ? [...ON_ALL, ...ON_ONE] : ON_ALL;
    for (const policy of policies.filter((one) => bench.options.workload.test(`${trace.name} ${one}`))) {
      played.push(await playAll(bench, all, trace, policy, size, best));
    }
  }
  return [section(all, played, size, capacity)];
}

function players({ options: { contenders } }: Bench): Player[] {
  const same = contenders.map((contender) => ({ name: contender.name, contender, room: SAME_KEYS }) as const);
  if (contenders.length === 1) return same;
  return [...same, { name: contenders[0]!.name, contender: contenders[0]!, room: SAME_BYTES }];
}

function warmup({ keys }: Trace): number {
  return Math.floor(keys.length * WARMUP);
}

/** All servers at once: the requests of a second are the same for all. */
async function playAll(
  bench: Bench,
  all: readonly Player[],
  trace: Trace,
  policy: string,
  size: TraceSize,
  best: number,
): Promise<Played> {
  progress(`${trace.name}, ${policy}`);
  const servers: Server[] = [];
  const clients: CacheClient[] = [];
  try {
    for (const { contender } of all) {
      const server = await Server.start(contender, serverOptions(bench, "off"));
      servers.push(server);
      const client = new CacheClient(policy.startsWith("volatile") ? size.keys : 0);
      clients.push(client);
      await client.connect(server.port);
    }
    await makeRoom(all, servers, clients, policy, Math.floor(size.keys * ROOM));
    const perSecond = bench.options.quick ? Number.POSITIVE_INFINITY : trace.keys.length / SECONDS_MIN;
    const hitRatios = await Promise.all(clients.map((client) => client.play(trace.keys, warmup(trace), perSecond)));
    const keys = await Promise.all(servers.map(({ port }) => askNumber(port, "DBSIZE")));
    return { trace: trace.name, policy, hitRatios, keys, best: /-l[rf]u$/.test(policy) ? best : Number.NaN };
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  }
}

/** Fills each server, gives it as much as it then uses, or redis-server, beyond what it used before, and empties it. */
async function makeRoom(
  all: readonly Player[],
  servers: readonly Server[],
  clients: readonly CacheClient[],
  policy: string,
  capacity: number,
): Promise<void> {
  const empty = await Promise.all(servers.map(({ port }) => usedMemory(port)));
  const keys = Array.from({ length: capacity }, (_, i) => i);
  await Promise.all(clients.map((client) => client.fill(keys)));
  const used = await Promise.all(servers.map(({ port }) => usedMemory(port)));
  const grown = used.map((bytes, i) => bytes - empty[i]!);
  const limits = all.map(({ room }, i) => empty[i]! + (room === SAME_BYTES ? grown[1]! : grown[i]!));
  for (const [i, { port }] of servers.entries()) {
    await ask(port, "FLUSHALL");
    await ask(port, "CONFIG", "SET", "maxmemory", String(limits[i]), "maxmemory-policy", policy);
  }
}

async function usedMemory(port: number): Promise<number> {
  const [[, used]] = (await askInfo(port, /^used_memory$/)) as [[string, string]];
  return Number(used);
}

function section(all: readonly Player[], played: readonly Played[], size: TraceSize, capacity: number): Section {
  const titles = all.map(({ name, room }) => `${name}, ${room}`);
  return {
    title: "Hit ratios of caches",
    head: [
      "Trace",
      "policy",
      ...titles.map((title) => `% ${title}`),
      "% optimum",
      ...titles.map((title) => `keys ${title}`),
    ],
    rows: played.map(({ trace, policy, hitRatios, keys, best }) => [
      trace,
      policy,
      ...[...hitRatios, best].map((share) => fixed(share * 100, 2)),
      ...keys.map(count),
    ]),
    notes: [
      `${count(size.requests)} GETs of ${count(size.keys)} keys, each followed by a SET of 64 B if it finds nothing; the first ` +
        `${WARMUP * 100}% are not counted. Room for ${count(capacity)} keys: maxmemory is what the server uses with as many; or what it uses without any, and as many bytes ` +
        "as redis-server needs for them.",
      "Optimum: what a cache of as many keys could answer that knows the future (Belady).",
    ],
    data: played,
  };
}
