// Everything that moves, frees or reads data on its own, at the same time, while requests change it: snapshots, moving data together, eviction,
// expiry and freeing.
import { afterEach, describe, expect, test } from "bun:test";
import { policyOf } from "../../src/keyspace/eviction.ts";
import { ExpiryCycle } from "../../src/keyspace/expiry.ts";
import type { BackgroundJob } from "../../src/observe/job.ts";
import type { Snapshot } from "../../src/persistence/snapshot/snapshot.ts";
import { fakeJournal } from "../commands/fake-journal.ts";
import { AofServer, aofFolder, cleanUp } from "./aof-server.ts";
import {
  Busy,
  contents,
  contentsBy,
  differences,
  expectNothingLeft,
  limitLeaves,
  load,
  MemorySink,
} from "./busy-server.ts";
import { request } from "./requests.ts";

const SEEDS = Number(process.env["MIXTURES"] ?? 4);
const ROUNDS = 200;
const FILLER = 12_000;
const POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-lru", "noeviction"];

/** A snapshot that is being taken, and what it must have. */
interface Taken {
  readonly snapshot: Snapshot;
  readonly sink: MemorySink;
  readonly atMs: number;
  readonly wanted: Map<string, string>;
}

class Mixture {
  readonly busy: Busy;
  readonly journal: Uint8Array[] = [];
  snapshots = 0;
  private readonly jobs: BackgroundJob[];
  private taken: Taken | undefined;

  constructor(seed: number) {
    this.busy = new Busy(seed);
    const { server } = this.busy;
    const { keyspace } = server;
    const { defragmentation } = keyspace;
    Object.assign(server, {
      journal: fakeJournal((db, buf, start, len) => {
        this.journal.push(request("SELECT", String(db)), buf.slice(start, start + len));
      }),
    });
    Object.assign(defragmentation, { activedefrag: true, ignoreBytes: 1, thresholdLower: 0, thresholdUpper: 1 });
    Object.assign(defragmentation, { cycleMin: 90, cycleMax: 99 });
    this.jobs = [new ExpiryCycle(keyspace), keyspace.reclaimer, defragmentation, server.memoryLimit];
  }

  /** Many keys of all sizes, of which most go at once: so their memory is full of holes. */
  fill(): void {
    const { busy } = this;
    const { random } = busy;
    busy.say("SELECT 0");
    for (let i = 0; i < FILLER; i++) {
      const text = "x".repeat(random.below(400));
      if (i % 5 === 0) busy.say(`HSET many:${i} a ${text} b ${i}`);
      else if (i % 5 === 1) busy.say(`RPUSH many:${i} ${text}${i} b c d e f`);
      else if (i % 5 === 2) busy.say(`ZADD many:${i} 1 ${text}${i} 2 b`);
      else busy.say(`SET many:${i} ${text}${i}`);
    }
    const gone = Array.from({ length: FILLER }, (_, i) => i).filter(() => random.below(5) > 0);
    for (const i of gone) busy.say(`UNLINK many:${i}`);
  }

  round(): void {
    const { busy } = this;
    const { server, random } = busy;
    for (let i = random.below(5); i > 0; i--) busy.step();
    busy.say(`SET many:${random.below(FILLER)} ${"y".repeat(random.below(300))}`);
    if (random.below(4) === 0) busy.say(`PEXPIRE many:${random.below(FILLER)} ${random.below(5000)}`);
    if (random.below(8) === 0) this.limitMemory();
    server.pass(random.below(30));
    server.memoryLimit.apply();
    for (const job of this.jobs) this.work(job);
    if (this.taken !== undefined) this.goOn(this.taken);
    else if (random.below(15) === 0) this.taken = this.begin();
  }

  /** Evicts some, or takes the limit away. */
  private limitMemory(): void {
    const { server, random } = this.busy;
    const policy = policyOf(POLICIES[random.below(POLICIES.length)]);
    server.keyspace.eviction.setPolicy(policy);
    server.memoryLimit.bytes =
      policy === undefined ? 0 : Math.floor(server.keyspace.arena.usedBytes * (0.9 + random.below(10) / 100)) + 8192;
    server.memoryLimit.apply();
  }

  private work(job: BackgroundJob): void {
    const { server, random } = this.busy;
    let looks = random.below(40);
    if (job.isDue(server.keyspace.nowMs)) job.run({ us: 10, isSpent: () => --looks < 0 });
  }

  private begin(): Taken {
    const { server } = this.busy;
    const sink = new MemorySink();
    const wanted = contents(server);
    return { sink, wanted, atMs: server.keyspace.nowMs, snapshot: this.busy.start(sink) };
  }

  private goOn({ snapshot, sink, atMs, wanted }: Taken): void {
    let left = this.busy.random.below(400);
    if (!snapshot.run(() => left-- <= 0)) return;
    this.taken = undefined;
    this.snapshots++;
    expect(differences(contents(load(sink.bytes, atMs)), wanted)).toEqual([]);
  }

  end(): void {
    const { server } = this.busy;
    while (this.taken !== undefined) this.goOn(this.taken);
    server.keyspace.eviction.setPolicy(undefined);
    server.memoryLimit.bytes = 0;
    server.memoryLimit.apply();
  }
}

/** When consumers were last seen is not in the journal. */
function journalled(found: Map<string, string>): Map<string, string> {
  return new Map([...found].map(([key, text]) => [key, text.replace(/(seen|active)-time\r\n:-?\d+/g, "")]));
}

/** Whether a server that executes the journal has the same data. */
async function expectJournalled({ journal, busy: { server } }: Mixture): Promise<void> {
  const again = new AofServer(aofFolder(Buffer.concat(journal)));
  limitLeaves(again.server);
  again.clock.advance(server.clock.unixMs() - again.clock.unixMs());
  expect(await again.load()).toBeUndefined();
  const loaded = contentsBy(again.server, (line) => again.say(line));
  expect(differences(journalled(loaded), journalled(contents(server)))).toEqual([]);
}

describe("snapshots, moving, eviction, expiry and freeing at once", () => {
  afterEach(cleanUp);

  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`lose nothing, and leave nothing behind (seed ${seed})`, async () => {
      const mixture = new Mixture(seed);
      const { busy } = mixture;
      mixture.fill();
      busy.fill();
      for (let i = 0; i < ROUNDS; i++) mixture.round();
      mixture.end();
      await expectJournalled(mixture);
      // An emptied table may stay a little longer than a new one.
      for (const { id } of busy.server.keyspace.databases) busy.say(`SELECT ${id}`, "SET one 1");
      expectNothingLeft(busy);
    });
  }

  test("do happen", () => {
    const counts = [0, 0, 0, 0];
    // Not each time: a FLUSHALL may have come first.
    for (let seed = 1; counts.includes(0) && seed <= 20; seed++) {
      const mixture = new Mixture(seed);
      mixture.fill();
      for (let i = 0; i < ROUNDS; i++) mixture.round();
      mixture.end();
      const { keyspace, stats } = mixture.busy.server;
      const { keysMoved } = keyspace.defragmentation;
      for (const [i, n] of [mixture.snapshots, keysMoved, stats.evictedKeys, stats.expiredKeys].entries())
        counts[i] += n;
    }
    expect(counts).not.toContain(0);
  });
});
