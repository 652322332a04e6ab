import type { Delay, Delays } from "../observe/latency.ts";

const COLUMNS_MAX = 80;
const ROWS = 4;
/** What stands in a row for a value that ends in its lower, middle and upper third. */
const THIRDS = "_o#";
const STEPS = ROWS * THIRDS.length;

/** Delays as a chart of columns, each with its age below it; laid out as Redis's. */
export function latencyGraph(event: string, { samples, maxMs }: Delays, nowSeconds: number): string {
  const all = samples.map(({ ms }) => ms);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const title = `${event} - high ${high} ms, low ${low} ms (all time high ${maxMs} ms)\n${"-".repeat(COLUMNS_MAX)}\n`;
  const panels: string[] = [];
  for (let i = 0; i < samples.length; i += COLUMNS_MAX) {
    panels.push(panel(samples.slice(i, i + COLUMNS_MAX), low, high, nowSeconds));
  }
  return title + panels.join("\n");
}

function panel(samples: readonly Delay[], low: number, high: number, nowSeconds: number): string {
  const steps = samples.map(({ ms }) =>
    Math.min(STEPS - 1, Math.floor(((ms - low) * STEPS) / Math.max(1, high - low))),
  );
  const lines: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) lines.push(steps.map((step) => mark(step, row)).join(""));
  lines.push(" ".repeat(samples.length));
  const ages = samples.map(({ unixSeconds }) => age(nowSeconds - unixSeconds));
  const longest = Math.max(...ages.map(({ length }) => length));
  for (let i = 0; i < longest; i++) lines.push(ages.map((text) => text[i] ?? " ").join(""));
  return `${lines.join("\n")}\n`;
}

function mark(step: number, row: number): string {
  const above = step - row * THIRDS.length;
  if (above < 0) return " ";
  return THIRDS[above] ?? "|";
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
