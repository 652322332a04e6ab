import * as z from "zod/mini";
import { containerMemoryBytes } from "./container-memory.ts";
import type { Host } from "./host.ts";
import {
  ARITY,
  accept,
  type Kind,
  kindOf,
  manyWords,
  type Outcome,
  oneWord,
  read,
  refuse,
  step,
  type Words,
} from "./kind.ts";
import { LONG_MAX, memorySchema, notOneOf } from "./kinds.ts";
import { type ByteString, formatMemory, parseMemory, quotedIfNeeded } from "./text.ts";

/** An absolute number of bytes, or a share of the memory limit. */
export interface MemoryShare {
  readonly unit: "bytes" | "percent";
  readonly amount: number;
}

export const memoryShare: Kind<MemoryShare> = kindOf(() => z.pipe(oneWord, step(readMemoryShare)), {
  type: "memory size or percent",
  format: ({ unit, amount }) => (unit === "percent" && amount > 0 ? `${amount}%` : String(amount)),
});

function readMemoryShare(word: ByteString): Outcome<MemoryShare> {
  const percent = /^(0|[1-9]\d*)%$/.exec(word);
  if (percent !== null) {
    if (Number(percent[1]) > 100) return refuse("percentage argument must be less or equal to 100");
    return accept({ unit: "percent", amount: Number(percent[1]) });
  }
  const bytes = parseMemory(word);
  if (bytes === undefined || bytes > Number.MAX_SAFE_INTEGER) {
    return refuse("argument must be a memory or percent value");
  }
  return accept({ unit: "bytes", amount: bytes });
}

/** A bound on memory: bytes, and the percentage that they come from, if one was given. */
export interface MemoryBound {
  readonly bytes: number;
  readonly percent: number | undefined;
}

/** Bytes, or a percentage of the memory that there is; shown in bytes, and kept in files as it was given. */
export const memoryLimit: Kind<MemoryBound> = {
  type: "memory size or percent",
  manyWords: false,
  parse: (words, { host }) => readMemoryLimit(words, host),
  format: ({ bytes }) => String(bytes),
  fileLines: ({ bytes, percent }, fallback) => [
    { words: percent === undefined ? formatMemory(bytes) : `${percent}%`, needed: bytes !== fallback.bytes },
  ],
};

const memorySize = memorySchema(0, LONG_MAX);

function readMemoryLimit(words: Words, host: Host): Outcome<MemoryBound> {
  if (words.length !== 1 || !words[0].endsWith("%")) {
    const size = read(memorySize, words);
    return size.ok ? accept({ bytes: size.value, percent: undefined }) : size;
  }
  const share = readMemoryShare(words[0]);
  if (!share.ok) return share;
  const percent = share.value.amount;
  const available = containerMemoryBytes(host) ?? host.memoryBytes;
  return accept({ bytes: Math.floor((available * percent) / 100), percent });
}

/** Permission bits, written in octal. */
export const octal: Kind<number> = kindOf(() => z.pipe(oneWord, step(readOctal)), {
  type: "octal number up to 777",
  format: (value) => value.toString(8),
});

function readOctal(word: ByteString): Outcome<number> {
  if (!/^-?[0-7]*$/.test(word) || word.length > 12) return refuse("argument couldn't be parsed as an octal number");
  const value = word === "" ? 0 : Number.parseInt(word, 8);
  return value >= 0 && value <= 0o777 ? accept(value) : refuse("argument must be between 0 and 777 inclusive");
}

const ADDRESSES_MAX = 16;

/** Addresses to listen on; a leading `-` allows one to be missing on this machine. No address: no TCP. */
export const addresses: Kind<readonly string[]> = kindOf(() => z.pipe(manyWords, step(readAddresses)), {
  type: "addresses",
  manyWords: true,
  format: (value) => value.join(" "),
  fileForm: (value) => value.map(quotedIfNeeded).join(" ") || '""',
});

function readAddresses(words: Words): Outcome<readonly string[]> {
  if (words.length > ADDRESSES_MAX) return refuse("Too many bind addresses specified.");
  return accept(words.length === 1 && words[0] === "" ? [] : [...words]);
}

const CLASSES_OF_A = "g$lshzxetd";

/**
 * Classes of key events by their letters, in the one form that CONFIG GET shows; `A` stands for the classes it names.
 */
export const eventClasses: Kind<string> = kindOf(() => z.pipe(oneWord, step(readEventClasses)), {
  type: "event classes out of `Ag$lshzxeKEtmdn`",
  format: (value) => value,
  fileForm: (value) => `"${value}"`,
});

