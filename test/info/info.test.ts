import { describe, expect, test } from "bun:test";
import type { LoadProgress } from "../../src/command/context.ts";
import { humanBytes } from "../../src/info/format.ts";
import { infoText } from "../../src/info/info.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { LocalServer } from "../commands/local-server.ts";

/** The fields of a section, or of all that are shown. */
function infoOf(server: LocalServer, ...sections: string[]): Record<string, string> {
  const fields = [...infoText(server, sections).matchAll(/^([^#:\r\n]+):(.*)\r$/gm)];
  return Object.fromEntries(fields.map(([, name, value]) => [name, value]));
}

const titles = (text: string): string[] => [...text.matchAll(/^# (\w+)\r$/gm)].map((hit) => hit[1]);

describe("INFO", () => {
  test("shows what is asked for, in its own order", () => {
    const server = new LocalServer();
    expect(titles(infoText(server, ["keyspace", "SERVER", "server", "nope"]))).toEqual(["Server", "Keyspace"]);
    expect(infoText(server, ["nope"])).toBe("");
    expect(infoText(server, ["cluster", "modules"])).toBe("# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n");
  });

  test("leaves long sections out unless they are asked for", () => {
    const server = new LocalServer();
    const long = ["Commandstats", "Latencystats"];
    for (const names of [[], ["default"]]) expect(titles(infoText(server, names))).not.toContain(long[0]);
    for (const name of ["all", "everything"]) expect(titles(infoText(server, [name]))).toContainEqual(long[1]);
    expect(titles(infoText(server, ["default", "commandstats"]))).toContain(long[0]);
  });

  test("is text for people in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3");
    expect(c.say("INFO cluster")).toBe("=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n");
  });
});

describe("INFO keyspace", () => {
  test("counts keys, deadlines and the mean time to live of each database that is not empty", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET a 1", "SET b 1 PX 3000", "SET c 1 PX 5000", "SELECT 3", "SET d 1");
    expect(infoOf(server, "keyspace")).toEqual({
      db0: "keys=3,expires=2,avg_ttl=4000,subexpiry=0",
      db3: "keys=1,expires=0,avg_ttl=0,subexpiry=0",
    });
  });

  test("takes the mean of a sample where there are many keys", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 2000; i++) c.say(`SET k${i} v PX 7000`);
    expect(infoOf(server, "keyspace")["db0"]).toBe("keys=2000,expires=2000,avg_ttl=7000,subexpiry=0");
  });
});

describe("INFO memory", () => {
  test("counts data exactly, and everything once", () => {
    const server = new LocalServer();
    const c = server.connect();
    const before = infoOf(server, "memory");
    c.say(`SET k ${"x".repeat(100_000)}`);
    const after = infoOf(server, "memory");
    const grown = Number(after["used_memory"]) - Number(before["used_memory"]);
    expect(grown).toBe(Number(after["used_memory_dataset"]) - Number(before["used_memory_dataset"]));
    expect(grown).toBeWithin(100_000, 115_000);
    const { used_memory, used_memory_dataset, used_memory_overhead } = after;
    expect(Number(used_memory)).toBe(Number(used_memory_dataset) + Number(used_memory_overhead));
    expect(Number(after["mem_clients_normal"])).toBeGreaterThan(0);
  });

  test("remembers the peak", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say(`SET k ${"x".repeat(1_000_000)}`);
    const peak = infoOf(server, "memory")["used_memory_peak"];
    c.say("DEL k");
    const after = infoOf(server, "memory");
    expect(after["used_memory_peak"]).toBe(peak);
    expect(Number(after["used_memory"])).toBeLessThan(Number(peak) - 900_000);
    expect(Number.parseFloat(after["used_memory_peak_perc"])).toBeLessThan(50);
  });

  test("tells what is still to be freed", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 100; i++) c.say(`SET k${i} v`);
    c.say("FLUSHALL");
    expect(infoOf(server, "memory")["lazyfree_pending_objects"]).toBe("100");
    server.keyspace.reclaimer.run(UNBOUNDED);
    expect(infoOf(server, "memory")).toMatchObject({ lazyfree_pending_objects: "0", lazyfreed_objects: "100" });
  });

  test("counts a freed key once, however large it was, and small values not at all", () => {
    const server = new LocalServer();
    const c = server.connect();
    const freed = (): string => {
      server.keyspace.reclaimer.run(UNBOUNDED);
      return infoOf(server, "memory")["lazyfreed_objects"];
    };
    const makeLarge = (): void => {
      for (let i = 0; i < 3000; i++) {
        c.say(`HSET h f${i} v`, `ZADD z ${i} m${i}`, `RPUSH l element:${i}`, `XADD x * f${i} v`, `SADD s m${i}`);
      }
    };
    makeLarge();
    c.say("UNLINK h", "DEL z", "SET l v", "UNLINK x");
    expect(infoOf(server, "memory")["lazyfree_pending_objects"]).toBe("4");
    expect(freed()).toBe("4");
    c.say("DEL l", "SADD small a b c", "DEL small", "DEL s");
    expect(freed()).toBe("5");
    makeLarge();
    c.say("FLUSHALL");
    expect(infoOf(server, "memory")["lazyfree_pending_objects"]).toBe("5");
    expect(freed()).toBe("10");
  });

  test("shows sizes for people as well", () => {
    expect([0, 1023, 1024, 1536, 5 * 1024 ** 2, 3 * 1024 ** 4].map(humanBytes)).toEqual([
      "0B",
      "1023B",
      "1.00K",
      "1.50K",
      "5.00M",
      "3.00T",
    ]);
  });
});

