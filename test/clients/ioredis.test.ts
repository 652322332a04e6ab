import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type Server, startOurs } from "../support/oracle.ts";
import { DurableServer } from "./durable.ts";

const QUICK_RETRY = { retryStrategy: () => 20, maxRetriesPerRequest: null };

function nextEvent(client: Redis, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args) => resolve(args)));
}

for (const protocol of [2, 3] as const) {
  describe(`ioredis over RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    const connect = (): Redis => new Redis({ port: server.port, protocol, connectionName: "worker" });
    beforeAll(async () => {
      server = await startOurs();
      redis = connect();
    });
    beforeEach(() => redis.flushall());
    afterAll(async () => {
      await redis.quit();
      await server.stop();
    });

    test("stores strings with all kinds of options", async () => {
      expect(await redis.set("k", "v", "EX", 1000, "NX")).toBe("OK");
      expect(await redis.set("k", "w", "NX")).toBeNull();
      expect(await redis.get("k")).toBe("v");
      expect(await redis.ttl("k")).toBeGreaterThan(990);
      expect(await redis.getex("k", "PERSIST")).toBe("v");
      expect(await redis.ttl("k")).toBe(-1);
      expect(await redis.mset({ a: "1", b: "2" })).toBe("OK");
      expect(await redis.mget("a", "missing", "b")).toEqual(["1", null, "2"]);
      expect(await redis.incrby("a", 41)).toBe(42);
      expect(await redis.incrbyfloat("a", 0.5)).toBe("42.5");
      expect(await redis.append("b", "22")).toBe(3);
      expect(await redis.setrange("b", 1, "xx")).toBe(3);
      expect(await redis.getdel("b")).toBe("2xx");
      expect(await redis.exists("b")).toBe(0);
    });

    test("keeps binary keys and values as they are", async () => {
      const key = Buffer.from([0, 255, 13, 10]);
      const value = Buffer.from(Array.from({ length: 256 }, (_none, i) => i));
      await redis.set(key, value);
      expect(await redis.getBuffer(key)).toEqual(value);
      const big = Buffer.alloc(5_000_000, "abc");
      await redis.set("big", big);
      expect(await redis.getBuffer("big")).toEqual(big);
    });

    test("stores hashes", async () => {
      expect(await redis.hset("h", { a: "1", b: "2", c: "3" })).toBe(3);
      expect(await redis.hgetall("h")).toEqual({ a: "1", b: "2", c: "3" });
      expect(await redis.hmget("h", "a", "zzz")).toEqual(["1", null]);
      expect(await redis.hincrby("h", "a", 9)).toBe(10);
      expect(await redis.hdel("h", "b", "c")).toBe(2);
      expect(await redis.hgetall("missing")).toEqual({});
    });

    test("runs pipelines in order, with errors in their places", async () => {
      const results = await redis.pipeline().set("k", "1").hget("k", "f").incr("k").get("k").exec();
      expect(results![0]).toEqual([null, "OK"]);
      expect(results![1]![0]?.message).toContain("WRONGTYPE");
      expect(results!.slice(2)).toEqual([
        [null, 2],
        [null, "2"],
      ]);
      const pipeline = redis.pipeline();
      for (let i = 0; i < 5000; i++) pipeline.incr("counter");
      const all = await pipeline.exec();
      expect(all!.at(-1)).toEqual([null, 5000]);
    });

    test("iterates with scan streams", async () => {
      const names = Array.from({ length: 500 }, (_none, i) => `user:${i}`).sort();
      await redis.mset(...names.flatMap((name) => [name, "v"]), "other", "x");
      const found: string[] = [];
      for await (const page of redis.scanStream({ match: "user:*", count: 50 })) found.push(...page);
      expect(found.sort()).toEqual(names);
      await redis.hset("h", ...names.flatMap((name) => [name, "v"]));
      let fields = 0;
      for await (const page of redis.hscanStream("h")) fields += page.length / 2;
      expect(fields).toBe(500);
    });

    test("expires keys", async () => {
      await redis.set("k", "v", "PX", 10);
      while ((await redis.exists("k")) === 1);
      expect(await redis.get("k")).toBeNull();
      expect(await redis.pttl("k")).toBe(-2);
    });

    test("publishes to channels, patterns and shard channels", async () => {
      const subscriber = connect();
      const message = nextEvent(subscriber, "message");
      const patterned = nextEvent(subscriber, "pmessage");
      const sharded = nextEvent(subscriber, "smessage");
      expect(await subscriber.subscribe("news", "weather")).toBe(2);
      expect(await subscriber.psubscribe("n*")).toBe(3);
      await subscriber.ssubscribe("shard");
      expect(await redis.publish("news", "hello")).toBe(2);
      expect(await redis.spublish("shard", "psst")).toBe(1);
      expect(await message).toEqual(["news", "hello"]);
      expect(await patterned).toEqual(["n*", "news", "hello"]);
      expect(await sharded).toEqual(["shard", "psst"]);
      expect(await redis.pubsub("NUMSUB", "news", "weather")).toEqual(["news", 1, "weather", 1]);
      // With names: ioredis waits for ever when one kind is emptied without names while another is left.
      await subscriber.unsubscribe("news", "weather");
      await subscriber.punsubscribe("n*");
      await subscriber.sunsubscribe("shard");
      expect(await redis.publish("news", "nobody")).toBe(0);
      expect(await subscriber.get("k")).toBeNull();
      await subscriber.quit();
    });

    test("names its connection and sees itself", async () => {
      expect(await redis.client("GETNAME")).toBe("worker");
      expect(await redis.client("LIST")).toContain("name=worker");
      expect(await redis.call("ECHO", "hi")).toBe("hi");
    });

    test("gets errors as errors", async () => {
      await redis.set("k", "text");
      await expect(redis.incr("k")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(redis.call("NOSUCH", "a")).rejects.toThrow(
        "ERR unknown command 'NOSUCH', with args beginning with: 'a'",
      );
    });
  });
}

describe("ioredis and a server that restarts", () => {
  for (const how of ["stop", "kill9"] as const) {
    test(`connects again after ${how} and finds its data`, async () => {
      const server = await DurableServer.start();
      const redis = new Redis({ port: server.port, ...QUICK_RETRY });
      const subscriber = new Redis({ port: server.port, ...QUICK_RETRY });
      for (const client of [redis, subscriber]) client.on("error", () => {});
      await redis.set("k", "v");
      await redis.hset("h", "f", "1");
      await redis.set("volatile", "v", "EX", 1000);
      await subscriber.subscribe("c");
      const again = nextEvent(subscriber, "ready");
      await server.restart(how);
      expect(await redis.get("k")).toBe("v");
      expect(await redis.hincrby("h", "f", 1)).toBe(2);
      expect(await redis.ttl("volatile")).toBeGreaterThan(900);
      await again;
      const message = nextEvent(subscriber, "message");
      while ((await redis.publish("c", "after")) === 0);
      expect(await message).toEqual(["c", "after"]);
      redis.disconnect();
      subscriber.disconnect();
      await server.remove();
    });
  }
});
