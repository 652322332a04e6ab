import { describe, expect, test } from "bun:test";
import { bytesInUse } from "../../src/command/memory-limit.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { eventClasses } from "../../src/pubsub/key-events.ts";
import { Parser } from "../../src/resp/parser.ts";
import { applyConfig } from "../../src/server-config.ts";
import { LocalServer, lasting } from "./local-server.ts";
import { Recording } from "./recording.ts";

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const OK = "+OK\r\n";
const QUEUED = "+QUEUED\r\n";

function start(): LocalServer {
  return configure(new LocalServer());
}

function configure(server: LocalServer): LocalServer {
  applyConfig(Object.assign(server, { parser: new Parser(), rebind: () => undefined }));
  return server;
}

/** Sets the limit so that this much fits beside what is in use. */
function limitTo(server: LocalServer, spareBytes: number, policy = "allkeys-lru"): void {
  const bytes = bytesInUse(server) + spareBytes;
  server.config.set([
    ["maxmemory", String(bytes)],
    ["maxmemory-policy", policy],
  ]);
}

describe("maxmemory", () => {
  test("refuses what needs memory, and nothing else, as soon as more is in use", () => {
    const client = start().connect();
    expect(client.say("SET k 1", "CONFIG SET maxmemory 1")).toBe(OK + OK);
    expect(client.say("SET k 2", "APPEND k x", "HSET h f v")).toBe(`-${OOM}\r\n`.repeat(3));
    expect(client.say("GET k", "DEL k", "CONFIG SET maxmemory 0", "SET k 3")).toBe(`$1\r\n1\r\n:1\r\n${OK}${OK}`);
  });

  test("refuses what needs memory when no key is left that may go", () => {
    const client = start().connect();
    client.say("SET k 1", "SET l 1 EX 100");
    expect(client.say("CONFIG SET maxmemory 1 maxmemory-policy volatile-lru", "SET m 2")).toBe(`${OK}-${OOM}\r\n`);
    expect(client.say("EXISTS k", "EXISTS l", "CONFIG SET maxmemory-policy allkeys-lru", "SET k 2")).toBe(
      `:1\r\n:0\r\n${OK}-${OOM}\r\n`,
    );
    expect(client.say("DBSIZE")).toBe(":0\r\n");
  });

  test("evicts no key only to give the others a larger table", () => {
    const server = start();
    const client = server.connect();
    // The next key would have the table doubled.
    for (let i = 0; i < 4096; i++) client.say(`SET key:${i} A`);
    limitTo(server, 10_000);
    client.say("SET k1 v1", "SET k2 v2");
    expect(client.say("DBSIZE")).toBe(":4098\r\n");
    for (let i = 0; i < 4096; i++) expect(client.say(`EXISTS key:${i}`)).toBe(":1\r\n");
  });

  test("makes EXEC fail if a queued request needs memory, and lets it read", () => {
    const server = start();
    const [client, other] = [server.connect(), server.connect()];
    client.say("MULTI", "SET k 1");
    other.say("CONFIG SET maxmemory 1");
    expect(client.say("EXEC")).toBe(`-EXECABORT Transaction discarded because of: ${OOM}\r\n`);
    other.say("CONFIG SET maxmemory 0");
    client.say("MULTI", "GET k");
    other.say("CONFIG SET maxmemory 1");
    expect(client.say("EXEC")).toBe("*1\r\n$-1\r\n");
  });

  test("lets no transaction grow, but always be discarded", () => {
    const client = start().connect();
    client.say("CONFIG SET maxmemory 1");
    expect(client.say("MULTI", "GET k", "DISCARD")).toBe(`${OK}-${OOM}\r\n${OK}`);
    expect(client.say("CONFIG SET maxmemory 0", "MULTI", "GET k", "DISCARD")).toBe(OK + OK + QUEUED + OK);
  });
});

