import { resolve } from "node:path";
import { accept, type Kind, type Outcome, oneWord, read, refuse, type Words } from "./kind.ts";
import { byteString, formatMemory, parseMemory, quoted, textOf } from "./text.ts";

// Kinds whose new value depends on the old one, or on the machine.

/** After that many seconds and changes a snapshot is due. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** Save points; a further line of a file adds to those before it, and an empty text takes them back. */
export const savePoints: Kind<readonly SavePoint[]> = {
  type: "pairs of seconds and changes",
  manyWords: true,
  parse(words, { previous, further }) {
    const points = readSavePoints(words);
    return points.ok && further && words[0] !== "" ? accept([...previous, ...points.value]) : points;
  },
  format: formatSavePoints,
  fileLines(value, fallback) {
    const needed = formatSavePoints(value) !== formatSavePoints(fallback);
    if (value.length === 0) return [{ words: '""', needed }];
    return value.map((point) => ({ words: formatSavePoints([point]), needed }));
  },
};

function readSavePoints(words: Words): Outcome<readonly SavePoint[]> {
  if (words.length === 0 || (words.length === 1 && words[0] === "")) return accept([]);
  const points: SavePoint[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const seconds = readCount(words[i]);
    const changes = readCount(words[i + 1] ?? "");
    if (seconds < 1 || changes < 0) return refuse("Invalid save parameters");
    points.push({ seconds, changes });
  }
  return accept(points);
}

function formatSavePoints(points: readonly SavePoint[]): string {
  return points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(" ");
}

/** A count as C's strtol reads it, up to 2^31 - 1; -1 when it is none. */
function readCount(word: string): number {
  const value = /^\+?\d{1,12}$/.test(word) ? Number(word) : -1;
  return value < 2 ** 31 ? value : -1;
}

/**
 * When a client that does not read is cut off: at once, or after it stayed above the soft limit so long. 0 is no limit.
 */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

const CLASSES = ["normal", "replica", "pubsub"] as const;
export type OutputLimits = Readonly<Record<(typeof CLASSES)[number], OutputLimit>>;

/** Limits of each class of clients; the classes that are not named keep theirs. */
export const outputLimits: Kind<OutputLimits> = {
  type: "class, hard limit, soft limit, soft seconds",
  manyWords: true,
  parse(words, { previous }) {
    const named = readOutputLimits(words);
    return named.ok ? accept({ ...previous, ...named.value }) : named;
  },
  // The class of replicas still has its old name in CONFIG GET.
  format: (value) =>
    CLASSES.map((name) => `${name === "replica" ? "slave" : name} ${limitWords(value[name], String)}`).join(" "),
  fileLines: (value, fallback) =>
    CLASSES.map((name) => {
      const words = limitWords(value[name], formatMemory);
      return { words: `${name} ${words}`, needed: words !== limitWords(fallback[name], formatMemory) };
    }),
};

function limitWords(limit: OutputLimit, size: (bytes: number) => string): string {
  return `${size(limit.hardBytes)} ${size(limit.softBytes)} ${limit.softSeconds}`;
}

function readOutputLimits(words: Words): Outcome<Partial<OutputLimits>> {
  if (words.length % 4 !== 0) return refuse("Wrong number of arguments in buffer limit configuration.");
  const limits: { -readonly [K in keyof OutputLimits]?: OutputLimit } = {};
  for (let i = 0; i < words.length; i += 4) {
    const given = words[i].toLowerCase();
    const name = CLASSES.find((one) => one === (given === "slave" ? "replica" : given));
    if (name === undefined) return refuse("Invalid client class specified in buffer limit configuration.");
    const [hardBytes, softBytes] = [readBytes(words[i + 1]), readBytes(words[i + 2])];
    const softSeconds = readCount(words[i + 3]);
    if (hardBytes < 0 || softBytes < 0 || softSeconds < 0) {
      return refuse("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    limits[name] = { hardBytes, softBytes, softSeconds };
  }
  return accept(limits);
}

function readBytes(word: string): number {
  const bytes = parseMemory(word) ?? -1;
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : -1;
}

/** A folder that exists, as an absolute path; a relative one starts at the folder before it. */
export const directory: Kind<string> = {
  type: "path",
  manyWords: false,
  parse(words, { previous, host }) {
    const given = read(oneWord, words);
    if (!given.ok) return given;
    if (given.value === "") return refuse("No such file or directory");
    const path = resolve(previous, textOf(given.value));
    const problem = host.directoryProblem(path);
    return problem === undefined ? accept(path) : refuse(problem);
  },
  format: byteString,
  // Always: a server that is started elsewhere with this file must find the same data.
  fileLines: (value) => [{ words: quoted(byteString(value)), needed: true }],
};
