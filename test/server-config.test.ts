import { describe, expect, test } from "bun:test";
import { type DirectiveName, findDirective } from "../src/config/directives.ts";
import { EVENTS } from "../src/pubsub/key-events.ts";
import { Parser } from "../src/resp/parser.ts";
import { applyConfig } from "../src/server-config.ts";
import { LocalServer } from "./commands/local-server.ts";
import { freePort, startOurs } from "./support/oracle.ts";
import { RawConnection } from "./support/raw.ts";

/** A server whose configuration takes effect, and a client of it. `rebinds` says what each rebinding results in. */
function configured(...rebinds: (string | undefined)[]) {
  const server = Object.assign(new LocalServer(), { parser: new Parser(), rebind: () => rebinds.shift() });
  applyConfig(server);
  const c = server.connect();
  const set = (...words: string[]): string => c.say(`CONFIG SET ${words.join(" ")}`);
  return { server, c, set };
}

const failed = (name: string, reason: string): string =>
  `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}\r\n`;

describe("CONFIG SET takes effect", () => {
  test("on the encoding of hashes", () => {
    const { c, set } = configured();
    set("hash-max-listpack-entries", "2", "hash-max-ziplist-value", "5");
    c.say("HSET many a 1 b 2 c 3", "HSET long a 123456", "HSET small a 12345 b 2");
    const encodings = ["many", "long", "small"].map((key) => c.say(`OBJECT ENCODING ${key}`).split("\r\n")[1]);
    expect(encodings).toEqual(["hashtable", "hashtable", "listpack"]);
  });

  test("on what is remembered of uses", () => {
    const { server, c, set } = configured();
    set("maxmemory-policy", "allkeys-lfu", "lfu-log-factor", "0", "lfu-decay-time", "0");
    expect(c.say("SET k v", "GET k", "OBJECT FREQ k")).toEndWith(":6\r\n");
    expect(server.keyspace.access.lfuDecayMinutes).toBe(0);
    set("maxmemory-policy", "noeviction");
    expect(c.say("OBJECT IDLETIME k")).toStartWith(":");
  });

  test("on the log, events, and the length of arguments", () => {
    const { server, set } = configured();
    set("loglevel", "warning", "notify-keyspace-events", "Kg", "proto-max-bulk-len", "1mb");
    expect(server.log.level).toBe("warning");
    expect(server.events.classes).toBe(EVENTS.keyspace | EVENTS.generic);
    expect(server.parser.bulkBytesMax).toBe(1024 ** 2);
  });

  test("on addresses and port, unless they can't be listened on", () => {
    const { c, set } = configured(undefined, "busy", "no such address");
    expect(set("port", "7000")).toBe("+OK\r\n");
    expect(set("port", "7001")).toBe(failed("port", "Unable to listen on this port. Check server logs."));
    expect(c.say("CONFIG GET port")).toContain("7000");
    expect(set("bind", "1.2.3.4")).toBe(failed("bind", "Failed to bind to specified addresses."));
    expect(c.say("CONFIG GET bind")).toContain("127.0.0.1 -::1");
  });

  test("on the number of clients, as far as there are descriptors", () => {
    const { set } = configured();
    expect(set("maxclients", "100")).toBe("+OK\r\n");
    expect(set("maxclients", "4000000000")).toContain(
      "The operating system is not able to handle the specified number of clients",
    );
  });

  test("on latencies: they are counted anew", () => {
    const { server, set } = configured();
    server.table.get("get")!.stats.record(1, 5);
    set("latency-tracking", "no");
    expect(server.table.get("get")!.stats.latency).toBeUndefined();
  });
});

describe("a running server", () => {
  test("moves to another port and keeps its connections", async () => {
    const server = await startOurs();
    try {
      const old = await RawConnection.connect(server.port);
      const port = await freePort();
      expect(await old.text("CONFIG", "SET", "port", port)).toBe("+OK\r\n");
      const fresh = await RawConnection.connect(port);
      expect([await fresh.text("PING"), await old.text("PING")]).toEqual(["+PONG\r\n", "+PONG\r\n"]);
      const refused = await RawConnection.connect(server.port).catch(() => "refused");
      expect(refused).toBe("refused");
      old.close();
      fresh.close();
    } finally {
      await server.stop();
    }
  });

  test("loads its append-only file again, and answers when it has", async () => {
    const server = await startOurs(["--appendonly", "yes"]);
    try {
      const c = await RawConnection.connect(server.port);
      await c.text("SET", "a", "1");
      await c.text("DEBUG", "POPULATE", "10");
      expect(await c.text("DBSIZE")).toBe(":11\r\n");
      expect(await c.text("DEBUG", "LOADAOF")).toBe("+OK\r\n");
      expect(await c.text("DBSIZE")).toBe(":1\r\n");
      expect(await c.text("SET", "b", "2")).toBe("+OK\r\n");
      expect(await c.text("DEBUG", "LOADAOF")).toBe("+OK\r\n");
      expect(await c.text("MGET", "a", "b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
      c.close();
    } finally {
      await server.stop();
    }
  });
});

describe("save points, if nobody gives any,", () => {
  const points = (...given: [DirectiveName, string][]): string => {
    const server = Object.assign(new LocalServer(), { parser: new Parser(), rebind: () => undefined });
    for (const [name, value] of given) server.config.load(findDirective(name)!, value.split(" "), false);
    applyConfig(server);
    return server.config.text("save");
  };

  test("are Redis's when the append-only file is switched off, and none otherwise", () => {
    expect(points(["appendonly", "no"])).toBe("3600 1 300 100 60 10000");
    expect(points(["appendonly", "yes"])).toBe("");
    expect(points()).toBe("");
  });

  test("are none when that is said", () => {
    expect(points(["appendonly", "no"], ["save", ""])).toBe("");
    expect(points(["save", "10 1"], ["appendonly", "no"])).toBe("10 1");
  });
});
