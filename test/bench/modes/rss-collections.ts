/** Resident bytes per element of collections: of many small ones, and of a single large one. */
import { ask } from "../ask.ts";
import { type Bench, orNote, progress, ratio, withEach } from "../bench.ts";
import { COLLECTION_KINDS, type CollectionKind } from "../collections.ts";
import { type Argument, every } from "../encode.ts";
import { settle } from "../now.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";

/** Elements of small collections. */
const SMALL = [10, 100];
/** Elements of all the small collections of a row. */
const ELEMENTS = 2_000_000;
const ELEMENTS_QUICK = 100_000;
const ELEMENTS_LARGE = 1_000_000;
const ELEMENTS_LARGE_QUICK = 50_000;
const WARM_UP_ELEMENTS = 100_000;
/** Until code that is run often has been compiled for good. */
const WARM_UP_ROUNDS = 30;

interface Shape {
  readonly name: string;
  readonly key: Argument;
  readonly elements: number;
}

interface Figures {
  readonly emptyBytes: number;
  readonly fullBytes: number;
}

export async function rssCollections(bench: Bench): Promise<Section[]> {
  const rows: string[][] = [];
  const data: unknown[] = [];
  for (const kind of COLLECTION_KINDS) {
    for (const shape of shapesOf(kind, bench.options.quick)) {
      if (!bench.options.workload.test(shape.name)) continue;
      progress(`rss ${shape.name}`);
      const figures = await orNote(bench, shape.name, [], () => measure(bench, kind, shape));
      if (figures.length === 0) continue;
      rows.push(cells(shape, figures));
      data.push({ shape: shape.name, elements: shape.elements, figures });
    }
  }
  const names = bench.options.contenders.map((one) => one.name);
  const head = [
    "Collections",
    ...names.map((n) => `bytes per element ${n}`),
    "ratio",
    ...names.map((n) => `RSS in all ${n}`),
  ];
  const notes = [
    "Elements of 14 bytes (hashes: fields, with values of 8 bytes), added one by one, AOF off, a fresh server for each row. Bytes per " +
      `element: growth of the resident memory by all of them, divided by their number, after ${count(WARM_UP_ELEMENTS)} others were added ` +
      "and deleted; in all: the whole process afterwards. Both after 11 s of rest.",
  ];
  return [{ title: "Memory per element", head, rows, notes, data }];
}

function shapesOf({ name }: CollectionKind, quick: boolean): Shape[] {
  const elements = quick ? ELEMENTS_QUICK : ELEMENTS;
  const large = quick ? ELEMENTS_LARGE_QUICK : ELEMENTS_LARGE;
  return [
    ...SMALL.map((each) => ({
      name: `${count(elements / each)} times a ${name} of ${each}`,
      key: every(each, `${name}:`),
      elements,
    })),
    { name: `a ${name} of ${count(large)}`, key: name, elements: large },
  ];
}

function measure(bench: Bench, kind: CollectionKind, { key, elements }: Shape): Promise<Figures[]> {
  return withEach(bench, "off", async (server) => {
    // What the first load of its kind takes once (compiled code, buffers) is not the elements'.
    for (let i = 0; i < (bench.options.quick ? 1 : WARM_UP_ROUNDS); i++) {
      await bench.generator.fill(server, kind.add(key), WARM_UP_ELEMENTS);
      await ask(server.port, "FLUSHALL");
    }
    await settle(bench.options.quick);
    const emptyBytes = server.rssBytes();
    await bench.generator.fill(server, kind.add(key), elements);
    await settle(bench.options.quick);
    return { emptyBytes, fullBytes: server.rssBytes() };
  });
}

function cells({ name, elements }: Shape, figures: readonly Figures[]): string[] {
  const perElement = figures.map((one) => (one.fullBytes - one.emptyBytes) / elements);
  return [
    name,
    ...perElement.map((bytes) => fixed(bytes, 1)),
    fixed(ratio(perElement), 2),
    ...figures.map((one) => megabytes(one.fullBytes)),
  ];
}
