// Bun's client speaks RESP3 only (HELLO 3 on connect).
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { type Server, startOurs } from "../support/oracle.ts";
import { DurableServer } from "./durable.ts";

describe("Bun's RedisClient", () => {
  let server: Server;
  let redis: RedisClient;
  const connect = (): RedisClient => new RedisClient(`redis://127.0.0.1:${server.port}`);
  beforeAll(async () => {
    server = await startOurs();
    redis = connect();
  });
  beforeEach(() => redis.send("FLUSHALL", []));
  afterAll(async () => {
    redis.close();
    await server.stop();
  });

  test("stores strings", async () => {
    expect(await redis.set("k", "v")).toBe("OK");
    expect(await redis.get("k")).toBe("v");
    expect(await redis.get("missing")).toBeNull();
    expect(await redis.set("k", "w", "EX", 1000)).toBe("OK");
    expect(await redis.ttl("k")).toBeGreaterThan(990);
    expect(await redis.incr("n")).toBe(1);
    expect(await redis.incrby("n", 9)).toBe(10);
    expect(await redis.mget("k", "missing", "n")).toEqual(["w", null, "10"]);
    expect(await redis.exists("k")).toBe(true);
    expect(await redis.del("k")).toBe(1);
  });

  test("keeps binary values as they are", async () => {
    const value = Uint8Array.from({ length: 70_000 }, (_none, i) => i);
    await redis.set("k", value);
    expect(Buffer.compare((await redis.getBuffer("k"))!, value)).toBe(0);
  });

  test("stores hashes and gets maps as objects", async () => {
    await redis.send("HSET", ["h", "a", "1", "b", "2"]);
    expect({ ...(await redis.send("HGETALL", ["h"])) }).toEqual({ a: "1", b: "2" });
    expect(await redis.hmget("h", ["a", "zzz"])).toEqual(["1", null]);
    expect(await redis.hincrby("h", "a", 9)).toBe(10);
  });

  test("sends what is asked in one tick as a pipeline", async () => {
    const counts = await Promise.all(Array.from({ length: 3000 }, () => redis.incr("n")));
    expect(counts).toEqual(Array.from({ length: 3000 }, (_none, i) => i + 1));
  });

  test("iterates with SCAN", async () => {
    const names = Array.from({ length: 300 }, (_none, i) => `user:${i}`).sort();
    await redis.send(
      "MSET",
      names.flatMap((name) => [name, "v"]),
    );
    const found: string[] = [];
    let cursor = "0";
    do {
      const [next, page] = (await redis.send("SCAN", [cursor, "MATCH", "user:*"])) as [string, string[]];
      cursor = next;
      found.push(...page);
    } while (cursor !== "0");
    expect(found.sort()).toEqual(names);
  });

  test("receives messages", async () => {
    const subscriber = connect();
    const { promise, resolve } = Promise.withResolvers<string[]>();
    await subscriber.subscribe("news", (message, channel) => resolve([channel, message]));
    expect(await redis.publish("news", "hello")).toBe(1);
    expect(await promise).toEqual(["news", "hello"]);
    await subscriber.unsubscribe("news");
    expect(await redis.publish("news", "nobody")).toBe(0);
    subscriber.close();
  });

  test("gets errors as errors", async () => {
    await redis.set("k", "text");
    await expect(redis.incr("k")).rejects.toThrow("value is not an integer or out of range");
  });

  test("connects again after a restart and finds its data", async () => {
    const durable = await DurableServer.start();
    const client = new RedisClient(`redis://127.0.0.1:${durable.port}`);
    await client.set("k", "v");
    await durable.restart("stop");
    const again = new RedisClient(`redis://127.0.0.1:${durable.port}`);
    expect(await again.get("k")).toBe("v");
    expect(await client.get("k")).toBe("v");
    client.close();
    again.close();
    await durable.remove();
  });
});
