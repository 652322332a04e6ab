/** Resident bytes per key with many small keys, the figure that decides how much fits on a machine. */
import { type Bench, progress, ratio, withEach } from "../bench.ts";
import { type Argument, filler, randomNumber, sequence } from "../encode.ts";
import { settle } from "../now.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";

const KEYS = 5_000_000;
const KEYS_QUICK = 100_000;

interface Figures {
  readonly emptyBytes: number;
  readonly fullBytes: number;
}

export async function rss(bench: Bench): Promise<Section[]> {
  const keys = bench.options.quick ? KEYS_QUICK : KEYS;
  const set: Argument[] = ["SET", sequence("key:"), filler(16)];
  // All the deadlines are more than a day away: nothing expires while it is measured.
  const cases: [string, Argument[]][] = [
    ["without TTL", set],
    ["with TTL", [...set, "EX", randomNumber(100_000, 100_000)]],
  ];
  const rows: string[][] = [];
  const data: unknown[] = [];
  for (const [name, args] of cases) {
    progress(`rss ${name}`);
    const figures = await measure(bench, args, keys);
    rows.push(cells(name, figures, keys));
    data.push({ case: name, keys, figures });
  }
  const names = bench.options.contenders.map((one) => one.name);
  const head = ["Keys", ...names.map((n) => `bytes per key ${n}`), "ratio", ...names.map((n) => `RSS in all ${n}`)];
  const notes = [
    `${count(keys)} keys of 16 bytes with values of 16 bytes, AOF off. Bytes per key: growth of the resident memory by the ` +
      "keys, divided by their number; in all: the whole process afterwards. Both after 11 s of rest.",
  ];
  return [{ title: "Memory per key", head, rows, notes, data }];
}

function measure(bench: Bench, args: readonly Argument[], keys: number): Promise<Figures[]> {
  return withEach(bench, "off", async (server) => {
    await settle(bench.options.quick);
    const emptyBytes = server.rssBytes();
    await bench.generator.fill(server, args, keys);
    await settle(bench.options.quick);
    return { emptyBytes, fullBytes: server.rssBytes() };
  });
}

function cells(name: string, figures: readonly Figures[], keys: number): string[] {
  const perKey = figures.map((one) => (one.fullBytes - one.emptyBytes) / keys);
  const inAll = figures.map((one) => `${megabytes(one.fullBytes)} (${fixed(one.fullBytes / keys, 1)} per key)`);
  return [name, ...perKey.map((bytes) => fixed(bytes, 1)), fixed(ratio(perKey), 2), ...inAll];
}
