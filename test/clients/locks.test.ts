// redlock and redis-semaphore: locks whose every step is a script.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { MultiSemaphore, Mutex, RedlockMutex, Semaphore } from "redis-semaphore";
import Redlock, { type CompatibleRedisClient } from "redlock";
import { type Server, startOurs } from "../support/oracle.ts";

const FOREVER_MS = 1_000_000;
const SERVERS = 3;

describe("locks", () => {
  let servers: Server[];
  let clients: Redis[];
  beforeAll(async () => {
    servers = await Promise.all(Array.from({ length: SERVERS }, () => startOurs()));
    clients = servers.map(({ port }) => new Redis({ port }));
  });
  beforeEach(() => Promise.all(clients.map((client) => client.flushall())));
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.quit()));
    await Promise.all(servers.map((server) => server.stop()));
  });

  describe("of redlock", () => {
    // Its types describe clients of its time.
    const redlock = () => new Redlock(clients as unknown as CompatibleRedisClient[], { retryCount: 0 });
    /** Its promises are of another kind than the tests': these are the usual ones. */
    const lockAll = async (what: string | string[], ms: number) => await redlock().lock(what, ms);
    const inTurn = async (step: PromiseLike<unknown>) => void (await step);

    test("belong to one at a time", async () => {
      const lock = await lockAll("account", FOREVER_MS);
      await expect(lockAll("account", FOREVER_MS)).rejects.toThrow("attempts to lock the resource");
      expect(await clients[0]!.pttl("account")).toBeGreaterThan(FOREVER_MS / 2);
      await lock.unlock();
      const again = await lockAll(["account", "other"], FOREVER_MS);
      await again.unlock();
      for (const client of clients) expect(await client.dbsize()).toBe(0);
    });

    test("are extended by their owner only", async () => {
      const lock = await lockAll("account", 10_000);
      const extended = await lock.extend(FOREVER_MS);
      expect(await clients[1]!.pttl("account")).toBeGreaterThan(FOREVER_MS / 2);
      for (const client of clients) await client.set("account", "somebody else's");
      await expect(inTurn(extended.extend(FOREVER_MS))).rejects.toThrow();
      await expect(inTurn(extended.unlock())).rejects.toThrow();
      expect(await clients[2]!.get("account")).toBe("somebody else's");
    });

    test("need most of the servers", async () => {
      await clients[0]!.set("account", "taken");
      const lock = await lockAll("account", FOREVER_MS);
      await lock.unlock();
      await Promise.all(clients.map((client) => client.set("account", "taken")));
      await expect(lockAll("account", FOREVER_MS)).rejects.toThrow();
    });
  });

  describe("of redis-semaphore", () => {
    const options = { lockTimeout: FOREVER_MS, acquireAttemptsLimit: 1, refreshInterval: 0 };

    test("are held by one, or by as many as allowed", async () => {
      const [client] = clients as [Redis];
      const mutex = new Mutex(client, "m", options);
      expect(await mutex.tryAcquire()).toBe(true);
      expect(await new Mutex(client, "m", options).tryAcquire()).toBe(false);
      await mutex.release();
      const semaphores = Array.from({ length: 4 }, () => new Semaphore(client, "s", 3, options));
      const taken: boolean[] = [];
      for (const semaphore of semaphores) taken.push(await semaphore.tryAcquire());
      expect(taken).toEqual([true, true, true, false]);
      await semaphores[0]!.release();
      expect(await semaphores[3]!.tryAcquire()).toBe(true);
      const many = new MultiSemaphore(client, "n", 5, 3, options);
      expect(await many.tryAcquire()).toBe(true);
      expect(await new MultiSemaphore(client, "n", 5, 3, options).tryAcquire()).toBe(false);
      await many.release();
    });

    test("are kept alive, and lost when somebody takes them away", async () => {
      const [client] = clients as [Redis];
      const lost = Promise.withResolvers<Error>();
      const mutex = new Mutex(client, "m", { lockTimeout: FOREVER_MS, refreshInterval: 5, onLockLost: lost.resolve });
      await mutex.acquire();
      await client.set("mutex:m", "somebody else's");
      expect((await lost.promise).message).toContain("Lost mutex");
    });

    test("span several servers", async () => {
      const mutex = new RedlockMutex(clients, "r", options);
      expect(await mutex.tryAcquire()).toBe(true);
      expect(await new RedlockMutex(clients, "r", options).tryAcquire()).toBe(false);
      await mutex.release();
      for (const client of clients) expect(await client.dbsize()).toBe(0);
    });
  });
});
