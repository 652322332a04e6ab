// BullMQ: every step of a job is a script of its own, with cmsgpack, cjson, streams, sorted sets and markers that workers wait for.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { FlowProducer, type Job, type Processor, Queue, QueueEvents, Worker, type WorkerOptions } from "bullmq";
import { Redis } from "ioredis";
import { type Server, startOurs } from "../support/oracle.ts";
import { DurableServer } from "./durable.ts";

const QUEUE = "letters";
const FOREVER_MS = 1_000_000;

describe("BullMQ", () => {
  let server: Server;
  let queue: Queue;
  let ended: { close(): Promise<unknown> }[] = [];
  const connection = () => ({ host: "127.0.0.1", port: server.port });

  function work(processor: Processor, options: Partial<WorkerOptions> = {}, name = QUEUE): Worker {
    const worker = new Worker(name, processor, { connection: connection(), ...options });
    ended.push(worker);
    return worker;
  }

  /** Resolves with the ids of jobs in the order in which so many of them were completed. */
  function completed(worker: Worker, count: number): Promise<Job[]> {
    const all = Promise.withResolvers<Job[]>();
    const jobs: Job[] = [];
    worker.on("completed", (job) => {
      if (jobs.push(job) === count) all.resolve(jobs);
    });
    worker.on("error", all.reject);
    return all.promise;
  }

  beforeAll(async () => {
    server = await startOurs();
  });
  beforeEach(async () => {
    const redis = new Redis({ port: server.port });
    await redis.flushall();
    await redis.quit();
    queue = new Queue(QUEUE, { connection: connection() });
  });
  afterEach(async () => {
    await Promise.all(ended.map((one) => one.close()));
    ended = [];
    await queue.close();
  });
  afterAll(() => server.stop());

  test("gives each job to one worker, and keeps what it returns", async () => {
    await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: "square", data: { n } })));
    const seen: number[] = [];
    const workers = Array.from({ length: 3 }, () =>
      work(async ({ data }) => {
        seen.push(data.n);
        return data.n ** 2;
      }),
    );
    const all = Promise.withResolvers<void>();
    let done = 0;
    for (const worker of workers) worker.on("completed", () => ++done === 100 && all.resolve());
    await all.promise;
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(await queue.getJobCounts("completed", "failed", "active", "wait")).toEqual({
      completed: 100,
      failed: 0,
      active: 0,
      wait: 0,
    });
    for (const job of await queue.getCompleted()) expect(job.returnvalue).toBe(job.data.n ** 2);
  });

  test("tells of progress, logs and results in a stream of events", async () => {
    const events = new QueueEvents(QUEUE, { connection: connection() });
    ended.push(events);
    await events.waitUntilReady();
    const progress = new Promise<unknown>((resolve) => events.on("progress", ({ data }) => resolve(data)));
    const job = await queue.add("slow", { text: "caf\u00e9 \u0000 \u{1f600}" });
    work(async (one) => {
      await one.updateProgress({ percent: 50 });
      await one.log("half-way");
      return one.data.text;
    });
    expect(await job.waitUntilFinished(events)).toBe("caf\u00e9 \u0000 \u{1f600}");
    expect(await progress).toEqual({ percent: 50 });
    expect(await queue.getJobLogs(job.id!)).toEqual({ logs: ["half-way"], count: 1 });
    expect(await job.getState()).toBe("completed");
  });

  test("tries failing jobs again, and gives up", async () => {
    await queue.add("flaky", {}, { attempts: 3, backoff: { type: "exponential", delay: 1 }, jobId: "flaky" });
    await queue.add("hopeless", {}, { attempts: 2, jobId: "hopeless" });
    const failed = Promise.withResolvers<Job>();
    const worker = work(async (job) => {
      if (job.name === "hopeless" || job.attemptsMade < 2) throw new Error(`${job.name} ${job.attemptsMade}`);
      return "at last";
    });
    worker.on("failed", (job) => job?.name === "hopeless" && job.attemptsMade === 2 && failed.resolve(job));
    const [flaky] = await completed(worker, 1);
    expect([flaky!.returnvalue, flaky!.attemptsMade]).toEqual(["at last", 3]);
    expect((await failed.promise).failedReason).toBe("hopeless 1");
    expect(await queue.getFailedCount()).toBe(1);
    await (await queue.getJob("hopeless"))!.retry();
    expect(await queue.getFailedCount()).toBe(0);
  });

  test("runs delayed jobs in the order of their times, and not those of a later day", async () => {
    const timestamp = Date.now();
    await queue.add("third", {}, { timestamp, delay: 30 });
    await queue.add("first", {}, { timestamp, delay: 10 });
    await queue.add("second", {}, { timestamp, delay: 20 });
    const late = await queue.add("much later", {}, { delay: FOREVER_MS });
    expect(await queue.getDelayedCount()).toBe(4);
    const jobs = await completed(
      work(async () => {}),
      3,
    );
    expect(jobs.map(({ name }) => name)).toEqual(["first", "second", "third"]);
    expect(await late.getState()).toBe("delayed");
    await late.promote();
    expect(["waiting", "active", "completed"]).toContain(await late.getState());
  });

  test("prefers jobs by priority, and takes those of one priority in turn", async () => {
    for (const [name, priority] of [
      ["low", 10],
      ["high 1", 1],
      ["middle", 5],
      ["high 2", 1],
    ] as const) {
      await queue.add(name, {}, { priority });
    }
    await queue.add("before all", {});
    expect(await queue.getCountsPerPriority([0, 1, 5, 10])).toEqual({ "0": 1, "1": 2, "5": 1, "10": 1 });
    const jobs = await completed(
      work(async () => {}),
      5,
    );
    expect(jobs.map(({ name }) => name)).toEqual(["before all", "high 1", "high 2", "middle", "low"]);
  });

  test("takes the last first, refuses the same id twice, and is paused and drained", async () => {
    await queue.pause();
    for (const id of ["a", "b", "c"]) await queue.add(id, {}, { jobId: id, lifo: true });
    await queue.add("again", {}, { jobId: "a" });
    expect([await queue.isPaused(), await queue.getWaitingCount()]).toEqual([true, 3]);
    const worker = work(async () => {});
    const all = completed(worker, 3);
    await queue.resume();
    expect((await all).map(({ name }) => name)).toEqual(["c", "b", "a"]);
    await queue.pause();
    await queue.add("never", {});
    await queue.drain();
    await queue.clean(0, 100, "completed");
    expect(await queue.getJobCounts("completed", "wait")).toEqual({ completed: 0, wait: 0 });
    await queue.obliterate({ force: true });
  });

  test("repeats jobs of a scheduler until it is removed", async () => {
    await queue.upsertJobScheduler("tick", { every: 20 }, { name: "tick", data: { n: 1 } });
    await queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *" }, { name: "nightly" });
    const jobs = await completed(
      work(async () => {}),
      3,
    );
    expect(jobs.map(({ name }) => name)).toEqual(["tick", "tick", "tick"]);
    expect((await queue.getJobSchedulers()).map(({ key }) => key).sort()).toEqual(["nightly", "tick"]);
    expect(await queue.removeJobScheduler("tick")).toBe(true);
    expect(await queue.removeJobScheduler("tick")).toBe(false);
    expect(await queue.getDelayedCount()).toBeGreaterThanOrEqual(1);
  });

  test("runs a parent after all of its children, with what they returned", async () => {
    const flows = new FlowProducer({ connection: connection() });
    ended.push(flows);
    const child = (n: number) => ({ name: "child", queueName: "parts", data: { n } });
    const tree = await flows.add({
      name: "root",
      queueName: QUEUE,
      children: [{ name: "inner", queueName: "parts", data: { n: 100 }, children: [child(1), child(2)] }, child(3)],
    });
    expect(await tree.job.getState()).toBe("waiting-children");
    const sum = async (job: Job): Promise<number> =>
      Object.values(await job.getChildrenValues<number>()).reduce((total, n) => total + n, job.data.n ?? 0);
    work(sum, {}, "parts");
    const [root] = await completed(work(sum), 1);
    expect(root!.returnvalue).toBe(106);
    expect((await tree.job.getDependencies()).unprocessed).toEqual([]);
  });

  test("fails a parent when a child fails that must not", async () => {
    const flows = new FlowProducer({ connection: connection() });
    ended.push(flows);
    const { job } = await flows.add({
      name: "root",
      queueName: QUEUE,
      children: [{ name: "child", queueName: "parts", opts: { failParentOnFailure: true } }],
    });
    const parents = work(async () => {});
    const failed = new Promise<string>((resolve) => parents.on("failed", (_job, error) => resolve(error.message)));
    work(() => Promise.reject(new Error("no")), {}, "parts");
    expect(await failed).toContain("failed");
    expect(await job.getState()).toBe("failed");
  });

  test("stops at the limit of a rate until it is lifted", async () => {
    const limiter = { max: 3, duration: FOREVER_MS };
    const worker = work(async () => {}, { limiter });
    const first = completed(worker, 3);
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: "x", data: {} })));
    await first;
    expect(await queue.getRateLimitTtl(3)).toBeGreaterThan(FOREVER_MS / 2);
    expect(await queue.getJobCounts("completed", "wait")).toEqual({ completed: 3, wait: 2 });
    await worker.close(true);
    await queue.removeRateLimitKey();
    const rest = await completed(
      work(async () => {}, { limiter }),
      2,
    );
    expect(rest).toHaveLength(2);
  });

  test("gives the job of a worker that died to another", async () => {
    const settings = { lockDuration: 50, stalledInterval: 20 };
    const taken = Promise.withResolvers<void>();
    const dead = work(
      () => {
        taken.resolve();
        return new Promise(() => {});
      },
      { ...settings, skipLockRenewal: true, skipStalledCheck: true },
    );
    await queue.add("orphan", {});
    await taken.promise;
    const other = work(async () => "done", settings);
    const stalled = new Promise<string>((resolve) => other.on("stalled", resolve));
    const [job] = await completed(other, 1);
    expect(await stalled).toBe(job!.id!);
    expect(job!.returnvalue).toBe("done");
    await dead.close(true);
  });

  test("remembers ids for a while, and replaces a delayed job by a newer one", async () => {
    const first = await queue.add("x", { v: 1 }, { deduplication: { id: "same", ttl: FOREVER_MS } });
    const second = await queue.add("x", { v: 2 }, { deduplication: { id: "same", ttl: FOREVER_MS } });
    expect(second.id).toBe(first.id!);
    const replace = { id: "last", ttl: FOREVER_MS, extend: true, replace: true };
    await queue.add("y", { v: 1 }, { deduplication: replace, delay: FOREVER_MS });
    await queue.add("y", { v: 2 }, { deduplication: replace, delay: FOREVER_MS });
    const delayed = await queue.getDelayed();
    expect(delayed.map(({ data }) => data)).toEqual([{ v: 2 }]);
  });
});

