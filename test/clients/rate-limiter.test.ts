// rate-limiter-flexible: its usual mode, which is scripts, and RateLimiterRedisNonAtomic, which needs none.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { RateLimiterRedis, RateLimiterRedisNonAtomic, RateLimiterRes } from "rate-limiter-flexible";
import { createClient } from "redis";
import { type Server, startOurs } from "../support/oracle.ts";

const DURATION_SECONDS = 1000;

describe("rate-limiter-flexible", () => {
  const connect = () => createClient({ socket: { host: "127.0.0.1", port: server.port } }).connect();
  let server: Server;
  let ioredis: Redis;
  let nodeRedis: Awaited<ReturnType<typeof connect>>;
  beforeAll(async () => {
    server = await startOurs();
    ioredis = new Redis({ port: server.port });
    nodeRedis = await connect();
  });
  beforeEach(() => ioredis.flushall());
  afterAll(async () => {
    await ioredis.quit();
    await nodeRedis.close();
    await server.stop();
  });

  for (const client of ["ioredis", "node-redis"] as const) {
    describe(`with ${client}`, () => {
      const storeOptions = () =>
        client === "ioredis" ? { storeClient: ioredis } : { storeClient: nodeRedis, useRedisPackage: true };

      test("refuses those who have consumed their points", async () => {
        const limiter = new RateLimiterRedisNonAtomic({ ...storeOptions(), points: 3, duration: DURATION_SECONDS });
        expect((await limiter.consume("ann")).remainingPoints).toBe(2);
        expect((await limiter.consume("ann", 2)).consumedPoints).toBe(3);
        const refusal: unknown = await limiter.consume("ann").catch((reason: unknown) => reason);
        expect(refusal).toBeInstanceOf(RateLimiterRes);
        expect((refusal as RateLimiterRes).msBeforeNext).toBeGreaterThan((DURATION_SECONDS - 10) * 1000);
        expect((await limiter.consume("bob")).isFirstInDuration).toBe(true);
        expect((await limiter.get("ann"))?.consumedPoints).toBe(4);
        expect(await limiter.get("nobody")).toBeNull();
      });

      test("punishes, rewards, blocks and forgives", async () => {
        const limiter = new RateLimiterRedisNonAtomic({ ...storeOptions(), points: 3, duration: DURATION_SECONDS });
        await limiter.penalty("ann", 2);
        expect((await limiter.reward("ann")).consumedPoints).toBe(1);
        await limiter.block("ann", DURATION_SECONDS);
        await expect(limiter.consume("ann")).rejects.toBeInstanceOf(RateLimiterRes);
        expect(await limiter.delete("ann")).toBe(true);
        expect((await limiter.consume("ann")).remainingPoints).toBe(2);
      });

      test("counts in a script what many consume at once", async () => {
        const limiter = new RateLimiterRedis({ ...storeOptions(), points: 5, duration: DURATION_SECONDS });
        const results = await Promise.allSettled(Array.from({ length: 20 }, () => limiter.consume("ann")));
        expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
        expect((await limiter.get("ann"))?.consumedPoints).toBe(20);
        expect((await limiter.penalty("bob", 2)).consumedPoints).toBe(2);
        expect((await limiter.reward("bob")).consumedPoints).toBe(1);
        expect(await limiter.delete("ann")).toBe(true);
        const first = await limiter.consume("ann");
        expect(first.isFirstInDuration).toBe(true);
        expect(first.msBeforeNext).toBeGreaterThan((DURATION_SECONDS - 10) * 1000);
      });

      test("counts points that are never given back", async () => {
        const limiter = new RateLimiterRedis({ ...storeOptions(), points: 2, duration: 0 });
        await Promise.all([limiter.consume("ann"), limiter.consume("ann")]);
        await expect(limiter.consume("ann")).rejects.toBeInstanceOf(RateLimiterRes);
        expect((await limiter.get("ann"))?.msBeforeNext).toBe(-1);
      });
    });
  }
});
