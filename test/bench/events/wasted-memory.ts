/** Most of a mixed dataset goes, and what is left is moved together. */
import { COLLECTION_KINDS } from "../collections.ts";
import { type Argument, filler, random, type Slot, sequence } from "../encode.ts";
import type { Event, Scenario, Stage } from "./event.ts";

const KEYS = 4_000_000;
const HASHES = 200_000;
const HASH_FIELDS = 5;
const ELEMENTS = 2_000_000;
/** All is written in so many turns, so that what belongs together does not lie together. */
const TURNS = 20;
const VALUE_BYTES = [16, 40, 100, 300];
const GENTLE = { connections: 4, pipeline: 16 };
const READS = 10_000_000;
const WATCH_MS = 10_000;

const key = (bytes: number) => `string:${bytes}:`;

/** What is written of one kind: `args` for the running numbers below `count`. */
interface Part {
  readonly args: readonly Argument[];
  readonly count: number;
}

const parts: readonly Part[] = [
  ...VALUE_BYTES.map((bytes) => ({
    args: ["SET", sequence(key(bytes)), filler(bytes)],
    count: KEYS / VALUE_BYTES.length,
  })),
  ...Array.from({ length: HASH_FIELDS }, (_, i) => ({
    args: ["HSET", sequence("hash:"), `field:${i}`, filler(20)],
    count: HASHES,
  })),
  ...COLLECTION_KINDS.map((kind) => ({ args: kind.add(kind.name), count: ELEMENTS })),
  { args: ["XADD", "stream", "*", "field", filler(8)], count: ELEMENTS },
];

async function fill({ bench, server, scaled }: Stage): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { args, count } of parts) {
      const commands = scaled(count) / TURNS;
      await bench.generator.fill(server, args, commands, { firstNumber: turn * commands });
    }
  }
}

/** Those of the running numbers that end in this digit. */
const ending = (prefix: string, digit: number): Slot => ({ ...sequence(prefix), base: digit, step: 10 });

/** Nine of ten of everything. */
async function thin({ bench, server, scaled }: Stage): Promise<void> {
  const remove = (args: readonly Argument[], count: number) => bench.generator.fill(server, args, scaled(count / 10));
  for (let digit = 1; digit < 10; digit++) {
    for (const bytes of VALUE_BYTES) await remove(["DEL", ending(key(bytes), digit)], KEYS / VALUE_BYTES.length);
    await remove(["DEL", ending("hash:", digit)], HASHES);
    await remove(["HDEL", "hash", ending("e:", digit)], ELEMENTS);
    await remove(["SREM", "set", ending("e:", digit)], ELEMENTS);
    await remove(["ZREM", "zset", ending("e:", digit)], ELEMENTS);
    await remove(["LPOP", "list"], ELEMENTS);
  }
}

const moving: Event = {
  name: "CONFIG SET activedefrag yes, while others read",
  watchMs: 0,
  async prepare(stage) {
    await fill(stage);
    await thin(stage);
  },
  async happen({ bench, server, caller, scaled }) {
    const get = ["GET", random(key(VALUE_BYTES[0]), scaled(KEYS / VALUE_BYTES.length))];
    const reading = bench.generator.fill(server, get, scaled(READS), { ...GENTLE, probe: true });
    const answered = await caller.call("CONFIG", "SET", "activedefrag", "yes");
    return { answered, probe: (await reading).probe! };
  },
};

const resting: Event = { name: "and while nobody does", watchMs: WATCH_MS, happen: async () => ({}) };

const purging: Event = {
  name: "MEMORY PURGE",
  watchMs: WATCH_MS,
  async prepare(stage) {
    await stage.caller.call("CONFIG", "SET", "activedefrag", "no");
    await fill(stage);
    await thin(stage);
  },
  happen: async ({ caller }) => ({ answered: await caller.call("MEMORY", "PURGE") }),
};

export const WASTED_MEMORY: Scenario = {
  name: "a tenth left of 5,000,000 keys of all types",
  settings: ["--activedefrag", "no", "--active-defrag-cycle-max", "75"],
  events: [moving, resting, purging],
};
