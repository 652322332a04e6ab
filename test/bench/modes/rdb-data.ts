/** What the snapshots are of that are loaded and saved: each kind of value by itself, small, of some hundred elements, and one large one. */
import { type Argument, every, filler, random, randomNumber, sequence } from "../encode.ts";

const STRINGS = 5_000_000;
/** Of small collections of all types, and of each by itself. */
const MIXED = 625_000;
const SMALL = 500_000;
const QUICK_SHARE = 100;
/** Elements that one command adds. */
const BATCH = 10;
const LARGE_ELEMENTS = 1_000_000;
const MIDDLE_ELEMENTS = 500;
const MIDDLE_KEYS = 10_000;

export interface RdbData {
  readonly title: string;
  readonly keys: number;
  /** Commands, and how often each is sent. */
  readonly fills: readonly (readonly [args: readonly Argument[], count: number])[];
}

interface Kind {
  readonly name: string;
  readonly elements: number;
  /** How many of its elements a command adds. */
  readonly batch: number;
  add(key: Argument, isLarge: boolean): readonly Argument[];
}

/** Texts of which `isLarge` ones are all different. */
function words(isLarge: boolean): Argument[] {
  return Array.from({ length: BATCH }, (_, i) => (isLarge ? sequence(`w${i}-`) : word(i)));
}

/** A short text that is no number. */
function word(i: number): Argument {
  return random(`word${i}-`, 1_000_000);
}

function integer(scale: number): Argument {
  return randomNumber(100_000 * scale, 900_000 * scale);
}

function texts(isLarge: boolean): Argument[] {
  return words(isLarge).map((text, i) => (i % 3 === 0 && !isLarge ? randomNumber(10_000 + i, 80_000) : text));
}

const FIELDS: readonly Argument[] = [
  "name",
  word(0),
  "age",
  randomNumber(10, 90),
  "city",
  word(1),
  "id",
  randomNumber(100_000, 800_000),
];

const KINDS: readonly Kind[] = [
  {
    name: "sets of integers",
    elements: BATCH,
    batch: BATCH,
    add: (key, isLarge) => ["SADD", key, ...Array.from({ length: BATCH }, () => integer(isLarge ? 10_000 : 1))],
  },
  { name: "sets", elements: BATCH, batch: BATCH, add: (key, isLarge) => ["SADD", key, ...texts(isLarge)] },
  {
    name: "hashes",
    elements: FIELDS.length / 2,
    batch: BATCH,
    add: (key, isLarge) => ["HSET", key, ...(isLarge ? pairs(words(true), (i) => word(i)) : FIELDS)],
  },
  {
    name: "sorted sets",
    elements: BATCH,
    batch: BATCH,
    add: (key, isLarge) => ["ZADD", key, ...pairs(scores(), (i) => texts(isLarge)[i]!)],
  },
  { name: "lists", elements: BATCH, batch: BATCH, add: (key, isLarge) => ["RPUSH", key, ...texts(isLarge)] },
  { name: "streams", elements: BATCH, batch: 1, add: (key) => ["XADD", key, "*", "name", word(0), "value", filler(8)] },
];

function scores(): Argument[] {
  return Array.from({ length: BATCH }, (_, i) => randomNumber(1000 * (i + 1), 1000));
}

function pairs(first: readonly Argument[], second: (i: number) => Argument): Argument[] {
  return first.flatMap((one, i) => [one, second(i)]);
}

export function rdbData(quick: boolean): RdbData[] {
  const share = quick ? QUICK_SHARE : 1;
  const strings = STRINGS / share;
  return [
    { title: "strings", keys: strings, fills: [[["SET", sequence("key:"), filler(16)], strings]] },
    mixed(MIXED / share),
    ...KINDS.map((kind) => small(kind, SMALL / share)),
    ...KINDS.map((kind) => manyElements(kind, MIDDLE_ELEMENTS, MIDDLE_KEYS / share)),
    ...KINDS.map((kind) => manyElements(kind, LARGE_ELEMENTS / share, 1)),
  ];
}

/** Small collections of all types but streams, as many of each. */
function mixed(keys: number): RdbData {
  const kinds = KINDS.filter(({ batch }) => batch === BATCH);
  const count = Math.floor(keys / kinds.length);
  return {
    title: "small collections",
    keys: count * kinds.length,
    fills: kinds.map((kind) => [kind.add(sequence(`${kind.name}:`), false), count]),
  };
}

function small({ name, elements, batch, add }: Kind, keys: number): RdbData {
  const commands = Math.max(1, elements / batch) * keys;
  const key = every(commands / keys, "key:");
  return { title: `${name} of ${elements}`, keys, fills: [[add(key, false), commands]] };
}

function manyElements({ name, batch, add }: Kind, elements: number, keys: number): RdbData {
  const commands = (elements / batch) * keys;
  const key = every(commands / keys, "key:");
  return { title: `${name} of ${elements.toLocaleString("en-US")}`, keys, fills: [[add(key, true), commands]] };
}
