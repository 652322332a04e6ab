/** Resident memory after most keys of a large dataset are gone, and other sizes have been written for a while. */
import { askInfo } from "../ask.ts";
import { type Bench, progress, withEach } from "../bench.ts";
import { type Argument, filler, random, sequence } from "../encode.ts";
import { pause } from "../now.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";
import type { Server } from "../servers.ts";

const KEYS = 5_000_000;
const KEYS_QUICK = 100_000;
const VALUE_BYTES = 16;
/** Of these sizes values are written afterwards, each over the one before. */
const OTHER_BYTES = [33, 90, 400, 60];
const OTHER_COMMANDS = 300_000;
const OTHER_KEYS = 50_000;
const SETTLE_MS = 2000;
const SETTLE_MS_MAX = 30_000;
/** What the process may have beyond its data: so much, and this part more. */
const FREE_BYTES = 60e6;
const FREE_PART = 1.3;

interface Figures {
  readonly fullBytes: number;
  readonly deletedBytes: number;
  readonly afterBytes: number;
  readonly usedBytes: number;
  readonly seconds: number;
}

export async function rssAfter(bench: Bench): Promise<Section[]> {
  const keys = bench.options.quick ? KEYS_QUICK : KEYS;
  progress("rss-after");
  const figures = await withEach(bench, "off", (server) => measure(bench, server, keys));
  const names = bench.options.contenders.map(({ name }) => name);
  const head = ["Server", "RSS full", "after the deletion", "after other sizes", "used_memory", "bound", "settled in"];
  const rows = figures.map((one, i) => [
    names[i],
    megabytes(one.fullBytes),
    megabytes(one.deletedBytes),
    megabytes(one.afterBytes),
    megabytes(one.usedBytes),
    megabytes(boundFor(one.usedBytes)),
    `${fixed(one.seconds, 0)} s`,
  ]);
  const notes = [
    `${count(keys)} keys of 16 bytes with values of ${VALUE_BYTES}; nine of ten are deleted; then ${count(OTHER_COMMANDS)} values each of ` +
      `${OTHER_BYTES.join(", ")} bytes are written to ${count(OTHER_KEYS)} other keys. Bound: ${FREE_PART} times used_memory and ` +
      `${megabytes(FREE_BYTES)}. Settled in: seconds after the last write until the resident memory was within the bound, or no less for a while.`,
  ];
  return [{ title: "Memory after a deletion", head, rows, notes, data: figures }];
}

function boundFor(usedBytes: number): number {
  return usedBytes * FREE_PART + FREE_BYTES;
}

async function measure(bench: Bench, server: Server, keys: number): Promise<Figures> {
  const { generator } = bench;
  await generator.fill(server, ["SET", sequence("key:"), filler(VALUE_BYTES)], keys);
  const fullBytes = server.rssBytes();
  for (let digit = 1; digit < 10; digit++) {
    await generator.fill(server, ["DEL", { ...sequence("key:"), base: digit, step: 10 }], keys / 10);
  }
  await pause(SETTLE_MS);
  const deletedBytes = server.rssBytes();
  for (const bytes of OTHER_BYTES) {
    const set: Argument[] = ["SET", random("other:", OTHER_KEYS), filler(bytes)];
    await generator.fill(server, set, bench.options.quick ? OTHER_KEYS : OTHER_COMMANDS);
  }
  return { fullBytes, deletedBytes, ...(await settle(server)) };
}

async function settle(server: Server): Promise<Pick<Figures, "afterBytes" | "usedBytes" | "seconds">> {
  for (let ms = 0; ; ms += SETTLE_MS) {
    const usedBytes = Number((await askInfo(server.port, /^used_memory$/))[0]?.[1]);
    const afterBytes = server.rssBytes();
    if (afterBytes <= boundFor(usedBytes) || ms >= SETTLE_MS_MAX) return { afterBytes, usedBytes, seconds: ms / 1000 };
    await pause(SETTLE_MS);
  }
}
