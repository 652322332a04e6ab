import { afterEach, describe, expect, test } from "bun:test";
import { Busy, contents, differences, expectNothingLeft, load, MemorySink } from "./busy-server.ts";
import { removeScratch } from "./scratch.ts";

const SEEDS = 25;

describe("a snapshot that is taken while everything changes", () => {
  afterEach(removeScratch);

  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`has the data of the moment at which it began (seed ${seed})`, () => {
      const busy = new Busy(seed);
      for (let i = 0; i < 200; i++) busy.step();
      busy.fill();
      for (let i = 0; i < 30; i++) busy.step();
      const before = contents(busy.server);
      const atMs = busy.server.keyspace.nowMs;
      const sink = new MemorySink();
      const snapshot = busy.start(sink);
      for (let done = false; !done; ) {
        for (let i = busy.random.below(12); i > 0; i--) busy.step();
        if (busy.random.below(3) === 0) busy.reclaim();
        let left = busy.random.below(6);
        done = snapshot.run(() => left-- <= 0);
      }
      expect(busy.server.keyspace.arena.guard).toBeUndefined();
      expect(sink.pool.away).toBe(0);
      expect(differences(contents(load(sink.bytes, atMs)), before)).toEqual([]);
      expect(snapshot.keys).toBeGreaterThanOrEqual(before.size);
      expectNothingLeft(busy);
    });
  }

  for (let seed = 1; seed <= 10; seed++) {
    test(`leaves nothing behind when it is given up (seed ${seed})`, () => {
      const busy = new Busy(seed);
      for (let i = 0; i < 200; i++) busy.step();
      busy.fill();
      for (let i = 0; i < 30; i++) busy.step();
      const sink = new MemorySink();
      const snapshot = busy.start(sink);
      for (let i = busy.random.below(20); i > 0; i--) {
        busy.step();
        busy.reclaim();
        let left = busy.random.below(4);
        snapshot.run(() => left-- <= 0);
      }
      snapshot.close();
      expect(sink.pool.away).toBe(0);
      for (let i = 0; i < 20; i++) busy.step();
      expectNothingLeft(busy);
    });
  }
});