describe("BullMQ, while the server is killed with SIGKILL and started again,", () => {
  const JOBS = 10_000;
  const WORKERS = 5;
  const UNDER_WAY = 500;

  test("completes each of 10,000 jobs once", async () => {
    const durable = await DurableServer.start();
    const connection = { host: "127.0.0.1", port: durable.port, retryStrategy: () => 20 };
    const queue = new Queue(QUEUE, { connection });
    queue.on("error", () => {});
    for (let i = 0; i < JOBS; i += UNDER_WAY) {
      const some = Array.from({ length: UNDER_WAY }, (_, k) => ({
        name: "n",
        data: i + k,
        opts: { jobId: `n${i + k}` },
      }));
      await queue.addBulk(some);
    }
    const done = new Set<string>();
    const half = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    const options = { connection, concurrency: 4, lockDuration: 2000, stalledInterval: 1000, maxStalledCount: 5 };
    const workers = Array.from({ length: WORKERS }, () => {
      const worker = new Worker<number>(QUEUE, async ({ data }) => data * 2, options);
      worker.on("error", () => {});
      worker.on("failed", (job, error) => all.reject(new Error(`${job?.id} failed: ${error.message}`)));
      worker.on("completed", ({ id }) => {
        done.add(id!);
        if (done.size === JOBS / 2) half.resolve();
      });
      return worker;
    });
    await half.promise;
    await durable.restart("kill9");
    // A job whose completion was saved but not told is never told: the queue itself is asked. A worker says that there is nothing left while
    // others, or its own other jobs, are still at it, and then no more: so it is asked after the last jobs, too.
    for (const worker of workers) {
      worker.on("drained", () => void check());
      worker.on("completed", () => {
        if (done.size >= JOBS - UNDER_WAY) void check();
      });
    }
    async function check(): Promise<void> {
      const counts = await queue.getJobCounts("completed", "active", "wait", "failed");
      if (counts["completed"] === JOBS || counts["failed"]! > 0) all.resolve();
    }
    await all.promise;
    expect(await queue.getJobCounts("completed", "active", "wait", "delayed", "failed", "prioritized")).toEqual({
      completed: JOBS,
      active: 0,
      wait: 0,
      delayed: 0,
      failed: 0,
      prioritized: 0,
    });
    const finished = await queue.getCompleted(0, -1);
    expect(new Set(finished.map(({ id }) => id)).size).toBe(JOBS);
    for (const { data, returnvalue } of finished)
      if (returnvalue !== data * 2) throw new Error(`${data}: ${returnvalue}`);
    await Promise.all(workers.map((worker) => worker.close()));
    await queue.close();
    await durable.remove();
  }, 300_000);
});
