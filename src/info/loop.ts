import type { Histogram } from "../lib/histogram.ts";
import type { JobFigures } from "../observe/job.ts";
import type { Fields, Section } from "./section.ts";

/** How the event loop fares, and what is done in it beside requests: a section that Redis does not have. Durations are microseconds. */
export const loop: Section = {
  name: "eventloop",
  title: "Eventloop",
  fields({ stats }) {
    const { turnLengths, turnUsMax, lags, lagUsMax, budgetUs, jobs } = stats.loop;
    const fields: Fields = {
      eventloop_turn_usec: distribution(turnLengths, turnUsMax),
      eventloop_lag_usec: distribution(lags, lagUsMax),
      background_budget_usec: Math.round(budgetUs),
    };
    for (const [name, figures] of jobs) fields[`background_${name}`] = jobText(figures);
    return fields;
  },
};

function distribution(lengths: Histogram, max: number): string {
  const of = (percent: number) => lengths.percentile(percent);
  return `count=${lengths.count},p50=${of(50)},p99=${of(99)},p99.9=${of(99.9)},max=${Math.ceil(max)}`;
}

function jobText({ slices, cut, totalUs, maxUs, lengths }: JobFigures): string {
  return `slices=${slices},cut=${cut},usec=${Math.round(totalUs)},p99=${lengths.percentile(99)},max=${Math.ceil(maxUs)}`;
}
