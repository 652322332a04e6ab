/** What is done to a keyspace of ten million keys at once. */
import { askInfo } from "../ask.ts";
import { type Argument, filler, random, sequence } from "../encode.ts";
import { type Event, loads, type Scenario, type Stage, sends } from "./event.ts";

const KEYS = 10_000_000;
const VALUE_BYTES = 16;
const FAST = { connections: 8, pipeline: 64 };
const GENTLE = { connections: 4, pipeline: 16 };
/** Keys that go at one moment. */
const ENDING_KEYS = 1_000_000;
/** They are written by then. */
const ENDING_MS = 15_000;
/** So long all that was deleted is freed in. */
const FREEING_MS = 8000;
const READS = 2_000_000;

const set = (): Argument[] => ["SET", sequence("key:"), filler(VALUE_BYTES)];
const fill = ({ bench, server, scaled }: Stage) => bench.generator.fill(server, set(), scaled(KEYS));

/** Room for half of what is used: the other half is to go, while some read. */
const shrink: Event = {
  name: "CONFIG SET maxmemory to half of what is used",
  watchMs: FREEING_MS,
  async happen({ server, caller }) {
    const [[, used]] = (await askInfo(server.port, /^used_memory$/)) as [[string, string]];
    await caller.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    return { answered: await caller.call("CONFIG", "SET", "maxmemory", String(Math.floor(Number(used) / 2))) };
  },
  async clear({ caller }) {
    await caller.call("CONFIG", "SET", "maxmemory", "0");
  },
};

const readsWhileShrinking: Event = {
  ...shrink,
  name: "CONFIG SET maxmemory to half of what is used, while others read",
  watchMs: 0,
  async happen(stage) {
    const { bench, server, scaled } = stage;
    const get = ["GET", random("key:", scaled(KEYS))];
    const reading = bench.generator.fill(server, get, scaled(READS), { ...GENTLE, probe: true });
    const { answered } = await shrink.happen(stage);
    return { answered, probe: (await reading).probe! };
  },
};

/** Flushes all of a filled keyspace. */
function flush(how: readonly string[]): Event {
  return { ...sends(["FLUSHALL", ...how], FREEING_MS), prepare: async (stage) => void (await fill(stage)) };
}

const endings: Event = {
  name: "1,000,000 keys whose deadlines end in the same millisecond",
  watchMs: ENDING_MS + 5000,
  async prepare({ bench, server, caller, scaled }) {
    await caller.call("FLUSHALL");
    const atMs = String(Date.now() + ENDING_MS);
    const add = ["SET", sequence("key:"), filler(VALUE_BYTES), "PXAT", atMs];
    await bench.generator.fill(server, add, scaled(ENDING_KEYS));
  },
  happen: async () => ({}),
};

export const KEYSPACE: Scenario = {
  name: "10,000,000 keys",
  settings: [],
  events: [
    loads("SET of 10,000,000 new keys", set, KEYS, FAST),
    sends(["INFO", "everything"]),
    sends(["MEMORY", "STATS"]),
    sends(["MEMORY", "DOCTOR"]),
    sends(["MEMORY", "PREFIX", "key:00000", "0"]),
    sends(["SCAN", "0", "MATCH", "none", "COUNT", "10000"]),
    sends(["KEYS", "none"]),
    sends(["SWAPDB", "0", "1"]),
    sends(["SWAPDB", "0", "1"]),
    shrink,
    { ...readsWhileShrinking, prepare: async (stage) => void (await fill(stage)) },
    flush([]),
    flush(["ASYNC"]),
    flush(["SYNC"]),
    endings,
  ],
};
