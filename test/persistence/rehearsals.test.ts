import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { GATE_LOADING } from "../../src/command/context.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { LocalServer } from "../commands/local-server.ts";
import { removeScratch, scratch } from "./scratch.ts";

const MUCH = "SETRANGE much 33600000 x";
const TIMES = 8;
const PAUSE_MS = 2000;
const home = process.cwd();
let server: LocalServer;
let c: ReturnType<LocalServer["connect"]>;
beforeEach(() => {
  process.chdir(scratch());
  server = new LocalServer();
  c = server.connect();
});
afterEach(() => {
  process.chdir(home);
  removeScratch();
});

const isDue = (): boolean => server.snapshots.rehearsals.isDue(server.clock.unixMs());

/** Somebody asks for something some time later. */
function pass(): void {
  server.pass(PAUSE_MS);
  c.say("PING");
}

/** Does what is to be done of one. */
function rehearse(): void {
  const { rehearsals } = server.snapshots;
  do {
    rehearsals.run(UNBOUNDED);
    server.threads[0].work();
  } while (server.keyspace.arena.guard !== undefined);
}

function save(): void {
  c.say("BGSAVE");
  while (server.snapshots.isBusy) {
    if (server.snapshots.isDue()) server.snapshots.run(UNBOUNDED);
    server.threads[0].work();
  }
}

describe("rehearsals of saving", () => {
  test("are due when there is much data, and somebody works with it", () => {
    c.say("SET little 1");
    expect(isDue()).toBe(false);
    c.say(MUCH);
    expect(isDue()).toBe(true);
    server.gate |= GATE_LOADING;
    expect(isDue()).toBe(false);
    server.gate &= ~GATE_LOADING;
    rehearse();
    expect(isDue()).toBe(false);
    server.pass(PAUSE_MS);
    expect(isDue()).toBe(false);
    c.say("PING");
    expect(isDue()).toBe(true);
  });

  test("leave nothing behind, and tell nobody", () => {
    c.say(MUCH, "SET a 1");
    const { figures } = server.snapshots;
    const used = server.keyspace.arena.usedBytes;
    rehearse();
    expect(readdirSync(".")).toEqual([]);
    expect(server.keyspace.arena.usedBytes).toBe(used);
    expect(server.snapshots.figures).toEqual(figures);
    expect(server.snapshots.isBusy).toBe(false);
  });

  test("end after some times", () => {
    c.say(MUCH);
    let times = 0;
    for (; isDue(); times++) {
      rehearse();
      pass();
    }
    expect(times).toBe(TIMES);
  });

  test("are needed no more when much was saved", () => {
    c.say("SET little 1");
    save();
    c.say(MUCH);
    expect(isDue()).toBe(true);
    save();
    pass();
    expect(isDue()).toBe(false);
  });

  test("make way for a save", () => {
    c.say(MUCH);
    server.snapshots.rehearsals.run({ us: 0, isSpent: () => true });
    expect(server.keyspace.arena.guard).toBeDefined();
    c.say("SET a 1", "BGSAVE", "SET a 2");
    expect(isDue()).toBe(false);
    save();
    expect(readdirSync(".")).toEqual(["dump.rdb"]);
    c.say("FLUSHALL");
    expect(server.snapshots.load(true)).toBe(true);
    expect(c.say("GET a")).toEndWith("$1\r\n1\r\n");
  });

  test("end after a second, when the thread is slow", () => {
    for (let n = 0; n < 40; n++) c.say(`SETRANGE much:${n} 1000000 x`);
    server.snapshots.rehearsals.run(UNBOUNDED);
    expect([isDue(), server.keyspace.arena.guard !== undefined]).toEqual([false, true]);
    server.pass(1000);
    expect(isDue()).toBe(true);
    server.snapshots.rehearsals.run(UNBOUNDED);
    expect(server.keyspace.arena.guard).toBeUndefined();
  });

  test("leave long strings out, which would take as much memory again", () => {
    c.say(MUCH);
    rehearse();
    let bytes = 0;
    const service = server.threads[0];
    const { postMessage } = service;
    service.postMessage = (request, transfer) => {
      if (request.kind === "chunk") bytes += request.chunk.length;
      postMessage.call(service, request, transfer);
    };
    pass();
    rehearse();
    expect(bytes).toBeLessThan(1000);
  });
});
