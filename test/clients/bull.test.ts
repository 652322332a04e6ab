// Bull 4 and bee-queue: older queues, whose scripts are older too.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import BeeQueue from "bee-queue";
import Bull from "bull";
import { Redis } from "ioredis";
import { type Server, startOurs } from "../support/oracle.ts";

const FOREVER_MS = 1_000_000;
let server: Server;

beforeAll(async () => {
  server = await startOurs();
});
beforeEach(async () => {
  const redis = new Redis({ port: server.port });
  await redis.flushall();
  await redis.quit();
});
afterAll(() => server.stop());

describe("Bull", () => {
  async function withQueue(body: (queue: Bull.Queue) => Promise<void>, options: Bull.QueueOptions = {}): Promise<void> {
    const queue = new Bull("letters", { redis: { host: "127.0.0.1", port: server.port }, ...options });
    await queue.isReady();
    try {
      await body(queue);
    } finally {
      await queue.close(true);
    }
  }

  function completed(queue: Bull.Queue, count: number): Promise<string[]> {
    const all = Promise.withResolvers<string[]>();
    const names: string[] = [];
    queue.on("completed", (job: Bull.Job) => {
      if (names.push(job.name === "__default__" ? String(job.data) : job.name) === count) all.resolve(names);
    });
    queue.on("error", all.reject);
    return all.promise;
  }

  test("processes jobs and keeps what they return", () =>
    withQueue(async (queue) => {
      const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ data: n + 1 })));
      const all = completed(queue, 50);
      void queue.process(5, async ({ data }) => data * 2);
      await all;
      expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 50, failed: 0, waiting: 0 });
      const results = await Promise.all(jobs.map(({ id }) => queue.getJob(id)));
      expect(results.map((job) => job!.returnvalue)).toEqual(results.map((job) => job!.data * 2));
    }));

  test("takes jobs by priority, the delayed when they are due, and the last first if asked to", () =>
    withQueue(async (queue) => {
      await queue.pause();
      await queue.add("low", {}, { priority: 9 });
      await queue.add("high", {}, { priority: 1 });
      const late = await queue.add("late", {}, { delay: FOREVER_MS });
      await queue.add("soon", {}, { delay: 1 });
      await queue.add("last", {}, { lifo: true });
      const all = completed(queue, 4);
      void queue.process("*", async () => {});
      await queue.resume();
      const names = await all;
      expect(names.filter((name) => name !== "soon")).toEqual(["last", "high", "low"]);
      expect(await late.getState()).toBe("delayed");
      await late.remove();
      expect(await queue.getDelayedCount()).toBe(0);
    }));

  test("tries a failing job again and tells why it failed", () =>
    withQueue(async (queue) => {
      const job = await queue.add({}, { attempts: 3, backoff: 1 });
      void queue.process(({ attemptsMade }) => Promise.reject(new Error(`attempt ${attemptsMade}`)));
      await expect(job.finished()).rejects.toThrow("attempt");
      const failed = (await queue.getJob(job.id))!;
      expect([failed.attemptsMade, failed.failedReason]).toEqual([3, "attempt 2"]);
      await failed.retry();
    }));

  test("stops at the limit of a rate, and repeats what is to be repeated", () =>
    withQueue(
      async (queue) => {
        await queue.add("again", {}, { repeat: { every: FOREVER_MS } });
        expect((await queue.getRepeatableJobs()).map(({ every }) => every)).toEqual([FOREVER_MS]);
        await queue.removeRepeatable("again", { every: FOREVER_MS });
        const all = completed(queue, 2);
        await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ data: n + 1 })));
        void queue.process(async () => {});
        expect(await all).toEqual(["1", "2"]);
      },
      { limiter: { max: 2, duration: FOREVER_MS } },
    ));

  test("gives a job whose worker died to another", () =>
    withQueue(
      async (queue) => {
        const job = await queue.add({});
        await queue.getNextJob();
        expect(await queue.getActiveCount()).toBe(1);
        const redis = new Redis({ port: server.port });
        await redis.del(`bull:letters:${job.id}:lock`);
        const stalled = new Promise((resolve) => queue.on("stalled", resolve));
        const all = completed(queue, 1);
        void queue.process(async () => {});
        await Promise.all([stalled, all]);
        await redis.quit();
      },
      { settings: { stalledInterval: 20 } },
    ));
});

describe("bee-queue", () => {
  test("saves, delays, retries and completes jobs", async () => {
    const queue = new BeeQueue<number>("letters", {
      redis: { host: "127.0.0.1", port: server.port },
      activateDelayedJobs: true,
      removeOnSuccess: false,
    });
    await queue.ready();
    const all = Promise.withResolvers<void>();
    let done = 0;
    queue.on("succeeded", () => ++done === 21 && all.resolve());
    const failures: string[] = [];
    queue.on("retrying", (job, error) => failures.push(`${job.data}: ${error.message}`));
    queue.process(4, async ({ data }) => {
      if (data === 13 && failures.length === 0) throw new Error("unlucky");
      return data * 2;
    });
    await queue.saveAll(Array.from({ length: 20 }, (_, n) => queue.createJob(n).retries(2)));
    await queue
      .createJob(100)
      .delayUntil(Date.now() + 20)
      .save();
    await all.promise;
    expect(failures).toEqual(["13: unlucky"]);
    expect(await queue.checkHealth()).toMatchObject({ waiting: 0, active: 0, succeeded: 21, failed: 0, delayed: 0 });
    await queue.close();
  });

  test("gives a job whose worker died to another", async () => {
    const settings = { redis: { host: "127.0.0.1", port: server.port }, stallInterval: 20 };
    const dead = new BeeQueue<number>("letters", settings);
    await dead.ready();
    const taken = new Promise<void>((resolve) => {
      dead.process(() => {
        resolve();
        return new Promise(() => {});
      });
    });
    await dead.createJob(1).save();
    await taken;
    await dead.close(1).catch(() => {});
    const other = new BeeQueue<number>("letters", settings);
    const succeeded = new Promise<number>((resolve) => other.on("succeeded", (job) => resolve(job.data)));
    other.process(async () => {});
    const stalledOnce = async (): Promise<void> => {
      while ((await other.checkStalledJobs()) === 0 && (await other.checkHealth()).active > 0);
    };
    await stalledOnce();
    expect(await succeeded).toBe(1);
    await other.close();
  });
});