describe("maxmemory with a policy that makes room", () => {
  test("never lets memory grow beyond the limit by more than one request takes", () => {
    const server = start();
    const client = server.connect();
    limitTo(server, 100_000);
    for (let i = 0; i < 5000; i++) {
      expect(client.say(`SET key${i} 0123456789`)).toBe(OK);
      expect(bytesInUse(server)).toBeLessThan(server.memoryLimit.bytes + 200);
    }
    expect(server.stats.evictedKeys).toBeGreaterThan(2000);
    expect(server.keyspace.databases[0].size).toBe(5000 - server.stats.evictedKeys);
  });

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random"]) {
    test(`finds the only key with a deadline by ${policy}, however many hashes have fields with one`, () => {
      const server = start();
      const client = server.connect();
      for (let i = 0; i < 5000; i++) client.say(`HSET h${i} f v`, `HPEXPIRE h${i} ${1_000_000 + i * 100} FIELDS 1 f`);
      expect(client.say("SET timed 1 PX 1500000")).toBe(OK);
      limitTo(server, 0, policy);
      expect(client.say("SET new 1", "EXISTS timed")).toBe(`${OK}:0\r\n`);
    });
  }

  test("deletes keys before the request that needs room, for the journal, events, watchers and trackers", () => {
    const recording = new Recording();
    const { server, c } = recording;
    configure(server);
    server.events.classes = eventClasses("EA")!;
    const [watcher, tracker] = [server.connect(), server.connect()];
    recording.prepare("SET old 1");
    watcher.say("WATCH old", "MULTI", "PING");
    tracker.say("HELLO 3", "CLIENT TRACKING ON", "GET old");
    server.config.set([
      ["maxmemory-policy", "allkeys-lru"],
      ["maxmemory", "1"],
    ]);
    recording.expect(["SET new 1", `-${OOM}\r\n`, "DEL old", "evicted:old"]);
    expect(watcher.say("EXEC")).toBe("*-1\r\n");
    expect(tracker.heard()).toBe(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nold\r\n");
    expect(c.say("CONFIG SET maxmemory 0", "SET new 1")).toBe(OK + OK);
  });

  test("makes no room in the middle of a transaction or a script, but before it", () => {
    const recording = new Recording();
    const { server } = recording;
    configure(server);
    recording.prepare("SET a 1", "MULTI", "INCR x", "CONFIG SET maxmemory 1 maxmemory-policy allkeys-lru", "INCR x");
    expect(recording.trace("EXEC")[2]).toBe("MULTI | INCR x | INCR x | EXEC");
    const [, reply, journal] = recording.trace("EVAL 'return redis.call(\"DBSIZE\")' 0");
    expect(reply).toBe(":0\r\n");
    expect(journal!.split(" | ").sort()).toEqual(["DEL a", "DEL x"]);
  });

  test("goes on between polls until there is room", () => {
    const server = start();
    const client = server.connect();
    for (let i = 0; i < 3000; i++) client.say(`SET key${i} 0123456789`);
    limitTo(server, -50_000);
    expect(server.memoryLimit.isDue()).toBe(true);
    expect(server.memoryLimit.run({ us: 0, isSpent: () => true })).toBe(false);
    expect(server.memoryLimit.run(UNBOUNDED)).toBe(true);
    expect(server.memoryLimit.isDue()).toBe(false);
    expect(bytesInUse(server)).toBeLessThanOrEqual(server.memoryLimit.bytes);
    expect(client.say("SET more 1")).toBe(OK);
  });

  test("lets no request wait for what was there when the limit was set", () => {
    const server = start();
    const client = server.connect();
    for (let i = 0; i < 3000; i++) client.say(`SET key${i} 0123456789`);
    client.say("CONFIG SET maxmemory-policy allkeys-lru");
    limitTo(server, -50_000);
    lasting(server, 1, () => expect(client.say("SET more 1")).toBe(OK));
    expect(server.stats.evictedKeys).toBeLessThan(100);
    expect(server.memoryLimit.isDue()).toBe(true);
  });

  test("counts what is deleted but not freed yet as freed", () => {
    const server = start();
    const client = server.connect();
    for (let i = 0; i < 20_000; i++) client.say(`SADD big member${i}`);
    client.say("EXPIRE big 100");
    for (let i = 0; i < 1000; i++) client.say(`SET key${i} 0123456789 EX 1000`);
    limitTo(server, -1000, "volatile-ttl");
    for (let i = 0; i < 200; i++) expect(client.say(`SET more${i} 0123456789`)).toBe(OK);
    expect(client.say("EXISTS big")).toBe(":0\r\n");
    expect(server.stats.evictedKeys).toBe(1);
  });

  test("does nothing while clients are paused or a file is loaded", () => {
    const server = start();
    const client = server.connect();
    client.say("SET a 1", "CLIENT PAUSE 1000 WRITE");
    limitTo(server, -1);
    expect(client.say("GET a")).toBe("$1\r\n1\r\n");
    expect(server.memoryLimit.isDue()).toBe(false);
    server.pass(2000);
    client.say("PING");
    expect(server.stats.evictedKeys).toBe(1);
  });

  test("tells how long memory has been above the limit", () => {
    const server = start();
    const client = server.connect();
    client.say("SET a 1");
    limitTo(server, -1, "volatile-lru");
    client.say("SET b 1");
    server.pass(1500);
    expect(server.memoryLimit.exceededMs).toEqual({ current: 1500, total: 1500 });
    client.say("CONFIG SET maxmemory 0");
    server.pass(1500);
    expect(server.memoryLimit.exceededMs).toEqual({ current: 0, total: 1500 });
    client.say("CONFIG RESETSTAT");
    expect(server.memoryLimit.exceededMs).toEqual({ current: 0, total: 0 });
  });

  test("is measured by the latency monitor", () => {
    const server = start();
    const client = server.connect();
    client.say("SET a 1", "CONFIG SET latency-monitor-threshold 1");
    limitTo(server, -1);
    lasting(server, 2, () => client.say("SET b 1"));
    const names = [...server.observation.latency].map(([name]) => name);
    expect(names).toContain("eviction-cycle");
    expect(names).toContain("eviction-del");
  });
});

describe("OBJECT", () => {
  test("tells of shared integers only while keys are not evicted by their use", () => {
    const client = start().connect();
    client.say("SET a 1");
    expect(client.say("OBJECT REFCOUNT a")).toBe(":2147483647\r\n");
    client.say("CONFIG SET maxmemory 1gb maxmemory-policy allkeys-lru");
    expect(client.say("OBJECT REFCOUNT a")).toBe(":1\r\n");
    client.say("CONFIG SET maxmemory-policy allkeys-random");
    expect(client.say("OBJECT REFCOUNT a")).toBe(":2147483647\r\n");
  });

  test("tells how long ago a key was changed, and not when it was read, under an LRM policy", () => {
    const server = start();
    const client = server.connect();
    client.say("CONFIG SET maxmemory-policy allkeys-lrm", "SET a 1");
    server.pass(5000);
    expect(client.say("GET a", "OBJECT IDLETIME a")).toBe("$1\r\n1\r\n:5\r\n");
    expect(client.say("APPEND a 1", "OBJECT IDLETIME a")).toBe(":2\r\n:0\r\n");
  });
});