describe("INFO stats", () => {
  test("tells how late keys were removed", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET a 1 PX 100", "SET b 1 PX 100");
    server.pass(103);
    c.say("GET a");
    server.pass(40);
    c.say("GET b");
    expect(infoOf(server, "stats")).toMatchObject({
      expired_keys: "2",
      expired_lag_p50_ms: "3",
      expired_lag_max_ms: "43",
      keyspace_misses: "2",
    });
  });
});

describe("INFO commandstats, errorstats and latencystats", () => {
  test("count calls, refusals and failures of each command", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET k v", "GET k", "GET", "INCR k", "CLIENT ID", "NOPE");
    server.executor.endRun();
    const lines = infoOf(server, "commandstats");
    expect(lines["cmdstat_get"]).toEndWith("calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0");
    expect(lines["cmdstat_incr"]).toEndWith("rejected_calls=0,failed_calls=1");
    expect(lines["cmdstat_client|id"]).toStartWith("calls=1,");
    expect(lines["cmdstat_client"]).toBeUndefined();
    expect(infoOf(server, "errorstats")).toEqual({ errorstat_ERR: "count=3" });
  });

  test("show the percentiles that the directive names", () => {
    const server = new LocalServer();
    server.table.get("get")!.stats.record(1, 5);
    expect(infoOf(server, "latencystats")).toEqual({ latency_percentiles_usec_get: "p50=5.023,p99=5.023,p99.9=5.023" });
    server.config.set([["latency-tracking-info-percentiles", "100"]]);
    expect(infoOf(server, "latencystats")).toEqual({ latency_percentiles_usec_get: "p100=5.023" });
    server.config.set([["latency-tracking", "no"]]);
    expect(infoOf(server, "latencystats")).toEqual({});
  });
});

describe("INFO persistence", () => {
  test("tells how far a loading is", () => {
    const loading: LoadProgress = {
      startedMs: 1_700_000_000_500,
      totalBytes: 200,
      loadedBytes: 50,
      etaSeconds: 3,
      usedMemoryBytes: 1000,
    };
    const lastLoad = { keysLoaded: 5, keysExpired: 2 };
    const server = Object.assign(new LocalServer(), {
      persistence: { loading, lastLoad, figures: { aof_enabled: 1 } },
    });
    expect(infoOf(server, "persistence")).toMatchObject({
      loading: "1",
      aof_enabled: "1",
      loading_start_time: "1700000000",
      loading_total_bytes: "200",
      loading_loaded_bytes: "50",
      loading_loaded_perc: "25.00",
      loading_eta_seconds: "3",
      loading_rdb_used_mem: "1000",
      rdb_last_load_keys_loaded: "5",
      rdb_last_load_keys_expired: "2",
    });
  });
});
