import { expect, test } from "bun:test";
import { Background } from "../src/background.ts";
import { WaitingClients } from "../src/command/waiting.ts";
import { ManualClock } from "../src/lib/clock.ts";
import { BACKGROUND_US_MAX, BACKGROUND_US_MIN } from "../src/limits.ts";
import type { BackgroundJob, Budget } from "../src/observe/job.ts";
import { LatencyMonitor } from "../src/observe/latency.ts";
import { ServerStats } from "../src/observe/stats.ts";

/** Work of so many steps, each of which takes 10 us. */
class Steps implements BackgroundJob {
  readonly delay = "test-cycle";
  readonly nextMs = Number.POSITIVE_INFINITY;
  readonly budgets: number[] = [];

  constructor(
    readonly name: string,
    readonly weight: number,
    private readonly clock: ManualClock,
    public left: number,
  ) {}

  isDue(): boolean {
    return this.left > 0;
  }

  run(budget: Budget): boolean {
    this.budgets.push(Math.round(budget.us));
    while (this.left > 0 && !budget.isSpent()) {
      this.left--;
      this.clock.advance(0.01);
    }
    return this.left === 0;
  }
}

function rig() {
  const clock = new ManualClock(0);
  const stats = new ServerStats();
  const latency = new LatencyMonitor();
  let woken = 0;
  const background = new Background(new WaitingClients(), clock, stats, latency, () => woken++);
  const poll = (requests: number, ms: number) => {
    const startUs = clock.monotonicUs();
    stats.commandsProcessed += requests;
    clock.advance(ms);
    background.run(startUs, clock.unixMs());
  };
  return { clock, stats, latency, background, poll, woken: () => woken };
}

test("jobs that are due share a poll's budget by their weights, and the others get nothing", () => {
  const { clock, background, poll } = rig();
  const jobs = [new Steps("a", 1, clock, 1000), new Steps("b", 3, clock, 1000), new Steps("c", 4, clock, 0)];
  for (const job of jobs) background.add(job);
  poll(1, 1);
  expect(jobs.map(({ budgets }) => budgets)).toEqual([[125], [375], []]);
});

test("the budget follows the time that requests take, within bounds, and is the largest when there are none", () => {
  const { clock, background, poll } = rig();
  const job = new Steps("a", 1, clock, 10_000);
  background.add(job);
  for (const ms of [0.01, 1, 100]) poll(1, ms);
  poll(0, 0.01);
  expect(job.budgets).toEqual([BACKGROUND_US_MIN, 500, BACKGROUND_US_MAX, BACKGROUND_US_MAX]);
});

test("a job that throws does not have the others run twice at the next poll", () => {
  const { clock, background, poll } = rig();
  const [bad, good] = [new Steps("bad", 1, clock, 1), new Steps("good", 1, clock, 10_000)];
  background.add(good);
  background.add(bad);
  bad.run = () => {
    throw new Error("a bug");
  };
  expect(() => poll(1, 1)).toThrow("a bug");
  bad.left = 0;
  poll(1, 1);
  expect(good.budgets).toEqual([250, 500]);
});

test("a poll follows at once until all is done", () => {
  const { clock, background, poll, woken } = rig();
  background.add(new Steps("a", 1, clock, 150));
  poll(0, 0);
  expect(woken()).toBe(1);
  poll(0, 0);
  expect(woken()).toBe(1);
});

test("slices, and those that were cut off, are counted with their time, and long ones are remembered", () => {
  const { clock, stats, latency, background, poll } = rig();
  latency.thresholdMs = 1;
  background.add(new Steps("a", 1, clock, 150));
  for (let i = 0; i < 3; i++) poll(0, 0);
  const { slices, cut, totalUs, maxUs } = stats.loop.jobs.get("a")!;
  expect([slices, cut, Math.round(totalUs), Math.round(maxUs)]).toEqual([2, 1, 1500, 1000]);
  expect(latency.get("test-cycle")?.maxMs).toBe(1);
  expect(stats.loop.turns).toBe(3);
});
