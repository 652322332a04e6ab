import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createClient } from "redis";
import { type Server, startOurs } from "../support/oracle.ts";
import { DurableServer } from "./durable.ts";

const QUICK_RETRY = { reconnectStrategy: () => 20 };

for (const RESP of [2, 3] as const) {
  describe(`node-redis over RESP${RESP}`, () => {
    const connect = async () => {
      const client = createClient({ RESP, name: "worker", socket: { host: "127.0.0.1", port: server.port } });
      client.on("error", () => {});
      return await client.connect();
    };
    let server: Server;
    let redis: Awaited<ReturnType<typeof connect>>;
    beforeAll(async () => {
      server = await startOurs();
      redis = await connect();
    });
    beforeEach(() => redis.flushAll());
    afterAll(async () => {
      await redis.close();
      await server.stop();
    });

    test("stores strings with all kinds of options", async () => {
      expect(await redis.set("k", "v", { expiration: { type: "EX", value: 1000 }, condition: "NX" })).toBe("OK");
      expect(await redis.set("k", "w", { condition: "NX" })).toBeNull();
      expect(await redis.set("k", "w", { GET: true, expiration: "KEEPTTL" })).toBe("v");
      expect(await redis.ttl("k")).toBeGreaterThan(990);
      expect(await redis.getEx("k", { type: "PERSIST" })).toBe("w");
      expect(await redis.ttl("k")).toBe(-1);
      await redis.mSet({ a: "1", b: "2" });
      expect(await redis.mGet(["a", "missing", "b"])).toEqual(["1", null, "2"]);
      expect(await redis.incrBy("a", 41)).toBe(42);
      expect(await redis.incrByFloat("a", 0.5)).toBe("42.5");
      expect(await redis.getRange("a", 0, 1)).toBe("42");
      expect(await redis.getDel("b")).toBe("2");
      expect(await redis.lcs("a", "b")).toBe("");
    });

    test("works on bits", async () => {
      expect(await redis.setBit("bits", 7, 1)).toBe(0);
      expect(await redis.bitCount("bits")).toBe(1);
      expect(await redis.bitPos("bits", 1)).toBe(7);
      expect(await redis.bitField("bits", [{ operation: "INCRBY", encoding: "u8", offset: 0, increment: 5 }])).toEqual([
        6,
      ]);
    });

    test("stores hashes", async () => {
      expect(await redis.hSet("h", { a: "1", b: "2", c: "3" })).toBe(3);
      expect({ ...(await redis.hGetAll("h")) }).toEqual({ a: "1", b: "2", c: "3" });
      expect(await redis.hmGet("h", ["a", "zzz"])).toEqual(["1", null]);
      expect(await redis.hIncrBy("h", "a", 9)).toBe(10);
      expect(await redis.hIncrByFloat("h", "b", 0.5)).toBe("2.5");
      expect((await redis.hRandFieldCount("h", 10)).sort()).toEqual(["a", "b", "c"]);
      expect(await redis.hDel("h", ["b", "c"])).toBe(2);
    });

    test("pipelines what is sent in one tick", async () => {
      const sent = Array.from({ length: 2000 }, (_none, i) => redis.set(`k${i}`, String(i)));
      expect(new Set(await Promise.all(sent))).toEqual(new Set(["OK"]));
      const read = await Promise.all(Array.from({ length: 2000 }, (_none, i) => redis.get(`k${i}`)));
      expect(read).toEqual(Array.from({ length: 2000 }, (_none, i) => String(i)));
    });

    test("iterates over keys and fields", async () => {
      const names = Array.from({ length: 500 }, (_none, i) => `user:${i}`).sort();
      await redis.mSet(names.map((name) => [name, "v"] as [string, string]));
      const found: string[] = [];
      for await (const page of redis.scanIterator({ MATCH: "user:*", COUNT: 50 })) found.push(...page);
      expect(found.sort()).toEqual(names);
      await redis.hSet("h", Object.fromEntries(names.map((name) => [name, "v"])));
      const fields: string[] = [];
      for await (const page of redis.hScanIterator("h")) fields.push(...page.map((entry) => String(entry.field)));
      expect(fields.sort()).toEqual(names);
    });

    test("expires keys", async () => {
      await redis.set("k", "v");
      expect(await redis.pExpire("k", 10)).toBe(1);
      while ((await redis.exists("k")) === 1);
      expect(await redis.ttl("k")).toBe(-2);
    });

    test("publishes to channels, patterns and shard channels", async () => {
      const subscriber = await connect();
      const heard: string[] = [];
      const { promise: all, resolve } = Promise.withResolvers<void>();
      const listen = (kind: string) => (message: string, channel: string) => {
        heard.push(`${kind} ${channel} ${message}`);
        if (heard.length === 3) resolve();
      };
      await subscriber.subscribe("news", listen("plain"));
      await subscriber.pSubscribe("n*", listen("pattern"));
      await subscriber.sSubscribe("shard", listen("shard"));
      expect(await redis.publish("news", "hello")).toBe(2);
      expect(await redis.sPublish("shard", "psst")).toBe(1);
      await all;
      expect(heard.sort()).toEqual(["pattern news hello", "plain news hello", "shard shard psst"]);
      expect(await redis.pubSubChannels()).toEqual(["news"]);
      await subscriber.unsubscribe();
      await subscriber.pUnsubscribe();
      await subscriber.sUnsubscribe();
      expect(await redis.publish("news", "nobody")).toBe(0);
      await subscriber.close();
    });

    test("reads what the server says about itself", async () => {
      expect(await redis.ping()).toBe("PONG");
      expect(await redis.clientGetName()).toBe("worker");
      expect((await redis.clientInfo()).name).toBe("worker");
      expect(await redis.configGet("maxmemory-policy")).toMatchObject({ "maxmemory-policy": "noeviction" });
      expect(await redis.info("server")).toContain("redis_version:");
      expect((await redis.commandInfo(["get"]))[0]).toMatchObject({ name: "get", arity: 2 });
      expect(await redis.dbSize()).toBe(0);
    });

    test("gets errors as errors", async () => {
      await redis.set("k", "text");
      await expect(redis.incr("k")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(redis.sendCommand(["NOSUCH", "a"])).rejects.toThrow("ERR unknown command 'NOSUCH'");
    });
  });
}

describe("node-redis and a server that restarts", () => {
  for (const how of ["stop", "kill9"] as const) {
    test(`connects again after ${how} and finds its data`, async () => {
      const server = await DurableServer.start();
      const socket = { host: "127.0.0.1", port: server.port, ...QUICK_RETRY };
      const redis = await createClient({ socket })
        .on("error", () => {})
        .connect();
      const subscriber = await createClient({ socket })
        .on("error", () => {})
        .connect();
      const { promise: message, resolve } = Promise.withResolvers<string>();
      await subscriber.subscribe("c", resolve);
      await redis.set("k", "v", { expiration: { type: "EX", value: 1000 } });
      await redis.hSet("h", "f", "1");
      await server.restart(how);
      expect(await redis.get("k")).toBe("v");
      expect(await redis.ttl("k")).toBeGreaterThan(900);
      expect(await redis.hIncrBy("h", "f", 1)).toBe(2);
      while ((await redis.publish("c", "after")) === 0);
      expect(await message).toBe("after");
      redis.destroy();
      subscriber.destroy();
      await server.remove();
    });
  }
});
