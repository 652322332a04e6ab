/**
 * BullMQ against the servers under test, in a process of its own: one, so that its code is equally warm for all of them. Takes jobs over
 * the pipe from the main process, one at a time, and ends with it.
 */
import { Queue, Worker } from "bullmq";
import { nowNs } from "./now.ts";

/** What the main process asks for. */
export interface QueueJob {
  readonly port: number;
  readonly jobs: number;
}

/** Milliseconds: all jobs added, and then all of them done. */
export interface QueueResult {
  readonly addMs: number;
  readonly processMs: number;
}

/** Jobs that are added at a time. */
const UNDER_WAY = 50;
const WORKERS = 5;
/** BullMQ asks for stalled jobs and the like every 30 s: not in a measurement. */
const QUIET_MS = 600_000;

async function run({ port, jobs }: QueueJob): Promise<QueueResult> {
  const connection = { host: "127.0.0.1", port };
  const queue = new Queue<number>("bench", { connection });
  await queue.waitUntilReady();
  const startedNs = nowNs();
  for (let i = 0; i < jobs; i += UNDER_WAY) {
    await Promise.all(Array.from({ length: UNDER_WAY }, (_, k) => queue.add("double", i + k)));
  }
  const addedNs = nowNs();
  const workers = await processAll(connection, jobs);
  const doneNs = nowNs();
  const counts = await queue.getJobCounts("completed", "failed");
  await Promise.all(workers.map((worker) => worker.close()));
  await queue.close();
  if (counts["completed"] !== jobs) throw new Error(`BullMQ has ${JSON.stringify(counts)} of ${jobs} jobs`);
  return { addMs: (addedNs - startedNs) / 1e6, processMs: (doneNs - addedNs) / 1e6 };
}

/** Starts workers and waits until the server has been told that each job is done. */
async function processAll(connection: { host: string; port: number }, jobs: number): Promise<Worker[]> {
  const all = Promise.withResolvers<void>();
  let done = 0;
  const completed = () => {
    if (++done === jobs) all.resolve();
  };
  const options = { connection, stalledInterval: QUIET_MS, lockDuration: QUIET_MS };
  const workers = Array.from({ length: WORKERS }, () => {
    const worker = new Worker<number>("bench", async (job) => job.data * 2, options);
    worker.on("completed", completed);
    worker.on("error", all.reject);
    return worker;
  });
  await all.promise;
  return workers;
}

process.on("message", (job: QueueJob) => {
  run(job).then(
    (value) => process.send!({ ok: true, value }),
    (error: unknown) => process.send!({ ok: false, reason: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