function readEventClasses(word: ByteString): Outcome<string> {
  const letters = new Set(word.replaceAll("A", CLASSES_OF_A));
  for (const letter of letters) {
    if (!`${CLASSES_OF_A}nKEm`.includes(letter)) return refuse("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  }
  const pick = (from: string) => [...from].filter((letter) => letters.has(letter)).join("");
  const kinds = pick(CLASSES_OF_A);
  return accept((kinds === CLASSES_OF_A ? "A" : kinds) + pick("nKEm"));
}

const SHUTDOWN_FLAGS = ["save", "nosave", "now", "force"] as const;

/** Options of the shutdown that a signal asks for. `default` is no option. */
export const shutdownFlags: Kind<readonly string[]> = kindOf(() => z.pipe(manyWords, step(readShutdownFlags)), {
  type: `\`default\` or some of ${SHUTDOWN_FLAGS.map((flag) => `\`${flag}\``).join(", ")}`,
  manyWords: true,
  format: (value) => value.join(" ") || "default",
  fileForm: (value) => value.join(" ") || "default",
});

function readShutdownFlags(words: Words): Outcome<readonly string[]> {
  const all = ["default", ...SHUTDOWN_FLAGS];
  const given = words.map((word) => word.toLowerCase());
  if (given.length === 0 || given.some((word) => !all.includes(word))) return refuse(notOneOf(all));
  if (given.includes("save") && given.includes("nosave")) {
    return refuse("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  return accept(SHUTDOWN_FLAGS.filter((flag) => given.includes(flag)));
}

const OOM_SCORE_MAX = 2000;

/** Three adjustments: of a master, a replica and a child. */
export const oomScores: Kind<readonly number[]> = kindOf(() => z.pipe(manyWords, step(readOomScores)), {
  type: "three numbers from -2000 to 2000",
  manyWords: true,
  format: (value) => value.join(" "),
  fileForm: (value) => value.join(" "),
});

function readOomScores(words: Words): Outcome<readonly number[]> {
  if (words.length !== 3) return refuse(ARITY);
  const ok = words.every((word) => /^[+-]?\d+$/.test(word) && Math.abs(Number(word)) <= OOM_SCORE_MAX);
  return ok
    ? accept(words.map(Number))
    : refuse(`Invalid oom-score-adj-values, elements must be between -${OOM_SCORE_MAX} and ${OOM_SCORE_MAX}.`);
}

export const percentiles: Kind<readonly number[]> = kindOf(() => z.pipe(manyWords, step(readPercentiles)), {
  type: "percentiles",
  manyWords: true,
  format: (value) => value.map(formatPercentile).join(" "),
  fileForm: (value) => value.map(formatPercentile).join(" ") || '""',
});

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$|^0x[0-9a-f]+$/i;

function readPercentiles(words: Words): Outcome<readonly number[]> {
  if (words.length === 1 && words[0] === "") return accept([]);
  if (!words.every((word) => NUMERAL.test(word))) {
    return refuse("Invalid latency-tracking-info-percentiles parameters");
  }
  const values = words.map((word) => (/inf/i.test(word) ? Number.POSITIVE_INFINITY : Number(word)));
  return values.every((value) => value >= 0 && value <= 100)
    ? accept(values)
    : refuse("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
}

function formatPercentile(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** What a template's variables stand for while it is checked: these two may be empty, so they alone are no title. */
const TITLE_VARIABLES: Readonly<Record<string, string | undefined>> = {
  title: "",
  "server-mode": "",
  "listen-addr": "x",
  port: "x",
  "tls-port": "x",
  "config-file": "x",
  unixsocket: "x",
};

/** A template of the process title; `{{` is a brace. It may not come out empty. */
export const titleTemplate: Kind<ByteString> = kindOf(() => z.pipe(oneWord, step(readTitleTemplate)), {
  type: "template",
  format: (value) => value,
});

function readTitleTemplate(word: ByteString): Outcome<ByteString> {
  const parts = [...word.matchAll(/\{\{|\{([^}]*)\}|\{|[^{]+/g)];
  const expanded = parts.map(([part, name]) => (part.startsWith("{") && part !== "{{" ? TITLE_VARIABLES[name] : part));
  return expanded.includes(undefined) || expanded.join("").trim() === ""
    ? refuse("template format is invalid or contains unknown variables")
    : accept(word);
}

const HOST_NAME_BYTES_MAX = 255;

export const hostName: Kind<ByteString> = kindOf(() => z.pipe(oneWord, step(readHostName)), {
  type: "host name",
  format: (value) => value,
});

function readHostName(word: ByteString): Outcome<ByteString> {
  if (word.length > HOST_NAME_BYTES_MAX) return refuse("Hostnames must be less than 256 characters");
  if (!/^[a-z0-9.-]*$/i.test(word))
    return refuse("Hostnames may only contain alphanumeric characters, hyphens or dots");
  return accept(word);
}

/** A server to replicate, as `host port`; empty when there is none. */
export const masterAddress: Kind<string> = kindOf(() => z.pipe(manyWords, step(readMasterAddress)), {
  type: "`no one`",
  format: (value) => value,
  fileForm: (value) => value || "no one",
});

function readMasterAddress(words: Words): Outcome<string> {
  if (words.length !== 2) return refuse(ARITY);
  const [host, port] = words;
  if (host.toLowerCase() === "no" && port.toLowerCase() === "one") return accept("");
  const valid = /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) <= 65535;
  return valid ? accept(`${host} ${port}`) : refuse("Invalid master port");
}
